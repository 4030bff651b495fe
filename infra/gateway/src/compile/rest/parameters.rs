//! `requestParameters` and `responseParameters`: which value goes where, read once.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping.html>

use ferrogate_vtl::json_path::JsonPath;
use http::HeaderName;
use indexmap::IndexMap;

/// Where a value of the integration's request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RequestTarget {
    /// `integration.request.path.X`
    Path(String),
    /// `integration.request.querystring.X`
    QueryString(String),
    /// `integration.request.header.X`
    Header(HeaderName),
}

/// Where a value of the integration's request comes from.
#[derive(Debug)]
pub(crate) enum RequestSource {
    /// `method.request.path.X`
    Path(String),
    /// `method.request.querystring.X`: the last value.
    QueryString(String),
    /// `method.request.multivaluequerystring.X`: all values.
    MultiValueQueryString(String),
    /// `method.request.header.X`: the last value.
    Header(String),
    /// `method.request.multivalueheader.X`: all values, joined by commas.
    MultiValueHeader(String),
    /// `method.request.body`
    Body,
    /// `method.request.body.{JSONPath}`
    BodyPath(JsonPath),
    /// What both directions have.
    Common(CommonSource),
}

/// What requests and responses can take values from alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CommonSource {
    /// `stageVariables.X`
    StageVariable(String),
    /// `context.X`: its name, dots and all.
    Context(String),
    /// `'…'`
    Static(String),
}

/// Where a value of the method's response comes from.
#[derive(Debug)]
pub(crate) enum ResponseSource {
    /// `integration.response.header.X`: the last value.
    Header(String),
    /// `integration.response.multivalueheader.X`: all values, joined by commas.
    MultiValueHeader(String),
    /// `integration.response.body`
    Body,
    /// `integration.response.body.{JSONPath}`
    BodyPath(JsonPath),
    /// What both directions have.
    Common(CommonSource),
}

/// `requestParameters`
pub(crate) type RequestParameters = Vec<(RequestTarget, RequestSource)>;
/// `responseParameters`: headers of the method's response.
pub(crate) type ResponseParameters = Vec<(HeaderName, ResponseSource)>;

/// Reads `requestParameters`. Err is what API Gateway refuses too.
pub(super) fn request(declared: Option<&IndexMap<String, String>>) -> Result<RequestParameters, String> {
    let each = |(target, source): (&String, &String)| Ok((request_target(target)?, request_source(source)?));
    declared.into_iter().flatten().map(each).collect()
}

/// Reads `responseParameters`. Err is what API Gateway refuses too.
pub(super) fn response(declared: Option<&IndexMap<String, String>>) -> Result<ResponseParameters, String> {
    let each = |(target, source): (&String, &String)| {
        let name = target.strip_prefix("method.response.header.").and_then(header_name);
        let name = name.ok_or_else(|| {
            format!("responseParameters: {target:?} is not of the form method.response.header.{{name}}")
        })?;
        Ok((name, response_source(source)?))
    };
    declared.into_iter().flatten().map(each).collect()
}

/// The first header that nobody may map: such an integration answers every request with 500, on AWS too. `aws` says whether
/// it is one of AWS or AWS_PROXY, where Lambda's and the services' own protocol takes up more of them.
pub(super) fn illegal_header(declared: Option<&IndexMap<String, String>>, aws: bool) -> Option<&str> {
    let names = declared.into_iter().flatten().filter_map(|(name, _)| name.strip_prefix("integration.request.header."));
    names.into_iter().find(|name| {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "content-length" | "transfer-encoding" | "x-amzn-trace-id" | "x-amzn-apigateway-api-id" => true,
            "authorization" | "connection" | "expect" | "proxy-authenticate" | "te" => aws,
            _ => false,
        }
    })
}

/// What API Gateway allows in a name.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'-'))
}

fn header_name(name: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).ok().filter(|_| is_name(name))
}

fn request_target(target: &str) -> Result<RequestTarget, String> {
    let of = |prefix: &str| target.strip_prefix(prefix).filter(|name| is_name(name));
    let path = || of("integration.request.path.").map(|name| RequestTarget::Path(name.to_owned()));
    let query = || of("integration.request.querystring.").map(|name| RequestTarget::QueryString(name.to_owned()));
    let header = || of("integration.request.header.").and_then(header_name).map(RequestTarget::Header);
    path().or_else(query).or_else(header).ok_or_else(|| {
        format!(
            "requestParameters: {target:?} is not of the form integration.request.{{path|querystring|header}}.{{name}}"
        )
    })
}

fn request_source(source: &str) -> Result<RequestSource, String> {
    type Make = fn(String) -> RequestSource;
    const NAMED: [(&str, Make); 5] = [
        ("path.", RequestSource::Path),
        ("querystring.", RequestSource::QueryString),
        ("multivaluequerystring.", RequestSource::MultiValueQueryString),
        ("header.", RequestSource::Header),
        ("multivalueheader.", RequestSource::MultiValueHeader),
    ];
    let Some(rest) = source.strip_prefix("method.request.") else {
        return common(source).map(RequestSource::Common).ok_or_else(|| not_a_source(source));
    };
    if let Some(body) = body(rest) {
        return Ok(body
            .map_err(|error| unreadable(source, &error))?
            .map_or(RequestSource::Body, RequestSource::BodyPath));
    }
    let named = NAMED.iter().find_map(|(prefix, make)| Some(make(name(rest.strip_prefix(prefix)?)?)));
    named.ok_or_else(|| not_a_source(source))
}

fn response_source(source: &str) -> Result<ResponseSource, String> {
    let Some(rest) = source.strip_prefix("integration.response.") else {
        return common(source).map(ResponseSource::Common).ok_or_else(|| not_a_source(source));
    };
    if let Some(body) = body(rest) {
        let path = body.map_err(|error| unreadable(source, &error))?;
        return Ok(path.map_or(ResponseSource::Body, ResponseSource::BodyPath));
    }
    let header = || rest.strip_prefix("header.").and_then(name).map(ResponseSource::Header);
    let multi = || rest.strip_prefix("multivalueheader.").and_then(name).map(ResponseSource::MultiValueHeader);
    header().or_else(multi).ok_or_else(|| not_a_source(source))
}

fn name(name: &str) -> Option<String> {
    is_name(name).then(|| name.to_owned())
}

fn not_a_source(source: &str) -> String {
    format!("Invalid mapping expression specified: {source}")
}

fn unreadable(source: &str, error: &ferrogate_vtl::ParseError) -> String {
    format!("Invalid mapping expression specified: {source}: the JSONPath cannot be read: {error}")
}

/// `body`, `body.x`, `body[0]`: the path in it, if it has one; `None` for what is no body.
fn body(rest: &str) -> Option<Result<Option<JsonPath>, ferrogate_vtl::ParseError>> {
    let path = rest.strip_prefix("body")?;
    if path.is_empty() {
        return Some(Ok(None));
    }
    path.starts_with(['.', '[']).then(|| JsonPath::parse(&format!("${path}")).map(Some))
}

fn common(source: &str) -> Option<CommonSource> {
    let quoted = source.len() >= 2 && source.starts_with('\'') && source.ends_with('\'');
    if quoted {
        return Some(CommonSource::Static(source[1..source.len() - 1].to_owned()));
    }
    let variable = || source.strip_prefix("stageVariables.").and_then(name).map(CommonSource::StageVariable);
    variable().or_else(|| {
        // Claims have colons in their names: `cognito:groups`.
        let name = source.strip_prefix("context.").filter(|name| !name.is_empty())?;
        let named = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'-' | b':'));
        named.then(|| CommonSource::Context(name.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_source_is_told_apart() {
        for (source, expected) in [
            ("method.request.path.id", "Path(\"id\")"),
            ("method.request.querystring.a.b", "QueryString(\"a.b\")"),
            ("method.request.multivaluequerystring.a", "MultiValueQueryString(\"a\")"),
            ("method.request.header.X-A", "Header(\"X-A\")"),
            ("method.request.multivalueheader.X-A", "MultiValueHeader(\"X-A\")"),
            ("method.request.body", "Body"),
            ("stageVariables.v", "Common(StageVariable(\"v\"))"),
            ("context.authorizer.claims.cognito:groups", "Common(Context(\"authorizer.claims.cognito:groups\"))"),
            ("'it''s'", "Common(Static(\"it''s\"))"),
            ("''", "Common(Static(\"\"))"),
        ] {
            assert_eq!(format!("{:?}", request_source(source).unwrap()), expected, "{source}");
        }
        assert!(matches!(request_source("method.request.body.a[0].b"), Ok(RequestSource::BodyPath(_))));
        assert!(matches!(response_source("integration.response.body[0]"), Ok(ResponseSource::BodyPath(_))));
        assert!(matches!(
            response_source("integration.response.multivalueheader.a"),
            Ok(ResponseSource::MultiValueHeader(_))
        ));
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        for source in [
            "",
            "'",
            "x",
            "method.request.cookie.a",
            "method.request.header.",
            "method.request.header.a b",
            "method.request.bodyx",
            "integration.response.header.a",
            "context.",
            "stageVariables.",
        ] {
            assert!(request_source(source).is_err(), "{source}");
        }
        for target in
            ["integration.request.body", "integration.request.header.", "header.x", "integration.request.header.a b"]
        {
            assert!(request(Some(&declared(&[(target, "'x'")]))).is_err(), "{target}");
        }
        for target in ["method.response.header.", "method.response.body", "method.response.header.a\nb"] {
            assert!(response(Some(&declared(&[(target, "'x'")]))).is_err(), "{target}");
        }
    }

    #[test]
    fn some_headers_are_nobodys_to_map() {
        let of = |name: &str| {
            declared(&[
                ("integration.request.querystring.te", "'x'"),
                (&format!("integration.request.header.{name}"), "'x'"),
            ])
        };
        for (name, everywhere, of_aws) in [
            ("Content-Length", true, true),
            ("transfer-encoding", true, true),
            ("X-Amzn-Trace-Id", true, true),
            ("x-amzn-apigateway-api-id", true, true),
            ("Authorization", false, true),
            ("Connection", false, true),
            ("Expect", false, true),
            ("Proxy-Authenticate", false, true),
            ("TE", false, true),
            ("Host", false, false),
        ] {
            assert_eq!(illegal_header(Some(&of(name)), false).is_some(), everywhere, "{name}");
            assert_eq!(illegal_header(Some(&of(name)), true).is_some(), of_aws, "{name}");
        }
    }
}
