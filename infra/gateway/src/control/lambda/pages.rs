//! Long lists, a page at a time.

use serde_json::{Map, Value};

use super::super::call::{ApiError, Call, Output};
use super::invalid;

/// What AWS gives at a time where a request does not say.
const DEFAULT_PAGE: usize = 50;

/// The part of `items` that `Marker` and `MaxItems` ask for, as the output's `member`, with `NextMarker` if there is more.
pub(super) fn page(call: &Call<'_>, member: &str, items: Vec<Value>) -> Result<Output, ApiError> {
    let begin: usize = match call.optional_text("Marker").filter(|marker| !marker.is_empty()) {
        Some(marker) => marker.parse().map_err(|_| invalid("Invalid marker"))?,
        None => 0,
    };
    let size = call.integer("MaxItems").and_then(|size| usize::try_from(size).ok()).unwrap_or(DEFAULT_PAGE);
    let more = items.len() > begin.saturating_add(size);
    let mut members = Map::new();
    members.insert(member.to_owned(), items.into_iter().skip(begin).take(size).collect());
    if more {
        members.insert("NextMarker".to_owned(), (begin + size).to_string().into());
    }
    Ok(Output { members, ..Output::default() })
}
