//! Managed policies and their versions.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::documents::{Purpose, check, encoded};
use super::{State, page, path, tag_list, tags, unique_id};
use crate::model::{Policy, PolicyVersion};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreatePolicy", create_policy),
    op("GetPolicy", get_policy),
    op("ListPolicies", list_policies).partly("AWS's own managed policies are not listed"),
    op("DeletePolicy", delete_policy),
    op("CreatePolicyVersion", create_policy_version),
    op("GetPolicyVersion", get_policy_version),
    op("ListPolicyVersions", list_policy_versions),
    op("SetDefaultPolicyVersion", set_default_policy_version),
    op("DeletePolicyVersion", delete_policy_version),
    op("ListPolicyTags", list_policy_tags),
    op("TagPolicy", tag_policy),
];

/// So many versions a policy has at most.
const MAX_VERSIONS: usize = 5;

pub(super) fn no_such_policy(arn: &str) -> ApiError {
    ApiError::new("NoSuchEntityException", format!("Policy {arn} was not found."))
}

/// How many roles and users have a policy.
fn attachments(state: &State, arn: &str) -> usize {
    let roles = state.roles.values().map(|role| &role.attached);
    let users = state.users.values().map(|user| &user.attached);
    roles.chain(users).filter(|attached| attached.iter().any(|attached| attached == arn)).count()
}

fn describe(state: &State, policy: &Policy) -> Value {
    let attached = attachments(state, &policy.arn);
    json!({
        "PolicyName": policy.policy_name, "PolicyId": policy.policy_id, "Arn": policy.arn, "Path": policy.path,
        "DefaultVersionId": policy.default_version_id, "AttachmentCount": attached, "IsAttachable": true,
        "PermissionsBoundaryUsageCount": 0, "Description": policy.description, "CreateDate": policy.create_date,
        "UpdateDate": policy.update_date, "Tags": tag_list(&policy.tags),
    })
}

fn read<R>(call: &Call<'_>, read: impl FnOnce(&State, &Policy) -> Result<R, ApiError>) -> Result<R, ApiError> {
    let arn = call.text("PolicyArn");
    let state = lock(&call.world.iam);
    read(&state, state.policies.get(arn).ok_or_else(|| no_such_policy(arn))?)
}

fn change<R>(call: &Call<'_>, change: impl FnOnce(&mut Policy) -> Result<R, ApiError>) -> Result<R, ApiError> {
    let arn = call.text("PolicyArn");
    lock(&call.world.iam).policies.update(arn, change).unwrap_or_else(|| Err(no_such_policy(arn)))
}

fn create_policy(call: &Call<'_>) -> Outcome {
    let (name, document) = (call.text("PolicyName"), call.text("PolicyDocument"));
    check(document, Purpose::Identity)?;
    let path = path(call);
    let arn = format!("arn:aws:iam::{}:policy{path}{name}", call.world.id.account);
    let mut state = lock(&call.world.iam);
    if state.policies.values().any(|policy| policy.policy_name == name) {
        let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
        return Err(ApiError::new("EntityAlreadyExistsException", message));
    }
    let version = PolicyVersion { document: document.to_owned(), create_date: call.now() };
    let policy = Policy {
        policy_name: name.to_owned(),
        policy_id: unique_id("ANPA"),
        arn: arn.clone(),
        path,
        description: call.optional_text("Description").map(str::to_owned),
        create_date: call.now(),
        update_date: call.now(),
        default_version_id: "v1".to_owned(),
        versions: [("v1".to_owned(), version)].into(),
        made: 1,
        tags: tags(call),
    };
    let described = describe(&state, &policy);
    state.policies.insert(arn, policy)?;
    Output::of(json!({ "Policy": described }))
}

fn get_policy(call: &Call<'_>) -> Outcome {
    let policy = read(call, |state, policy| Ok(describe(state, policy)))?;
    Output::of(json!({ "Policy": policy }))
}

fn list_policies(call: &Call<'_>) -> Outcome {
    let prefix = call.optional_text("PathPrefix").unwrap_or("/");
    let own = call.optional_text("Scope") != Some("AWS");
    let state = lock(&call.world.iam);
    let mut policies: Vec<_> =
        state.policies.values().filter(|policy| own && policy.path.starts_with(prefix)).collect();
    policies.sort_by(|a, b| a.policy_name.cmp(&b.policy_name));
    let described = policies.into_iter().map(|policy| describe(&state, policy));
    let described =
        described.filter(|policy| call.boolean("OnlyAttached") != Some(true) || policy["AttachmentCount"] != 0);
    Output::of(page(call, "Policies", described.collect()))
}

fn delete_policy(call: &Call<'_>) -> Outcome {
    read(call, |state, policy| {
        let conflict = |message: &str| Err(ApiError::new("DeleteConflictException", message));
        if attachments(state, &policy.arn) > 0 {
            return conflict("Cannot delete a policy attached to entities.");
        }
        if policy.versions.len() > 1 {
            return conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
            );
        }
        Ok(())
    })?;
    lock(&call.world.iam).policies.remove(call.text("PolicyArn"))?;
    Ok(Output::empty())
}

fn version(policy: &Policy, id: &str, with_document: bool) -> Option<Value> {
    let version = policy.versions.get(id)?;
    let document = with_document.then(|| encoded(&version.document));
    let default = policy.default_version_id == id;
    Some(
        json!({ "VersionId": id, "IsDefaultVersion": default, "CreateDate": version.create_date, "Document": document }),
    )
}

fn no_such_version(id: &str) -> ApiError {
    let message = format!("This policy does not have a version {id}.");
    ApiError::new("NoSuchEntityException", message)
}

fn create_policy_version(call: &Call<'_>) -> Outcome {
    let document = call.text("PolicyDocument");
    check(document, Purpose::Identity)?;
    let described = change(call, |policy| {
        if policy.versions.len() >= MAX_VERSIONS {
            let message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.";
            return Err(ApiError::new("LimitExceededException", message));
        }
        policy.made += 1;
        let id = format!("v{}", policy.made);
        policy.versions.insert(id.clone(), PolicyVersion { document: document.to_owned(), create_date: call.now() });
        policy.update_date = call.now();
        if call.boolean("SetAsDefault") == Some(true) {
            policy.default_version_id.clone_from(&id);
        }
        Ok(version(policy, &id, false))
    })?;
    Output::of(json!({ "PolicyVersion": described }))
}

fn get_policy_version(call: &Call<'_>) -> Outcome {
    let id = call.text("VersionId");
    let version = read(call, |_, policy| version(policy, id, true).ok_or_else(|| no_such_version(id)))?;
    Output::of(json!({ "PolicyVersion": version }))
}

fn list_policy_versions(call: &Call<'_>) -> Outcome {
    let versions =
        read(call, |_, policy| Ok(policy.versions.keys().rev().filter_map(|id| version(policy, id, false)).collect()))?;
    Output::of(page(call, "Versions", versions))
}

fn set_default_policy_version(call: &Call<'_>) -> Outcome {
    let id = call.text("VersionId");
    change(call, |policy| {
        if !policy.versions.contains_key(id) {
            return Err(no_such_version(id));
        }
        id.clone_into(&mut policy.default_version_id);
        Ok(Output::empty())
    })
}

fn delete_policy_version(call: &Call<'_>) -> Outcome {
    let id = call.text("VersionId");
    change(call, |policy| {
        if policy.default_version_id == id {
            let message = "Cannot delete the default version of a policy.";
            return Err(ApiError::new("DeleteConflictException", message));
        }
        policy.versions.shift_remove(id).map(|_| Output::empty()).ok_or_else(|| no_such_version(id))
    })
}

fn list_policy_tags(call: &Call<'_>) -> Outcome {
    let tags = read(call, |_, policy| Ok(tag_list(&policy.tags)))?;
    Output::of(page(call, "Tags", tags.as_array().cloned().unwrap_or_default()))
}

fn tag_policy(call: &Call<'_>) -> Outcome {
    change(call, |policy| {
        policy.tags.extend(tags(call));
        Ok(Output::empty())
    })
}
