//! User pools.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op, op_async};
use super::super::world::{World, lock};
use super::keys::StoredKey;
use super::random::MIXED;
use super::state::{MAX_POOLS, State};
use super::{attributes, invalid, limit_exceeded, tags, triggers};
use crate::model::UserPool;

const PARTLY: &str = "there is no MFA (a pool that demands it signs nobody in); mail settings, threat protection and the \
                      triggers for messages, migration and custom challenges are kept and do nothing; PreTokenGeneration \
                      is called as V1";

pub(super) const OPERATIONS: &[Entry] = &[
    op_async("CreateUserPool", create).partly(PARTLY),
    op("DescribeUserPool", describe),
    op("ListUserPools", list),
    op("UpdateUserPool", update).partly(PARTLY),
    op("DeleteUserPool", delete),
    op("AddCustomAttributes", add_custom_attributes),
];

/// Members that are not settings.
const OWN: &[&str] = &["PoolName", "UserPoolId", "UserPoolTags"];
/// Settings that only `CreateUserPool` has, and so an update leaves as they are.
const FIXED: &[&str] = &["Schema", "AliasAttributes", "UsernameAttributes", "UsernameConfiguration"];
/// Attributes of a pool's own.
const MAX_CUSTOM: usize = 50;

/// What is kept of an input, with AWS's defaults; sound, or refused.
pub(super) fn settings_of(members: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let mut settings = members.clone();
    settings.retain(|name, _| !OWN.contains(&name.as_str()));
    let mut default = |name: &str, value: Value| {
        settings.entry(name).or_insert(value);
    };
    default("DeletionProtection", "INACTIVE".into());
    default("MfaConfiguration", "OFF".into());
    default("LambdaConfig", json!({}));
    let policy = json!({
        "MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true,
        "RequireSymbols": true, "TemporaryPasswordValidityDays": 7,
    });
    default("AdminCreateUserConfig", json!({ "AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 7 }));
    default("EmailConfiguration", json!({ "EmailSendingAccount": "COGNITO_DEFAULT" }));
    default("VerificationMessageTemplate", json!({ "DefaultEmailOption": "CONFIRM_WITH_CODE" }));
    default("UserPoolTier", "ESSENTIALS".into());
    default("Policies", json!({}));
    if let Some(policies) = settings.get_mut("Policies").and_then(Value::as_object_mut) {
        policies.entry("PasswordPolicy").or_insert(policy);
    }
    if settings.contains_key("AliasAttributes") && settings.contains_key("UsernameAttributes") {
        return Err(invalid("Only one of the aliasAttributes or usernameAttributes can be set in a user pool."));
    }
    Ok(settings)
}

/// `UserPoolType`
fn shown(world: &World, state: &State, pool: &UserPool) -> Value {
    let mut all = pool.settings.clone();
    all.shift_remove("Schema");
    all.insert("Id".to_owned(), pool.id.as_str().into());
    all.insert("Name".to_owned(), pool.name.as_str().into());
    all.insert("Arn".to_owned(), arn(world, &pool.id).into());
    all.insert("CreationDate".to_owned(), pool.creation_date.into());
    all.insert("LastModifiedDate".to_owned(), pool.last_modified_date.into());
    all.insert("SchemaAttributes".to_owned(), attributes::schema(pool));
    all.insert("EstimatedNumberOfUsers".to_owned(), state.users_of(&pool.id).count().into());
    all.insert("UserPoolTags".to_owned(), json!(pool.tags));
    if let Some((domain, _)) = state.domains.iter().find(|(_, of)| **of == pool.id) {
        all.insert("Domain".to_owned(), domain.into());
    }
    Value::Object(all)
}

pub(super) fn arn(world: &World, pool: &str) -> String {
    world.arn("cognito-idp", &format!("userpool/{pool}"))
}

fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let settings = settings_of(&call.input.members)?;
        let key = tokio::task::spawn_blocking(StoredKey::generate).await.map_err(ApiError::internal)??;
        let mut state = lock(&call.world.cognito_idp);
        if state.pools.len() >= MAX_POOLS {
            return Err(limit_exceeded(format!("{MAX_POOLS} user pools are here, and there are no more")));
        }
        let id = format!("{}_{}", call.world.id.region, state.random.letters(MIXED, 9)?);
        let pool = UserPool {
            id: id.clone(),
            name: call.text("PoolName").to_owned(),
            creation_date: call.now(),
            last_modified_date: call.now(),
            settings,
            tags: tags::strings(call, "UserPoolTags"),
        };
        triggers::warn(&pool);
        state.keys.insert(id.clone(), key)?;
        state.pools.insert(id, pool.clone())?;
        Output::of(json!({ "UserPool": shown(call.world, &state, &pool) }))
    }
    .boxed()
}

fn describe(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    let pool = state.pool(call.text("UserPoolId"))?;
    Output::of(json!({ "UserPool": shown(call.world, &state, pool) }))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    let all = state.pools.values().map(|pool| {
        let shown = json!({
            "Id": pool.id, "Name": pool.name, "LambdaConfig": pool.settings.get("LambdaConfig"),
            "CreationDate": pool.creation_date, "LastModifiedDate": pool.last_modified_date,
        });
        (pool.id.as_str(), shown)
    });
    page(call, "UserPools", ("MaxResults", "NextToken"), all)
}

fn update(call: &Call<'_>) -> Outcome {
    let mut settings = settings_of(&call.input.members)?;
    let mut state = lock(&call.world.cognito_idp);
    let id = state.pool(call.text("UserPoolId"))?.id.clone();
    let now = call.now();
    let change = |pool: &mut UserPool| {
        // As on AWS: what an update leaves out goes back to its default, but for what can never change.
        for name in FIXED {
            if let Some(value) = pool.settings.get(*name) {
                settings.insert((*name).to_owned(), value.clone());
            }
        }
        pool.settings = settings;
        if let Some(name) = call.optional_text("PoolName") {
            pool.name = name.to_owned();
        }
        if call.member("UserPoolTags").is_some() {
            pool.tags = tags::strings(call, "UserPoolTags");
        }
        pool.last_modified_date = now;
        triggers::warn(pool);
        Ok(Output::empty())
    };
    state.pools.update(&id, change).unwrap_or_else(|| Ok(Output::empty()))
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let pool = state.pool(call.text("UserPoolId"))?;
    let id = pool.id.clone();
    if pool.settings.get("DeletionProtection").and_then(Value::as_str) == Some("ACTIVE") {
        let message = "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be \
                       inactivated first.";
        return Err(invalid(message));
    }
    if state.domains.values().any(|of| *of == id) && !state.pools.is_declared(&id) {
        return Err(invalid("User pool cannot be deleted. It has a domain configured that should be deleted first."));
    }
    state.remove_pool(&id)?;
    Ok(Output::empty())
}

fn add_custom_attributes(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let id = state.pool(call.text("UserPoolId"))?.id.clone();
    let change = |pool: &mut UserPool| {
        let given = call.member("CustomAttributes").and_then(Value::as_array).cloned().unwrap_or_default();
        let schema = pool.settings.entry("Schema").or_insert_with(|| json!([]));
        let all = schema.as_array_mut().ok_or_else(|| ApiError::internal("a schema is no list"))?;
        for entry in given {
            if all.iter().any(|known| known["Name"] == entry["Name"]) {
                let name = entry["Name"].as_str().unwrap_or_default();
                return Err(invalid(format!("custom:{name}: Existing attribute already has name custom:{name}.")));
            }
            all.push(entry);
        }
        if all.len() > MAX_CUSTOM {
            return Err(limit_exceeded("Number of custom attributes exceeds the limit"));
        }
        Ok(Output::empty())
    };
    state.pools.update(&id, change).unwrap_or_else(|| Ok(Output::empty()))
}

/// One page of `all` under `member`, by the members that say how many and where it goes on: the id of the last one shown.
pub(super) fn page<'i>(
    call: &Call<'_>,
    member: &str,
    (limit, token): (&str, &str),
    all: impl Iterator<Item = (&'i str, Value)>,
) -> Outcome {
    let limit = call.integer(limit).and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let mut rest: Vec<_> = all.collect();
    if let Some(last) = call.optional_text(token) {
        let place = rest.iter().position(|(id, _)| *id == last);
        rest.drain(..=place.ok_or_else(|| invalid("Invalid pagination token."))?);
    }
    let limit = limit.unwrap_or(60);
    let next = (rest.len() > limit).then(|| rest[limit - 1].0.to_owned());
    rest.truncate(limit);
    let items: Vec<Value> = rest.into_iter().map(|(_, shown)| shown).collect();
    Output::of(json!({ member: items, token: next }))
}
