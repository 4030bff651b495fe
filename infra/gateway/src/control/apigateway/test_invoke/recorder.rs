//! Stands in front of the functions and sees what passes.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::lambda::{Invocation, Invoke, InvokeError, InvokeRequest};

/// The function that a test of an authorizer ends at; it is answered here.
pub(super) const NOBODY: &str = "ferrogate-test-invoke-authorizer";

/// One call.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) function: String,
    pub(super) event: Bytes,
    pub(super) answer: Result<Invocation, String>,
}

/// The functions, watched.
pub(super) struct Recorder {
    functions: Arc<dyn Invoke>,
    seen: Mutex<Vec<Seen>>,
    let_in: Mutex<Option<Bytes>>,
}

impl Recorder {
    pub(super) fn new(functions: Arc<dyn Invoke>) -> Arc<Recorder> {
        Arc::new(Recorder { functions, seen: Mutex::default(), let_in: Mutex::default() })
    }

    /// The event of the request that the authorizer let in, if it did.
    pub(super) fn let_in(&self) -> Option<Bytes> {
        self.let_in.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The calls so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Invoke for Recorder {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        request: InvokeRequest,
    ) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        async move {
            if function.ends_with(NOBODY) {
                *self.let_in.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.payload);
                return Ok(Invocation { payload: Bytes::from_static(b"{}"), ..Invocation::default() });
            }
            let event = request.payload.clone();
            let answer = self.functions.invoke(function, request).await;
            let seen = Seen {
                function: function.to_owned(),
                event,
                answer: answer.clone().map_err(|error| error.to_string()),
            };
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
            answer
        }
        .boxed()
    }
}
