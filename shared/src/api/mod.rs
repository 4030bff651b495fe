//! The JSON shapes of the HTTP APIs.

pub mod products;
pub mod users;

use lambda_http::{Body, Response};
use serde_json::{Map, Value};

use crate::{domain::Page, request, response};

/// A page of `list`: `{"users": […], "nextToken": "…"}`, the token only when there is more.
pub fn page<T>(list: &str, page: &Page<T>, shape: fn(&T) -> Value) -> Response<Body> {
    let mut body = Map::new();
    body.insert(list.to_owned(), page.items.iter().map(shape).collect());
    if let Some(key) = &page.next {
        body.insert("nextToken".into(), request::next_token(list, key).into());
    }
    response::json(200, &Value::Object(body))
}
