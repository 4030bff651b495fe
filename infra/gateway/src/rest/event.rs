//! The events that a REST API sends: to the integration, and to authorizers.

use serde::Serialize;

use super::authorize::AuthorizedRequest;
use super::pipeline::Call;
use super::route::MatchedRoute;
use crate::clock::request_time;
use crate::proxy::{
    Authorized, AuthorizerContextV1, AuthorizerEventV1, EventV1, IdentityV1, MultiMap, Pairs, RequestContextV1,
    original_headers,
};
use crate::throttle::SentKey;

/// The proxy event.
pub(super) fn proxy(
    call: &Call<'_>,
    authorized: &AuthorizedRequest<'_>,
    api_key: Option<&SentKey<'_>>,
) -> Result<Vec<u8>, serde_json::Error> {
    let (request, route) = (call.request, &authorized.route);
    let parsed = &route.parsed;
    let domain_name = call.gateway.domain_name(&call.api.api_id);
    let time = request_time(call.at);
    let headers = original_headers(request, &domain_name, &call.trace);
    let query = parsed.query.by_name();
    let (body, is_base64_encoded) =
        parsed.stage.binary_media_types.event_body(&request.body, request.headers.get("content-type"));
    let mut request_context = context(call, route, Some(authorized), &domain_name, &time);
    if let Some(key) = api_key {
        request_context.identity.set_api_key(key.value, key.id());
    }
    let event = EventV1 {
        version: None,
        resource: &route.resource.path,
        path: parsed.path,
        http_method: parsed.http_method,
        headers: headers.last(),
        multi_value_headers: headers.all(),
        query_string_parameters: query.non_empty().map(MultiMap::last),
        multi_value_query_string_parameters: query.non_empty().map(MultiMap::all),
        path_parameters: (!route.path_parameters.is_empty()).then_some(Pairs(&route.path_parameters)),
        stage_variables: (!parsed.stage.variables.is_empty()).then_some(&parsed.stage.variables),
        request_context,
        body,
        is_base64_encoded,
    };
    let mut json = Vec::with_capacity(2_048 + event.body.as_ref().map_or(0, |body| body.len()));
    serde_json::to_writer(&mut json, &event)?;
    Ok(json)
}

/// The event of a TOKEN authorizer: these three keys and no more.
pub(super) fn token(token: &str, arn: &str) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct TokenEvent<'a> {
        r#type: &'a str,
        authorization_token: &'a str,
        method_arn: &'a str,
    }
    serde_json::to_vec(&TokenEvent { r#type: "TOKEN", authorization_token: token, method_arn: arn })
}

/// The event of a REQUEST authorizer: the proxy event without a body, with the ARN.
pub(super) fn request(
    call: &Call<'_>,
    route: &MatchedRoute<'_>,
    arn: &str,
    domain_name: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let parsed = &route.parsed;
    let time = request_time(call.at);
    let headers = original_headers(call.request, domain_name, &call.trace);
    let query = parsed.query.by_name();
    serde_json::to_vec(&AuthorizerEventV1 {
        version: None,
        r#type: "REQUEST",
        method_arn: arn,
        identity_source: None,
        authorization_token: None,
        resource: &route.resource.path,
        path: parsed.path,
        http_method: parsed.http_method,
        headers: headers.last(),
        multi_value_headers: Some(headers.all()),
        query_string_parameters: query.last(),
        multi_value_query_string_parameters: Some(query.all()),
        path_parameters: Pairs(&route.path_parameters),
        stage_variables: &parsed.stage.variables,
        request_context: context(call, route, None, domain_name, &time),
    })
}

/// `requestContext` by itself: what `$context` is to mapping templates.
pub(super) fn context_value(
    call: &Call<'_>,
    authorized: &AuthorizedRequest<'_>,
    api_key: Option<&SentKey<'_>>,
    domain_name: &str,
) -> Result<serde_json::Value, serde_json::Error> {
    let time = request_time(call.at);
    let mut context = context(call, &authorized.route, Some(authorized), domain_name, &time);
    if let Some(key) = api_key {
        context.identity.set_api_key(key.value, key.id());
    }
    serde_json::to_value(&context)
}

fn authorizer<'a>(authorized: Option<&'a AuthorizedRequest<'_>>) -> Option<&'a Authorized> {
    authorized.and_then(|authorized| authorized.authorizer.as_ref())
}

fn context<'a>(
    call: &'a Call<'_>,
    route: &'a MatchedRoute<'_>,
    authorized: Option<&'a AuthorizedRequest<'_>>,
    domain_name: &'a str,
    time: &'a str,
) -> RequestContextV1<'a> {
    let (api_id, stage) = (call.api.api_id.as_str(), route.parsed.stage);
    RequestContextV1 {
        account_id: &call.gateway.account_id,
        api_id,
        authorizer: authorizer(authorized)
            .map(|a| AuthorizerContextV1 { grant: &a.grant, latency_millis: a.latency_millis }),
        deployment_id: Some(&stage.deployment_id),
        domain_name,
        domain_prefix: api_id,
        extended_request_id: &call.extended_request_id,
        http_method: route.parsed.http_method,
        identity: IdentityV1::of(
            &call.source_ip,
            call.request.headers.get("user-agent"),
            authorized.and_then(|authorized| authorized.iam.as_ref()),
        ),
        is_canary_request: stage.is_canary,
        operation_name: route.method.operation_name.as_deref(),
        path: &route.parsed.context_path,
        protocol: "HTTP/1.1",
        request_id: &call.request_id,
        request_time: time,
        request_time_epoch: call.at,
        resource_id: &route.resource.id,
        resource_path: &route.resource.path,
        stage: &stage.stage_name,
    }
}
