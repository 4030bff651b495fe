//! Users and access keys.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::{page, path, tag_list, tags, unique_id};
use crate::ids;
use crate::model::{AccessKey, User};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateUser", create_user),
    op("GetUser", get_user).partly("without UserName it is the account's root"),
    op("ListUsers", list_users),
    op("DeleteUser", delete_user),
    op("CreateAccessKey", create_access_key),
    op("ListAccessKeys", list_access_keys),
    op("UpdateAccessKey", update_access_key),
    op("DeleteAccessKey", delete_access_key),
    op("GetAccessKeyLastUsed", get_access_key_last_used).partly("what was before the last start is forgotten"),
];

/// So many keys a user has at most.
const MAX_KEYS: usize = 2;

fn no_such_user(name: &str) -> ApiError {
    ApiError::new("NoSuchEntityException", format!("The user with name {name} cannot be found."))
}

fn describe(user: &User) -> Value {
    json!({
        "Path": user.path, "UserName": user.user_name, "UserId": user.user_id, "Arn": user.arn,
        "CreateDate": user.create_date, "Tags": if user.tags.is_empty() { Value::Null } else { tag_list(&user.tags) },
    })
}

pub(super) fn change<R>(call: &Call<'_>, change: impl FnOnce(&mut User) -> Result<R, ApiError>) -> Result<R, ApiError> {
    let name = call.text("UserName");
    lock(&call.world.iam).users.update(name, change).unwrap_or_else(|| Err(no_such_user(name)))
}

pub(super) fn read<R>(call: &Call<'_>, read: impl FnOnce(&User) -> Result<R, ApiError>) -> Result<R, ApiError> {
    let name = call.text("UserName");
    lock(&call.world.iam).users.get(name).ok_or_else(|| no_such_user(name)).and_then(read)
}

fn create_user(call: &Call<'_>) -> Outcome {
    let name = call.text("UserName");
    let mut state = lock(&call.world.iam);
    if state.users.contains(name) {
        let message = format!("User with name {name} already exists.");
        return Err(ApiError::new("EntityAlreadyExistsException", message));
    }
    let path = path(call);
    let user = User {
        arn: format!("arn:aws:iam::{}:user{path}{name}", call.world.id.account),
        path,
        user_name: name.to_owned(),
        user_id: unique_id("AIDA"),
        create_date: call.now(),
        tags: tags(call),
        ..User::default()
    };
    let described = describe(&user);
    state.users.insert(name, user)?;
    Output::of(json!({ "User": described }))
}

fn get_user(call: &Call<'_>) -> Outcome {
    let account = &call.world.id.account;
    let Some(name) = call.optional_text("UserName") else {
        let root = json!({ "Path": "/", "UserName": "root", "UserId": account, "Arn": format!("arn:aws:iam::{account}:root"), "CreateDate": 0 });
        return Output::of(json!({ "User": root }));
    };
    let state = lock(&call.world.iam);
    let user = state.users.get(name).ok_or_else(|| no_such_user(name))?;
    Output::of(json!({ "User": describe(user) }))
}

fn list_users(call: &Call<'_>) -> Outcome {
    let prefix = call.optional_text("PathPrefix").unwrap_or("/");
    let state = lock(&call.world.iam);
    let mut users: Vec<_> = state.users.values().filter(|user| user.path.starts_with(prefix)).collect();
    users.sort_by(|a, b| a.user_name.cmp(&b.user_name));
    Output::of(page(call, "Users", users.into_iter().map(describe).collect()))
}

fn delete_user(call: &Call<'_>) -> Outcome {
    let name = call.text("UserName");
    let mut state = lock(&call.world.iam);
    let user = state.users.get(name).ok_or_else(|| no_such_user(name))?;
    for (there, what) in [
        (!user.access_keys.is_empty(), "delete access keys"),
        (!user.attached.is_empty(), "detach all policies"),
        (!user.policies.is_empty(), "delete policies"),
    ] {
        if there {
            let message = format!("Cannot delete entity, must {what} first.");
            return Err(ApiError::new("DeleteConflictException", message));
        }
    }
    state.users.remove(name)?;
    Ok(Output::empty())
}

fn create_access_key(call: &Call<'_>) -> Outcome {
    let created = change(call, |user| {
        if user.access_keys.len() >= MAX_KEYS {
            let message = "Cannot exceed quota for AccessKeysPerUser: 2";
            return Err(ApiError::new("LimitExceededException", message));
        }
        let id = ids::access_key_id(&call.world.id.account, uuid::Uuid::new_v4().as_bytes());
        let key = AccessKey {
            // Two generators' worth of randomness, in 40 characters as AWS's.
            secret_access_key: format!("{}{}", ids::short_id(20), ids::short_id(20)),
            status: "Active".to_owned(),
            create_date: call.now(),
        };
        let described = json!({
            "UserName": user.user_name, "AccessKeyId": id, "Status": key.status,
            "SecretAccessKey": key.secret_access_key, "CreateDate": key.create_date,
        });
        user.access_keys.insert(id, key);
        Ok(described)
    })?;
    Output::of(json!({ "AccessKey": created }))
}

fn list_access_keys(call: &Call<'_>) -> Outcome {
    let name = call.text("UserName");
    let state = lock(&call.world.iam);
    let user = state.users.get(name).ok_or_else(|| no_such_user(name))?;
    let keys = user.access_keys.iter().map(
        |(id, key)| json!({ "UserName": name, "AccessKeyId": id, "Status": key.status, "CreateDate": key.create_date }),
    );
    Output::of(page(call, "AccessKeyMetadata", keys.collect()))
}

fn no_such_key(id: &str) -> ApiError {
    ApiError::new("NoSuchEntityException", format!("The Access Key with id {id} cannot be found"))
}

fn update_access_key(call: &Call<'_>) -> Outcome {
    let id = call.text("AccessKeyId");
    change(call, |user| {
        let key = user.access_keys.get_mut(id).ok_or_else(|| no_such_key(id))?;
        call.text("Status").clone_into(&mut key.status);
        Ok(Output::empty())
    })
}

fn delete_access_key(call: &Call<'_>) -> Outcome {
    let id = call.text("AccessKeyId");
    change(call, |user| user.access_keys.shift_remove(id).map(|_| Output::empty()).ok_or_else(|| no_such_key(id)))
}

fn get_access_key_last_used(call: &Call<'_>) -> Outcome {
    let id = call.text("AccessKeyId");
    let state = lock(&call.world.iam);
    let user = state.users.values().find(|user| user.access_keys.contains_key(id)).ok_or_else(|| no_such_key(id))?;
    let used = match call.control.directory().last_use(id) {
        Some(used) => json!({ "LastUsedDate": used.at, "ServiceName": used.service, "Region": used.region }),
        None => json!({ "ServiceName": "N/A", "Region": "N/A" }),
    };
    Output::of(json!({ "UserName": user.user_name, "AccessKeyLastUsed": used }))
}
