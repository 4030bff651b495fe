//! `ImportApi`, `ReimportApi`: an HTTP API from an OpenAPI 3.0 document, read as templates' documents are.

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::apis;
use super::change::{Effect, change};
use super::errors::bad_request;
use super::integrations;
use crate::model::{Api, ProtocolType};
use crate::template::{HttpDocument, http_document};

const PARTLY: &str = "what an HTTP API's OpenAPI document says and is not read (parameter mappings) is a warning";

pub(super) const OPERATIONS: &[Entry] =
    &[op("ImportApi", import).partly(PARTLY), op("ReimportApi", reimport).partly(PARTLY)];

fn import(call: &Call<'_>) -> Outcome {
    let mut api = apis::new_api(call, false);
    let document = read(call, &api.api_id)?;
    take_over(&mut api, document);
    apis::create_new(call, api)
}

fn reimport(call: &Call<'_>) -> Outcome {
    let document = read(call, call.text("ApiId"));
    let answer = change(call, Effect::Configuration, |api| {
        if api.protocol_type == ProtocolType::WebSocket {
            return Err(bad_request("Only HTTP APIs can be imported"));
        }
        take_over(api, document?);
        Ok(apis::view(call, api))
    })?;
    Ok(Output::of(answer)?.with_status(201))
}

fn read(call: &Call<'_>, api_id: &str) -> Result<HttpDocument, ApiError> {
    let base_path = match call.optional_text("Basepath") {
        None | Some("" | "ignore") => BasePath::Ignore,
        Some("prepend") => BasePath::Prepend,
        Some("split") => BasePath::Split,
        Some(other) => {
            return Err(bad_request(format!("Invalid basepath {other}: it is one of ignore, prepend and split")));
        }
    };
    let mut document = http_document(call.text("Body"), api_id)
        .map_err(|errors| bad_request(format!("Errors found during import:\n\t{}", errors.join("\n\t"))))?;
    if call.boolean("FailOnWarnings") == Some(true) && !document.api.warnings.is_empty() {
        let warnings = document.api.warnings.join("\n\t");
        return Err(bad_request(format!("Warnings found during import:\n\t{warnings}")));
    }
    if document.api.name.is_empty() {
        return Err(bad_request("Errors found during import:\n\tthe document needs a title, in info.title"));
    }
    let base = base_path.of(&document.base_path);
    if !base.is_empty() {
        for route in document.api.routes.values_mut() {
            if let Some((method, path)) = route.route_key.split_once(' ') {
                let path = if path == "/" { "" } else { path };
                route.route_key = format!("{method} {base}{path}");
            }
        }
    }
    Ok(document)
}

/// `basepath`
#[derive(Clone, Copy)]
enum BasePath {
    Ignore,
    Prepend,
    /// The first segment is for a domain name's mapping; the others stay.
    Split,
}

impl BasePath {
    fn of(self, declared: &str) -> String {
        let mut segments: Vec<_> = declared.split('/').filter(|segment| !segment.is_empty()).collect();
        match self {
            BasePath::Ignore => segments.clear(),
            BasePath::Prepend => {}
            BasePath::Split => segments = segments.into_iter().skip(1).collect(),
        }
        segments.into_iter().map(|segment| format!("/{segment}")).collect()
    }
}

/// Puts what a document declares in the place of what was there.
fn take_over(api: &mut Api, document: HttpDocument) {
    let new = document.api;
    api.name = new.name;
    api.description = new.description;
    api.version = new.version;
    api.cors_configuration = new.cors_configuration;
    api.routes = new.routes;
    api.integrations = new.integrations;
    api.authorizers = new.authorizers;
    api.warnings = new.warnings;
    if !new.tags.is_empty() {
        api.tags = new.tags;
    }
    for integration in api.integrations.values_mut() {
        integration.connection_type.get_or_insert_with(|| "INTERNET".to_owned());
        integrations::complete(ProtocolType::Http, integration);
    }
}

#[cfg(test)]
mod tests {
    use super::BasePath;

    #[test]
    fn base_paths_are_ignored_prepended_or_split() {
        assert_eq!(BasePath::Ignore.of("/a/b"), "");
        assert_eq!(BasePath::Prepend.of("a/b/"), "/a/b");
        assert_eq!(BasePath::Split.of("/a/b"), "/b");
        assert_eq!(BasePath::Split.of("/a"), "");
    }
}
