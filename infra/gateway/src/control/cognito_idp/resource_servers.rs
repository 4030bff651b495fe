//! Resource servers with their scopes, and domains: kept, since there is no hosted sign-in page that would use them.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::pools::page;
use super::state::MAX_GROUPS;
use super::{invalid, limit_exceeded, not_found};
use crate::model::UserPoolResourceServer;

const KEPT: &str = "kept only: there is no hosted sign-in page";

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateResourceServer", create),
    op("DescribeResourceServer", describe),
    op("ListResourceServers", list),
    op("UpdateResourceServer", update),
    op("DeleteResourceServer", delete),
    op("CreateUserPoolDomain", create_domain).partly(KEPT),
    op("DescribeUserPoolDomain", describe_domain).partly(KEPT),
    op("DeleteUserPoolDomain", delete_domain).partly(KEPT),
];

fn missing() -> ApiError {
    not_found("Resource server does not exist.")
}

fn key(call: &Call<'_>) -> String {
    format!("{}/{}", call.text("UserPoolId"), call.text("Identifier"))
}

fn create(call: &Call<'_>) -> Outcome {
    let server: UserPoolResourceServer = call.parse()?;
    let mut state = lock(&call.world.cognito_idp);
    state.pool(&server.user_pool_id)?;
    if state.resource_servers.contains(&key(call)) {
        let message = format!("{} already exists in user pool {}.", server.identifier, server.user_pool_id);
        return Err(invalid(message));
    }
    if state.resource_servers.len() >= MAX_GROUPS {
        return Err(limit_exceeded(format!("{MAX_GROUPS} resource servers are here, and there are no more")));
    }
    state.resource_servers.insert(key(call), server.clone())?;
    Output::of(json!({ "ResourceServer": server }))
}

fn describe(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    state.pool(call.text("UserPoolId"))?;
    Output::of(json!({ "ResourceServer": state.resource_servers.get(&key(call)).ok_or_else(missing)? }))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    let pool = &state.pool(call.text("UserPoolId"))?.id;
    let servers = state.resource_servers.values().filter(|server| server.user_pool_id == *pool);
    let servers = servers.map(|server| (server.identifier.as_str(), json!(server)));
    page(call, "ResourceServers", ("MaxResults", "NextToken"), servers)
}

fn update(call: &Call<'_>) -> Outcome {
    let given: UserPoolResourceServer = call.parse()?;
    let mut state = lock(&call.world.cognito_idp);
    state.pool(&given.user_pool_id)?;
    let change = |server: &mut UserPoolResourceServer| {
        *server = given;
        Output::of(json!({ "ResourceServer": server }))
    };
    state.resource_servers.update(&key(call), change).unwrap_or_else(|| Err(missing()))
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    state.pool(call.text("UserPoolId"))?;
    state.resource_servers.remove(&key(call))?.ok_or_else(missing)?;
    Ok(Output::empty())
}

fn create_domain(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let pool = state.pool(call.text("UserPoolId"))?.id.clone();
    let domain = call.text("Domain");
    if state.domains.contains(domain) {
        return Err(invalid("Domain already associated with another user pool."));
    }
    if state.domains.values().any(|of| *of == pool) {
        return Err(invalid("User pool already has a domain configured."));
    }
    state.domains.insert(domain, pool)?;
    Ok(Output::empty())
}

fn describe_domain(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    let domain = call.text("Domain");
    let described = match state.domains.get(domain) {
        Some(pool) => json!({
            "UserPoolId": pool, "Domain": domain, "AWSAccountId": call.world.id.account, "Status": "ACTIVE",
        }),
        // As on AWS: a domain that is nobody's has no description.
        None => Value::Object(serde_json::Map::new()),
    };
    Output::of(json!({ "DomainDescription": described }))
}

fn delete_domain(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let (pool, domain) = (state.pool(call.text("UserPoolId"))?.id.clone(), call.text("Domain"));
    if state.domains.get(domain) != Some(&pool) {
        return Err(invalid("No such domain or user pool exists."));
    }
    state.domains.remove(domain)?;
    Ok(Output::empty())
}
