//! `nodejs*.x`

use std::time::Duration;

use super::*;

const RUNTIME: &str = "nodejs20.x";

const APP: &str = r#"import { setTimeout as sleep } from 'node:timers/promises';
const count = { calls: await Promise.resolve(0) };
console.log('loaded');

export const handler = async () => ++count.calls;
export const echo = async (event) => event;

class Refused extends Error {
  constructor(why) {
    super(why);
    this.name = 'Refused';
    this.code = 'E_NO';
  }
}

export const fail = async (event) => {
  throw new Refused(`no: ${event.why}`);
};
export const nested = { deep: { handler: async () => 'deep' } };
export const throws = () => {
  throw 'a word';
};
export const later = async () => {
  await sleep(1);
  return 'later';
};
export const about = async (event, context) => ({
  id: context.awsRequestId,
  name: context.functionName,
  version: context.functionVersion,
  arn: context.invokedFunctionArn,
  memory: context.memoryLimitInMB,
  group: context.logGroupName,
  stream: context.logStreamName === process.env.AWS_LAMBDA_LOG_STREAM_NAME,
  remaining: context.getRemainingTimeInMillis() > 1000 && context.getRemainingTimeInMillis() <= 30000,
  client: context.clientContext,
  waits: context.callbackWaitsForEmptyEventLoop,
  trace: process.env._X_AMZN_TRACE_ID,
  environment: process.env.AWS_EXECUTION_ENV,
  cwd: process.cwd() === process.env.LAMBDA_TASK_ROOT,
});
export const logs = async () => {
  console.log('told %d', 1, { a: 'ü' });
  console.error(new Error('bad').message);
  process.stdout.write('no end of line');
};
export const stray = async () => {
  Promise.reject(new Error('nobody caught me'));
  await sleep(1000);
};
export const afterwards = async () => {
  setTimeout(() => {
    throw new Error('too late');
  }, 1);
  return 'first';
};
export const crash = () => {
  setTimeout(() => {
    throw new TypeError('not here');
  }, 1);
};
export const leave = async (status) => process.exit(status);
export const never = async () => new Promise(() => {});
export const big = async (length) => 'x'.repeat(length);
export const circular = async () => {
  const circle = {};
  return Object.assign(circle, { circle });
};
export const nothing = async () => undefined;
export const streamed = awslambda.streamifyResponse(async (event, stream, context) => {
  if (event === 'fail') throw new Refused('mid-stream');
  if (event === 'open') return;
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  stream.write('one ');
  await sleep(1);
  stream.end('twö');
});
export const hang = async (ms) => sleep(ms);
"#;

fn host(handler: &str) -> Host {
    host_with(RUNTIME, &format!("src/app.{handler}"), &[("src/app.mjs", APP)], |_| {})
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_process_keeps_its_state_and_takes_any_json() {
    if is_missing(RUNTIME) {
        return;
    }
    let host = host("handler");
    assert!(host.deployed.warnings.iter().all(|warning| warning.contains(" runs on Node.js ")), "{:?}", host.deployed);
    for count in 1..=50 {
        assert_eq!(host.call("null").await, count.to_string());
    }
    assert_eq!(host.service.environments("f"), 1);
    let host = super::node::host("echo");
    assert_eq!(
        host.call(r#"{"a":["ü \u2603 \ud83d\ude00", 1.5, true, null]}"#).await,
        r#"{"a":["ü ☃ 😀",1.5,true,null]}"#
    );
    let large = format!("\"{}\"", "ü".repeat(2_500_000));
    assert_eq!(host.call(&large).await, large);
    assert!(host.failure("{").await.starts_with(r#"{"errorType":"SyntaxError","errorMessage":"#));
    assert_eq!(super::node::host("nested.deep.handler").call("1").await, "\"deep\"");
    assert_eq!(super::node::host("later").call("1").await, "\"later\"");
    assert_eq!(super::node::host("nothing").call("1").await, "null");
}

#[tokio::test]
async fn errors_are_awss_own() {
    if is_missing(RUNTIME) {
        return;
    }
    let host = host("fail");
    let failure = host.failure(r#"{"why":"way"}"#).await;
    let expected = r#"{"errorType":"Refused","errorMessage":"no: way","trace":["Refused: no: way","    at Runtime.fail [as handler] (file:///var/task/src/app.mjs:17:9)","    at Runtime.handleOnceNonStreaming (file:///var/runtime/index.mjs:"#;
    assert!(failure.starts_with(expected), "{failure}");
    let log = without_times(&host.log(r#"{"why":"way"}"#).await);
    let expected = "TIME\tID\tERROR\tInvoke Error \t{\"errorType\":\"Refused\",\"errorMessage\":\"no: way\",\"code\":\"E_NO\",\"name\":\"Refused\",\"stack\":[\"Refused: no: way\",\"    at Runtime.fail [as handler] (file:///var/task/";
    assert!(log.starts_with(expected), "{log}");
    assert_eq!(host.service.environments("f"), 1, "an error ends no process");
    let expected = r#"{"errorType":"string","errorMessage":"a word","trace":[]}"#;
    assert_eq!(super::node::host("throws").failure("1").await, expected);
    let circular = json(&super::node::host("circular").failure("1").await);
    assert_eq!(circular["errorMessage"], "Unable to stringify response body");
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
    let expected = serde_json::json!({
        "id": invocation.request_id,
        "name": "f",
        "version": "$LATEST",
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:f:live",
        "memory": "128",
        "group": "/aws/lambda/f",
        "stream": true,
        "remaining": true,
        "client": { "custom": { "k": "ü" } },
        "waits": true,
        "trace": "Root=1-a;Parent=b;Sampled=1",
        "environment": "AWS_Lambda_nodejs20.x",
        "cwd": true,
    });
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&invocation.payload).unwrap(), expected);
}

#[tokio::test]
async fn what_is_printed_is_in_the_log_of_its_invocation() {
    if is_missing(RUNTIME) {
        return;
    }
    let host = host("logs");
    for _ in 0..2 {
        let log = without_times(&host.log("1").await);
        assert_eq!(log, "TIME\tID\tINFO\ttold 1 { a: 'ü' }\nTIME\tID\tERROR\tbad\nno end of line");
    }
    let loaded: Vec<_> = host.lines.all().into_iter().filter(|line| line.ends_with("\tINFO\tloaded")).collect();
    assert_eq!(loaded.len(), 1);
    assert!(loaded[0].contains("\tundefined\t"), "{loaded:?}");
}

#[tokio::test]
async fn what_nobody_catches_ends_the_process() {
    if is_missing(RUNTIME) {
        return;
    }
    let stray = json(&host("stray").failure("1").await);
    assert_eq!(stray["errorType"], "Runtime.UnhandledPromiseRejection");
    assert_eq!(stray["errorMessage"], "Error: nobody caught me");
    let crash_host = host("crash");
    let crash = json(&crash_host.failure("1").await);
    assert_eq!((&crash["errorType"], &crash["errorMessage"]), (&"TypeError".into(), &"not here".into()));
    assert_eq!(json(&crash_host.failure("1").await), crash, "in a process of its own");
    let host = host("afterwards");
    assert_eq!(host.call("1").await, "\"first\"");
    let begin = std::time::Instant::now();
    while host.service.environments("f") > 0 {
        assert!(begin.elapsed() < Duration::from_secs(20), "an error after the answer ends the process too");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(host.call("1").await, "\"first\"");
}

#[tokio::test]
async fn ends_without_an_answer() {
    if is_missing(RUNTIME) {
        return;
    }
    let leave = host("leave");
    assert_eq!(leave.failure("0").await, exit_error("without providing a reason"));
    assert_eq!(leave.failure("3").await, exit_error("with error: exit status 3"));
    let never_host = host("never");
    let never = json(&never_host.failure("1").await);
    assert_eq!(never["errorType"], "Runtime.NodeJsExit");
    assert_eq!(json(&never_host.failure("1").await)["errorType"], "Runtime.NodeJsExit");
    assert_eq!(never_host.service.environments("f"), 1);
    let hang = host("hang");
    assert_eq!(hang.call("1").await, "null");
    let (failure, ()) = tokio::join!(hang.failure("60000"), async {
        hang.clock.advance(Duration::from_secs(29));
        tokio::task::yield_now().await;
        hang.clock.advance(Duration::from_secs(2));
    });
    assert!(failure.contains("Task timed out after 30.00 seconds"), "{failure}");
    assert_eq!(hang.call("1").await, "null");
    let big = host("big");
    assert_eq!(big.call("6291554").await.len(), 6_291_556);
    assert!(big.failure("6291555").await.contains("Function.ResponseSizeTooLarge"));
    assert_eq!(big.call("1").await, "\"x\"", "the process goes on");
}

#[tokio::test]
async fn a_streamed_response_is_given_as_a_whole() {
    if is_missing(RUNTIME) {
        return;
    }
    let host = host("streamed");
    let expected = "{\"statusCode\":201}\0\0\0\0\0\0\0\0one twö";
    assert_eq!(host.call("1").await, expected);
    assert_eq!(json(&host.failure("\"fail\"").await)["errorType"], "Refused");
    assert_eq!(json(&host.failure("\"open\"").await)["errorMessage"], "Response stream is not finished.");
    assert_eq!(host.call("1").await, expected);
}

const CALLBACKS: &str = r#"const { setTimeout: after } = require('node:timers');
let timers = 0;
exports.handler = (event, context, callback) => callback(null, { event, timers });
exports.waits = (event, context, callback) => {
  after(() => { timers += 1; }, 20);
  callback(null, 'answered');
};
exports.timers = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  after(() => {}, 60000);
  callback(null, timers);
};
exports.both = (event, context, callback) =>
  event === 'timers' ? exports.timers(event, context, callback) : exports.waits(event, context, callback);
exports.fails = (event, context, callback) => after(() => callback(new RangeError('far')), 1);
exports.text = (event, context, callback) => callback('a word');
exports.done = (event, context) => after(() => context.done(null, 'done'), 1);
exports.succeed = (event, context) => context.succeed({ ok: true });
exports.failed = (event, context) => context.fail(new Error('failed'));
exports.plain = (event) => ({ statusCode: 200 });
exports.twice = (event, context, callback) => { callback(null, 1); callback(null, 2); context.succeed(3); };
exports.notAFunction = 1;
"#;

#[tokio::test]
async fn handlers_with_callbacks() {
    if is_missing(RUNTIME) {
        return;
    }
    let host = |handler: &str| host_with(RUNTIME, &format!("index.{handler}"), &[("index.js", CALLBACKS)], |_| {});
    assert_eq!(host("handler").call("[1]").await, r#"{"event":[1],"timers":0}"#);
    let both = host("both");
    assert_eq!(both.call("1").await, "\"answered\"");
    assert_eq!(both.call("\"timers\"").await, "1", "the answer has waited for the timer");
    assert_eq!(both.call("\"timers\"").await, "1", "and this one for none");
    let fails = json(&host("fails").failure("1").await);
    assert_eq!((&fails["errorType"], &fails["errorMessage"]), (&"RangeError".into(), &"far".into()));
    assert_eq!(host("text").failure("1").await, r#"{"errorType":"string","errorMessage":"a word","trace":[]}"#);
    assert_eq!(host("done").call("1").await, "\"done\"");
    assert_eq!(host("succeed").call("1").await, r#"{"ok":true}"#);
    assert_eq!(json(&host("failed").failure("1").await)["errorMessage"], "failed");
    assert_eq!(host("plain").call("1").await, "null", "as on AWS, where only a promise is an answer");
    let twice = host("twice");
    assert_eq!(twice.call("1").await, "1");
    assert_eq!(twice.call("1").await, "1");
}

#[tokio::test]
async fn files_of_each_kind_are_found() {
    if is_missing(RUNTIME) {
        return;
    }
    const COMMON: &str = "exports.handler = async () => 'common';";
    const MODULE: &str = "export const handler = async () => 'module';";
    for (files, expected) in [
        (vec![("index.js", COMMON)], "\"common\""),
        (vec![("index.cjs", COMMON), ("package.json", "{\"type\":\"module\"}")], "\"common\""),
        (vec![("index.js", MODULE), ("package.json", "{\"type\":\"module\"}")], "\"module\""),
        (vec![("index.mjs", MODULE)], "\"module\""),
        (vec![("node_modules/index/index.js", COMMON)], "\"common\""),
        (
            vec![
                ("index.mjs", "import { word } from 'dep'; export const handler = async () => word;"),
                ("node_modules/dep/package.json", "{\"main\":\"m.js\"}"),
                ("node_modules/dep/m.js", "exports.word = 'dep';"),
            ],
            "\"dep\"",
        ),
    ] {
        let host = host_with(RUNTIME, "index.handler", &files, |_| {});
        assert_eq!(host.call("1").await, expected, "{files:?}");
    }
}

#[tokio::test]
async fn code_that_cannot_be_loaded_says_why() {
    if is_missing(RUNTIME) {
        return;
    }
    let files = [
        ("index.js", "exports.handler = async () => 1; exports.notAFunction = 1;"),
        ("needs.js", "require('no-such-module-here');"),
        ("broken.js", "exports.handler = async () => {\n"),
        ("raises.mjs", "throw new RangeError('TABLE');"),
    ];
    for (handler, error_type, message) in [
        ("index.other", "Runtime.HandlerNotFound", "index.other is undefined or not exported"),
        ("index.notAFunction", "Runtime.HandlerNotFound", "index.notAFunction is not a function"),
        ("index", "Runtime.MalformedHandlerName", "Bad handler"),
        (
            "../index.handler",
            "Runtime.MalformedHandlerName",
            "'../index.handler' is not a valid handler name. Use absolute paths when specifying root directories in handler names.",
        ),
        (
            "missing.handler",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'missing'\nRequire stack:\n- /var/runtime/index.mjs",
        ),
        (
            "needs.handler",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'no-such-module-here'\nRequire stack:\n- /var/task/needs.js\n- /var/runtime/index.mjs",
        ),
        ("broken.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected end of input"),
        ("raises.handler", "RangeError", "TABLE"),
    ] {
        let failure = json(&host_with(RUNTIME, handler, &files, |_| {}).failure("1").await);
        assert_eq!(
            (&failure["errorType"], &failure["errorMessage"]),
            (&error_type.into(), &message.into()),
            "{handler}"
        );
        assert!(!failure["trace"].as_array().unwrap().is_empty());
    }
    let broken = json(&host_with(RUNTIME, "broken.handler", &files, |_| {}).failure("1").await);
    assert_eq!(broken["trace"][0], "/var/task/broken.js:2");
    let host =
        host_with("nodejs24.x", "index.handler", &[("index.js", "exports.handler = (e, c, callback) => {};")], |_| {});
    assert_eq!(json(&host.failure("1").await)["errorType"], "Runtime.CallbackHandlerDeprecated");
}
