//! What belongs to the account rather than to one API: roles, API keys, usage plans.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::document::{Document, Resource, parsed, reference, tags};
use crate::model::{PlanStage, Role, ThrottleSettings};

/// Adds the roles.
pub(super) fn add_roles(document: &mut Document<'_>) {
    let roles: Vec<_> = document.model.roles.values().collect();
    for role in roles {
        let id = document.ids.declared_or(None, &role.role_name, "Role");
        let path = role.path.trim_start_matches('/');
        document.references.role(&format!("{path}{}", role.role_name), &id);
        document.add(&id, role_resource(role));
    }
}

fn role_resource(role: &Role) -> Resource {
    let policies: Vec<Value> = role
        .policies
        .iter()
        .map(|(name, document)| json!({ "PolicyName": name, "PolicyDocument": parsed(Some(document)) }))
        .collect();
    // A policy of the account's own would have to be there before the role.
    let (managed, own): (Vec<String>, Vec<String>) =
        role.attached.iter().cloned().partition(|arn| arn.contains("::aws:"));
    let resource = Resource::new("AWS::IAM::Role")
        .with("RoleName", role.role_name.as_str())
        .unless("Path", role.path.as_str(), "/")
        .with("Description", role.description.clone())
        .with("AssumeRolePolicyDocument", parsed(Some(&role.assume_role_policy_document)))
        .unless("MaxSessionDuration", role.max_session_duration, 3_600)
        .with("ManagedPolicyArns", managed)
        .with("Policies", policies)
        .with("Tags", tags(&role.tags));
    match own.is_empty() {
        true => resource,
        false => resource.note(format!("It has policies that are not in here: {}.", own.join(", "))),
    }
}

/// Adds API keys, usage plans, and which key is in which plan.
pub(super) fn add_plans(document: &mut Document<'_>) {
    let model = document.model;
    let mut keys = HashMap::new();
    for key in model.api_keys.values() {
        let id = document.ids.declared_or(None, key.name.as_deref().unwrap_or_default(), "ApiKey");
        let resource = Resource::new("AWS::ApiGateway::ApiKey")
            .with("Name", key.name.clone())
            .with("Description", key.description.clone())
            .with("CustomerId", key.customer_id.clone())
            .with("Enabled", key.enabled)
            .with("Tags", tags(&key.tags))
            .note("Its value is a secret, so it is not in here: API Gateway makes a new one.");
        document.add(&id, resource);
        keys.insert(key.id.as_str(), id);
    }
    for (plan_id, plan) in &model.usage_plans {
        let id = document.ids.declared_or(None, &plan.name, "UsagePlan");
        let stages: Vec<Value> = plan.api_stages.iter().map(|stage| plan_stage(document, stage)).collect();
        let quota = plan
            .quota
            .as_ref()
            .map(|quota| json!({ "Limit": quota.limit, "Offset": quota.offset, "Period": quota.period }));
        let resource = Resource::new("AWS::ApiGateway::UsagePlan")
            .with("UsagePlanName", plan.name.as_str())
            .with("Description", plan.description.clone())
            .with("ApiStages", stages)
            .with("Throttle", plan.throttle.as_ref().map(throttle))
            .with("Quota", quota)
            .with("Tags", tags(&plan.tags));
        document.add(&id, resource);
        for key in model.usage_plan_keys.keys() {
            let of_plan = key.split_once('/').filter(|(plan, _)| plan == plan_id);
            let Some(key_id) = of_plan.and_then(|(_, key)| keys.get(key)) else { continue };
            let name = document.ids.make(&[&id, key_id]);
            let resource = Resource::new("AWS::ApiGateway::UsagePlanKey")
                .with("KeyId", reference(key_id))
                .with("KeyType", "API_KEY")
                .with("UsagePlanId", reference(&id));
            document.add(&name, resource);
        }
    }
}

fn plan_stage(document: &Document<'_>, stage: &PlanStage) -> Value {
    // By the stage's resource, so that it is made first.
    let name = match document.stages.get(&(stage.api_id.clone(), stage.stage.clone())) {
        Some(id) => reference(id),
        None => json!(stage.stage),
    };
    let api = document.references.api_named(&stage.api_id).map_or_else(|| json!(stage.api_id), reference);
    let mut body = json!({ "ApiId": api, "Stage": name });
    if !stage.throttle.is_empty() {
        let methods = stage.throttle.iter().map(|(method, settings)| (method.clone(), throttle(settings)));
        body["Throttle"] = Value::Object(methods.collect());
    }
    body
}

fn throttle(settings: &ThrottleSettings) -> Value {
    json!({ "BurstLimit": settings.burst_limit, "RateLimit": settings.rate_limit })
}
