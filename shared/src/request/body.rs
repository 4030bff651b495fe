//! JSON bodies.

use lambda_http::Request;
use serde_json::{Map, Value};

use crate::{
    domain::Invalid,
    errors::{AppError, FieldError},
};

/// The body as a JSON object of at most `limit` bytes. The media type is not looked at: a client that forgets it means
/// JSON all the same.
pub fn json_object(request: &Request, limit: usize) -> Result<Map<String, Value>, AppError> {
    let bytes: &[u8] = request.body();
    if bytes.len() > limit {
        return Err(AppError::BodyTooLarge(limit));
    }
    object_of(bytes)
}

/// These bytes as a JSON object.
pub fn object_of(bytes: &[u8]) -> Result<Map<String, Value>, AppError> {
    if bytes.trim_ascii().is_empty() {
        return Err(AppError::BadBody("The body must be a JSON object, and it is empty.".into()));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(AppError::BadBody("The body must be a JSON object.".into())),
        // Where it breaks, and never what stands there.
        Err(error) => Err(AppError::BadBody(format!(
            "The body is not valid JSON (line {}, column {}).",
            error.line(),
            error.column()
        ))),
    }
}

/// Reads an object's fields and gathers everything that is wrong with them. Fields that nobody asks for are ignored, so
/// that a client may send back what it was given.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    /// Of this object.
    pub fn new(object: &'a Map<String, Value>) -> Self {
        Fields { object, errors: Vec::new() }
    }

    /// A string that must be there and keep its rules. `None` after noting what is wrong.
    pub fn text<T>(&mut self, name: &'static str, parse: fn(&str) -> Result<T, Invalid>) -> Option<T> {
        match self.object.get(name) {
            None | Some(Value::Null) => self.refuse(name, "is required"),
            Some(Value::String(text)) => match parse(text) {
                Ok(value) => Some(value),
                Err(invalid) => self.refuse(name, invalid.0),
            },
            Some(_) => self.refuse(name, "must be a string"),
        }
    }

    /// A string that may be left out (or null).
    pub fn optional_text<T>(&mut self, name: &'static str, parse: fn(&str) -> Result<T, Invalid>) -> Option<T> {
        match self.object.get(name) {
            None | Some(Value::Null) => None,
            Some(_) => self.text(name, parse),
        }
    }

    /// A whole number that may be left out (or null).
    pub fn optional_integer<T>(&mut self, name: &'static str, parse: fn(i64) -> Result<T, Invalid>) -> Option<T> {
        match self.object.get(name) {
            None | Some(Value::Null) => None,
            Some(value) => match value.as_i64().map(parse) {
                Some(Ok(value)) => Some(value),
                Some(Err(invalid)) => self.refuse(name, invalid.0),
                None => self.refuse(name, "must be a whole number"),
            },
        }
    }

    /// Everything that was wrong, as one error.
    pub fn error(self) -> AppError {
        AppError::Validation(self.errors)
    }

    /// Whether nothing was wrong so far.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    fn refuse<T>(&mut self, name: &'static str, reason: impl Into<String>) -> Option<T> {
        self.errors.push(FieldError::new(name, reason));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_no_object_says_so_without_repeating_it() {
        for body in ["", "  ", "secret", "[1]", "\"x\"", "{\"a\":", "{\"a\":1}x", "\u{feff}{}"] {
            let Err(AppError::BadBody(reason)) = object_of(body.as_bytes()) else { panic!("{body:?} was taken") };
            assert!(!reason.contains("secret"));
        }
        assert!(object_of(b"\xff").is_err());
        assert!(object_of("[".repeat(10_000).as_bytes()).is_err());
    }

    #[test]
    fn a_body_has_a_limit() {
        let request = Request::new("{\"a\":\"0123456789\"}".into());
        assert!(matches!(json_object(&request, 10), Err(AppError::BodyTooLarge(10))));
        assert!(json_object(&request, 18).is_ok());
    }
}
