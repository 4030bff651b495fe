//! Reading HTTP requests: bodies, path ids, preconditions, pages. The same for REST (payload 1.0) and HTTP (2.0) APIs.

mod body;
mod caller;
mod page;
mod precondition;

use lambda_http::{Request, RequestExt};
use percent_encoding::percent_decode_str;

use crate::{domain::Invalid, errors::AppError};

pub use body::{Fields, json_object, object_of};
pub use caller::{Caller, authorizer_text, caller, requested_at};
pub use page::{PageRequest, next_token, page_request};
pub use precondition::{IfMatch, if_match};

/// Lambda's id of this invocation: the one that its log lines carry.
pub fn request_id(request: &Request) -> String {
    request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default()
}

/// The path parameter `name`, percent-decoded and parsed.
///
/// REST APIs hand path values over as they were sent, so they are decoded here. A `%` that begins no escape stands for
/// itself.
pub fn path_id<T>(request: &Request, name: &'static str, parse: fn(&str) -> Result<T, Invalid>) -> Result<T, AppError> {
    optional_path_id(request, name, parse)?
        .ok_or_else(|| AppError::Internal(format!("the route has no path parameter {name}")))
}

/// As [`path_id`], for a function that also serves a route without the parameter.
pub fn optional_path_id<T>(
    request: &Request,
    name: &'static str,
    parse: fn(&str) -> Result<T, Invalid>,
) -> Result<Option<T>, AppError> {
    let Some(raw) = request.path_parameters_ref().and_then(|parameters| parameters.first(name)) else {
        return Ok(None);
    };
    let decoded =
        percent_decode_str(raw).decode_utf8().map_err(|_| AppError::field(name, "must be UTF-8, percent-encoded"))?;
    parse(&decoded).map(Some).map_err(|invalid| AppError::field(name, invalid.0))
}

/// A new random id: a UUID, version 4.
pub fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The `Location` of something created in the collection that was posted to, relative to the collection's own URL.
///
/// A client resolves it against the URL that it called. So it is right behind any stage, custom domain or gateway,
/// of whose prefixes a function knows nothing. `id` must need no escaping.
pub fn child_location(request: &Request, id: &str) -> String {
    let path = request.raw_http_path();
    let last = path.rsplit('/').next().unwrap_or_default();
    // After `…/users/` the collection's own segment is complete already.
    if last.is_empty() { id.to_owned() } else { format!("{last}/{id}") }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use lambda_http::Body;

    use super::*;
    use crate::domain::UserId;

    fn request(id: &str) -> Request {
        let parameters = HashMap::from([("userId".to_owned(), vec![id.to_owned()])]);
        Request::new(Body::Empty).with_path_parameters(parameters)
    }

    #[test]
    fn path_ids_are_percent_decoded() {
        for (raw, id) in [("a%2Fb", "a/b"), ("%C5%BE", "ž"), ("100%", "100%"), ("a+b", "a+b"), ("%25", "%")] {
            assert_eq!(path_id(&request(raw), "userId", UserId::parse).unwrap().as_str(), id);
        }
    }

    #[test]
    fn a_location_is_relative_to_the_url_that_was_called() {
        for (path, location) in [("/users", "users/7"), ("/production/users", "users/7"), ("/users/", "7")] {
            let request = Request::new(Body::Empty).with_raw_http_path(path);
            assert_eq!(child_location(&request, "7"), location);
        }
    }

    #[test]
    fn path_ids_that_cannot_be_are_refused_by_name() {
        for raw in ["%FF", "%00", "", &"x".repeat(129)] {
            let Err(AppError::Validation(errors)) = path_id(&request(raw), "userId", UserId::parse) else {
                panic!("{raw:?} was taken")
            };
            assert_eq!(errors[0].field, "userId");
        }
    }
}
