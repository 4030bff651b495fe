//! `/_ferrogate/apis`: what is served, and a document of each API that client generators read.
//!
//! AWS's own exports are for API Gateway to import again: security schemes that all have to hold stand in them as if one did,
//! a method of every verb is an extension, path parameters are missing. Here they are what OpenAPI means by them.

mod clean;

use serde::Serialize;
use serde_json::{Value, json};

use super::Control;
use super::apigateway::export::{self as rest, Deployed, Form};
use super::apigatewayv2::export as http;
use super::world::{WorldId, lock};
use crate::server::{Plane, local_url};

/// An API that is served.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServedApi {
    /// Its id.
    pub(crate) id: String,
    /// Its display name.
    pub(crate) name: String,
    /// `REST`, `HTTP` or `WEBSOCKET`
    pub(crate) protocol: &'static str,
    /// The account and the region that it is of.
    pub(crate) account: String,
    /// See `account`.
    pub(crate) region: String,
    /// Its stages that something is deployed to.
    pub(crate) stages: Vec<ServedStage>,
}

/// One stage of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServedStage {
    /// Its name.
    pub(crate) name: String,
    /// Where it answers.
    pub(crate) url: String,
    /// Its document; WebSocket APIs have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) openapi: Option<String>,
}

/// What a document is asked for with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    /// `stage`; the first of the API where it is not said.
    pub(crate) stage: Option<&'a str>,
    /// `type`: `oas30` (which is meant where it is not said) or `swagger`.
    pub(crate) kind: Option<&'a str>,
    /// `extensions`: as of `GetExport`.
    pub(crate) extensions: Option<&'a str>,
}

/// Why there is no document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoDocument {
    /// There is no such API, or no such stage of it.
    NotFound(String),
    /// It cannot be had so.
    Invalid(String),
}

impl Control {
    /// All APIs that are served, in the order in which they were first.
    pub(crate) fn served_apis(&self) -> Vec<ServedApi> {
        self.published().all().values().filter_map(|plane| self.served(plane)).collect()
    }

    fn served(&self, plane: &Plane) -> Option<ServedApi> {
        let (gateway, published, protocol): (_, Vec<&String>, _) = match plane {
            Plane::Rest(api) => (&api.gateway, api.stages.keys().collect(), "REST"),
            Plane::Http(api) => (&api.gateway, api.stages.keys().collect(), "HTTP"),
            Plane::WebSocket(api) => (&api.gateway, api.stages.keys().collect(), "WEBSOCKET"),
        };
        let id = plane.api_id();
        let world = self.world(&WorldId::new(&*gateway.account_id, &*gateway.region)).ok()?;
        // In the order of their declaration, which the published ones have lost.
        let (name, declared) = match plane {
            Plane::Rest(_) => lock(&world.apigateway).named(id)?,
            Plane::Http(_) | Plane::WebSocket(_) => lock(&world.apigatewayv2).named(id)?,
        };
        let scheme = if protocol == "WEBSOCKET" { "ws" } else { "http" };
        let stage = |name: String| ServedStage {
            url: url(scheme, gateway.port, id, &name),
            openapi: (protocol != "WEBSOCKET")
                .then(|| format!("http://127.0.0.1:{}/_ferrogate/apis/{id}/openapi.json?stage={name}", gateway.port)),
            name,
        };
        let stages = declared.into_iter().filter(|name| published.contains(&name)).map(stage).collect();
        Some(ServedApi {
            id: id.to_owned(),
            name,
            protocol,
            account: gateway.account_id.to_string(),
            region: gateway.region.to_string(),
            stages,
        })
    }

    /// The document of one stage of an API, with the address that it has here.
    ///
    /// # Errors
    /// Why there is none, for whoever asked.
    pub(crate) fn openapi(&self, api_id: &str, asked: Asked<'_>) -> Result<Value, NoDocument> {
        let invalid = |what: &str| NoDocument::Invalid(what.to_owned());
        let form =
            asked.kind.map_or(Some(Form::Oas30), Form::parse).ok_or_else(|| invalid("the type is oas30 or swagger"))?;
        let named = asked.extensions.unwrap_or_default();
        let extensions = rest::extensions(named).map_err(|error| NoDocument::Invalid(error.message))?;
        let plane = self.published().get(api_id);
        let served = plane.as_ref().and_then(|plane| self.served(plane));
        let served = served.ok_or_else(|| {
            NoDocument::NotFound(format!("there is no API {api_id:?} here; GET /_ferrogate/apis lists those that are"))
        })?;
        let names = || served.stages.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>().join(", ");
        let stage = match asked.stage {
            Some(wanted) => served.stages.iter().find(|stage| stage.name == wanted),
            None => served.stages.first(),
        };
        let stage = stage.ok_or_else(|| {
            let wanted = asked.stage.map_or_else(|| "any stage".to_owned(), |stage| format!("the stage {stage:?}"));
            NoDocument::NotFound(format!("nothing is deployed to {wanted} of {api_id}; its stages: [{}]", names()))
        })?;
        let gone = || NoDocument::NotFound(format!("the API {api_id:?} is gone"));
        let world =
            self.world(&WorldId::new(served.account, served.region)).map_err(|error| invalid(&error.message))?;
        match served.protocol {
            "REST" => {
                let Deployed { mut document, api, .. } =
                    rest::deployed(&world, api_id, &stage.name, form, extensions).ok_or_else(gone)?;
                if named.is_empty() {
                    clean::rest(&mut document, &api, form);
                }
                serve_at(&mut document, form, &stage.url);
                Ok(document)
            }
            "HTTP" => {
                if form == Form::Swagger {
                    return Err(invalid("HTTP APIs have documents of the type oas30 only"));
                }
                let api = lock(&world.apigatewayv2).serving(api_id, &stage.name).ok_or_else(gone)?;
                let mut document = http::document(&api, true);
                if named.is_empty() {
                    clean::http(&mut document, &api);
                }
                serve_at(&mut document, form, &stage.url);
                Ok(document)
            }
            _ => Err(invalid("WebSocket APIs have no OpenAPI document")),
        }
    }
}

fn url(scheme: &str, port: u16, api_id: &str, stage: &str) -> String {
    let api = local_url(scheme, port, api_id);
    match stage {
        "$default" => api,
        stage => format!("{api}/{stage}"),
    }
}

/// Names the one address that the stage has on this machine.
fn serve_at(document: &mut Value, form: Form, url: &str) {
    match form {
        Form::Oas30 => {
            // What an extension says of the endpoint is the API's own.
            let mut server = document["servers"].get_mut(0).map(Value::take).unwrap_or_else(|| json!({}));
            if let Value::Object(server) = &mut server {
                server.remove("variables");
            }
            server["url"] = url.into();
            document["servers"] = json!([server]);
        }
        Form::Swagger => {
            let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            document["host"] = host.into();
            document["basePath"] = format!("/{path}").into();
            document["schemes"] = json!([scheme]);
        }
    }
}

#[cfg(test)]
mod tests;
