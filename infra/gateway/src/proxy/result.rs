//! The parts of a function's result that the planes read alike: its status, and its headers, which are scalars or lists
//! in JSON, checked into what may be sent.

use ::http::{HeaderName, HeaderValue, StatusCode};
use indexmap::IndexMap;
use serde_json::Value;

/// `headers` or `multiValueHeaders` of a result.
pub(crate) type HeaderValues = IndexMap<String, Value>;

/// The result cannot be turned into a response; the text is for the log and quotes no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) String);

/// `statusCode`: an integer or a numeric string; 200 if there is none. What is not 200 to 599 cannot be a final answer.
pub(crate) fn status_code(value: Option<&Value>) -> Result<StatusCode, Malformed> {
    let number = match value {
        None | Some(Value::Null) => return Ok(StatusCode::OK),
        Some(Value::Number(number)) => number.as_u64().and_then(|n| u16::try_from(n).ok()),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    number
        .filter(|status| (200..=599).contains(status))
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or_else(|| Malformed("statusCode is no number from 200 to 599".to_owned()))
}

/// Whether a result looks like a JSON object: serde would read a struct from a list too.
pub(crate) fn is_object(result: &[u8]) -> bool {
    result.trim_ascii_start().first() == Some(&b'{')
}

/// Which JSON scalars are header values, as text.
fn scalar_text(value: &Value, numbers: bool) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Number(number) if numbers => Some(number.to_string()),
        _ => None,
    }
}

/// All header fields of a result: the lists of `multi` first, then `single`, so that where both name a header both are
/// sent, in that order. With `numbers` a number is a value too.
pub(crate) fn header_pairs(
    single: Option<HeaderValues>,
    multi: Option<HeaderValues>,
    numbers: bool,
) -> Result<Vec<(HeaderName, HeaderValue)>, Malformed> {
    let mut pairs = Vec::new();
    for (name, values) in multi.into_iter().flatten() {
        let Value::Array(values) = values else {
            return Err(Malformed(format!("multiValueHeaders.{name} is not a list")));
        };
        for value in &values {
            pairs.push(field(&name, value, numbers)?);
        }
    }
    for (name, value) in single.into_iter().flatten() {
        pairs.push(field(&name, &value, numbers)?);
    }
    Ok(pairs)
}

fn field(name: &str, value: &Value, numbers: bool) -> Result<(HeaderName, HeaderValue), Malformed> {
    let text = scalar_text(value, numbers).ok_or_else(|| Malformed(format!("header {name} is not a string")))?;
    let header =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| Malformed(format!("{name:?} is no header name")))?;
    let value = HeaderValue::from_str(&text)
        .or_else(|_| HeaderValue::from_bytes(text.as_bytes()))
        .map_err(|_| Malformed(format!("the value of header {name} cannot be sent")))?;
    Ok((header, value))
}
