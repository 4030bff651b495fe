//! Which managed policies a role has, and what those of AWS say.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::{State, page, policies, roles};

pub(super) const OPERATIONS: &[Entry] = &[
    op("AttachRolePolicy", attach_role_policy),
    op("DetachRolePolicy", detach_role_policy),
    op("ListAttachedRolePolicies", list_attached_role_policies),
    op("ListEntitiesForPolicy", list_entities_for_policy),
];

/// AWS's own policies are known by their ARNs alone.
fn is_of_aws(arn: &str) -> bool {
    arn.starts_with("arn:aws:iam::aws:policy/")
}

/// What those of AWS's own policies say that matter to the calling of APIs. All others say nothing of it.
pub(super) fn of_aws(arn: &str) -> Option<&'static str> {
    match arn.strip_prefix("arn:aws:iam::aws:policy/")? {
        "AdministratorAccess" => {
            Some(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#)
        }
        "PowerUserAccess" => Some(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}]}"#,
        ),
        "AmazonAPIGatewayInvokeFullAccess" => Some(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["execute-api:Invoke","execute-api:ManageConnections"],"Resource":"arn:aws:execute-api:*:*:*"}]}"#,
        ),
        _ => None,
    }
}

/// Whether a policy is there to be attached.
pub(super) fn check_attachable(state: &State, arn: &str) -> Result<(), ApiError> {
    if is_of_aws(arn) || state.policies.contains(arn) {
        return Ok(());
    }
    let message = format!("Policy {arn} does not exist or is not attachable.");
    Err(ApiError::new("NoSuchEntityException", message))
}

/// Attached policies as they are listed.
pub(super) fn described(attached: &[String]) -> Vec<Value> {
    let name = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    attached.iter().map(|arn| json!({ "PolicyName": name(arn), "PolicyArn": arn })).collect()
}

fn attach_role_policy(call: &Call<'_>) -> Outcome {
    let arn = call.text("PolicyArn");
    check_attachable(&lock(&call.world.iam), arn)?;
    roles::change(call, |role| {
        if !role.attached.iter().any(|attached| attached == arn) {
            role.attached.push(arn.to_owned());
        }
        Ok(Output::empty())
    })
}

fn detach_role_policy(call: &Call<'_>) -> Outcome {
    let arn = call.text("PolicyArn");
    roles::change(call, |role| {
        let before = role.attached.len();
        role.attached.retain(|attached| attached != arn);
        if role.attached.len() == before {
            return Err(policies::no_such_policy(arn));
        }
        Ok(Output::empty())
    })
}

fn list_attached_role_policies(call: &Call<'_>) -> Outcome {
    let attached = roles::read(call, |role| Ok(described(&role.attached)))?;
    Output::of(page(call, "AttachedPolicies", attached))
}

fn list_entities_for_policy(call: &Call<'_>) -> Outcome {
    let arn = call.text("PolicyArn");
    let state = lock(&call.world.iam);
    if !is_of_aws(arn) && !state.policies.contains(arn) {
        return Err(policies::no_such_policy(arn));
    }
    let roles = state.roles.values().filter(|role| role.attached.iter().any(|attached| attached == arn));
    let roles: Vec<Value> = roles.map(|role| json!({ "RoleName": role.role_name, "RoleId": role.role_id })).collect();
    let users = state.users.values().filter(|user| user.attached.iter().any(|attached| attached == arn));
    let users: Vec<Value> = users.map(|user| json!({ "UserName": user.user_name, "UserId": user.user_id })).collect();
    let mut out = page(call, "PolicyRoles", roles);
    out["PolicyUsers"] = users.into();
    Output::of(out)
}
