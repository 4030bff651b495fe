//! `GET /me`: who is signed in.
//!
//! 200 `{userId, username?, role, scopes, profile}`. All but `profile` is what the verified token says; `profile` is the
//! user's own record among the users, or null if an admin has made none yet. Nothing in the request itself is looked at.

use std::sync::Arc;

use ferrogate_shared::{
    Request,
    api::users,
    bootstrap::HttpFuture,
    config::Setup,
    request::{Caller, caller},
    response,
    store::GetUser,
};
use serde_json::{Value, json};

/// What the function may do: read one user.
pub struct Deps {
    /// Reads a user.
    pub users: Arc<dyn GetUser>,
}

/// The dependencies, from the environment (`USERS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { users: Arc::new(setup.users()) }
}

/// Answers one request.
pub fn handle(request: Request, deps: &'static Deps) -> HttpFuture {
    Box::pin(async move {
        let Caller { user_id, username, role, scopes } = caller(&request)?;
        let profile = deps.users.get_user(&user_id).await?;
        let mut body = json!({ "userId": user_id.as_str() });
        if let Some(username) = username {
            body["username"] = username.into();
        }
        body["role"] = role.name().into();
        body["scopes"] = scopes.into();
        body["profile"] = profile.as_ref().map_or(Value::Null, users::user);
        Ok(response::json(200, &body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::http("get-me", |world| Deps { users: world.store.clone() }, handle);
    }
}
