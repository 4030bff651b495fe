//! The grammar of route keys, and which of them are the same.

use super::super::call::ApiError;
use super::errors::{bad_request, conflict};
use crate::model::{Api, ProtocolType};

const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// Checks a key for a route of `api`, apart from the route `own` itself.
///
/// # Errors
/// `BadRequestException` for what is no key, `ConflictException` for one that is taken.
pub(super) fn check(api: &Api, key: &str, own: Option<&str>) -> Result<(), ApiError> {
    match api.protocol_type {
        ProtocolType::Http => check_http(key)?,
        ProtocolType::WebSocket => check_web_socket(key)?,
    }
    let others = api.routes.values().filter(|route| Some(route.route_id.as_str()) != own);
    for other in others {
        let taken = other.route_key.as_str();
        if taken == key {
            return Err(conflict(format!("Route with key {key} already exists for this API")));
        }
        if api.protocol_type == ProtocolType::Http && without_names(taken) == without_names(key) {
            return Err(conflict(format!(
                "The provided route key \"{key}\" has a conflicting variable on the same hierarchical level as \"{taken}\""
            )));
        }
    }
    Ok(())
}

fn check_http(key: &str) -> Result<(), ApiError> {
    if key == "$default" {
        return Ok(());
    }
    let path = key.split_once(' ').filter(|(method, _)| METHODS.contains(method)).map(|(_, path)| path);
    let Some(path) = path.and_then(|path| path.strip_prefix('/')).filter(|path| !path.contains(char::is_whitespace))
    else {
        return Err(bad_request(
            "The provided route key is not formatted properly for HTTP protocol. Format should be \
             \"<HTTP METHOD> /<RESOURCE PATH>\" or \"$default\"",
        ));
    };
    let mut parts = path.split('/').peekable();
    let mut names = Vec::new();
    while let Some(part) = parts.next() {
        let Some(name) = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            if part.contains(['{', '}']) {
                return Err(bad_request(format!(
                    "Invalid route key {key}: a path variable is a whole segment, as in /{{name}}, and {part} is not"
                )));
            }
            continue;
        };
        let plain = name.strip_suffix('+').unwrap_or(name);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        if plain.is_empty() || !plain.chars().all(fits) {
            return Err(bad_request(format!(
                "Invalid route key {key}: the name of a path variable has letters, digits and _-.: alone, and {part} has not"
            )));
        }
        if plain != name && parts.peek().is_some() {
            return Err(bad_request(format!(
                "Invalid route key {key}: the greedy variable {part} must be the last segment"
            )));
        }
        if names.contains(&plain) {
            return Err(bad_request(format!("Invalid route key {key}: the path variable {plain} stands in it twice")));
        }
        names.push(plain);
    }
    Ok(())
}

fn check_web_socket(key: &str) -> Result<(), ApiError> {
    if key.is_empty() {
        return Err(bad_request("Route key is required"));
    }
    if key.starts_with('$') && !matches!(key, "$connect" | "$disconnect" | "$default") {
        return Err(bad_request(format!(
            "Invalid route key {key}: $connect, $disconnect and $default are all that begin with $"
        )));
    }
    Ok(())
}

/// `GET /users/{id}` to `GET /users/{}`; a greedy variable stays apart from a plain one.
fn without_names(key: &str) -> String {
    let parts = key.split('/').map(|part| match part {
        part if part.ends_with("+}") => "{+}",
        part if part.starts_with('{') => "{}",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Route;

    fn api(protocol_type: ProtocolType, keys: &[&str]) -> Api {
        let routes = keys.iter().map(|key| {
            ((*key).to_owned(), Route { route_id: (*key).to_owned(), route_key: (*key).to_owned(), ..Route::default() })
        });
        Api { protocol_type, routes: routes.collect(), ..Api::default() }
    }

    #[test]
    fn keys_of_http_apis() {
        let api = api(ProtocolType::Http, &["GET /a/{x}", "$default"]);
        for key in ["GET /", "ANY /a", "POST /a/{y}", "GET /a/{p+}", "GET /a/{x}/b", "GET /a/{x.y-z}/"] {
            assert!(check(&api, key, None).is_ok(), "{key}");
        }
        for key in ["", "GET", "/a", "get /a", "FETCH /a", "GET a", "$connect", "GET /a b", "GET  /a"] {
            let error = check(&api, key, None).unwrap_err();
            assert!(error.message.starts_with("The provided route key is not formatted properly for HTTP"), "{key}");
        }
        for key in ["GET /{p+}/x", "GET /a{x}", "GET /{}", "GET /{a b", "GET /{x}/{x}"] {
            assert_eq!(check(&api, key, None).unwrap_err().code, "BadRequestException", "{key}");
        }
    }

    #[test]
    fn keys_that_are_taken() {
        let api = api(ProtocolType::Http, &["GET /a/{x}", "$default"]);
        let same = check(&api, "GET /a/{x}", None).unwrap_err();
        assert_eq!(same.code, "ConflictException");
        assert_eq!(same.message, "Route with key GET /a/{x} already exists for this API");
        assert!(check(&api, "GET /a/{x}", Some("GET /a/{x}")).is_ok(), "it is its own");
        let alike = check(&api, "GET /a/{y}", None).unwrap_err();
        assert_eq!(
            alike.message,
            "The provided route key \"GET /a/{y}\" has a conflicting variable on the same hierarchical level as \
             \"GET /a/{x}\""
        );
    }

    #[test]
    fn keys_of_web_socket_apis() {
        let api = api(ProtocolType::WebSocket, &["$connect", "send"]);
        for key in ["$default", "$disconnect", "GET /x", "a b"] {
            assert!(check(&api, key, None).is_ok(), "{key}");
        }
        assert_eq!(check(&api, "$mine", None).unwrap_err().code, "BadRequestException");
        assert_eq!(check(&api, "send", None).unwrap_err().message, "Route with key send already exists for this API");
    }
}
