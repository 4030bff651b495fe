//! Filter criteria: EventBridge's patterns, as far as Lambda documents them for event sources.

use serde_json::{Map, Value};

use super::MappingError;
use crate::model::EventSourceMapping;

/// One filter, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Node);

/// What a pattern wants of an object: every field as given, and one of each `$or`.
#[derive(Clone, Debug, PartialEq)]
struct Node {
    fields: Vec<(String, Field)>,
    /// The alternatives of `$or`.
    or: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
enum Field {
    Object(Node),
    /// One of them.
    Leaf(Vec<Rule>),
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Exact(Value),
    Prefix(String),
    Suffix(String),
    IgnoreCase(String),
    /// Lower and upper bound, each with whether it is inside.
    Numeric(Vec<(Compare, f64)>),
    Exists(bool),
    AnythingBut(Vec<Rule>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Compare {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

/// The filters of a mapping.
pub(super) fn parse_all(mapping: &EventSourceMapping) -> Result<Vec<Pattern>, MappingError> {
    let filters = mapping.filter_criteria.iter().flat_map(|criteria| &criteria.filters);
    filters.map(|filter| Pattern::parse(&filter.pattern).map_err(MappingError::Filter)).collect()
}

impl Pattern {
    /// Reads a pattern. The text of an error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let Value::Object(fields) = value else { return Err("it must be an object".to_owned()) };
        node(&fields).map(Pattern)
    }

    /// Whether a record is one of those that the pattern describes.
    pub fn matches(&self, record: &Value) -> bool {
        self.0.matches(record)
    }
}

fn node(fields: &Map<String, Value>) -> Result<Node, String> {
    let mut node = Node { fields: Vec::new(), or: Vec::new() };
    for (name, value) in fields {
        match value {
            Value::Array(alternatives) if name == "$or" => {
                for alternative in alternatives {
                    let fields = alternative.as_object().ok_or("$or takes a list of objects")?;
                    node.or.push(self::node(fields)?);
                }
                if node.or.len() < 2 {
                    return Err("$or takes two alternatives or more".to_owned());
                }
            }
            Value::Object(fields) => node.fields.push((name.clone(), Field::Object(self::node(fields)?))),
            Value::Array(rules) if rules.is_empty() => return Err(format!("{name}: an empty list matches nothing")),
            Value::Array(rules) => {
                let rules: Result<_, String> = rules.iter().map(rule).collect();
                node.fields.push((name.clone(), Field::Leaf(rules.map_err(|error| format!("{name}: {error}"))?)));
            }
            _ => return Err(format!("{name}: must be an object or a list of values")),
        }
    }
    Ok(node)
}

fn rule(value: &Value) -> Result<Rule, String> {
    let operator = match value {
        Value::Object(operator) => operator,
        Value::Array(_) => return Err("a list within a list matches nothing".to_owned()),
        exact => return Ok(Rule::Exact(exact.clone())),
    };
    let Some((name, operand)) = operator.iter().next().filter(|_| operator.len() == 1) else {
        return Err("an operator stands alone in its object".to_owned());
    };
    let text = || operand.as_str().map(str::to_owned).ok_or_else(|| format!("{name} takes a string"));
    match name.as_str() {
        "prefix" => Ok(Rule::Prefix(text()?)),
        "suffix" => Ok(Rule::Suffix(text()?)),
        "equals-ignore-case" => Ok(Rule::IgnoreCase(text()?.to_lowercase())),
        "exists" => operand.as_bool().map(Rule::Exists).ok_or_else(|| "exists takes true or false".to_owned()),
        "numeric" => numeric(operand).map(Rule::Numeric),
        "anything-but" => {
            let operands = operand.as_array().map_or(std::slice::from_ref(operand), Vec::as_slice);
            let rules: Result<Vec<Rule>, String> = operands.iter().map(rule).collect();
            let rules = rules?;
            let is_plain =
                |rule: &Rule| matches!(rule, Rule::Exact(_) | Rule::Prefix(_) | Rule::Suffix(_) | Rule::IgnoreCase(_));
            if rules.is_empty() || !rules.iter().all(is_plain) {
                return Err("anything-but takes values, a prefix or a suffix".to_owned());
            }
            Ok(Rule::AnythingBut(rules))
        }
        _ => Err(format!("there is no operator {name:?}")),
    }
}

fn numeric(operand: &Value) -> Result<Vec<(Compare, f64)>, String> {
    let wrong = || "numeric takes a comparison and a number, or two such pairs".to_owned();
    let parts = operand.as_array().filter(|parts| matches!(parts.len(), 2 | 4)).ok_or_else(wrong)?;
    let pair = |pair: &[Value]| {
        let compare = match pair[0].as_str()? {
            "<" => Compare::Less,
            "<=" => Compare::LessOrEqual,
            "=" => Compare::Equal,
            ">=" => Compare::GreaterOrEqual,
            ">" => Compare::Greater,
            _ => return None,
        };
        Some((compare, pair[1].as_f64()?))
    };
    parts.chunks(2).map(|part| pair(part).ok_or_else(wrong)).collect()
}

impl Node {
    fn matches(&self, value: &Value) -> bool {
        let fields = self.fields.iter().all(|(name, field)| {
            let found = value.get(name);
            match field {
                Field::Object(node) => node.matches(found.unwrap_or(&Value::Null)),
                Field::Leaf(rules) => rules.iter().any(|rule| rule.takes(found)),
            }
        });
        fields && (self.or.is_empty() || self.or.iter().any(|node| node.matches(value)))
    }
}

impl Rule {
    /// Whether it takes a field; of a list, one of its members.
    fn takes(&self, found: Option<&Value>) -> bool {
        // Only what is no object is a field's value: `exists` is for leaves.
        let leaf = found.filter(|value| !value.is_object());
        if let Rule::Exists(wanted) = self {
            return leaf.is_some() == *wanted;
        }
        match leaf {
            None => false,
            Some(Value::Array(members)) => members.iter().any(|member| self.takes_one(member)),
            Some(value) => self.takes_one(value),
        }
    }

    fn takes_one(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Rule::Exact(wanted) => match (wanted.as_f64(), value.as_f64()) {
                (Some(wanted), Some(value)) => wanted == value,
                _ => wanted == value,
            },
            Rule::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix.as_str())),
            Rule::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix.as_str())),
            Rule::IgnoreCase(lower) => text.is_some_and(|text| text.to_lowercase() == *lower),
            Rule::Numeric(bounds) => value.as_f64().is_some_and(|number| {
                bounds.iter().all(|(compare, bound)| match compare {
                    Compare::Less => number < *bound,
                    Compare::LessOrEqual => number <= *bound,
                    Compare::Equal => number == *bound,
                    Compare::GreaterOrEqual => number >= *bound,
                    Compare::Greater => number > *bound,
                })
            }),
            Rule::AnythingBut(rules) => !rules.iter().any(|rule| rule.takes_one(value)),
            // Handled where the field is known to be there or not.
            Rule::Exists(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_take_what_they_describe() {
        let record = json!({
            "eventName": "INSERT",
            "dynamodb": {
                "SizeBytes": 26,
                "NewImage": { "name": { "S": "Pat Candella" }, "age": { "N": "40" }, "tags": { "SS": ["a", "b"] } },
            },
        });
        for (pattern, expected) in [
            (json!({}), true),
            (json!({ "eventName": ["INSERT"] }), true),
            (json!({ "eventName": ["MODIFY", "REMOVE"] }), false),
            (json!({ "eventName": ["INSERT"], "dynamodb": { "NewImage": { "age": { "N": ["41"] } } } }), false),
            (json!({ "dynamodb": { "NewImage": { "name": { "S": [{ "prefix": "Pat" }] } } } }), true),
            (json!({ "dynamodb": { "NewImage": { "name": { "S": [{ "suffix": "Pat" }] } } } }), false),
            (
                json!({ "dynamodb": { "NewImage": { "name": { "S": [{ "equals-ignore-case": "pat candella" }] } } } }),
                true,
            ),
            (json!({ "dynamodb": { "NewImage": { "tags": { "SS": ["b"] } } } }), true),
            (json!({ "dynamodb": { "SizeBytes": [26.0] } }), true),
            (json!({ "dynamodb": { "SizeBytes": [{ "numeric": [">", 20, "<=", 26] }] } }), true),
            (json!({ "dynamodb": { "SizeBytes": [{ "numeric": ["<", 26] }] } }), false),
            (json!({ "dynamodb": { "NewImage": { "age": { "N": [{ "exists": true }] } } } }), true),
            (json!({ "dynamodb": { "NewImage": { "age": [{ "exists": true }] } } }), false),
            (json!({ "dynamodb": { "OldImage": { "age": { "N": [{ "exists": false }] } } } }), true),
            (json!({ "eventName": [{ "anything-but": ["REMOVE"] }] }), true),
            (json!({ "eventName": [{ "anything-but": "INSERT" }] }), false),
            (json!({ "eventName": [{ "anything-but": { "prefix": "IN" } }] }), false),
            (json!({ "$or": [{ "eventName": ["REMOVE"] }, { "dynamodb": { "SizeBytes": [26] } }] }), true),
            (json!({ "$or": [{ "eventName": ["REMOVE"] }, { "dynamodb": { "SizeBytes": [27] } }] }), false),
        ] {
            assert_eq!(Pattern::parse(&pattern.to_string()).unwrap().matches(&record), expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_a_reason() {
        for (pattern, expected) in [
            ("nonsense", "not JSON"),
            ("[]", "must be an object"),
            (r#"{"a": "b"}"#, "a: must be an object or a list"),
            (r#"{"a": []}"#, "a: an empty list"),
            (r#"{"a": [{"like": "b"}]}"#, "a: there is no operator \"like\""),
            (r#"{"a": [{"numeric": [">"]}]}"#, "a: numeric takes"),
            (r#"{"a": [{"prefix": 1}]}"#, "a: prefix takes a string"),
            (r#"{"$or": [{}]}"#, "two alternatives"),
        ] {
            let error = Pattern::parse(pattern).unwrap_err();
            assert!(error.contains(expected), "{pattern}: {error}");
        }
    }
}
