//! Whether parameter mappings are what API Gateway takes, with its own messages.

use std::collections::HashSet;

use super::super::call::ApiError;
use super::errors::bad_request;

/// The three places of a request that have parameters.
const REQUEST: [&str; 3] = ["method.request.querystring.", "method.request.path.", "method.request.header."];

fn refused(error: &str) -> ApiError {
    bad_request(format!("Invalid mapping expression specified: Validation Result: warnings : [], errors : [{error}]"))
}

/// A name that is not one of a parameter.
pub(super) fn not_a_target(name: &str) -> ApiError {
    refused(&format!("Invalid mapping expression parameter specified: {name}"))
}

/// A source that there is not.
pub(super) fn not_a_source(expression: &str) -> ApiError {
    refused(&format!("Invalid mapping expression specified: {expression}"))
}

/// A response's parameters without the response.
pub(super) fn no_method_response() -> ApiError {
    refused("No method response exists for method.")
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$' | '-'))
}

/// The names of mapped parameters, each with one of the prefixes.
///
/// # Errors
/// `BadRequestException` for the first that has none.
pub(super) fn check_targets<'a>(names: impl Iterator<Item = &'a String>, prefixes: &[&str]) -> Result<(), ApiError> {
    for name in names {
        if !prefixes.iter().any(|prefix| name.strip_prefix(prefix).is_some_and(is_name)) {
            return Err(not_a_target(name));
        }
    }
    Ok(())
}

/// The parameters that a method declares.
///
/// # Errors
/// `BadRequestException` for the first of a wrong form, and for a name in two places.
pub(super) fn check_declared<'a>(names: impl Iterator<Item = &'a String> + Clone) -> Result<(), ApiError> {
    check_targets(names.clone(), &REQUEST)?;
    let mut seen = HashSet::new();
    for name in names {
        let bare = REQUEST.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        if !seen.insert(bare) {
            return Err(bad_request("Parameter names must be unique across querystring, header and path"));
        }
    }
    Ok(())
}

/// Whether an integration's request can take a value from `source`. `declared` are the method's own parameters.
pub(super) fn is_request_source(source: &str, declared: impl Fn(&str) -> bool) -> bool {
    if let Some(rest) = source.strip_prefix("method.request.") {
        // The multi-value forms read what is declared in the plain one.
        let single =
            source.replacen("multivaluequerystring", "querystring", 1).replacen("multivalueheader", "header", 1);
        return rest == "body" || rest.starts_with("body.") || rest.starts_with("body[") || declared(&single);
    }
    is_constant(source)
}

/// Whether a method's response can take a value from `source`.
pub(super) fn is_response_source(source: &str) -> bool {
    if let Some(rest) = source.strip_prefix("integration.response.") {
        let named = |prefix| rest.strip_prefix(prefix).is_some_and(is_name);
        return rest == "body"
            || rest.starts_with("body.")
            || rest.starts_with("body[")
            || named("header.")
            || named("multivalueheader.");
    }
    is_constant(source)
}

fn is_constant(source: &str) -> bool {
    let quoted = source.len() >= 2 && source.starts_with('\'') && source.ends_with('\'');
    quoted || ["context.", "stageVariables."].iter().any(|prefix| source.strip_prefix(prefix).is_some_and(is_name))
}
