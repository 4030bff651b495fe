//! The error objects that Lambda itself gives where a function could not.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use bytes::Bytes;

/// Why an environment could not finish, or not even begin, an invocation.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The function has posted this error object.
    Posted(Bytes),
    /// Lambda's own error: type and text; the text is prefixed by the request id.
    Platform {
        /// `errorType`
        error_type: &'static str,
        /// `errorMessage` without the request id.
        message: String,
    },
}

impl Failure {
    /// The process ended before it had answered.
    pub(crate) fn exit(status: Option<ExitStatus>) -> Self {
        let message = match status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) if code != 0 => format!("Runtime exited with error: exit status {code}"),
            Some((None, Some(signal))) => format!("Runtime exited with error: signal: {}", signal_name(signal)),
            _ => "Runtime exited without providing a reason".to_owned(),
        };
        Failure::Platform { error_type: "Runtime.ExitError", message }
    }

    /// The function's time is over.
    pub(crate) fn timeout(seconds: u32) -> Self {
        let message = format!("Task timed out after {:.2} seconds", f64::from(seconds));
        Failure::Platform { error_type: "Sandbox.Timedout", message }
    }

    /// `bootstrap` is missing or cannot be run.
    pub(crate) fn entrypoint(message: String) -> Self {
        Failure::Platform { error_type: "Runtime.InvalidEntrypoint", message }
    }

    /// The text for the log.
    pub(crate) fn log_line(&self, request_id: &str) -> Option<String> {
        match self {
            Failure::Posted(_) => None,
            Failure::Platform { message, .. } => Some(format!("RequestId: {request_id} Error: {message}")),
        }
    }

    /// The payload that the caller gets.
    pub(crate) fn payload(&self, request_id: &str) -> Bytes {
        match self {
            Failure::Posted(body) => body.clone(),
            Failure::Platform { error_type, message } => {
                error_object(error_type, &format!("RequestId: {request_id} Error: {message}"))
            }
        }
    }
}

/// `{"errorType":…,"errorMessage":…}`
pub(crate) fn error_object(error_type: &str, message: &str) -> Bytes {
    serde_json::json!({ "errorType": error_type, "errorMessage": message }).to_string().into()
}

/// The names that Lambda, a Go program, prints.
fn signal_name(signal: i32) -> String {
    match signal {
        4 => "illegal instruction",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        15 => "terminated",
        other => return format!("signal {other}"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_read_as_on_aws() {
        let text = |raw| Failure::exit(Some(ExitStatus::from_raw(raw))).log_line("r").unwrap();
        assert_eq!(text(0), "RequestId: r Error: Runtime exited without providing a reason");
        assert_eq!(text(127 << 8), "RequestId: r Error: Runtime exited with error: exit status 127");
        assert_eq!(text(9), "RequestId: r Error: Runtime exited with error: signal: killed");
        assert_eq!(
            &Failure::timeout(1).payload("r")[..],
            br#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r Error: Task timed out after 1.00 seconds"}"#
        );
    }
}
