//! Makes of an export what OpenAPI means, with nothing in it that is API Gateway's own.

use serde_json::{Map, Value, json};

use super::Form;
use crate::model::{Api, Authorizer, RestApi};

const ANY: &str = "x-amazon-apigateway-any-method";
const VERBS: [&str; 7] = ["delete", "get", "head", "options", "patch", "post", "put"];

/// A REST API's export, which was written without extensions.
pub(super) fn rest(document: &mut Value, api: &RestApi, form: Form) {
    // An authorizer gives the key, and the client sends none.
    let sends_keys = api.api_key_source.as_deref() != Some("AUTHORIZER");
    paths(document, form, sends_keys);
    let (schemes, at) = match form {
        Form::Swagger => ("/securityDefinitions", "/definitions"),
        Form::Oas30 => ("/components/securitySchemes", "/components/schemas"),
    };
    if let Some(Value::Object(schemes)) = document.pointer_mut(schemes) {
        if !sends_keys {
            schemes.remove("api_key");
        }
        for authorizer in api.authorizers.values() {
            if let Some(scheme) = schemes.get_mut(&authorizer.name) {
                credentials(scheme, authorizer);
            }
        }
        for scheme in schemes.values_mut() {
            strip(scheme);
        }
    }
    if let Some(Value::Object(schemas)) = document.pointer_mut(at) {
        for (name, schema) in schemas.iter_mut() {
            let own = schema.clone();
            self::schema(schema, &Root { address: format!("#{at}/{name}"), own: &own, form });
        }
    }
}

/// An HTTP API's export, with extensions.
pub(super) fn http(document: &mut Value, api: &Api) {
    if let Some(paths) = document["paths"].as_object_mut() {
        // It is what all other paths lead to, and none itself.
        paths.remove("/$default");
        for item in paths.values_mut() {
            for (_, operation) in item.as_object_mut().into_iter().flatten() {
                if operation.pointer("/x-amazon-apigateway-auth/type") == Some(&json!("AWS_IAM")) {
                    operation["security"] = json!([{ "sigv4": [] }]);
                }
            }
        }
    }
    let iam = api.routes.values().any(|route| route.authorization_type == "AWS_IAM");
    paths(document, Form::Oas30, true);
    strip(document);
    if iam {
        let scheme = json!({"type": "apiKey", "name": "Authorization", "in": "header"});
        document["components"]["securitySchemes"]["sigv4"] = scheme;
    }
    let schemes = document.pointer_mut("/components/securitySchemes").and_then(Value::as_object_mut);
    for scheme in schemes.into_iter().flat_map(Map::values_mut) {
        if scheme["type"] == "oauth2" {
            // Where its tokens are to be had is not said.
            *scheme = json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT"});
        }
    }
}

/// Leaves out all extensions.
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !key.starts_with("x-amazon-") && key != "isDefaultRoute");
            map.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn paths(document: &mut Value, form: Form, sends_keys: bool) {
    let Some(Value::Object(declared)) = document.get_mut("paths").map(Value::take) else { return };
    let mut paths = Map::new();
    for (path, item) in declared {
        let Value::Object(mut item) = item else { continue };
        let shared = item.remove("parameters").unwrap_or_else(|| json!([]));
        if let Some(any) = item.remove(ANY) {
            for verb in VERBS {
                item.entry(verb).or_insert_with(|| one_of_any(&any, verb));
            }
        }
        for (verb, operation) in item.iter_mut().filter(|(verb, _)| VERBS.contains(&verb.as_str())) {
            self::operation(operation, verb, &path, shared.as_array().map_or(&[], Vec::as_slice), form, sends_keys);
        }
        // A greedy parameter is one whose value may have slashes, for which OpenAPI has no word.
        paths.insert(path.replace("+}", "}"), item.into());
    }
    document["paths"] = paths.into();
}

/// `ANY` as one of the verbs that it stands for, under a name of its own.
fn one_of_any(any: &Value, verb: &str) -> Value {
    let mut operation = any.clone();
    if let Some(name) = any.get("operationId").and_then(Value::as_str) {
        operation["operationId"] = format!("{name}_{verb}").into();
    }
    operation
}

fn operation(operation: &mut Value, verb: &str, path: &str, shared: &[Value], form: Form, sends_keys: bool) {
    let mut parameters: Vec<Value> = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let same = |a: &Value, b: &Value| a["name"] == b["name"] && a["in"] == b["in"];
    for parameter in shared {
        if !parameters.iter().any(|own| same(own, parameter)) {
            parameters.push(parameter.clone());
        }
    }
    let in_path: Vec<&str> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    let in_path: Vec<&str> = in_path.into_iter().map(|name| name.trim_end_matches('+')).collect();
    // One that the path does not have can be sent by nobody.
    parameters.retain(|one| one["in"] != "path" || one["name"].as_str().is_some_and(|name| in_path.contains(&name)));
    for name in in_path {
        match parameters.iter_mut().find(|one| one["in"] == "path" && one["name"] == name) {
            Some(known) => known["required"] = true.into(),
            None => {
                let mut parameter = json!({"name": name, "in": "path", "required": true});
                match form {
                    Form::Swagger => parameter["type"] = "string".into(),
                    Form::Oas30 => parameter["schema"] = json!({"type": "string"}),
                }
                parameters.push(parameter);
            }
        }
    }
    if matches!(verb, "get" | "head" | "delete") {
        // Bodies of these mean nothing in OpenAPI.
        parameters.retain(|one| one["in"] != "body");
        remove(operation, "requestBody");
    }
    match parameters.is_empty() {
        true => remove(operation, "parameters"),
        false => operation["parameters"] = parameters.into(),
    }
    if operation.get("responses").and_then(Value::as_object).is_none_or(Map::is_empty) {
        operation["responses"] = json!({"default": {"description": "Whatever the integration answers"}});
    }
    security(operation, sends_keys);
}

fn remove(value: &mut Value, key: &str) {
    if let Value::Object(map) = value {
        map.remove(key);
    }
}

/// What a method asks for has to be there all together. Schemes that are no OAuth have no scopes.
fn security(operation: &mut Value, sends_keys: bool) {
    let Some(Value::Array(declared)) = operation.get_mut("security").map(Value::take) else { return };
    let names = declared.iter().filter_map(Value::as_object).flat_map(Map::keys);
    let names = names.filter(|name| sends_keys || *name != "api_key");
    let all: Map<String, Value> = names.map(|name| (name.clone(), json!([]))).collect();
    match all.is_empty() {
        true => remove(operation, "security"),
        false => operation["security"] = json!([all]),
    }
}

/// Where an authorizer finds the credentials: the first of its sources that a client can send.
fn credentials(scheme: &mut Value, authorizer: &Authorizer) {
    let sources = authorizer.identity_source.as_deref().unwrap_or_default().split(',').map(str::trim);
    let mut found = sources.filter_map(|source| source.strip_prefix("method.request.")?.split_once('.'));
    let sent = found.find(|(place, _)| matches!(*place, "header" | "querystring"));
    let (place, name) = sent.unwrap_or(("header", "Authorization"));
    *scheme = json!({"type": "apiKey", "name": name, "in": if place == "header" { "header" } else { "query" }});
}

/// The schema that another is part of.
struct Root<'a> {
    /// Where the document has it.
    address: String,
    own: &'a Value,
    form: Form,
}

/// A model's schema of JSON Schema's draft 4 as one of OpenAPI's.
fn schema(value: &mut Value, root: &Root<'_>) {
    let Value::Object(map) = value else { return };
    for key in ["$schema", "id"] {
        if map.get(key).is_some_and(Value::is_string) {
            map.shift_remove(key);
        }
    }
    if let Some(Value::String(reference)) = map.get_mut("$ref") {
        let pointer = reference.strip_prefix('#').unwrap_or_default().to_owned();
        let model = pointer.strip_prefix("/definitions/").filter(|_| root.form == Form::Oas30);
        if reference.starts_with('#') && root.own.pointer(&pointer).is_some() {
            *reference = format!("{}{pointer}", root.address);
        } else if let Some(name) = model {
            *reference = format!("#/components/schemas/{name}");
        }
    }
    if root.form == Form::Oas30 {
        types(map);
    }
    for (key, value) in map.iter_mut() {
        match key.as_str() {
            "properties" | "patternProperties" | "definitions" => {
                value.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(|one| schema(one, root));
            }
            "allOf" | "anyOf" | "oneOf" => value.as_array_mut().into_iter().flatten().for_each(|one| schema(one, root)),
            "items" | "additionalProperties" | "additionalItems" | "not" => schema(value, root),
            _ => {}
        }
    }
}

/// OpenAPI 3.0 has one type for a schema, and null is none.
fn types(map: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = map.get("type").cloned() else { return };
    let (nulls, types): (Vec<Value>, Vec<Value>) = types.into_iter().partition(|kind| kind == "null");
    if !nulls.is_empty() {
        map.insert("nullable".to_owned(), true.into());
    }
    match types.as_slice() {
        [] => _ = map.shift_remove("type"),
        [one] => _ = map.insert("type".to_owned(), one.clone()),
        several => {
            let any: Vec<Value> = several.iter().map(|kind| json!({ "type": kind })).collect();
            map.shift_remove("type");
            map.insert("anyOf".to_owned(), any.into());
        }
    }
}
