//! `GET /users/{userId}`: one user.
//!
//! 200 with the user and its `ETag`; 404 if there is none; 400 if no user could have that id; 403 unless it is the caller's
//! own or the caller is an admin, and then whether there is such a user or not.

use std::sync::Arc;

use ferrogate_shared::{
    Request, api::users, bootstrap::HttpFuture, config::Setup, domain::UserId, errors::AppError, request,
    store::GetUser,
};

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
        let id = request::path_id(&request, "userId", UserId::parse)?;
        request::caller(&request)?.must_be(&id)?;
        let user = deps.users.get_user(&id).await?.ok_or(AppError::NotFound("user"))?;
        Ok(users::response(200, &user))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::http("get-user", |world| Deps { users: world.store.clone() }, handle);
    }
}
