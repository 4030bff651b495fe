//! Resource policies of REST APIs as AWS keeps and shows them.

use serde_json::Value;

use super::super::call::ApiError;
use super::super::world::World;
use super::errors::bad_request;

/// A policy as it is kept: compact, with short resources (`execute-api:/stage/GET/*`) written out. `None` for an empty
/// one, which removes the policy.
///
/// # Errors
/// `BadRequestException` where it is no policy.
pub(super) fn checked(policy: &str, world: &World, api_id: &str) -> Result<Option<String>, ApiError> {
    if policy.trim().is_empty() {
        return Ok(None);
    }
    let invalid =
        || bad_request("Invalid policy document. Please check the policy syntax and ensure that Principals are valid.");
    let mut document: Value = serde_json::from_str(policy).map_err(|_| invalid())?;
    let statements = match document.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.iter_mut().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return Err(invalid()),
    };
    for statement in statements {
        let effect = statement.get("Effect").and_then(Value::as_str);
        let has = |names: [&str; 2]| names.iter().any(|name| statement.get(name).is_some());
        if !matches!(effect, Some("Allow" | "Deny"))
            || !has(["Principal", "NotPrincipal"])
            || !has(["Action", "NotAction"])
        {
            return Err(invalid());
        }
        for name in ["Resource", "NotResource"] {
            match statement.get_mut(name) {
                Some(Value::Array(resources)) => {
                    resources.iter_mut().for_each(|resource| written_out(resource, world, api_id));
                }
                Some(resource) => written_out(resource, world, api_id),
                None => {}
            }
        }
    }
    Ok(Some(document.to_string()))
}

fn written_out(resource: &mut Value, world: &World, api_id: &str) {
    let short = resource.as_str().and_then(|text| text.strip_prefix("execute-api:/"));
    if let Some(rest) = short {
        *resource = world.arn("execute-api", &format!("{api_id}/{rest}")).into();
    }
}

/// A policy as it is shown: AWS escapes it once more than JSON needs, and clients undo that.
pub(super) fn shown(policy: &str) -> String {
    let quoted = Value::from(policy).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
