//! Gateway responses of a REST API: what it answers where it answers itself, as its owner wants it.
//!
//! Templates are text with variables; no VTL is run in them, on AWS neither.

use std::collections::HashMap;

use http::{HeaderName, HeaderValue, StatusCode};
use indexmap::IndexMap;

use super::Warnings;
use crate::model::GatewayResponse;

/// The customised gateway responses of an API, by type.
#[derive(Debug, Default)]
pub(crate) struct GatewayResponses(HashMap<String, CustomResponse>);

/// A customised gateway response.
#[derive(Debug, Default)]
pub(crate) struct CustomResponse {
    /// Instead of the type's own.
    pub(crate) status: Option<StatusCode>,
    /// Headers and where their values come from.
    pub(crate) headers: Vec<(HeaderName, Template)>,
    /// Bodies by content type; a body that is `None` is the type's own.
    pub(crate) bodies: Vec<(HeaderValue, Option<Template>)>,
}

/// Text with variables.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template(pub(crate) Vec<Part>);

/// A part of a template.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// As it is.
    Text(String),
    /// What stands for something of the request.
    Variable(Source),
}

/// Something of a request; each with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `context.X`
    Context(String),
    /// `stageVariables.X`
    StageVariable(String),
    /// `method.request.header.X`
    Header(String),
    /// `method.request.querystring.X`
    QueryString(String),
    /// `method.request.path.X`
    Path(String),
}

/// The template that every type has; with it the type answers what it always does.
const BUILT_IN: &str = r#"{"message":$context.error.messageString}"#;

type Make = fn(String) -> Source;

/// What begins a variable, and what it is.
const SOURCES: [(&str, Make); 5] = [
    ("context.", Source::Context),
    ("stageVariables.", Source::StageVariable),
    ("method.request.header.", Source::Header),
    ("method.request.querystring.", Source::QueryString),
    ("method.request.path.", Source::Path),
];

impl GatewayResponses {
    pub(super) fn new(declared: &IndexMap<String, GatewayResponse>, warnings: &mut Warnings) -> Self {
        let compiled = declared.iter().map(|(kind, response)| {
            let place = format!("gateway response {kind}");
            (kind.clone(), CustomResponse::new(response, |what| warnings.add(&place, what)))
        });
        GatewayResponses(compiled.collect())
    }

    /// Whether none is customised.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The response for this type, or else for all errors of the class of its status.
    pub(crate) fn find(&self, response_type: &str, status: StatusCode) -> Option<&CustomResponse> {
        let class = if status.is_server_error() { "DEFAULT_5XX" } else { "DEFAULT_4XX" };
        self.0.get(response_type).or_else(|| self.0.get(class))
    }
}

impl CustomResponse {
    fn new(declared: &GatewayResponse, mut warn: impl FnMut(String)) -> Self {
        let mut custom = CustomResponse::default();
        if let Some(status) = declared.status_code.as_deref().filter(|status| !status.is_empty()) {
            custom.status = status.parse().ok().filter(|status: &StatusCode| status.as_u16() >= 200);
            if custom.status.is_none() {
                warn(format!("{status:?} is no status code that a reply can have; the type's own is sent"));
            }
        }
        for (name, source) in &declared.response_parameters {
            match header(name, source) {
                Ok(header) => custom.headers.push(header),
                Err(reason) => warn(format!("{name} is not sent: {reason}")),
            }
        }
        for (content_type, template) in &declared.response_templates {
            let Ok(content_type) = HeaderValue::from_str(content_type) else {
                warn(format!("{content_type:?} is no content type"));
                continue;
            };
            // Of ACCESS_DENIED, whose message has a capital M, this is said by AWS too.
            let own = template == BUILT_IN;
            custom.bodies.push((content_type, (!own).then(|| Template::parse(template))));
        }
        custom
    }
}

fn header(name: &str, source: &str) -> Result<(HeaderName, Template), String> {
    let name = name.strip_prefix("gatewayresponse.header.").ok_or("it does not begin with gatewayresponse.header.")?;
    let name: HeaderName = name.parse().map_err(|_| "it is no name of a header")?;
    if matches!(name.as_str(), "connection" | "content-length" | "transfer-encoding" | "upgrade") {
        return Err("the header belongs to the connection".to_owned());
    }
    if let Some(text) = source.strip_prefix('\'').and_then(|source| source.strip_suffix('\'')) {
        HeaderValue::from_str(text).map_err(|_| "its value cannot be sent")?;
        return Ok((name, Template(vec![Part::Text(text.to_owned())])));
    }
    let variable = SOURCES.iter().find_map(|(prefix, make)| {
        source.strip_prefix(prefix).filter(|name| !name.is_empty()).map(|name| make(name.to_owned()))
    });
    let variable =
        variable.ok_or_else(|| format!("its value {source:?} is neither in quotes nor one of the request's"))?;
    Ok((name, Template(vec![Part::Variable(variable)])))
}

impl Template {
    /// Reads a template. What looks like no variable is text.
    pub(crate) fn parse(template: &str) -> Self {
        let (mut parts, mut text, mut rest) = (Vec::new(), String::new(), template);
        while let Some((before, after)) = rest.split_once('$') {
            text.push_str(before);
            match variable(after) {
                Some((variable, length)) => {
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    parts.push(Part::Variable(variable));
                    rest = &after[length..];
                }
                None => {
                    text.push('$');
                    rest = after;
                }
            }
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Template(parts)
    }

    /// The text with the variables' values; one without a value is empty.
    pub(crate) fn render<'v>(&self, value: impl Fn(&Source) -> Option<std::borrow::Cow<'v, str>>) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Variable(variable) => text.push_str(&value(variable).unwrap_or_default()),
            }
        }
        text
    }
}

/// The variable that a text behind a `$` begins with, and its length.
fn variable(text: &str) -> Option<(Source, usize)> {
    SOURCES.iter().find_map(|(prefix, make)| {
        let name = text.strip_prefix(prefix)?;
        let hyphens = prefix.starts_with("method.");
        let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':') || (hyphens && c == '-');
        // Text goes on behind a name: a full stop or a colon at its end is the text's.
        let name = name[..name.find(|c| !in_name(c)).unwrap_or(name.len())].trim_end_matches(['.', ':']);
        (!name.is_empty()).then(|| (make(name.to_owned()), prefix.len() + name.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(template: &str) -> String {
        Template::parse(template).render(|variable| match variable {
            Source::Context(name) => (name != "absent").then(|| format!("<{name}>").into()),
            other => Some(format!("{other:?}").into()),
        })
    }

    #[test]
    fn templates_are_text_with_variables() {
        for (template, expected) in [
            ("", ""),
            (BUILT_IN, r#"{"message":<error.messageString>}"#),
            ("$context.requestId.", "<requestId>."),
            ("$context.a$context.b", "<a><b>"),
            ("$context.authorizer.claims.cognito:groups: x", "<authorizer.claims.cognito:groups>: x"),
            ("[$context.absent]", "[]"),
            ("$$context.a $5 $ $context. $contextual $util.x()", "$<a> $5 $ $context. $contextual $util.x()"),
            ("$method.request.header.X-A-$context.a-b", "Header(\"X-A-\")<a>-b"),
            ("$stageVariables.v,$method.request.path.id", "StageVariable(\"v\"),Path(\"id\")"),
        ] {
            assert_eq!(rendered(template), expected, "{template}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        let declared = GatewayResponse {
            status_code: Some("99".to_owned()),
            response_parameters: [
                ("gatewayresponse.header.Good", "'x'"),
                ("gatewayresponse.header.Content-Length", "'1'"),
                ("gatewayresponse.header.a b", "'1'"),
                ("gatewayresponse.header.From", "integration.response.header.x"),
                ("header.X", "'1'"),
                ("gatewayresponse.header.Split", "'a\r\nb'"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            ..GatewayResponse::default()
        };
        let mut warnings = Vec::new();
        let custom = CustomResponse::new(&declared, |what| warnings.push(what));
        assert_eq!(custom.headers.len(), 1);
        assert_eq!((warnings.len(), custom.status), (6, None), "{warnings:?}");
    }
}
