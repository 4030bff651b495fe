//! `GetExport`: a stage's deployment as an OpenAPI 3.0 or Swagger 2.0 document.

mod document;
mod methods;
mod security;

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::super::yaml;
use super::errors::{bad_request, no_such};
use crate::clock::{EpochMillis, iso8601};
use crate::model::{DocumentationVersion, RestApi};

pub(super) const OPERATIONS: &[Entry] = &[op("GetExport", get_export).partly("the Postman extension is not written")];

/// `exportType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Swagger,
    Oas30,
}

/// What of API Gateway's own is written beside the standard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Extensions {
    integrations: bool,
    authorizers: bool,
    documentation: bool,
    /// Validators, gateway responses, binary media types, policy and the rest.
    gateway: bool,
}

/// What is exported.
struct Exported<'a> {
    form: Form,
    extensions: Extensions,
    api: &'a RestApi,
    stage: &'a str,
    region: &'a str,
    /// When it was deployed.
    at: EpochMillis,
    documentation: Option<&'a DocumentationVersion>,
}

fn get_export(call: &Call<'_>) -> Outcome {
    let kind = call.text("exportType");
    let form = match kind {
        "swagger" => Form::Swagger,
        "oas30" => Form::Oas30,
        _ => return Err(bad_request(format!("No API exporter for type '{kind}'"))),
    };
    let as_yaml = match call.optional_text("accepts").unwrap_or("application/json") {
        "application/yaml" => true,
        "application/json" | "*/*" => false,
        other => {
            let message =
                format!("Invalid Accept '{other}' specified. Must be one of: [application/json, application/yaml]");
            return Err(bad_request(message));
        }
    };
    let extensions = extensions(call)?;
    let (snapshot, current, stage, at) = {
        let state = lock(&call.world.apigateway);
        let api = state.api(call)?;
        let stage = api.stages.get(call.text("stageName")).ok_or_else(|| no_such("Stage"))?;
        let deployment = state.deployment(&api.id, &stage.deployment_id);
        // What a template declares has one deployment, which is the API itself.
        let snapshot = deployment.map_or_else(|| std::sync::Arc::new(api.clone()), |made| made.snapshot.clone());
        let at = deployment.map_or(api.created_date, |made| made.created_date);
        let version = stage.documentation_version.as_ref().and_then(|version| api.documentation_versions.get(version));
        (snapshot, version.cloned(), stage.stage_name.clone(), at)
    };
    let exported = Exported {
        form,
        extensions,
        api: &snapshot,
        stage: &stage,
        region: &call.world.id.region,
        at,
        documentation: current.as_ref(),
    };
    let document = document::write(&exported);
    let payload = if as_yaml {
        yaml::write(&document)
    } else {
        serde_json::to_string_pretty(&document).map_err(ApiError::internal)?
    };
    let (date, ending) = (timestamp(at), if as_yaml { "yaml" } else { "json" });
    let mut output = Output::of(json!({
        "contentType": "application/octet-stream",
        "contentDisposition": format!("attachment; filename=\"{kind}_{date}.{ending}\""),
    }))?;
    output.payload = payload.into();
    Ok(output)
}

/// `extensions=integrations,authorizers`
fn extensions(call: &Call<'_>) -> Result<Extensions, ApiError> {
    let mut extensions = Extensions::default();
    let named = call.member("parameters").and_then(|parameters| parameters.get("extensions")).and_then(Value::as_str);
    for name in named.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name {
            "integrations" => extensions.integrations = true,
            "authorizers" => extensions.authorizers = true,
            "documentation" => extensions.documentation = true,
            "apigateway" => {
                extensions = Extensions { integrations: true, authorizers: true, gateway: true, ..extensions };
            }
            // It is for Postman's own import, which reads the document without it.
            "postman" => {}
            _ => {
                let known = "integrations, authorizers, apigateway, documentation, postman";
                return Err(bad_request(format!("Invalid extension '{name}' specified. Must be one of: [{known}]")));
            }
        }
    }
    Ok(extensions)
}

/// `2026-11-22T16:34:08Z`
fn timestamp(at: EpochMillis) -> String {
    let text = iso8601(at);
    text.split_once('.').map_or_else(|| text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

#[cfg(test)]
mod tests;
