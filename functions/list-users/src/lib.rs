//! `GET /users?limit=&nextToken=`: a page of users.
//!
//! 200 `{"users": […], "nextToken": "…"}`; 400 names the parameter that is wrong; 403 for all but admins: the list has
//! everybody's e-mail address.

use std::sync::Arc;

use ferrogate_shared::{Request, api, bootstrap::HttpFuture, config::Setup, request, store::ListUsers};

const LIST: &str = "users";

/// What the function may do: list users.
pub struct Deps {
    /// Lists users.
    pub users: Arc<dyn ListUsers>,
}

/// The dependencies, from the environment (`USERS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { users: Arc::new(setup.users()) }
}

/// Answers one request.
pub fn handle(request: Request, deps: &'static Deps) -> HttpFuture {
    Box::pin(async move {
        request::caller(&request)?.must_be_admin()?;
        let wanted = request::page_request(&request, LIST)?;
        let page = deps.users.list_users(wanted.limit, wanted.after.as_deref()).await?;
        Ok(api::page(LIST, &page, api::users::user))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::http("list-users", |world| Deps { users: world.store.clone() }, handle);
    }

    #[test]
    fn following_the_tokens_gives_every_user_once() {
        ferrogate_fixtures::pages("list-users", "users", "userId", |world| Deps { users: world.store.clone() }, handle);
    }
}
