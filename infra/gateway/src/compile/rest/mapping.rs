//! How a non-proxy integration's request is made of the method's, and the method's response of its answer.

use http::StatusCode;
use regex::Regex;

use super::parameters::{self, RequestParameters, ResponseParameters};
use super::templates::Templates;
use crate::model::{Integration, IntegrationResponse, Method};

/// The request's side.
#[derive(Debug)]
pub(crate) struct RequestMapping {
    pub(crate) templates: Templates,
    pub(crate) passthrough: Passthrough,
    pub(crate) content_handling: Option<ContentHandling>,
    pub(crate) parameters: RequestParameters,
}

/// The response's side.
#[derive(Debug)]
pub(crate) struct ResponseMapping {
    /// In the order of their status codes, which is the order in which patterns are tried.
    responses: Vec<MappedResponse>,
}

/// One integration response.
#[derive(Debug)]
pub(crate) struct MappedResponse {
    /// `None` is the default response.
    pattern: Option<Regex>,
    /// `None` where the method declares no response with this status: the request then fails, on AWS too.
    pub(crate) status: Option<StatusCode>,
    pub(crate) content_handling: Option<ContentHandling>,
    pub(crate) parameters: ResponseParameters,
    pub(crate) templates: Templates,
}

/// `passthroughBehavior`: what becomes of a body that no template is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passthrough {
    /// It is passed on.
    WhenNoMatch,
    /// It is passed on if there are no templates at all.
    WhenNoTemplates,
    /// It is refused.
    Never,
}

/// `contentHandling`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentHandling {
    /// `CONVERT_TO_TEXT`: base64 of what is binary.
    ToText,
    /// `CONVERT_TO_BINARY`: out of base64.
    ToBinary,
}

impl ContentHandling {
    fn new(declared: Option<&str>) -> Result<Option<ContentHandling>, String> {
        match declared {
            None | Some("") => Ok(None),
            Some("CONVERT_TO_TEXT") => Ok(Some(ContentHandling::ToText)),
            Some("CONVERT_TO_BINARY") => Ok(Some(ContentHandling::ToBinary)),
            Some(other) => Err(format!("contentHandling {other:?} is neither CONVERT_TO_BINARY nor CONVERT_TO_TEXT")),
        }
    }
}

impl RequestMapping {
    /// Err is what API Gateway refuses too.
    pub(super) fn new(declared: &Integration) -> Result<RequestMapping, String> {
        let passthrough = match declared.passthrough_behavior.as_deref() {
            None | Some("" | "WHEN_NO_MATCH") => Passthrough::WhenNoMatch,
            Some("WHEN_NO_TEMPLATES") => Passthrough::WhenNoTemplates,
            Some("NEVER") => Passthrough::Never,
            Some(other) => {
                return Err(format!(
                    "passthroughBehavior {other:?} is none of WHEN_NO_MATCH, WHEN_NO_TEMPLATES and NEVER"
                ));
            }
        };
        Ok(RequestMapping {
            templates: Templates::new("requestTemplates", declared.request_templates.as_ref())?,
            passthrough,
            content_handling: ContentHandling::new(declared.content_handling.as_deref())?,
            parameters: parameters::request(declared.request_parameters.as_ref())?,
        })
    }
}

/// A selection pattern that is no regular expression here.
#[derive(Debug)]
pub(super) struct Unselectable(pub(super) String);

impl ResponseMapping {
    /// The outer Err is what API Gateway refuses too. The inner one is a pattern that cannot be compiled: Java has
    /// look-around and backreferences, which are not here, so such a method fails closed rather than that its API is refused.
    pub(super) fn new(
        method: &Method,
        integration: &Integration,
    ) -> Result<Result<ResponseMapping, Unselectable>, String> {
        let mut declared: Vec<_> = integration.integration_responses.iter().collect();
        declared.sort_by_key(|(status, _)| *status);
        let mut responses = Vec::with_capacity(declared.len());
        for (status, declared) in declared {
            let place = |reason: String| format!("integration response {status}: {reason}");
            let pattern = match declared.selection_pattern.as_deref().filter(|pattern| !pattern.is_empty()) {
                None => None,
                Some(pattern) => match whole(pattern) {
                    Ok(regex) => Some(regex),
                    Err(error) => {
                        return Ok(Err(Unselectable(place(format!(
                            "selectionPattern `{pattern}` is not a valid regular expression here: {error}"
                        )))));
                    }
                },
            };
            responses.push(MappedResponse::new(method, status, declared, pattern).map_err(place)?);
        }
        Ok(Ok(ResponseMapping { responses }))
    }

    /// The response whose pattern matches all of `value`, or else the default one.
    pub(crate) fn select(&self, value: &str) -> Option<&MappedResponse> {
        let matching =
            |response: &&MappedResponse| response.pattern.as_ref().is_some_and(|pattern| pattern.is_match(value));
        let default = |response: &&MappedResponse| response.pattern.is_none();
        self.responses.iter().find(matching).or_else(|| self.responses.iter().find(default))
    }
}

impl MappedResponse {
    fn new(
        method: &Method,
        status: &str,
        declared: &IntegrationResponse,
        pattern: Option<Regex>,
    ) -> Result<Self, String> {
        let number = status.parse().ok().filter(|status: &StatusCode| (100..=599).contains(&status.as_u16()));
        let number = number.ok_or("the status code is no number from 100 to 599")?;
        // A status of 1xx cannot be an answer.
        let usable = number.as_u16() >= 200 && method.method_responses.contains_key(status);
        Ok(MappedResponse {
            pattern,
            status: usable.then_some(number),
            content_handling: ContentHandling::new(declared.content_handling.as_deref())?,
            parameters: parameters::response(declared.response_parameters.as_ref())?,
            templates: Templates::new("responseTemplates", declared.response_templates.as_ref())?,
        })
    }
}

/// The pattern as Java's `Matcher.matches` reads it: of the whole value, where a full stop is no end of a line. (Users of API
/// Gateway report whole matches; AWS does not document it.)
fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    // By itself first, so that an unbalanced group cannot close the one that anchors it.
    Regex::new(pattern)?;
    Regex::new(&format!(r"\A(?R:{pattern})\z"))
}
