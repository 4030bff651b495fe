//! Whole templates: what they come to, and what is said of broken ones.

mod cognito;
mod errors;
mod event_sources;
mod functions;
mod http_apis;
mod intrinsics;
mod notifications;
mod rest_apis;
mod rest_stages;
mod sam_rest;
mod tables;
mod usage_plans;
mod websocket;

use std::fs;
use std::path::PathBuf;

use super::{LoadOptions, Loaded, load};

/// A template in a folder of its own, with whatever files it names.
struct Stack {
    folder: tempfile::TempDir,
    options: LoadOptions,
    template: &'static str,
}

impl Stack {
    fn new() -> Self {
        let stack = Stack {
            folder: tempfile::tempdir().unwrap(),
            options: LoadOptions { stack_name: "stack".to_owned(), ..LoadOptions::default() },
            template: "template.yaml",
        };
        // Most templates have a function, and most functions need no more than this.
        stack.file("fn/bootstrap", "")
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn parameter(mut self, name: &str, value: &str) -> Self {
        self.options.parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn load(self, text: &str) -> Loaded {
        let template = self.template;
        let stack = self.file(template, text);
        match load(&stack.path(template), &stack.options) {
            Ok(loaded) => loaded,
            Err(errors) => panic!("{errors}"),
        }
    }

    /// The errors, one a line, without the temporary folder's name.
    fn errors(self, text: &str) -> Vec<String> {
        let template = self.template;
        let stack = self.file(template, text);
        let folder = format!("{}/", stack.folder.path().display());
        match load(&stack.path(template), &stack.options) {
            Ok(loaded) => panic!("loaded: {loaded:#?}"),
            Err(errors) => errors.to_string().lines().map(|line| line.replace(&folder, "")).collect(),
        }
    }
}

/// `Resource Property: reason`, without types and places.
fn unsupported(loaded: &Loaded) -> Vec<String> {
    let property = |property: &Option<String>| property.as_ref().map(|p| format!(" {p}")).unwrap_or_default();
    loaded.unsupported.iter().map(|u| format!("{}{} line {}", u.resource, property(&u.property), u.line)).collect()
}

fn output<'a>(loaded: &'a Loaded, name: &str) -> &'a str {
    &loaded.outputs.iter().find(|output| output.name == name).unwrap().value
}
