//! The snapshot of an HTTP API: its routes, and every stage's own functions, variables and caches.

use std::collections::HashMap;
use std::time::Duration;

use indexmap::IndexMap;

use super::authorizer::authorizer_function;
use super::lambda_arn::{NoFunction, resolve, timeout};
use super::{
    AuthorizerPayload, CompileError, FunctionRef, IdentitySource, LambdaAuthorizer, RouteTree, parameter_names,
};
use crate::authorize::ResultCache;
use crate::model::{
    Api, ApiAuthorizer, ApiIntegration, ApiStage, CorsConfiguration, IntegrationType, ProtocolType, Route,
};

/// An HTTP API ready to serve.
#[derive(Debug)]
pub struct HttpSnapshot {
    pub(crate) api_id: String,
    /// Routes that share a path: indices into `routes`.
    pub(crate) tree: RouteTree<Vec<usize>>,
    pub(crate) routes: Vec<HttpRoute>,
    /// The `$default` route.
    pub(crate) default_route: Option<usize>,
    pub(crate) cors: Option<CorsConfiguration>,
    pub(crate) stages: HashMap<String, HttpStage>,
}

/// A route; what answers it differs by stage.
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
    /// Into the stage's `integrations`; `Err` is why there is none.
    pub(crate) integration: Result<usize, String>,
}

/// `AuthorizationType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpAuthorization {
    /// Open.
    None,
    /// A Lambda authorizer; into the stage's `authorizers`.
    Custom(usize),
    /// A JWT.
    Jwt,
    /// A signature.
    AwsIam,
}

/// A stage.
#[derive(Debug)]
pub(crate) struct HttpStage {
    pub(crate) name: String,
    pub(crate) variables: IndexMap<String, String>,
    pub(crate) integrations: Vec<HttpIntegration>,
    pub(crate) authorizers: Vec<LambdaAuthorizer>,
}

/// What answers a route on one stage.
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

/// Compiles an HTTP API with all of its stages.
///
/// # Errors
/// What API Gateway would refuse too: ambiguous or malformed routes, authorizers and integrations that do not exist,
/// unusable URIs, and an API that is no HTTP API.
pub fn compile(api: &Api) -> Result<HttpSnapshot, CompileError> {
    let label = api.logical_id.as_deref().unwrap_or(&api.api_id);
    let error = |place: String, reason: String| CompileError::new(label, place, reason);
    if api.protocol_type != ProtocolType::Http {
        return Err(error("API".to_owned(), "it is not an HTTP API".to_owned()));
    }
    cors(api.cors_configuration.as_ref()).map_err(|reason| error("CorsConfiguration".to_owned(), reason))?;

    let lambda_authorizers: Vec<_> = api.authorizers.values().filter(|a| a.authorizer_type == "REQUEST").collect();
    let (mut tree, mut routes, mut default_route) = (RouteTree::<Vec<usize>>::default(), Vec::new(), None);
    for declared in api.routes.values() {
        let error = |reason| error(format!("route {}", declared.route_key), reason);
        let compiled = route(api, declared, &lambda_authorizers).map_err(error)?;
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

    let mut stages = HashMap::with_capacity(api.stages.len());
    for stage in api.stages.values() {
        let integrations = api.integrations.values().map(|declared| {
            integration(declared, stage).map_err(|r| error(format!("integration {}", declared.integration_id), r))
        });
        let authorizers = lambda_authorizers
            .iter()
            .map(|declared| authorizer(declared, stage).map_err(|r| error(format!("authorizer {}", declared.name), r)));
        let compiled = HttpStage {
            name: stage.stage_name.clone(),
            variables: stage.stage_variables.clone(),
            integrations: integrations.collect::<Result<_, _>>()?,
            authorizers: authorizers.collect::<Result<_, _>>()?,
        };
        stages.insert(stage.stage_name.clone(), compiled);
    }
    let cors = api.cors_configuration.clone();
    Ok(HttpSnapshot { api_id: api.api_id.clone(), tree, routes, default_route, cors, stages })
}

fn route(api: &Api, declared: &Route, lambda_authorizers: &[&ApiAuthorizer]) -> Result<HttpRoute, String> {
    let key = declared.route_key.as_str();
    let (method, path) = match key.split_once(' ') {
        None if key == "$default" => (None, key),
        Some((method, path)) if !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase()) => {
            ((method != "ANY").then(|| method.to_owned()), path.trim())
        }
        _ => return Err("a route key is `{METHOD} /{path}` or `$default`".to_owned()),
    };
    let authorization = match declared.authorization_type.as_str() {
        "NONE" | "" => HttpAuthorization::None,
        "AWS_IAM" => HttpAuthorization::AwsIam,
        kind @ ("CUSTOM" | "JWT") => {
            let id = declared.authorizer_id.as_deref().ok_or_else(|| format!("{kind} needs an AuthorizerId"))?;
            let found = api.authorizers.get(id).ok_or_else(|| format!("there is no authorizer {id}"))?;
            let position = lambda_authorizers.iter().position(|authorizer| std::ptr::eq(*authorizer, found));
            match (kind, position, found.authorizer_type.as_str()) {
                ("CUSTOM", Some(position), _) => HttpAuthorization::Custom(position),
                ("JWT", None, "JWT") => HttpAuthorization::Jwt,
                _ => return Err(format!("authorizer {} does not fit the AuthorizationType {kind}", found.name)),
            }
        }
        other => return Err(format!("AuthorizationType {other} is none of NONE, CUSTOM, JWT, AWS_IAM")),
    };
    let integration = match &declared.integration_id {
        None => Err("the route has no Target".to_owned()),
        Some(id) => Ok(api.integrations.get_index_of(id).ok_or_else(|| format!("there is no integration {id}"))?),
    };
    Ok(HttpRoute {
        route_key: declared.route_key.clone(),
        method,
        path: path.to_owned(),
        parameters: parameter_names(path),
        authorization,
        integration,
    })
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
        Err(NoFunction::Unsupported(reason)) => Ok(HttpIntegration::Unsupported(reason)),
        Err(NoFunction::Invalid(reason)) => Err(format!("IntegrationUri {reason}")),
    }
}

fn authorizer(declared: &ApiAuthorizer, stage: &ApiStage) -> Result<LambdaAuthorizer, String> {
    let simple = declared.enable_simple_responses;
    let payload = match declared.authorizer_payload_format_version.as_deref() {
        Some("1.0") if simple => {
            return Err("EnableSimpleResponses needs AuthorizerPayloadFormatVersion 2.0".to_owned());
        }
        Some("1.0") => AuthorizerPayload::HttpV1,
        Some("2.0") => AuthorizerPayload::HttpV2 { simple },
        _ => return Err("AuthorizerPayloadFormatVersion must be 1.0 or 2.0".to_owned()),
    };
    let identity_sources = declared
        .identity_source
        .iter()
        .map(|source| IdentitySource::parse_http(source))
        .collect::<Result<Vec<_>, _>>()?;
    let ttl = if identity_sources.is_empty() { 0 } else { declared.authorizer_result_ttl_in_seconds };
    Ok(LambdaAuthorizer {
        name: declared.name.clone(),
        function: authorizer_function(declared.authorizer_uri.as_deref(), &stage.stage_variables)?,
        identity_sources,
        validation: None,
        payload,
        cache: ResultCache::new(ttl),
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
        compile(api).unwrap_err().to_string()
    }

    #[test]
    fn routes_that_match_the_same_requests_are_refused() {
        assert_eq!(
            refused(&api(&["GET /a/{x}", "GET /a/{y}"])),
            "api: route GET /a/{y}: it matches the same requests as route GET /a/{x}"
        );
        assert!(compile(&api(&["GET /a/{x}", "POST /a/{y}", "ANY /a/{z}", "GET /a/{p+}", "$default"])).is_ok());
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
            compile(&api).map(|_| ()).map_err(|e| e.to_string())
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
}
