//! An answer of the gateway's own, as the API's owner wants it: `GatewayResponse`.

use std::borrow::Cow;

use ::http::HeaderValue;
use ::http::header::CONTENT_TYPE;
use bytes::Bytes;

use super::pipeline::Call;
use super::validate::escaped;
use crate::compile::{GatewayResponses, Source};
use crate::proxy::QueryPairs;
use crate::server::Reply;
use crate::telemetry::Exchange;

/// Changes the gateway's own `reply` into what `responses` say for it. `exchange` is of the reply as it was.
pub(super) fn customise(
    call: &Call<'_>,
    responses: &GatewayResponses,
    response_type: &str,
    exchange: &Exchange<'_>,
    mut reply: Reply,
) -> Reply {
    let Some(custom) = responses.find(response_type, reply.status()) else { return reply };
    if let Some(status) = custom.status {
        *reply.status_mut() = status;
    }
    let query = QueryPairs::parse(&call.request.raw_query, &['&', ';']);
    let exchange = Exchange { status: reply.status().as_u16(), ..*exchange };
    let value = |source: &Source| value(call, &query, &exchange, source);

    // The client's choice by its Accept header, or else JSON, or else whatever comes first.
    let accept = call.request.headers.get("accept").map(str::trim);
    let of_type =
        |wanted: &str| custom.bodies.iter().find(|(content_type, _)| content_type.as_bytes() == wanted.as_bytes());
    let body = accept.and_then(of_type).or_else(|| of_type("application/json")).or_else(|| custom.bodies.first());
    if let Some((content_type, template)) = body {
        reply.headers_mut().insert(CONTENT_TYPE, content_type.clone());
        if let Some(template) = template {
            // It quotes values, and stands within a string of JSON.
            let json = content_type.as_bytes().ends_with(b"json");
            let value = |source: &Source| match (source, value(source)) {
                (Source::Context(name), Some(text)) if json && name == "error.validationErrorString" => {
                    Some(Cow::Owned(escaped(&text).into_owned()))
                }
                (_, found) => found,
            };
            *reply.body_mut() = Bytes::from(template.render(value));
        }
    }
    for (name, source) in &custom.headers {
        let text = source.render(value);
        // A value that nothing was found for, or that is none of a header's, is left out.
        if let Some(value) = HeaderValue::from_str(&text).ok().filter(|value| !value.is_empty()) {
            reply.headers_mut().insert(name.clone(), value);
        }
    }
    reply
}

fn value<'v>(
    call: &'v Call<'_>,
    query: &'v QueryPairs<'_>,
    exchange: &'v Exchange<'_>,
    source: &Source,
) -> Option<Cow<'v, str>> {
    match source {
        // An error without a message has null for one.
        Source::Context(name) if matches!(&**name, "error.message" | "error.messageString") => {
            Some(exchange.variable(name).unwrap_or(Cow::Borrowed("null")))
        }
        Source::Context(name) => exchange.variable(name).map(|value| Cow::Owned(value.into_owned())),
        Source::StageVariable(name) => {
            let stage = call.api.stages.get(exchange.trail.stage_name)?;
            stage.served(exchange.trail.canary).variables.get(name).map(|value| value.as_str().into())
        }
        Source::Header(name) => call.request.headers.get(name).map(Cow::Borrowed),
        Source::QueryString(name) => query.last(name).map(Cow::Borrowed),
        Source::Path(name) => {
            let found = exchange.trail.path_parameters.iter().find(|(parameter, _)| parameter == name);
            found.map(|(_, value)| Cow::Borrowed(&**value))
        }
    }
}
