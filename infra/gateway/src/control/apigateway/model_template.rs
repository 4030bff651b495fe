//! `get-model-template`: a mapping template that makes a body of a model, to begin with.

use serde_json::{Map, Value};

/// Schemas within schemas.
const MAX_DEPTH: usize = 32;

/// The template for a schema without references.
pub(super) fn sample(schema: &Value) -> String {
    format!("#set($inputRoot = $input.path('$'))\n{}", body(schema, 0))
}

fn body(schema: &Value, depth: usize) -> String {
    if depth > MAX_DEPTH {
        return "null".to_owned();
    }
    let indent = "  ".repeat(depth);
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        _ if properties.is_some() => "object",
        _ => "",
    };
    match kind {
        "object" => {
            let properties = properties.unwrap_or(&empty);
            if properties.is_empty() {
                return "{ }".to_owned();
            }
            let lines = properties
                .iter()
                .map(|(name, of)| format!("{indent}  {} : {}", Value::from(name.as_str()), body(of, depth + 1)));
            format!("{{\n{}\n{indent}}}", lines.collect::<Vec<_>>().join(",\n"))
        }
        "array" => {
            let item = body(schema.get("items").unwrap_or(&Value::Null), depth + 1);
            let todo = "##TODO: Update this foreach loop to reference array from input json";
            format!(
                "[\n{todo}\n#foreach($elem in $inputRoot)\n{indent}  {item}#if($foreach.hasNext),#end\n\n#end\n{indent}]"
            )
        }
        "string" => "\"foo\"".to_owned(),
        "integer" => "42".to_owned(),
        "number" => "3.149".to_owned(),
        "boolean" => "true".to_owned(),
        _ => "null".to_owned(),
    }
}
