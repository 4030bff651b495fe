//! Requests that a method's validator refuses, in AWS's words.

use super::*;
use crate::model::{AccessLogSettings, GatewayResponse, RequestValidator, SchemaModel};
use crate::telemetry::testing::{DESTINATION, lines};

const BODY: &str = r#"{"message":"Invalid request body"}"#;
const BAD_REQUEST: &str = "BadRequestException";

/// `ANY /pets/{id}` behind a validator of both, with a model for JSON and one for the rest.
fn declared(schema: Value) -> RestApi {
    let mut api = api(&[("ANY /pets/{id}", "f"), ("ANY /", "f")]);
    let validator = RequestValidator {
        id: "v1".to_owned(),
        validate_request_body: true,
        validate_request_parameters: true,
        ..RequestValidator::default()
    };
    api.request_validators.insert("v1".to_owned(), validator);
    let model = |name: &str, schema: &Value| {
        let schema = Some(schema.to_string());
        (name.to_owned(), SchemaModel { name: name.to_owned(), schema, ..SchemaModel::default() })
    };
    api.models = [model("Pet", &schema), model("List", &json!({"type": "array"}))].into();
    let pets = method(&mut api, "ANY /pets/{id}");
    pets.request_validator_id = Some("v1".to_owned());
    pets.request_models = Some([("application/json".to_owned(), "Pet".to_owned())].into());
    for stage in api.stages.values_mut() {
        let format = "$context.error.responseType|$context.error.message|$context.error.validationErrorString";
        stage.access_log_settings =
            Some(AccessLogSettings { format: Some(format.to_owned()), destination_arn: Some(DESTINATION.to_owned()) });
    }
    api
}

fn plane(api: &RestApi) -> Plane {
    Plane::new(api, [("f", ok())])
}

impl Plane {
    async fn post(&self, target: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        self.send(ClientRequest { body: body.to_owned().into(), ..request("POST", target, headers) }).await
    }
}

#[tokio::test]
async fn required_parameters_are_there_and_not_blank() {
    let mut api = declared(json!({}));
    let names = ["querystring.qs1", "header.x-b", "querystring.issuer", "path.gone", "path.id", "header.User-Agent"];
    let required = |name: &&str| (format!("method.request.{name}"), true);
    let mut parameters: indexmap::IndexMap<_, _> = names.iter().map(required).collect();
    parameters.insert("method.request.querystring.free".to_owned(), false);
    method(&mut api, "ANY /pets/{id}").request_parameters = Some(parameters.clone());
    let plane = plane(&api);
    let all = "[User-Agent, x-b, gone, issuer, qs1]";
    for (target, headers, missing) in [
        ("/prod/pets/1", &[][..], all),
        ("/prod/pets/1?qs1&issuer=", &[("x-b", " "), ("User-Agent", "")], all),
        ("/prod/pets/1?QS1=1&Issuer=2", &[("X-B", "1"), ("user-agent", "u")], "[x-b, gone, issuer, qs1]"),
        ("/prod/pets/1?qs1=1&issuer=2&qs1=", &[("x-b", "1"), ("user-agent", "u")], "[gone]"),
    ] {
        // The body is not looked at before the parameters are there.
        let body = format!(r#"{{"message":"Missing required request parameters: {missing}"}}"#);
        assert_error(&plane.post(target, headers, "{").await, 400, &body, BAD_REQUEST);
    }
    assert_eq!(plane.fake.count("f"), 0);
    let told = format!("Missing required request parameters: {all}");
    assert_eq!(lines(&plane.gateway)[0], format!("BAD_REQUEST_PARAMETERS|{told}|{told}"));

    parameters.shift_remove("method.request.path.gone");
    method(&mut api, "ANY /pets/{id}").request_parameters = Some(parameters);
    let headers = [("x-b", "1"), ("USER-AGENT", "u")];
    let plane = self::plane(&api);
    assert_eq!(plane.get("/prod/pets/1?qs1=1&issuer=%20x", &headers).await.status(), 200);

    api.request_validators["v1"].validate_request_parameters = false;
    assert_eq!(self::plane(&api).get("/prod/pets/1", &[]).await.status(), 200);
}

#[tokio::test]
async fn the_model_is_that_of_the_content_type() {
    let mut api = declared(json!({"type": "object", "required": ["name"]}));
    let json = ("Content-Type", "application/json");
    for (header, body, status) in [
        (None, r#"{"name": 1}"#, 200),
        (None, "{}", 400),
        (Some(json), "", 400),
        (Some(("content-type", "Application/JSON; charset=utf-8")), "{}", 400),
        (Some(("Content-Type", "")), "{}", 400),
        // No model for it: AWS lets it pass.
        (Some(("Content-Type", "text/plain")), "{", 200),
        (Some(("Content-Type", "application/vnd.api+json")), "{", 200),
    ] {
        let reply = plane(&api).post("/prod/pets/1", header.as_slice(), body).await;
        assert_eq!(reply.status(), status, "{header:?} {body}");
    }
    assert_error(&plane(&api).get("/prod/pets/1", &[]).await, 400, BODY, BAD_REQUEST);

    let models = method(&mut api, "ANY /pets/{id}").request_models.as_mut().unwrap();
    models.insert("$default".to_owned(), "List".to_owned());
    for (content_type, body, status) in
        [("text/plain", "{}", 400), ("text/plain", "", 400), ("text/plain", "[]", 200), (json.1, "{\"name\":1}", 200)]
    {
        let reply = plane(&api).post("/prod/pets/1", &[("Content-Type", content_type)], body).await;
        assert_eq!(reply.status(), status, "{content_type} {body}");
    }

    // Without any model a body is an object, or there is none.
    method(&mut api, "ANY /pets/{id}").request_models = None;
    for (body, status) in [("", 200), (r#"{"a": 1}"#, 200), ("[]", 400), ("{", 400), ("null", 400)] {
        assert_eq!(plane(&api).post("/prod/pets/1", &[], body).await.status(), status, "{body}");
    }
    assert_eq!(plane(&api).post("/prod/", &[], "{").await.status(), 200, "a method without validator");
}

/// What is said of `body`, as the access log has it: with quotes escaped.
async fn said(schema: Value, body: &str) -> String {
    let plane = plane(&declared(schema));
    let reply = plane.post("/prod/pets/1", &[], body).await;
    if reply.status() == 200 {
        return String::new();
    }
    assert_error(&reply, 400, BODY, BAD_REQUEST);
    let line = lines(&plane.gateway).remove(0);
    line.strip_prefix("BAD_REQUEST_BODY|Invalid request body|").unwrap().replace("\\\"", "\"")
}

#[tokio::test]
async fn what_is_wrong_is_said_as_aws_says_it() {
    let pet = json!({
        "type": "object",
        "required": ["name", "age", "kind"],
        "properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-z]+$"},
            "age": {"type": "number", "minimum": 0, "maximum": 9, "multipleOf": 2},
            "kind": {"enum": ["cat", "dog"]},
            "tags": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true, "items": {"type": "string"}},
            "owner": {"type": ["object", "null"], "additionalProperties": false, "properties": {"a": {}},
                "minProperties": 1, "maxProperties": 1},
            "size": {"type": "number", "minimum": 1, "exclusiveMinimum": true, "maximum": 3, "exclusiveMaximum": true},
            "pair": {"items": [{}, {}], "additionalItems": false},
            "any": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "one": {"oneOf": [{"type": "number"}, {"type": "integer"}]},
            "all": {"allOf": [{"type": "object"}, {"required": ["a"]}, {"properties": {"a": {"type": "string"}}}]},
            "not": {"not": {"type": "string"}},
            "mail": {"format": "email"},
            "at": {"type": "string", "format": "date-time"},
            "card": {"dependencies": {"number": ["until"]}},
        },
    });
    let good = json!({"name": "tom", "age": 2, "kind": "cat"});
    for (member, value, expected) in [
        ("name", json!("tom"), ""),
        (
            "name",
            json!(1),
            r#"instance type (integer) does not match any allowed primitive type (allowed: ["string"])"#,
        ),
        (
            "age",
            json!("1"),
            r#"instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])"#,
        ),
        (
            "owner",
            json!(true),
            r#"instance type (boolean) does not match any allowed primitive type (allowed: ["null","object"])"#,
        ),
        (
            "name",
            json!("T"),
            r#"string "T" is too short (length: 1, required minimum: 2), ECMA 262 regex "^[a-z]+$" does not match input string "T""#,
        ),
        ("name", json!("tommy"), r#"string "tommy" is too long (length: 5, maximum allowed: 4)"#),
        ("age", json!(-2), "numeric instance is lower than the required minimum (minimum: 0, found: -2)"),
        ("age", json!(10), "numeric instance is greater than the required maximum (maximum: 9, found: 10)"),
        ("age", json!(3), "remainder of division is not zero (3 / 2)"),
        ("kind", json!("cow"), r#"instance value ("cow") not found in enum (possible values: ["cat","dog"])"#),
        ("tags", json!([]), "array is too short: must have at least 1 elements but instance has 0 elements"),
        ("tags", json!(["a", "b", "c"]), "array is too long: must have at most 2 elements but instance has 3 elements"),
        ("tags", json!(["a", "a"]), "array must not contain duplicate elements"),
        (
            "tags",
            json!([1, "a"]),
            r#"instance type (integer) does not match any allowed primitive type (allowed: ["string"])"#,
        ),
        ("owner", json!({}), "object has too few properties (found 0 but schema requires at least 1)"),
        ("owner", json!({"c": 1}), r#"object instance has properties which are not allowed by the schema: ["c"]"#),
        ("size", json!(1), "numeric instance is not strictly greater than the required minimum 1"),
        ("size", json!(0.5), "numeric instance is lower than the required minimum (minimum: 1, found: 0.5)"),
        ("size", json!(3), "numeric instance is not strictly lower than the required maximum 3"),
        ("pair", json!([1, 2, 3]), "schema only allows 2 elements in array but instance has 3 elements"),
        ("any", json!(true), "instance failed to match at least one required schema among 2"),
        ("one", json!("x"), "instance failed to match exactly one schema (matched 0 out of 2)"),
        ("one", json!(1), "instance failed to match exactly one schema (matched 2 out of 2)"),
        ("all", json!({"b": 1}), "instance failed to match all required schemas (matched only 2 out of 3)"),
        ("all", json!({"a": 1}), "instance failed to match all required schemas (matched only 2 out of 3)"),
        ("not", json!("x"), "instance matched a schema which it should not have"),
        ("mail", json!("x"), r#"string "x" is not a valid email address"#),
        (
            "at",
            json!("now"),
            r#"string "now" is invalid against requested date format(s) [yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,12}Z]"#,
        ),
        (
            "card",
            json!({"number": 1}),
            r#"property "number" of object has missing property dependencies (schema requires ["until"]; missing: ["until"])"#,
        ),
    ] {
        let mut body = good.clone();
        body[member] = value;
        let expected = if expected.is_empty() { String::new() } else { format!("[{expected}]") };
        assert_eq!(said(pet.clone(), &body.to_string()).await, expected, "{body}");
    }
    // What fails as a whole is not looked into; several parts are told in the order of their names.
    let missing = r#"[object has missing required properties (["age","kind"])]"#;
    assert_eq!(said(pet.clone(), r#"{"name": 1}"#).await, missing);
    let several = r#"[numeric instance is lower than the required minimum (minimum: 0, found: -2), instance value (1) not found in enum (possible values: ["cat","dog"])]"#;
    assert_eq!(said(pet.clone(), r#"{"name": "tom", "kind": 1, "age": -2}"#).await, several);
    for unparsed in ["", "{", "nothing", "{} {}", "\u{feff}{}", &"[".repeat(200)] {
        assert_eq!(said(pet.clone(), unparsed).await, "[Unknown error parsing request body]", "{unparsed}");
    }
    let string = r#"[instance type (string) does not match any allowed primitive type (allowed: ["object"])]"#;
    assert_eq!(said(json!({"type": "object"}), "\"x\"").await, string);
}

#[tokio::test]
async fn a_body_cannot_make_checking_it_expensive() {
    // Each level is looked at along two ways.
    let schema =
        json!({"anyOf": [{"items": {"$ref": "#"}, "type": "array"}, {"items": {"$ref": "#"}, "type": "array"}]});
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(said(schema, &deep).await, "[the body does not match model Pet]");
    let wide = format!("[{}1]", "1,".repeat(200_000));
    let strings = json!({"items": {"type": "string"}});
    assert_eq!(said(strings.clone(), &wide).await, "[the body does not match model Pet]");
    let long = said(strings, &format!("[{}1]", "1,".repeat(1_000))).await;
    assert_eq!(long.chars().count(), 4096 + 2);
}

#[tokio::test]
async fn a_gateway_response_shows_what_is_wrong() {
    let mut api = declared(json!({"type": "object"}));
    let template = r#"{"message":$context.error.messageString,"why":"$context.error.validationErrorString"}"#;
    let response = GatewayResponse {
        response_type: "BAD_REQUEST_BODY".to_owned(),
        status_code: Some("422".to_owned()),
        response_templates: [("application/json".to_owned(), template.to_owned())].into(),
        ..GatewayResponse::default()
    };
    api.gateway_responses.insert("BAD_REQUEST_BODY".to_owned(), response);
    let reply = plane(&api).post("/prod/pets/1", &[], "[]").await;
    let body: Value = serde_json::from_slice(reply.body()).unwrap();
    let why = r#"[instance type (array) does not match any allowed primitive type (allowed: ["object"])]"#;
    assert_eq!((reply.status().as_u16(), body), (422, json!({"message": "Invalid request body", "why": why})));
}

#[tokio::test]
async fn what_cannot_be_checked_is_closed_and_what_is_wrong_is_not_deployed() {
    let api = declared(json!({"properties": {"a": {"pattern": "^(?=x)"}}}));
    let reply = plane(&api).post("/prod/pets/1", &[], "{}").await;
    assert_error(&reply, 500, r#"{"message":"Internal server error"}"#, "InternalServerErrorException");
    let warnings = compile(&api, &api.stages["prod"]).unwrap().warnings;
    assert!(warnings[0].contains("ANY /pets/{id}: not supported: model Pet: the pattern \"^(?=x)\""), "{warnings:?}");

    let refused = |change: &dyn Fn(&mut RestApi)| {
        let mut api = declared(json!({}));
        change(&mut api);
        compile(&api, &api.stages["prod"]).unwrap_err().to_string()
    };
    let schema = |text: &str| Some(text.to_owned());
    assert_eq!(
        refused(&|api| api.models["Pet"].schema = schema(r#"{"items": {"$ref": "http://example.com/a"}}"#)),
        "userapi: ANY /pets/{id}: request model Pet for application/json: model Pet: $ref 'http://example.com/a' at \
         /items/$ref is elsewhere, and nothing is fetched: make it a model of the API and refer to \
         https://apigateway.amazonaws.com/restapis/{api-id}/models/{name}"
    );
    assert_eq!(
        refused(&|api| _ = api.models.shift_remove("Pet")),
        "userapi: ANY /pets/{id}: request model Pet for application/json: there is no model Pet in the API"
    );
    assert_eq!(
        refused(&|api| _ = api.request_validators.shift_remove("v1")),
        "userapi: ANY /pets/{id}: Invalid Request Validator identifier: v1"
    );
    assert_eq!(
        refused(&|api| api.models["List"].schema = Some(" ".repeat(400 * 1024))),
        "userapi: models: the models have 401 KB together, and API Gateway takes 400 KB"
    );
}
