//! Functions that answer at once, made through Lambda's own API: one of each kind of runtime.

use std::io::{Cursor, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::process::Command;
use zip::write::SimpleFileOptions;

use crate::client::Client;
use crate::{Failure, place};

const FUNCTIONS: &str = "/2015-03-31/functions";
/// What each function is invoked with: the least that `lambda_http` takes for an event of a REST API.
pub(crate) const EVENT: &str = r#"{"resource":"/hello","path":"/hello","httpMethod":"GET","headers":{"host":"localhost"},"multiValueHeaders":{"host":["localhost"]},"queryStringParameters":null,"multiValueQueryStringParameters":null,"pathParameters":null,"stageVariables":null,"requestContext":{"accountId":"000000000000","resourceId":"abcdef","stage":"bench","requestId":"r","identity":{"sourceIp":"127.0.0.1"},"resourcePath":"/hello","httpMethod":"GET","apiId":"benchapi"},"body":null,"isBase64Encoded":false}"#;
/// What each function's answer holds.
pub(crate) const ANSWER: &str = r#"{\"message\":\"hello\"}"#;

const PYTHON: &str = r#"import json


def handler(event, context):
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"message": "hello"}, separators=(",", ":")),
    }
"#;
const NODE: &str = r#"export const handler = async (event) => ({
  statusCode: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ message: "hello" }),
});
"#;

/// A kind of function.
pub(crate) struct Kind {
    /// For the tables: `Python 3.11 (python3.11)`.
    pub(crate) name: String,
    runtime: String,
    handler: &'static str,
    /// Base64 of the zip.
    code: String,
}

impl Kind {
    /// Rust, and Python and Node where the machine has them.
    pub(crate) async fn all() -> Result<Vec<Kind>, Failure> {
        let binary = std::fs::read(place::hello())?;
        let mut kinds = vec![Kind::new("Rust", "provided.al2023", "bootstrap", "bootstrap", &binary)?];
        if let Some(version) = version("python3", "Python 3.").await {
            kinds.push(Kind::new("Python", &format!("python3.{version}"), "app.handler", "app.py", PYTHON.as_bytes())?);
        }
        if let Some(version) = version("node", "v").await {
            kinds.push(Kind::new("Node", &format!("nodejs{version}.x"), "app.handler", "app.mjs", NODE.as_bytes())?);
        }
        Ok(kinds)
    }

    fn new(language: &str, runtime: &str, handler: &'static str, file: &str, content: &[u8]) -> Result<Kind, Failure> {
        let code = STANDARD.encode(zip(file, content)?);
        Ok(Kind { name: format!("{language} (`{runtime}`)"), runtime: runtime.to_owned(), handler, code })
    }

    /// `CreateFunction`
    pub(crate) async fn create(&self, client: &mut Client, name: &str) -> Result<(), Failure> {
        client.call("POST", FUNCTIONS, &self.request(name)).await?;
        Ok(())
    }

    /// The input of `CreateFunction`: made apart, so that no clock runs meanwhile.
    pub(crate) fn request(&self, name: &str) -> Value {
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
        json!({
            "FunctionName": name,
            "Runtime": self.runtime,
            "Handler": self.handler,
            "Role": "arn:aws:iam::000000000000:role/bench",
            "Architectures": [architecture],
            "Timeout": 30,
            "Code": { "ZipFile": self.code },
        })
    }
}

/// `CreateFunction` with an input that is made.
pub(crate) async fn create(client: &mut Client, request: &Value) -> Result<(), Failure> {
    client.call("POST", FUNCTIONS, request).await?;
    Ok(())
}

/// `DeleteFunction`
pub(crate) async fn delete(client: &mut Client, name: &str) -> Result<(), Failure> {
    client.call("DELETE", &format!("{FUNCTIONS}/{name}"), &Value::Null).await?;
    Ok(())
}

/// The path of `Invoke`.
pub(crate) fn invocations(name: &str) -> String {
    format!("{FUNCTIONS}/{name}/invocations")
}

fn zip(file: &str, content: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(file, SimpleFileOptions::default().unix_permissions(0o755))?;
    zip.write_all(content)?;
    Ok(zip.finish()?.into_inner())
}

/// The number after `prefix` in what an interpreter says of its version; `None` where there is no such interpreter.
async fn version(program: impl AsRef<Path>, prefix: &str) -> Option<u32> {
    let output = Command::new(program.as_ref()).arg("--version").output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.strip_prefix(prefix)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
