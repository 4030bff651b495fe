//! Which managed policies a role has.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::{page, policies, roles};

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

fn attach_role_policy(call: &Call<'_>) -> Outcome {
    let arn = call.text("PolicyArn");
    if !is_of_aws(arn) && !lock(&call.world.iam).policies.contains(arn) {
        let message = format!("Policy {arn} does not exist or is not attachable.");
        return Err(ApiError::new("NoSuchEntityException", message));
    }
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
    let name = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    let attached = roles::read(call, |role| {
        Ok(role.attached.iter().map(|arn| json!({ "PolicyName": name(arn), "PolicyArn": arn })).collect())
    })?;
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
    Output::of(page(call, "PolicyRoles", roles))
}
