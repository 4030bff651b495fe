//! Signing in.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op_async};
use super::super::world::{World, lock};
use super::challenges::{self, Asks, Challenge};
use super::sessions::Proof;
use super::settings::PasswordPolicy;
use super::tokens::SignIn;
use super::triggers::{self, About};
use super::user::Status;
use super::{clients, invalid, no_user, not_authorized, passwords, sessions, settings, srp, tokens, world_of_client};

const PARTLY: &str =
    "by password, SRP and refresh token; CUSTOM_AUTH and USER_AUTH are refused, and nothing asks for MFA";

pub(super) const OPERATIONS: &[Entry] = &[
    op_async("InitiateAuth", initiate).public().partly(PARTLY),
    op_async("AdminInitiateAuth", admin_initiate).partly(PARTLY),
    op_async("GetTokensFromRefreshToken", tokens_from_refresh_token).public().partly("refresh tokens do not rotate"),
];

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// Where somebody signs in, and who asks for it.
pub(super) struct Signing {
    pub(super) world: Arc<World>,
    /// Whether an application's server does, with its own credentials.
    pub(super) admin: bool,
}

impl Signing {
    /// A user does, of the client that the call names.
    pub(super) fn of_user(call: &Call<'_>) -> Result<Signing, ApiError> {
        Ok(Signing { world: world_of_client(call, call.text("ClientId"))?, admin: false })
    }

    /// A server does, for a client of its own pool's.
    pub(super) fn of_server(call: &Call<'_>) -> Result<Signing, ApiError> {
        lock(&call.world.cognito_idp).client_of(call.text("UserPoolId"), call.text("ClientId"))?;
        Ok(Signing { world: call.world.clone(), admin: true })
    }
}

/// What a wrong name and a wrong password get alike.
pub(super) fn incorrect() -> ApiError {
    not_authorized("Incorrect username or password.")
}

fn initiate<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move { begin(call, Signing::of_user(call)?).await }.boxed()
}

fn admin_initiate<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move { begin(call, Signing::of_server(call)?).await }.boxed()
}

fn parameter<'c>(call: &'c Call<'_>, name: &str) -> Option<&'c str> {
    call.member("AuthParameters").and_then(|parameters| parameters.get(name)).and_then(Value::as_str)
}

fn required<'c>(call: &'c Call<'_>, name: &str) -> Result<&'c str, ApiError> {
    parameter(call, name).ok_or_else(|| invalid(format!("Missing required parameter {name}")))
}

async fn begin(call: &Call<'_>, signing: Signing) -> Outcome {
    let client_id = call.text("ClientId");
    let flows = settings::flows(lock(&signing.world.cognito_idp).client(client_id)?.0);
    let flow = call.text("AuthFlow");
    match flow {
        "USER_PASSWORD_AUTH" if !flows.password => Err(invalid("USER_PASSWORD_AUTH flow not enabled for this client")),
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" if !signing.admin => {
            Err(invalid("Initiate Auth method not supported."))
        }
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" if !flows.admin_password => {
            Err(invalid("Auth flow not enabled for this client"))
        }
        "USER_PASSWORD_AUTH" | "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" => by_password(call, signing).await,
        "USER_SRP_AUTH" if !flows.srp => Err(invalid("USER_SRP_AUTH is not enabled for the client.")),
        "USER_SRP_AUTH" => by_srp(call, signing).await,
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" if !flows.refresh => {
            Err(invalid("Auth flow not enabled for this client"))
        }
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => {
            let (token, proof) = (required(call, "REFRESH_TOKEN")?, Proof::Hash(parameter(call, "SECRET_HASH")));
            let result = sessions::refresh(call, &signing.world, client_id, token, proof).await?;
            Output::of(json!({ "ChallengeParameters": {}, "AuthenticationResult": result }))
        }
        other => Err(invalid(format!(
            "Ferrogate has no {other}: it signs in by USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH, USER_SRP_AUTH and \
             REFRESH_TOKEN_AUTH"
        ))),
    }
}

/// A user that signs in, if there is one.
struct Found {
    key: Option<String>,
    /// What failures are counted under.
    counted: String,
    pool: String,
}

fn find(call: &Call<'_>, signing: &Signing, username: &str, secret_hash: Option<&str>) -> Result<Found, ApiError> {
    let state = lock(&signing.world.cognito_idp);
    let (client, pool) = state.client(call.text("ClientId"))?;
    clients::check_secret(client, username, secret_hash)?;
    let key = state.find_user(pool, username);
    if key.is_none() && !settings::hides_users(client) {
        return Err(no_user());
    }
    let counted = key.clone().unwrap_or_else(|| format!("{}/{}", pool.id, settings::folded(pool, username)));
    Ok(Found { key, counted, pool: pool.id.clone() })
}

async fn by_password(call: &Call<'_>, signing: Signing) -> Outcome {
    let (username, password) = (required(call, "USERNAME")?, required(call, "PASSWORD")?.to_owned());
    let found = find(call, &signing, username, parameter(call, "SECRET_HASH"))?;
    let key = check_password(call, &signing.world, found.key, found.counted, password).await?;
    signed_in(call, &signing, &key, call.text("ClientId")).await
}

/// Checks a password, with as many tries as there may be; a user that does not exist has a wrong one. Gives the key.
pub(super) async fn check_password(
    call: &Call<'_>,
    world: &Arc<World>,
    key: Option<String>,
    counted: String,
    password: String,
) -> Result<String, ApiError> {
    let (world, now) = (Arc::clone(world), call.now());
    passwords::in_turn(move || {
        // Within the turn, so that tries that are sent together are counted one after the other.
        let kept = {
            let mut state = lock(&world.cognito_idp);
            state.attempts.may_try(&counted, now)?;
            key.as_deref().and_then(|key| state.users.get(key)).and_then(|user| user.password.clone())
        };
        let right = passwords::verify(kept.as_ref(), &password);
        let mut state = lock(&world.cognito_idp);
        match key.filter(|_| right) {
            Some(key) => {
                state.attempts.succeeded(&counted);
                Ok(key)
            }
            None => {
                state.attempts.failed(&counted, now);
                Err(incorrect())
            }
        }
    })
    .await?
}

async fn by_srp(call: &Call<'_>, signing: Signing) -> Outcome {
    let (username, srp_a) = (required(call, "USERNAME")?.to_owned(), required(call, "SRP_A")?.to_owned());
    let found = find(call, &signing, &username, parameter(call, "SECRET_HASH"))?;
    let client_id = call.text("ClientId").to_owned();
    let (kept, name, random, lasts, imitation) = {
        let mut state = lock(&signing.world.cognito_idp);
        state.attempts.may_try(&found.counted, call.now())?;
        let user = found.key.as_deref().and_then(|key| state.users.get(key)).cloned();
        let lasts = settings::challenge_lasts(state.client(&client_id)?.0);
        let key = state.signing_key(&found.pool)?;
        let kept = user.as_ref().and_then(|user| user.password.as_ref()).and_then(|password| password.srp.clone());
        let name = user.map_or_else(|| username.clone(), |user| user.username);
        (kept, name, state.random.clone(), lasts, key)
    };
    // One without a verifier, whether it exists or not, gets an answer of the same form that leads nowhere.
    let exists = kept.is_some();
    if let (Some(key), false) = (&found.key, exists) {
        tracing::warn!(
            "user {key} cannot sign in by SRP: no client of the pool did when the password was set; set it again"
        );
    }
    let (secret, block) = (random.bytes::<32>()?, random.bytes::<64>()?);
    let for_srp = name.clone();
    let (exchange, salt) = passwords::in_turn(move || {
        let secret_of_pool = imitation.private_seed();
        let imitated = srp::imitated(&secret_of_pool, &for_srp);
        let verifier = kept.unwrap_or(imitated);
        let exchange = srp::begin(&verifier, &srp_a, secret).ok_or_else(|| invalid("Invalid SRP_A"))?;
        Ok::<_, ApiError>((exchange, verifier.salt))
    })
    .await??;
    let block = STANDARD.encode(block);
    let output = json!({
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeParameters": {
            "SALT": salt,
            "SECRET_BLOCK": block,
            "SRP_B": exchange.public_b,
            "USERNAME": name,
            "USER_ID_FOR_SRP": name,
        },
    });
    let asks = Asks::Srp { exchange: Box::new(exchange), counted: found.counted, user: name };
    let user = found.key.filter(|_| exists);
    let challenge = Challenge { user, client_id, until: call.now() + lasts, asks };
    lock(&signing.world.cognito_idp).challenges.add(block, challenge);
    Output::of(output)
}

/// What a user who has given the right password gets: tokens, a challenge or a reason why not.
pub(super) async fn signed_in(call: &Call<'_>, signing: &Signing, key: &str, client_id: &str) -> Outcome {
    let (user, pool) = {
        let state = lock(&signing.world.cognito_idp);
        let user = state.users.get(key).cloned().ok_or_else(incorrect)?;
        let pool = state.pool(&user.pool)?.clone();
        (user, pool)
    };
    if !user.enabled {
        return Err(not_authorized("User is disabled."));
    }
    if settings::demands_mfa(&pool) {
        return Err(invalid(
            "This user pool demands MFA (MfaConfiguration ON), which Ferrogate does not have: with OFF or OPTIONAL users sign in",
        ));
    }
    let about = About { pool: &pool, user: &user, client_id, source: "PreAuthentication_Authentication" };
    let metadata = call.member("ClientMetadata").cloned().unwrap_or_default();
    triggers::pre_authentication(&signing.world, about, metadata).await?;
    {
        let mut state = lock(&signing.world.cognito_idp);
        match user.status {
            Status::Unconfirmed => {
                return Err(ApiError::new("UserNotConfirmedException", "User is not confirmed."));
            }
            Status::ForceChangePassword => {
                let days = PasswordPolicy::of(&pool).temporary_days;
                if call.now() > user.temporary_since.unwrap_or_default() + days * DAY {
                    let message = "Temporary password has expired and must be reset by an administrator.";
                    return Err(not_authorized(message));
                }
                return challenges::ask_new_password(&mut state, key, client_id, call.now());
            }
            Status::Confirmed => {}
        }
    }
    complete(call, signing, key, client_id, "TokenGeneration_Authentication").await
}

/// Begins a session and makes its tokens.
pub(super) async fn complete(
    call: &Call<'_>,
    signing: &Signing,
    key: &str,
    client_id: &str,
    source: &'static str,
) -> Outcome {
    let now = call.now();
    let metadata = call.member("ClientMetadata").cloned().unwrap_or_default();
    let (user, pool) = {
        let state = lock(&signing.world.cognito_idp);
        let user = state.users.get(key).cloned().ok_or_else(incorrect)?;
        let pool = state.pool(&user.pool)?.clone();
        (user, pool)
    };
    let about = About { pool: &pool, user: &user, client_id, source: "PostAuthentication_Authentication" };
    triggers::post_authentication(&signing.world, about, metadata.clone()).await?;
    let (session, refresh) = sessions::begin(&mut lock(&signing.world.cognito_idp), key, client_id, now)?;
    let sign_in = SignIn { user: key, client_id, session: &session, auth_time: now / 1_000, source, metadata };
    let mut result = tokens::issue(call, &signing.world, sign_in).await?;
    result["RefreshToken"] = refresh.into();
    Output::of(json!({ "ChallengeParameters": {}, "AuthenticationResult": result }))
}

/// `GetTokensFromRefreshToken`, which newer clients call in place of `REFRESH_TOKEN_AUTH`.
fn tokens_from_refresh_token<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let client_id = call.text("ClientId");
        let world = world_of_client(call, client_id)?;
        let proof = Proof::Secret(call.optional_text("ClientSecret"));
        let result = sessions::refresh(call, &world, client_id, call.text("RefreshToken"), proof).await?;
        Output::of(json!({ "AuthenticationResult": result }))
    }
    .boxed()
}
