//! Lambda: the functions, the processes they run in, and the two APIs around them: the Runtime API for the
//! processes, the Invoke API for everybody else.

mod invocation;

pub use invocation::{Invocation, InvocationType, Invoke, InvokeError, InvokeRequest};
