use super::*;
use crate::model::Authorizer;
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
        Resource { path: (*path).to_owned(), methods: [("GET".to_owned(), get)].into(), ..Resource::default() }
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

fn refused(api: &RestApi) -> String {
    compile(api).unwrap_err().to_string()
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
    assert!(compile(&api(&["/", "/x/{a}", "/y/{b}", "/x/{a}/{c}"])).is_ok());
}

#[test]
fn a_bad_expression_is_named() {
    let mut api = api(&["/"]);
    api.authorizers.insert("a1".to_owned(), token(Some("Bearer (")));
    let text = refused(&api);
    assert!(text.starts_with("api: authorizer Tokens: identityValidationExpression `Bearer (`"), "{text}");
    api.authorizers.insert("a1".to_owned(), token(Some("Bearer .+")));
    assert!(compile(&api).is_ok());
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
    assert!(compile(&api).is_ok());
    api.authorizers["a1"].identity_source = Some("method.request.querystring.t".to_owned());
    assert!(refused(&api).contains("TOKEN authorizer needs one identitySource"));
}

#[test]
fn integrations_are_resolved_per_stage_or_unsupported() {
    let mut api = api(&["/"]);
    let integration = |api: &mut RestApi, change: &dyn Fn(&mut Integration)| {
        change(api.resources[0].methods["GET"].integration.as_mut().unwrap());
    };
    let kind = |api: &RestApi| match &compile(api).unwrap().stages["prod"].integrations[0] {
        RestIntegration::LambdaProxy { function, .. } => function.function.clone(),
        RestIntegration::Unsupported(reason) => format!("unsupported: {reason}"),
    };
    assert_eq!(kind(&api), "f");
    integration(&mut api, &|i| i.http_method = Some("GET".to_owned()));
    assert!(kind(&api).contains("it must be POST"));
    integration(&mut api, &|i| i.integration_type = IntegrationType::Mock);
    assert!(kind(&api).contains("MOCK"));
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
