//! A template's user pools, in the same state as those that are created.
//!
//! What a template says comes back with it; what it cannot say is kept: the pool's key, its users and their sign-ins. They
//! outlast a template that names the pool no more, and are there again when it does.

use serde_json::{Map, Value};

use super::super::Control;
use super::super::call::ApiError;
use super::super::service_model::{Member, ShapeType};
use super::super::validate;
use super::super::world::{World, lock};
use super::keys::StoredKey;
use super::{SERVICE, State, clients, declare_users, pools, triggers};
use crate::model::{UserPool, UserPoolClient, UserPools};

impl Control {
    /// Makes a template's user pools part of the default world's state, in place of those that it declared before.
    ///
    /// # Errors
    /// When a setting is none that AWS takes, or the store fails; the text says which.
    pub(crate) async fn declare_user_pools(&self, declared: &UserPools) -> Result<(), String> {
        let world = self.default_world().map_err(|error| error.message)?;
        let pools = declared.pools.values().map(sound_pool).collect::<Result<Vec<_>, _>>()?;
        let clients = declared.clients.values().map(sound_client).collect::<Result<Vec<_>, _>>()?;
        make_keys(&world, &pools).await.map_err(|error| error.message)?;
        {
            let mut state = lock(&world.cognito_idp);
            let now = self.clock().now();
            declare(&mut state, declared, pools, clients, now).map_err(|error| error.message)?;
        }
        declare_users::declare(&world, declared, self.clock().now()).await.map_err(|error| error.message)
    }
}

/// Makes the keys that are missing.
async fn make_keys(world: &World, pools: &[UserPool]) -> Result<(), ApiError> {
    for pool in pools {
        if lock(&world.cognito_idp).keys.contains(&pool.id) {
            continue;
        }
        let key = tokio::task::spawn_blocking(StoredKey::generate).await.map_err(ApiError::internal)??;
        lock(&world.cognito_idp).keys.insert(pool.id.clone(), key)?;
    }
    Ok(())
}

fn declare(
    state: &mut State,
    declared: &UserPools,
    pools: Vec<UserPool>,
    clients: Vec<UserPoolClient>,
    now: i64,
) -> Result<(), ApiError> {
    for mut pool in pools {
        let former = state.pools.get(&pool.id);
        if former.is_none_or(|former| former.settings != pool.settings) {
            triggers::warn(&pool);
        }
        pool.creation_date = former.map_or(now, |former| former.creation_date);
        pool.last_modified_date = now;
        state.pools.declare(pool.id.clone(), pool)?;
    }
    for mut client in clients {
        client.creation_date = state.clients.get(&client.client_id).map_or(now, |former| former.creation_date);
        client.last_modified_date = now;
        state.clients.declare(client.client_id.clone(), client)?;
    }
    for (key, group) in &declared.groups {
        let mut group = group.clone();
        group.creation_date = state.groups.get(key).map_or(now, |former| former.creation_date);
        group.last_modified_date = now;
        state.groups.declare(key.clone(), group)?;
    }
    for (key, server) in &declared.resource_servers {
        state.resource_servers.declare(key.clone(), server.clone())?;
    }
    for (domain, pool) in &declared.domains {
        state.domains.declare(domain.clone(), pool.clone())?;
    }
    state.domains.retain_declared(|domain| declared.domains.contains_key(domain));
    state.resource_servers.retain_declared(|key| declared.resource_servers.contains_key(key));
    state.groups.retain_declared(|key| declared.groups.contains_key(key));
    state.clients.retain_declared(|id| declared.clients.contains_key(id));
    state.pools.retain_declared(|id| declared.pools.contains_key(id));
    Ok(())
}

fn sound_pool(pool: &UserPool) -> Result<UserPool, String> {
    let mut pool = pool.clone();
    let what = format!("user pool {}", pool.name);
    let mut members = coerced("CreateUserPoolRequest", &pool.settings).map_err(|why| format!("{what}: {why}"))?;
    members.insert("PoolName".to_owned(), pool.name.as_str().into());
    check("CreateUserPoolRequest", &members).map_err(|why| format!("{what}: {why}"))?;
    pool.settings = pools::settings_of(&members).map_err(|error| format!("{what}: {}", error.message))?;
    Ok(pool)
}

fn sound_client(client: &UserPoolClient) -> Result<UserPoolClient, String> {
    let mut client = client.clone();
    let what = format!("user pool client {}", client.client_name);
    let shape = "CreateUserPoolClientRequest";
    let mut members = coerced(shape, &client.settings).map_err(|why| format!("{what}: {why}"))?;
    members.insert("UserPoolId".to_owned(), client.user_pool_id.as_str().into());
    members.insert("ClientName".to_owned(), client.client_name.as_str().into());
    check(shape, &members).map_err(|why| format!("{what}: {why}"))?;
    client.settings = clients::settings_of(&members).map_err(|error| format!("{what}: {}", error.message))?;
    Ok(client)
}

fn check(shape: &str, members: &Map<String, Value>) -> Result<(), String> {
    let model = SERVICE.model;
    validate::violations(model, model.named(shape), members, false).map_or(Ok(()), Err)
}

/// Members with the types that the API has: a template may write `"true"` and `"8"`.
fn coerced(shape: &str, members: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let shape = SERVICE.model.named(shape);
    let mut out = Map::new();
    for (name, value) in members {
        let member = shape.members.get(name).ok_or_else(|| format!("{name} is no setting"))?;
        out.insert(name.clone(), coerce(member, value, name)?);
    }
    Ok(out)
}

fn coerce(member: &Member, value: &Value, path: &str) -> Result<Value, String> {
    let shape = SERVICE.model.shape(member);
    let wrong = |expected: &str| Err(format!("{path} must be {expected}, not {value}"));
    match (shape.kind, value) {
        (ShapeType::Structure, Value::Object(object)) => {
            let mut out = Map::new();
            for (name, value) in object {
                let path = format!("{path}.{name}");
                let member = shape.members.get(name).ok_or_else(|| format!("{path} is no setting"))?;
                out.insert(name.clone(), coerce(member, value, &path)?);
            }
            Ok(Value::Object(out))
        }
        (ShapeType::List, Value::Array(items)) => {
            let Some(of) = shape.member.as_deref() else { return Ok(value.clone()) };
            let items = items.iter().enumerate().map(|(index, item)| coerce(of, item, &format!("{path}.{index}")));
            items.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        (ShapeType::Map, Value::Object(object)) => {
            let Some(of) = shape.value.as_deref() else { return Ok(value.clone()) };
            let entries = object
                .iter()
                .map(|(key, item)| Ok::<_, String>((key.clone(), coerce(of, item, &format!("{path}.{key}"))?)));
            entries.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        (ShapeType::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (ShapeType::Boolean, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => wrong("true or false"),
        },
        (ShapeType::Integer | ShapeType::Long, Value::Number(number)) if number.is_i64() || number.is_u64() => {
            Ok(value.clone())
        }
        (ShapeType::Integer | ShapeType::Long, Value::String(text)) => {
            text.parse::<i64>().map(Value::from).or_else(|_| wrong("a whole number"))
        }
        (ShapeType::String, Value::String(_)) => Ok(value.clone()),
        (ShapeType::String, Value::Number(_) | Value::Bool(_)) => Ok(value.to_string().into()),
        (ShapeType::Structure | ShapeType::Map, _) => wrong("a mapping"),
        (ShapeType::List, _) => wrong("a list"),
        (ShapeType::Boolean, _) => wrong("true or false"),
        (ShapeType::Integer | ShapeType::Long, _) => wrong("a whole number"),
        _ => wrong("a string"),
    }
}
