//! Who is calling, as an authorizer has verified it.
//!
//! Nothing that a client writes itself is looked at: no header, no query, no body. The authorizers say it in different
//! places:
//!
//! | authorizer | where |
//! |---|---|
//! | Lambda (`authorize-token`, `authorize-jwt`) | `requestContext.authorizer`, on HTTP APIs `….authorizer.lambda`: `userId`, `username`, `role`, `scopes` |
//! | JWT (HTTP APIs) | `requestContext.authorizer.jwt.claims` |
//! | Cognito user pools (REST APIs) | `requestContext.authorizer.claims` |
//! | IAM | `requestContext.identity`, on HTTP APIs `requestContext.authorizer.iam`: an operator, whom a policy of the account lets in |

use std::collections::HashMap;

use lambda_http::{Request, RequestExt, request::RequestContext};
use serde_json::Value;

use crate::{
    domain::{Role, Timestamp, UserId},
    errors::AppError,
};

/// A verified caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user's id.
    pub user_id: UserId,
    /// The name the user goes by, where the token says it.
    pub username: Option<String>,
    /// The user's role.
    pub role: Role,
    /// What the token is good for, where it says it.
    pub scopes: Vec<String>,
}

impl Caller {
    /// Errors unless the caller is this user or an admin. Asked before the store is, so that a stranger does not even learn
    /// whether there is such a user.
    pub fn must_be(&self, user: &UserId) -> Result<(), AppError> {
        if self.user_id == *user || self.role == Role::Admin {
            Ok(())
        } else {
            Err(AppError::Forbidden("Only this user, or an admin, may do this."))
        }
    }

    /// Errors unless the caller is an admin.
    pub fn must_be_admin(&self) -> Result<(), AppError> {
        if self.role == Role::Admin { Ok(()) } else { Err(AppError::Forbidden("Only an admin may do this.")) }
    }
}

/// Who is calling. An error if no authorizer has said it: then the route lacks one, and nobody is let in.
pub fn caller(request: &Request) -> Result<Caller, AppError> {
    let found = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => {
            let fields = &context.authorizer.fields;
            let claims = fields.get("claims").and_then(Value::as_object);
            from_context(fields)
                .or_else(|| from_claims(|name| claims?.get(name)?.as_str().map(str::to_owned)))
                .or_else(|| operator(context.identity.user_arn.as_deref(), context.identity.user.as_deref()))
        }
        Some(RequestContext::ApiGatewayV2(context)) => context.authorizer.as_ref().and_then(|authorizer| {
            from_context(&authorizer.fields)
                .or_else(|| from_claims(|name| authorizer.jwt.as_ref()?.claims.get(name).cloned()))
                .or_else(|| {
                    let iam = authorizer.iam.as_ref()?;
                    operator(iam.user_arn.as_deref(), iam.user_id.as_deref())
                })
        }),
        _ => None,
    };
    found.ok_or(AppError::Unauthenticated)
}

/// When API Gateway received the request. `None` where the event does not say it.
pub fn requested_at(request: &Request) -> Option<Timestamp> {
    let millis = match request.request_context_ref()? {
        RequestContext::ApiGatewayV1(context) => context.request_time_epoch,
        RequestContext::ApiGatewayV2(context) => context.time_epoch,
        _ => 0,
    };
    (millis > 0).then(|| Timestamp::from_millis(millis))
}

/// What a Lambda authorizer says under this name in its context.
pub fn authorizer_text(request: &Request, name: &str) -> Option<String> {
    let fields = match request.request_context_ref()? {
        RequestContext::ApiGatewayV1(context) => &context.authorizer.fields,
        RequestContext::ApiGatewayV2(context) => &context.authorizer.as_ref()?.fields,
        _ => return None,
    };
    fields.get(name)?.as_str().map(str::to_owned)
}

/// What this application's own authorizers say.
fn from_context(fields: &HashMap<String, Value>) -> Option<Caller> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    Some(Caller {
        user_id: UserId::parse(text("userId")?).ok()?,
        username: text("username").map(str::to_owned),
        role: Role::named(text("role").unwrap_or_default()),
        scopes: words(text("scopes").unwrap_or_default()),
    })
}

/// What API Gateway's own authorizers hand on of a token: claims, all of them texts.
fn from_claims(claim: impl Fn(&str) -> Option<String>) -> Option<Caller> {
    let is_admin = words(&claim("cognito:groups").unwrap_or_default()).iter().any(|group| group == "admin");
    Some(Caller {
        user_id: UserId::parse(&claim("sub")?).ok()?,
        username: claim("cognito:username").or_else(|| claim("username")),
        role: if is_admin { Role::Admin } else { Role::User },
        scopes: words(&claim("scope").unwrap_or_default()),
    })
}

/// Somebody with credentials of the account, whom its own policies let call this route.
fn operator(arn: Option<&str>, id: Option<&str>) -> Option<Caller> {
    let id = id.or(arn)?;
    arn?;
    Some(Caller { user_id: UserId::parse(id).ok()?, username: None, role: Role::Admin, scopes: Vec::new() })
}

/// A list as API Gateway writes one into a text: `a b`, `a,b` or `[a b]`.
fn words(text: &str) -> Vec<String> {
    let separators = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | '[' | ']');
    text.split(separators).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use lambda_http::{http, request::LambdaRequest};
    use serde_json::json;

    use super::*;

    fn rest(authorizer: Value, user_arn: Value) -> Request {
        let event = json!({
            "resource": "/users", "path": "/users", "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
            "queryStringParameters": {"userId": "mallory"}, "multiValueQueryStringParameters": {"userId": ["mallory"]},
            "pathParameters": null, "stageVariables": null, "body": null, "isBase64Encoded": false,
            "requestContext": {
                "accountId": "1", "resourceId": "r", "stage": "s", "requestId": "i", "apiId": "a",
                "resourcePath": "/users", "httpMethod": "GET", "requestTimeEpoch": 1795352400123_i64,
                "identity": {"userArn": user_arn, "user": null}, "authorizer": authorizer,
            },
        });
        http::Request::from(serde_json::from_value::<LambdaRequest>(event).unwrap())
    }

    fn http_api(authorizer: Value) -> Request {
        let event = json!({
            "version": "2.0", "routeKey": "GET /me", "rawPath": "/me", "rawQueryString": "", "headers": {},
            "isBase64Encoded": false,
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "p", "requestId": "i",
                "routeKey": "GET /me", "stage": "$default", "time": "t", "timeEpoch": 1795352400123_i64,
                "http": {"method": "GET", "path": "/me", "protocol": "HTTP/1.1", "sourceIp": "::1", "userAgent": "x"},
                "authorizer": authorizer,
            },
        });
        http::Request::from(serde_json::from_value::<LambdaRequest>(event).unwrap())
    }

    #[test]
    fn each_authorizer_says_who_is_calling() {
        let context =
            json!({"userId": "u-1", "username": "ada", "role": "admin", "scopes": "a b", "principalId": "u-1"});
        let claims = json!({"sub": "u-1", "username": "ada", "cognito:groups": "staff,admin", "scope": "a b"});
        let listed = json!({"sub": "u-1", "username": "ada", "cognito:groups": "[staff admin]", "scope": "a b"});
        for request in [
            rest(context.clone(), Value::Null),
            rest(json!({"claims": claims}), Value::Null),
            http_api(json!({"lambda": context})),
            http_api(json!({"jwt": {"claims": listed, "scopes": null}})),
        ] {
            let caller = caller(&request).unwrap();
            assert_eq!((caller.user_id.as_str(), caller.username.as_deref()), ("u-1", Some("ada")));
            assert_eq!((caller.role, caller.scopes.as_slice()), (Role::Admin, &["a".to_owned(), "b".into()][..]));
            assert_eq!(requested_at(&request).unwrap().utc_day(), "2026-11-22");
        }
    }

    #[test]
    fn whoever_the_account_lets_in_is_an_operator() {
        let caller = caller(&rest(Value::Null, json!("arn:aws:iam::123456789012:user/ops"))).unwrap();
        assert_eq!((caller.role, caller.user_id.as_str()), (Role::Admin, "arn:aws:iam::123456789012:user/ops"));
    }

    #[test]
    fn without_an_authorizer_nobody_is_let_in() {
        for request in [
            Request::default(),
            rest(Value::Null, Value::Null),
            rest(json!({}), Value::Null),
            rest(json!({"principalId": "u-1", "role": "admin"}), Value::Null),
            http_api(Value::Null),
            http_api(json!({"jwt": {"claims": {"username": "ada"}, "scopes": null}})),
        ] {
            assert!(matches!(caller(&request), Err(AppError::Unauthenticated)));
        }
    }

    #[test]
    fn users_are_let_to_their_own_and_admins_to_all() {
        let caller = |role| Caller { user_id: UserId::parse("u-1").unwrap(), username: None, role, scopes: Vec::new() };
        let (own, other) = (UserId::parse("u-1").unwrap(), UserId::parse("u-2").unwrap());
        assert!(caller(Role::User).must_be(&own).is_ok());
        assert!(matches!(caller(Role::User).must_be(&other), Err(AppError::Forbidden(_))));
        assert!(caller(Role::User).must_be_admin().is_err());
        assert!(caller(Role::Admin).must_be(&other).is_ok());
        assert!(caller(Role::Admin).must_be_admin().is_ok());
    }
}
