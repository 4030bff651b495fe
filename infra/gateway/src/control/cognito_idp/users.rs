//! Lists of users.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::call::{Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::filter::Filter;
use super::invalid;
use super::user::User;

pub(super) const OPERATIONS: &[Entry] = &[op("ListUsers", list)];

/// Where a user stands among all: a page goes on after the last one that was shown, also where that one is gone.
fn place(user: &User) -> (i64, &str) {
    (user.created, &user.username)
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    let pool = &state.pool(call.text("UserPoolId"))?.id;
    let filter = Filter::read(call.text("Filter"))?;
    let wanted = call.member("AttributesToGet").and_then(Value::as_array);
    let mut users: Vec<&User> = state.users_of(pool).map(|(_, user)| user).collect();
    users.retain(|user| filter.as_ref().is_none_or(|filter| filter.takes(user)));
    users.sort_by(|a, b| place(a).cmp(&place(b)));
    if let Some(token) = call.optional_text("PaginationToken") {
        let broken = || invalid("Invalid pagination token.");
        let text =
            URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(broken)?;
        let (created, username) = text.split_once(' ').ok_or_else(broken)?;
        let last = (created.parse::<i64>().map_err(|_| broken())?, username);
        users.retain(|user| place(user) > last);
    }
    let limit = call.integer("Limit").and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(60);
    let more = users.len() > limit;
    users.truncate(limit);
    let next = users.last().filter(|_| more).map(|user| {
        let (created, username) = place(user);
        URL_SAFE_NO_PAD.encode(format!("{created} {username}"))
    });
    let shown = |name: &str| wanted.is_none_or(|wanted| wanted.iter().any(|want| want == name));
    let users: Vec<Value> = users
        .iter()
        .map(|user| {
            let mut described = user.describe("Attributes", shown);
            if let (Some(_), Some(list)) = (wanted, described["Attributes"].as_array_mut()) {
                list.retain(|attribute| attribute["Name"].as_str().is_some_and(shown));
            }
            described
        })
        .collect();
    Output::of(json!({ "Users": users, "PaginationToken": next }))
}
