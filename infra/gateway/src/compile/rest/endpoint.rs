//! The URI of an `HTTP` or `HTTP_PROXY` integration, taken apart once for each stage: a request puts its values in and nothing
//! else.
//!
//! `${stageVariables.x}` is replaced at deployment, `{name}` by the request's value of `integration.request.path.name`. A
//! value cannot leave the part of the URI that its placeholder is in: what would end that part is percent-encoded, and what
//! was percent-encoded by the client stays as it was sent, so that a backend sees `%2F` where the client wrote it.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::Uri;
use indexmap::IndexMap;

use super::super::lambda_arn::substitute;

/// Where requests go.
#[derive(Debug)]
pub(crate) struct Endpoint {
    parts: Vec<Part>,
    /// What comes between it and the first pair of a request's query.
    separator: &'static str,
    /// It has no placeholders: this is the whole of it.
    fixed: Option<Uri>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder { name: String, place: Place },
}

/// Which characters a value may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Authority,
    Path,
    Query,
}

/// The URI is none; the text says why and is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InvalidEndpoint(pub(crate) String);

impl Endpoint {
    /// Takes `uri` apart.
    pub(crate) fn new(uri: &str, variables: &IndexMap<String, String>) -> Result<Self, InvalidEndpoint> {
        let (resolved, _) = substitute(uri, variables);
        let invalid = |why: &str| InvalidEndpoint(format!("`{uri}` {why}"));
        let (scheme, rest) =
            resolved.split_once("://").ok_or_else(|| invalid("is not of the form http://host/path"))?;
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err(invalid("is neither http nor https"));
        }
        // A fragment is never sent.
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (before_query, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let (authority, path) = before_query.split_at(before_query.find('/').unwrap_or(before_query.len()));
        if authority.is_empty() || authority.contains('@') {
            return Err(invalid("has no host, or names a user with it"));
        }
        let mut parts = Vec::new();
        push(&mut parts, &format!("{scheme}://"));
        split(&mut parts, authority, Place::Authority);
        split(&mut parts, if path.is_empty() { "/" } else { path }, Place::Path);
        if let Some(query) = query {
            push(&mut parts, "?");
            split(&mut parts, query, Place::Query);
        }
        let separator = match query {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        };
        let mut endpoint = Endpoint { parts, separator, fixed: None };
        if let [Part::Text(_)] = endpoint.parts.as_slice() {
            endpoint.fixed = Some(endpoint.uri(|_| None, &[]).map_err(|error| invalid(&error.0))?);
        }
        Ok(endpoint)
    }

    /// The URI with the values that `value` has for placeholders, and with these decoded pairs after its own query. A
    /// placeholder that no value is mapped to stays as it is written; one whose value the request does not have is empty,
    /// and `value` gives an empty one for it.
    pub(crate) fn uri<'v>(
        &self,
        value: impl Fn(&str) -> Option<Cow<'v, str>>,
        query: &[(Cow<'_, str>, Cow<'_, str>)],
    ) -> Result<Uri, InvalidEndpoint> {
        if let (Some(fixed), []) = (&self.fixed, query) {
            return Ok(fixed.clone());
        }
        let mut uri = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => uri.push_str(text),
                Part::Placeholder { name, place } => match value(name) {
                    Some(value) => put(&mut uri, &value, *place)?,
                    None => put(&mut uri, &format!("{{{name}}}"), *place)?,
                },
            }
        }
        let mut separator = self.separator;
        for (name, value) in query {
            uri.push_str(separator);
            separator = "&";
            encode(&mut uri, name, is_unreserved);
            uri.push('=');
            encode(&mut uri, value, is_unreserved);
        }
        let parsed: Uri = uri.parse().map_err(|error| InvalidEndpoint(format!("is no URI: {error}")))?;
        match parsed.host() {
            Some(host) if !host.is_empty() => Ok(parsed),
            _ => Err(InvalidEndpoint("has no host".to_owned())),
        }
    }
}

/// Adds text, to the last part if that is text too.
fn push(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Text(last)) => last.push_str(text),
        _ if text.is_empty() => {}
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

/// Adds `text` with its placeholders, encoded where a URI asks for it.
fn split(parts: &mut Vec<Part>, text: &str, place: Place) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else { break };
        push_encoded(parts, before, place);
        parts.push(Part::Placeholder { name: name.trim_end_matches('+').to_owned(), place });
        rest = tail;
    }
    push_encoded(parts, rest, place);
}

fn push_encoded(parts: &mut Vec<Part>, text: &str, place: Place) {
    let mut encoded = String::with_capacity(text.len());
    match place {
        // A host is checked when the URI is whole.
        Place::Authority => encoded.push_str(text),
        Place::Path | Place::Query => encode_keeping(&mut encoded, text, |byte| is_path(byte) || byte == b'?'),
    }
    push(parts, &encoded);
}

/// Adds a request's value.
fn put(uri: &mut String, value: &str, place: Place) -> Result<(), InvalidEndpoint> {
    match place {
        Place::Authority => {
            let ok = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
            if !value.bytes().all(ok) {
                return Err(InvalidEndpoint("has a value in its host that is none of a host's".to_owned()));
            }
            uri.push_str(value);
        }
        Place::Path => encode_keeping(uri, value, is_path),
        Place::Query => {
            encode_keeping(uri, value, |byte| is_path(byte) && !matches!(byte, b'&' | b'=' | b'+' | b';'));
        }
    }
    Ok(())
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// What may stand in a path as it is (RFC 3986, section 3.3), with the slash.
fn is_path(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@/".contains(&byte)
}

/// Percent-encodes every byte that is not `ok`.
fn encode(uri: &mut String, text: &str, ok: impl Fn(u8) -> bool) {
    for byte in text.bytes() {
        match ok(byte) {
            true => uri.push(char::from(byte)),
            // Writing to a String cannot fail.
            false => drop(write!(uri, "%{byte:02X}")),
        }
    }
}

/// The same, but `%XX` stays what it is.
fn encode_keeping(uri: &mut String, text: &str, ok: impl Fn(u8) -> bool) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        encode(uri, before, &ok);
        let escape = after.get(..2).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        uri.push_str(if escape.is_some() { "%" } else { "%25" });
        rest = after;
    }
    encode(uri, rest, &ok);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(uri: &str) -> Endpoint {
        let variables = [("host", "127.0.0.1:80"), ("path", "a/b"), ("query", "v=1")];
        Endpoint::new(uri, &variables.map(|(n, v)| (n.to_owned(), v.to_owned())).into_iter().collect()).unwrap()
    }

    fn uri(template: &str, value: &str, query: &[(&str, &str)]) -> Result<String, InvalidEndpoint> {
        let query: Vec<_> = query.iter().map(|(n, v)| (Cow::Borrowed(*n), Cow::Borrowed(*v))).collect();
        let value = |name: &str| (name == "x").then(|| Cow::Owned(value.to_owned()));
        endpoint(template).uri(value, &query).map(|uri| uri.to_string())
    }

    #[test]
    fn variables_and_values_are_put_in() {
        for (template, value, expected) in [
            ("http://h", "", "http://h/"),
            ("HTTPS://h:8443/a?b=c#d", "", "https://h:8443/a?b=c"),
            ("http://${stageVariables.host}/${stageVariables.path}/{x}", "1", "http://127.0.0.1:80/a/b/1"),
            ("http://h/p?${stageVariables.query}", "", "http://h/p?v=1"),
            ("http://h/${stageVariables.none}/{x}", "", "http://h//"),
            ("http://{x}.h/", "tenant-1", "http://tenant-1.h/"),
            ("http://h/a b/é|/{x}", "é", "http://h/a%20b/%C3%A9%7C/%C3%A9"),
            ("http://h/{y}/{x", "", "http://h/%7By%7D/%7Bx"),
            ("http://h/{x+}", "a/b", "http://h/a/b"),
        ] {
            assert_eq!(uri(template, value, &[]).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn a_value_stays_in_its_part_of_the_uri() {
        for (value, path, query) in [
            ("a/b", "a/b", "a/b"),
            ("a%2Fb%2e%2e", "a%2Fb%2e%2e", "a%2Fb%2e%2e"),
            ("../../x", "../../x", "../../x"),
            ("?admin=1#f", "%3Fadmin=1%23f", "%3Fadmin%3D1%23f"),
            ("a&b=c+d;e", "a&b=c+d;e", "a%26b%3Dc%2Bd%3Be"),
            ("100%", "100%25", "100%25"),
            ("%zz%4", "%25zz%254", "%25zz%254"),
            ("a b\r\nHost: evil", "a%20b%0D%0AHost:%20evil", "a%20b%0D%0AHost:%20evil"),
            ("\u{0}", "%00", "%00"),
        ] {
            assert_eq!(uri("http://h/{x}/z", value, &[]).unwrap(), format!("http://h/{path}/z"), "{value:?}");
            assert_eq!(uri("http://h/?q={x}&z", value, &[]).unwrap(), format!("http://h/?q={query}&z"), "{value:?}");
        }
        for value in ["evil.example/", "a@evil.example", "evil.example#", "a?b", "a b", "%2F", "[", "é"] {
            assert!(uri("http://{x}.internal/", value, &[]).is_err(), "{value}");
        }
    }

    #[test]
    fn queries_are_added_to_the_uris_own() {
        let pairs = [("a", "1"), ("a", "x y&z=ü+"), ("", "")];
        let added = "a=1&a=x%20y%26z%3D%C3%BC%2B&=";
        for (template, expected) in [
            ("http://h/p", format!("http://h/p?{added}")),
            ("http://h", format!("http://h/?{added}")),
            ("http://h/p?", format!("http://h/p?{added}")),
            ("http://h/p?own=1", format!("http://h/p?own=1&{added}")),
        ] {
            assert_eq!(uri(template, "", &pairs).unwrap(), expected, "{template}");
        }
    }

    #[test]
    fn what_is_no_endpoint_is_told() {
        for invalid in
            ["", "h", "ftp://h/", "file:///etc/passwd", "http://", "http:///p", "http://u:p@h/", "http://h h/"]
        {
            assert!(Endpoint::new(invalid, &IndexMap::new()).is_err(), "{invalid}");
        }
        let empty = Endpoint::new("http://${stageVariables.host}/x", &IndexMap::new());
        assert!(empty.unwrap_err().to_string().contains("${stageVariables.host}"));
    }
}
