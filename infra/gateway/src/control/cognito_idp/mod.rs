//! Cognito's user pools: an identity provider on this machine, good enough for the clients that applications use.
//!
//! Pools, app clients, users and groups; sign-up with codes, sign-in with passwords or SRP, tokens signed with a key of each
//! pool, refresh and revocation. Nothing is sent to anybody: codes stand in the [`outbox`], shown at
//! `GET /_ferrogate/cognito`, and in the log. The operations of users are unsigned, as on AWS, and name their pool by an app
//! client or a token; it is looked up in every account and region.
//! <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/>

mod admin_users;
mod attempts;
mod attributes;
mod auth;
mod challenges;
mod clients;
mod codes;
mod declare;
mod declare_users;
mod documents;
mod filter;
mod groups;
mod issuers;
mod keys;
mod me;
mod outbox;
mod passwords;
mod pools;
mod random;
mod recovery;
mod resource_servers;
mod sessions;
mod settings;
mod sign_up;
mod srp;
mod state;
mod tags;
#[cfg(test)]
mod tests;
mod tokens;
mod triggers;
mod user;
mod users;

use std::sync::Arc;

pub(crate) use self::state::State;

use super::call::{ApiError, Call, Entry};
use super::service_model;
use super::services::Service;
use super::world::{World, lock};

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "cognito-idp",
    model: &service_model::COGNITO_IDP,
    operations: OPERATIONS,
    validation_error: "InvalidParameterException",
    missing_token: "MissingAuthenticationTokenException",
    global: false,
};

/// What is here of it.
const OPERATIONS: &[&[Entry]] = &[
    pools::OPERATIONS,
    clients::OPERATIONS,
    sign_up::OPERATIONS,
    admin_users::OPERATIONS,
    users::OPERATIONS,
    auth::OPERATIONS,
    challenges::OPERATIONS,
    me::OPERATIONS,
    recovery::OPERATIONS,
    sessions::OPERATIONS,
    groups::OPERATIONS,
    resource_servers::OPERATIONS,
    tags::OPERATIONS,
];

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

fn not_authorized(message: impl Into<String>) -> ApiError {
    ApiError::new("NotAuthorizedException", message)
}

fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new("ResourceNotFoundException", message)
}

fn no_user() -> ApiError {
    ApiError::new("UserNotFoundException", "User does not exist.")
}

fn limit_exceeded(message: impl Into<String>) -> ApiError {
    ApiError::new("LimitExceededException", message)
}

/// The account and region of an app client: the caller's own, or, for an unsigned call, any.
fn world_of_client(call: &Call<'_>, client_id: &str) -> Result<Arc<World>, ApiError> {
    world_where(call, |state| state.has_client(client_id)).ok_or_else(|| state::no_client(client_id))
}

/// The account and region of which `fits` holds: the caller's own first, and for an unsigned call every other.
fn world_where(call: &Call<'_>, fits: impl Fn(&State) -> bool) -> Option<Arc<World>> {
    if fits(&lock(&call.world.cognito_idp)) {
        return Some(Arc::clone(call.world));
    }
    if super::Control::is_signed(call.request) {
        return None;
    }
    call.control.open_worlds().into_iter().find(|world| fits(&lock(&world.cognito_idp)))
}
