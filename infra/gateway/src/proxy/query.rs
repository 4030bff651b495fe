//! Percent-decoding, and the query string as name and value pairs.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::maps::MultiMap;

/// The decoded name and value pairs of a query string, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct QueryPairs<'a>(pub(crate) Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> QueryPairs<'a> {
    /// Reads a query string, split at any of `separators`. A name without `=` has an empty value.
    pub(crate) fn parse(raw: &'a str, separators: &'static [char]) -> Self {
        if raw.is_empty() {
            return QueryPairs(Vec::new());
        }
        let pair = |pair: &'a str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode_form(name), decode_form(value))
        };
        QueryPairs(raw.split(separators).filter(|pair| !pair.is_empty()).map(pair).collect())
    }

    /// The pairs as events show them: by name, in exactly its spelling.
    pub(crate) fn by_name(&self) -> MultiMap<'_> {
        MultiMap::exact(self.0.iter().map(|(name, value)| (Cow::Borrowed(&**name), Cow::Borrowed(&**value))))
    }

    /// All pairs, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The last value of `name`.
    pub(crate) fn last(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, value)| &**value)
    }
}

/// `+` is a space and `%XX` a byte; what is not UTF-8 becomes U+FFFD.
fn decode_form(text: &str) -> Cow<'_, str> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

/// A path, or a part of one, percent-decoded. What would not be UTF-8 stays as it was sent, so that nothing is lost.
pub(crate) fn decode_path(path: &str) -> Cow<'_, str> {
    if path.contains('%') {
        percent_decode_str(path).decode_utf8().unwrap_or(Cow::Borrowed(path))
    } else {
        Cow::Borrowed(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(raw: &str) -> Vec<(String, String)> {
        QueryPairs::parse(raw, &['&']).0.into_iter().map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
    }

    #[test]
    fn queries_are_decoded() {
        let expected = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
        };
        assert_eq!(pairs(""), vec![]);
        assert_eq!(pairs("a=1&a=2&b"), expected(&[("a", "1"), ("a", "2"), ("b", "")]));
        assert_eq!(pairs("q=a+b%2Bc%20d&&=x"), expected(&[("q", "a b+c d"), ("", "x")]));
        assert_eq!(pairs("a=b=c&d=%C3%A9"), expected(&[("a", "b=c"), ("d", "é")]));
    }

    #[test]
    fn broken_escapes_never_panic() {
        assert_eq!(pairs("a=%FF%"), [("a".to_owned(), "\u{FFFD}%".to_owned())]);
        assert_eq!(decode_path("/a%2Fb%25%C3%A9"), "/a/b%é");
        assert_eq!(decode_path("/%FF%zz%"), "/%FF%zz%");
    }

    #[test]
    fn a_semicolon_splits_where_asked() {
        assert_eq!(QueryPairs::parse("a=1;b=2", &['&', ';']).last("b"), Some("2"));
    }
}
