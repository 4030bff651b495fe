use super::*;
use crate::model::Authorizer;
use crate::model::{Integration, IntegrationResponse, IntegrationType};
use crate::proxy::testing::lambda_uri;

fn api(paths: &[&str]) -> RestApi {
    let resource = |path: &&str| {
        let integration = Integration {
            integration_type: IntegrationType::AwsProxy,
            uri: Some(lambda_uri("f")),
            http_method: Some("POST".to_owned()),
            timeout_in_millis: 29_000,
            ..Integration::default()
        };
        let get = Method { http_method: "GET".to_owned(), integration: Some(integration), ..Method::default() };
        Resource { path: (*path).to_owned(), methods: [("GET".to_owned(), get)].into(), ..Resource::default() }.into()
    };
    let stage = Stage { stage_name: "prod".to_owned(), ..Stage::default() };
    RestApi {
        id: "api".to_owned(),
        resources: paths.iter().map(resource).collect(),
        stages: [("prod".to_owned(), stage)].into(),
        ..RestApi::default()
    }
}

fn token(expression: Option<&str>) -> Authorizer {
    Authorizer {
        id: "a1".to_owned(),
        name: "Tokens".to_owned(),
        authorizer_type: AuthorizerType::Token,
        authorizer_uri: Some(lambda_uri("auth")),
        identity_source: Some("method.request.header.Authorization".to_owned()),
        identity_validation_expression: expression.map(str::to_owned),
        authorizer_result_ttl_in_seconds: 300,
        ..Authorizer::default()
    }
}

fn accepted(api: &RestApi) -> RestSnapshot {
    compile(api, &api.stages[0]).unwrap()
}

fn refused(api: &RestApi) -> String {
    compile(api, &api.stages[0]).unwrap_err().to_string()
}

#[test]
fn ambiguous_paths_are_refused_with_the_text_of_aws() {
    assert_eq!(
        refused(&api(&["/", "/{a}", "/{proxy+}"])),
        "api: resource /{proxy+}: A sibling ({a}) of this resource already has a variable path part -- only one is allowed"
    );
    assert!(refused(&api(&["/x/{a}/y", "/x/{b}"])).contains("A sibling ({a})"));
    assert!(refused(&api(&["/a", "/a"])).contains("twice"));
    assert!(
        refused(&api(&["/{p+}/a"])).contains("Cannot create a child of a resource with a greedy path variable: {p+}")
    );
    accepted(&api(&["/", "/x/{a}", "/y/{b}", "/x/{a}/{c}"]));
}

#[test]
fn a_bad_expression_is_named() {
    let mut api = api(&["/"]);
    api.authorizers.insert("a1".to_owned(), token(Some("Bearer (")));
    let text = refused(&api);
    assert!(text.starts_with("api: authorizer Tokens: identityValidationExpression `Bearer (`"), "{text}");
    api.authorizers.insert("a1".to_owned(), token(Some("Bearer .+")));
    accepted(&api);
}

#[test]
fn authorizers_must_exist_and_fit() {
    let mut api = api(&["/"]);
    let set = |api: &mut RestApi, kind: &str, id: Option<&str>| {
        let method = &mut api.resources[0].methods["GET"];
        (method.authorization_type, method.authorizer_id) = (kind.to_owned(), id.map(str::to_owned));
    };
    for (kind, id) in [("CUSTOM", None), ("CUSTOM", Some("x")), ("MAGIC", None)] {
        set(&mut api, kind, id);
        assert!(refused(&api).starts_with("api: GET /:"));
    }
    api.authorizers.insert("a1".to_owned(), token(None));
    set(&mut api, "COGNITO_USER_POOLS", Some("a1"));
    assert!(refused(&api).contains("does not fit"));
    set(&mut api, "CUSTOM", Some("a1"));
    accepted(&api);
    api.authorizers["a1"].identity_source = Some("method.request.querystring.t".to_owned());
    assert!(refused(&api).contains("TOKEN authorizer needs one identitySource"));
}

#[test]
fn integrations_are_resolved_per_stage_or_unsupported() {
    let mut api = api(&["/"]);
    let integration = |api: &mut RestApi, change: &dyn Fn(&mut Integration)| {
        change(api.resources[0].methods["GET"].integration.as_mut().unwrap());
    };
    let kind = |api: &RestApi| match &accepted(api).resources[0].methods[0].integration {
        RestIntegration::LambdaProxy(proxy) => proxy.function.function.clone(),
        RestIntegration::Lambda(custom) => format!("custom {}", custom.target.function),
        RestIntegration::Service(service) => format!("service {}", service.target.service),
        RestIntegration::Mock(_) => "mock".to_owned(),
        RestIntegration::Http(_) => "http".to_owned(),
        RestIntegration::HttpProxy(_) => "http proxy".to_owned(),
        RestIntegration::Unsupported(reason) => format!("unsupported: {reason}"),
    };
    assert_eq!(kind(&api), "f");
    integration(&mut api, &|i| i.http_method = Some("GET".to_owned()));
    assert!(kind(&api).contains("it must be POST"));
    integration(&mut api, &|i| i.http_method = Some("POST".to_owned()));
    integration(&mut api, &|i| i.request_parameters = Some(pairs(&[("integration.request.header.Expect", "'x'")])));
    assert!(kind(&api).contains("the header Expect"), "AWS_PROXY maps nothing, and still fails for such a header");
    integration(&mut api, &|i| (i.request_parameters, i.integration_type) = (None, IntegrationType::Aws));
    assert_eq!(kind(&api), "custom f");
    integration(&mut api, &|i| i.uri = Some("arn:aws:apigateway:us-east-1:dynamodb:action/GetItem".to_owned()));
    assert_eq!(kind(&api), "service dynamodb");
    integration(&mut api, &|i| i.uri = Some("arn:aws:apigateway:us-east-1:sqs:path/q".to_owned()));
    assert!(kind(&api).contains("the AWS service `sqs` as a target; those that are here are"), "{}", kind(&api));
    integration(&mut api, &|i| i.uri = None);
    assert_eq!(refused(&api), "api: GET /: an integration of type AWS needs a uri");
    integration(&mut api, &|i| (i.integration_type, i.http_method) = (IntegrationType::Mock, None));
    assert_eq!(kind(&api), "mock");
    integration(&mut api, &|i| {
        (i.connection_type, i.connection_id) = (Some("VPC_LINK".to_owned()), Some("v1".to_owned()))
    });
    assert!(kind(&api).contains("the VPC link v1: there are no VPCs here"), "{}", kind(&api));
    integration(&mut api, &|i| i.connection_type = None);
    integration(&mut api, &|i| {
        (i.integration_type, i.http_method) = (IntegrationType::AwsProxy, Some("POST".to_owned()));
        i.uri = Some("nonsense".to_owned());
    });
    assert!(refused(&api).starts_with("api: GET /: integration uri `nonsense`"));
    integration(&mut api, &|i| (i.uri, i.timeout_in_millis) = (Some(lambda_uri("f")), 0));
    assert!(refused(&api).contains("timeoutInMillis 0"));
    integration(&mut api, &|i| i.timeout_in_millis = 50);
    api.resources[0].methods["GET"].integration = None;
    assert!(kind(&api).contains("no integration"));
}

fn pairs(pairs: &[(&str, &str)]) -> indexmap::IndexMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An API whose `GET /` is a MOCK with this template.
fn mock(request_template: &str) -> RestApi {
    let mut api = api(&["/"]);
    let templates = [("application/json".to_owned(), Some(request_template.to_owned()))].into();
    api.resources[0].methods["GET"].integration = Some(Integration {
        integration_type: IntegrationType::Mock,
        request_templates: Some(templates),
        integration_responses: [("200".to_owned(), IntegrationResponse::default())].into(),
        ..Integration::default()
    });
    api
}

#[test]
fn a_template_that_does_not_parse_is_refused_with_its_place() {
    let text = refused(&mock("{\n  #if($x)"));
    let begin = "api: GET /: requestTemplates for application/json: line 2, column ";
    assert!(text.starts_with(begin), "{text}");
    let mut api = mock("{}");
    let response = &mut api.resources[0].methods["GET"].integration.as_mut().unwrap().integration_responses["200"];
    response.response_templates = Some([("text/xml".to_owned(), Some("#foreach(".to_owned()))].into());
    let text = refused(&api);
    let begin = "api: GET /: integration response 200: responseTemplates for text/xml: line 1, column ";
    assert!(text.starts_with(begin), "{text}");
    let text = refused(&mock(&" ".repeat(300 * 1024 + 1)));
    assert!(text.contains("the template is longer than 307200 bytes"), "{text}");
    accepted(&mock("{\"statusCode\": 200}"));
}

#[test]
fn what_aws_refuses_of_a_mapping_is_refused() {
    type Change = fn(&mut Integration);
    let rows: [(Change, &str); 6] = [
        (|i| i.passthrough_behavior = Some("SOMETIMES".to_owned()), "passthroughBehavior \"SOMETIMES\""),
        (|i| i.content_handling = Some("TO_TEXT".to_owned()), "contentHandling \"TO_TEXT\""),
        (
            |i| i.request_parameters = Some(pairs(&[("integration.request.header.a", "*")])),
            "Invalid mapping expression specified: *",
        ),
        (|i| i.request_parameters = Some(pairs(&[("header.a", "'x'")])), "\"header.a\" is not of the form"),
        (
            |i| i.integration_responses["200"].response_parameters = Some(pairs(&[("method.response.header.a", "*")])),
            "integration response 200: Invalid mapping expression specified: *",
        ),
        (
            |i| {
                let response = i.integration_responses["200"].clone();
                i.integration_responses.insert("ok".to_owned(), response);
            },
            "integration response ok: the status code is no number from 100 to 599",
        ),
    ];
    for (change, expected) in rows {
        let mut api = mock("{}");
        change(api.resources[0].methods["GET"].integration.as_mut().unwrap());
        assert!(refused(&api).contains(expected), "{expected}: {}", refused(&api));
    }
}

#[test]
fn a_pattern_of_javas_own_closes_its_method_alone() {
    let mut api = mock("{}");
    let integration = api.resources[0].methods["GET"].integration.as_mut().unwrap();
    integration.integration_responses["200"].selection_pattern = Some("(?!x).*".to_owned());
    let snapshot = accepted(&api);
    let expected = "integration response 200: selectionPattern `(?!x).*` is not a valid regular expression here";
    assert!(snapshot.warnings[0].contains(expected), "{:?}", snapshot.warnings);
}

#[test]
fn what_aws_accepts_compiles_and_is_named() {
    let mut api = api(&["/a", "/b", "/c", "/d", "/e", "/f"]);
    let mut change = |index: usize, change: &dyn Fn(&mut Method)| change(&mut api.resources[index].methods["GET"]);
    change(0, &|method| method.integration = None);
    change(1, &|method| {
        let integration = method.integration.as_mut().unwrap();
        integration.integration_type = IntegrationType::Aws;
        integration.uri = Some("arn:aws:apigateway:us-east-1:sns:action/Publish".to_owned());
    });
    change(2, &|method| method.authorization_type = "AWS_IAM".to_owned());
    change(3, &|method| method.api_key_required = true);
    change(4, &|method| {
        (method.authorization_type, method.authorizer_id) = ("CUSTOM".to_owned(), Some("a1".to_owned()));
    });
    change(5, &|method| {
        (method.authorization_type, method.authorizer_id) = ("COGNITO_USER_POOLS".to_owned(), Some("a2".to_owned()));
    });
    let pool = Authorizer { authorizer_type: AuthorizerType::CognitoUserPools, ..token(None) };
    api.authorizers.extend([("a1".to_owned(), token(Some("(?!x).+"))), ("a2".to_owned(), pool)]);
    let snapshot = accepted(&api);
    let text = snapshot.warnings.join("\n");
    let expected = [
        "REST API api stage prod authorizer Tokens: identityValidationExpression `(?!x).+` is not a valid",
        "REST API api stage prod GET /a: not supported: the method has no integration; every request is answered with 500",
        "REST API api stage prod GET /b: AWS refuses an integration with a service without credentials (Role ARN must be \
         specified for AWS integrations); here the service is called as the API's own account",
        "REST API api stage prod authorizer Tokens: it has no providerARNs; every request to its methods is refused with 401",
    ];
    for expected in expected {
        assert!(text.contains(expected), "{expected}\n---\n{text}");
    }
    assert_eq!(snapshot.warnings.len(), expected.len());
    assert!(snapshot.authorizers[0].function.is_err(), "it lets nobody pass");
}

#[test]
fn a_method_calls_under_its_own_arn() {
    let mut api = api(&["/", "/users/{id}"]);
    api.resources[1].methods["GET"].http_method = "ANY".to_owned();
    api.authorizers.insert("a1".to_owned(), token(None));
    let snapshot = accepted(&api);
    let arn = |index: usize| snapshot.resources[index].methods[0].source.within("r", "a");
    assert_eq!(&*arn(0), "arn:aws:execute-api:r:a:api/prod/GET/");
    assert_eq!(&*arn(1), "arn:aws:execute-api:r:a:api/prod/*/users/{id}");
    let authorizer = snapshot.authorizers[0].source.within("r", "a");
    assert_eq!(&*authorizer, "arn:aws:execute-api:r:a:api/authorizers/a1");
}
