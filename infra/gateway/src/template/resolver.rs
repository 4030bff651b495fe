//! Resolves a tree: intrinsic functions give way to their values, `AWS::NoValue` to nothing, includes to their files.
//!
//! What cannot be resolved is reported and becomes [`Kind::Unresolved`], so that one run finds every mistake.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;

use super::LoadOptions;
use super::conditions::Outcome;
use super::error::{Owner, Place, Report, did_you_mean};
use super::node::{Entry, Kind, Mapping, Node};
use super::sections::Template;

/// The reason stands in the report.
#[derive(Debug)]
pub(super) struct Failed;

/// A value, or nothing at all (`AWS::NoValue`).
pub(super) type Resolved = Result<Option<Node>, Failed>;

/// Everything that names in a template can stand for.
pub(super) struct Resolver<'t> {
    pub(super) template: &'t Template,
    pub(super) options: &'t LoadOptions,
    pub(super) report: &'t Report,
    pub(super) parameters: IndexMap<String, Node>,
    pub(super) conditions: RefCell<HashMap<String, Outcome>>,
    /// Names that have been resolved; `None` while one is being resolved.
    pub(super) names: RefCell<HashMap<String, Option<String>>>,
    /// What each resource refers to, and where.
    pub(super) dependencies: RefCell<BTreeMap<String, IndexMap<String, Place>>>,
    /// Files being included, so that one cannot include itself.
    pub(super) including: RefCell<Vec<std::path::PathBuf>>,
    /// The resource (or section) whose values are being resolved.
    owner: RefCell<(String, String)>,
    path: RefCell<Vec<String>>,
    in_condition: Cell<bool>,
}

impl<'t> Resolver<'t> {
    pub(super) fn new(
        template: &'t Template,
        options: &'t LoadOptions,
        report: &'t Report,
        parameters: IndexMap<String, Node>,
    ) -> Self {
        Resolver {
            template,
            options,
            report,
            parameters,
            conditions: RefCell::default(),
            names: RefCell::default(),
            dependencies: RefCell::default(),
            including: RefCell::default(),
            owner: RefCell::default(),
            path: RefCell::default(),
            in_condition: Cell::new(false),
        }
    }

    /// Resolves what belongs to a resource or section, so that messages can say where and cycles can be found.
    pub(super) fn resolve_for(&self, owner: Owner<'_>, path: &str, node: &Node) -> Option<Node> {
        self.in_section(owner, path, || self.resolve(node))
    }

    /// Runs `inner` with messages and dependencies in the name of `owner`.
    pub(super) fn in_section<T>(&self, owner: Owner<'_>, path: &str, inner: impl FnOnce() -> T) -> T {
        let names = (owner.logical_id.to_owned(), owner.resource_type.to_owned());
        let owner = self.owner.replace(names);
        let path = self.path.replace(if path.is_empty() { Vec::new() } else { vec![path.to_owned()] });
        let result = inner();
        self.owner.replace(owner);
        self.path.replace(path);
        result
    }

    /// Runs `inner` with names restricted to parameters, as conditions are.
    pub(super) fn as_condition<T>(&self, inner: impl FnOnce() -> T) -> T {
        let before = self.in_condition.replace(true);
        let result = inner();
        self.in_condition.set(before);
        result
    }

    pub(super) fn is_condition(&self) -> bool {
        self.in_condition.get()
    }

    /// Resolves a value; `None` for `AWS::NoValue`.
    pub(super) fn resolve(&self, node: &Node) -> Option<Node> {
        match &node.kind {
            Kind::Map(map) => self.map(node.at, map).unwrap_or_else(|Failed| Some(Node::unresolved(node.at))),
            Kind::List(items) => {
                let items = items.iter().enumerate().filter_map(|(index, item)| self.below(&index.to_string(), item));
                Some(Node::new(Kind::List(items.collect()), node.at))
            }
            Kind::Text(text) if text.contains("{{resolve:") => {
                self.note(node.at, "dynamic references ({{resolve:…}}) have no value locally: left out");
                Some(Node::unresolved(node.at))
            }
            _ => Some(node.clone()),
        }
    }

    fn below(&self, key: &str, node: &Node) -> Option<Node> {
        self.path.borrow_mut().push(key.to_owned());
        let resolved = self.resolve(node);
        self.path.borrow_mut().pop();
        resolved
    }

    fn map(&self, at: Place, map: &Mapping) -> Resolved {
        if let (1, Some((name, entry))) = (map.len(), map.first())
            && (name == "Ref" || name.starts_with("Fn::"))
        {
            // An intrinsic's place is where its value begins to be wrong, which is the value's own.
            return self.call(name, &entry.value, at);
        }
        let mut resolved = Mapping::new();
        for (key, entry) in map {
            if key == "Fn::Transform" {
                let included = self.call(key, &entry.value, entry.value.at)?;
                if let Some(Kind::Map(included)) = included.map(|node| node.kind) {
                    for (key, entry) in included {
                        resolved.entry(key).or_insert(entry);
                    }
                }
                continue;
            }
            if key.starts_with("Fn::") {
                return self.fail(entry.key_at, format!("{key} cannot stand beside other keys"));
            }
            if let Some(value) = self.below(key, &entry.value) {
                resolved.insert(key.clone(), Entry { key_at: entry.key_at, value });
            }
        }
        Ok(Some(Node::new(Kind::Map(resolved), at)))
    }

    fn call(&self, name: &str, argument: &Node, at: Place) -> Resolved {
        match name {
            "Ref" => self.reference(argument),
            "Fn::GetAtt" => self.get_att(argument),
            "Fn::Sub" => self.sub(argument),
            "Fn::Join" => self.join(argument),
            "Fn::Select" => self.select(argument),
            "Fn::Split" => self.split(argument),
            "Fn::If" => self.conditional(argument),
            "Fn::FindInMap" => self.find_in_map(argument),
            "Fn::Base64" => self.base64(argument),
            "Fn::GetAZs" => self.availability_zones(argument),
            "Fn::Transform" => self.include(argument),
            "Fn::Length" | "Fn::ToJsonString" if !self.template.language_extensions => {
                self.fail(at, format!("{name} needs `Transform: AWS::LanguageExtensions` at the top of the template"))
            }
            "Fn::Length" => self.length(argument),
            "Fn::ToJsonString" => self.to_json_string(argument),
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
                if self.is_condition() {
                    let holds = self.evaluate(&Node::single(name, argument.clone(), at))?;
                    return Ok(Some(Node::new(Kind::Bool(holds), at)));
                }
                self.fail(at, format!("{name} belongs in the Conditions section; use Fn::If with a condition here"))
            }
            "Fn::ImportValue" => {
                let value = self.value(argument, "Fn::ImportValue")?;
                let export = value.scalar().unwrap_or_default();
                self.note(at, format!("there are no other stacks locally to import '{export}' from: left out"));
                Err(Failed)
            }
            "Fn::Cidr" => {
                self.resolve(argument);
                self.note(at, "Fn::Cidr is not computed, there being no network to address: left out");
                Err(Failed)
            }
            other => {
                let hint = did_you_mean(other, FUNCTIONS.iter().copied());
                self.fail(at, format!("unknown intrinsic function '{other}'{hint}"))
            }
        }
    }

    /// An argument that must have a value.
    pub(super) fn value(&self, node: &Node, function: &str) -> Result<Node, Failed> {
        match self.resolve(node) {
            None => self.fail(node.at, format!("{function} cannot take AWS::NoValue")),
            Some(Node { kind: Kind::Unresolved, .. }) => Err(Failed),
            Some(value) => Ok(value),
        }
    }

    /// An argument that must be text, a number or a boolean.
    pub(super) fn text(&self, node: &Node, what: &str) -> Result<String, Failed> {
        let value = self.value(node, what)?;
        value
            .scalar()
            .map_or_else(|| self.fail(node.at, format!("{what} must be a string, not {}", value.describe())), Ok)
    }

    /// A list of `least` to `most` arguments, not yet resolved.
    pub(super) fn arguments<'n>(
        &self,
        node: &'n Node,
        function: &str,
        (least, most): (usize, usize),
        shape: &str,
    ) -> Result<&'n [Node], Failed> {
        match node.as_list() {
            Some(items) if (least..=most).contains(&items.len()) => Ok(items),
            _ => self.fail(node.at, format!("{function} takes {shape}")),
        }
    }

    /// Reports an error with the path to it.
    pub(super) fn fail<T>(&self, at: Place, message: impl AsRef<str>) -> Result<T, Failed> {
        self.report.error(at, format!("{}{}", self.whereabouts(), message.as_ref()));
        Err(Failed)
    }

    /// Lists what is being resolved as not supported.
    pub(super) fn note(&self, at: Place, reason: impl Into<String>) {
        let owner = self.owner.borrow();
        let path = self.path.borrow().join(".");
        let owner = Owner { logical_id: &owner.0, resource_type: &owner.1 };
        self.report.unsupported(owner, (!path.is_empty()).then_some(&path), at, reason);
    }

    fn whereabouts(&self) -> String {
        let owner = self.owner.borrow();
        let path = self.path.borrow();
        let parts = std::iter::once(owner.0.as_str()).chain(path.iter().map(String::as_str));
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { String::new() } else { format!("{}: ", parts.join(".")) }
    }

    /// Notes that the resource being resolved depends on `target`.
    ///
    /// A function does not depend on the APIs of its events: there it is the API that depends on the function.
    pub(super) fn depends_on(&self, target: &str, at: Place) {
        let owner = self.owner.borrow().clone();
        let in_events = self.path.borrow().first().is_some_and(|part| part == "Events");
        if !(in_events && owner.1 == "AWS::Serverless::Function") {
            self.add_dependency(&owner.0, target, at);
        }
    }

    pub(super) fn add_dependency(&self, owner: &str, target: &str, at: Place) {
        self.dependencies.borrow_mut().entry(owner.to_owned()).or_default().entry(target.to_owned()).or_insert(at);
    }
}

const FUNCTIONS: &[&str] = &[
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
];
