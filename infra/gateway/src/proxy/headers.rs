//! API Gateway's table of the headers that it does not simply pass on, between a client and what a method is integrated with.
//!
//! From the developer guide ("Amazon API Gateway important notes"), with what recordings of AWS add to it: `HTTP_PROXY` remaps
//! `Content-Length` and `x-amzn-RequestId` too, and the non-proxy types remap what is mapped to a header that only the
//! connection may have.

use http::HeaderName;

/// What a method is integrated with, as far as the table tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integrated {
    /// `HTTP`, and `AWS` likewise.
    Http,
    /// `HTTP_PROXY`
    HttpProxy,
    /// `AWS_PROXY`
    LambdaProxy,
}

/// What becomes of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pass,
    Drop,
    /// Sent as `x-amzn-Remapped-{name}`.
    Remap,
}
use Fate::{Drop as D, Pass as P, Remap as R};

/// By lower-case name: to the integration, and to the client, each of `HTTP`, `HTTP_PROXY` and `AWS_PROXY`. What is not here
/// passes. A `Content-Length` that is dropped is written anew.
const TABLE: [(&str, [Fate; 3], [Fate; 3]); 21] = [
    ("accept", [P, P, P], [D, P, P]),
    ("authorization", [P, P, P], [R, R, R]),
    ("connection", [P, P, D], [R, R, R]),
    ("content-encoding", [P, D, P], [P, P, P]),
    ("content-length", [D, D, D], [D, R, D]),
    ("content-md5", [D, D, D], [R, R, R]),
    ("date", [P, P, P], [R, R, R]),
    ("expect", [D, D, D], [R, D, D]),
    // An endpoint has a host of its own; a function sees the API's.
    ("host", [D, D, P], [R, D, D]),
    // Not in AWS's table; of one connection alone, as HTTP has it.
    ("keep-alive", [D, D, P], [P, D, P]),
    ("max-forwards", [D, D, D], [R, R, R]),
    ("proxy-authenticate", [D, D, D], [R, D, D]),
    ("server", [D, D, D], [R, R, R]),
    ("te", [D, D, D], [D, D, D]),
    ("trailer", [D, D, D], [R, D, D]),
    ("transfer-encoding", [D, D, D], [D, D, D]),
    ("upgrade", [D, D, D], [R, D, D]),
    ("user-agent", [P, P, P], [R, R, R]),
    ("via", [D, D, P], [P, D, D]),
    ("www-authenticate", [D, D, D], [R, R, R]),
    ("x-amzn-requestid", [P, P, P], [P, R, P]),
];

/// Those that the gateway writes itself on the way to the integration, whatever the client has sent.
const OWN: [&str; 4] = ["x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"];

fn row(name: &str) -> Option<&'static (&'static str, [Fate; 3], [Fate; 3])> {
    TABLE.iter().find(|(listed, ..)| name.eq_ignore_ascii_case(listed))
}

/// Whether a client's header goes on to the integration as it is.
pub(crate) fn passes_to(integrated: Integrated, name: &str) -> bool {
    !OWN.iter().any(|own| name.eq_ignore_ascii_case(own))
        && row(name).is_none_or(|(_, to, _)| to[integrated as usize] == Fate::Pass)
}

/// The name under which the client is sent a header of the integration's; none if it is not sent.
pub(crate) fn name_for_client(integrated: Integrated, name: HeaderName) -> Option<HeaderName> {
    match row(name.as_str()).map_or(Fate::Pass, |(.., from)| from[integrated as usize]) {
        Fate::Pass => Some(name),
        Fate::Drop => None,
        // A name with a prefix of a name's characters is a name.
        Fate::Remap => HeaderName::try_from(format!("x-amzn-remapped-{name}")).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_is_its_own() {
        use Integrated::{Http, HttpProxy, LambdaProxy};
        let passes = |name: &str| [Http, HttpProxy, LambdaProxy].map(|to| passes_to(to, name));
        assert_eq!(passes("Content-Encoding"), [true, false, true]);
        assert_eq!(passes("HOST"), [false, false, true]);
        assert_eq!(passes("X-Forwarded-For"), [false; 3]);
        assert_eq!(passes("Content-Type"), [true; 3]);

        let client = |name: &'static str| {
            let name = HeaderName::from_static(name);
            [Http, HttpProxy, LambdaProxy].map(|from| name_for_client(from, name.clone()).map(|name| name.to_string()))
        };
        let remapped = |name: &str| Some(format!("x-amzn-remapped-{name}"));
        assert_eq!(client("content-length"), [None, remapped("content-length"), None]);
        assert_eq!(client("via"), [Some("via".to_owned()), None, None]);
        assert_eq!(client("date"), [remapped("date"), remapped("date"), remapped("date")]);
        assert_eq!(client("set-cookie")[0], Some("set-cookie".to_owned()));
    }
}
