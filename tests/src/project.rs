//! A project of a few throw-away functions in a temporary folder: what a user with a template of their own has.
//!
//! The functions depend on the standard library alone and speak the Runtime API by hand, so that they compile in a
//! second and can misbehave in ways that a good runtime client would not allow.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Speaks the Runtime API; `{HANDLE}` is the body of `fn handle(event: &str) -> String`, `{INIT}` runs first.
const MAIN: &str = r#"use std::io::{Read, Write};

fn exchange(api: &str, request: String) -> String {
    let mut stream = std::net::TcpStream::connect(api).expect("the Runtime API");
    stream.write_all(request.as_bytes()).expect("send");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("receive");
    reply
}

#[allow(unused_variables)]
fn handle(event: &str) -> String {
    {HANDLE}
}

#[allow(unreachable_code)]
fn main() {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").expect("AWS_LAMBDA_RUNTIME_API");
    {INIT}
    loop {
        let next = exchange(&api, format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n\r\n"));
        let (head, event) = next.split_once("\r\n\r\n").expect("a head");
        let id = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("lambda-runtime-aws-request-id").then(|| value.to_owned())
        }).expect("a request id");
        let result = handle(event);
        exchange(&api, format!("POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{result}", result.len()));
    }
}
"#;

/// A temporary project; gone when dropped.
pub struct Project {
    folder: tempfile::TempDir,
    functions: Vec<String>,
}

impl Project {
    /// An empty project.
    pub fn new() -> Project {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let project = Project { folder, functions: Vec::new() };
        project.write("Cargo.toml", "[workspace]\nmembers = [\"functions/*\"]\nresolver = \"3\"\n");
        project
    }

    /// The project's folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The template, which routes `GET /{name}` of a REST API `Api` to each function.
    pub fn template(&self) -> PathBuf {
        self.path().join("template.yaml")
    }

    /// Adds a function whose handler has this body (an expression of type `String`), and writes the template anew.
    #[must_use]
    pub fn with(self, name: &str, handle: &str) -> Project {
        self.with_init(name, "", handle)
    }

    /// Adds a function that runs `init` before it asks for its first event.
    #[must_use]
    pub fn with_init(mut self, name: &str, init: &str, handle: &str) -> Project {
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n");
        self.write(&format!("functions/{name}/Cargo.toml"), &manifest);
        self.write(&source(name), &MAIN.replace("{INIT}", init).replace("{HANDLE}", handle));
        self.functions.push(name.to_owned());
        self.write_template(&[]);
        self
    }

    /// Saves another handler for a function, as an editor would.
    pub fn edit(&self, name: &str, handle: &str) {
        self.write(&source(name), &MAIN.replace("{INIT}", "").replace("{HANDLE}", handle));
    }

    /// Saves the template with further routes: `(path, function)`.
    pub fn write_template(&self, more: &[(&str, &str)]) {
        let mut text = String::from(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: prod\n",
        );
        for name in &self.functions {
            let _ = write!(
                text,
                "  {name}:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: provided.al2023\n      Handler: bootstrap\n      \
                 CodeUri: functions/{name}\n      Timeout: 2\n      Events:\n"
            );
            let own = [(name.as_str(), name.as_str())];
            for (path, _) in own.iter().chain(more).filter(|(_, function)| function == name) {
                let _ = write!(
                    text,
                    "        {path}:\n          Type: Api\n          Properties:\n            Path: /{path}\n            Method: get\n            \
                     RestApiId: !Ref Api\n"
                );
            }
        }
        self.write("template.yaml", &text);
    }

    /// Writes a file of the project in one step, as editors do, so that no half of it is ever seen.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        let written = (|| {
            std::fs::create_dir_all(path.parent().unwrap_or(self.path()))?;
            let temporary = path.with_extension("tmp");
            std::fs::write(&temporary, text)?;
            std::fs::rename(&temporary, &path)
        })();
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

impl Default for Project {
    fn default() -> Self {
        Project::new()
    }
}

fn source(name: &str) -> String {
    format!("functions/{name}/src/main.rs")
}

/// A handler body that answers 200 with this text.
pub fn answer(text: &str) -> String {
    format!("String::from(r#\"{{\"statusCode\":200,\"body\":\"{text}\"}}\"#)")
}
