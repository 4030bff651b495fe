//! Who may connect: the authorization of `$connect`, which guards the whole API.

use http::StatusCode;

use crate::compile::websocket::{Authorization, Route};

/// Why a connect is refused: the client gets the status, the log the reason.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The handshake's status.
    pub(super) status: StatusCode,
    /// For the log.
    pub(super) reason: String,
}

/// Lets a connect pass or refuses it.
///
/// REST and HTTP authorizers are evaluated elsewhere; those of WebSocket APIs and IAM are not built yet. Until
/// they are, a route that asks for them refuses everybody: an API that its owner closed must not stand open here.
pub(super) fn authorize(route: &Route) -> Result<(), Refusal> {
    let refuse = |status, reason: String| Err(Refusal { status, reason });
    match &route.authorization {
        Authorization::None => {}
        Authorization::Custom { authorizer_id } => {
            let id = authorizer_id.as_deref().unwrap_or("(none)");
            let reason = format!("authorizers of WebSocket APIs are not supported yet (authorizer {id})");
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, reason);
        }
        Authorization::Iam => {
            return refuse(StatusCode::FORBIDDEN, "AWS_IAM authorization is not supported yet".to_owned());
        }
        Authorization::Unknown(kind) => {
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, format!("AuthorizationType {kind} is unknown"));
        }
    }
    Ok(())
}
