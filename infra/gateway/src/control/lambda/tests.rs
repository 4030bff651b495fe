//! Lambda's control plane, called as clients call it, with functions that run.

mod aliases;
mod functions;
mod permissions;
mod records;
mod urls;

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::testing::rest;
use super::super::{Control, WorldId};
use super::*;
use crate::gateway::Gateway;
use crate::lambda::package::PackageStore;
use crate::lambda::testing::{Lines, bootstrap, settings};
use crate::lambda::{Caller, EventSources, Invocation, InvokeError, InvokeRequest, MemoryCheckpoints, Worlds};
use crate::services::TableWorlds;

const ROLE: &str = "arn:aws:iam::000000000000:role/r";
const FUNCTIONS: &str = "/2015-03-31/functions";

/// A control plane whose functions run, with everything kept in `folder`.
async fn open(folder: &Path) -> Control {
    open_with(folder, false).await
}

async fn open_with(folder: &Path, enforce_permissions: bool) -> Control {
    let mut settings = settings(&Lines::default());
    settings.enforce_permissions = enforce_permissions;
    let clock = settings.clock.clone();
    let worlds = Worlds::new(settings, None);
    let lambda = worlds.invoker("000000000000", "us-east-1");
    let tables = TableWorlds::open(None, clock.clone(), "000000000000", "us-east-1").unwrap();
    let checkpoints = Arc::new(MemoryCheckpoints::default());
    let event_sources = Arc::new(EventSources::new(clock.clone(), lambda.clone(), tables, checkpoints));
    let telemetry = crate::telemetry::Telemetry::in_memory(&clock);
    let gateway = Gateway {
        iam: Default::default(),
        telemetry,
        issuers: Default::default(),
        hosted: Default::default(),
        clock,
        lambda,
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        port: 4566,
        limits: crate::throttle::Limits::default(),
        caches: Default::default(),
        chance: Default::default(),
    };
    let path = folder.join("control.sqlite");
    let mut control = Control::open(Some(&path), gateway, Arc::default()).unwrap();
    let packages = PackageStore::new(&folder.join("code")).unwrap();
    control.run_functions(FunctionRooms::new(worlds, packages, event_sources)).await;
    control
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        // Compressing a whole program takes a test longer than all the rest of it.
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(0o755);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A package with the test bootstrap; `mark` makes it another one.
fn package(mark: &str) -> String {
    let bootstrap = std::fs::read(bootstrap().join("bootstrap")).unwrap();
    STANDARD.encode(zip_of(&[("bootstrap", &bootstrap), ("mark", mark.as_bytes())]))
}

fn create_input(name: &str) -> Value {
    json!({ "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": ROLE,
        "Code": { "ZipFile": package("1") }, "Environment": { "Variables": { "VERSION": "one" } } })
}

async fn call(control: &Control, method: &str, path: &str, body: Value) -> (u16, Value) {
    rest(control, "lambda", method, path, body).await
}

/// A call that must succeed.
async fn ok(control: &Control, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = call(control, method, path, body).await;
    assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    answer
}

/// The status and the message of a call that must fail.
async fn refused(control: &Control, method: &str, path: &str, body: Value) -> (u16, String) {
    let (status, answer) = call(control, method, path, body).await;
    assert!(status >= 400, "{method} {path}: {status} {answer}");
    let message = answer.get("message").or_else(|| answer.get("Message")).and_then(Value::as_str);
    (status, message.unwrap_or_default().to_owned())
}

async fn create(control: &Control, name: &str) -> Value {
    ok(control, "POST", FUNCTIONS, create_input(name)).await
}

async fn invoke(control: &Control, identifier: &str, text: &str) -> Result<Invocation, InvokeError> {
    let request = InvokeRequest::sync(format!("\"{text}\""));
    control.gateway.lambda.invoke(identifier, request).await
}

async fn said(control: &Control, identifier: &str, text: &str) -> String {
    let invocation = invoke(control, identifier, text).await.unwrap();
    assert_eq!(invocation.function_error, None, "{:?}", invocation.payload);
    String::from_utf8(invocation.payload.to_vec()).unwrap()
}
