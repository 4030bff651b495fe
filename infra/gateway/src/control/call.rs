//! What an operation is given and what it gives: the contract between the protocols and the services.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::world::World;
use super::{Control, service_model};
use crate::server::ClientRequest;

/// An operation's input, by the names of the members that the SDKs use (`restApiId`, `ApiId`, `FunctionName`).
///
/// Decoded and checked against the service's model. Timestamps are epoch milliseconds; blobs within a document are base64.
#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    /// The members that were sent.
    pub(crate) members: Map<String, Value>,
    /// The member that is the whole body, if it is a blob.
    pub(crate) payload: Bytes,
}

/// An operation's output, by the names of the members.
///
/// What the service's model does not name is not sent, nor is what is null. Timestamps are epoch milliseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    pub(crate) members: Map<String, Value>,
    /// The member that is the whole body, if it is a blob.
    pub(crate) payload: Bytes,
    /// Instead of the status in the model.
    pub(crate) status: Option<u16>,
}

impl Output {
    /// An answer without members.
    pub(crate) fn empty() -> Output {
        Output::default()
    }

    /// The members of a structure.
    ///
    /// # Errors
    /// When it does not serialise to an object, which is a mistake of the service.
    pub(crate) fn of(value: impl Serialize) -> Result<Output, ApiError> {
        match serde_json::to_value(value) {
            Ok(Value::Object(members)) => Ok(Output { members, ..Output::default() }),
            Ok(_) => Err(ApiError::internal("an output is no structure")),
            Err(error) => Err(ApiError::internal(error)),
        }
    }

    /// With a status of its own.
    pub(crate) fn with_status(mut self, status: u16) -> Output {
        self.status = Some(status);
        self
    }
}

/// An error as AWS has it: a code, a message for the client and, where the model says so, further members.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    /// `NotFoundException`, `ResourceConflictException`, …
    pub(crate) code: String,
    /// For the client.
    pub(crate) message: String,
    /// Instead of the status in the model.
    pub(crate) status: Option<u16>,
    /// Further members of the error's shape: `Type`, `Reason`, `resourceType`, … Boxed, so that results stay small.
    pub(crate) members: Box<Map<String, Value>>,
}

impl ApiError {
    /// An error; its status is the model's, or 400.
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> ApiError {
        ApiError { code: code.into(), message: message.into(), status: None, members: Box::default() }
    }

    /// With a status of its own.
    pub(crate) fn with_status(mut self, status: u16) -> ApiError {
        self.status = Some(status);
        self
    }

    /// A mistake of Ferrogate's own: logged here, told to nobody.
    pub(crate) fn internal(error: impl std::fmt::Display) -> ApiError {
        tracing::error!(%error, "the control plane failed");
        ApiError::new("InternalFailure", "The request processing has failed because of an unknown error.")
            .with_status(500)
    }
}

/// What an operation returns.
pub(crate) type Outcome = Result<Output, ApiError>;

/// One call of an operation.
pub(crate) struct Call<'a> {
    /// Everything that is not one world's: clock, published APIs, other worlds.
    pub(crate) control: &'a Control,
    /// The account and region that the caller's credentials name.
    pub(crate) world: &'a Arc<World>,
    pub(crate) operation: &'a service_model::Operation,
    pub(crate) input: Input,
    /// The request as it came, for the few that need more than its members.
    pub(crate) request: &'a ClientRequest,
}

impl Call<'_> {
    /// The input as a type of the service's own. Members that the type does not know are left out.
    ///
    /// # Errors
    /// `SerializationException` when a member has another type than its model says; decoding has seen to that, so it is
    /// a mismatch of type and model.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_value(Value::Object(self.input.members.clone()))
            .map_err(|error| ApiError::new("SerializationException", error.to_string()))
    }

    /// A string member; empty if it was not sent.
    pub(crate) fn text(&self, member: &str) -> &str {
        self.optional_text(member).unwrap_or_default()
    }

    /// A string member.
    pub(crate) fn optional_text(&self, member: &str) -> Option<&str> {
        self.input.members.get(member).and_then(Value::as_str)
    }

    /// A number member.
    pub(crate) fn integer(&self, member: &str) -> Option<i64> {
        self.input.members.get(member).and_then(Value::as_i64)
    }

    /// A boolean member.
    pub(crate) fn boolean(&self, member: &str) -> Option<bool> {
        self.input.members.get(member).and_then(Value::as_bool)
    }

    /// Any member.
    pub(crate) fn member(&self, member: &str) -> Option<&Value> {
        self.input.members.get(member)
    }

    /// The present, in epoch milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.control.clock().now()
    }
}

/// What answers an operation.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// At once.
    Sync(fn(&Call<'_>) -> Outcome),
    /// When something else has answered.
    Async(for<'a> fn(&'a Call<'a>) -> BoxFuture<'a, Outcome>),
    /// Answered by `server/dispatch` before the control plane is asked: data planes and the embedded engine.
    Elsewhere,
}

/// An operation that is here, for the table of its service. What is not in the table is not here.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// The operation's name in the model.
    pub(crate) name: &'static str,
    pub(crate) handler: Handler,
    /// What of it is missing, for docs/coverage.md; `None` if nothing is known to be.
    pub(crate) partly: Option<&'static str>,
    /// Whether AWS takes it unsigned, from pages of every origin too: the operations of Cognito's users.
    pub(crate) public: bool,
}

/// An operation that answers at once.
pub(crate) const fn op(name: &'static str, handler: fn(&Call<'_>) -> Outcome) -> Entry {
    Entry { name, handler: Handler::Sync(handler), partly: None, public: false }
}

/// An operation that waits for something.
pub(crate) const fn op_async(name: &'static str, handler: for<'a> fn(&'a Call<'a>) -> BoxFuture<'a, Outcome>) -> Entry {
    Entry { name, handler: Handler::Async(handler), partly: None, public: false }
}

/// An operation that another room answers.
pub(crate) const fn elsewhere(name: &'static str) -> Entry {
    Entry { name, handler: Handler::Elsewhere, partly: None, public: false }
}

impl Entry {
    /// Says what of the operation is missing.
    pub(crate) const fn partly(self, what: &'static str) -> Entry {
        Entry { partly: Some(what), ..self }
    }

    /// Lets everybody call it, unsigned.
    pub(crate) const fn public(self) -> Entry {
        Entry { public: true, ..self }
    }
}
