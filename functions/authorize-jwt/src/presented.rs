//! Where a client has put its token.
//!
//! - `Authorization: Bearer <token>`, everywhere.
//! - `Sec-WebSocket-Protocol: ferrogate.chat, bearer.<token>`, on `$connect`: what a browser can do, which cannot set other
//!   headers on a WebSocket. The token is not chosen as the subprotocol, and so never comes back.
//! - `?token=<token>`, on `$connect` alone and for clients that can do neither. URLs end up in logs and histories: it is the
//!   last resort.
//!
//! Who presents two different tokens is refused: which one counted would else be a matter of reading order, and two parts
//! of a system that read differently are how such requests are smuggled through.

use std::collections::{BTreeSet, HashMap};

use ferrogate_shared::{
    auth::{bearer_token, jwt::is_compact},
    chat::BEARER_SUBPROTOCOL,
};

use crate::AuthorizerEvent;

/// Why there is no token. For the log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoToken {
    #[error("none was presented")]
    Missing,
    #[error("it is malformed")]
    Malformed,
    #[error("several were presented")]
    Several,
}

/// The one token that the client presents.
pub(crate) fn token(event: &AuthorizerEvent) -> Result<String, NoToken> {
    let mut tokens = BTreeSet::new();
    for header in values("authorization", true, event.headers.as_ref(), event.multi_value_headers.as_ref()) {
        tokens.insert(bearer_token(header).ok_or(NoToken::Malformed)?);
    }
    if event.request_context.event_type.as_deref() == Some("CONNECT") {
        let offers = values("sec-websocket-protocol", true, event.headers.as_ref(), event.multi_value_headers.as_ref());
        let offers = offers.into_iter().flat_map(|value| value.split(',')).map(str::trim);
        tokens.extend(offers.filter_map(|offer| offer.strip_prefix(BEARER_SUBPROTOCOL)));
        tokens.extend(values(
            "token",
            false,
            event.query_string_parameters.as_ref(),
            event.multi_value_query_string_parameters.as_ref(),
        ));
    }
    let mut tokens = tokens.into_iter();
    match (tokens.next(), tokens.next()) {
        (None, _) => Err(NoToken::Missing),
        (Some(_), Some(_)) => Err(NoToken::Several),
        (Some(token), None) if is_compact(token) => Ok(token.to_owned()),
        (Some(_), None) => Err(NoToken::Malformed),
    }
}

/// All values of a header or a parameter: of the map with several each where it is there, else of the other one.
fn values<'a>(
    name: &str,
    any_case: bool,
    single: Option<&'a HashMap<String, Option<String>>>,
    several: Option<&'a HashMap<String, Vec<String>>>,
) -> Vec<&'a str> {
    let is_it = |key: &str| if any_case { key.eq_ignore_ascii_case(name) } else { key == name };
    let all: Vec<&str> = several
        .into_iter()
        .flatten()
        .filter(|(key, _)| is_it(key))
        .flat_map(|(_, values)| values.iter().map(String::as_str))
        .collect();
    if !all.is_empty() {
        return all;
    }
    single.into_iter().flatten().filter(|(key, _)| is_it(key)).filter_map(|(_, value)| value.as_deref()).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    fn read(kind: &str, parts: Value) -> Result<String, NoToken> {
        let mut event = json!({"methodArn": "x", "requestContext": {"eventType": kind}});
        for (key, value) in parts.as_object().unwrap() {
            event[key] = value.clone();
        }
        token(&AuthorizerEvent::deserialize(event).unwrap())
    }

    #[test]
    fn a_token_is_found_in_each_of_its_places() {
        for parts in [
            json!({"headers": {"authorization": "bearer a.b.c"}}),
            json!({"multiValueHeaders": {"Authorization": ["Bearer a.b.c"]}, "headers": {"Authorization": "Bearer a.b.c"}}),
            json!({"headers": {"Sec-WebSocket-Protocol": "ferrogate.chat, bearer.a.b.c"}}),
            json!({"multiValueHeaders": {"sec-websocket-protocol": ["ferrogate.chat", "bearer.a.b.c"]}}),
            json!({"queryStringParameters": {"token": "a.b.c", "roomId": "r"}}),
            json!({"headers": {"Authorization": "Bearer a.b.c"}, "queryStringParameters": {"token": "a.b.c"}}),
        ] {
            assert_eq!(read("CONNECT", parts.clone()), Ok("a.b.c".into()), "{parts}");
        }
    }

    #[test]
    fn two_different_tokens_are_none() {
        for parts in [
            json!({"headers": {"Authorization": "Bearer a.b.c"}, "queryStringParameters": {"token": "a.b.d"}}),
            json!({"headers": {"Authorization": "Bearer a.b.c", "Sec-WebSocket-Protocol": "bearer.a.b.d"}}),
            json!({"headers": {"Authorization": "Bearer a.b.c", "authorization": "Bearer a.b.d"}}),
            json!({"multiValueHeaders": {"Authorization": ["Bearer a.b.c", "Bearer a.b.d"]}}),
            json!({"multiValueQueryStringParameters": {"token": ["a.b.c", "a.b.d"]}}),
        ] {
            assert_eq!(read("CONNECT", parts.clone()), Err(NoToken::Several), "{parts}");
        }
    }

    #[test]
    fn query_and_subprotocol_count_at_connect_alone() {
        for parts in [
            json!({"queryStringParameters": {"token": "a.b.c"}}),
            json!({"headers": {"Sec-WebSocket-Protocol": "ferrogate.chat, bearer.a.b.c"}}),
            json!({"queryStringParameters": {"Token": "a.b.c"}}),
            json!({"headers": null, "queryStringParameters": null}),
        ] {
            assert_eq!(read("REST", parts.clone()), Err(NoToken::Missing), "{parts}");
        }
        assert_eq!(read("CONNECT", json!({"queryStringParameters": {"TOKEN": "a.b.c"}})), Err(NoToken::Missing));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let huge = format!("Bearer a.{}.c", "b".repeat(9_000));
        for header in ["Bearer", "Basic YTpi", "a.b.c", "Bearer a.b", "Bearer a.b.c.d", "Bearer a..c", &huge] {
            assert_eq!(
                read("REST", json!({"headers": {"Authorization": header}})),
                Err(NoToken::Malformed),
                "{header:.30}"
            );
        }
        assert_eq!(read("CONNECT", json!({"queryStringParameters": {"token": ""}})), Err(NoToken::Malformed));
    }
}
