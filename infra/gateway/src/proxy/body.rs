//! Bodies in events and replies: which are text, which are base64.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// API Gateway's bound of a request's body.
pub(crate) const MAX_BODY_BYTES: usize = 10_485_760;

/// `type/subtype` of a header: its first comma item, without parameters.
pub(crate) fn media_type(header: &str) -> &str {
    header.split([',', ';']).next().unwrap_or_default().trim()
}

/// `binaryMediaTypes` of a REST API.
#[derive(Clone, Debug, Default)]
pub(crate) struct BinaryMediaTypes {
    everything: bool,
    exact: Vec<String>,
    families: Vec<String>,
}

impl BinaryMediaTypes {
    /// Compiles the declared list. `*/*` is everything; `*/test` never matches anything, as recorded on AWS.
    pub(crate) fn new(declared: &[String]) -> Self {
        let mut types = BinaryMediaTypes::default();
        for declared in declared {
            let declared = declared.trim().to_ascii_lowercase();
            match declared.split_once('/') {
                Some(("*", "*")) => types.everything = true,
                Some(("*", _)) | None => {}
                Some((family, "*")) => types.families.push(format!("{family}/")),
                Some(_) => types.exact.push(declared),
            }
        }
        types
    }

    /// Whether a Content-Type or Accept header names a binary type. What the *client* writes with a star is taken
    /// literally.
    pub(crate) fn matches(&self, header: Option<&str>) -> bool {
        if self.everything {
            return true;
        }
        if self.exact.is_empty() && self.families.is_empty() {
            return false;
        }
        let sent = media_type(header.unwrap_or_default());
        let begins = |family: &String| {
            sent.get(..family.len()).is_some_and(|start| start.eq_ignore_ascii_case(family)) && !sent.ends_with("/*")
        };
        self.exact.iter().any(|exact| exact.eq_ignore_ascii_case(sent)) || self.families.iter().any(begins)
    }

    /// `body` and `isBase64Encoded` of an event.
    pub(crate) fn event_body<'a>(&self, body: &'a Bytes, content_type: Option<&str>) -> (Option<Cow<'a, str>>, bool) {
        if body.is_empty() {
            return (None, false);
        }
        match self.matches(content_type) {
            true => (Some(Cow::Owned(STANDARD.encode(body))), true),
            false => (Some(String::from_utf8_lossy(body)), false),
        }
    }
}

/// `body` and `isBase64Encoded` of an HTTP API's event: text for the text types, base64 for the rest and for text that
/// is not UTF-8. The list of text types, and that a body without a Content-Type is text, are what is reported of AWS, not
/// documented.
pub(crate) fn http_event_body<'a>(body: &'a Bytes, content_type: Option<&str>) -> (Option<Cow<'a, str>>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let sent = media_type(content_type.unwrap_or("text/plain")).to_ascii_lowercase();
    let text = sent.starts_with("text/")
        || matches!(sent.as_str(), "application/json" | "application/javascript" | "application/xml");
    match std::str::from_utf8(body) {
        Ok(body) if text => (Some(Cow::Borrowed(body)), false),
        _ => (Some(Cow::Owned(STANDARD.encode(body))), true),
    }
}

/// A function's base64 body as bytes; `None` if it is no base64.
pub(crate) fn decode_base64(body: &str) -> Option<Bytes> {
    STANDARD.decode(body.trim_ascii()).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(declared: &[&str]) -> BinaryMediaTypes {
        BinaryMediaTypes::new(&declared.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn binary_types_match_as_recorded() {
        let rows: [(&[&str], &str, bool); 10] = [
            (&["image/png"], "image/png", true),
            (&["image/png"], "IMAGE/PNG; q=1", true),
            (&["image/png"], "text/html, image/png", false),
            (&["image/png"], "image/*", false),
            (&["image/png"], "*/*", false),
            (&["image/*"], "image/webp,*/*;q=0.8", true),
            (&["image/*"], "text/plain", false),
            (&["*/test"], "image/test", false),
            (&["*/*"], "anything", true),
            (&[], "image/png", false),
        ];
        for (declared, sent, expected) in rows {
            assert_eq!(types(declared).matches(Some(sent)), expected, "{declared:?} {sent}");
        }
        assert!(types(&["*/*"]).matches(None));
        assert!(!types(&["image/*"]).matches(None));
    }

    #[test]
    fn event_bodies() {
        let binary = types(&["application/octet-stream"]);
        let body = Bytes::from_static(b"\xff\x00");
        assert_eq!(binary.event_body(&Bytes::new(), Some("application/octet-stream")), (None, false));
        assert_eq!(binary.event_body(&body, Some("application/octet-stream")), (Some("/wA=".into()), true));
        assert_eq!(binary.event_body(&body, Some("text/plain")), (Some("\u{FFFD}\u{0}".into()), false));
    }

    #[test]
    fn http_bodies() {
        let text = Bytes::from_static(b"{}");
        for kind in ["text/html; charset=utf-8", "application/json", "Application/XML", "application/javascript"] {
            assert_eq!(http_event_body(&text, Some(kind)), (Some("{}".into()), false), "{kind}");
        }
        for kind in ["application/x-www-form-urlencoded", "image/png", "application/octet-stream"] {
            assert_eq!(http_event_body(&text, Some(kind)), (Some("e30=".into()), true), "{kind}");
        }
        assert_eq!(http_event_body(&text, None), (Some("{}".into()), false));
        assert_eq!(http_event_body(&Bytes::from_static(b"\xff"), Some("text/plain")), (Some("/w==".into()), true));
    }
}
