//! What Lambda authorizers of all APIs have in common once compiled: whom to ask, by what the caller is
//! identified, and the cache of answers.

use indexmap::IndexMap;
use regex::Regex;

use super::lambda_arn::{FunctionRef, resolve};
use super::{SourceArn, Unusable};
use crate::authorize::ResultCache;

/// A Lambda authorizer of one stage.
#[derive(Debug)]
pub(crate) struct LambdaAuthorizer {
    /// Its name, for the log.
    pub(crate) name: String,
    /// The function, or why none can be called on this stage.
    pub(crate) function: Result<FunctionRef, String>,
    /// What the caller must send; all of it.
    pub(crate) identity_sources: Vec<IdentitySource>,
    /// `identityValidationExpression`, anchored at both ends; TOKEN only.
    pub(crate) validation: Option<Regex>,
    /// What it is sent and may answer.
    pub(crate) payload: AuthorizerPayload,
    /// Its answers; none if caching is off.
    pub(crate) cache: Option<ResultCache>,
    /// As whom its function is called.
    pub(crate) source: SourceArn,
}

impl LambdaAuthorizer {
    /// Stands for one that cannot be asked, and so lets nobody pass.
    pub(super) fn closed(name: &str, payload: AuthorizerPayload, source: SourceArn, reason: String) -> Self {
        LambdaAuthorizer {
            name: name.to_owned(),
            function: Err(reason),
            identity_sources: Vec::new(),
            validation: None,
            payload,
            cache: None,
            source,
        }
    }
}

/// What an authorizer is sent and how it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorizerPayload {
    /// REST `TOKEN`.
    RestToken,
    /// REST `REQUEST`.
    RestRequest,
    /// HTTP API, payload format 1.0, an IAM policy.
    HttpV1,
    /// HTTP API, payload format 2.0.
    HttpV2 {
        /// `EnableSimpleResponses`: `{"isAuthorized": …}` rather than a policy.
        simple: bool,
    },
    /// `$connect` of a WebSocket API.
    WebSocket,
}

/// Where one part of the caller's identity stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IdentitySource {
    /// A header, in any case.
    Header(String),
    /// A query parameter; case matters.
    QueryString(String),
    /// A stage variable.
    StageVariable(String),
    /// A field of the request's context.
    Context(ContextField),
}

/// The context fields that an identity source may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContextField {
    /// `accountId`
    AccountId,
    /// `apiId`
    ApiId,
    /// `connectionId`
    ConnectionId,
    /// `domainName`
    DomainName,
    /// `httpMethod`
    HttpMethod,
    /// `path`
    Path,
    /// `protocol`
    Protocol,
    /// `resourceId`
    ResourceId,
    /// `resourcePath`
    ResourcePath,
    /// `routeKey`
    RouteKey,
    /// `identity.sourceIp`
    SourceIp,
    /// `stage`
    Stage,
    /// `identity.userAgent`
    UserAgent,
}

impl IdentitySource {
    /// `method.request.header.X`, `method.request.querystring.X`, `stageVariables.X`, `context.X` of REST APIs.
    pub(crate) fn parse_rest(source: &str) -> Result<Self, Unusable> {
        Self::parse(source, "method.request.", "")
    }

    /// `$request.header.X`, `$request.querystring.X`, `$stageVariables.X`, `$context.X` of HTTP APIs.
    pub(crate) fn parse_http(source: &str) -> Result<Self, Unusable> {
        Self::parse(source, "$request.", "$")
    }

    /// `route.request.header.X`, `route.request.querystring.X`, `stageVariables.X`, `context.X` of WebSocket APIs.
    pub(crate) fn parse_web_socket(source: &str) -> Result<Self, Unusable> {
        Self::parse(source, "route.request.", "")
    }

    fn parse(source: &str, request: &str, sigil: &str) -> Result<Self, Unusable> {
        let unknown = || Unusable::Invalid(format!("identity source `{source}` is none that API Gateway knows"));
        let (make, name): (fn(String) -> Self, &str) = if let Some(rest) = source.strip_prefix(request) {
            match rest.split_once('.').ok_or_else(unknown)? {
                ("header", name) => (IdentitySource::Header, name),
                ("querystring", name) => (IdentitySource::QueryString, name),
                _ => return Err(unknown()),
            }
        } else {
            let rest = source.strip_prefix(sigil).ok_or_else(unknown)?;
            match rest.split_once('.').ok_or_else(unknown)? {
                ("stageVariables", name) => (IdentitySource::StageVariable, name),
                ("context", name) if !name.is_empty() => {
                    let unsupported = || Unusable::Unsupported(format!("identity source `{source}` is not read yet"));
                    return ContextField::parse(name).map(IdentitySource::Context).ok_or_else(unsupported);
                }
                _ => return Err(unknown()),
            }
        };
        if name.is_empty() { Err(unknown()) } else { Ok(make(name.to_owned())) }
    }
}

impl ContextField {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "accountId" => ContextField::AccountId,
            "apiId" => ContextField::ApiId,
            "connectionId" => ContextField::ConnectionId,
            "domainName" => ContextField::DomainName,
            "httpMethod" => ContextField::HttpMethod,
            "path" => ContextField::Path,
            "protocol" => ContextField::Protocol,
            "resourceId" => ContextField::ResourceId,
            "resourcePath" => ContextField::ResourcePath,
            "routeKey" => ContextField::RouteKey,
            "identity.sourceIp" => ContextField::SourceIp,
            "stage" => ContextField::Stage,
            "identity.userAgent" => ContextField::UserAgent,
            _ => return None,
        })
    }
}

/// An authorizer's function on one stage: `Err` outside says that the API is broken, `Err` inside that this stage
/// cannot call it, which the request finds out as on AWS.
pub(super) fn authorizer_function(
    uri: Option<&str>,
    variables: &IndexMap<String, String>,
) -> Result<Result<FunctionRef, String>, Unusable> {
    match resolve(uri.unwrap_or_default(), variables) {
        Ok(function) => Ok(Ok(function)),
        Err(Unusable::Unsupported(reason)) => Ok(Err(reason)),
        Err(Unusable::Invalid(reason)) => Err(Unusable::Invalid(format!("authorizerUri {reason}"))),
    }
}

/// `identityValidationExpression` must match the whole value.
pub(super) fn validation(expression: &str) -> Result<Regex, Unusable> {
    let named = |error: regex::Error| {
        let text =
            format!("identityValidationExpression `{expression}` is not a valid regular expression here: {error}");
        // AWS's expressions are Java's, which has look-around and backreferences.
        let error = error.to_string();
        let javas = error.contains("look-around") || error.contains("backreferences");
        if javas || error.contains("size limit") { Unusable::Unsupported(text) } else { Unusable::Invalid(text) }
    };
    // By itself first, so that an unbalanced group cannot close the one that anchors it.
    Regex::new(expression).map_err(named)?;
    Regex::new(&format!(r"\A(?:{expression})\z")).map_err(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_sources_of_both_kinds() {
        let header = |n: &str| Ok(IdentitySource::Header(n.to_owned()));
        assert_eq!(IdentitySource::parse_rest("method.request.header.Authorization"), header("Authorization"));
        assert_eq!(IdentitySource::parse_http("$request.header.x.y"), header("x.y"));
        assert_eq!(IdentitySource::parse_web_socket("route.request.header.Auth"), header("Auth"));
        assert_eq!(IdentitySource::parse_http("$request.querystring.t"), Ok(IdentitySource::QueryString("t".into())));
        assert_eq!(IdentitySource::parse_rest("stageVariables.v"), Ok(IdentitySource::StageVariable("v".into())));
        assert_eq!(
            IdentitySource::parse_rest("context.httpMethod"),
            Ok(IdentitySource::Context(ContextField::HttpMethod))
        );
        assert_eq!(
            IdentitySource::parse_http("$context.routeKey"),
            Ok(IdentitySource::Context(ContextField::RouteKey))
        );
        assert!(matches!(IdentitySource::parse_rest("context.stageless"), Err(Unusable::Unsupported(_))));
        for bad in ["", "Authorization", "method.request.path.id", "method.request.header.", "context.nothing"] {
            assert!(IdentitySource::parse_rest(bad).is_err(), "{bad}");
        }
        assert!(IdentitySource::parse_http("context.routeKey").is_err(), "HTTP APIs write $context");
    }

    #[test]
    fn a_validation_expression_matches_the_whole_value() {
        let bearer = validation("Bearer [a-z-]+|x").unwrap();
        assert!(bearer.is_match("Bearer demo-token") && bearer.is_match("x"));
        assert!(!bearer.is_match("Bearer demo-token\n") && !bearer.is_match("yx") && !bearer.is_match("Bearer a1"));
        assert!(matches!(validation("a)|(b"), Err(Unusable::Invalid(why)) if why.contains("`a)|(b`")));
        for javas in ["(?<!x)y", r"(a)\1"] {
            assert!(matches!(validation(javas), Err(Unusable::Unsupported(_))), "{javas} is Java's, not ours");
        }
    }
}
