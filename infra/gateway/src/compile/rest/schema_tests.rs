//! Schemas that are used, and those that are refused: where, and why.

use serde_json::json;

use super::*;
use crate::model::SchemaModel;

fn api(models: &[(&str, Value)]) -> RestApi {
    let model = |(name, schema): &(&str, Value)| {
        let schema = schema.as_str().map_or_else(|| schema.to_string(), str::to_owned);
        ((*name).to_owned(), SchemaModel { name: (*name).to_owned(), schema: Some(schema), ..SchemaModel::default() })
    };
    RestApi { id: "a1".to_owned(), models: models.iter().map(model).collect(), ..RestApi::default() }
}

fn to(name: &str) -> Value {
    json!({"$ref": format!("https://apigateway.amazonaws.com/restapis/whatever/models/{name}")})
}

#[test]
fn models_refer_to_each_other_and_to_themselves() {
    let api = api(&[
        ("Pets", json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "array", "items": to("Pet")})),
        (
            "Pet",
            json!({"id": "http://example.com/pet", "oneOf": [to("Cat"), {"$ref": "#/definitions/Dog"}],
            "properties": {"id": {"$ref": "#/definitions/Id"}, "next": {"$ref": "#"}, "of": {"$ref": "#/components/schemas/Id"}},
            "definitions": {"Id": {"type": "integer"}}}),
        ),
        ("Id", json!({"type": "string"})),
        ("Cat", json!({"required": ["lives"]})),
        ("Dog", json!({"required": ["tricks"], "properties": {"error": to("Error")}})),
    ]);
    let model = BodyModel::compile(&api, "Pets").unwrap();
    assert!(model.recursive && model.schemas.len() == 6);
    for (body, valid) in [
        (json!([]), true),
        (json!([{"lives": 7, "id": 1}, {"tricks": [], "of": "x", "error": {"message": "m"}}]), true),
        (json!([{"lives": 7, "id": "1"}]), false),
        (json!([{"lives": 7, "of": 1}]), false),
        (json!([{"lives": 7, "tricks": 1}]), false),
        (json!([{"lives": 7, "next": {}}]), false),
        (json!([{"lives": 7, "next": {"tricks": 1, "next": {"lives": 1}}}]), true),
        (json!([{"tricks": 1, "error": {"message": 1}}]), false),
    ] {
        assert_eq!(model.validator.is_valid(&body), valid, "{body}");
    }
    assert!(!BodyModel::compile(&api, "Cat").unwrap().recursive);
    assert!(BodyModel::compile(&api, "Empty").unwrap().validator.is_valid(&json!({"a": 1})));
}

#[test]
fn what_cannot_be_used_is_told_with_its_place() {
    let nested = |text: &str| json!({"properties": {"a/b": {"items": {"$ref": text}}}});
    for (schema, expected) in [
        (json!("{"), "the schema of model M is no JSON: EOF"),
        (json!("[]"), "the schema of model M is no JSON object"),
        (
            nested("http://example.com/x.json"),
            "model M: $ref 'http://example.com/x.json' at /properties/a~1b/items/$ref is elsewhere, and nothing is fetched: \
             make it a model of the API and refer to https://apigateway.amazonaws.com/restapis/{api-id}/models/{name}",
        ),
        (nested("file:///etc/passwd"), "is elsewhere, and nothing is fetched"),
        (nested("other.json"), "is elsewhere, and nothing is fetched"),
        (
            nested("#/nowhere"),
            "model M: $ref '#/nowhere' at /properties/a~1b/items/$ref leads to nothing in the schema",
        ),
        (nested("#/definitions/Gone"), "names the model Gone, which the API does not have"),
        (
            nested("https://apigateway.amazonaws.com/restapis/a1/models/Gone"),
            "names the model Gone, which the API does not have",
        ),
        (nested("https://apigateway.amazonaws.com/restapis/a1/models/"), "is elsewhere"),
        (json!({"required": []}), "model M is no JSON schema of draft 4 at /required: "),
        (json!({"type": "text"}), "model M is no JSON schema of draft 4 at /type: "),
        (json!({"exclusiveMinimum": 5}), "model M is no JSON schema of draft 4"),
        (json!({"$ref": "#"}), ""),
    ] {
        match BodyModel::compile(&api(&[("M", schema.clone())]), "M") {
            Err(Unusable::Invalid(reason)) => assert!(reason.contains(expected), "{reason}\n{expected}"),
            Ok(_) if expected.is_empty() => {}
            other => panic!("{schema}: {other:?}"),
        }
    }
    let Err(Unusable::Invalid(reason)) = BodyModel::compile(&api(&[]), "Gone") else { panic!() };
    assert_eq!(reason, "there is no model Gone in the API");
    // What only looks like a reference is data.
    let data = json!({"default": {"$ref": "x"}, "enum": [{"$ref": "x", "id": "y"}], "properties": {"$ref": {"type": "string"}}});
    let model = BodyModel::compile(&api(&[("M", data)]), "M").unwrap();
    assert!(model.validator.is_valid(&json!({"$ref": "x", "id": "y"})));
}

#[test]
fn patterns_run_in_linear_time_or_not_at_all() {
    let pattern =
        |pattern: &str| BodyModel::compile(&api(&[("M", json!({"properties": {"a": {"pattern": pattern}}}))]), "M");
    // Exponential where patterns are tried one way after another.
    let model = pattern("^(a+)+$").unwrap();
    assert!(!model.validator.is_valid(&json!({"a": format!("{}!", "a".repeat(50_000))})));
    for refused in ["^(?=.*[A-Z]).{8,}$", r"(a)\1", "^(?:[a-z]{1,1000}){1,1000}$"] {
        let Err(Unusable::Unsupported(reason)) = pattern(refused) else { panic!("{refused}") };
        assert!(
            reason.starts_with("model M: the pattern ") && reason.contains("cannot be run in linear time"),
            "{reason}"
        );
    }
}
