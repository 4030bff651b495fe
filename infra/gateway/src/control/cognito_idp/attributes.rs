//! Attributes of users: OpenID Connect's standard ones and a pool's own.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call};
use super::invalid;
use crate::model::UserPool;

/// The standard attributes, as `SchemaAttributes` shows them: name, type and longest value.
const STANDARD: &[(&str, &str, u32)] = &[
    ("profile", "String", 2048),
    ("address", "String", 2048),
    ("birthdate", "String", 10),
    ("gender", "String", 2048),
    ("preferred_username", "String", 2048),
    ("updated_at", "Number", 0),
    ("website", "String", 2048),
    ("picture", "String", 2048),
    ("identities", "String", 0),
    ("sub", "String", 2048),
    ("phone_number", "String", 2048),
    ("phone_number_verified", "Boolean", 0),
    ("zoneinfo", "String", 2048),
    ("locale", "String", 2048),
    ("email", "String", 2048),
    ("email_verified", "Boolean", 0),
    ("given_name", "String", 2048),
    ("family_name", "String", 2048),
    ("middle_name", "String", 2048),
    ("name", "String", 2048),
    ("nickname", "String", 2048),
];

/// Attributes that only the pool sets.
const OF_THE_POOL: &[&str] = &["sub", "identities"];
/// So long is any value.
const MAX_VALUE: usize = 2_048;

/// `AttributeListType`: a member that is a list of `Name` and `Value`.
pub(super) fn given(call: &Call<'_>, member: &str) -> IndexMap<String, String> {
    let items = call.member(member).and_then(Value::as_array).into_iter().flatten();
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    items.map(|item| (text(item, "Name"), text(item, "Value"))).collect()
}

/// What the pool's schema says of an attribute.
struct Rule {
    kind: String,
    required: bool,
    mutable: bool,
    string: (usize, usize),
    number: (Option<f64>, Option<f64>),
}

/// An entry of `Schema` under its full name: `custom:` before a name of the pool's own.
fn full_name(entry: &Value) -> String {
    let name = entry["Name"].as_str().unwrap_or_default();
    let standard = STANDARD.iter().any(|(known, _, _)| *known == name);
    if standard || name.starts_with("custom:") || name.starts_with("dev:") {
        name.to_owned()
    } else if entry["DeveloperOnlyAttribute"] == json!(true) {
        format!("dev:custom:{name}")
    } else {
        format!("custom:{name}")
    }
}

fn entries(pool: &UserPool) -> impl Iterator<Item = &Value> {
    pool.settings.get("Schema").and_then(Value::as_array).into_iter().flatten()
}

fn rule(pool: &UserPool, name: &str) -> Option<Rule> {
    let entry = entries(pool).find(|entry| full_name(entry) == name);
    let standard = STANDARD.iter().find(|(known, _, _)| *known == name);
    if entry.is_none() && standard.is_none() {
        return None;
    }
    let flag = |key: &str, default: bool| entry.and_then(|entry| entry[key].as_bool()).unwrap_or(default);
    let kind = entry.and_then(|entry| entry["AttributeDataType"].as_str());
    let number = |group: &str, key: &str| -> Option<f64> { entry?.get(group)?.get(key)?.as_str()?.parse().ok() };
    let length = |key: &str| number("StringAttributeConstraints", key).map(|length| length as usize);
    Some(Rule {
        kind: kind.or(standard.map(|(_, kind, _)| *kind)).unwrap_or("String").to_owned(),
        required: flag("Required", false),
        mutable: flag("Mutable", true),
        string: (length("MinLength").unwrap_or(0), length("MaxLength").unwrap_or(MAX_VALUE).min(MAX_VALUE)),
        number: (number("NumberAttributeConstraints", "MinValue"), number("NumberAttributeConstraints", "MaxValue")),
    })
}

/// Whether these may be a user's attributes; `new` asks for all that are required, otherwise they are changes.
///
/// # Errors
/// `InvalidParameterException` with what AWS says of each that may not.
pub(super) fn check(pool: &UserPool, attributes: &IndexMap<String, String>, new: bool) -> Result<(), ApiError> {
    let mut wrong = String::new();
    let mut say = |name: &str, what: &str| wrong += &format!("{name}: {what}\n");
    if new {
        for name in entries(pool).filter(|entry| entry["Required"] == json!(true)).map(full_name) {
            if name != "sub" && attributes.get(&name).is_none_or(String::is_empty) {
                say(&name, "The attribute is required");
            }
        }
    }
    for (name, value) in attributes {
        let Some(rule) = rule(pool, name).filter(|_| !OF_THE_POOL.contains(&name.as_str())) else {
            say(name, "Attribute does not exist in the schema.");
            continue;
        };
        let length = value.chars().count();
        let number = value.parse::<f64>().ok();
        if !new && !rule.mutable {
            say(name, "Attribute cannot be updated.");
        } else if rule.required && value.is_empty() && !new {
            say(name, "Required attribute cannot be deleted");
        } else if rule.kind == "String" && !value.is_empty() && length < rule.string.0 {
            say(name, &format!("String must not be shorter than {} characters", rule.string.0));
        } else if length > rule.string.1 {
            say(name, &format!("String must be no longer than {} characters", rule.string.1));
        } else if rule.kind == "Number" && number.is_none() {
            say(name, "Invalid number format");
        } else if rule.kind == "Boolean" && !matches!(value.as_str(), "true" | "false") {
            say(name, "Invalid boolean format");
        } else if number.zip(rule.number.0).is_some_and(|(number, least)| number < least)
            || number.zip(rule.number.1).is_some_and(|(number, most)| number > most)
        {
            say(name, "Number is out of range");
        }
    }
    if !wrong.is_empty() {
        return Err(invalid(format!("Attributes did not conform to the schema: {wrong}")));
    }
    if attributes.get("email").is_some_and(|email| !email.is_empty() && !is_email(email)) {
        return Err(invalid("Invalid email address format."));
    }
    if attributes.get("phone_number").is_some_and(|number| !number.is_empty() && !is_phone_number(number)) {
        return Err(invalid("Invalid phone number format."));
    }
    Ok(())
}

/// `name@host.tld`, roughly as AWS takes it.
pub(super) fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let plain = |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
    plain(name) && plain(host) && !host.starts_with('.') && !host.ends_with('.') && host.contains('.')
}

/// `+` and up to 15 digits.
pub(super) fn is_phone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `SchemaAttributes`: all standard attributes, then the pool's own.
pub(super) fn schema(pool: &UserPool) -> Value {
    let mut all: IndexMap<String, Map<String, Value>> = IndexMap::new();
    for (name, kind, max) in STANDARD {
        let mut entry = Map::new();
        entry.insert("Name".to_owned(), (*name).into());
        entry.insert("AttributeDataType".to_owned(), (*kind).into());
        entry.insert("DeveloperOnlyAttribute".to_owned(), false.into());
        entry.insert("Mutable".to_owned(), (*name != "sub").into());
        entry.insert("Required".to_owned(), (*name == "sub").into());
        match *kind {
            "String" => {
                let constraints = match *name {
                    "sub" => json!({ "MinLength": "1", "MaxLength": "2048" }),
                    "birthdate" => json!({ "MinLength": "10", "MaxLength": "10" }),
                    _ if *max == 0 => json!({}),
                    _ => json!({ "MinLength": "0", "MaxLength": max.to_string() }),
                };
                entry.insert("StringAttributeConstraints".to_owned(), constraints);
            }
            "Number" => {
                entry.insert("NumberAttributeConstraints".to_owned(), json!({ "MinValue": "0" }));
            }
            _ => {}
        }
        all.insert((*name).to_owned(), entry);
    }
    for given in entries(pool) {
        let name = full_name(given);
        let entry = all.entry(name.clone()).or_insert_with(|| {
            let defaults = json!({ "AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Mutable": true,
                "Required": false });
            defaults.as_object().cloned().unwrap_or_default()
        });
        entry.extend(given.as_object().cloned().unwrap_or_default());
        entry.insert("Name".to_owned(), name.into());
    }
    all.into_values().map(Value::Object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(schema: Value) -> UserPool {
        let settings = Map::from_iter([("Schema".to_owned(), schema)]);
        UserPool { settings, ..UserPool::default() }
    }

    fn said(pool: &UserPool, attributes: &[(&str, &str)], new: bool) -> Option<String> {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        check(pool, &attributes, new).err().map(|error| error.message)
    }

    #[test]
    fn a_schema_is_kept_to() {
        let pool = pool(json!([
            {"Name": "email", "AttributeDataType": "String", "Required": true},
            {"Name": "tier", "AttributeDataType": "String", "Mutable": false, "StringAttributeConstraints": {"MaxLength": "4"}},
            {"Name": "age", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "18"}},
        ]));
        let email = ("email", "ann@example.com");
        let schema = |what: &str| Some(format!("Attributes did not conform to the schema: {what}\n"));
        assert_eq!(said(&pool, &[email, ("custom:tier", "free")], true), None);
        assert_eq!(said(&pool, &[], true), schema("email: The attribute is required"));
        assert_eq!(said(&pool, &[("email", "ann")], true).as_deref(), Some("Invalid email address format."));
        assert_eq!(said(&pool, &[("phone_number", "123")], false).as_deref(), Some("Invalid phone number format."));
        assert_eq!(said(&pool, &[("custom:tier", "b")], false), schema("custom:tier: Attribute cannot be updated."));
        let long = schema("custom:tier: String must be no longer than 4 characters");
        assert_eq!(said(&pool, &[email, ("custom:tier", "gold!")], true), long);
        let unknown = schema("custom:x: Attribute does not exist in the schema.");
        assert_eq!(said(&pool, &[("custom:x", "1")], false), unknown);
        assert_eq!(said(&pool, &[("custom:age", "17")], false), schema("custom:age: Number is out of range"));
        assert_eq!(said(&pool, &[("sub", "1")], false), schema("sub: Attribute does not exist in the schema."));
    }

    #[test]
    fn own_attributes_are_shown_with_their_prefix() {
        let shown = super::schema(&pool(json!([{"Name": "tier", "AttributeDataType": "String"}])));
        let last = shown.as_array().unwrap().last().unwrap();
        assert_eq!((shown.as_array().unwrap().len(), &last["Name"]), (STANDARD.len() + 1, &json!("custom:tier")));
    }
}
