//! SDK types, which are data, and SDKs, which are not generated.

use serde_json::{Value, json};

use super::super::call::{Call, Entry, Outcome, Output, op};
use super::errors::{bad_request, not_found};
use super::page::page;

pub(super) const OPERATIONS: &[Entry] = &[
    op("GetSdk", get_sdk).partly("SDKs are not generated: the call is refused"),
    op("GetSdkType", get_type),
    op("GetSdkTypes", list),
];

/// A property of an SDK's configuration: name, what it is, whether it is required.
type Property = (&'static str, &'static str, bool);

const JAVA: &[Property] = &[
    ("serviceName", "Name of the service the SDK represents", true),
    ("javaPackageName", "Name of the package the SDK's classes belong to", true),
    ("javaBuildSystem", "Build system to use to package the SDK", false),
    ("javaGroupId", "Group id of the Maven project", false),
    ("javaArtifactId", "Artifact id of the Maven project", false),
    ("javaArtifactVersion", "Version of the Maven project", false),
];
const ANDROID: &[Property] = &[
    ("groupId", "Group id of the Maven project", true),
    ("invokerPackage", "Name of the package the SDK's classes belong to", true),
    ("artifactId", "Artifact id of the Maven project", true),
    ("artifactVersion", "Version of the Maven project", true),
];
const IOS: &[Property] = &[("classPrefix", "Prefix of the SDK's classes", true)];
const RUBY: &[Property] = &[("service.name", "Name of the service the SDK represents", false)];

const TYPES: &[(&str, &str, &[Property])] = &[
    ("java", "Java", JAVA),
    ("javascript", "JavaScript", &[]),
    ("android", "Android", ANDROID),
    ("objectivec", "iOS (Objective-C)", IOS),
    ("swift", "iOS (Swift)", IOS),
    ("ruby", "Ruby", RUBY),
];

fn described(&(id, name, properties): &(&str, &str, &[Property])) -> Value {
    let properties: Vec<Value> = properties
        .iter()
        .map(|(name, description, required)| json!({"name": name, "description": description, "required": required}))
        .collect();
    json!({"id": id, "friendlyName": name, "configurationProperties": properties})
}

fn list(call: &Call<'_>) -> Outcome {
    page(call, TYPES.iter().map(|of| (of.0, of)), |of| Ok(described(of)))
}

fn get_type(call: &Call<'_>) -> Outcome {
    let found = TYPES.iter().find(|(id, ..)| *id == call.text("id"));
    Output::of(described(found.ok_or_else(|| not_found("Invalid SDK type identifier specified"))?))
}

fn get_sdk(call: &Call<'_>) -> Outcome {
    let kind = call.text("sdkType");
    if !TYPES.iter().any(|(id, ..)| *id == kind) {
        return Err(bad_request(format!("Invalid SDK type specified: {kind}")));
    }
    Err(bad_request("Ferrogate generates no SDKs; export the API (get-export) and give it to an OpenAPI generator"))
}
