//! STS: who the caller is, and credentials for roles that are taken on.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/>

use serde_json::{Value, json};

use super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::service_model;
use super::services::Service;
use super::world::lock;
use crate::authorize::{Directory as _, Holder, Lookup, Principal};
use crate::credentials::{Session, SessionOf};
use crate::ids;
use crate::signature::{self, Signature};

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "sts",
    model: &service_model::STS,
    operations: &[OPERATIONS],
    validation_error: "ValidationError",
    missing_token: "MissingAuthenticationToken",
    global: false,
};

/// As AWS bounds what it packs into a token.
const MAX_SESSION_POLICY: usize = 2_048;

const OPERATIONS: &[Entry] = &[
    op("GetCallerIdentity", get_caller_identity),
    op("AssumeRole", assume_role).partly(
        "trust policies are not asked: any caller may take on any role; PolicyArns do not bound it, Policy does",
    ),
    op("GetSessionToken", get_session_token),
    op("GetFederationToken", get_federation_token).partly("PolicyArns do not bound it, Policy does"),
    op("GetAccessKeyInfo", get_access_key_info),
];

/// Who has signed the call, whether or not signatures are checked.
fn identified(call: &Call<'_>) -> Option<Holder> {
    let signature = Signature::read(call.request).ok()?;
    let (access_key, token) = (&*signature.scope.access_key, signature.token.as_deref());
    call.control.directory().holder(Lookup { access_key, token, now: call.now() }).ok()
}

fn get_caller_identity(call: &Call<'_>) -> Outcome {
    let account = &call.world.id.account;
    let (id, arn) = match identified(call) {
        Some(holder) if holder.caller.account_id == *account => (holder.caller.caller, holder.caller.user_arn),
        _ => (account.clone(), format!("arn:aws:iam::{account}:root")),
    };
    Output::of(json!({ "UserId": id, "Account": account, "Arn": arn }))
}

/// Credentials that this account's services take, for so many seconds.
fn credentials(call: &Call<'_>, account: &str, of: SessionOf, seconds: i64) -> Value {
    let key = ids::session_key_id(account, uuid::Uuid::new_v4().as_bytes());
    let expires_at = call.now() + call.integer("DurationSeconds").unwrap_or(seconds) * 1000;
    let policy = call.optional_text("Policy").map(str::to_owned);
    let issuer = call.control.issuer();
    let token = issuer.session_token(&key, &Session { of, expires_at: Some(expires_at), policy });
    json!({
        "SecretAccessKey": issuer.secret_access_key(&key), "AccessKeyId": key, "SessionToken": token,
        "Expiration": expires_at,
    })
}

/// The policy that bounds a session, if there is one, is one.
fn check_policy(call: &Call<'_>) -> Result<(), ApiError> {
    let Some(policy) = call.optional_text("Policy") else { return Ok(()) };
    if policy.len() > MAX_SESSION_POLICY {
        let message = format!("A session policy has at most {MAX_SESSION_POLICY} characters");
        return Err(ApiError::new("PackedPolicyTooLarge", message).with_status(400));
    }
    super::iam::check_identity_policy(policy)
}

fn assume_role(call: &Call<'_>) -> Outcome {
    check_policy(call)?;
    let (arn, session) = (call.text("RoleArn"), call.text("RoleSessionName"));
    let mut parts = arn.splitn(6, ':').skip(4);
    let (account, name) = (parts.next().unwrap_or_default(), parts.next().and_then(|role| role.rsplit('/').next()));
    let Some(name) = name.filter(|_| account.len() == 12) else {
        return Err(ApiError::new("ValidationError", format!("{arn} is invalid")).with_status(400));
    };
    let known = call.control.global_world(account)?;
    let id = lock(&known.iam).roles.get(name).map(|role| role.role_id.clone());
    let Some(id) = id else {
        let caller = format!("arn:aws:iam::{}:root", call.world.id.account);
        let message = format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        return Err(ApiError::new("AccessDenied", message).with_status(403));
    };
    let of = SessionOf::Role { name: name.to_owned(), id: id.clone(), session: session.to_owned() };
    let credentials = credentials(call, account, of, 3_600);
    let user = json!({
        "AssumedRoleId": format!("{id}:{session}"), "Arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
    });
    Output::of(json!({ "Credentials": credentials, "AssumedRoleUser": user }))
}

/// Temporary credentials are not made into further ones of these kinds, as on AWS.
fn long_term(call: &Call<'_>) -> Result<Option<String>, ApiError> {
    match identified(call).map(|holder| (ids::is_session_key(&holder.caller.access_key), holder.principal)) {
        Some((true, _)) => {
            let message = format!("Cannot call {} with session credentials", call.operation.name);
            Err(ApiError::new("AccessDenied", message).with_status(403))
        }
        Some((false, Principal::User { name, .. })) => Ok(Some(name)),
        _ => Ok(None),
    }
}

fn get_session_token(call: &Call<'_>) -> Outcome {
    let of = long_term(call)?.map_or(SessionOf::Root, SessionOf::User);
    Output::of(json!({ "Credentials": credentials(call, &call.world.id.account, of, 43_200) }))
}

fn get_federation_token(call: &Call<'_>) -> Outcome {
    check_policy(call)?;
    let (account, name) = (&call.world.id.account, call.text("Name"));
    let of = SessionOf::Federated { name: name.to_owned(), by: long_term(call)? };
    let user = json!({
        "FederatedUserId": format!("{account}:{name}"), "Arn": format!("arn:aws:sts::{account}:federated-user/{name}"),
    });
    Output::of(json!({ "Credentials": credentials(call, account, of, 43_200), "FederatedUser": user }))
}

fn get_access_key_info(call: &Call<'_>) -> Outcome {
    let key = call.text("AccessKeyId");
    let account = signature::account_of(key).unwrap_or_else(|| call.world.id.account.as_str().into());
    Output::of(json!({ "Account": account }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{control, query};

    #[tokio::test]
    async fn the_caller_learns_its_account() {
        let control = control();
        let (status, xml) = query(&control, "sts", "Action=GetCallerIdentity&Version=2011-06-15").await;
        assert_eq!(status, 200);
        assert!(xml.contains("<Account>000000000000</Account><Arn>arn:aws:iam::000000000000:root</Arn>"), "{xml}");
        let unknown = "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fnone&RoleSessionName=ss";
        let (status, xml) = query(&control, "sts", unknown).await;
        assert_eq!(status, 403, "{xml}");
    }
}
