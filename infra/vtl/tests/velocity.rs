//! Every template under `tests/velocity/` renders as real Apache Velocity 1.7 renders it, and every path reads as Jayway's
//! library reads it.
//!
//! What those two say is recorded beside the templates, so that the comparison runs everywhere. Where Java and the jars are
//! (`.ci/peers` installs them), they are asked again and the recording has to agree; with `FERROGATE_RECORD=1` it is
//! written anew. `FERROGATE_REQUIRE_PEERS=1` makes their absence a failure.

#![expect(clippy::unwrap_used, reason = "a test ends where something that it relies on is missing")]

#[path = "oracle/mod.rs"]
mod oracle;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ferrogate_vtl::{Inputs, Overrides, Params, Template, json_path::JsonPath};
use oracle::Oracle;
use serde_json::{Value, json};

/// The request that all templates see.
fn request() -> Value {
    json!({
        "body": include_str!("velocity/body.json").trim_end(),
        "params": {
            "path": {"id": "42"},
            "querystring": {"q": "a b", "page": "2", "id": "shadowed"},
            "header": {"Accept": "application/json", "X-Api-Key": "k-1", "page": "9"},
        },
        "context": {
            "requestId": "r-1", "httpMethod": "POST", "resourcePath": "/pets/{id}", "stage": "prod", "apiId": "abc",
            "identity": {"sourceIp": "10.0.0.1", "userAgent": "agent/1.0", "apiKey": null},
            "authorizer": {"principalId": "user|7", "claims": {"sub": "s-1", "email": "a@b.c"}},
        },
        "stage": {"table": "Pets", "url": "example.com", "with-dash": "d"},
    })
}

/// What a template or a path came to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Text(String),
    ParseError,
    RenderError,
}

impl Outcome {
    fn of(answer: &Value) -> Self {
        match (answer["text"].as_str(), answer["error"].as_str()) {
            (Some(text), _) => Outcome::Text(text.to_owned()),
            (_, Some("parse")) => Outcome::ParseError,
            _ => Outcome::RenderError,
        }
    }
}

fn params(of: &Value) -> indexmap::IndexMap<String, String> {
    of.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn render(template: &str, request: &Value) -> Outcome {
    let given = Params {
        path: params(&request["params"]["path"]),
        querystring: params(&request["params"]["querystring"]),
        header: params(&request["params"]["header"]),
    };
    let inputs = Inputs {
        body: request["body"].as_str().unwrap(),
        params: &given,
        context: request["context"].as_object().unwrap(),
        stage_variables: &params(&request["stage"]),
    };
    match Template::parse(template).map(|template| template.render(&inputs, &mut Overrides::default())) {
        Ok(Ok(text)) => Outcome::Text(text),
        Ok(Err(_)) => Outcome::RenderError,
        Err(_) => Outcome::ParseError,
    }
}

fn read(path: &str, document: &Value) -> Outcome {
    match JsonPath::parse(path) {
        Ok(path) => Outcome::Text(path.read(document).map_or_else(String::new, |value| value.to_string())),
        Err(_) => Outcome::ParseError,
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/velocity")
}

/// The cases of a file: separated by lines of three dashes.
fn cases(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    text.strip_suffix('\n').unwrap().split("\n---\n").map(str::to_owned).collect()
}

/// Where API Gateway, or prudence, differs from plain Velocity on purpose: the case, and what it comes to instead.
fn differences(of: &str) -> BTreeMap<String, Outcome> {
    let text = std::fs::read_to_string(folder().join("differences.json")).unwrap();
    let list: Vec<Value> = serde_json::from_str(&text).unwrap();
    list.iter().filter_map(|one| Some((one[of].as_str()?.to_owned(), Outcome::of(one)))).collect()
}

/// What the peers say about a file's cases: recorded, and asked again where they are here.
fn answers(file: &Path, asked: &[Value]) -> Vec<Outcome> {
    let recording = file.with_extension("answers");
    let fresh = Oracle::find().map(|oracle| oracle.ask(asked));
    if let (Some(fresh), true) = (&fresh, std::env::var_os("FERROGATE_RECORD").is_some()) {
        let lines: String = fresh.iter().map(|answer| format!("{}\n", oracle::without_message(answer))).collect();
        std::fs::write(&recording, lines).unwrap();
    }
    let text = std::fs::read_to_string(&recording).unwrap_or_default();
    let recorded: Vec<_> = text.lines().map(|line| Outcome::of(&serde_json::from_str(line).unwrap())).collect();
    assert_eq!(recorded.len(), asked.len(), "{}: record the answers with FERROGATE_RECORD=1", recording.display());
    if let Some(fresh) = fresh {
        for (index, (fresh, recorded)) in fresh.iter().zip(&recorded).enumerate() {
            assert_eq!(Outcome::of(fresh), *recorded, "{} has changed at case {index}", recording.display());
        }
    }
    recorded
}

#[test]
fn templates_render_as_velocity_renders_them() {
    let request = request();
    let differences = differences("template");
    let (mut wrong, mut many, mut used) = (Vec::new(), 0, 0);
    let mut files: Vec<_> = folder().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "vtl")) {
        let templates = cases(file);
        let asked: Vec<_> = templates
            .iter()
            .map(|template| {
                let mut case = request.clone();
                case["template"] = json!(template);
                case
            })
            .collect();
        for (template, theirs) in templates.iter().zip(answers(file, &asked)) {
            many += 1;
            let ours = render(template, &request);
            let expected = differences.get(template).inspect(|_| used += 1).unwrap_or(&theirs);
            if ours != *expected {
                let error = Template::parse(template).err();
                wrong.push(format!("{template:?}\n  expected {expected:?}\n  rendered {ours:?} {error:?}"));
            }
        }
    }
    assert!(many > 100, "{many} cases");
    assert!(wrong.is_empty(), "{} of {many}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(used, differences.len(), "a difference that no template has");
}

#[test]
fn paths_read_as_jayway_reads_them() {
    let file = folder().join("paths.txt");
    let (paths, body) = (cases(&file), include_str!("velocity/paths.json"));
    let document: Value = serde_json::from_str(body).unwrap();
    let asked: Vec<_> = paths.iter().map(|path| json!({"path": path, "body": body})).collect();
    let differences = differences("path");
    let mut wrong = Vec::new();
    for (path, theirs) in paths.iter().zip(answers(&file, &asked)) {
        let ours = read(path, &document);
        // The same JSON, however its numbers are written.
        let same = match (&ours, &theirs) {
            (Outcome::Text(a), Outcome::Text(b)) => {
                a == b || serde_json::from_str::<Value>(a).ok() == serde_json::from_str::<Value>(b).ok()
            }
            _ => ours == theirs,
        };
        if !same && differences.get(path) != Some(&ours) {
            let error = JsonPath::parse(path).err();
            wrong.push(format!("{path}\n  expected {theirs:?}\n  read {ours:?} {error:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), paths.len(), wrong.join("\n"));
}
