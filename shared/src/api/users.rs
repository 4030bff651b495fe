//! A user as clients see and send it.

use lambda_http::{Body, Request, Response};
use serde_json::{Value, json};

use crate::{
    domain::{Age, EmailAddress, Invalid, User, UserDetails, UserId, Username},
    errors::AppError,
    request::{Fields, json_object},
    response,
};

/// How large the body of a user may be. The fields' own limits allow less than 2 KB.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// Reads `{username, email, age?}` and names every field that is wrong.
pub fn details(request: &Request) -> Result<UserDetails, AppError> {
    let object = json_object(request, MAX_BODY_BYTES)?;
    let mut fields = Fields::new(&object);
    let username = fields.text("username", Username::parse);
    let email = fields.text("email", EmailAddress::parse);
    let age = fields.optional_integer("age", Age::parse);
    match (username, email) {
        (Some(username), Some(email)) if fields.is_valid() => Ok(UserDetails { username, email, age }),
        _ => Err(fields.error()),
    }
}

/// The `userId` of the body, where it has one.
pub fn wanted_id(request: &Request) -> Result<Option<UserId>, AppError> {
    let object = json_object(request, MAX_BODY_BYTES)?;
    let mut fields = Fields::new(&object);
    let id = fields.optional_text("userId", |text| match UserId::parse(text) {
        // It becomes part of a Location, which escapes nothing.
        Ok(_) if !text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c)) => {
            Err(Invalid("must have letters, digits, hyphens, underscores and dots alone".into()))
        }
        other => other,
    });
    if fields.is_valid() { Ok(id) } else { Err(fields.error()) }
}

/// `{userId, username, email, age?, createdAt, updatedAt, version}`
pub fn user(user: &User) -> Value {
    let mut body = json!({
        "userId": user.user_id.as_str(),
        "username": user.details.username.as_str(),
        "email": user.details.email.as_str(),
        "createdAt": user.created_at.iso(),
        "updatedAt": user.updated_at.iso(),
        "version": user.version,
    });
    if let Some(age) = user.details.age {
        body["age"] = age.years().into();
    }
    body
}

/// An answer with the user and its entity tag.
pub fn response(status: u16, of: &User) -> Response<Body> {
    response::with_header(response::json(status, &user(of)), "etag", &response::etag(of.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> Vec<&'static str> {
        match details(&Request::new(body.into())) {
            Err(AppError::Validation(errors)) => errors.into_iter().map(|error| error.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        assert_eq!(refused(r#"{"username":"ad","email":"x","age":17}"#), ["username", "email", "age"]);
        assert_eq!(refused("{}"), ["username", "email"]);
        assert_eq!(refused(r#"{"username":1,"email":null,"age":"20"}"#), ["username", "email", "age"]);
        assert_eq!(refused(r#"{"username":"ada","email":"a@b.co","age":18.5}"#), ["age"]);
    }

    #[test]
    fn what_was_read_can_be_sent_back() {
        let body = r#"{"userId":"u","username":"ada","email":"a@b.co","age":null,"createdAt":"x","version":3}"#;
        assert_eq!(details(&Request::new(body.into())).unwrap().age, None);
    }
}
