//! `GetExport`: a stage's deployment as an OpenAPI 3.0 or Swagger 2.0 document.

mod document;
mod methods;
mod security;

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::{World, lock};
use super::super::yaml;
use super::errors::{bad_request, no_such};
use crate::clock::{EpochMillis, iso8601};
use crate::model::{DocumentationVersion, RestApi};

pub(super) const OPERATIONS: &[Entry] = &[op("GetExport", get_export).partly("the Postman extension is not written")];

/// `exportType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::control) enum Form {
    Swagger,
    Oas30,
}

impl Form {
    /// By AWS's name.
    pub(in crate::control) fn parse(kind: &str) -> Option<Form> {
        match kind {
            "swagger" => Some(Form::Swagger),
            "oas30" => Some(Form::Oas30),
            _ => None,
        }
    }
}

/// What of API Gateway's own is written beside the standard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::control) struct Extensions {
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

/// What a stage serves, as a document.
pub(in crate::control) struct Deployed {
    pub(in crate::control) document: Value,
    pub(in crate::control) api: Arc<RestApi>,
    /// When it was deployed.
    at: EpochMillis,
}

/// The document of a stage; `None` if there is no such stage.
pub(in crate::control) fn deployed(
    world: &World,
    api_id: &str,
    stage: &str,
    form: Form,
    extensions: Extensions,
) -> Option<Deployed> {
    let (snapshot, documentation, at) = {
        let state = lock(&world.apigateway);
        let api = state.apis.get(api_id)?;
        let stage = api.stages.get(stage)?;
        let deployment = state.deployment(&api.id, &stage.deployment_id);
        // What a template declares has one deployment, which is the API itself.
        let snapshot = deployment.map_or_else(|| Arc::new(api.clone()), |made| made.snapshot.clone());
        let at = deployment.map_or(api.created_date, |made| made.created_date);
        let version = stage.documentation_version.as_ref().and_then(|version| api.documentation_versions.get(version));
        (snapshot, version.cloned(), at)
    };
    let exported = Exported {
        form,
        extensions,
        api: &snapshot,
        stage,
        region: &world.id.region,
        at,
        documentation: documentation.as_ref(),
    };
    let document = document::write(&exported);
    Some(Deployed { document, api: snapshot, at })
}

fn get_export(call: &Call<'_>) -> Outcome {
    let kind = call.text("exportType");
    let form = Form::parse(kind).ok_or_else(|| bad_request(format!("No API exporter for type '{kind}'")))?;
    let as_yaml = match call.optional_text("accepts").unwrap_or("application/json") {
        "application/yaml" => true,
        "application/json" | "*/*" => false,
        other => {
            let message =
                format!("Invalid Accept '{other}' specified. Must be one of: [application/json, application/yaml]");
            return Err(bad_request(message));
        }
    };
    let named = call.member("parameters").and_then(|parameters| parameters.get("extensions")).and_then(Value::as_str);
    let extensions = extensions(named.unwrap_or_default())?;
    // An unknown API before an unknown stage of it.
    lock(&call.world.apigateway).api(call)?;
    let Deployed { document, at, .. } =
        deployed(call.world, call.text("restApiId"), call.text("stageName"), form, extensions)
            .ok_or_else(|| no_such("Stage"))?;
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
///
/// # Errors
/// `BadRequestException` for a name that is none of them.
pub(in crate::control) fn extensions(named: &str) -> Result<Extensions, ApiError> {
    let mut extensions = Extensions::default();
    for name in named.split(',').map(str::trim).filter(|name| !name.is_empty()) {
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
