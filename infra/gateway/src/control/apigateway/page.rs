//! Lists in pages: `limit` and `position`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Map, Value};

use super::super::call::{ApiError, Call, Outcome, Output};
use super::errors::bad_request;

/// Items of a page unless the caller says otherwise, and at most.
const DEFAULT: usize = 25;
const MOST: usize = 500;

/// The page of `items` that the caller asks for, each with the key by which a next page finds its place.
///
/// # Errors
/// For a `limit` below 1 or a `position` that no page gave.
pub(super) fn page<'a, T: 'a>(
    call: &Call<'_>,
    items: impl IntoIterator<Item = (&'a str, T)>,
    describe: impl Fn(T) -> Result<Value, ApiError>,
) -> Outcome {
    let limit = match call.integer("limit") {
        None => DEFAULT,
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| *limit > 0)
            .ok_or_else(|| bad_request("Invalid limit specified. Must be between 1 and 500"))?
            .min(MOST),
    };
    let items: Vec<_> = items.into_iter().collect();
    let start = match call.optional_text("position") {
        None | Some("") => 0,
        Some(position) => {
            let key = BASE64.decode(position).ok().and_then(|key| String::from_utf8(key).ok());
            let key = key.ok_or_else(|| bad_request("Invalid position specified"))?;
            // What was deleted since cannot be found; a caller who deletes what he lists has to see the rest, so that the
            // list starts again.
            items.iter().position(|(item, _)| *item == key).map_or(0, |at| at + 1)
        }
    };
    let rest = items.len().saturating_sub(start);
    let mut members = Map::new();
    if rest > limit {
        let last = items[start + limit - 1].0;
        members.insert("position".to_owned(), BASE64.encode(last).into());
    }
    let page: Vec<_> =
        items.into_iter().skip(start).take(limit).map(|(_, item)| describe(item)).collect::<Result<_, _>>()?;
    members.insert("items".to_owned(), Value::Array(page));
    Ok(Output { members, ..Output::default() })
}

/// A value as JSON.
///
/// # Errors
/// When it cannot be written, which is a mistake here.
pub(super) fn json(value: impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(value).map_err(ApiError::internal)
}
