//! The snapshot of one stage of a WebSocket API: parsed route selection, and routes by key with their integrations.
//!
//! Shared by every connection of the stage; a message parses nothing but itself.

mod selection;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use indexmap::IndexMap;

use super::authorizer::authorizer_function;
use super::lambda_arn::{MIN_TIMEOUT_MILLIS, resolve};
use super::{
    AuthorizerPayload, CompileError, FunctionRef, IdentitySource, LambdaAuthorizer, SourceArn, Unusable, Warnings,
    route_limit,
};
use crate::model::{Api, ApiIntegration, ApiStage, IntegrationType, ProtocolType, Route as DeclaredRoute};
use crate::telemetry::StageTelemetry;
use crate::throttle::Limit;

pub(crate) use selection::RouteSelection;

/// The longest an integration of a WebSocket API may take, and AWS's default.
const MAX_TIMEOUT_MILLIS: u32 = 29_000;

/// A stage of a WebSocket API, ready to serve.
#[derive(Debug)]
pub struct Snapshot {
    /// `StageName`
    pub(crate) stage_name: String,
    /// `StageVariables`
    pub(crate) variables: IndexMap<String, String>,
    /// How a message selects its route.
    pub(crate) selection: RouteSelection,
    /// Where a connect has its API key, if its route requires one.
    pub(crate) api_key_selection: ApiKeySelection,
    /// Routes by route key, with the stage's variables filled in.
    pub(crate) routes: HashMap<String, Route>,
    pub(crate) telemetry: StageTelemetry,
    /// What is declared and not served, one line each. Such a route fails closed.
    pub(crate) warnings: Vec<String>,
}

/// One route.
#[derive(Debug)]
pub(crate) struct Route {
    /// `$connect`, `$disconnect`, `$default` or a custom key.
    pub(crate) key: String,
    /// Who may connect; of meaning on `$connect` only.
    pub(crate) authorization: Authorization,
    /// `ApiKeyRequired`
    pub(crate) api_key_required: bool,
    /// What the stage's settings allow it.
    pub(crate) limit: Option<Limit>,
    /// What answers.
    pub(crate) target: Target,
    /// Whether the function's body goes back to the client.
    pub(crate) two_way: bool,
    /// As whom its function is called.
    pub(crate) source: SourceArn,
}

/// `ApiKeySelectionExpression`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiKeySelection {
    /// `$request.header.x-api-key`
    Header,
    /// `$context.authorizer.usageIdentifierKey`
    Authorizer,
    /// Anything else, which AWS would refuse.
    Unknown,
}

/// `AuthorizationType` of a route.
#[derive(Debug)]
pub(crate) enum Authorization {
    /// `NONE`
    None,
    /// `CUSTOM`: a function is asked.
    Custom(Box<LambdaAuthorizer>),
    /// `AWS_IAM`
    Iam,
    /// Anything else, which AWS would refuse for a WebSocket API.
    Unknown(String),
}

/// What answers a route.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The route has no integration: `$connect` accepts, a message fails.
    Nothing,
    /// A Lambda proxy integration.
    Lambda {
        /// Whom to call.
        function: FunctionRef,
        /// `TimeoutInMillis`
        timeout: Duration,
    },
    /// Declared, but not something this gateway can call; the text says why.
    Unsupported(String),
}

impl Snapshot {
    /// Compiles one stage: `api` as it was when the stage's deployment was made, whatever stages it lists itself.
    ///
    /// # Errors
    /// What API Gateway would refuse too: an expression that selects nothing, wrong and repeated route keys, and an API
    /// that is no WebSocket API.
    pub fn compile(api: &Api, stage: &ApiStage) -> Result<Snapshot, CompileError> {
        let label = api.logical_id.as_deref().unwrap_or(&api.api_id);
        if api.protocol_type != ProtocolType::WebSocket {
            return Err(CompileError::new(label, "API", "it is not a WebSocket API"));
        }
        let selection = RouteSelection::parse(&api.route_selection_expression).map_err(|reason| {
            let reason = format!("`{}`: {reason}", api.route_selection_expression);
            CompileError::new(label, "RouteSelectionExpression", reason)
        })?;
        check_route_keys(api)
            .map_err(|(route_key, reason)| CompileError::new(label, format!("route {route_key}"), reason))?;
        let mut warnings = Warnings::new("WebSocket", label, &stage.stage_name);
        let api_key_selection = match api.api_key_selection_expression.as_deref() {
            None | Some("$request.header.x-api-key" | "${request.header.x-api-key}") => ApiKeySelection::Header,
            Some("$context.authorizer.usageIdentifierKey" | "${context.authorizer.usageIdentifierKey}") => {
                ApiKeySelection::Authorizer
            }
            Some(_) => ApiKeySelection::Unknown,
        };
        let routes = api.routes.values().map(|route| {
            let compiled = compile_route(api, stage, route);
            warn(&mut warnings, &compiled, api_key_selection);
            (route.route_key.clone(), compiled)
        });
        let routes = routes.collect();
        let (telemetry, unlogged) = StageTelemetry::v2(api, stage);
        if let Some(reason) = unlogged {
            warnings.add("AccessLogSettings", reason);
        }
        Ok(Snapshot {
            telemetry,
            stage_name: stage.stage_name.clone(),
            variables: stage.stage_variables.clone(),
            selection,
            api_key_selection,
            routes,
            warnings: warnings.lines,
        })
    }
}

/// The error is the route's key and what is wrong with it.
fn check_route_keys(api: &Api) -> Result<(), (&str, &'static str)> {
    let mut seen = HashSet::new();
    for route in api.routes.values() {
        let key = route.route_key.as_str();
        if key.starts_with('$') && !matches!(key, "$connect" | "$disconnect" | "$default") {
            return Err((key, "its key starts with `$` but is none of $connect, $disconnect and $default; rename it"));
        }
        if !seen.insert(key) {
            return Err((key, "the route is declared twice"));
        }
    }
    Ok(())
}

fn compile_route(api: &Api, stage: &ApiStage, route: &DeclaredRoute) -> Route {
    let authorization = match &*route.authorization_type {
        "" | "NONE" => Authorization::None,
        "CUSTOM" => Authorization::Custom(Box::new(authorizer(api, stage, route))),
        "AWS_IAM" => Authorization::Iam,
        other => Authorization::Unknown(other.to_owned()),
    };
    let target = match &route.integration_id {
        None => Target::Nothing,
        Some(id) => match api.integrations.get(id) {
            None => Target::Unsupported(format!("its integration {id} does not exist")),
            Some(integration) => compile_target(integration, &stage.stage_variables),
        },
    };
    Route {
        key: route.route_key.clone(),
        authorization,
        api_key_required: route.api_key_required,
        limit: route_limit(&api.api_id, stage, &route.route_key),
        target,
        two_way: route.route_response,
        source: SourceArn::new(format!("{}/{}/{}", api.api_id, stage.stage_name, route.route_key)),
    }
}

/// The authorizer of a route; a closed one, if it cannot be asked.
fn authorizer(api: &Api, stage: &ApiStage, route: &DeclaredRoute) -> LambdaAuthorizer {
    let id = route.authorizer_id.as_deref().unwrap_or_default();
    let source = || SourceArn::new(format!("{}/authorizers/{id}", api.api_id));
    let closed =
        |name: &str, reason: String| LambdaAuthorizer::closed(name, AuthorizerPayload::WebSocket, source(), reason);
    let Some(declared) = api.authorizers.get(id) else {
        return closed(id, format!("there is no authorizer {id:?}"));
    };
    if declared.authorizer_type != "REQUEST" {
        let reason = format!("authorizers of type {} are none of WebSocket APIs", declared.authorizer_type);
        return closed(&declared.name, reason);
    }
    let sources = declared.identity_source.iter().map(|source| IdentitySource::parse_web_socket(source));
    let opened = sources.collect::<Result<Vec<_>, _>>().and_then(|identity_sources| {
        let function = authorizer_function(declared.authorizer_uri.as_deref(), &stage.stage_variables)?;
        Ok((identity_sources, function))
    });
    match opened {
        Err(Unusable::Invalid(reason) | Unusable::Unsupported(reason)) => closed(&declared.name, reason),
        Ok((identity_sources, function)) => LambdaAuthorizer {
            name: declared.name.clone(),
            function,
            identity_sources,
            validation: None,
            payload: AuthorizerPayload::WebSocket,
            // A connection asks once, and AWS caches nothing for the next one.
            cache: None,
            source: source(),
        },
    }
}

fn compile_target(integration: &ApiIntegration, variables: &IndexMap<String, String>) -> Target {
    if integration.integration_type != IntegrationType::AwsProxy {
        return Target::Unsupported(format!(
            "integrations of type {} are not supported, only AWS_PROXY with a Lambda function",
            integration.integration_type.as_str()
        ));
    }
    let Some(uri) = &integration.integration_uri else {
        return Target::Unsupported("its integration has no IntegrationUri".to_owned());
    };
    match resolve(uri, variables) {
        Ok(function) => {
            let millis = integration.timeout_in_millis.clamp(MIN_TIMEOUT_MILLIS, MAX_TIMEOUT_MILLIS);
            Target::Lambda { function, timeout: Duration::from_millis(u64::from(millis)) }
        }
        Err(Unusable::Invalid(reason) | Unusable::Unsupported(reason)) => {
            Target::Unsupported(format!("its IntegrationUri: {reason}"))
        }
    }
}

/// What a newcomer must know about this route before the first client finds out.
fn warn(warnings: &mut Warnings, route: &Route, api_key_selection: ApiKeySelection) {
    let place = format!("route {}", route.key);
    match &route.target {
        Target::Unsupported(reason) => warnings.add(&place, reason),
        Target::Nothing if route.key != "$connect" && route.key != "$disconnect" => {
            warnings.add(&place, "it has no integration; every message to it fails");
        }
        Target::Nothing | Target::Lambda { .. } => {}
    }
    if route.key != "$connect" {
        return;
    }
    match &route.authorization {
        Authorization::None | Authorization::Iam => {}
        Authorization::Custom(authorizer) => {
            if let Err(reason) = &authorizer.function {
                warnings
                    .add(&place, format_args!("authorizer {}: {reason}, every connect is refused", authorizer.name));
            }
        }
        Authorization::Unknown(kind) => {
            warnings.add(&place, format_args!("AuthorizationType {kind} is unknown, every connect is refused"));
        }
    }
    if route.api_key_required && api_key_selection == ApiKeySelection::Unknown {
        let known = "$request.header.x-api-key nor $context.authorizer.usageIdentifierKey";
        warnings.add(&place, format_args!("ApiKeySelectionExpression is neither {known}, every connect is refused"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ApiStage;

    fn api(expression: &str) -> Api {
        let function = "arn:aws:lambda:us-east-1:000000000000:function:${stageVariables.color}";
        let integration = |id: &str, kind, timeout_in_millis| ApiIntegration {
            integration_id: id.to_owned(),
            integration_type: kind,
            integration_uri: Some(function.to_owned()),
            payload_format_version: "1.0".to_owned(),
            timeout_in_millis,
            ..ApiIntegration::default()
        };
        let route = |key: &str, integration: Option<&str>| DeclaredRoute {
            route_id: key.to_owned(),
            route_key: key.to_owned(),
            integration_id: integration.map(str::to_owned),
            authorization_type: "NONE".to_owned(),
            ..DeclaredRoute::default()
        };
        let stage = |name: &str, variables: &[(&str, &str)]| ApiStage {
            stage_name: name.to_owned(),
            stage_variables: variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            auto_deploy: true,
            ..ApiStage::default()
        };
        Api {
            api_id: "chatapi".to_owned(),
            logical_id: None,
            name: "chat".to_owned(),
            protocol_type: ProtocolType::WebSocket,
            route_selection_expression: expression.to_owned(),
            cors_configuration: None,
            routes: [route("$connect", None), route("send", Some("lambda")), route("http", Some("http"))]
                .map(|r| (r.route_id.clone(), r))
                .into(),
            integrations: [
                integration("lambda", IntegrationType::AwsProxy, 60_000),
                integration("http", IntegrationType::HttpProxy, 10),
            ]
            .map(|i| (i.integration_id.clone(), i))
            .into(),
            authorizers: IndexMap::new(),
            stages: [stage("blue", &[("color", "blue")]), stage("bare", &[])].map(|s| (s.stage_name.clone(), s)).into(),
            ..Api::default()
        }
    }

    fn compiled(api: &Api, stage: &str) -> Snapshot {
        Snapshot::compile(api, &api.stages[stage]).unwrap()
    }

    #[test]
    fn stage_variables_choose_the_function_and_the_timeout_is_bounded() {
        let snapshot = compiled(&api("$request.body.action"), "blue");
        let Target::Lambda { function, timeout } = &snapshot.routes["send"].target else {
            panic!("{:?}", snapshot.routes["send"])
        };
        assert_eq!(function.function, "blue");
        assert_eq!(*timeout, Duration::from_secs(29));
        assert_eq!(snapshot.routes["$connect"].target, Target::Nothing);
        let source = snapshot.routes["$connect"].source.within("r", "a");
        assert_eq!(&*source, "arn:aws:execute-api:r:a:chatapi/blue/$connect");
    }

    #[test]
    fn what_cannot_be_called_is_reported_and_fails_closed() {
        let mut declared = api("$request.body.action");
        let nothing = DeclaredRoute { route_key: "nothing".to_owned(), ..DeclaredRoute::default() };
        declared.routes.insert("nothing".to_owned(), nothing);
        let snapshot = compiled(&declared, "bare");
        assert!(matches!(&snapshot.routes["send"].target, Target::Unsupported(r) if r.contains("color")));
        let [send, http, nothing] = snapshot.warnings.as_slice() else { panic!("{:?}", snapshot.warnings) };
        assert!(send.starts_with("WebSocket API chatapi stage bare route send: its IntegrationUri: "), "{send}");
        assert!(http.contains("route http") && http.contains("HTTP_PROXY"), "{http}");
        assert_eq!(
            nothing,
            "WebSocket API chatapi stage bare route nothing: it has no integration; every message to it fails"
        );
    }

    #[test]
    fn authorized_connects_are_reported() {
        let mut authorized = api("$request.body.action");
        authorized.routes["$connect"].authorization_type = "CUSTOM".to_owned();
        authorized.routes["$connect"].api_key_required = true;
        let snapshot = compiled(&authorized, "blue");
        assert_eq!(snapshot.warnings.iter().filter(|w| w.contains("every connect is refused")).count(), 1);
        authorized.api_key_selection_expression = Some("$request.querystring.key".to_owned());
        let snapshot = compiled(&authorized, "blue");
        assert_eq!(snapshot.warnings.iter().filter(|w| w.contains("every connect is refused")).count(), 2);
    }

    #[test]
    fn a_wrong_expression_or_key_is_named() {
        let error = |api: &Api| Snapshot::compile(api, &api.stages["blue"]).unwrap_err().to_string();
        let refused = error(&api("$request.header.action"));
        assert!(refused.starts_with("chatapi: RouteSelectionExpression: `$request.header.action`: "), "{refused}");

        let mut wrong = api("$request.body.action");
        wrong.routes["send"].route_key = "$send".to_owned();
        assert!(error(&wrong).starts_with("chatapi: route $send: its key starts with `$`"));
        wrong.routes["send"].route_key = "http".to_owned();
        assert_eq!(error(&wrong), "chatapi: route http: the route is declared twice");
        wrong.protocol_type = ProtocolType::Http;
        wrong.logical_id = Some("ChatApi".to_owned());
        assert_eq!(error(&wrong), "ChatApi: API: it is not a WebSocket API");
    }
}
