//! `PUT /users/{userId}`: replaces a user's details.
//!
//! 200 with the user and its new `ETag`; 400 names every field that is wrong; 403 unless it is the caller's own or the
//! caller is an admin; 404; 409 if another user has the e-mail address; 412 if `If-Match` is given and names another
//! version.
//!
//! A user who is no admin cannot change the e-mail address: 403, whatever the other address is, after the same one read.
//! A 409 would tell anybody with a token which addresses are in use, and the address has been verified by whoever signed
//! the user up.
//!
//! The write holds only if the user is still the one that was read, `If-Match` or not, so that no update is ever lost
//! between the read and the write.

use std::sync::Arc;

use ferrogate_shared::{
    Request,
    api::users,
    bootstrap::HttpFuture,
    clock::{Clock, SystemClock},
    config::Setup,
    domain::{Role, UserId},
    errors::AppError,
    request,
    store::{GetUser, ReplaceUser, StoreError},
};

/// How often a client without `If-Match`, who means "whatever is there", is helped past a faster writer.
const ATTEMPTS: usize = 5;

/// What the function may do: read and replace one user.
pub struct Deps {
    /// Reads a user.
    pub users: Arc<dyn GetUser>,
    /// Replaces a user.
    pub writes: Arc<dyn ReplaceUser>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// The dependencies, from the environment (`USERS_TABLE`, `USER_EMAILS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { users: Arc::new(setup.users()), writes: Arc::new(setup.user_writes()), clock: Arc::new(SystemClock) }
}

/// Answers one request.
pub fn handle(request: Request, deps: &'static Deps) -> HttpFuture {
    Box::pin(async move {
        let id = request::path_id(&request, "userId", UserId::parse)?;
        let caller = request::caller(&request)?;
        caller.must_be(&id)?;
        let wanted = request::if_match(&request)?;
        let details = users::details(&request)?;
        for _ in 0..ATTEMPTS {
            let current = deps.users.get_user(&id).await?.ok_or(AppError::NotFound("user"))?;
            // Read again after a lost race, so that a client with `If-Match` learns of the winner here.
            if !wanted.accepts(current.version) {
                return Err(AppError::PreconditionFailed);
            }
            if details.email.unique_key() != current.details.email.unique_key() && caller.role != Role::Admin {
                return Err(AppError::Forbidden("Only an admin may change an e-mail address."));
            }
            let next = current.with_details(details.clone(), deps.clock.now());
            match deps.writes.replace_user(&current, &next).await {
                Ok(()) => return Ok(users::response(200, &next)),
                Err(StoreError::Changed) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Contended)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use ferrogate_fixtures::World;
    use ferrogate_shared::{
        domain::User,
        store::{CreateUser, StoreFuture},
    };

    use super::*;

    fn deps_in(world: &World) -> Deps {
        Deps { users: world.store.clone(), writes: world.store.clone(), clock: world.clock.clone() }
    }

    fn put(if_match: Option<&str>, username: &str) -> Request {
        use ferrogate_fixtures::RequestExt;
        let body = format!(r#"{{"username":"{username}","email":"ada@example.com"}}"#);
        let mut request = ferrogate_fixtures::request_of("root", "admin", body.into())
            .with_path_parameters(HashMap::from([("userId".to_owned(), vec!["u-1".to_owned()])]));
        if let Some(tag) = if_match {
            request.headers_mut().insert("if-match", tag.parse().unwrap());
        }
        request
    }

    fn world() -> World {
        let world = World::default();
        let details = users::details(&put(None, "ada")).unwrap();
        let user = User::create(UserId::parse("u-1").unwrap(), details, world.clock.now());
        ferrogate_fixtures::block_on(world.store.create_user(&user)).unwrap();
        world
    }

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::http("update-user", deps_in, handle);
    }

    #[test]
    fn of_many_with_the_same_etag_exactly_one_wins() {
        let world = world();
        let statuses =
            ferrogate_fixtures::race(&world, 16, deps_in, handle, |i| put(Some("\"1\""), &format!("ada-{i}")));
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 15);
    }

    /// A store in which somebody else is always faster.
    struct Outrun;

    impl ReplaceUser for Outrun {
        fn replace_user<'a>(&'a self, _: &'a User, _: &'a User) -> StoreFuture<'a, ()> {
            Box::pin(async { Err(StoreError::Changed) })
        }
    }

    #[test]
    fn who_is_always_outrun_is_told_so() {
        let world = world();
        let slow = |world: &World| Deps { writes: Arc::new(Outrun), ..deps_in(world) };
        assert_eq!(ferrogate_fixtures::race(&world, 1, slow, handle, |_| put(None, "bob")), [409]);
    }
}
