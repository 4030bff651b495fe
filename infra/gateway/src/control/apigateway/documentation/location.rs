//! Which members a documentation part's location has, by its type.

use super::super::super::call::ApiError;
use super::super::errors::bad_request;
use crate::model::DocumentationPartLocation;

/// What a type's location may have: path, method, status code, name.
fn allowed(part_type: &str) -> [bool; 4] {
    match part_type {
        "RESOURCE" => [true, false, false, false],
        "METHOD" | "REQUEST_BODY" => [true, true, false, false],
        "PATH_PARAMETER" | "QUERY_PARAMETER" | "REQUEST_HEADER" => [true, true, false, true],
        "RESPONSE" | "RESPONSE_BODY" => [true, true, true, false],
        "RESPONSE_HEADER" => [true, true, true, true],
        "AUTHORIZER" | "MODEL" => [false, false, false, true],
        // `API`
        _ => [false, false, false, false],
    }
}

/// The location with AWS's defaults (`/`, `*`, `*`) for what is not said.
///
/// # Errors
/// For members that the type has not, and for a name that is missing.
pub(super) fn checked(mut location: DocumentationPartLocation) -> Result<DocumentationPartLocation, ApiError> {
    let part_type = location.part_type.clone();
    let [path, method, status_code, name] = allowed(&part_type);
    let fields = [
        ("path", path, &mut location.path, Some("/")),
        ("method", method, &mut location.method, Some("*")),
        ("statusCode", status_code, &mut location.status_code, Some("*")),
        ("name", name, &mut location.name, None),
    ];
    for (field, allowed, value, default) in fields {
        match (allowed, value.is_some(), default) {
            (false, true, _) => {
                return Err(bad_request(format!("Invalid documentation part location: {part_type} has no {field}")));
            }
            (true, false, None) => {
                return Err(bad_request(format!("Invalid documentation part location: {part_type} needs a {field}")));
            }
            (true, false, Some(default)) => *value = Some(default.to_owned()),
            _ => {}
        }
    }
    Ok(location)
}

/// For messages: `type 'METHOD', path '/pets', method 'GET'`.
pub(super) fn text(location: &DocumentationPartLocation) -> String {
    let mut text = format!("type '{}'", location.part_type);
    let fields = [
        ("path", &location.path),
        ("method", &location.method),
        ("statusCode", &location.status_code),
        ("name", &location.name),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            text += &format!(", {field} '{value}'");
        }
    }
    text
}
