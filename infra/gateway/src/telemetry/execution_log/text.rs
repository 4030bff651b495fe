//! How AWS prints what it logs: maps as Java does, long values cut, secrets hidden.

use std::borrow::Cow;

/// Bytes of one line; what is longer is cut, and says so.
const MAX_LINE_BYTES: usize = 1_024;
const TRUNCATED: &str = " [TRUNCATED]";
/// As much of a body is looked at: what is cut off behind could not be shown, and secrets that reach into what is shown
/// are whole, since all headers of a request have 10,240 bytes at most.
const LOOKED_AT: usize = 16 * 1_024;
/// Characters of a secret that are shown, as AWS shows them.
const SHOWN_OF_SECRET: usize = 6;

/// Headers whose values are secrets.
const SECRET_HEADERS: [&str; 6] =
    ["authorization", "cookie", "proxy-authorization", "set-cookie", "x-amz-security-token", "x-api-key"];

/// Whether a header's value is a secret.
pub(super) fn is_secret(header: &str) -> bool {
    SECRET_HEADERS.iter().any(|secret| header.eq_ignore_ascii_case(secret))
}

/// A line of no more than AWS's length.
pub(super) fn cut(mut text: String) -> String {
    if text.len() > MAX_LINE_BYTES {
        text.truncate(text.floor_char_boundary(MAX_LINE_BYTES));
        text.push_str(TRUNCATED);
    }
    text
}

/// A body as text, as much of it as a line can need.
pub(crate) fn shown(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.get(..LOOKED_AT).unwrap_or(bytes))
}

/// A secret with asterisks for all but its last characters: `****************afc190`, `**er`.
pub(crate) fn masked(secret: &str) -> String {
    let count = secret.chars().count();
    let hidden = count - (count / 2).min(SHOWN_OF_SECRET);
    secret.chars().enumerate().map(|(at, letter)| if at < hidden { '*' } else { letter }).collect()
}

/// A map as Java prints one: `{a=b, c=d}`.
pub(crate) fn java_map<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::from("{");
    for (name, value) in entries {
        if text.len() > 1 {
            text.push_str(", ");
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    text.push('}');
    text
}

/// Headers as a map, with their secrets hidden.
pub(crate) fn shown_headers<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let shown: Vec<(&str, Cow<'_, str>)> = headers
        .into_iter()
        .map(|(name, value)| (name, if is_secret(name) { Cow::Owned(masked(value)) } else { Cow::Borrowed(value) }))
        .collect();
    java_map(shown.iter().map(|(name, value)| (*name, &**value)))
}

/// `content-type` → `Content-Type`
pub(crate) fn title_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_javas() {
        assert_eq!(java_map([]), "{}");
        assert_eq!(java_map([("a", "b"), ("c", "d")]), "{a=b, c=d}");
        assert_eq!(
            shown_headers([("Accept", "*/*"), ("X-Api-Key", "0123456789abcdef")]),
            "{Accept=*/*, X-Api-Key=**********abcdef}"
        );
    }

    #[test]
    fn words_of_a_header_begin_with_capitals() {
        assert_eq!(
            ["content-type", "x-amzn-trace-id", "", "-"].map(title_case),
            ["Content-Type", "X-Amzn-Trace-Id", "", "-"]
        );
    }

    #[test]
    fn secrets_show_their_end() {
        let cases =
            [("", ""), ("u", "*"), ("user", "**er"), ("allow", "***ow"), ("0123456789abcdef", "**********abcdef")];
        for (secret, shown) in cases {
            assert_eq!(masked(secret), shown);
        }
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        assert_eq!(cut("x".repeat(1_024)).len(), 1_024);
        let long = cut("é".repeat(2_000));
        assert!(long.ends_with("é [TRUNCATED]") && long.len() == 1_024 + TRUNCATED.len());
        assert_eq!(shown(&[b'a', 0xff]), "a\u{fffd}");
        assert_eq!(shown(&vec![b'a'; 1_000_000]).len(), LOOKED_AT);
    }
}
