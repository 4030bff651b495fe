//! Integrations with mappings: MOCK, AWS to functions and AWS to services, declared as AWS's own API describes them.

mod content;
mod lambda;
mod mock;
mod parameters;
mod services;

use super::*;

const INTERNAL: &str = r#"{"message":"Internal server error"}"#;
const INTERNAL_TYPE: &str = "InternalServerErrorException";

/// An API with one method, `ANY` of this path, and its integration in the form of `aws apigateway get-integration`. The method
/// has a response for each status that the integration has.
fn integrated(path: &str, integration: Value) -> RestApi {
    let mut api = api(&[(&format!("ANY {path}"), "f")]);
    let integration: Integration = serde_json::from_value(integration).unwrap();
    let method = method(&mut api, &format!("ANY {path}"));
    let statuses = integration.integration_responses.keys();
    method.method_responses = statuses.map(|status| (status.clone(), Default::default())).collect();
    method.integration = Some(integration);
    api
}

/// Its plane, with the function `f`.
fn plane(path: &str, integration: Value, answer: Answer) -> Plane {
    Plane::new(&integrated(path, integration), [("f", answer)])
}

/// A MOCK with this request template, and one response with these further members.
fn mock(request_template: &str, response: Value) -> Value {
    json!({"type": "MOCK", "requestTemplates": {"application/json": request_template},
        "integrationResponses": {"200": response}})
}

/// AWS to the function `f`, with these further members.
fn lambda(members: Value) -> Value {
    let mut integration = json!({"type": "AWS", "httpMethod": "POST", "uri": lambda_uri("f"),
        "integrationResponses": {"200": {}}});
    integration.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    integration
}

fn post(target: &str, headers: &[(&str, &str)], body: &'static [u8]) -> ClientRequest {
    let mut post = request("POST", target, headers);
    post.body = body.into();
    post
}

/// The status and the body of a reply.
fn outcome(reply: &Reply) -> (u16, &str) {
    (reply.status().as_u16(), text(reply))
}
