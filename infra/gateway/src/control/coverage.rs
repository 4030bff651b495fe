//! `docs/coverage.md`: every operation of every service that is spoken here, and what of it is here.
//!
//! Nothing is written down a second time: the operations are those of the service models, and what is here of them is what
//! the tables that answer requests say. A test fails when the document says otherwise.

use std::fmt::Write as _;

use super::call::Entry;
use super::service_model;
use super::services::SERVICES;
use crate::services::dynamodb;

/// What is here of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Here {
    Done,
    /// What is missing.
    Partly(&'static str),
    No,
}

/// A service, with every operation of its model.
struct Covered {
    name: &'static str,
    operations: Vec<(&'static str, Here)>,
}

impl Covered {
    fn new(name: &'static str, model: &'static service_model::Lazy, here: impl Fn(&str) -> Here) -> Covered {
        let operations = model.operations.keys().map(|operation| (operation.as_str(), here(operation))).collect();
        Covered { name, operations }
    }

    fn count(&self, fits: impl Fn(Here) -> bool) -> usize {
        self.operations.iter().filter(|(_, here)| fits(*here)).count()
    }
}

/// All of them, in the order of the document.
fn services() -> Vec<Covered> {
    let mut all: Vec<Covered> = Vec::new();
    for service in SERVICES {
        all.push(Covered::new(service.name, service.model, |operation| service.entry(operation).map_or(Here::No, of)));
    }
    let engine = |operation: &str| if dynamodb::OPERATIONS.contains(&operation) { Here::Done } else { Here::No };
    all.push(Covered::new("dynamodb", &service_model::DYNAMODB, engine));
    all.push(Covered::new("dynamodbstreams", &service_model::DYNAMODBSTREAMS, engine));
    all
}

fn of(entry: &Entry) -> Here {
    entry.partly.map_or(Here::Done, Here::Partly)
}

/// The document.
pub(crate) fn markdown() -> String {
    let services = services();
    let mut text = String::from(INTRODUCTION);
    for service in &services {
        let done = service.count(|here| here == Here::Done);
        let partly = service.count(|here| matches!(here, Here::Partly(_)));
        let no = service.count(|here| here == Here::No);
        let name = service.name;
        let _ = writeln!(text, "| [{name}](#{name}) | {} | {done} | {partly} | {no} |", service.operations.len());
    }
    for service in &services {
        let _ = write!(text, "\n## {}\n\n| Operation | Here |\n|---|---|\n", service.name);
        for (operation, here) in &service.operations {
            let _ = match here {
                Here::Done => writeln!(text, "| {operation} | done |"),
                Here::Partly(missing) => writeln!(text, "| {operation} | partly: {} |", missing.replace('|', "\\|")),
                Here::No => writeln!(text, "| {operation} | no |"),
            };
        }
    }
    text
}

const INTRODUCTION: &str = "\
# Operations of AWS's APIs

Every operation of every service that Ferrogate speaks, by AWS's own service models. *Done* is an operation that answers
as AWS's does as far as is known; *partly* says what of it is missing; *no* is answered with an error that says so.

This file is written by `FERROGATE_WRITE_COVERAGE=1 cargo test -p ferrogate coverage` from the tables that answer requests;
a test fails when it differs from them.

| Service | Operations | Done | Partly | No |
|---|--:|--:|--:|--:|
";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_document_says_what_the_tables_of_coverage_say() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/coverage.md");
        let text = markdown();
        if std::env::var_os("FERROGATE_WRITE_COVERAGE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = written.lines().zip(text.lines()).find(|(written, text)| written != text);
        assert!(
            written == text,
            "docs/coverage.md is out of date ({differs:?}): FERROGATE_WRITE_COVERAGE=1 cargo test -p ferrogate coverage \
             writes it"
        );
    }

    #[test]
    fn no_table_of_coverage_names_an_operation_that_aws_does_not_have() {
        for service in SERVICES {
            for entry in service.operations.iter().copied().flatten() {
                let name = service.name;
                assert!(service.model.operations.contains_key(entry.name), "{name} has no {}", entry.name);
            }
        }
        let streams = service_model::DYNAMODBSTREAMS.operations.keys();
        let known: Vec<&String> = service_model::DYNAMODB.operations.keys().chain(streams).collect();
        let unknown = |name: &&&str| !known.iter().any(|known| known == *name);
        assert_eq!(dynamodb::OPERATIONS.iter().find(unknown), None);
    }
}
