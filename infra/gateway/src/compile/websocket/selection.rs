//! Route selection expressions: from a message's body to a route key.

use serde_json::Value;

/// A parsed `RouteSelectionExpression`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RouteSelection {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The path below the body.
    Body(Vec<String>),
}

const BODY: &str = "request.body.";

impl RouteSelection {
    /// Reads `$request.body.{path}`, `${request.body.{path}}` mixed with text, static text, or `\$default`.
    ///
    /// The error says what is wrong; the caller names the expression.
    pub(crate) fn parse(expression: &str) -> Result<RouteSelection, String> {
        if expression.is_empty() {
            return Err("it is empty; `$request.body.action` is the usual one".to_owned());
        }
        if let Some(reference) = expression.strip_prefix('$').filter(|rest| !rest.starts_with('{')) {
            return Ok(RouteSelection { parts: vec![body_path(reference)?] });
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = expression;
        while let Some(next) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("\\$") {
                text.push('$');
                rest = after;
            } else if let Some(after) = rest.strip_prefix("${") {
                let (reference, after) = after.split_once('}').ok_or("a `${` has no `}`")?;
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(body_path(reference)?);
                rest = after;
            } else if next == '$' {
                return Err("write `\\$` for a dollar sign, or `${request.body.name}` inside text".to_owned());
            } else {
                text.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(RouteSelection { parts })
    }

    /// The route key that this message names, or `None` where the expression cannot be evaluated: its body is needed and
    /// is not JSON.
    pub(crate) fn evaluate(&self, body: &str) -> Option<String> {
        let needs_body = self.parts.iter().any(|part| matches!(part, Part::Body(_)));
        let body: Value = if needs_body { serde_json::from_str(body).ok()? } else { Value::Null };
        let mut key = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => key.push_str(text),
                Part::Body(path) => {
                    let found = path.iter().try_fold(&body, |value, name| value.get(name));
                    stringify(found.unwrap_or(&Value::Null), &mut key);
                }
            }
        }
        Some(key)
    }
}

fn body_path(reference: &str) -> Result<Part, String> {
    let path = reference.strip_prefix(BODY).ok_or_else(|| {
        format!("`${reference}` cannot select a route: only `$request.body.{{path}}` can, because a message has nothing else")
    })?;
    let names: Vec<String> = path.split('.').map(str::to_owned).collect();
    let plain = |name: &String| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    if !names.iter().all(plain) {
        return Err(format!("`{path}` is not a path of names joined by dots"));
    }
    Ok(Part::Body(names))
}

/// As API Gateway writes a value into a route key: a missing one as nothing, a list as `[a, b]`.
fn stringify(value: &Value, into: &mut String) {
    match value {
        Value::Null => {}
        Value::String(text) => into.push_str(text),
        Value::Array(items) => {
            into.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    into.push_str(", ");
                }
                stringify(item, into);
            }
            into.push(']');
        }
        other => into.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(expression: &str, body: &str) -> Option<String> {
        RouteSelection::parse(expression).unwrap().evaluate(body)
    }

    #[test]
    fn the_forms_of_the_developer_guide() {
        let body = r#"{"action":"send","a":{"b":1},"list":["x",2],"yes":true,"none":null}"#;
        for (expression, key) in [
            ("$request.body.action", "send"),
            ("$request.body.a.b", "1"),
            ("${request.body.action}", "send"),
            ("${request.body.action}/${request.body.a.b}", "send/1"),
            ("v1-${request.body.action}", "v1-send"),
            ("$request.body.list", "[x, 2]"),
            ("$request.body.yes", "true"),
            ("$request.body.none", ""),
            ("$request.body.a.missing", ""),
            ("${request.body.missing}/x", "/x"),
            ("static", "static"),
            ("\\$default", "$default"),
        ] {
            assert_eq!(select(expression, body).as_deref(), Some(key), "{expression}");
        }
    }

    #[test]
    fn a_body_that_is_no_json_selects_nothing_unless_it_is_not_needed() {
        assert_eq!(select("$request.body.action", "hello"), None);
        assert_eq!(select("$request.body.action", ""), None);
        assert_eq!(select("\\$default", "hello").as_deref(), Some("$default"));
        assert_eq!(select("$request.body.action", "[1]").as_deref(), Some(""));
    }

    #[test]
    fn wrong_expressions() {
        for expression in [
            "",
            "$request.header.action",
            "$default",
            "$request.body",
            "$request.body.",
            "$request.body.a..b",
            "$request.body.a[0]",
            "a$b",
            "${request.body.a",
            "${context.stage}",
        ] {
            assert!(RouteSelection::parse(expression).is_err(), "{expression}");
        }
    }
}
