//! Who may connect: the authorization of `$connect`, which guards the whole API.

use http::StatusCode;

use crate::authorize::{Action, IamCaller, authorize_iam};
use crate::compile::websocket::{Authorization, Route};
use crate::gateway::Gateway;
use crate::server::ClientRequest;

/// Why a connect is refused: the client gets the status, the log the reason.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The handshake's status.
    pub(super) status: StatusCode,
    /// For the log.
    pub(super) reason: String,
}

/// Lets a connect pass or refuses it; with who has signed it, if the route asks for it.
///
/// REST and HTTP authorizers are evaluated elsewhere; those of WebSocket APIs are not built yet. Until
/// they are, a route that asks for them refuses everybody: an API that its owner closed must not stand open here.
pub(super) fn authorize(
    gateway: &Gateway,
    api_id: &str,
    stage: &str,
    route: &Route,
    request: &ClientRequest,
) -> Result<Option<IamCaller>, Refusal> {
    let mut iam = None;
    let refuse = |status, reason: String| Err(Refusal { status, reason });
    match &route.authorization {
        Authorization::None => {}
        Authorization::Custom { authorizer_id } => {
            let id = authorizer_id.as_deref().unwrap_or("(none)");
            let reason = format!("authorizers of WebSocket APIs are not supported yet (authorizer {id})");
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, reason);
        }
        Authorization::Iam => {
            let arn = gateway.method_arn(api_id, stage, "$connect");
            let caller = authorize_iam(gateway, request, Action::Invoke, &arn);
            iam = Some(caller.map_err(|refusal| Refusal { status: StatusCode::FORBIDDEN, reason: refusal.reason() })?);
        }
        Authorization::Unknown(kind) => {
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, format!("AuthorizationType {kind} is unknown"));
        }
    }
    Ok(iam)
}
