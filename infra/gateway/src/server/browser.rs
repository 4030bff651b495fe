//! What pages of every origin may do here, as they may with Cognito on AWS: users of a user pool sign up and in from a
//! page, unsigned, and everybody may read a pool's keys.
//!
//! Nothing else is let in: a request that is signed, or names any other operation, is refused as before, whatever its
//! preflight was told.

use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};

use super::{ClientRequest, Reply, json_reply, message_reply};
use crate::control::{Control, Service};

/// The headers that clients of Cognito send from a page. `Authorization` is not among them.
const HEADERS: &str = "amz-sdk-invocation-id, amz-sdk-request, cache-control, content-type, x-amz-api-version, \
                       x-amz-content-sha256, x-amz-date, x-amz-target, x-amz-user-agent, x-amzn-trace-id";
/// The headers of an answer that pages may read.
const EXPOSED: &str = "x-amzn-RequestId, x-amzn-ErrorType, x-amzn-ErrorMessage, Date";

/// The answer to a browser that asks whether a page may call an operation of a user pool; `None` for other requests.
pub(super) fn preflight(request: &ClientRequest) -> Option<Reply> {
    let header = |name: &str| request.headers.get(name).unwrap_or_default().to_ascii_lowercase();
    let asks = request.method == Method::OPTIONS
        && request.raw_path == "/"
        && request.headers.get("origin").is_some()
        && header("access-control-request-method") == "post"
        && header("access-control-request-headers").split(',').any(|name| name.trim() == "x-amz-target");
    if !asks {
        return None;
    }
    let mut reply = Reply::default();
    allow(&mut reply);
    set(&mut reply, "access-control-allow-methods", "POST");
    set(&mut reply, "access-control-allow-headers", HEADERS);
    set(&mut reply, "access-control-max-age", "172800");
    Some(reply)
}

/// Whether everybody may send this request: an operation that is public, unsigned.
pub(super) fn is_open(service: &Service, request: &ClientRequest) -> bool {
    Control::is_public(service, request) && !Control::claims_signature(request)
}

/// Lets every page read the answer.
pub(super) fn opened(mut reply: Reply) -> Reply {
    allow(&mut reply);
    set(&mut reply, "access-control-expose-headers", EXPOSED);
    reply
}

/// What a user pool publishes.
pub(super) fn document(control: &Control, pool: &str, name: &str, request: &ClientRequest) -> Reply {
    let read = matches!(request.method, Method::GET | Method::HEAD);
    let mut reply = match control.user_pool_document(pool, name).filter(|_| read) {
        Some(document) => json_reply(StatusCode::OK, &document),
        None => message_reply(
            StatusCode::NOT_FOUND,
            &format!(
                "there is no {name} of a user pool {pool:?} here; a pool publishes jwks.json and openid-configuration"
            ),
        ),
    };
    allow(&mut reply);
    reply
}

fn allow(reply: &mut Reply) {
    set(reply, "access-control-allow-origin", "*");
}

fn set(reply: &mut Reply, name: &'static str, value: &'static str) {
    reply.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::request;

    const JSON: (&str, &str) = ("Content-Type", "application/x-amz-json-1.1");

    fn unsigned(headers: &[(&str, &str)]) -> ClientRequest {
        let mut request = request("cognito-idp", "us-east-1", "POST", "/", headers, "{}");
        request.headers.0.retain(|(name, _)| name != "Authorization");
        request
    }

    fn open(request: &ClientRequest) -> bool {
        Control::service(request).is_some_and(|service| is_open(service, request))
    }

    #[test]
    fn pages_of_every_origin_may_call_what_users_call_and_nothing_else() {
        let target = |name: &str| format!("AWSCognitoIdentityProviderService.{name}");
        assert!(open(&unsigned(&[("X-Amz-Target", &target("InitiateAuth")), JSON])));
        for closed in ["AdminInitiateAuth", "ListUsers", "CreateUserPool", "NoSuchThing"] {
            assert!(!open(&unsigned(&[("X-Amz-Target", &target(closed)), JSON])), "{closed}");
        }
        for other in ["Logs_20140328.InitiateAuth", "DynamoDB_20120810.ListTables", "InitiateAuth"] {
            assert!(!open(&unsigned(&[("X-Amz-Target", other), JSON])), "{other}");
        }
        let headers = [("X-Amz-Target", target("InitiateAuth")), ("Content-Type", JSON.1.to_owned())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert!(!open(&request("cognito-idp", "us-east-1", "POST", "/", &headers, "{}")), "signed");
    }

    #[test]
    fn a_preflight_allows_no_credentials() {
        let mut asked = unsigned(&[
            ("Origin", "https://example.com"),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization,content-type,x-amz-target"),
        ]);
        asked.method = Method::OPTIONS;
        let reply = preflight(&asked).unwrap();
        let allowed = reply.headers()["access-control-allow-headers"].to_str().unwrap();
        assert!(allowed.contains("x-amz-target") && !allowed.contains("authorization"), "{allowed}");
        assert_eq!(reply.headers()["access-control-allow-origin"], "*");
        asked.headers.0.retain(|(name, _)| name != "Access-Control-Request-Headers");
        assert!(preflight(&asked).is_none());
    }
}
