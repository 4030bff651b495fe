//! `POST /tokens`, `GET /tokens`, `DELETE /tokens/{tokenId}`: the API tokens of the signed-in user, for programs of theirs.
//!
//! - POST `{name, expiresInDays?, role?}`: 201 with the token, which is shown this once and never again: only its hash is
//!   kept. 400 names every field that is wrong; 403 if somebody who is no admin wants the role `admin`; 409 beyond 50.
//! - GET: 200 `{"tokens": [{tokenId, name, role, createdAt, expiresAt, lastUsedAt}]}`, the expired ones left out.
//! - DELETE: 204; 404 if the user has no such token, and also if somebody else has.
//!
//! One function rather than three: they share a table, an index, and the rule that everybody has to do with their own alone.

use std::sync::Arc;

use ferrogate_shared::{
    Body, Request, Response,
    auth::{new_token, token_hash},
    bootstrap::HttpFuture,
    clock::{Clock, SystemClock},
    config::Setup,
    domain::{ApiToken, Invalid, Role, Timestamp, TokenHash, TokenName},
    errors::AppError,
    request::{self, Caller, Fields, json_object},
    response,
    store::{DeleteToken, ListTokens, PutToken},
};
use serde_json::{Value, json};

/// How many tokens a user may have.
const MAX_TOKENS: usize = 50;

/// How many are read to tell whether there is room, and to be listed. More than one may have, as those that have expired
/// stay in the table for a while.
const MAX_LISTED: usize = 4 * MAX_TOKENS;

/// How large a body may be.
const MAX_BODY_BYTES: usize = 4 * 1024;

/// For how long a token holds if nothing else is asked for.
const DEFAULT_DAYS: i64 = 90;

/// What the function may do: store, list and delete tokens.
pub struct Deps {
    /// Stores a token.
    pub put: Arc<dyn PutToken>,
    /// Lists a user's tokens.
    pub list: Arc<dyn ListTokens>,
    /// Deletes a token.
    pub delete: Arc<dyn DeleteToken>,
    /// Tells the time where the event does not.
    pub clock: Arc<dyn Clock>,
}

/// The dependencies, from the environment (`API_TOKENS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    let tokens = Arc::new(setup.tokens());
    Deps { put: tokens.clone(), list: tokens.clone(), delete: tokens, clock: Arc::new(SystemClock) }
}

/// Answers one request.
pub fn handle(request: Request, deps: &'static Deps) -> HttpFuture {
    Box::pin(async move {
        let caller = request::caller(&request)?;
        let now = request::requested_at(&request).unwrap_or_else(|| deps.clock.now());
        match request::optional_path_id(&request, "tokenId", TokenHash::parse) {
            Ok(Some(hash)) => revoke(&hash, &caller, deps).await,
            // What cannot be a token's id is no token's.
            Err(AppError::Validation(_)) => Err(AppError::NotFound("token")),
            Err(error) => Err(error),
            Ok(None) if request.method() == "POST" => create(&request, &caller, now, deps).await,
            Ok(None) => list(&caller, now, deps).await,
        }
    })
}

async fn create(request: &Request, caller: &Caller, now: Timestamp, deps: &Deps) -> Result<Response<Body>, AppError> {
    let Wanted { name, days, role } = wanted(request)?;
    if role == Role::Admin {
        caller.must_be_admin()?;
    }
    let own = valid(deps.list.list_tokens(&caller.user_id, MAX_LISTED).await?, now);
    // The index lags behind by a moment, and so may this by a token or two: the bound is there against thousands.
    if own.len() >= MAX_TOKENS {
        return Err(AppError::TooManyTokens(MAX_TOKENS));
    }
    let secret = new_token();
    let token = ApiToken {
        hash: token_hash(&secret),
        user_id: caller.user_id.clone(),
        role,
        name: Some(name),
        created_at: Some(now),
        last_used_at: None,
        expires_at: Timestamp::from_seconds(now.seconds() + days * 24 * 60 * 60),
    };
    deps.put.put_token(&token).await?;
    let mut body = json!({ "token": secret });
    if let (Value::Object(body), Value::Object(shown)) = (&mut body, shape(&token)) {
        body.extend(shown);
    }
    let location = request::child_location(request, token.hash.as_str());
    Ok(response::with_header(response::json(201, &body), "location", &location))
}

async fn list(caller: &Caller, now: Timestamp, deps: &Deps) -> Result<Response<Body>, AppError> {
    let mut own = valid(deps.list.list_tokens(&caller.user_id, MAX_LISTED).await?, now);
    own.sort_by_key(|token| (token.created_at, token.hash.clone()));
    let tokens: Vec<Value> = own.iter().map(shape).collect();
    Ok(response::json(200, &json!({ "tokens": tokens })))
}

async fn revoke(hash: &TokenHash, caller: &Caller, deps: &Deps) -> Result<Response<Body>, AppError> {
    if deps.delete.delete_token(hash, &caller.user_id).await? {
        Ok(response::empty(204))
    } else {
        Err(AppError::NotFound("token"))
    }
}

/// Time to live removes an expired token up to days late.
fn valid(tokens: Vec<ApiToken>, now: Timestamp) -> Vec<ApiToken> {
    tokens.into_iter().filter(|token| now < token.expires_at).collect()
}

struct Wanted {
    name: TokenName,
    days: i64,
    role: Role,
}

fn wanted(request: &Request) -> Result<Wanted, AppError> {
    let object = json_object(request, MAX_BODY_BYTES)?;
    let mut fields = Fields::new(&object);
    let name = fields.text("name", TokenName::parse);
    let days = fields.optional_integer("expiresInDays", days).unwrap_or(DEFAULT_DAYS);
    let role = fields.optional_text("role", role).unwrap_or(Role::User);
    match name {
        Some(name) if fields.is_valid() => Ok(Wanted { name, days, role }),
        _ => Err(fields.error()),
    }
}

fn days(days: i64) -> Result<i64, Invalid> {
    if (1..=365).contains(&days) { Ok(days) } else { Err(Invalid("must be from 1 to 365".into())) }
}

fn role(name: &str) -> Result<Role, Invalid> {
    match name {
        "user" => Ok(Role::User),
        "admin" => Ok(Role::Admin),
        _ => Err(Invalid("must be user or admin".into())),
    }
}

fn shape(token: &ApiToken) -> Value {
    json!({
        "tokenId": token.hash.as_str(),
        "name": token.name.as_ref().map(TokenName::as_str),
        "role": token.role.name(),
        "createdAt": token.created_at.map(Timestamp::iso),
        "expiresAt": token.expires_at.iso(),
        "lastUsedAt": token.last_used_at.map(Timestamp::iso),
    })
}

#[cfg(test)]
mod tests {
    use ferrogate_fixtures::{World, block_on};
    use ferrogate_shared::{domain::UserId, store::FindToken};

    use super::*;

    fn deps_in(world: &World) -> Deps {
        let store = &world.store;
        Deps { put: store.clone(), list: store.clone(), delete: store.clone(), clock: world.clock.clone() }
    }

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::http("manage-tokens", deps_in, handle);
    }

    #[test]
    fn what_is_shown_once_is_what_the_hash_stands_for() {
        let world = World::default();
        let caller =
            Caller { user_id: UserId::parse("u-1").unwrap(), username: None, role: Role::User, scopes: Vec::new() };
        let deps = deps_in(&world);
        let request = Request::new(r#"{"name":"ci"}"#.into());
        let created = block_on(create(&request, &caller, world.clock.0, &deps)).unwrap();
        let body: Value = serde_json::from_slice(created.body()).unwrap();
        let secret = body["token"].as_str().unwrap();
        let found = block_on(world.store.find_token(&token_hash(secret))).unwrap().unwrap();
        assert_eq!((found.user_id.as_str(), found.role), ("u-1", Role::User));
        assert_eq!(body["tokenId"], found.hash.as_str());
        // The table knows the hash alone.
        assert!(!format!("{:?}", world.store.dump("ApiTokensTable")).contains(secret));
    }

    #[test]
    fn a_user_has_fifty_tokens_at_most() {
        let world = World::default();
        let caller =
            Caller { user_id: UserId::parse("u-1").unwrap(), username: None, role: Role::User, scopes: Vec::new() };
        let deps = deps_in(&world);
        let make = || {
            let request = Request::new(r#"{"name":"ci"}"#.into());
            block_on(create(&request, &caller, world.clock.0, &deps))
        };
        for _ in 0..MAX_TOKENS {
            assert_eq!(make().unwrap().status(), 201);
        }
        assert!(matches!(make(), Err(AppError::TooManyTokens(50))));
    }
}
