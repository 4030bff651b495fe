use super::*;

#[tokio::test]
async fn integrations_are_completed_as_aws_completes_them() {
    let stack = Stack::new();
    let (http, chat) = (stack.http_api().await, stack.web_socket_api().await);
    let cases = [
        (
            &http,
            json!({"integrationType": "AWS_PROXY", "integrationUri": FUNCTION, "payloadFormatVersion": "2.0"}),
            json!({"connectionType": "INTERNET", "integrationMethod": "POST", "integrationType": "AWS_PROXY",
                "integrationUri": FUNCTION, "payloadFormatVersion": "2.0", "timeoutInMillis": 30_000}),
        ),
        (
            &chat,
            json!({"integrationType": "AWS_PROXY", "integrationUri": FUNCTION}),
            json!({"connectionType": "INTERNET", "integrationMethod": "POST", "integrationType": "AWS_PROXY",
                "integrationUri": FUNCTION, "passthroughBehavior": "WHEN_NO_MATCH", "payloadFormatVersion": "1.0",
                "timeoutInMillis": 29_000}),
        ),
        (
            &chat,
            json!({"integrationType": "MOCK"}),
            json!({"connectionType": "INTERNET", "integrationType": "MOCK", "passthroughBehavior": "WHEN_NO_MATCH",
                "integrationResponseSelectionExpression": "${integration.response.statuscode}",
                "payloadFormatVersion": "1.0", "timeoutInMillis": 29_000}),
        ),
        (
            &chat,
            json!({"integrationType": "AWS", "integrationUri": FUNCTION, "integrationMethod": "POST"}),
            json!({"connectionType": "INTERNET", "integrationMethod": "POST", "integrationType": "AWS",
                "integrationUri": FUNCTION, "passthroughBehavior": "WHEN_NO_MATCH", "payloadFormatVersion": "1.0",
                "integrationResponseSelectionExpression": "${integration.response.body.errorMessage}",
                "timeoutInMillis": 29_000}),
        ),
        (
            &http,
            json!({"integrationType": "AWS_PROXY", "integrationSubtype": "SQS-SendMessage", "payloadFormatVersion": "1.0",
                "credentialsArn": "arn:aws:iam::000000000000:role/r", "requestParameters": {"QueueUrl": "$request.header.q"}}),
            json!({"connectionType": "INTERNET", "integrationType": "AWS_PROXY", "integrationSubtype": "SQS-SendMessage",
                "credentialsArn": "arn:aws:iam::000000000000:role/r", "requestParameters": {"QueueUrl": "$request.header.q"},
                "payloadFormatVersion": "1.0", "timeoutInMillis": 30_000}),
        ),
    ];
    for (api, body, expected) in cases {
        let mut answer = stack.ok("POST", format!("{api}/integrations"), body).await;
        let id = answer.as_object_mut().unwrap().remove("integrationId").unwrap();
        assert_eq!(id.as_str().unwrap().len(), 7);
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn parameters_are_patched_one_by_one() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    let integration = stack.integration(&api).await;
    let path = format!("{api}/integrations/{integration}");
    let parameters = json!({"append:header.a": "1", "append:header.b": "2"});
    let body = json!({"requestParameters": parameters, "responseParameters": {"200": {"append:header.c": "3"}}});
    stack.ok("PATCH", path.as_str(), body).await;
    let body =
        json!({"requestParameters": {"append:header.a": ""}, "responseParameters": {"200": {}, "404": {"x": "y"}}});
    let changed = stack.ok("PATCH", path.as_str(), body).await;
    assert_eq!(changed["requestParameters"], json!({"append:header.b": "2"}));
    assert_eq!(changed["responseParameters"], json!({"404": {"x": "y"}}));
}

#[tokio::test]
async fn what_no_integration_has_is_refused() {
    let stack = Stack::new();
    let (http, chat) = (stack.http_api().await, stack.web_socket_api().await);
    let refused = [
        (&http, json!({}), "integrationType"),
        (
            &http,
            json!({"integrationType": "AWS", "integrationUri": FUNCTION, "payloadFormatVersion": "1.0"}),
            "Currently, an API with a protocol type of HTTP may only be associated with proxy integrations (AWS_PROXY, HTTP_PROXY)",
        ),
        (
            &http,
            json!({"integrationType": "AWS_PROXY", "integrationUri": FUNCTION}),
            "PayloadFormatVersion is a required parameter for integration",
        ),
        (&http, json!({"integrationType": "AWS_PROXY", "payloadFormatVersion": "2.0"}), "IntegrationUri is a required"),
        (&http, json!({"integrationType": "AWS_PROXY", "integrationUri": "f", "payloadFormatVersion": "2.0"}), "ARN"),
        (
            &http,
            json!({"integrationType": "HTTP_PROXY", "integrationUri": "x", "payloadFormatVersion": "1.0"}),
            "endpoint",
        ),
        (
            &http,
            json!({"integrationType": "HTTP_PROXY", "integrationUri": "http://x", "payloadFormatVersion": "2.0"}),
            "2.0",
        ),
        (
            &http,
            json!({"integrationType": "AWS_PROXY", "integrationSubtype": "SQS-SendMessage", "payloadFormatVersion": "1.0"}),
            "CredentialsArn",
        ),
        (
            &http,
            json!({"integrationType": "HTTP_PROXY", "integrationUri": "http://x", "payloadFormatVersion": "1.0", "connectionType": "VPC_LINK"}),
            "ConnectionId",
        ),
        (
            &http,
            json!({"integrationType": "AWS_PROXY", "integrationUri": FUNCTION, "payloadFormatVersion": "2.0", "timeoutInMillis": 49}),
            "greater than or equal to 50",
        ),
        (
            &chat,
            json!({"integrationType": "AWS_PROXY", "integrationUri": FUNCTION, "payloadFormatVersion": "2.0"}),
            "1.0",
        ),
        (
            &chat,
            json!({"integrationType": "AWS_PROXY", "integrationUri": FUNCTION, "timeoutInMillis": 29_001}),
            "29000",
        ),
        (&chat, json!({"integrationType": "MOCK", "passthroughBehavior": "SOMETIMES"}), "enum value set"),
    ];
    for (api, body, message) in refused {
        let (status, said) = stack.fails("POST", &format!("{api}/integrations"), body).await;
        assert!(status == 400 && said.contains(message), "{message}: {status} {said}");
    }
    let gone = stack.fails("PATCH", &format!("{http}/integrations/none"), json!({})).await;
    assert_eq!(gone, (404, "Invalid Integration identifier specified none".to_owned()));
}

#[tokio::test]
async fn integration_responses() {
    let stack = Stack::new();
    let api = stack.web_socket_api().await;
    let integration = stack.ok("POST", format!("{api}/integrations"), json!({"integrationType": "MOCK"})).await;
    let responses = format!("{api}/integrations/{}/integrationresponses", id(&integration, "integrationId"));
    let body = json!({"integrationResponseKey": "/2\\d\\d/", "responseTemplates": {"$default": "{}"}});
    let response = stack.ok("POST", responses.as_str(), body).await;
    assert_eq!(response["integrationResponseKey"], "/2\\d\\d/");
    let one = format!("{responses}/{}", id(&response, "integrationResponseId"));
    assert_eq!(stack.fails("POST", &responses, json!({"integrationResponseKey": "/2\\d\\d/"})).await.0, 409);
    for bad in ["200", "/(/", "//"] {
        assert_eq!(stack.fails("POST", &responses, json!({"integrationResponseKey": bad})).await.0, 400, "{bad}");
    }
    let changed = stack.ok("PATCH", one.as_str(), json!({"integrationResponseKey": "$default"})).await;
    assert_eq!(stack.ok("GET", responses.as_str(), Value::Null).await["items"], json!([changed]));
    stack.ok("DELETE", one.as_str(), Value::Null).await;
    assert_eq!(stack.fails("GET", &one, Value::Null).await.0, 404);
}

#[tokio::test]
async fn models_and_their_templates() {
    let stack = Stack::new();
    let api = stack.web_socket_api().await;
    let models = format!("{api}/models");
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "integer"}}}});
    let body = json!({"name": "Message", "contentType": "application/json", "schema": schema.to_string()});
    let model = stack.ok("POST", models.as_str(), body.clone()).await;
    let one = format!("{models}/{}", id(&model, "modelId"));
    assert_eq!(stack.fails("POST", &models, body).await.0, 409);
    assert_eq!(stack.fails("POST", &models, json!({"name": "a b", "schema": "{}"})).await.0, 400);
    assert_eq!(stack.fails("POST", &models, json!({"name": "ab", "schema": "["})).await.0, 400);
    let template = stack.ok("GET", format!("{one}/template"), Value::Null).await;
    assert_eq!(
        template["value"],
        "#set($inputRoot = $input.path('$'))\n{\n  \"name\" : \"$inputRoot.name\",\n  \"tags\" : [\n\
         #foreach($elem1 in $inputRoot.tags)\n    $elem1#if($foreach.hasNext),#end\n#end\n  ]\n}"
    );
    stack.ok("PATCH", one.as_str(), json!({"description": "d"})).await;
    stack.ok("DELETE", one.as_str(), Value::Null).await;
    let gone = stack.fails("GET", &one, Value::Null).await;
    assert!(gone.1.starts_with("Invalid Model identifier specified"), "{gone:?}");
    let http = stack.http_api().await;
    assert_eq!(stack.fails("POST", &format!("{http}/models"), json!({"name": "M", "schema": "{}"})).await.0, 400);
}
