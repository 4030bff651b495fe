//! `POST /users`: a new user.
//!
//! 201 with the user, its `ETag` and its `Location`; 400 names every field that is wrong; 403 for all but admins; 409 if
//! another user has the e-mail address, without a word about who, or the id.
//!
//! Only admins create users, and they are refused before the store is asked: nobody else can find out, by the status or by
//! the time it takes, whether an e-mail address is in use. (An admin may list the users anyway.) People sign themselves up
//! with the user pool, which answers alike for the known and the unknown; an admin gives such a user a record here by naming
//! the token's `sub` as `userId`.

use std::sync::Arc;

use ferrogate_shared::{
    Request,
    api::users,
    bootstrap::HttpFuture,
    clock::{Clock, SystemClock},
    config::Setup,
    domain::{User, UserId},
    errors::AppError,
    request, response,
    store::CreateUser,
};

/// What the function may do: create users.
pub struct Deps {
    /// Stores a user.
    pub users: Arc<dyn CreateUser>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// The dependencies, from the environment (`USERS_TABLE`, `USER_EMAILS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { users: Arc::new(setup.user_writes()), clock: Arc::new(SystemClock) }
}

/// Answers one request.
pub fn handle(request: Request, deps: &'static Deps) -> HttpFuture {
    Box::pin(async move {
        request::caller(&request)?.must_be_admin()?;
        let details = users::details(&request)?;
        let id = match users::wanted_id(&request)? {
            Some(id) => id,
            None => UserId::parse(&request::new_id()).map_err(|invalid| AppError::Internal(invalid.0))?,
        };
        let user = User::create(id, details, deps.clock.now());
        deps.users.create_user(&user).await?;
        let location = request::child_location(&request, user.user_id.as_str());
        Ok(response::with_header(users::response(201, &user), "location", &location))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ferrogate_fixtures::World;

    use super::*;

    fn deps_in(world: &World) -> Deps {
        Deps { users: world.store.clone(), clock: world.clock.clone() }
    }

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::http("create-user", deps_in, handle);
    }

    #[test]
    fn of_many_racing_for_one_address_exactly_one_wins() {
        let world = World::default();
        let body = r#"{"username":"ada","email":"Ada@Example.com"}"#;
        let statuses = ferrogate_fixtures::race(&world, 16, deps_in, handle, |_| {
            ferrogate_fixtures::request_of("root", "admin", body.into())
        });
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
        assert_eq!(statuses.into_iter().collect::<HashSet<_>>(), HashSet::from([201, 409]));
        assert_eq!(world.store.dump("UsersTable").len(), 1);
    }
}
