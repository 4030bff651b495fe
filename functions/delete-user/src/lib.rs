//! `DELETE /users/{userId}`: deletes a user and frees the e-mail address.
//!
//! 204; 403 unless it is the caller's own or the caller is an admin; 404; 412 if `If-Match` is given and names another
//! version.

use std::sync::Arc;

use ferrogate_shared::{
    Request,
    bootstrap::HttpFuture,
    config::Setup,
    domain::UserId,
    errors::AppError,
    request, response,
    store::{DeleteUser, GetUser, StoreError},
};

/// How often a client without `If-Match`, who means "whatever is there", is helped past a faster writer.
const ATTEMPTS: usize = 5;

/// What the function may do: read and delete one user. The user is read for its e-mail address.
pub struct Deps {
    /// Reads a user.
    pub users: Arc<dyn GetUser>,
    /// Deletes a user.
    pub writes: Arc<dyn DeleteUser>,
}

/// The dependencies, from the environment (`USERS_TABLE`, `USER_EMAILS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { users: Arc::new(setup.users()), writes: Arc::new(setup.user_writes()) }
}

/// Answers one request.
pub fn handle(request: Request, deps: &'static Deps) -> HttpFuture {
    Box::pin(async move {
        let id = request::path_id(&request, "userId", UserId::parse)?;
        request::caller(&request)?.must_be(&id)?;
        let wanted = request::if_match(&request)?;
        for _ in 0..ATTEMPTS {
            let current = deps.users.get_user(&id).await?.ok_or(AppError::NotFound("user"))?;
            if !wanted.accepts(current.version) {
                return Err(AppError::PreconditionFailed);
            }
            match deps.writes.delete_user(&current).await {
                Ok(()) => return Ok(response::empty(204)),
                Err(StoreError::Changed) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Contended)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::http(
            "delete-user",
            |world| Deps { users: world.store.clone(), writes: world.store.clone() },
            handle,
        );
    }
}
