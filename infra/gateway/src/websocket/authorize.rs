//! Who may connect: the authorization of `$connect`, which guards the whole API.

use std::time::Duration;

use http::StatusCode;

use super::event::{self, About};
use crate::authorize::{
    Action, ConditionKeys, ContextFacts, Decision, IamCaller, RequestFacts, authorize_iam, identity_values,
};
use crate::compile::LambdaAuthorizer;
use crate::compile::websocket::{Authorization, Route};
use crate::gateway::Gateway;
use crate::proxy::{Authorized, AuthorizerFailure, CallError, QueryPairs, ask};
use crate::server::ClientRequest;
use crate::telemetry::ExecutionLog;

/// Why a connect is refused: the client gets the status, the log the reason.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The handshake's status.
    pub(super) status: StatusCode,
    /// For the log.
    pub(super) reason: String,
}

/// A connect that waits for its answer.
#[derive(Clone, Copy)]
pub(super) struct Connect<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) about: About<'a>,
    pub(super) request: &'a ClientRequest,
    pub(super) request_id: &'a str,
    pub(super) trace: &'a str,
}

/// How long an authorizer of a WebSocket API may take: as long as an integration.
const AUTHORIZER_TIMEOUT: Duration = Duration::from_secs(29);

/// Lets a connect pass or refuses it; with who has signed it, if the route asks for that. `answered` gets the authorizer's
/// answer, whatever it says.
pub(super) async fn authorize(
    connect: Connect<'_>,
    route: &Route,
    answered: &mut Option<Authorized>,
) -> Result<Option<IamCaller>, Refusal> {
    let mut iam = None;
    let refuse = |status, reason: String| Err(Refusal { status, reason });
    match &route.authorization {
        Authorization::None => {}
        Authorization::Custom(authorizer) => ask_lambda(connect, route, authorizer, answered).await?,
        Authorization::Iam => {
            let Connect { gateway, about, request, .. } = connect;
            let arn = gateway.method_arn(about.api_id, &about.stage.stage_name, "$connect");
            let caller = authorize_iam(gateway, request, Action::Invoke, &arn);
            iam = Some(caller.map_err(|refusal| Refusal { status: StatusCode::FORBIDDEN, reason: refusal.reason() })?);
        }
        Authorization::Unknown(kind) => {
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, format!("AuthorizationType {kind} is unknown"));
        }
    }
    Ok(iam)
}

async fn ask_lambda(
    connect: Connect<'_>,
    route: &Route,
    authorizer: &LambdaAuthorizer,
    answered: &mut Option<Authorized>,
) -> Result<(), Refusal> {
    let Connect { gateway, about, request, request_id, trace } = connect;
    let refuse = |status, reason: String| Err(Refusal { status, reason });
    let (query, domain_name) = (QueryPairs::parse(&request.raw_query, &['&']), gateway.domain_name(about.api_id));
    let (source_ip, stage) = (about.source_ip.to_string(), &about.stage.stage_name);
    let facts = RequestFacts {
        headers: &request.headers,
        query: &query,
        stage_variables: &about.stage.variables,
        context: ContextFacts {
            account_id: &gateway.account_id,
            api_id: about.api_id,
            connection_id: about.connection_id,
            domain_name: &domain_name,
            route_key: &route.key,
            source_ip: &source_ip,
            stage,
            ..ContextFacts::default()
        },
    };
    // One that cannot be asked is the API's fault, whatever the caller has sent.
    if let Err(reason) = &authorizer.function {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, format!("authorizer {}: {reason}", authorizer.name));
    }
    let Some(identity) = identity_values(&authorizer.identity_sources, &facts) else {
        return refuse(StatusCode::UNAUTHORIZED, "an identity source is missing or empty".to_owned());
    };
    let arn = gateway.method_arn(about.api_id, stage, &route.key);
    let event = || event::authorizer(gateway, about, request, request_id, &arn, trace);
    let authorized =
        match ask(gateway, authorizer, &identity, event, trace, AUTHORIZER_TIMEOUT, &mut ExecutionLog::default()).await
        {
            Ok(authorized) => authorized,
            Err(AuthorizerFailure::Call(CallError::Function { message, .. })) if message == "Unauthorized" => {
                return refuse(StatusCode::UNAUTHORIZED, "the authorizer answered Unauthorized".to_owned());
            }
            Err(failure) => {
                let reason = format!("authorizer {} failed: {failure}", authorizer.name);
                return refuse(StatusCode::INTERNAL_SERVER_ERROR, reason);
            }
        };
    let keys = ConditionKeys::of(request, &source_ip, &gateway.region, about.connected_at);
    let decision = authorized.grant.decide(&arn, &keys);
    *answered = Some(authorized);
    match decision {
        Decision::Allow => Ok(()),
        Decision::ExplicitDeny => refuse(StatusCode::FORBIDDEN, "the authorizer's policy denies it".to_owned()),
        Decision::ImplicitDeny => refuse(StatusCode::FORBIDDEN, "the authorizer's policy does not allow it".to_owned()),
    }
}
