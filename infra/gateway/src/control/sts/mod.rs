//! STS: who the caller is, and credentials for roles that are taken on.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/>

use serde_json::{Value, json};

use super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::service_model;
use super::services::Service;
use super::signature::{self, Signed};
use super::world::lock;
use crate::ids;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "sts",
    model: &service_model::STS,
    operations: &[OPERATIONS],
    validation_error: "ValidationError",
    missing_token: "MissingAuthenticationToken",
    global: false,
};

const OPERATIONS: &[Entry] = &[
    op("GetCallerIdentity", get_caller_identity),
    op("AssumeRole", assume_role)
        .partly("any caller may take on any role, and the credentials grant no less than others"),
    op("GetSessionToken", get_session_token),
    op("GetAccessKeyInfo", get_access_key_info),
];

fn access_key(call: &Call<'_>) -> String {
    match signature::signed(call.request) {
        Signed::By(scope) => scope.access_key,
        _ => String::new(),
    }
}

fn get_caller_identity(call: &Call<'_>) -> Outcome {
    let account = &call.world.id.account;
    let key = access_key(call);
    let global = call.control.global_world(account)?;
    let state = lock(&global.iam);
    let user = state.users.values().find(|user| user.access_keys.contains_key(&key));
    let (id, arn) = match user {
        Some(user) => (user.user_id.clone(), user.arn.clone()),
        None => (account.clone(), format!("arn:aws:iam::{account}:root")),
    };
    Output::of(json!({ "UserId": id, "Account": account, "Arn": arn }))
}

/// Credentials that this account's services take.
fn credentials(call: &Call<'_>, account: &str) -> Value {
    let seconds = call.integer("DurationSeconds").unwrap_or(3600);
    let key = ids::access_key_id(account, uuid::Uuid::new_v4().as_bytes());
    json!({
        "SecretAccessKey": call.control.issuer().secret_access_key(&key), "AccessKeyId": key,
        "SessionToken": format!("local-{}", ids::short_id(20)), "Expiration": call.now() + seconds * 1000,
    })
}

fn assume_role(call: &Call<'_>) -> Outcome {
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
    let credentials = credentials(call, account);
    let user = json!({
        "AssumedRoleId": format!("{id}:{session}"), "Arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
    });
    Output::of(json!({ "Credentials": credentials, "AssumedRoleUser": user }))
}

fn get_session_token(call: &Call<'_>) -> Outcome {
    Output::of(json!({ "Credentials": credentials(call, &call.world.id.account) }))
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
