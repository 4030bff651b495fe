//! Lists in pages: `MaxResults` and `NextToken`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::call::{Call, Outcome, Output};
use super::errors::bad_request;

/// Items of a page unless the call says otherwise.
const PAGE: usize = 100;
/// The most that a call may ask for.
const MAX_PAGE: usize = 500;

/// One page of `items`, each with the id that orders it among the others; `view` is made of those on the page alone.
///
/// The token names the last item of a page, so that what is created or deleted meanwhile shifts nothing; where that one is
/// gone, the token is of no use any more.
///
/// # Errors
/// `BadRequestException` for a size or token that is none.
pub(super) fn page<'a, T: 'a>(
    call: &Call<'_>,
    items: impl Iterator<Item = (&'a str, T)>,
    view: impl Fn(T) -> Value,
) -> Outcome {
    let size = match call.optional_text("MaxResults") {
        None | Some("") => PAGE,
        Some(text) => match text.parse() {
            Ok(size @ 1..=MAX_PAGE) => size,
            _ => return Err(bad_request(format!("Invalid maxResults: {text} is no number from 1 to {MAX_PAGE}"))),
        },
    };
    let mut items = items.peekable();
    if let Some(token) = call.optional_text("NextToken").filter(|token| !token.is_empty()) {
        let invalid = || bad_request("Invalid nextToken specified");
        let after = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let after = after.ok_or_else(invalid)?;
        items.find(|(id, _)| *id == after).ok_or_else(invalid)?;
    }
    let (mut shown, mut last) = (Vec::new(), "");
    while shown.len() < size
        && let Some((id, item)) = items.next()
    {
        shown.push(view(item));
        last = id;
    }
    let next = items.peek().is_some().then(|| URL_SAFE_NO_PAD.encode(last));
    Output::of(json!({ "Items": shown, "NextToken": next }))
}
