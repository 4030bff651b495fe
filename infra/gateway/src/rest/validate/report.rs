//! What is wrong with a body, in API Gateway's own words: `$context.error.validationErrorString`, and the execution log's.
//!
//! API Gateway tells what its JSON schema library tells, `[text, text]`: of every part of the body that fails, all keywords
//! in the order of the alphabet, and nothing of what is inside a part that fails itself. Texts seen on AWS: those of
//! `type`, `required`, `enum`, `minimum` and of a body that cannot be parsed; the others are the same library's.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::{Map, Value};

use crate::compile::rest::BodyModel;

/// Told of an empty body as well, where the model wants more than `{}`.
const UNPARSED: &str = "[Unknown error parsing request body]";
/// Longer bodies are checked, and not told about in detail: their errors could be many times as long.
const MOST_BYTES_IN_DETAIL: usize = 64 * 1024;
/// A model that refers to itself can look at one part of a body along ways whose number doubles with each level.
const MOST_LEVELS_IN_DETAIL: usize = 8;
/// AWS tells no bound; a line of a log has one.
const MOST_CHARS: usize = 4096;

/// What is wrong with the body; `None` if it is what the model wants. An empty body counts as `{}`.
pub(super) fn errors(model: &BodyModel, body: &[u8]) -> Option<String> {
    let instance = match body {
        [] => Value::Object(Map::new()),
        // It refuses what is nested deeper than 128 levels.
        body => match serde_json::from_slice(body) {
            Ok(instance) => instance,
            Err(_) => return Some(UNPARSED.to_owned()),
        },
    };
    if model.validator.is_valid(&instance) {
        return None;
    }
    if body.is_empty() {
        return Some(UNPARSED.to_owned());
    }
    let in_detail =
        body.len() <= MOST_BYTES_IN_DETAIL && (!model.recursive || levels(&instance) <= MOST_LEVELS_IN_DETAIL);
    if !in_detail {
        return Some(format!("[the body does not match model {}]", model.name));
    }
    let texts = texts(model, &instance).join(", ");
    let end = texts.char_indices().nth(MOST_CHARS).map_or(texts.len(), |(at, _)| at);
    Some(format!("[{}]", &texts[..end]))
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

/// A place in the body: numbers sort as numbers.
type Path = Vec<Step>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Index(usize),
    Name(String),
}

/// What is said of one place, by keyword and, where a keyword says several things, by text.
type Said = BTreeMap<Path, BTreeSet<(&'static str, String)>>;

fn texts(model: &BodyModel, instance: &Value) -> Vec<String> {
    let mut said = Said::new();
    // Missing properties, and parts of an allOf that fail, are told together.
    let mut missing: BTreeMap<Path, BTreeSet<String>> = BTreeMap::new();
    let mut failed: BTreeMap<(Path, Vec<String>), BTreeSet<String>> = BTreeMap::new();
    for error in model.validator.iter_errors(instance) {
        let path = steps(instance, &error);
        let keywords: Vec<String> = error.evaluation_path().segments().map(|segment| segment.to_string()).collect();
        if let Some((at, level)) = all_of(&keywords) {
            let outer = path[..level.min(path.len())].to_vec();
            failed.entry((outer, keywords[..=at].to_vec())).or_default().extend(keywords.get(at + 1).cloned());
            continue;
        }
        match error.kind() {
            Kind::Required { .. } if keywords.last().is_some_and(|last| last == "dependencies") => {
                let texts = dependencies(model, &keywords, error.instance()).into_iter();
                said.entry(path).or_default().extend(texts.map(|text| ("dependencies", text)));
            }
            Kind::Required { property } => {
                missing.entry(path).or_default().insert(property.to_string());
            }
            kind => {
                said.entry(path).or_default().insert((keyword(kind), text(&error)));
            }
        }
    }
    for (path, names) in missing {
        let names = names.into_iter().collect::<Vec<_>>().join(",");
        said.entry(path)
            .or_default()
            .insert(("required", format!("object has missing required properties ([{names}])")));
    }
    for ((path, keywords), parts) in failed {
        let of = model.follow(keywords.iter().map(String::as_str)).and_then(Value::as_array).map_or(0, Vec::len);
        let matched = of.saturating_sub(parts.len());
        let text = format!("instance failed to match all required schemas (matched only {matched} out of {of})");
        said.entry(path).or_default().insert(("allOf", text));
    }
    let within = |path: &Path| (0..path.len()).any(|end| said.contains_key(&path[..end]));
    let told = said.iter().filter(|(path, _)| !within(path));
    told.flat_map(|(_, said)| said.iter().map(|(_, text)| text.clone())).collect()
}

/// The place that an error is at.
fn steps(instance: &Value, error: &ValidationError<'_>) -> Path {
    let mut at = Some(instance);
    let segments = error.instance_path().segments().map(|segment| segment.to_string()).collect::<Vec<_>>();
    let step = |name: String| match at {
        Some(Value::Array(items)) => {
            let index = name.parse().unwrap_or_default();
            at = items.get(index);
            Step::Index(index)
        }
        holder => {
            at = holder.and_then(|holder| holder.get(&name));
            Step::Name(name)
        }
    };
    segments.into_iter().map(step).collect()
}

/// Where a path of keywords comes through an `allOf` first, and how deep in the body that is.
fn all_of(keywords: &[String]) -> Option<(usize, usize)> {
    let (mut at, mut level) = (0, 0);
    while let Some(keyword) = keywords.get(at) {
        match keyword.as_str() {
            "allOf" => return Some((at, level)),
            "properties" | "patternProperties" => {
                level += 1;
                at += 2;
            }
            "items" => {
                level += 1;
                // One schema for all, or a list of schemas.
                at += if keywords.get(at + 1).is_some_and(|next| next.parse::<usize>().is_ok()) { 2 } else { 1 };
            }
            "additionalProperties" | "additionalItems" => {
                level += 1;
                at += 1;
            }
            "dependencies" | "anyOf" | "oneOf" => at += 2,
            _ => at += 1,
        }
    }
    None
}

/// What is said of properties that ask for others which are not there. `keywords` lead to the `dependencies`.
fn dependencies(model: &BodyModel, keywords: &[String], instance: &Value) -> Vec<String> {
    let declared = model.follow(keywords.iter().map(String::as_str)).and_then(Value::as_object);
    let present = declared.into_iter().flatten().filter(|(name, _)| instance.get(name).is_some());
    let text = |(name, wanted): (&String, &Value)| {
        let wanted = wanted.as_array()?;
        let missing: Value = wanted
            .iter()
            .filter(|wanted| wanted.as_str().is_some_and(|wanted| instance.get(wanted).is_none()))
            .cloned()
            .collect();
        let wanted = Value::Array(wanted.clone());
        let some = missing.as_array().is_some_and(|missing| !missing.is_empty());
        some.then(|| format!("property \"{name}\" of object has missing property dependencies (schema requires {wanted}; missing: {missing})"))
    };
    present.filter_map(text).collect()
}

fn keyword(kind: &Kind) -> &'static str {
    match kind {
        Kind::AdditionalItems { .. } => "additionalItems",
        Kind::AdditionalProperties { .. } => "additionalProperties",
        Kind::AnyOf { .. } => "anyOf",
        Kind::Enum { .. } => "enum",
        Kind::Format { .. } => "format",
        Kind::MaxItems { .. } => "maxItems",
        Kind::MaxLength { .. } => "maxLength",
        Kind::MaxProperties { .. } => "maxProperties",
        Kind::Maximum { .. } | Kind::ExclusiveMaximum { .. } => "maximum",
        Kind::MinItems { .. } => "minItems",
        Kind::MinLength { .. } => "minLength",
        Kind::MinProperties { .. } => "minProperties",
        Kind::Minimum { .. } | Kind::ExclusiveMinimum { .. } => "minimum",
        Kind::MultipleOf { .. } => "multipleOf",
        Kind::Not { .. } => "not",
        Kind::OneOfMultipleValid { .. } | Kind::OneOfNotValid { .. } => "oneOf",
        Kind::Pattern { .. } => "pattern",
        Kind::Type { .. } => "type",
        Kind::UniqueItems => "uniqueItems",
        _ => "",
    }
}

fn text(error: &ValidationError<'_>) -> String {
    let instance = error.instance().as_ref();
    let string = || instance.as_str().unwrap_or_default();
    let length = || instance.as_str().map_or(0, |text| text.chars().count());
    let members = || instance.as_array().map_or_else(|| instance.as_object().map_or(0, Map::len), Vec::len);
    match error.kind() {
        Kind::AdditionalItems { limit } => {
            format!("schema only allows {limit} elements in array but instance has {} elements", members())
        }
        Kind::AdditionalProperties { unexpected } => {
            let mut names = unexpected.clone();
            names.sort_unstable();
            format!("object instance has properties which are not allowed by the schema: {}", Value::from(names))
        }
        Kind::AnyOf { context } => {
            format!("instance failed to match at least one required schema among {}", context.len())
        }
        Kind::Enum { options } => format!("instance value ({instance}) not found in enum (possible values: {options})"),
        Kind::ExclusiveMaximum { limit } => match at_limit(instance, limit) {
            true => format!("numeric instance is not strictly lower than the required maximum {limit}"),
            false => greater(instance, limit),
        },
        Kind::ExclusiveMinimum { limit } => match at_limit(instance, limit) {
            true => format!("numeric instance is not strictly greater than the required minimum {limit}"),
            false => lower(instance, limit),
        },
        Kind::Format { format } => format_text(format, string()),
        Kind::MaxItems { limit } => {
            format!("array is too long: must have at most {limit} elements but instance has {} elements", members())
        }
        Kind::MaxLength { limit } => {
            format!("string \"{}\" is too long (length: {}, maximum allowed: {limit})", string(), length())
        }
        Kind::MaxProperties { limit } => {
            format!("object has too many properties (found {} but schema requires at most {limit})", members())
        }
        Kind::Maximum { limit } => greater(instance, limit),
        Kind::MinItems { limit } => {
            format!("array is too short: must have at least {limit} elements but instance has {} elements", members())
        }
        Kind::MinLength { limit } => {
            format!("string \"{}\" is too short (length: {}, required minimum: {limit})", string(), length())
        }
        Kind::MinProperties { limit } => {
            format!("object has too few properties (found {} but schema requires at least {limit})", members())
        }
        Kind::Minimum { limit } => lower(instance, limit),
        Kind::MultipleOf { multiple_of } => format!("remainder of division is not zero ({instance} / {multiple_of})"),
        Kind::Not { .. } => "instance matched a schema which it should not have".to_owned(),
        Kind::OneOfMultipleValid { context } => {
            let matched = context.iter().filter(|errors| errors.is_empty()).count();
            one_of(matched, context.len())
        }
        Kind::OneOfNotValid { context } => one_of(0, context.len()),
        Kind::Pattern { pattern } => {
            format!("ECMA 262 regex \"{pattern}\" does not match input string \"{}\"", string())
        }
        Kind::Type { kind } => {
            let (found, allowed) = (type_of(instance), allowed(kind));
            format!("instance type ({found}) does not match any allowed primitive type (allowed: {allowed})")
        }
        Kind::UniqueItems => "array must not contain duplicate elements".to_owned(),
        _ => error.to_string(),
    }
}

fn greater(instance: &Value, limit: &Value) -> String {
    format!("numeric instance is greater than the required maximum (maximum: {limit}, found: {instance})")
}

fn lower(instance: &Value, limit: &Value) -> String {
    format!("numeric instance is lower than the required minimum (minimum: {limit}, found: {instance})")
}

fn one_of(matched: usize, of: usize) -> String {
    format!("instance failed to match exactly one schema (matched {matched} out of {of})")
}

fn at_limit(instance: &Value, limit: &Value) -> bool {
    instance == limit || instance.as_f64() == limit.as_f64()
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The names of types, in the order of the alphabet; an integer is a number too, and named beside it.
fn allowed(kind: &TypeKind) -> Value {
    let mut names: BTreeSet<&'static str> = match kind {
        TypeKind::Single(one) => BTreeSet::from([one.as_str()]),
        TypeKind::Multiple(types) => types.iter().map(|one| one.as_str()).collect(),
    };
    if names.contains("number") {
        names.insert("integer");
    }
    names.into_iter().collect()
}

fn format_text(format: &str, found: &str) -> String {
    let what = match format {
        "date-time" => {
            let forms = "[yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,12}Z]";
            return format!("string \"{found}\" is invalid against requested date format(s) {forms}");
        }
        "date" => return format!("string \"{found}\" is invalid against requested date format(s) yyyy-MM-dd"),
        "time" => return format!("string \"{found}\" is invalid against requested date format(s) HH:mm:ss"),
        "uuid" => return format!("input string \"{found}\" is not a valid UUID"),
        "email" => "email address",
        "hostname" => "hostname",
        "ipv4" => "IPv4 address",
        "ipv6" => "IPv6 address",
        "regex" => "ECMA 262 regular expression",
        "uri" => "URI",
        other => return format!("string \"{found}\" is not a valid {other}"),
    };
    format!("string \"{found}\" is not a valid {what}")
}
