//! `AWS::Lambda::Function`, and what SAM's functions have in common with it.

use crate::model::{Architecture, Function, Runtime};

use super::super::code::{self, Code};
use super::super::loader::Loader;
use super::super::names;
use super::super::node::{Kind, Node};
use super::super::properties::Properties;
use super::super::sections::Resource;

/// Loads a function.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["Role", "Tags"]);
    properties.require("Code");
    let Some(code) = properties.take("Code") else {
        shared(loader, resource, &properties, None);
        return;
    };
    // A path stands here before `aws cloudformation package` uploads what it names.
    let found = match &code.kind {
        Kind::Text(path) => locate(loader, resource, &properties, "Code", path),
        _ => match code.get("ZipFile").and_then(Node::scalar) {
            Some(source) => Some(code::inline(source, &runtime(&properties))),
            None => Some(Code::Elsewhere(remote_code(code))),
        },
    };
    shared(loader, resource, &properties, found);
}

/// Why code that is no local path cannot be run.
pub(in super::super) fn remote_code(code: &Node) -> String {
    let text = |key: &str| code.get(key).and_then(Node::scalar);
    let bucket = text("S3Bucket").or_else(|| text("Bucket"));
    if let Some(image) = text("ImageUri") {
        format!("it is the container image {image}, and no containers are run; name a local folder")
    } else if let Some(bucket) = bucket {
        let key = text("S3Key").or_else(|| text("Key")).unwrap_or_default();
        format!("its code is s3://{bucket}/{key}, not on this machine; name a local folder")
    } else {
        "its code is not a local folder".to_owned()
    }
}

/// Finds the code that a path names, by the rules of the runtime.
pub(in super::super) fn locate(
    loader: &Loader<'_>,
    resource: &Resource,
    properties: &Properties<'_>,
    property: &str,
    path: &str,
) -> Option<Code> {
    let at = properties.place(property);
    let runtime = runtime(properties);
    code::find(loader.resolver, resource.owner(), property, path, at, resource.metadata.as_ref(), &runtime)
}

/// The runtime's name, before the property is taken.
pub(in super::super) fn runtime(properties: &Properties<'_>) -> String {
    properties.node().get("Runtime").and_then(Node::scalar).unwrap_or_default()
}

/// Reads what both types have, and adds the function if its code is here. `None` for the code is an error that has
/// been reported. Gives the name of a function that is added.
pub(in super::super) fn shared<'t>(
    loader: &mut Loader<'t>,
    resource: &'t Resource,
    properties: &Properties<'t>,
    code: Option<Code>,
) -> Option<String> {
    // Permissions, network, logs, tracing, storage: the process runs as this machine's user with this machine's disk.
    properties.harmless(&["Description", "EphemeralStorage", "KmsKeyArn", "LoggingConfig", "RuntimeManagementConfig"]);
    properties.harmless(&[
        "RecursiveLoop",
        "Tracing",
        "TracingConfig",
        "VpcConfig",
        "SnapStart",
        "CodeSigningConfigArn",
    ]);
    properties.unsupported("Layers", "layers are not mounted");
    properties.unsupported("FileSystemConfigs", "no file system is mounted");
    properties.unsupported("DeadLetterConfig", "there is no dead letter queue locally");
    properties.unsupported("ImageConfig", "no containers are run");
    properties.unsupported("CapacityProviderConfig", "there are no managed instances locally");
    let is_image = properties.string("PackageType").as_deref() == Some("Image");
    let runtime = properties.string("Runtime").unwrap_or_default();
    if runtime.is_empty() && !is_image {
        properties.require("Runtime");
    }
    if Runtime::parse(&runtime).is_none() && !runtime.is_empty() {
        let reason = format!(
            "the runtime {runtime} is not run here (provided.*, python3.* and nodejs*.x are): invoking the function is refused"
        );
        let at = properties.place("Runtime");
        properties.report().unsupported(resource.owner(), Some("Runtime"), at, reason);
    }
    let handler = properties.string("Handler").unwrap_or_else(|| "bootstrap".to_owned());
    let environment = properties.object("Environment").map(|node| node.string_map("Variables")).unwrap_or_default();
    let architecture = architecture(properties);
    let memory_size = properties.integer("MemorySize", 128..=10_240).unwrap_or(128);
    let timeout = properties.integer("Timeout", 1..=900).unwrap_or(3);
    let reserved_concurrent_executions = properties.integer("ReservedConcurrentExecutions", 0..=1_000_000);
    let function_name = properties.string("FunctionName").unwrap_or_else(|| resource.logical_id.clone());
    let code = match code {
        None => return None,
        Some(Code::Elsewhere(reason)) => {
            properties.report().unsupported(resource.owner(), None, resource.at, reason);
            return None;
        }
        Some(Code::Here(code)) => code,
    };
    if is_image {
        let reason = "it is a container image, and no containers are run";
        properties.report().unsupported(resource.owner(), None, resource.at, reason);
        return None;
    }
    if !loader.claim("function", &function_name, resource.at) {
        return None;
    }
    let function = Function {
        function_arn: names::function_arn(loader.resolver.options, &function_name),
        function_name: function_name.clone(),
        logical_id: Some(resource.logical_id.clone()),
        runtime,
        handler,
        code,
        memory_size,
        timeout,
        environment,
        architecture,
        reserved_concurrent_executions,
        log_group: None,
    };
    loader.model.functions.insert(function_name.clone(), function);
    Some(function_name)
}

fn architecture(properties: &Properties<'_>) -> Architecture {
    let names = properties.strings("Architectures");
    match names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | ["x86_64"] => Architecture::X86_64,
        ["arm64"] => Architecture::Arm64,
        _ => {
            properties.error("Architectures", "must be [x86_64] or [arm64]");
            Architecture::X86_64
        }
    }
}
