//! Reads a mapping of resolved properties. What nobody has asked for by the time the reader goes away is listed as
//! not supported: that is how nothing is dropped in silence.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::RangeInclusive;

use indexmap::IndexMap;
use serde_json::Value;

use super::error::{Owner, Place, Report, did_you_mean};
use super::node::{Kind, Mapping, Node};

/// Why a property is listed that nobody has asked for.
pub(super) const LEFT_OUT: &str = "not supported: ignored";

/// The properties of a resource, or of an object below them.
pub(super) struct Properties<'a> {
    owner: Owner<'a>,
    node: &'a Node,
    map: Option<&'a Mapping>,
    /// `Auth.Authorizers`; empty at the top.
    path: String,
    report: &'a Report,
    seen: RefCell<HashSet<&'a str>>,
}

impl<'a> Properties<'a> {
    /// A reader of `node`, which is reported if it is no mapping.
    pub(super) fn new(report: &'a Report, owner: Owner<'a>, path: impl Into<String>, node: &'a Node) -> Self {
        let properties =
            Properties { owner, node, map: node.as_map(), path: path.into(), report, seen: RefCell::default() };
        if properties.map.is_none() && node.kind != Kind::Unresolved {
            report.error(node.at, format!("{} must be a mapping, not {}", properties.title(None), node.describe()));
        }
        properties
    }

    pub(super) fn at(&self) -> Place {
        self.node.at
    }

    pub(super) fn owner(&self) -> Owner<'a> {
        self.owner
    }

    pub(super) fn node(&self) -> &'a Node {
        self.node
    }

    pub(super) fn report(&self) -> &'a Report {
        self.report
    }

    /// `Function.Auth.Authorizer`
    fn title(&self, key: Option<&str>) -> String {
        let parts = [self.owner.logical_id, self.path.as_str(), key.unwrap_or_default()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
    }

    pub(super) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of `key`, marked as read. Absent, unresolved and null (an error) are `None`.
    pub(super) fn take(&self, key: &str) -> Option<&'a Node> {
        let (name, entry) = self.map?.get_key_value(key)?;
        self.seen.borrow_mut().insert(name);
        match entry.value.kind {
            Kind::Unresolved => None,
            Kind::Null => {
                self.error(key, "is empty (null)");
                None
            }
            _ => Some(&entry.value),
        }
    }

    /// Whether `key` is there at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.is_some_and(|map| map.contains_key(key))
    }

    /// The place of `key`, or of the mapping without it.
    pub(super) fn place(&self, key: &str) -> Place {
        self.map.and_then(|map| map.get(key)).map_or(self.node.at, |entry| entry.value.at)
    }

    /// An error about `key`.
    pub(super) fn error(&self, key: &str, what: impl AsRef<str>) {
        self.report.error(self.place(key), format!("{} {}", self.title(Some(key)), what.as_ref()));
    }

    /// `key` must be there: reports it when it is not. (Present but broken has been reported where it was read.)
    pub(super) fn require(&self, key: &str) {
        if self.map.is_some_and(|map| !map.contains_key(key)) {
            let hint = did_you_mean(key, self.map.into_iter().flat_map(|map| map.keys().map(String::as_str)));
            let hint = hint.replace("did you mean", "it has");
            self.report.error(self.node.at, format!("{} needs `{key}`{}", self.title(None), hint.replace('?', "")));
        }
    }

    /// A string, a number or a boolean, as text.
    pub(super) fn string(&self, key: &str) -> Option<String> {
        let node = self.take(key)?;
        let text = node.scalar();
        if text.is_none() {
            self.error(key, format!("must be a string, not {}", node.describe()));
        }
        text
    }

    /// A string that must be there.
    pub(super) fn required_string(&self, key: &str) -> Option<String> {
        self.require(key);
        self.string(key)
    }

    /// A string out of a few; another is an error.
    pub(super) fn one_of(&self, key: &str, allowed: &[&str]) -> Option<String> {
        let text = self.string(key)?;
        if allowed.contains(&text.as_str()) {
            return Some(text);
        }
        self.error(key, format!("must be one of {}, not '{text}'", allowed.join(", ")));
        None
    }

    /// A whole number within AWS's limits.
    pub(super) fn integer(&self, key: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let text = self.string(key)?;
        match text.parse::<u32>() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let (least, most) = (range.start(), range.end());
                self.error(key, format!("must be a whole number from {least} to {most}, not '{text}'"));
                None
            }
        }
    }

    /// A whole number within limits of AWS's that [`Properties::integer`] cannot hold.
    pub(super) fn whole(&self, key: &str, range: RangeInclusive<i32>) -> Option<i32> {
        self.number(key, f64::from(*range.start())..=f64::from(*range.end())).map(|number| number as i32)
    }

    /// A number within AWS's limits.
    pub(super) fn number(&self, key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let text = self.string(key)?;
        match text.parse::<f64>() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let least = range.start();
                let limits = match *range.end() {
                    most if most < 1e9 => format!("from {least} to {most}"),
                    _ => format!("of at least {least}"),
                };
                self.error(key, format!("must be a number {limits}, not '{text}'"));
                None
            }
        }
    }

    /// A boolean, in any of the ways that YAML and JSON authors write one.
    pub(super) fn boolean(&self, key: &str) -> Option<bool> {
        let text = self.string(key)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => {
                self.error(key, format!("must be true or false, not '{text}'"));
                None
            }
        }
    }

    /// A list.
    pub(super) fn list(&self, key: &str) -> &'a [Node] {
        let Some(node) = self.take(key) else { return &[] };
        node.as_list().unwrap_or_else(|| {
            self.error(key, format!("must be a list, not {}", node.describe()));
            &[]
        })
    }

    /// A list of strings.
    pub(super) fn strings(&self, key: &str) -> Vec<String> {
        self.list(key)
            .iter()
            .filter(|item| item.kind != Kind::Unresolved)
            .filter_map(|item| {
                item.scalar().or_else(|| {
                    self.error(key, format!("must be a list of strings; one item is {}", item.describe()));
                    None
                })
            })
            .collect()
    }

    /// A list of objects.
    pub(super) fn objects(&self, key: &str) -> Vec<Properties<'a>> {
        let items = self.list(key).iter().enumerate();
        items.map(|(index, item)| self.reader(self.path(&format!("{key}.{index}")), item)).collect()
    }

    /// An object.
    pub(super) fn object(&self, key: &str) -> Option<Properties<'a>> {
        let node = self.take(key)?;
        Some(self.reader(self.path(key), node))
    }

    /// A reader at another path of the same resource.
    pub(super) fn reader(&self, path: String, node: &'a Node) -> Properties<'a> {
        Properties::new(self.report, self.owner, path, node)
    }

    /// A mapping whose keys are names that the template's author chose.
    pub(super) fn members(&self, key: &str) -> Vec<(&'a str, Place, &'a Node)> {
        let Some(node) = self.take(key) else { return Vec::new() };
        match node.as_map() {
            Some(map) => map.iter().map(|(name, entry)| (name.as_str(), entry.key_at, &entry.value)).collect(),
            None => {
                self.error(key, format!("must be a mapping, not {}", node.describe()));
                Vec::new()
            }
        }
    }

    /// A mapping of names to strings.
    pub(super) fn string_map(&self, key: &str) -> IndexMap<String, String> {
        let members = self.members(key).into_iter();
        members
            .filter(|(_, _, node)| node.kind != Kind::Unresolved)
            .filter_map(|(name, at, node)| match node.scalar() {
                Some(text) => Some((name.to_owned(), text)),
                None => {
                    let title = self.title(Some(key));
                    self.report.error(at, format!("{title}.{name} must be a string, not {}", node.describe()));
                    None
                }
            })
            .collect()
    }

    /// A mapping of names to booleans.
    pub(super) fn boolean_map(&self, key: &str) -> IndexMap<String, bool> {
        let map = self.string_map(key).into_iter();
        map.filter_map(|(name, text)| match text.to_ascii_lowercase().as_str() {
            "true" => Some((name, true)),
            "false" => Some((name, false)),
            _ => {
                self.error(key, format!("has true or false for each name, not '{text}' for {name}"));
                None
            }
        })
        .collect()
    }

    /// CloudFormation's `Tags`: a list of `Key` and `Value`, or (in API Gateway v2 and SAM) a mapping.
    pub(super) fn tags(&self, key: &str) -> IndexMap<String, String> {
        if self.node.get(key).is_some_and(|node| node.as_map().is_some()) {
            return self.string_map(key);
        }
        let tags = self.objects(key).into_iter();
        tags.filter_map(|tag| Some((tag.required_string("Key")?, tag.string("Value").unwrap_or_default()))).collect()
    }

    /// A JSON document, written as an object or as text.
    pub(super) fn json_text(&self, key: &str) -> Option<String> {
        let node = self.take(key)?;
        Some(node.scalar().unwrap_or_else(|| node.to_json().to_string()))
    }

    /// Any value, as JSON.
    pub(super) fn json(&self, key: &str) -> Option<Value> {
        self.take(key).map(Node::to_json)
    }

    /// These properties are known and change nothing on one machine.
    pub(super) fn harmless(&self, keys: &[&str]) {
        let Some(map) = self.map else { return };
        for key in keys {
            if let Some((name, _)) = map.get_key_value(*key) {
                self.seen.borrow_mut().insert(name);
            }
        }
    }

    /// All that is left is known and changes nothing on one machine.
    pub(super) fn rest_is_harmless(&self) {
        let Some(map) = self.map else { return };
        self.seen.borrow_mut().extend(map.keys().map(String::as_str));
    }

    /// Lists `key`, if it is there, with what its absence means.
    pub(super) fn unsupported(&self, key: &str, reason: &str) {
        let Some((name, entry)) = self.map.and_then(|map| map.get_key_value(key)) else { return };
        self.seen.borrow_mut().insert(name);
        self.report.unsupported(self.owner, Some(&self.path(key)), entry.key_at, reason);
    }

    /// Lists the whole object.
    pub(super) fn whole_unsupported(&self, reason: impl Into<String>) {
        self.rest_is_harmless();
        let path = (!self.path.is_empty()).then_some(self.path.as_str());
        self.report.unsupported(self.owner, path, self.node.at, reason);
    }
}

impl Drop for Properties<'_> {
    fn drop(&mut self) {
        let Some(map) = self.map else { return };
        let seen = self.seen.borrow();
        for (key, entry) in map.iter().filter(|(key, _)| !seen.contains(key.as_str())) {
            self.report.unsupported(self.owner, Some(&self.path(key)), entry.key_at, LEFT_OUT);
        }
    }
}
