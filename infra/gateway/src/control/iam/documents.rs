//! Policy documents: JSON of AWS's grammar, as far as IAM checks it when it is stored.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::super::call::ApiError;

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Who may assume a role: names principals and no resources.
    Trust,
    /// What may be done: names resources and no principals.
    Identity,
}

/// Checks a document.
///
/// # Errors
/// `MalformedPolicyDocument` with AWS's words and what is wrong.
pub(super) fn check(document: &str, purpose: Purpose) -> Result<(), ApiError> {
    let malformed = |message: String| ApiError::new("MalformedPolicyDocumentException", message);
    let parsed: Value =
        serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json".to_owned()))?;
    let Some(policy) = parsed.as_object() else { return Err(malformed("Syntax errors in policy.".to_owned())) };
    if let Some(unknown) = policy.keys().find(|key| !matches!(key.as_str(), "Version" | "Id" | "Statement")) {
        return Err(malformed(format!("Syntax error at the policy's field {unknown}")));
    }
    match policy.get("Version").map(Value::as_str) {
        None | Some(Some("2012-10-17" | "2008-10-17")) => {}
        Some(_) => return Err(malformed("Syntax errors in policy: Version must be 2012-10-17".to_owned())),
    }
    let statements: Vec<&Value> = match policy.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return Err(malformed("Syntax errors in policy: it has no Statement".to_owned())),
    };
    for statement in statements {
        let has = |field: &str| statement.get(field).is_some();
        match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow" | "Deny") => {}
            _ => return Err(malformed("Syntax errors in policy: Effect must be Allow or Deny".to_owned())),
        }
        if !has("Action") && !has("NotAction") {
            return Err(malformed("Policy statement must contain actions.".to_owned()));
        }
        let resources = has("Resource") || has("NotResource");
        let principals = has("Principal") || has("NotPrincipal");
        match purpose {
            Purpose::Trust if resources => return Err(malformed("Has prohibited field Resource".to_owned())),
            Purpose::Trust if !principals => {
                return Err(malformed("Missing required field Principal".to_owned()));
            }
            Purpose::Identity if principals => {
                return Err(malformed("Policy document should not specify a principal.".to_owned()));
            }
            Purpose::Identity if !resources => {
                return Err(malformed("Policy statement must contain resources.".to_owned()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What RFC 3986 leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A document as IAM answers it: percent-encoded, which SDKs decode.
pub(super) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, UNRESERVED).to_string()
}
