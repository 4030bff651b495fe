//! Names with several values, and the forms in which events write them: the last value, all values, values joined.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::server::ClientRequest;

/// Values grouped by name, in the order in which the names first came.
#[derive(Clone, Debug, Default)]
pub(crate) struct MultiMap<'a>(Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>);

/// Up to here comparing names is quicker than hashing them; beyond it hashing keeps the time linear.
const FEW: usize = 32;

impl<'a> MultiMap<'a> {
    /// Groups by exact name.
    pub(crate) fn exact(pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Self {
        Self::group(pairs, |a, b| a == b, |name| name.to_owned())
    }

    /// Groups by name in any case; the first spelling is kept.
    pub(crate) fn ignoring_case(pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Self {
        Self::group(pairs, |a, b| a.eq_ignore_ascii_case(b), str::to_ascii_lowercase)
    }

    fn group(
        pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
        same: impl Fn(&str, &str) -> bool,
        key: impl Fn(&str) -> String,
    ) -> Self {
        let mut groups: Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)> = Vec::new();
        let mut index: HashMap<String, usize> = HashMap::new();
        for (name, value) in pairs {
            let found = if groups.len() <= FEW {
                groups.iter().position(|(n, _)| same(n, &name))
            } else {
                if index.is_empty() {
                    index.extend(groups.iter().enumerate().map(|(i, (n, _))| (key(n), i)));
                }
                index.get(&key(&name)).copied()
            };
            match found.and_then(|i| groups.get_mut(i)) {
                Some((_, values)) => values.push(value),
                None => {
                    if !index.is_empty() {
                        index.insert(key(&name), groups.len());
                    }
                    groups.push((name, vec![value]));
                }
            }
        }
        MultiMap(groups)
    }

    /// Adds a name that is known to be new.
    pub(crate) fn push(&mut self, name: &'static str, value: impl Into<Cow<'a, str>>) {
        self.0.push((Cow::Borrowed(name), vec![value.into()]));
    }

    /// Adds what API Gateway says of the way a request came, under the names of payload format 1.0, of which the
    /// client's own must not be there.
    pub(crate) fn push_forwarded(&mut self, request: &ClientRequest, trace: &'a str) {
        self.push("X-Amzn-Trace-Id", trace);
        self.push("X-Forwarded-For", forwarded_for(request));
        self.push("X-Forwarded-Port", request.port.to_string());
        self.push("X-Forwarded-Proto", forwarded_proto(request));
    }

    /// Every name with each of its values, for what looks up by itself.
    pub(crate) fn into_fields(self) -> Vec<(String, String)> {
        let fields = self.0.into_iter().flat_map(|(name, values)| {
            let name = name.into_owned();
            values.into_iter().map(move |value| (name.clone(), value.into_owned()))
        });
        fields.collect()
    }

    /// `None` if there is nothing, for events that write `null` or leave the field out.
    pub(crate) fn non_empty(&self) -> Option<&Self> {
        (!self.0.is_empty()).then_some(self)
    }

    /// Each name with its last value.
    pub(crate) fn last(&self) -> Last<'_> {
        Last(self)
    }

    /// Each name with the list of its values.
    pub(crate) fn all(&self) -> All<'_> {
        All(self)
    }

    /// Each name with its values joined by commas.
    pub(crate) fn joined(&self) -> Joined<'_> {
        Joined(self)
    }
}

/// See [`MultiMap::last`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Last<'a>(&'a MultiMap<'a>);
/// See [`MultiMap::all`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct All<'a>(&'a MultiMap<'a>);
/// See [`MultiMap::joined`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joined<'a>(&'a MultiMap<'a>);

impl Serialize for Last<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.0.iter().map(|(name, values)| (name, values.last())))
    }
}

impl Serialize for All<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.0.iter().map(|(name, values)| (name, values)))
    }
}

impl Serialize for Joined<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.0.len()))?;
        for (name, values) in &self.0.0 {
            match values.as_slice() {
                [one] => map.serialize_entry(name, one)?,
                many => map.serialize_entry(name, &many.join(","))?,
            }
        }
        map.end()
    }
}

/// A list of pairs written as one JSON object.
#[derive(Clone, Debug)]
pub(crate) struct Pairs<'a, V>(pub(crate) &'a [(&'a str, V)]);

impl<V: Serialize> Serialize for Pairs<'_, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Headers that a function never sees from REST's table, and those that the gateway itself writes.
const DROPPED: [&str; 15] = [
    "connection",
    "content-length",
    "content-md5",
    "expect",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "transfer-encoding",
    "trailer",
    "upgrade",
    "www-authenticate",
    "x-amzn-trace-id",
    "x-forwarded-port",
    "x-forwarded-proto",
];

/// The headers of payload format 1.0: as the client spelled them (only `Authorization` and `User-Agent` are
/// normalised), without REST's dropped ones, with what the gateway adds.
pub(crate) fn original_headers<'a>(request: &'a ClientRequest, host: &'a str, trace: &'a str) -> MultiMap<'a> {
    let kept = request.headers.iter().filter(|(name, value)| {
        !DROPPED.iter().any(|dropped| name.eq_ignore_ascii_case(dropped))
            && !name.eq_ignore_ascii_case("x-forwarded-for")
            && !is_signature(name, value)
    });
    let spelled = kept.map(|(name, value)| {
        let name = match name {
            _ if name.eq_ignore_ascii_case("authorization") => "Authorization",
            _ if name.eq_ignore_ascii_case("user-agent") => "User-Agent",
            _ if name.eq_ignore_ascii_case("host") => "Host",
            other => other,
        };
        (Cow::Borrowed(name), Cow::Borrowed(value))
    });
    let mut headers = MultiMap::ignoring_case(spelled);
    if request.headers.get("host").is_none() {
        headers.push("Host", host);
    }
    headers.push_forwarded(request, trace);
    headers
}

/// The headers of payload format 2.0: lower-cased names, without what is between two hops only, with what the gateway
/// adds. `cookie` is left out: the event has `cookies`.
pub(crate) fn lower_case_headers<'a>(request: &'a ClientRequest, host: &'a str, trace: &'a str) -> MultiMap<'a> {
    const LEFT_OUT: [&str; 12] = [
        "connection",
        "content-length",
        "cookie",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-amzn-trace-id",
        "x-forwarded-port",
        "x-forwarded-proto",
    ];
    let lower = |name: &'a str| match name.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    };
    let kept = request.headers.iter().map(|(name, value)| (lower(name), Cow::Borrowed(value)));
    let kept = kept.filter(|(name, value)| {
        !LEFT_OUT.contains(&&**name) && name != "x-forwarded-for" && !is_signature(name, value)
    });
    let mut headers = MultiMap::exact(kept);
    headers.push("content-length", request.body.len().to_string());
    if request.headers.get("host").is_none() {
        headers.push("host", host);
    }
    headers.push("x-amzn-trace-id", trace);
    headers.push("x-forwarded-for", forwarded_for(request));
    headers.push("x-forwarded-port", request.port.to_string());
    headers.push("x-forwarded-proto", forwarded_proto(request));
    headers
}

/// A signature is API Gateway's and no integration's: on methods that ask for IAM there is nothing else in this header.
pub(crate) fn is_signature(name: &str, value: &str) -> bool {
    name.eq_ignore_ascii_case("authorization") && value.trim_start().starts_with("AWS4-")
}

fn forwarded_proto(request: &ClientRequest) -> &'static str {
    if request.secure { "https" } else { "http" }
}

fn forwarded_for(request: &ClientRequest) -> String {
    let mut list = String::new();
    for hop in request.headers.get_all("x-forwarded-for") {
        list.push_str(hop);
        list.push_str(", ");
    }
    list + &request.source_ip.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;
    use crate::proxy::testing::request;

    fn pair(name: &str, value: &str) -> (Cow<'static, str>, Cow<'static, str>) {
        (name.to_owned().into(), value.to_owned().into())
    }

    #[test]
    fn one_map_has_three_forms() {
        let map = MultiMap::exact([pair("a", "1"), pair("b", "x"), pair("a", "2")]);
        assert_eq!(to_value(map.last()).unwrap(), json!({"a": "2", "b": "x"}));
        assert_eq!(to_value(map.all()).unwrap(), json!({"a": ["1", "2"], "b": ["x"]}));
        assert_eq!(to_value(map.joined()).unwrap(), json!({"a": "1,2", "b": "x"}));
        assert!(MultiMap::default().non_empty().is_none());
    }

    #[test]
    fn many_names_group_as_few_do() {
        let pairs: Vec<_> = (0..500).map(|i| pair(&format!("n{}", i % 250), &i.to_string())).collect();
        let map = MultiMap::ignoring_case(pairs.into_iter().chain([pair("N249", "last")]));
        assert_eq!(map.0.len(), 250);
        assert_eq!(to_value(map.all()).unwrap()["n249"], json!(["249", "499", "last"]));
    }

    #[test]
    fn rest_headers_keep_their_case_and_lose_the_listed_ones() {
        let dropped = DROPPED.iter().map(|name| (*name, "x")).collect::<Vec<_>>();
        let mut request = request("GET", "/", &[("tEsT-HEADeR", "1"), ("test-header", "2"), ("authorization", "t")]);
        request.headers.0.extend(dropped.into_iter().map(|(n, v)| (n.to_uppercase(), v.to_owned())));
        request.headers.0.extend([
            ("user-AGENT".to_owned(), "curl".to_owned()),
            ("X-Forwarded-For".to_owned(), "9.9.9.9".to_owned()),
            ("HOST".to_owned(), "h".to_owned()),
        ]);
        let headers = original_headers(&request, "api.host", "Root=1");
        assert_eq!(
            to_value(headers.all()).unwrap(),
            json!({
                "tEsT-HEADeR": ["1", "2"],
                "Authorization": ["t"],
                "User-Agent": ["curl"],
                "Host": ["h"],
                "X-Amzn-Trace-Id": ["Root=1"],
                "X-Forwarded-For": ["9.9.9.9, 127.0.0.1"],
                "X-Forwarded-Port": ["4566"],
                "X-Forwarded-Proto": ["http"],
            })
        );
    }

    #[test]
    fn a_signature_is_not_passed_on() {
        let request = request("GET", "/", &[("Authorization", "AWS4-HMAC-SHA256 Credential=x")]);
        assert_eq!(to_value(original_headers(&request, "h", "t").last()).unwrap().get("Authorization"), None);
        assert_eq!(to_value(lower_case_headers(&request, "h", "t").joined()).unwrap().get("authorization"), None);
    }

    #[test]
    fn http_headers_are_lower_case_and_joined() {
        let mut request = request(
            "POST",
            "/",
            &[("X-A", "1"), ("x-a", "2"), ("Cookie", "a=b"), ("Connection", "close"), ("Host", "h")],
        );
        request.body = "hello".into();
        assert_eq!(
            to_value(lower_case_headers(&request, "api.host", "Root=1").joined()).unwrap(),
            json!({
                "x-a": "1,2",
                "host": "h",
                "content-length": "5",
                "x-amzn-trace-id": "Root=1",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "4566",
                "x-forwarded-proto": "http",
            })
        );
    }
}
