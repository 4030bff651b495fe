//! The template, the function folders and the events name the same functions: nothing is forgotten when one is added.

use std::collections::BTreeSet;
use std::path::Path;

use ferrogate::model::FunctionCode;
use ferrogate::template::{LoadOptions, load};
use ferrogate_tests::stack::repository;

fn folders(path: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let folders = entries.map(|entry| entry.unwrap()).filter(|entry| entry.file_type().unwrap().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

#[test]
fn template_folders_and_events_name_the_same_functions() {
    let loaded = load(&repository().join("infra/template.yaml"), &LoadOptions::default())
        .unwrap_or_else(|errors| panic!("{errors}"));
    let in_template: BTreeSet<_> = loaded
        .model
        .functions
        .values()
        .map(|function| match &function.code {
            FunctionCode::Cargo { folder, binary } => {
                let name = folder.file_name().unwrap().to_str().unwrap();
                assert_eq!(name, binary, "folder = package = binary");
                name.to_owned()
            }
            other => panic!("{}: {other:?}", function.function_name),
        })
        .collect();
    assert_eq!(in_template, folders(&repository().join("functions")), "infra/template.yaml and functions/");
    assert_eq!(in_template, folders(&repository().join("events")), "infra/template.yaml and events/");
    // A template's functions have no versions here, so that the alias is the function as it is; and nobody counts log lines.
    let unsupported: Vec<_> =
        loaded.unsupported.iter().map(|item| (item.resource.as_str(), item.property.as_deref())).collect();
    assert_eq!(
        unsupported,
        [("QuoteProductFunction", Some("AutoPublishAlias")), ("QuotaNearlyUsed", None)],
        "{:?}",
        loaded.unsupported
    );
}
