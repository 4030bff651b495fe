//! `python3.*`

use std::time::Duration;

use super::*;

const RUNTIME: &str = "python3.12";

const APP: &str = r#"import asyncio
import decimal
import json
import logging
import os
import sys
import time

print("loaded")
count = 0


class Refused(Exception):
    pass


def handler(event, context):
    global count
    count += 1
    return count


def echo(event, context):
    return event


def fail(event, context):
    raise Refused("no: " + event["why"])


async def slowly(event, context):
    await asyncio.sleep(0.001)
    if event == "fail":
        raise Refused("later")
    return {"loop": id(asyncio.get_running_loop()), "event": event}


def about(event, context):
    context.log("a word\n")
    return {
        "id": context.aws_request_id,
        "name": context.function_name,
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "group": context.log_group_name,
        "stream": context.log_stream_name == os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        "remaining": 1000 < context.get_remaining_time_in_millis() <= 30000,
        "client": context.client_context and context.client_context.custom,
        "identity": context.identity.cognito_identity_id,
        "trace": os.environ["_X_AMZN_TRACE_ID"],
        "environment": os.environ["AWS_EXECUTION_ENV"],
        "cwd": os.getcwd() == os.environ["LAMBDA_TASK_ROOT"],
        "path": sys.path[0] == os.environ["LAMBDA_TASK_ROOT"],
        "utf8": open(os.devnull).encoding,
    }


def logs(event, context):
    print("printed ü")
    print("to stderr", file=sys.stderr)
    logging.getLogger().setLevel(logging.INFO)
    logging.info("told %d", 1)
    sys.stdout.write("no end of line")


def leave(event, context):
    sys.exit(event)


def odd(event, context):
    return {1, 2}


def numbers(event, context):
    return {"price": decimal.Decimal("1.10"), "all": [decimal.Decimal("3"), decimal.Decimal("1E+2")], "text": "1.10"}


def raw(event, context):
    return b"\x00raw"


def big(event, context):
    return "x" * event


def sleep(event, context):
    time.sleep(event)
"#;

fn host(handler: &str) -> Host {
    host_with(RUNTIME, &format!("src/app.{handler}"), &[("src/app.py", APP)], |_| {})
}

#[tokio::test]
async fn a_process_keeps_its_state_and_takes_any_json() {
    if is_missing(RUNTIME) {
        return;
    }
    let host = host("handler");
    assert!(host.deployed.warnings.iter().all(|warning| warning.contains(" runs on Python ")), "{:?}", host.deployed);
    for count in 1..=50 {
        assert_eq!(host.call("null").await, count.to_string());
    }
    assert_eq!(host.service.environments("f"), 1);
    let host = super::python::host("echo");
    assert_eq!(
        host.call(r#"{"a":["ü \u2603 \ud83d\ude00", 1.5, true, null]}"#).await,
        r#"{"a": ["ü ☃ 😀", 1.5, true, null]}"#
    );
    assert_eq!(host.call(r#""\ud83d""#).await, r#""\ud83d""#, "half a pair stays as it came");
    let large = format!("\"{}\"", "y".repeat(5_000_000));
    assert_eq!(host.call(&large).await, large);
    assert!(host.failure("{").await.starts_with(r#"{"errorMessage": "Unable to unmarshal input: "#));
}

#[tokio::test]
async fn letters_are_escaped_before_python_3_12_as_on_aws() {
    if is_missing("python3.11") {
        return;
    }
    let host = host_with("python3.11", "app.echo", &[("app.py", APP)], |_| {});
    assert_eq!(host.call("\"ü\"").await, r#""\u00fc""#);
}

#[tokio::test]
async fn errors_are_awss_own() {
    if is_missing(RUNTIME) {
        return;
    }
    let host = host("fail");
    let expected = r#"{"errorMessage": "no: way", "errorType": "Refused", "requestId": "ID", "stackTrace": ["  File \"/var/task/src/app.py\", line 28, in fail\n    raise Refused(\"no: \" + event[\"why\"])\n"]}"#;
    assert_eq!(host.failure(r#"{"why":"way"}"#).await, expected);
    let log = host.log(r#"{"why":"way"}"#).await;
    let expected = "[ERROR] Refused: no: way\nTraceback (most recent call last):\n\u{a0}\u{a0}File \"/var/task/src/app.py\", line 28, in fail\n\u{a0}\u{a0}\u{a0}\u{a0}raise Refused(\"no: \" + event[\"why\"])\n";
    assert_eq!(log, expected);
    assert_eq!(host.service.environments("f"), 1, "an error ends no process");
    let host = super::python::host("odd");
    let expected = r#"{"errorMessage": "Unable to marshal response: Object of type set is not JSON serializable", "errorType": "Runtime.MarshalError", "requestId": "ID", "stackTrace": []}"#;
    assert_eq!(host.failure("1").await, expected);
}

#[tokio::test]
async fn async_handlers_are_awaited_on_one_loop() {
    if is_missing(RUNTIME) {
        return;
    }
    let host = host("slowly");
    let first = host.call("1").await;
    assert_eq!(host.call("1").await, first);
    let failure = host.failure("\"fail\"").await;
    let expected = r#"{"errorMessage": "later", "errorType": "Refused", "requestId": "ID", "stackTrace": ["  File \"/var/task/src/app.py\", line 34, in slowly\n    raise Refused(\"later\")\n"]}"#;
    assert_eq!(failure, expected);
}

#[tokio::test]
async fn the_context_is_awss() {
    if is_missing(RUNTIME) {
        return;
    }
    use base64::Engine as _;
    let host = host("about");
    let request = InvokeRequest {
        trace_id: Some("Root=1-a;Parent=b;Sampled=1".to_owned()),
        client_context: Some(base64::engine::general_purpose::STANDARD.encode("{\"custom\":{\"k\":\"ü\"}}")),
        qualifier: Some("live".to_owned()),
        ..InvokeRequest::sync("1")
    };
    let invocation = host.service.invoke("f", request).await.unwrap();
    let expected = format!(
        r#"{{"id": "{}", "name": "f", "version": "$LATEST", "arn": "arn:aws:lambda:us-east-1:000000000000:function:f:live", "memory": "128", "group": "/aws/lambda/f", "stream": true, "remaining": true, "client": {{"k": "ü"}}, "identity": null, "trace": "Root=1-a;Parent=b;Sampled=1", "environment": "AWS_Lambda_python3.12", "cwd": true, "path": true, "utf8": "utf-8"}}"#,
        invocation.request_id
    );
    assert_eq!(String::from_utf8_lossy(&invocation.payload).replace("UTF-8", "utf-8"), expected);
    assert!(host.lines.all().contains(&"f: a word".to_owned()));
}

#[tokio::test]
async fn what_is_printed_is_in_the_log_of_its_invocation() {
    if is_missing(RUNTIME) {
        return;
    }
    let host = host("logs");
    for _ in 0..2 {
        let log = without_times(&host.log("1").await);
        assert_eq!(log, "printed ü\nto stderr\n[INFO]\tTIME\tID\ttold 1\nno end of line");
    }
    assert_eq!(host.lines.all().iter().filter(|line| *line == "f: loaded").count(), 1);
}

#[tokio::test]
async fn results_that_json_does_not_know() {
    if is_missing(RUNTIME) {
        return;
    }
    assert_eq!(host("numbers").call("1").await, r#"{"price": 1.10, "all": [3, 1E+2], "text": "1.10"}"#);
    assert_eq!(host("raw").call("1").await, "\0raw");
    let host = host("big");
    assert_eq!(host.call("6291554").await.len(), 6_291_556);
    let expected = r#"{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}"#;
    assert_eq!(host.failure("6291555").await, expected);
    assert_eq!(host.call("1").await, "\"x\"", "the process goes on");
}

#[tokio::test]
async fn an_exit_and_a_timeout_end_the_process_and_the_next_call_starts_afresh() {
    if is_missing(RUNTIME) {
        return;
    }
    let host = host("leave");
    assert_eq!(host.failure("0").await, exit_error("without providing a reason"));
    assert_eq!(host.failure("3").await, exit_error("with error: exit status 3"));
    assert_eq!(host.failure("\"bye\"").await, exit_error("with error: exit status 1"));
    assert!(host.lines.all().contains(&"f: bye".to_owned()));
    let host = super::python::host("sleep");
    assert_eq!(host.call("0").await, "null");
    let (failure, ()) = tokio::join!(host.failure("60"), async {
        host.clock.advance(Duration::from_secs(29));
        tokio::task::yield_now().await;
        host.clock.advance(Duration::from_secs(2));
    });
    let expected =
        r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ID Error: Task timed out after 30.00 seconds"}"#;
    assert_eq!(failure, expected);
    assert_eq!(host.call("0").await, "null");
}

#[tokio::test]
async fn code_that_cannot_be_loaded_says_why() {
    if is_missing(RUNTIME) {
        return;
    }
    let files = [
        ("app.py", "def handler(event, context):\n    pass\n"),
        ("needs.py", "import no_such_module_here\n"),
        ("broken.py", "def handler(event, context):\n    return (\n"),
        ("raises.py", "def load():\n    raise KeyError('TABLE')\nload()\n"),
        ("exits.py", "import sys\nsys.exit(4)\n"),
    ];
    for (handler, expected) in [
        (
            "missing.handler",
            r#"{"errorMessage": "Unable to import module 'missing': No module named 'missing'", "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}"#,
        ),
        (
            "needs.handler",
            r#"{"errorMessage": "Unable to import module 'needs': No module named 'no_such_module_here'", "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}"#,
        ),
        (
            "app.other",
            r#"{"errorMessage": "Handler 'other' missing on module 'app'", "errorType": "Runtime.HandlerNotFound", "requestId": "", "stackTrace": []}"#,
        ),
        (
            "app",
            r#"{"errorMessage": "Bad handler 'app': not enough values to unpack (expected 2, got 1)", "errorType": "Runtime.MalformedHandlerName", "requestId": "", "stackTrace": []}"#,
        ),
        (
            "sys.handler",
            r#"{"errorMessage": "Cannot use built-in module sys as a handler module", "errorType": "Runtime.BuiltInModuleConflict", "requestId": "", "stackTrace": []}"#,
        ),
        (
            "exits.handler",
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 4"}"#,
        ),
    ] {
        let host = host_with(RUNTIME, handler, &files, |_| {});
        assert_eq!(host.failure("1").await, expected, "{handler}");
    }
    let host = host_with(RUNTIME, "missing.handler", &files, |_| {});
    let warned = host.deployed.warnings.last().unwrap();
    let expected = "f: the handler missing.handler is not in its code: there is no missing.py (nor missing/__init__.py); an invocation fails with Runtime.ImportModuleError";
    assert_eq!(warned, expected);
    let broken = host_with(RUNTIME, "broken.handler", &files, |_| {}).failure("1").await;
    // The interpreter's own words differ between its versions.
    assert!(broken.starts_with(r#"{"errorMessage": "Syntax error in module 'broken': "#), "{broken}");
    assert!(
        broken.contains(r#"(broken.py, line 2)", "errorType": "Runtime.UserCodeSyntaxError", "requestId": "","#),
        "{broken}"
    );
    assert!(
        broken.contains(r#""stackTrace": ["  File \"/var/task/broken.py\" Line 2\n        return (\n"]"#),
        "{broken}"
    );
    let raises = host_with(RUNTIME, "raises.handler", &files, |_| {}).failure("1").await;
    assert!(
        raises.starts_with(r#"{"errorMessage": "'TABLE'", "errorType": "KeyError", "requestId": "", "stackTrace": ["#),
        "{raises}"
    );
    let end = r#""  File \"/var/task/raises.py\", line 2, in load\n    raise KeyError('TABLE')\n"]}"#;
    assert!(raises.ends_with(end) && raises.contains("/var/lang/lib/python3."), "{raises}");
}
