//! The events that an HTTP API sends, in both payload formats: to the integration, and to authorizers.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value};

use super::authorize::AuthorizedRequest;
use super::pipeline::Call;
use super::route::MatchedRoute;
use crate::authorize::{Grant, IamCaller};
use crate::clock::request_time;
use crate::proxy::{
    AuthorizerContextV1, AuthorizerEventV1, EventV1, IdentityV1, Joined, MultiMap, Pairs, RequestContextV1,
    http_event_body, lower_case_headers, original_headers,
};

/// Payload format 2.0. Absent parts are left out, not null.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventV2<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<Vec<&'a str>>,
    headers: Joined<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_string_parameters: Option<Joined<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_parameters: Option<Pairs<'a, Cow<'a, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_variables: Option<&'a IndexMap<String, String>>,
    request_context: RequestContextV2<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

/// The event of a Lambda authorizer, format 2.0.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerEventV2<'a> {
    version: &'static str,
    r#type: &'static str,
    route_arn: &'a str,
    identity_source: &'a [&'a str],
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<Vec<&'a str>>,
    headers: Joined<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_string_parameters: Option<Joined<'a>>,
    request_context: RequestContextV2<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_parameters: Option<Pairs<'a, Cow<'a, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_variables: Option<&'a IndexMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContextV2<'a> {
    account_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<AuthorizerContextV2<'a>>,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: HttpV2<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'a str,
    time: &'a str,
    time_epoch: i64,
}

/// One of them, by what kind of authorizer it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum AuthorizerContextV2<'a> {
    /// The context as it was returned: types are kept.
    Lambda(&'a Map<String, Value>),
    /// A JWT's.
    Jwt {
        claims: &'a Map<String, Value>,
        /// `null` where the route asks for none.
        scopes: Option<&'a Value>,
    },
    /// Who has signed the request.
    Iam(IamV2<'a>),
}

impl<'a> AuthorizerContextV2<'a> {
    fn of(grant: &'a Grant) -> Self {
        match &grant.token {
            Some(token) => AuthorizerContextV2::Jwt { claims: &token.claims, scopes: token.scopes.as_ref() },
            None => AuthorizerContextV2::Lambda(&grant.context),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IamV2<'a> {
    access_key: &'a str,
    account_id: &'a str,
    caller_id: &'a str,
    /// There are no identity pools here.
    cognito_identity: Option<()>,
    principal_org_id: Option<&'a str>,
    user_arn: &'a str,
    user_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpV2<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'static str,
    source_ip: &'a str,
    user_agent: &'a str,
}

/// The integration's event, format 2.0.
pub(super) fn proxy_v2(call: &Call<'_>, authorized: &AuthorizedRequest<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let (request, route) = (call.request, &authorized.route);
    let time = request_time(call.at);
    let headers = lower_case_headers(request, &call.domain_name, &call.trace);
    let query = route.parsed.query.by_name();
    let (body, is_base64_encoded) = http_event_body(&request.body, request.headers.get("content-type"));
    let event = EventV2 {
        version: "2.0",
        route_key: &route.route.route_key,
        raw_path: &route.parsed.raw_path,
        raw_query_string: &request.raw_query,
        cookies: cookies(call),
        headers: headers.joined(),
        query_string_parameters: query.non_empty().map(MultiMap::joined),
        path_parameters: path_parameters(route),
        stage_variables: stage_variables(route),
        request_context: context_v2(call, route, Some(authorized), &time),
        body,
        is_base64_encoded,
    };
    let mut json = Vec::with_capacity(2_048 + event.body.as_ref().map_or(0, |body| body.len()));
    serde_json::to_writer(&mut json, &event)?;
    Ok(json)
}

/// The integration's event, format 1.0.
pub(super) fn proxy_v1(call: &Call<'_>, authorized: &AuthorizedRequest<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let (request, route) = (call.request, &authorized.route);
    let time = request_time(call.at);
    // AWS documents lower-cased names for both formats and is observed to keep the client's spelling in this one.
    let headers = original_headers(request, &call.domain_name, &call.trace);
    let query = route.parsed.query.by_name();
    let (body, is_base64_encoded) = http_event_body(&request.body, request.headers.get("content-type"));
    serde_json::to_vec(&EventV1 {
        version: Some("1.0"),
        resource: &route.route.path,
        path: &route.parsed.raw_path,
        http_method: route.parsed.http_method,
        headers: headers.last(),
        multi_value_headers: headers.all(),
        query_string_parameters: query.non_empty().map(MultiMap::last),
        multi_value_query_string_parameters: query.non_empty().map(MultiMap::all),
        path_parameters: path_parameters(route),
        stage_variables: stage_variables(route),
        request_context: context_v1(call, route, Some(authorized), &time),
        body,
        is_base64_encoded,
    })
}

/// The authorizer's event, format 2.0.
pub(super) fn authorizer_v2(
    call: &Call<'_>,
    route: &MatchedRoute<'_>,
    arn: &str,
    identity: &[&str],
) -> Result<Vec<u8>, serde_json::Error> {
    let time = request_time(call.at);
    let headers = lower_case_headers(call.request, &call.domain_name, &call.trace);
    let query = route.parsed.query.by_name();
    serde_json::to_vec(&AuthorizerEventV2 {
        version: "2.0",
        r#type: "REQUEST",
        route_arn: arn,
        identity_source: identity,
        route_key: &route.route.route_key,
        raw_path: &route.parsed.raw_path,
        raw_query_string: &call.request.raw_query,
        cookies: cookies(call),
        headers: headers.joined(),
        query_string_parameters: query.non_empty().map(MultiMap::joined),
        request_context: context_v2(call, route, None, &time),
        path_parameters: path_parameters(route),
        stage_variables: stage_variables(route),
    })
}

/// The authorizer's event, format 1.0.
pub(super) fn authorizer_v1(
    call: &Call<'_>,
    route: &MatchedRoute<'_>,
    arn: &str,
    identity: &[&str],
) -> Result<Vec<u8>, serde_json::Error> {
    let time = request_time(call.at);
    let headers = original_headers(call.request, &call.domain_name, &call.trace);
    let query = route.parsed.query.by_name();
    let identity = identity.join(",");
    let identity = (!identity.is_empty()).then_some(identity.as_str());
    serde_json::to_vec(&AuthorizerEventV1 {
        version: Some("1.0"),
        r#type: "REQUEST",
        method_arn: arn,
        identity_source: identity,
        authorization_token: identity,
        resource: &route.route.path,
        path: &route.parsed.raw_path,
        http_method: route.parsed.http_method,
        headers: headers.last(),
        multi_value_headers: None,
        query_string_parameters: query.last(),
        multi_value_query_string_parameters: None,
        path_parameters: Pairs(&route.path_parameters),
        stage_variables: &route.parsed.stage.variables,
        request_context: context_v1(call, route, None, &time),
    })
}

fn path_parameters<'a>(route: &'a MatchedRoute<'_>) -> Option<Pairs<'a, Cow<'a, str>>> {
    (!route.path_parameters.is_empty()).then_some(Pairs(&route.path_parameters))
}

fn stage_variables<'a>(route: &'a MatchedRoute<'_>) -> Option<&'a IndexMap<String, String>> {
    Some(&route.parsed.stage.variables).filter(|variables| !variables.is_empty())
}

fn cookies<'a>(call: &Call<'a>) -> Option<Vec<&'a str>> {
    let fields = call.request.headers.get_all("cookie");
    let cookies: Vec<_> = fields.flat_map(|field| field.split(';')).map(str::trim).filter(|c| !c.is_empty()).collect();
    (!cookies.is_empty()).then_some(cookies)
}

fn iam<'a>(authorized: Option<&'a AuthorizedRequest<'_>>) -> Option<&'a IamCaller> {
    authorized.and_then(|authorized| authorized.iam.as_ref())
}

fn context_v2<'a>(
    call: &'a Call<'_>,
    route: &'a MatchedRoute<'_>,
    authorized: Option<&'a AuthorizedRequest<'_>>,
    time: &'a str,
) -> RequestContextV2<'a> {
    let lambda = authorized.and_then(|authorized| authorized.authorizer.as_ref());
    let lambda = lambda.map(|authorized| AuthorizerContextV2::of(&authorized.grant));
    let iam = iam(authorized).map(|caller| {
        AuthorizerContextV2::Iam(IamV2 {
            access_key: &caller.access_key,
            account_id: &caller.account_id,
            caller_id: &caller.caller,
            cognito_identity: None,
            principal_org_id: caller.principal_org_id.as_deref(),
            user_arn: &caller.user_arn,
            user_id: &caller.user,
        })
    });
    RequestContextV2 {
        account_id: &call.gateway.account_id,
        api_id: &call.api.api_id,
        authorizer: lambda.or(iam),
        domain_name: &call.domain_name,
        domain_prefix: &call.api.api_id,
        http: HttpV2 {
            method: route.parsed.http_method,
            path: &route.parsed.raw_path,
            protocol: "HTTP/1.1",
            source_ip: &call.source_ip,
            user_agent: call.request.headers.get("user-agent").unwrap_or_default(),
        },
        request_id: &call.request_id,
        route_key: &route.route.route_key,
        stage: &route.parsed.stage.stage_name,
        time,
        time_epoch: call.at,
    }
}

fn context_v1<'a>(
    call: &'a Call<'_>,
    route: &'a MatchedRoute<'_>,
    authorized: Option<&'a AuthorizedRequest<'_>>,
    time: &'a str,
) -> RequestContextV1<'a> {
    let authorizer = authorized.and_then(|authorized| authorized.authorizer.as_ref());
    RequestContextV1 {
        account_id: &call.gateway.account_id,
        api_id: &call.api.api_id,
        authorizer: authorizer.map(|a| AuthorizerContextV1 { grant: &a.grant, latency_millis: a.latency_millis }),
        deployment_id: None,
        domain_name: &call.domain_name,
        domain_prefix: &call.api.api_id,
        extended_request_id: &call.request_id,
        http_method: route.parsed.http_method,
        identity: IdentityV1::of(&call.source_ip, call.request.headers.get("user-agent"), iam(authorized)),
        is_canary_request: None,
        operation_name: None,
        path: &route.parsed.raw_path,
        protocol: "HTTP/1.1",
        request_id: &call.request_id,
        request_time: time,
        request_time_epoch: call.at,
        // AWS shows null or the route's key here; the key is what tells routes apart.
        resource_id: &route.route.route_key,
        resource_path: &route.route.path,
        stage: &route.parsed.stage.stage_name,
    }
}
