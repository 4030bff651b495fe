//! Reading HTTP requests: bodies, path ids, preconditions, pages. The same for REST (payload 1.0) and HTTP (2.0) APIs.

mod body;
mod page;
mod precondition;

use lambda_http::{Request, RequestExt};
use percent_encoding::percent_decode_str;

use crate::{domain::Invalid, errors::AppError};

pub use body::{Fields, json_object, object_of};
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
pub fn path_id<T>(
    request: &Request,
    name: &'static str,
    parse: fn(&str) -> Result<T, Invalid>,
) -> Result<T, AppError> {
    let raw = request
        .path_parameters_ref()
        .and_then(|parameters| parameters.first(name))
        .ok_or_else(|| AppError::Internal(format!("the route has no path parameter {name}")))?;
    let decoded =
        percent_decode_str(raw).decode_utf8().map_err(|_| AppError::field(name, "must be UTF-8, percent-encoded"))?;
    parse(&decoded).map_err(|invalid| AppError::field(name, invalid.0))
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
    fn path_ids_that_cannot_be_are_refused_by_name() {
        for raw in ["%FF", "%00", "", &"x".repeat(129)] {
            let Err(AppError::Validation(errors)) = path_id(&request(raw), "userId", UserId::parse) else {
                panic!("{raw:?} was taken")
            };
            assert_eq!(errors[0].field, "userId");
        }
    }
}
