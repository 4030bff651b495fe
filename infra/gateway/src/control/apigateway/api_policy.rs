//! Resource policies of REST APIs as AWS keeps and shows them.

use serde_json::Value;

use super::super::call::ApiError;
use super::super::world::World;
use super::errors::bad_request;
use crate::authorize::ResourcePolicy;

/// A policy as it is kept: compact, with short resources (`execute-api:/stage/GET/*`) written out. `None` for an empty
/// one, which removes the policy.
///
/// # Errors
/// `BadRequestException` where it is no policy, which AWS says without the reason in brackets.
pub(super) fn checked(policy: &str, world: &World, api_id: &str) -> Result<Option<String>, ApiError> {
    if policy.trim().is_empty() {
        return Ok(None);
    }
    let invalid = |reason: &str| {
        let message = "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.";
        bad_request(format!("{message} ({reason})"))
    };
    ResourcePolicy::parse(policy).map_err(|reason| invalid(&reason))?;
    let mut document: Value = serde_json::from_str(policy).map_err(|error| invalid(&error.to_string()))?;
    let statements = match document.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.iter_mut().collect(),
        Some(statement) => vec![statement],
        None => Vec::new(),
    };
    for statement in statements {
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
