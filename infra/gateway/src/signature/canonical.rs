//! The canonical form of a request: the text that a signature of version 4 is made of.
//!
//! Where AWS's description leaves room, botocore decides: a path is normalised and encoded once more (all services but S3),
//! a query is sorted as it was sent. SDKs that take a query apart before they sign encode it anew; that is the second of
//! two forms, and both stand for the same parameters.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What RFC 3986 leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same within a path, whose slashes part it.
const IN_PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// How the client has written the parameters that it signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryForm {
    /// Sorted as sent (botocore).
    AsSent,
    /// Decoded, `+` as a space, and encoded by RFC 3986 (the SDKs for Rust, JavaScript, …). Empty pairs are none.
    Encoded,
}

/// The parts of a request that a signature covers.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The verb.
    pub method: &'a str,
    /// The path as sent.
    pub path: &'a str,
    /// The query as sent, without `?`.
    pub query: &'a str,
    /// How the parameters were written.
    pub form: QueryForm,
    /// All header fields, in any case.
    pub headers: &'a [(String, String)],
    /// The names of those that are signed: lower case, sorted.
    pub signed_headers: &'a [String],
    /// The body's hash, or `UNSIGNED-PAYLOAD`.
    pub payload_hash: &'a str,
}

/// The canonical request. The parameter `X-Amz-Signature`, which cannot sign itself, is left out.
///
/// As long as the request with every byte encoded at worst.
pub fn canonical_request(parts: &Parts<'_>) -> String {
    let mut text = String::with_capacity(256 + parts.path.len() + parts.query.len());
    text.push_str(parts.method);
    text.push('\n');
    path(&mut text, parts.path);
    text.push('\n');
    query(&mut text, parts.query, parts.form);
    text.push('\n');
    for name in parts.signed_headers {
        text.push_str(name);
        text.push(':');
        let fields = parts.headers.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        for (position, (_, value)) in fields.enumerate() {
            if position > 0 {
                text.push(',');
            }
            // Runs of blanks are one.
            for (position, word) in value.split_ascii_whitespace().enumerate() {
                if position > 0 {
                    text.push(' ');
                }
                text.push_str(word);
            }
        }
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&parts.signed_headers.join(";"));
    text.push('\n');
    text.push_str(parts.payload_hash);
    text
}

/// Whether a path has segments that name other ones. They vanish from the canonical form, but not from what is routed: a
/// signature of such a path would be good for another resource.
pub(super) fn has_dot_segments(path: &str) -> bool {
    path.split('/').any(|segment| segment == "." || segment == "..")
}

/// Without empty and dot segments, and encoded once more.
fn path(text: &mut String, path: &str) {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    text.push('/');
    for (position, segment) in segments.iter().enumerate() {
        if position > 0 {
            text.push('/');
        }
        // Writing into a string cannot fail.
        let _ = write!(text, "{}", utf8_percent_encode(segment, IN_PATH));
    }
    if path.ends_with('/') && !segments.is_empty() {
        text.push('/');
    }
}

fn query(text: &mut String, query: &str, form: QueryForm) {
    if query.is_empty() {
        return;
    }
    let encoded = |part: &str| -> String {
        let spaced = part.replace('+', " ");
        let decoded: Vec<u8> = percent_decode_str(&spaced).collect();
        percent_encoding::percent_encode(&decoded, UNRESERVED).to_string()
    };
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = query
        .split('&')
        .filter(|pair| form == QueryForm::AsSent || !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match form {
                QueryForm::AsSent => (name.into(), value.into()),
                QueryForm::Encoded => (encoded(name).into(), encoded(value).into()),
            }
        })
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort_unstable();
    for (position, (name, value)) in pairs.iter().enumerate() {
        if position > 0 {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(path: &str, query: &str, form: QueryForm) -> (String, String) {
        let parts = Parts { method: "GET", path, query, form, headers: &[], signed_headers: &[], payload_hash: "hash" };
        let text = canonical_request(&parts);
        let mut lines = text.split('\n').skip(1).map(str::to_owned);
        (lines.next().unwrap(), lines.next().unwrap())
    }

    #[test]
    fn paths_are_normalised_and_encoded_once_more() {
        for (path, expected) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a/b", "/a/b"),
            ("/a//b/", "/a/b/"),
            ("/a/./b/../c", "/a/c"),
            ("/../a", "/a"),
            ("/a%2Fb", "/a%252Fb"),
            ("/a%252Fb", "/a%25252Fb"),
            ("/~a!*'()@", "/~a%21%2A%27%28%29%40"),
            ("/é", "/%C3%A9"),
        ] {
            assert_eq!(canonical(path, "", QueryForm::AsSent).0, expected, "{path}");
        }
    }

    #[test]
    fn a_query_is_sorted_as_sent_or_encoded_anew() {
        for (query, as_sent, encoded) in [
            ("b=2&a=2&a=1", "a=1&a=2&b=2", "a=1&a=2&b=2"),
            ("a&b=", "a=&b=", "a=&b="),
            ("a=1&&", "=&=&a=1", "a=1"),
            ("a=1+2", "a=1+2", "a=1%202"),
            ("a=%2f/", "a=%2f/", "a=%2F%2F"),
            ("a=%2B", "a=%2B", "a=%2B"),
            ("a=b=c", "a=b=c", "a=b%3Dc"),
            ("a=%zz%", "a=%zz%", "a=%25zz%25"),
            ("a-b=1&a=2&A=3", "A=3&a=2&a-b=1", "A=3&a=2&a-b=1"),
            ("a=1&X-Amz-Signature=f", "a=1", "a=1"),
        ] {
            assert_eq!(canonical("/", query, QueryForm::AsSent).1, as_sent, "{query}");
            assert_eq!(canonical("/", query, QueryForm::Encoded).1, encoded, "{query}");
        }
    }

    /// Whatever is sent has a canonical form of so many lines, whose length is bounded by what was sent.
    #[test]
    fn any_path_and_query_has_a_form() {
        let mut random = fastrand::Rng::with_seed(4);
        for _ in 0..5_000 {
            let mut text = |alphabet: &str| -> String {
                let letters: Vec<char> = alphabet.chars().collect();
                (0..random.usize(..24)).map(|_| letters[random.usize(..letters.len())]).collect()
            };
            let (path, query) = (text("/.a%2fé~ +"), text("&=+%2fFéa;/."));
            for form in [QueryForm::AsSent, QueryForm::Encoded] {
                let (path_form, query_form) = canonical(&format!("/{path}"), &query, form);
                assert!(path_form.starts_with('/') && path_form.len() <= 3 * path.len() + 1, "{path} {path_form}");
                assert!(
                    !path_form.contains("//") && !path_form.split('/').any(|s| s == "." || s == ".."),
                    "{path_form}"
                );
                assert!(query_form.len() <= 4 * query.len() + 1, "{query} {query_form}");
                let names: Vec<_> = query_form.split('&').map(|pair| pair.split_once('=')).collect();
                assert!(query_form.is_empty() || names.is_sorted(), "{query_form}");
            }
            // The form of an encoded query is the same, however its pairs are ordered.
            let turned: Vec<_> = query.rsplit('&').collect();
            let turned = canonical("/", &turned.join("&"), QueryForm::Encoded).1;
            assert_eq!(turned, canonical("/", &query, QueryForm::Encoded).1);
        }
    }

    #[test]
    fn headers_of_a_name_are_joined_and_their_blanks_folded() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = [field("X-A", "  1   2 "), field("Host", "h"), field("x-a", "3"), field("X-B", "no")];
        let signed = ["host".to_owned(), "x-a".to_owned(), "x-none".to_owned()];
        let parts = Parts {
            method: "GET",
            path: "/",
            query: "",
            form: QueryForm::AsSent,
            headers: &headers,
            signed_headers: &signed,
            payload_hash: "UNSIGNED-PAYLOAD",
        };
        let text = canonical_request(&parts);
        assert_eq!(text, "GET\n/\n\nhost:h\nx-a:1 2,3\nx-none:\n\nhost;x-a;x-none\nUNSIGNED-PAYLOAD");
    }
}
