//! The intrinsic functions that make values of values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::{Place, did_you_mean};
use super::node::{Kind, Mapping, Node};
use super::references::PSEUDO_PARAMETERS;
use super::resolver::{Failed, Resolved, Resolver};

impl Resolver<'_> {
    pub(super) fn sub(&self, argument: &Node) -> Resolved {
        const SHAPE: &str = "a string, or a list of a string and a mapping of variables";
        let (template, variables) = match &argument.kind {
            Kind::Text(_) => (argument, None),
            Kind::List(_) => match self.arguments(argument, "Fn::Sub", (2, 2), SHAPE)? {
                [template, variables] => (template, Some(variables)),
                _ => return Err(Failed),
            },
            _ => return self.fail(argument.at, format!("Fn::Sub takes {SHAPE}")),
        };
        let Some(text) = template.as_text() else {
            return self.fail(template.at, format!("Fn::Sub takes {SHAPE}"));
        };
        let none = Mapping::new();
        let variables = match variables {
            None => &none,
            Some(node) => match node.as_map() {
                Some(map) => map,
                None => return self.fail(node.at, format!("Fn::Sub takes {SHAPE}")),
            },
        };
        let mut out = String::with_capacity(text.len());
        let mut failed = false;
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            out.push_str(&rest[..start]);
            let Some(end) = rest[start..].find('}') else {
                return self.fail(template.at, "Fn::Sub: a `${` without its `}`");
            };
            let name = &rest[start + 2..start + end];
            rest = &rest[start + end + 1..];
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str("${");
                out.push_str(literal);
                out.push('}');
                continue;
            }
            match self.substitute(name.trim(), variables, template.at) {
                Ok(value) => out.push_str(&value),
                Err(Failed) => failed = true,
            }
        }
        out.push_str(rest);
        if failed { Err(Failed) } else { Ok(Some(Node::text(out, argument.at))) }
    }

    fn substitute(&self, name: &str, variables: &Mapping, at: Place) -> Result<String, Failed> {
        if let Some(entry) = variables.get(name) {
            return self.text(&entry.value, &format!("the variable {name} of Fn::Sub"));
        }
        if name.is_empty() {
            return self.fail(at, "Fn::Sub: `${}` names nothing");
        }
        let more: Vec<&str> = variables.keys().map(String::as_str).collect();
        let value = self.look_up_dotted(name, at, &more)?;
        match value {
            None => self.fail(at, "Fn::Sub cannot take AWS::NoValue"),
            Some(value) => match value.scalar() {
                Some(text) => Ok(text),
                None => self.fail(at, format!("Fn::Sub: ${{{name}}} is {}, not a string", value.describe())),
            },
        }
    }

    pub(super) fn join(&self, argument: &Node) -> Resolved {
        const SHAPE: &str = "a delimiter and a list: [\",\", [a, b]]";
        let [delimiter, list] = self.arguments(argument, "Fn::Join", (2, 2), SHAPE)? else { return Err(Failed) };
        let Some(delimiter) = delimiter.scalar() else {
            return self.fail(delimiter.at, format!("Fn::Join takes {SHAPE}"));
        };
        let value = self.value(list, "Fn::Join")?;
        let Some(items) = value.as_list() else {
            return self.fail(list.at, format!("Fn::Join takes {SHAPE}"));
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match (&item.kind, item.scalar()) {
                (_, Some(text)) => texts.push(text),
                (Kind::Unresolved, _) => return Err(Failed),
                _ => return self.fail(item.at, format!("Fn::Join: an item is {}, not a string", item.describe())),
            }
        }
        Ok(Some(Node::text(texts.join(&delimiter), argument.at)))
    }

    pub(super) fn split(&self, argument: &Node) -> Resolved {
        let [delimiter, source] =
            self.arguments(argument, "Fn::Split", (2, 2), "a delimiter and a string: [\",\", \"a,b\"]")?
        else {
            return Err(Failed);
        };
        let delimiter = self.text(delimiter, "the delimiter of Fn::Split")?;
        if delimiter.is_empty() {
            return self.fail(argument.at, "the delimiter of Fn::Split is empty");
        }
        let source = self.text(source, "the source of Fn::Split")?;
        let items = source.split(delimiter.as_str()).map(|item| Node::text(item, argument.at)).collect();
        Ok(Some(Node::new(Kind::List(items), argument.at)))
    }

    pub(super) fn select(&self, argument: &Node) -> Resolved {
        let [index, list] = self.arguments(argument, "Fn::Select", (2, 2), "an index and a list: [0, [a, b]]")? else {
            return Err(Failed);
        };
        let text = self.text(index, "the index of Fn::Select")?;
        let Ok(position) = text.parse::<usize>() else {
            return self.fail(index.at, format!("the index of Fn::Select must be 0 or more, not '{text}'"));
        };
        let value = self.value(list, "Fn::Select")?;
        let Some(items) = value.as_list() else {
            return self.fail(list.at, format!("Fn::Select takes a list, not {}", value.describe()));
        };
        match items.get(position) {
            Some(Node { kind: Kind::Unresolved, .. }) => Err(Failed),
            Some(item) => Ok(Some(item.clone())),
            None => {
                self.fail(index.at, format!("Fn::Select: there is no item {position} in a list of {}", items.len()))
            }
        }
    }

    pub(super) fn conditional(&self, argument: &Node) -> Resolved {
        const SHAPE: &str = "a condition's name, a value if true and a value if false";
        let [condition, yes, no] = self.arguments(argument, "Fn::If", (3, 3), SHAPE)? else { return Err(Failed) };
        let Some(name) = condition.as_text() else {
            return self.fail(condition.at, format!("Fn::If takes {SHAPE}"));
        };
        let holds = self.condition(name, condition.at)?;
        Ok(self.resolve(if holds { yes } else { no }))
    }

    pub(super) fn find_in_map(&self, argument: &Node) -> Resolved {
        const SHAPE: &str = "a map's name, a top-level key and a second-level key";
        let (map, top, second, default) = match self.arguments(argument, "Fn::FindInMap", (3, 4), SHAPE)? {
            [map, top, second] => (map, top, second, None),
            [map, top, second, options] => (map, top, second, options.get("DefaultValue")),
            _ => return Err(Failed),
        };
        if default.is_some() && !self.template.language_extensions {
            return self.fail(
                argument.at,
                "Fn::FindInMap with DefaultValue needs `Transform: AWS::LanguageExtensions` at the top of the template",
            );
        }
        let map_name = self.text(map, "the map's name in Fn::FindInMap")?;
        let top_key = self.text(top, "the top-level key of Fn::FindInMap")?;
        let second_key = self.text(second, "the second-level key of Fn::FindInMap")?;
        let mappings = &self.template.mappings;
        let found = mappings.get(&map_name);
        let row = found.and_then(|entry| entry.value.get(&top_key));
        if let Some(value) = row.and_then(|row| row.get(&second_key)) {
            return match value.kind {
                Kind::Map(_) | Kind::Null => self
                    .fail(value.at, format!("Mappings.{map_name}.{top_key}.{second_key} must be a string or a list")),
                _ => Ok(Some(Node::new(value.kind.clone(), argument.at))),
            };
        }
        if let Some(default) = default {
            return Ok(self.resolve(default));
        }
        let keys = |node: &Node| node.as_map().map(|map| map.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        let (what, wrong, known, at) = match (found, row) {
            (None, _) => ("map", &map_name, mappings.keys().cloned().collect(), map.at),
            (Some(entry), None) => ("top-level key", &top_key, keys(&entry.value), top.at),
            (_, Some(row)) => ("second-level key", &second_key, keys(row), second.at),
        };
        let hint = did_you_mean(wrong, known.iter().map(String::as_str));
        let inside = if what == "map" { "Mappings" } else { map_name.as_str() };
        self.fail(at, format!("Fn::FindInMap: there is no {what} '{wrong}' in {inside}{hint}"))
    }

    pub(super) fn base64(&self, argument: &Node) -> Resolved {
        let text = self.text(argument, "Fn::Base64")?;
        Ok(Some(Node::text(STANDARD.encode(text), argument.at)))
    }

    pub(super) fn availability_zones(&self, argument: &Node) -> Resolved {
        let region = match &argument.kind {
            Kind::Null => String::new(),
            _ => self.text(argument, "Fn::GetAZs")?,
        };
        let region = if region.is_empty() { self.options.region.clone() } else { region };
        let zones = ["a", "b", "c"].map(|zone| Node::text(format!("{region}{zone}"), argument.at));
        Ok(Some(Node::new(Kind::List(zones.into()), argument.at)))
    }

    pub(super) fn length(&self, argument: &Node) -> Resolved {
        let value = self.value(argument, "Fn::Length")?;
        match value.as_list() {
            Some(items) => Ok(Some(Node::new(Kind::Number(items.len().to_string()), argument.at))),
            None => self.fail(argument.at, format!("Fn::Length takes a list, not {}", value.describe())),
        }
    }

    pub(super) fn to_json_string(&self, argument: &Node) -> Resolved {
        let value = self.value(argument, "Fn::ToJsonString")?;
        match value.kind {
            Kind::Map(_) | Kind::List(_) => Ok(Some(Node::text(value.to_json().to_string(), argument.at))),
            _ => self.fail(argument.at, "Fn::ToJsonString takes a mapping or a list"),
        }
    }

    pub(super) fn pseudo_parameter(&self, name: &str, at: Place) -> Resolved {
        use super::names;
        let text = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::NotificationARNs" => return Ok(Some(Node::new(Kind::List(Vec::new()), at))),
            "AWS::Region" => self.options.region.clone(),
            "AWS::AccountId" => self.options.account_id.clone(),
            "AWS::StackName" => self.options.stack_name.clone(),
            "AWS::StackId" => names::stack_id(self.options),
            "AWS::Partition" => names::partition(self.options).to_owned(),
            "AWS::URLSuffix" => names::url_suffix(self.options).to_owned(),
            _ => {
                let hint = did_you_mean(name, PSEUDO_PARAMETERS.iter().copied());
                return self.fail(at, format!("unknown pseudo parameter '{name}'{hint}"));
            }
        };
        Ok(Some(Node::text(text, at)))
    }
}
