//! The names a function answers to: `FunctionName`, ARN, partial ARN, and what developers call it.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::model::{Function, FunctionCode};

/// Splits a function identifier into the function's name and the qualifier.
///
/// Takes `name`, `arn:aws:lambda:region:account:function:name`, `account:function:name` and `function:name`, each with
/// `:qualifier`. Region and account are compared by whoever knows several (`worlds`).
pub(crate) fn parse(identifier: &str) -> Option<(&str, Option<&str>)> {
    let mut parts = identifier.split(':');
    let head = parts.next()?;
    let name = if head == "arn" {
        // partition, service, region, account, "function"
        let (service, kind) = (parts.nth(1)?, parts.nth(2)?);
        if service != "lambda" || kind != "function" {
            return None;
        }
        parts.next()?
    } else if head == "function" {
        parts.next()?
    } else if crate::ids::is_account_id(head) && identifier[12..].starts_with(':') {
        if parts.next()? != "function" {
            return None;
        }
        parts.next()?
    } else {
        head
    };
    let qualifier = parts.next();
    let whole = parts.next().is_none() && !name.is_empty() && qualifier != Some("");
    whole.then_some((name, qualifier))
}

/// Other names of functions: logical id and binary name, where they mean one function only and are no function's
/// own name.
pub(crate) fn aliases(functions: &IndexMap<String, Function>) -> HashMap<String, String> {
    let mut found: HashMap<&str, Option<&str>> = HashMap::new();
    let mut add = |alias, function: &Function, name| {
        found.entry(alias).and_modify(|known| *known = known.filter(|known| *known == name)).or_insert_with(|| {
            (!functions.values().any(|other| other.function_name == alias && other != function)).then_some(name)
        });
    };
    for function in functions.values() {
        let name = function.function_name.as_str();
        if let Some(logical_id) = &function.logical_id {
            add(logical_id.as_str(), function, name);
        }
        if let FunctionCode::Cargo { binary, .. } = &function.code {
            add(binary.as_str(), function, name);
        }
    }
    found.into_iter().filter_map(|(alias, name)| Some((alias.to_owned(), name?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_name_is_understood() {
        for (identifier, expected) in [
            ("f", Some(("f", None))),
            ("f:live", Some(("f", Some("live")))),
            ("function:f", Some(("f", None))),
            ("function:f:$LATEST", Some(("f", Some("$LATEST")))),
            ("000000000000:function:f", Some(("f", None))),
            ("arn:aws:lambda:us-east-1:000000000000:function:f", Some(("f", None))),
            ("arn:aws:lambda:us-east-1:000000000000:function:f:3", Some(("f", Some("3")))),
            ("arn:aws:sns:us-east-1:000000000000:topic:f", None),
            ("arn:aws:lambda:us-east-1:000000000000:layer:f", None),
            ("f:1:2", None),
            ("f:", None),
            ("", None),
        ] {
            assert_eq!(parse(identifier), expected, "{identifier}");
        }
    }

    #[test]
    fn an_ambiguous_alias_names_nobody() {
        use crate::lambda::testing::function;
        let mut functions = IndexMap::new();
        for (name, logical_id, binary) in [("a", "A", "one"), ("b", "B", "one"), ("c", "a", "three")] {
            let mut function = function(name);
            function.logical_id = Some(logical_id.to_owned());
            function.code = FunctionCode::Cargo { folder: "x".into(), binary: binary.to_owned() };
            functions.insert(name.to_owned(), function);
        }
        let aliases = aliases(&functions);
        assert_eq!(aliases.get("A").map(String::as_str), Some("a"));
        assert_eq!(aliases.get("three").map(String::as_str), Some("c"));
        assert_eq!(aliases.get("one"), None, "two functions");
        assert_eq!(aliases.get("a"), None, "a function's own name wins");
    }
}
