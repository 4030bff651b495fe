//! The event of a function URL: payload format 2.0 with the one route `$default`.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::request_time;
use crate::control::UrlTarget;
use crate::proxy::{Joined, MultiMap, QueryPairs, decode_path, http_event_body, lower_case_headers};
use crate::server::ClientRequest;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'static str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<Vec<&'a str>>,
    headers: Joined<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_string_parameters: Option<Joined<'a>>,
    request_context: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

/// The event, as JSON.
pub(super) fn event(
    target: &UrlTarget,
    path: &str,
    request: &ClientRequest,
    request_id: &str,
    trace: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let gateway = &target.gateway;
    let id = &target.url.url_id;
    let domain_name = format!("{id}.lambda-url.{}.localhost:{}", gateway.region, gateway.port);
    let raw_path = decode_path(path);
    let now = gateway.clock.now();
    let mut context = json!({
        "accountId": "anonymous",
        "apiId": id,
        "domainName": domain_name,
        "domainPrefix": id,
        "http": {
            "method": request.method.as_str(),
            "path": raw_path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip.to_string(),
            "userAgent": request.headers.get("user-agent").unwrap_or_default(),
        },
        "requestId": request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": request_time(now),
        "timeEpoch": now,
    });
    if target.url.auth_type == "AWS_IAM" {
        let account = &*gateway.account_id;
        context["accountId"] = account.into();
        context["authorizer"] = json!({ "iam": {
            "accountId": account, "callerId": account, "userId": account, "accessKey": "", "cognitoIdentity": null,
            "principalOrgId": null, "userArn": format!("arn:aws:iam::{account}:root"),
        } });
    }
    let headers = lower_case_headers(request, &domain_name, trace);
    let query = QueryPairs::parse(&request.raw_query, &['&']);
    let query = query.by_name();
    let cookies = request.headers.get_all("cookie").flat_map(|field| field.split(';'));
    let cookies: Vec<_> = cookies.map(str::trim).filter(|cookie| !cookie.is_empty()).collect();
    let (body, is_base64_encoded) = http_event_body(&request.body, request.headers.get("content-type"));
    serde_json::to_vec(&Event {
        version: "2.0",
        route_key: "$default",
        raw_path: &raw_path,
        raw_query_string: &request.raw_query,
        cookies: (!cookies.is_empty()).then_some(cookies),
        headers: headers.joined(),
        query_string_parameters: query.non_empty().map(MultiMap::joined),
        request_context: context,
        body,
        is_base64_encoded,
    })
}
