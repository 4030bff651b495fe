//! What a sign-in asks for next: a new password in place of a temporary one, or SRP's proof.

use indexmap::IndexMap;
use serde_json::{Value, json};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op_async};
use super::super::world::lock;
use super::auth::{self, Signing};
use super::passwords;
use super::settings::PasswordPolicy;
use super::srp::Exchange;
use super::state::State;
use super::user::Status;
use super::{attributes, clients, invalid, not_authorized, settings};
use crate::clock::EpochMillis;

pub(super) const OPERATIONS: &[Entry] = &[
    op_async("RespondToAuthChallenge", respond)
        .public()
        .partly("NEW_PASSWORD_REQUIRED and PASSWORD_VERIFIER; there is no MFA, no custom challenge and no passkey"),
    op_async("AdminRespondToAuthChallenge", admin_respond)
        .partly("NEW_PASSWORD_REQUIRED and PASSWORD_VERIFIER; there is no MFA, no custom challenge and no passkey"),
];

/// Challenges under way; the oldest go.
const MAX: usize = 10_000;

/// A challenge under way, by the session or secret block that names it: each can be answered once.
#[derive(Default)]
pub(super) struct Challenges {
    all: IndexMap<String, Challenge>,
}

/// A challenge.
pub(super) struct Challenge {
    /// The user's key; none for one that does not exist and must not be told.
    pub(super) user: Option<String>,
    pub(super) client_id: String,
    pub(super) until: EpochMillis,
    pub(super) asks: Asks,
}

/// What for.
pub(super) enum Asks {
    NewPassword,
    Srp {
        exchange: Box<Exchange>,
        /// What counts wrong proofs.
        counted: String,
        /// The user's name for SRP.
        user: String,
    },
}

impl Challenges {
    pub(super) fn add(&mut self, name: String, challenge: Challenge) {
        self.all.insert(name, challenge);
        if self.all.len() > MAX {
            self.all.shift_remove_index(0);
        }
    }

    /// Takes a challenge of this client's out: it cannot be answered twice.
    pub(super) fn take(&mut self, name: &str, client_id: &str, now: EpochMillis) -> Result<Challenge, ApiError> {
        if self.all.get(name).is_none_or(|challenge| challenge.client_id != client_id) {
            return Err(not_authorized("Invalid session for the user."));
        }
        let challenge = self.all.shift_remove(name).filter(|challenge| now < challenge.until);
        challenge.ok_or_else(|| not_authorized("Invalid session for the user, session is expired."))
    }
}

fn respond<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move { answer(call, Signing::of_user(call)?).await }.boxed()
}

fn admin_respond<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move { answer(call, Signing::of_server(call)?).await }.boxed()
}

async fn answer(call: &Call<'_>, signing: Signing) -> Outcome {
    match call.text("ChallengeName") {
        "NEW_PASSWORD_REQUIRED" => new_password(call, signing).await,
        "PASSWORD_VERIFIER" => password_verifier(call, signing).await,
        other => Err(invalid(format!(
            "Ferrogate asks for no {other}: it has NEW_PASSWORD_REQUIRED and PASSWORD_VERIFIER, and no MFA"
        ))),
    }
}

fn response<'c>(call: &'c Call<'_>, name: &str) -> Option<&'c str> {
    call.member("ChallengeResponses").and_then(|responses| responses.get(name)).and_then(Value::as_str)
}

fn required<'c>(call: &'c Call<'_>, name: &str) -> Result<&'c str, ApiError> {
    response(call, name).ok_or_else(|| invalid(format!("Missing required parameter {name}")))
}

/// A session by which a user gives a new password.
pub(super) fn ask_new_password(state: &mut State, key: &str, client_id: &str, now: EpochMillis) -> Outcome {
    let session = state.random.text::<48>()?;
    let lasts = settings::challenge_lasts(state.client(client_id)?.0);
    let challenge = Challenge {
        user: Some(key.to_owned()),
        client_id: client_id.to_owned(),
        until: now + lasts,
        asks: Asks::NewPassword,
    };
    state.challenges.add(session.clone(), challenge);
    let user = state.users.get(key).ok_or_else(super::no_user)?;
    let attributes: serde_json::Map<_, _> =
        user.attributes.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    Output::of(json!({
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": session,
        "ChallengeParameters": {
            "USER_ID_FOR_SRP": user.username,
            "requiredAttributes": "[]",
            "userAttributes": Value::Object(attributes).to_string(),
        },
    }))
}

async fn new_password(call: &Call<'_>, signing: Signing) -> Outcome {
    let (client_id, username) = (call.text("ClientId"), required(call, "USERNAME")?);
    let password = required(call, "NEW_PASSWORD")?.to_owned();
    let responses = call.member("ChallengeResponses").and_then(Value::as_object).into_iter().flatten();
    let given: IndexMap<String, String> = responses
        .filter_map(|(name, value)| {
            Some((name.strip_prefix("userAttributes.")?.to_owned(), value.as_str().unwrap_or_default().to_owned()))
        })
        .collect();
    let (key, random, srp) = {
        let mut state = lock(&signing.world.cognito_idp);
        let (client, pool) = state.client(client_id)?;
        clients::check_secret(client, username, response(call, "SECRET_HASH"))?;
        // Before the session is spent, so that another try may follow.
        passwords::check(&PasswordPolicy::of(pool), &password)?;
        attributes::check(pool, &given, false)?;
        let pool_id = pool.id.clone();
        let challenge = state.challenges.take(call.text("Session"), client_id, call.now())?;
        let key = challenge.user.filter(|_| matches!(challenge.asks, Asks::NewPassword));
        let key = key.ok_or_else(|| not_authorized("Invalid session for the user."))?;
        let (pool, user) = (state.pool(&pool_id)?, state.users.get(&key).ok_or_else(super::no_user)?);
        if state.find_user(pool, username).as_deref() != Some(&*key) {
            return Err(not_authorized("Invalid session for the user."));
        }
        let srp = state.srp_names(&pool_id, &user.username);
        (key, state.random.clone(), srp)
    };
    let password = passwords::hash(&random, password, srp).await?;
    let now = call.now();
    lock(&signing.world.cognito_idp).change_user(&key, |user| {
        if user.status != Status::ForceChangePassword {
            return Err(not_authorized("Invalid session for the user."));
        }
        user.password = Some(password);
        user.status = Status::Confirmed;
        user.temporary_since = None;
        user.attributes.extend(given);
        user.modified = now;
        Ok(())
    })?;
    auth::complete(call, &signing, &key, client_id, "TokenGeneration_NewPasswordChallenge").await
}

async fn password_verifier(call: &Call<'_>, signing: Signing) -> Outcome {
    let client_id = call.text("ClientId").to_owned();
    let block = required(call, "PASSWORD_CLAIM_SECRET_BLOCK")?.to_owned();
    let (timestamp, signature) =
        (required(call, "TIMESTAMP")?.to_owned(), required(call, "PASSWORD_CLAIM_SIGNATURE")?.to_owned());
    let now = call.now();
    let (challenge, pool) = {
        let mut state = lock(&signing.world.cognito_idp);
        let (client, pool) = state.client(&client_id)?;
        clients::check_secret(client, required(call, "USERNAME")?, response(call, "SECRET_HASH"))?;
        let pool = pool.id.clone();
        (state.challenges.take(&block, &client_id, now)?, pool)
    };
    let Asks::Srp { exchange, counted, user } = challenge.asks else {
        return Err(not_authorized("Invalid session for the user."));
    };
    let short = pool.rsplit('_').next().unwrap_or_default().to_owned();
    let world = signing.world.clone();
    let key = passwords::in_turn(move || {
        lock(&world.cognito_idp).attempts.may_try(&counted, now)?;
        let block = base64_of(&block);
        let proved = exchange.proves(&short, &user, &block, &timestamp, &signature);
        let mut state = lock(&world.cognito_idp);
        match challenge.user.filter(|_| proved) {
            Some(key) => {
                state.attempts.succeeded(&counted);
                Ok(key)
            }
            None => {
                state.attempts.failed(&counted, now);
                Err(auth::incorrect())
            }
        }
    })
    .await??;
    auth::signed_in(call, &signing, &key, &client_id).await
}

fn base64_of(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    // It was made here; another one would not have been found.
    base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default()
}
