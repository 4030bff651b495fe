//! Groups, and who is in them.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::pools::page;
use super::state::MAX_GROUPS;
use super::user::User;
use super::{limit_exceeded, not_found};
use crate::model::UserPoolGroup;

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateGroup", create),
    op("GetGroup", get),
    op("ListGroups", list),
    op("UpdateGroup", update),
    op("DeleteGroup", delete),
    op("AdminAddUserToGroup", add),
    op("AdminRemoveUserFromGroup", remove),
    op("AdminListGroupsForUser", of_user),
    op("ListUsersInGroup", members),
];

fn key(group: &UserPoolGroup) -> String {
    format!("{}/{}", group.user_pool_id, group.group_name)
}

fn take(call: &Call<'_>, group: &mut UserPoolGroup) {
    let text = |name: &str| call.optional_text(name).map(str::to_owned);
    group.description = text("Description").or(group.description.take());
    group.role_arn = text("RoleArn").or(group.role_arn.take());
    group.precedence = call.integer("Precedence").or(group.precedence);
    group.last_modified_date = call.now();
}

fn create(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let pool = state.pool(call.text("UserPoolId"))?.id.clone();
    let name = call.text("GroupName");
    if state.group(&pool, name).is_ok() {
        return Err(ApiError::new("GroupExistsException", "A group with the name already exists."));
    }
    if state.groups.len() >= MAX_GROUPS {
        return Err(limit_exceeded(format!("{MAX_GROUPS} groups are here, and there are no more")));
    }
    let mut group = UserPoolGroup {
        group_name: name.to_owned(),
        user_pool_id: pool,
        creation_date: call.now(),
        ..UserPoolGroup::default()
    };
    take(call, &mut group);
    state.groups.insert(key(&group), group.clone())?;
    Output::of(json!({ "Group": group }))
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    Output::of(json!({ "Group": state.group(call.text("UserPoolId"), call.text("GroupName"))? }))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    let pool = &state.pool(call.text("UserPoolId"))?.id;
    let groups = state.groups.values().filter(|group| group.user_pool_id == *pool);
    page(call, "Groups", ("Limit", "NextToken"), groups.map(|group| (group.group_name.as_str(), json!(group))))
}

fn update(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let key = key(state.group(call.text("UserPoolId"), call.text("GroupName"))?);
    let change = |group: &mut UserPoolGroup| {
        take(call, group);
        Output::of(json!({ "Group": group }))
    };
    state.groups.update(&key, change).unwrap_or_else(|| Err(not_found("Group not found.")))
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let group = state.group(call.text("UserPoolId"), call.text("GroupName"))?.clone();
    let in_it = state.users_of(&group.user_pool_id).filter(|(_, user)| user.groups.contains_key(&group.group_name));
    let in_it: Vec<String> = in_it.map(|(key, _)| key.to_owned()).collect();
    for user in in_it {
        state.change_user(&user, |user| {
            user.groups.shift_remove(&group.group_name);
            Ok(())
        })?;
    }
    state.groups.remove(&key(&group))?;
    Ok(Output::empty())
}

fn change(call: &Call<'_>, change: impl FnOnce(&mut User, &str)) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let (user, _) = state.user_of(call.text("UserPoolId"), call.text("Username"))?;
    let group = state.group(call.text("UserPoolId"), call.text("GroupName"))?.group_name.clone();
    state.change_user(&user, |user| {
        change(user, &group);
        Ok(())
    })?;
    Ok(Output::empty())
}

fn add(call: &Call<'_>) -> Outcome {
    change(call, |user, group| {
        user.groups.entry(group.to_owned()).or_insert(call.now());
    })
}

fn remove(call: &Call<'_>) -> Outcome {
    change(call, |user, group| {
        user.groups.shift_remove(group);
    })
}

fn of_user(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    let (_, user) = state.user_of(call.text("UserPoolId"), call.text("Username"))?;
    let groups = user.groups.keys().filter_map(|name| state.group(&user.pool, name).ok());
    page(call, "Groups", ("Limit", "NextToken"), groups.map(|group| (group.group_name.as_str(), json!(group))))
}

fn members(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    let group = state.group(call.text("UserPoolId"), call.text("GroupName"))?;
    let mut in_it: Vec<(i64, &User)> = state
        .users_of(&group.user_pool_id)
        .filter_map(|(_, user)| Some((*user.groups.get(&group.group_name)?, user)))
        .collect();
    in_it.sort_by_key(|(joined, user)| (*joined, user.username.clone()));
    let shown = |user: &User| -> Value { user.describe("Attributes", |_| true) };
    let users = in_it.iter().map(|(_, user)| (user.username.as_str(), shown(user)));
    page(call, "Users", ("Limit", "NextToken"), users)
}
