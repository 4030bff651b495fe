//! The snapshot of one stage of an HTTP API: the routes of its deployment, and its own functions, variables and caches.

use std::time::Duration;

use indexmap::IndexMap;

use super::authorizer::authorizer_function;
use super::lambda_arn::{resolve, timeout};
use super::{
    AuthorizerPayload, CompileError, FunctionRef, IdentitySource, JwtAuthorizer, LambdaAuthorizer, RouteTree,
    SourceArn, Unusable, Warnings, parameter_names, route_limit,
};
use crate::authorize::ResultCache;
use crate::model::{
    Api, ApiAuthorizer, ApiIntegration, ApiStage, CorsConfiguration, IntegrationType, ProtocolType, Route,
};
use crate::telemetry::StageTelemetry;
use crate::throttle::Limit;

/// A stage of an HTTP API, ready to serve.
#[derive(Debug)]
pub struct HttpSnapshot {
    pub(crate) stage_name: String,
    pub(crate) variables: IndexMap<String, String>,
    /// Routes that share a path: indices into `routes`.
    pub(crate) tree: RouteTree<Vec<usize>>,
    pub(crate) routes: Vec<HttpRoute>,
    /// The `$default` route.
    pub(crate) default_route: Option<usize>,
    pub(crate) cors: Option<CorsConfiguration>,
    pub(crate) authorizers: Vec<LambdaAuthorizer>,
    /// JWT authorizers; one that lets nobody pass says why.
    pub(crate) jwt_authorizers: Vec<Result<JwtAuthorizer, String>>,
    pub(crate) telemetry: StageTelemetry,
    /// What is declared and not served, one line each. Such a route fails closed.
    pub(crate) warnings: Vec<String>,
}

/// A route.
#[derive(Debug)]
pub(crate) struct HttpRoute {
    /// `GET /users/{userId}`, or `$default`.
    pub(crate) route_key: String,
    /// `None` is `ANY`.
    pub(crate) method: Option<String>,
    /// `/users/{userId}`, or `$default`.
    pub(crate) path: String,
    /// The names of its path parameters, in order.
    pub(crate) parameters: Vec<String>,
    pub(crate) authorization: HttpAuthorization,
    /// `AuthorizationScopes`
    pub(crate) authorization_scopes: Vec<String>,
    /// What the stage's settings allow it.
    pub(crate) limit: Option<Limit>,
    pub(crate) integration: HttpIntegration,
    /// As whom its function is called.
    pub(crate) source: SourceArn,
}

/// `AuthorizationType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpAuthorization {
    /// Open.
    None,
    /// A Lambda authorizer; into the snapshot's `authorizers`.
    Custom(usize),
    /// A JWT authorizer; into the snapshot's `jwt_authorizers`.
    Jwt(usize),
    /// A signature.
    AwsIam,
}

/// What answers a route.
#[derive(Debug)]
pub(crate) enum HttpIntegration {
    /// `AWS_PROXY` to a function.
    LambdaProxy {
        /// The function.
        function: FunctionRef,
        /// `TimeoutInMillis`
        timeout: Duration,
        /// `PayloadFormatVersion`
        payload: PayloadFormat,
    },
    /// Nothing that is served here; the reason goes to the log of every request.
    Unsupported(String),
}

/// `PayloadFormatVersion`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadFormat {
    /// `1.0`
    V1,
    /// `2.0`
    V2,
}

/// Compiles one stage: `api` as it was when the stage's deployment was made, whatever stages it lists itself.
///
/// # Errors
/// What API Gateway would refuse too: ambiguous or malformed routes, authorizers and integrations that do not exist,
/// unusable URIs, and an API that is no HTTP API.
pub fn compile(api: &Api, stage: &ApiStage) -> Result<HttpSnapshot, CompileError> {
    let label = api.logical_id.as_deref().unwrap_or(&api.api_id);
    let error = |place: String, reason: String| CompileError::new(label, place, reason);
    if api.protocol_type != ProtocolType::Http {
        return Err(error("API".to_owned(), "it is not an HTTP API".to_owned()));
    }
    cors(api.cors_configuration.as_ref()).map_err(|reason| error("CorsConfiguration".to_owned(), reason))?;

    let mut warnings = Warnings::new("HTTP", label, &stage.stage_name);
    let declared: Vec<_> = api.authorizers.values().filter(|a| a.authorizer_type == "REQUEST").collect();
    let mut authorizers = Vec::with_capacity(declared.len());
    for declared in &declared {
        let place = format!("authorizer {}", declared.name);
        let compiled = authorizer(api, declared, stage).map_err(|reason| error(place.clone(), reason))?;
        if let Err(reason) = &compiled.function {
            warnings.add(&place, format_args!("{reason}; every request to its routes is answered with 500"));
        }
        authorizers.push(compiled);
    }
    let declared_jwt: Vec<_> = api.authorizers.values().filter(|a| a.authorizer_type == "JWT").collect();
    let mut jwt_authorizers = Vec::with_capacity(declared_jwt.len());
    for declared in &declared_jwt {
        let compiled = JwtAuthorizer::new(declared);
        if let Err(reason) = &compiled {
            let place = format!("authorizer {}", declared.name);
            warnings.add(&place, format_args!("{reason}; every request to its routes is refused with 401"));
        }
        jwt_authorizers.push(compiled);
    }

    let (mut tree, mut routes, mut default_route) = (RouteTree::<Vec<usize>>::default(), Vec::new(), None);
    for route in api.routes.values() {
        let place = format!("route {}", route.route_key);
        let error = |reason| error(place.clone(), reason);
        let compiled = compile_route(api, stage, route, [&declared, &declared_jwt]).map_err(error)?;
        warn(&mut warnings, &place, &compiled);
        let index = routes.len();
        if compiled.path == "$default" {
            if default_route.replace(index).is_some() {
                return Err(error("the route is declared twice".to_owned()));
            }
        } else {
            let same_path = tree.at(&compiled.path).map_err(error)?.get_or_insert_default();
            let twin =
                same_path.iter().filter_map(|i| routes.get(*i)).find(|r: &&HttpRoute| r.method == compiled.method);
            if let Some(twin) = twin {
                return Err(error(format!("it matches the same requests as route {}", twin.route_key)));
            }
            same_path.push(index);
        }
        routes.push(compiled);
    }
    let (telemetry, unlogged) = StageTelemetry::v2(api, stage);
    if let Some(reason) = unlogged {
        warnings.add("AccessLogSettings", reason);
    }
    Ok(HttpSnapshot {
        telemetry,
        stage_name: stage.stage_name.clone(),
        variables: stage.stage_variables.clone(),
        tree,
        routes,
        default_route,
        cors: api.cors_configuration.clone(),
        authorizers,
        jwt_authorizers,
        warnings: warnings.lines,
    })
}

fn compile_route(
    api: &Api,
    stage: &ApiStage,
    declared: &Route,
    authorizers: [&[&ApiAuthorizer]; 2],
) -> Result<HttpRoute, String> {
    let key = declared.route_key.as_str();
    let (method, path) = match key.split_once(' ') {
        None if key == "$default" => (None, key),
        Some((method, path)) if !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase()) => {
            ((method != "ANY").then(|| method.to_owned()), path.trim())
        }
        _ => return Err("a route key is `{METHOD} /{path}` or `$default`".to_owned()),
    };
    let integration = match &declared.integration_id {
        None => HttpIntegration::Unsupported("the route has no Target".to_owned()),
        Some(id) => {
            let found = api.integrations.get(id).ok_or_else(|| format!("there is no integration {id}"))?;
            integration(found, stage).map_err(|reason| format!("integration {id}: {reason}"))?
        }
    };
    // As the console and SAM name it in the permissions that they write.
    let source = match (&method, path) {
        (None, "$default") => format!("{}/{}/$default", api.api_id, stage.stage_name),
        (method, path) => {
            format!("{}/{}/{}{path}", api.api_id, stage.stage_name, method.as_deref().unwrap_or("*"))
        }
    };
    Ok(HttpRoute {
        route_key: declared.route_key.clone(),
        parameters: parameter_names(path),
        path: path.to_owned(),
        limit: route_limit(&api.api_id, stage, key),
        authorization: authorization(api, declared, authorizers)?,
        authorization_scopes: declared.authorization_scopes.clone(),
        integration,
        source: SourceArn::new(source),
        method,
    })
}

/// `authorizers` are those that call functions, and those that verify JWTs.
fn authorization(
    api: &Api,
    declared: &Route,
    authorizers: [&[&ApiAuthorizer]; 2],
) -> Result<HttpAuthorization, String> {
    match declared.authorization_type.as_str() {
        "NONE" | "" => Ok(HttpAuthorization::None),
        "AWS_IAM" => Ok(HttpAuthorization::AwsIam),
        kind @ ("CUSTOM" | "JWT") => {
            let id = declared.authorizer_id.as_deref().ok_or_else(|| format!("{kind} needs an AuthorizerId"))?;
            let found = api.authorizers.get(id).ok_or_else(|| format!("there is no authorizer {id}"))?;
            let position = |list: &[&_]| list.iter().position(|authorizer| std::ptr::eq(*authorizer, found));
            match (kind, authorizers.map(position)) {
                ("CUSTOM", [Some(position), _]) => Ok(HttpAuthorization::Custom(position)),
                ("JWT", [_, Some(position)]) => Ok(HttpAuthorization::Jwt(position)),
                _ => Err(format!("authorizer {} does not fit the AuthorizationType {kind}", found.name)),
            }
        }
        other => Err(format!("AuthorizationType {other} is none of NONE, CUSTOM, JWT, AWS_IAM")),
    }
}

/// Names what a request to this route will find closed.
fn warn(warnings: &mut Warnings, place: &str, route: &HttpRoute) {
    if let HttpIntegration::Unsupported(reason) = &route.integration {
        warnings.add(place, format_args!("not supported: {reason}; every request is answered with 500"));
    }
}

fn integration(declared: &ApiIntegration, stage: &ApiStage) -> Result<HttpIntegration, String> {
    if declared.integration_type != IntegrationType::AwsProxy {
        return Ok(HttpIntegration::Unsupported(format!(
            "integrations of type {}",
            declared.integration_type.as_str()
        )));
    }
    let Some(uri) = declared.integration_uri.as_deref() else {
        return Ok(HttpIntegration::Unsupported("an integration without IntegrationUri (an AWS service)".to_owned()));
    };
    let payload = match declared.payload_format_version.as_str() {
        "1.0" => PayloadFormat::V1,
        "2.0" => PayloadFormat::V2,
        other => return Err(format!("PayloadFormatVersion {other:?} is neither 1.0 nor 2.0")),
    };
    let timeout = timeout("TimeoutInMillis", declared.timeout_in_millis)?;
    match resolve(uri, &stage.stage_variables) {
        Ok(function) => Ok(HttpIntegration::LambdaProxy { function, timeout, payload }),
        Err(Unusable::Unsupported(reason)) => Ok(HttpIntegration::Unsupported(reason)),
        Err(Unusable::Invalid(reason)) => Err(format!("IntegrationUri {reason}")),
    }
}

/// An authorizer; a closed one, if AWS would take it and it cannot be asked here.
fn authorizer(api: &Api, declared: &ApiAuthorizer, stage: &ApiStage) -> Result<LambdaAuthorizer, String> {
    let simple = declared.enable_simple_responses;
    let payload = match declared.authorizer_payload_format_version.as_deref() {
        Some("1.0") if simple => {
            return Err("EnableSimpleResponses needs AuthorizerPayloadFormatVersion 2.0".to_owned());
        }
        Some("1.0") => AuthorizerPayload::HttpV1,
        Some("2.0") => AuthorizerPayload::HttpV2 { simple },
        _ => return Err("AuthorizerPayloadFormatVersion must be 1.0 or 2.0".to_owned()),
    };
    let source = || SourceArn::new(format!("{}/authorizers/{}", api.api_id, declared.authorizer_id));
    match open_authorizer(declared, stage, payload, source()) {
        Ok(open) => Ok(open),
        Err(Unusable::Unsupported(reason)) => Ok(LambdaAuthorizer::closed(&declared.name, payload, source(), reason)),
        Err(Unusable::Invalid(reason)) => Err(reason),
    }
}

fn open_authorizer(
    declared: &ApiAuthorizer,
    stage: &ApiStage,
    payload: AuthorizerPayload,
    source: SourceArn,
) -> Result<LambdaAuthorizer, Unusable> {
    let sources = declared.identity_source.iter();
    let identity_sources = sources.map(|source| IdentitySource::parse_http(source)).collect::<Result<Vec<_>, _>>()?;
    let ttl = if identity_sources.is_empty() { 0 } else { declared.authorizer_result_ttl_in_seconds };
    Ok(LambdaAuthorizer {
        name: declared.name.clone(),
        function: authorizer_function(declared.authorizer_uri.as_deref(), &stage.stage_variables)?,
        identity_sources,
        validation: None,
        payload,
        cache: ResultCache::new(ttl),
        source,
    })
}

fn cors(declared: Option<&CorsConfiguration>) -> Result<(), String> {
    let Some(cors) = declared else { return Ok(()) };
    if cors.allow_credentials && cors.allow_origins.iter().any(|origin| origin == "*") {
        return Err("AllowCredentials cannot be combined with the origin `*`".to_owned());
    }
    let sent =
        cors.allow_origins.iter().chain(&cors.allow_methods).chain(&cors.allow_headers).chain(&cors.expose_headers);
    match sent.into_iter().find(|value| ::http::HeaderValue::from_str(value).is_err()) {
        Some(value) => Err(format!("{value:?} cannot be sent in a header")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::api;
    use crate::proxy::testing::lambda_uri;

    fn refused(api: &Api) -> String {
        compile(api, &api.stages[0]).unwrap_err().to_string()
    }

    #[test]
    fn routes_that_match_the_same_requests_are_refused() {
        assert_eq!(
            refused(&api(&["GET /a/{x}", "GET /a/{y}"])),
            "api: route GET /a/{y}: it matches the same requests as route GET /a/{x}"
        );
        let distinct = api(&["GET /a/{x}", "POST /a/{y}", "ANY /a/{z}", "GET /a/{p+}", "$default"]);
        assert!(compile(&distinct, &distinct.stages[0]).is_ok());
    }

    #[test]
    fn broken_routes_are_refused() {
        for key in ["", "sendMessage", "GET", "get /a", "GET a", "GET /{p+}/b", "$connect"] {
            assert!(refused(&api(&[key])).starts_with(&format!("api: route {key}: ")), "{key}");
        }
    }

    #[test]
    fn what_is_referred_to_must_exist() {
        let mut broken = api(&["GET /a"]);
        broken.routes[0].integration_id = Some("none".to_owned());
        assert!(refused(&broken).contains("there is no integration none"));
        let mut broken = api(&["GET /a"]);
        broken.routes[0].authorization_type = "CUSTOM".to_owned();
        assert!(refused(&broken).contains("AuthorizerId"));
        broken.routes[0].authorizer_id = Some("none".to_owned());
        assert!(refused(&broken).contains("there is no authorizer none"));
        let mut broken = api(&["GET /a"]);
        broken.integrations[0].payload_format_version = "3.0".to_owned();
        assert!(refused(&broken).contains("PayloadFormatVersion"));
        let mut broken = api(&["GET /a"]);
        broken.integrations[0].integration_uri = Some("nonsense".to_owned());
        assert!(refused(&broken).contains("IntegrationUri `nonsense`"));
    }

    #[test]
    fn authorizers_and_cors_are_checked() {
        let authorizer = |version: &str, simple: bool, source: &str| {
            let mut api = api(&["GET /a"]);
            let authorizer = ApiAuthorizer {
                name: "Edge".to_owned(),
                authorizer_type: "REQUEST".to_owned(),
                authorizer_uri: Some(lambda_uri("auth")),
                identity_source: vec![source.to_owned()],
                authorizer_payload_format_version: Some(version.to_owned()),
                enable_simple_responses: simple,
                ..ApiAuthorizer::default()
            };
            api.authorizers.insert("a1".to_owned(), authorizer);
            compile(&api, &api.stages[0]).map(|_| ()).map_err(|e| e.to_string())
        };
        assert_eq!(authorizer("2.0", true, "$request.header.Authorization"), Ok(()));
        assert!(
            authorizer("1.0", true, "$request.header.Authorization").unwrap_err().contains("EnableSimpleResponses")
        );
        assert!(authorizer("3", false, "$request.header.Authorization").unwrap_err().contains("must be 1.0 or 2.0"));
        assert!(authorizer("2.0", false, "Authorization").unwrap_err().starts_with("api: authorizer Edge: identity"));

        let mut api = api(&["GET /a"]);
        let any = CorsConfiguration { allow_origins: vec!["*".into()], allow_credentials: true, ..Default::default() };
        api.cors_configuration = Some(any);
        assert!(refused(&api).starts_with("api: CorsConfiguration: AllowCredentials"));
    }

    #[test]
    fn what_aws_accepts_compiles_and_is_named() {
        let mut declared = api(&["GET /ok", "GET /none", "GET /web", "GET /jwt", "GET /iam", "GET /asked"]);
        let set = |api: &mut Api, key: &str, change: &dyn Fn(&mut Route)| {
            change(api.routes.values_mut().find(|route| route.route_key == key).unwrap());
        };
        set(&mut declared, "GET /none", &|route| route.integration_id = None);
        set(&mut declared, "GET /web", &|route| route.integration_id = Some("web".to_owned()));
        set(&mut declared, "GET /iam", &|route| route.authorization_type = "AWS_IAM".to_owned());
        let authorized = |kind: &'static str, id: &'static str| {
            move |route: &mut Route| {
                (route.authorization_type, route.authorizer_id) = (kind.to_owned(), Some(id.to_owned()));
            }
        };
        set(&mut declared, "GET /jwt", &authorized("JWT", "jwt"));
        set(&mut declared, "GET /asked", &authorized("CUSTOM", "asked"));
        let mut web = declared.integrations[0].clone();
        (web.integration_type, web.payload_format_version) = (IntegrationType::HttpProxy, String::new());
        declared.integrations.insert("web".to_owned(), web);
        let name = "Tokens".to_owned();
        let jwt = ApiAuthorizer { name, authorizer_type: "JWT".to_owned(), ..ApiAuthorizer::default() };
        let asked = ApiAuthorizer {
            name: "Asked".to_owned(),
            authorizer_type: "REQUEST".to_owned(),
            authorizer_uri: Some(lambda_uri("auth")),
            identity_source: vec!["$context.error.message".to_owned()],
            authorizer_payload_format_version: Some("2.0".to_owned()),
            ..ApiAuthorizer::default()
        };
        declared.authorizers.extend([("jwt".to_owned(), jwt), ("asked".to_owned(), asked)]);

        let snapshot = compile(&declared, &declared.stages["dev"]).unwrap();
        assert_eq!(
            snapshot.warnings,
            [
                "HTTP API api stage dev authorizer Asked: identity source `$context.error.message` is not read yet; every \
                 request to its routes is answered with 500",
                "HTTP API api stage dev authorizer Tokens: it has no JwtConfiguration; every request to its routes is refused \
                 with 401",
                "HTTP API api stage dev route GET /none: not supported: the route has no Target; every request is answered \
                 with 500",
                "HTTP API api stage dev route GET /web: not supported: integrations of type HTTP_PROXY; every request is \
                 answered with 500",
            ]
        );
        assert!(snapshot.authorizers[0].function.is_err(), "it lets nobody pass");
    }

    #[test]
    fn a_route_calls_under_its_own_arn() {
        let declared = api(&["GET /users/{id}", "ANY /x/{p+}", "$default"]);
        let snapshot = compile(&declared, &declared.stages["dev"]).unwrap();
        let arns: Vec<_> = snapshot.routes.iter().map(|route| route.source.within("r", "a")).collect();
        let expected = ["api/dev/GET/users/{id}", "api/dev/*/x/{p+}", "api/dev/$default"];
        assert_eq!(arns, expected.map(|arn| format!("arn:aws:execute-api:r:a:{arn}").into()));
    }
}
