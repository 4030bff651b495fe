//! `ImportApiKeys`: a CSV file whose first line names the columns, in any order and case.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-key-file-format.html>

use serde_json::json;

use super::super::super::call::{Call, Outcome, Output};
use super::super::super::world::lock;
use super::super::errors::bad_request;
use super::{add, check_value};
use crate::model::{ApiKey, UsagePlanKey};

/// Far beyond what AWS keeps for an account.
const MOST_LINES: usize = 10_001;
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// One line that can be a key.
#[derive(Debug, Default, PartialEq)]
struct Line {
    number: usize,
    name: String,
    value: String,
    description: Option<String>,
    enabled: bool,
    plans: Vec<String>,
}

/// Imports keys. A line that cannot be one is a warning; with `failOnWarnings` nothing is imported.
pub(super) fn import(call: &Call<'_>) -> Outcome {
    let body = &call.input.payload;
    if body.len() > MOST_BYTES {
        return Err(bad_request(format!("The file has {} bytes; at most {MOST_BYTES} are imported", body.len())));
    }
    let text = std::str::from_utf8(body).map_err(|_| bad_request("The file is not UTF-8"))?;
    let (lines, mut warnings) = read(text.trim_start_matches('\u{feff}')).map_err(bad_request)?;
    let mut registry = lock(&call.world.registry);
    let mut accepted: Vec<Line> = Vec::new();
    for line in lines {
        let taken = registry.api_keys.values().any(|key| key.value.as_deref() == Some(&line.value))
            || accepted.iter().any(|other| other.value == line.value);
        if taken {
            warnings.push(format!("Line {}: API Key already exists", line.number));
            continue;
        }
        for plan in line.plans.iter().filter(|plan| !registry.usage_plans.contains(plan)) {
            warnings.push(format!("Line {}: Invalid Usage Plan ID specified: {plan}", line.number));
        }
        accepted.push(line);
    }
    if call.boolean("failOnWarnings").unwrap_or(false) && !warnings.is_empty() {
        return Err(bad_request(format!("Warnings found during import:\n\t{}", warnings.join("\n\t"))));
    }
    let now = call.now();
    let mut ids = Vec::with_capacity(accepted.len());
    for line in accepted {
        let key = ApiKey {
            value: Some(line.value),
            name: Some(line.name),
            description: line.description,
            enabled: line.enabled,
            created_date: now,
            last_updated_date: now,
            ..ApiKey::default()
        };
        let key = add(&mut registry, key)?;
        for plan in line.plans.into_iter().filter(|plan| registry.usage_plans.contains(plan)).collect::<Vec<_>>() {
            let in_plan = UsagePlanKey {
                id: key.id.clone(),
                key_type: "API_KEY".to_owned(),
                value: key.value.clone().unwrap_or_default(),
                name: key.name.clone(),
            };
            registry.usage_plan_keys.insert(format!("{plan}/{}", key.id), in_plan)?;
        }
        ids.push(key.id);
    }
    let warnings = if warnings.is_empty() { json!(null) } else { json!(warnings) };
    Output::of(json!({"ids": ids, "warnings": warnings}))
}

/// The lines that can be keys, and warnings of the others; an error where there are no columns to go by.
fn read(text: &str) -> Result<(Vec<Line>, Vec<String>), String> {
    let mut records = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let Some((_, header)) = records.next() else { return Err("The file is empty".to_owned()) };
    let columns: Vec<String> = fields(header)
        .map_err(|why| format!("Line 1: {why}"))?
        .iter()
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let column = |name: &str| columns.iter().position(|column| column == name);
    let missing: Vec<&str> = ["name", "key"].into_iter().filter(|name| column(name).is_none()).collect();
    if !missing.is_empty() {
        return Err(format!("Missing required column(s) in the header: {}", missing.join(", ")));
    }
    let known = ["name", "key", "description", "enabled", "usageplanids"];
    let mut warnings: Vec<String> = Vec::new();
    for name in columns.iter().filter(|name| !known.contains(&name.as_str())) {
        warnings.push(format!("Line 1: unknown column '{name}' is ignored"));
    }
    let mut lines = Vec::new();
    for (index, record) in records {
        let number = index + 1;
        if number > MOST_LINES {
            return Err(format!("The file has more than {MOST_LINES} lines"));
        }
        let mut warn = |why: &str| warnings.push(format!("Line {number}: {why}"));
        let values = match fields(record) {
            Ok(values) if values.len() <= columns.len() => values,
            Ok(values) => {
                warn(&format!("{} values for {} columns", values.len(), columns.len()));
                continue;
            }
            Err(why) => {
                warn(&why);
                continue;
            }
        };
        let value = |name: &str| {
            let value = column(name).and_then(|at| values.get(at)).map(|value| value.trim());
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let enabled = match value("enabled").map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("true") => true,
            Some("false") => false,
            Some(_) => {
                warn("Enabled must be TRUE or FALSE");
                continue;
            }
        };
        let (Some(name), Some(key)) = (value("name"), value("key")) else {
            warn("API Key name and value are required");
            continue;
        };
        if let Err(error) = check_value(&key) {
            warn(&error.message);
            continue;
        }
        let plans = value("usageplanids").unwrap_or_default();
        let plans = plans.split(',').map(str::trim).filter(|plan| !plan.is_empty()).map(str::to_owned).collect();
        lines.push(Line { number, name, value: key, description: value("description"), enabled, plans });
    }
    Ok((lines, warnings))
}

/// The values of one line; a value in quotes may hold commas, and quotes doubled.
fn fields(line: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut letters = line.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    if quoted {
        return Err("a quote is not closed".to_owned());
    }
    fields.push(field);
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::super::testing::{control, request, rest, send};
    use super::*;

    #[test]
    fn columns_stand_in_any_order_and_bad_lines_are_named() {
        let text = "Enabled,key,NAME,usageplanIds,Colour,description\n\
                    ,aaaaaaaaaaaaaaaaaaaa,one,\"p1, p2\",,\"says \"\"hi\"\", twice\"\n\n\
                    FALSE,bbbbbbbbbbbbbbbbbbbb,two\n\
                    maybe,cccccccccccccccccccc,three\n\
                    TRUE,short,four\n\
                    TRUE,,five\n\
                    TRUE,\"dddddddddddddddddddd,six\n\
                    1,2,3,4,5,6,7\n";
        let (lines, warnings) = read(text).unwrap();
        assert_eq!(
            lines,
            [
                Line {
                    number: 2,
                    name: "one".into(),
                    value: "a".repeat(20),
                    description: Some("says \"hi\", twice".into()),
                    enabled: true,
                    plans: vec!["p1".into(), "p2".into()],
                },
                Line { number: 4, name: "two".into(), value: "b".repeat(20), ..Line::default() },
            ]
        );
        assert_eq!(
            warnings,
            [
                "Line 1: unknown column 'colour' is ignored",
                "Line 5: Enabled must be TRUE or FALSE",
                "Line 6: API Key value should be at least 20 characters",
                "Line 7: API Key name and value are required",
                "Line 8: a quote is not closed",
                "Line 9: 7 values for 6 columns",
            ]
        );
        assert_eq!(read("").unwrap_err(), "The file is empty");
        assert_eq!(read("name,enabled\n").unwrap_err(), "Missing required column(s) in the header: key");
    }

    #[tokio::test]
    async fn keys_are_imported_into_their_plans_or_not_at_all() {
        let control = control();
        let (_, plan) = rest(&control, "apigateway", "POST", "/usageplans", json!({"name": "p"})).await;
        let plan = plan["id"].as_str().unwrap();
        let csv = format!("key,name,usageplanids\n{},a,\"{plan},none\"\n{},b,\n", "a".repeat(20), "b".repeat(20));
        let import = async |fail: bool| {
            let path = format!("/apikeys?mode=import&format=csv&failonwarnings={fail}");
            let reply = send(&control, request("apigateway", "us-east-1", "POST", &path, &[], csv.clone())).await;
            (reply.status().as_u16(), serde_json::from_slice::<serde_json::Value>(reply.body()).unwrap())
        };
        let (status, refused) = import(true).await;
        let expected = "Warnings found during import:\n\tLine 2: Invalid Usage Plan ID specified: none";
        assert_eq!((status, refused["message"].as_str().unwrap()), (400, expected));
        let (_, keys) = rest(&control, "apigateway", "GET", "/apikeys", json!(null)).await;
        assert_eq!(keys["item"], json!([]));
        let (status, imported) = import(false).await;
        assert_eq!((status, imported["ids"].as_array().unwrap().len()), (201, 2));
        assert_eq!(imported["warnings"], json!(["Line 2: Invalid Usage Plan ID specified: none"]));
        let (_, in_plan) = rest(&control, "apigateway", "GET", &format!("/usageplans/{plan}/keys"), json!(null)).await;
        assert_eq!(in_plan["item"][0]["id"], imported["ids"][0]);
        let (_, again) = import(false).await;
        assert_eq!(again["ids"], json!([]));
    }
}
