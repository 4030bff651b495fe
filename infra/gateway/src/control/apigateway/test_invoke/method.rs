//! A test of one method, without its authorizer and its API key.

use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::json;

use super::super::super::call::{ApiError, Call, Outcome, Output};
use super::super::super::world::lock;
use super::super::errors::{no_such, not_found};
use super::log::{Log, shown};
use super::{Test, Tested, headers, run};
use crate::model::{Resource, RestApi};
use crate::telemetry::{java_map, title_case};

const STAGE: &str = "test-invoke-stage";

pub(super) fn invoke<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    answer(call).boxed()
}

async fn answer(call: &Call<'_>) -> Outcome {
    let (api, resource_path, verb) = definition(call)?;
    let asked = call.optional_text("pathWithQueryString").filter(|path| !path.is_empty());
    let (path, query) = asked.unwrap_or_default().split_once('?').unwrap_or((asked.unwrap_or_default(), ""));
    let parameters = path_parameters(&resource_path, path);
    // A path that is not the resource's gives no parameters; the method is called all the same.
    let sent = if parameters.is_some() { path } else { &resource_path };
    let test = Test { api, stage: STAGE, verb: verb.clone(), path: format!("{sent}?{query}") };
    let started = Instant::now();
    let tested = run(call, call.world.gateway.clone(), test).await?;
    let latency = started.elapsed().as_millis();

    let reply_headers = reply_headers(&tested);
    let mut log = Log::new(&tested.request_id, call.now());
    log.line(format_args!("Starting execution for request: {}", tested.request_id));
    log.line(format_args!("HTTP Method: {verb}, Resource Path: {}", if path.is_empty() { sent } else { path }));
    let parameters = parameters.unwrap_or_default();
    log.line(format_args!("Method request path: {}", java_map(parameters.iter().map(|(n, v)| (*n, *v)))));
    let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    log.line(format_args!("Method request query string: {}", java_map(query)));
    log.line(format_args!("Method request headers: {}", java_map(headers(call).iter())));
    log.line(format_args!("Method request body before transformations: {}", shown(call.text("body").as_bytes())));
    let status = tested.reply.status().as_u16();
    // What the path, the query and the headers are was told above, of the path that the caller gave.
    let rest = tested.lines.iter().position(|line| line.starts_with("Method request body before transformations"));
    let rest = tested.lines.get(rest.map_or(0, |at| at + 1)..).unwrap_or_default();
    for line in rest.iter().filter(|line| !line.starts_with("Gateway response ")) {
        log.line(line);
    }
    let single: IndexMap<&str, &str> = single(&reply_headers).collect();
    Output::of(json!({
        "status": status,
        "body": String::from_utf8_lossy(tested.reply.body()),
        "headers": single,
        "multiValueHeaders": reply_headers,
        "log": log.end(),
        "latency": u64::try_from(latency).unwrap_or(u64::MAX),
    }))
}

/// The API with nothing but the method, open; the resource's path; the verb to call it with.
fn definition(call: &Call<'_>) -> Result<(RestApi, String, String), ApiError> {
    let state = lock(&call.world.apigateway);
    let resource = state.resource(call)?.clone();
    let api = state.api(call)?.clone();
    drop(state);
    let verb = call.text("httpMethod").to_ascii_uppercase();
    let found = resource.methods.get(&verb).or_else(|| resource.methods.get("ANY"));
    let mut method = found.ok_or_else(|| no_such("Method"))?.clone();
    if method.integration.is_none() {
        return Err(not_found("No integration defined for method"));
    }
    "NONE".clone_into(&mut method.authorization_type);
    method.authorizer_id = None;
    method.api_key_required = false;
    let path = resource.path.clone();
    let methods = IndexMap::from([(method.http_method.clone(), method)]);
    let api = RestApi {
        resources: vec![Resource { methods, ..resource }.into()],
        authorizers: IndexMap::new(),
        stages: IndexMap::new(),
        ..api
    };
    let verb = if verb == "ANY" { "GET".to_owned() } else { verb };
    Ok((api, path, verb))
}

/// The values of the resource's path variables; `None` if the path is not the resource's.
fn path_parameters<'a>(resource: &'a str, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut rest = path.strip_prefix('/')?.trim_end_matches('/');
    let mut found = Vec::new();
    for part in resource.trim_start_matches('/').split('/').filter(|part| !part.is_empty()) {
        let variable = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(greedy) = variable.and_then(|name| name.strip_suffix('+')) {
            found.push((greedy, std::mem::take(&mut rest)));
            return (!found.last()?.1.is_empty()).then_some(found);
        }
        let (value, tail) = rest.split_once('/').unwrap_or((rest, ""));
        match variable {
            Some(name) if !value.is_empty() => found.push((name, value)),
            None if value == part => {}
            _ => return None,
        }
        rest = tail;
    }
    rest.is_empty().then_some(found)
}

/// The reply's headers with all their values, in the case in which AWS shows them.
fn reply_headers(tested: &Tested) -> IndexMap<String, Vec<String>> {
    let mut headers: IndexMap<String, Vec<String>> = IndexMap::new();
    for (name, value) in tested.reply.headers() {
        // What AWS's edge adds to a client's reply is not there in a test.
        if !matches!(name.as_str(), "x-amzn-requestid" | "x-amz-apigw-id" | "x-amzn-errortype") {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.entry(title_case(name.as_str())).or_default().push(value);
        }
    }
    headers
}

/// The last value of each.
fn single(headers: &IndexMap<String, Vec<String>>) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parameters_are_those_of_the_resource() {
        for (resource, path, expected) in [
            ("/", "/", Some(vec![])),
            ("/pets/{id}", "/pets/1", Some(vec![("id", "1")])),
            ("/pets/{id}", "/pets/1/", Some(vec![("id", "1")])),
            ("/pets/{id}", "/pets", None),
            ("/pets/{id}", "/cats/1", None),
            ("/pets/{id}", "/pets/1/2", None),
            ("/a/{rest+}", "/a/b/c", Some(vec![("rest", "b/c")])),
            ("/a/{rest+}", "/a", None),
            ("/pets", "", None),
        ] {
            assert_eq!(path_parameters(resource, path), expected, "{resource} {path}");
        }
    }
}
