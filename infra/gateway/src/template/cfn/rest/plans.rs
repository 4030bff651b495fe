//! `AWS::ApiGateway::{ApiKey, UsagePlan, UsagePlanKey}`.

use indexmap::IndexMap;

use crate::model::{ApiKey, PlanStage, ProtocolType, QuotaSettings, ThrottleSettings, UsagePlan, UsagePlanKey};
use crate::template::loader::Loader;
use crate::template::names;
use crate::template::properties::Properties;
use crate::template::sections::Resource;

/// `AWS::ApiGateway::ApiKey`. A key without a value gets one that is the same each time.
pub(in crate::template) fn load_api_key<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["GenerateDistinctId"]);
    let options = loader.resolver.options;
    let stage_keys = properties.objects("StageKeys").into_iter().filter_map(|stage| {
        Some(format!("{}/{}", stage.required_string("RestApiId")?, stage.required_string("StageName")?))
    });
    let value = properties.string("Value");
    if value.as_ref().is_some_and(|value| !(20..=128).contains(&value.chars().count())) {
        properties.error("Value", "must have 20 to 128 characters");
    }
    let id = names::api_id(&resource.logical_id);
    let key = ApiKey {
        id: id.clone(),
        value: Some(value.unwrap_or_else(|| names::api_key_value(options, &resource.logical_id))),
        name: Some(properties.string("Name").unwrap_or_else(|| names::generated(options, &resource.logical_id))),
        customer_id: properties.string("CustomerId"),
        description: properties.string("Description"),
        // CloudFormation's default, which surprises many.
        enabled: properties.boolean("Enabled").unwrap_or(false),
        stage_keys: stage_keys.collect(),
        tags: properties.tags("Tags"),
        ..ApiKey::default()
    };
    if let Some(twin) = loader.model.api_keys.values().find(|other| other.value == key.value) {
        properties.error("Value", format!("is that of the API key '{}' too", twin.id));
        return;
    }
    loader.model.api_keys.insert(id, key);
}

/// `AWS::ApiGateway::UsagePlan`
pub(in crate::template) fn load_usage_plan<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let id = names::api_id(&resource.logical_id);
    let mut plan = UsagePlan { id: id.clone(), ..UsagePlan::default() };
    for stage in properties.objects("ApiStages") {
        let (Some(api_id), Some(name)) = (stage.required_string("ApiId"), stage.required_string("Stage")) else {
            continue;
        };
        let mut methods = IndexMap::new();
        for (method, _, node) in stage.members("Throttle") {
            let settings = stage.reader(stage.path(&format!("Throttle.{method}")), node);
            methods.insert(method.to_owned(), throttle(&settings));
        }
        check_stage(loader, &stage, &api_id, &name);
        plan.api_stages.push(PlanStage { api_id, stage: name, throttle: methods });
    }
    read_plan(&properties, &mut plan);
    if plan.name.is_empty() {
        plan.name = names::generated(loader.resolver.options, &resource.logical_id);
    }
    loader.model.usage_plans.insert(id, plan);
}

/// What CloudFormation's plans and SAM's have in common; what is not said stays as it is.
pub(in crate::template) fn read_plan(properties: &Properties<'_>, plan: &mut UsagePlan) {
    if let Some(name) = properties.string("UsagePlanName") {
        plan.name = name;
    }
    plan.description = properties.string("Description").or(plan.description.take());
    plan.tags.extend(properties.tags("Tags"));
    if let Some(settings) = properties.object("Throttle") {
        plan.throttle = Some(throttle(&settings));
    }
    if let Some(quota) = properties.object("Quota") {
        plan.quota = read_quota(&quota);
    }
}

fn read_quota(quota: &Properties<'_>) -> Option<QuotaSettings> {
    quota.require("Period");
    quota.require("Limit");
    let period = quota.one_of("Period", &["DAY", "WEEK", "MONTH"]);
    let limit = quota.whole("Limit", 0..=i32::MAX);
    let most = match period.as_deref() {
        Some("DAY") => 0,
        Some("WEEK") => 6,
        _ => 27,
    };
    let offset = quota.whole("Offset", 0..=most).unwrap_or(0);
    Some(QuotaSettings { limit: limit?, offset, period: period? })
}

fn throttle(settings: &Properties<'_>) -> ThrottleSettings {
    let throttle = ThrottleSettings {
        burst_limit: settings.whole("BurstLimit", 0..=i32::MAX).unwrap_or(0),
        rate_limit: settings.number("RateLimit", 0.0..=f64::MAX).unwrap_or(0.0),
    };
    for (there, missing) in [("RateLimit", "BurstLimit"), ("BurstLimit", "RateLimit")] {
        if settings.has(there) && !settings.has(missing) {
            settings.unsupported(there, &format!("without {missing}, which is 0 then: every request is throttled"));
        }
    }
    throttle
}

/// A plan may be for a stage that was created through the API, but not for one that its own API does not have.
fn check_stage(loader: &Loader<'_>, stage: &Properties<'_>, api_id: &str, name: &str) {
    let rest = loader.rest.get(api_id).map(|api| api.api.stages.contains_key(name));
    let socket = || {
        let api = loader.apis.get(api_id).filter(|api| api.api.protocol_type == ProtocolType::WebSocket);
        api.map(|api| api.api.stages.contains_key(name))
    };
    match rest.or_else(socket) {
        Some(true) => {}
        Some(false) => stage.error("Stage", format!("is '{name}', which is no stage of the API '{api_id}'")),
        None if loader.apis.contains_key(api_id) => {
            stage.error("ApiId", "is an HTTP API, and those have no usage plans");
        }
        None => {
            stage.unsupported("ApiId", &format!("there is no API '{api_id}' in this template: nobody is let in by it"))
        }
    }
}

/// `AWS::ApiGateway::UsagePlanKey`
pub(in crate::template) fn load_usage_plan_key<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.require("KeyType");
    properties.one_of("KeyType", &["API_KEY"]);
    let (key, plan) = (properties.required_string("KeyId"), properties.required_string("UsagePlanId"));
    let (Some(key), Some(plan)) = (key, plan) else { return };
    if !loader.model.usage_plans.contains_key(&plan) {
        properties.error("UsagePlanId", format!("is '{plan}', which is no usage plan of this template"));
    } else if let Err(why) = join(loader, &key, &plan) {
        properties.error("KeyId", why);
    }
}

/// Puts a key into a plan.
///
/// # Errors
/// Why it cannot be in it.
pub(in crate::template) fn join(loader: &mut Loader<'_>, key_id: &str, plan_id: &str) -> Result<(), String> {
    let model = &mut loader.model;
    let (Some(key), Some(plan)) = (model.api_keys.get(key_id), model.usage_plans.get(plan_id)) else {
        return Err(format!("is '{key_id}', which is no API key of this template"));
    };
    let entry = format!("{plan_id}/{key_id}");
    if model.usage_plan_keys.contains_key(&entry) {
        return Err(format!("is '{key_id}', which is in the usage plan '{plan_id}' already"));
    }
    let others = model.usage_plan_keys.keys().filter_map(|entry| entry.split_once('/'));
    for (other, _) in others.filter(|(_, key)| *key == key_id) {
        let bound = |stage: &&PlanStage| {
            let other = model.usage_plans.get(other).into_iter().flat_map(|plan| &plan.api_stages);
            other.into_iter().any(|known| known.api_id == stage.api_id && known.stage == stage.stage)
        };
        if let Some(PlanStage { api_id, stage, .. }) = plan.api_stages.iter().find(bound) {
            return Err(format!(
                "is '{key_id}', which has the usage plan '{other}' for the stage {api_id}:{stage}: a key has one at most"
            ));
        }
    }
    let member = UsagePlanKey {
        id: key.id.clone(),
        key_type: "API_KEY".to_owned(),
        value: key.value.clone().unwrap_or_default(),
        name: key.name.clone(),
    };
    model.usage_plan_keys.insert(entry, member);
    Ok(())
}
