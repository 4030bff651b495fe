//! Roles and their own policies.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::documents::{Purpose, check, encoded};
use super::{no_such_role, page, path, tag_keys, tag_list, tags, unique_id};
use crate::model::Role;

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateRole", create_role),
    op("GetRole", get_role),
    op("ListRoles", list_roles),
    op("UpdateRole", update_role),
    op("UpdateAssumeRolePolicy", update_assume_role_policy),
    op("DeleteRole", delete_role),
    op("PutRolePolicy", put_role_policy),
    op("GetRolePolicy", get_role_policy),
    op("ListRolePolicies", list_role_policies),
    op("DeleteRolePolicy", delete_role_policy),
    op("TagRole", tag_role),
    op("UntagRole", untag_role),
    op("ListRoleTags", list_role_tags),
    op("ListInstanceProfilesForRole", list_instance_profiles_for_role),
];

fn describe(role: &Role) -> Value {
    json!({
        "Path": role.path, "RoleName": role.role_name, "RoleId": role.role_id, "Arn": role.arn,
        "CreateDate": role.create_date, "Description": role.description, "MaxSessionDuration": role.max_session_duration,
        "AssumeRolePolicyDocument": encoded(&role.assume_role_policy_document),
        "Tags": if role.tags.is_empty() { Value::Null } else { tag_list(&role.tags) },
    })
}

/// Changes a role: all of `change`, or nothing.
pub(super) fn change<R>(call: &Call<'_>, change: impl FnOnce(&mut Role) -> Result<R, ApiError>) -> Result<R, ApiError> {
    let name = call.text("RoleName");
    lock(&call.world.iam).roles.update(name, change).unwrap_or_else(|| Err(no_such_role(name)))
}

/// Reads a role.
pub(super) fn read<R>(call: &Call<'_>, read: impl FnOnce(&Role) -> Result<R, ApiError>) -> Result<R, ApiError> {
    let name = call.text("RoleName");
    lock(&call.world.iam).roles.get(name).ok_or_else(|| no_such_role(name)).and_then(read)
}

fn create_role(call: &Call<'_>) -> Outcome {
    let name = call.text("RoleName");
    let document = call.text("AssumeRolePolicyDocument");
    check(document, Purpose::Trust)?;
    let mut state = lock(&call.world.iam);
    if state.roles.contains(name) {
        let message = format!("Role with name {name} already exists.");
        return Err(ApiError::new("EntityAlreadyExistsException", message));
    }
    let path = path(call);
    let role = Role {
        role_id: unique_id("AROA"),
        arn: format!("arn:aws:iam::{}:role{path}{name}", call.world.id.account),
        path,
        role_name: name.to_owned(),
        create_date: call.now(),
        assume_role_policy_document: document.to_owned(),
        description: call.optional_text("Description").map(str::to_owned),
        max_session_duration: call.integer("MaxSessionDuration").unwrap_or(3600),
        tags: tags(call),
        ..Role::default()
    };
    let described = describe(&role);
    state.roles.insert(name, role)?;
    Output::of(json!({ "Role": described }))
}

fn get_role(call: &Call<'_>) -> Outcome {
    let role = read(call, |role| Ok(describe(role)))?;
    Output::of(json!({ "Role": role }))
}

fn list_roles(call: &Call<'_>) -> Outcome {
    let prefix = call.optional_text("PathPrefix").unwrap_or("/");
    let state = lock(&call.world.iam);
    let mut roles: Vec<_> = state.roles.values().filter(|role| role.path.starts_with(prefix)).collect();
    roles.sort_by(|a, b| a.role_name.cmp(&b.role_name));
    Output::of(page(call, "Roles", roles.into_iter().map(describe).collect()))
}

fn update_role(call: &Call<'_>) -> Outcome {
    change(call, |role| {
        if let Some(description) = call.optional_text("Description") {
            role.description = Some(description.to_owned());
        }
        role.max_session_duration = call.integer("MaxSessionDuration").unwrap_or(role.max_session_duration);
        Ok(Output::empty())
    })
}

fn update_assume_role_policy(call: &Call<'_>) -> Outcome {
    let document = call.text("PolicyDocument");
    check(document, Purpose::Trust)?;
    change(call, |role| {
        document.clone_into(&mut role.assume_role_policy_document);
        Ok(Output::empty())
    })
}

fn delete_role(call: &Call<'_>) -> Outcome {
    read(call, |role| {
        let conflict = |what: &str| {
            Err(ApiError::new("DeleteConflictException", format!("Cannot delete entity, must {what} first.")))
        };
        match (role.attached.is_empty(), role.policies.is_empty()) {
            (false, _) => conflict("detach all policies"),
            (_, false) => conflict("delete policies"),
            _ => Ok(()),
        }
    })?;
    lock(&call.world.iam).roles.remove(call.text("RoleName"))?;
    Ok(Output::empty())
}

fn put_role_policy(call: &Call<'_>) -> Outcome {
    let document = call.text("PolicyDocument");
    check(document, Purpose::Identity)?;
    change(call, |role| {
        role.policies.insert(call.text("PolicyName").to_owned(), document.to_owned());
        Ok(Output::empty())
    })
}

fn no_such_policy(call: &Call<'_>) -> ApiError {
    let name = call.text("PolicyName");
    ApiError::new("NoSuchEntityException", format!("The role policy with name {name} cannot be found."))
}

fn get_role_policy(call: &Call<'_>) -> Outcome {
    let name = call.text("PolicyName");
    let document =
        read(call, |role| role.policies.get(name).map(|text| encoded(text)).ok_or_else(|| no_such_policy(call)))?;
    Output::of(json!({ "RoleName": call.text("RoleName"), "PolicyName": name, "PolicyDocument": document }))
}

fn list_role_policies(call: &Call<'_>) -> Outcome {
    let names = read(call, |role| Ok(role.policies.keys().map(|name| name.as_str().into()).collect()))?;
    Output::of(page(call, "PolicyNames", names))
}

fn delete_role_policy(call: &Call<'_>) -> Outcome {
    change(call, |role| match role.policies.shift_remove(call.text("PolicyName")) {
        Some(_) => Ok(Output::empty()),
        None => Err(no_such_policy(call)),
    })
}

fn tag_role(call: &Call<'_>) -> Outcome {
    change(call, |role| {
        role.tags.extend(tags(call));
        Ok(Output::empty())
    })
}

fn untag_role(call: &Call<'_>) -> Outcome {
    change(call, |role| {
        for key in tag_keys(call) {
            role.tags.shift_remove(&key);
        }
        Ok(Output::empty())
    })
}

fn list_role_tags(call: &Call<'_>) -> Outcome {
    let tags = read(call, |role| Ok(tag_list(&role.tags)))?;
    Output::of(page(call, "Tags", tags.as_array().cloned().unwrap_or_default()))
}

/// There are no instances here, so no role has a profile; Terraform asks before it deletes one.
fn list_instance_profiles_for_role(call: &Call<'_>) -> Outcome {
    read(call, |_| Ok(()))?;
    Output::of(page(call, "InstanceProfiles", Vec::new()))
}
