//! What the data planes share around a proxied request: queries, headers and bodies as events show them, the event of
//! payload format 1.0 (REST and HTTP APIs), the call of a function within a time limit, and the parts of its result.

mod authorizer_call;
mod body;
mod call;
mod event_v1;
mod maps;
mod query;
mod result;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use authorizer_call::{Authorized, AuthorizerFailure, ask};
pub(crate) use body::{BinaryMediaTypes, MAX_BODY_BYTES, decode_base64, http_event_body, media_type};
pub(crate) use call::{Answered, CallError, call, call_traced, invoke};
pub(crate) use event_v1::{AuthorizerContextV1, AuthorizerEventV1, EventV1, IdentityV1, RequestContextV1};
pub(crate) use maps::{All, Joined, Last, MultiMap, Pairs, is_signature, lower_case_headers, original_headers};
pub(crate) use query::{QueryPairs, decode_path};
pub(crate) use result::{HeaderValues, Malformed, header_pairs, is_object, status_code};
