//! The `Parameters` section: the given values and the defaults, checked against what the template allows.

use indexmap::IndexMap;
use regex::Regex;

use super::LoadOptions;
use super::error::{Owner, Report, did_you_mean};
use super::node::{Entry, Kind, Node};
use super::sections::Template;

const ATTRIBUTES: &[&str] = &[
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

/// Every parameter's value: text, or a list for the list types.
pub(super) fn values(template: &Template, options: &LoadOptions, report: &Report) -> IndexMap<String, Node> {
    for name in options.parameters.keys().filter(|name| !template.parameters.contains_key(*name)) {
        let hint = did_you_mean(name, template.parameters.keys().map(String::as_str));
        report.error(template.at, format!("--parameter {name}: the template has no such parameter{hint}"));
    }
    template
        .parameters
        .iter()
        .map(|(name, entry)| {
            let given = options.parameters.get(name).map(String::as_str);
            let value = value(name, entry, given, report).unwrap_or_else(|| Node::unresolved(entry.key_at));
            (name.clone(), value)
        })
        .collect()
}

fn value(name: &str, entry: &Entry, given: Option<&str>, report: &Report) -> Option<Node> {
    let at = entry.key_at;
    let declaration = &entry.value;
    let Some(attributes) = declaration.as_map() else {
        report.error(declaration.at, format!("Parameters.{name} must be a mapping with a `Type`"));
        return None;
    };
    for (attribute, entry) in attributes.iter().filter(|(key, _)| !ATTRIBUTES.contains(&key.as_str())) {
        let hint = did_you_mean(attribute, ATTRIBUTES.iter().copied());
        report.error(entry.key_at, format!("Parameters.{name}: unknown attribute '{attribute}'{hint}"));
    }
    let Some(parameter_type) = declaration.get("Type").and_then(Node::as_text) else {
        report.error(at, format!("Parameters.{name} needs a `Type`"));
        return None;
    };
    let text = match (given, declaration.get("Default")) {
        (Some(given), _) => given.to_owned(),
        (None, Some(default)) => default.scalar().or_else(|| {
            report.error(default.at, format!("Parameters.{name}.Default must be a string, not {}", default.describe()));
            None
        })?,
        (None, None) => {
            report
                .error(at, format!("the parameter {name} has no value and no default: give --parameter {name}=VALUE"));
            return None;
        }
    };
    let is_list = match parameter_type {
        "String" | "Number" => false,
        "CommaDelimitedList" | "List<Number>" => true,
        other if other.starts_with("AWS::SSM::Parameter::") => {
            if given.is_none() {
                let owner = Owner { logical_id: name, resource_type: parameter_type };
                let reason = format!(
                    "there is no Parameter Store locally: the value is the parameter's name, '{text}'; give --parameter {name}=VALUE"
                );
                report.unsupported(owner, None, at, reason);
            }
            other.contains("Value<List<") || other.contains("Value<CommaDelimitedList>")
        }
        other if other.starts_with("AWS::") => false,
        other if other.starts_with("List<AWS::") => true,
        other => {
            report.error(at, format!("Parameters.{name}: unknown type '{other}'"));
            return None;
        }
    };
    let items: Vec<&str> = if is_list { text.split(',').map(str::trim).collect() } else { vec![text.as_str()] };
    let check = Check { name, declaration, report, given: given.is_some(), entry };
    let mut holds = true;
    for item in &items {
        holds &= check.item(item, parameter_type.contains("Number"));
    }
    holds.then(|| match is_list {
        true => Node::new(Kind::List(items.iter().map(|item| Node::text(*item, at)).collect()), at),
        false => Node::text(text.as_str(), at),
    })
}

struct Check<'a> {
    name: &'a str,
    declaration: &'a Node,
    report: &'a Report,
    given: bool,
    entry: &'a Entry,
}

impl Check<'_> {
    fn item(&self, item: &str, is_number: bool) -> bool {
        let number = item.parse::<f64>().ok();
        let length = item.chars().count() as f64;
        let limit = |attribute: &str| self.declaration.get(attribute).and_then(Node::scalar)?.parse::<f64>().ok();
        let mut wrong = None;
        if is_number && number.is_none() {
            wrong = Some("is not a number".to_owned());
        }
        if let Some(allowed) = self.declaration.get("AllowedValues").and_then(Node::as_list) {
            let allowed: Vec<String> = allowed.iter().filter_map(Node::scalar).collect();
            if !allowed.iter().any(|value| value == item) {
                wrong = Some(format!("is not one of {}", allowed.join(", ")));
            }
        }
        if let Some(pattern) = self.declaration.get("AllowedPattern").and_then(Node::as_text) {
            match Regex::new(&format!("^(?:{pattern})$")) {
                Ok(regex) if regex.is_match(item) => {}
                Ok(_) => wrong = Some(format!("does not match {pattern}")),
                Err(_) => {
                    let owner = Owner { logical_id: self.name, resource_type: "Parameter" };
                    let at = self.entry.key_at;
                    self.report.unsupported(
                        owner,
                        Some("AllowedPattern"),
                        at,
                        "this pattern cannot be checked locally",
                    );
                }
            }
        }
        for (attribute, value, is_least) in [
            ("MinLength", Some(length), true),
            ("MaxLength", Some(length), false),
            ("MinValue", number, true),
            ("MaxValue", number, false),
        ] {
            if let (Some(limit), Some(value)) = (limit(attribute), value)
                && (if is_least { value < limit } else { value > limit })
            {
                wrong = Some(format!("breaks {attribute} {limit}"));
            }
        }
        let Some(wrong) = wrong else { return true };
        // A secret must not end up in a log.
        let shown = match self.declaration.get("NoEcho").and_then(Node::scalar).as_deref() {
            Some("true") => "its value".to_owned(),
            _ => format!("'{item}'"),
        };
        let why = self.declaration.get("ConstraintDescription").and_then(Node::as_text);
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let name = self.name;
        let (at, what) = match self.declaration.get("Default") {
            Some(default) if !self.given => (default.at, format!("Parameters.{name}.Default")),
            _ => (self.entry.key_at, format!("--parameter {name}")),
        };
        self.report.error(at, format!("{what}: {shown} {wrong}{why}"));
        false
    }
}
