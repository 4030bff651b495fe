//! Binary bodies on their way through mappings.

use super::*;

fn binary(integration: Value, types: &[&str]) -> Plane {
    let mut api = integrated("/", integration);
    api.binary_media_types = types.iter().map(|t| (*t).to_owned()).collect();
    Plane::new(&api, [("f", Answer::Raw(b"\"aGk=\""))])
}

#[tokio::test]
async fn a_template_reads_text_and_no_bytes() {
    let template = "{\"body\": \"$input.body\"}";
    let integration = |handling: Value| {
        lambda(
            json!({"contentHandling": handling, "requestTemplates": {"image/png": template, "text/plain": template}}),
        )
    };
    for (handling, content_type, event) in [
        (json!(null), "text/plain", Some("aGk=")),
        (json!("CONVERT_TO_TEXT"), "text/plain", Some("aGk=")),
        (json!("CONVERT_TO_BINARY"), "text/plain", None),
        (json!(null), "image/png", None),
        (json!("CONVERT_TO_TEXT"), "image/png", Some("YUdrPQ==")),
        (json!("CONVERT_TO_BINARY"), "image/png", None),
    ] {
        let plane = binary(integration(handling.clone()), &["image/*"]);
        let reply = plane.send(post("/prod", &[("Content-Type", content_type)], b"aGk=")).await;
        match event {
            Some(body) => assert_eq!(plane.fake.event("f"), json!({"body": body}), "{handling} {content_type}"),
            None => assert_error(&reply, 500, INTERNAL, INTERNAL_TYPE),
        }
    }
}

#[tokio::test]
async fn what_should_be_base64_and_is_not_fails() {
    let plane = binary(lambda(json!({"contentHandling": "CONVERT_TO_BINARY"})), &[]);
    assert_error(&plane.send(post("/prod", &[], b"no base64!")).await, 500, INTERNAL, INTERNAL_TYPE);
    // `"aGk="` with its quotes is none either.
    let response = json!({"integrationResponses": {"200": {"contentHandling": "CONVERT_TO_BINARY"}}});
    assert_error(&binary(lambda(response), &[]).get("/prod", &[]).await, 500, INTERNAL, INTERNAL_TYPE);
}

#[tokio::test]
async fn a_client_that_accepts_bytes_gets_them() {
    let body = json!({"responseTemplates": {"application/json": "$input.path('$')"}});
    // A function's JSON is text: it is decoded for whom accepts a binary type, which leaves no text for a template.
    let plane = binary(lambda(json!({"integrationResponses": {"200": body}})), &["image/png"]);
    assert_eq!(outcome(&plane.get("/prod", &[]).await), (200, "aGk="));
    assert_error(&plane.get("/prod", &[("Accept", "image/png")]).await, 500, INTERNAL, INTERNAL_TYPE);
    let text =
        json!({"contentHandling": "CONVERT_TO_TEXT", "responseTemplates": {"application/json": "$input.path('$')"}});
    let plane = binary(lambda(json!({"integrationResponses": {"200": text}})), &["image/png"]);
    assert_eq!(outcome(&plane.get("/prod", &[("Accept", "image/png")]).await), (200, "aGk="));
}

#[tokio::test]
async fn a_mock_of_an_api_that_takes_everything_for_binary_needs_to_convert() {
    let everything = &["*/*"];
    let plain = binary(mock("{statusCode: 200}", json!({})), everything);
    assert_error(&plain.get("/prod", &[]).await, 500, INTERNAL, INTERNAL_TYPE);
    let mut integration = mock("{statusCode: 200}", json!({}));
    integration["contentHandling"] = json!("CONVERT_TO_TEXT");
    assert_eq!(outcome(&binary(integration, everything).get("/prod", &[]).await), (200, ""));
}
