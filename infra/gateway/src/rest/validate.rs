//! The stage before the integration: are the required parameters there, and is the body what the method's model says?

mod report;

use std::borrow::Cow;

use super::authorize::AuthorizedRequest;
use super::error::GatewayError;
use super::pipeline::Call;
use super::route::MatchedRoute;
use crate::compile::rest::{BodyValidation, Place, RequiredParameter};
use crate::telemetry::Trail;

/// Lets a request pass that is as its method's validator wants it. Parameters come before the body.
pub(super) fn check(
    call: &Call<'_>,
    authorized: &AuthorizedRequest<'_>,
    trail: &mut Trail<'_>,
) -> Result<(), GatewayError> {
    let route = &authorized.route;
    let Some(validation) = &route.method.validation else { return Ok(()) };
    let missing = validation.parameters.iter().filter(|parameter| !is_there(call, route, parameter));
    let missing: Vec<&str> = missing.map(|parameter| parameter.name.as_str()).collect();
    if !missing.is_empty() {
        let text = format!("Missing required request parameters: [{}]", missing.join(", "));
        trail.log.error(|| text.clone());
        // What AWS has here for parameters is in no source: the text says all there is.
        trail.validation_error = Some(text.clone());
        return Err(GatewayError::BadRequestParameters(text));
    }
    match &validation.body {
        Some(body) => check_body(call, route, body, trail),
        None => Ok(()),
    }
}

/// Whether a parameter is there and not blank. Names are matched in their exact spelling.
fn is_there(call: &Call<'_>, route: &MatchedRoute<'_>, parameter: &RequiredParameter) -> bool {
    let name = parameter.name.as_str();
    let filled = |value: &str| !value.trim().is_empty();
    match parameter.place {
        // These two API Gateway spells itself, however they were sent.
        Place::Header if matches!(name, "Authorization" | "User-Agent" | "Host") => {
            call.request.headers.get(name).is_some_and(filled)
        }
        Place::Header => call.request.headers.iter().any(|(sent, value)| sent == name && filled(value)),
        Place::Path => route.path_parameters.iter().any(|(known, value)| *known == name && filled(value)),
        Place::QueryString => route.parsed.query.0.iter().any(|(sent, value)| sent == name && filled(value)),
    }
}

fn check_body(
    call: &Call<'_>,
    route: &MatchedRoute<'_>,
    models: &BodyValidation,
    trail: &mut Trail<'_>,
) -> Result<(), GatewayError> {
    let content_type = call.request.headers.get("content-type").map(media_type).filter(|found| !found.is_empty());
    let content_type = content_type.unwrap_or("application/json");
    let model = match models.model(content_type) {
        None => return Ok(()),
        Some(Ok(model)) => model,
        Some(Err(reason)) => {
            let (method, resource) = (route.parsed.http_method, &route.resource.path);
            tracing::warn!(method, resource, "the body cannot be checked: {reason}");
            trail.log.error(|| format!("Execution failed due to configuration error: {reason}"));
            return Err(GatewayError::IntegrationFailure);
        }
    };
    let Some(found) = report::errors(model, &call.request.body) else { return Ok(()) };
    trail.log.error(|| format!("Request body does not match model schema for content type {content_type}: {found}"));
    trail.validation_error = Some(found);
    Err(GatewayError::BadRequestBody)
}

/// `application/json; charset=utf-8` without its parameters.
fn media_type(header: &str) -> &str {
    header.split(';').next().unwrap_or_default().trim()
}

/// A text within a string of JSON, without its quotes.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['"', '\\']) && !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let quoted = serde_json::Value::from(text).to_string();
    Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
}
