//! `Auth.UsagePlan` of an `AWS::Serverless::Api`: a usage plan, a key and the key in the plan, which SAM makes for each API
//! (`PER_API`) or once for all of them (`SHARED`).

use crate::model::{ApiKey, PlanStage, UsagePlan};

use super::super::cfn::rest::{join, read_plan};
use super::super::loader::Loader;
use super::super::names;
use super::super::node::Node;
use super::super::properties::Properties;
use super::super::sections::Resource;

/// What the logical ids of the shared ones begin with.
const SHARED: &str = "Serverless";

/// What SAM makes, by the ends of their logical ids.
const MADE: [&str; 3] = ["UsagePlan", "UsagePlanKey", "ApiKey"];

/// What SAM makes for the stage of an API.
pub(super) fn load<'t>(loader: &mut Loader<'t>, resource: &Resource, auth: &Properties<'t>, api_id: &str, stage: &str) {
    let Some(properties) = auth.object("UsagePlan") else { return };
    properties.require("CreateUsagePlan");
    let prefix = match properties.one_of("CreateUsagePlan", &["PER_API", "SHARED", "NONE"]).as_deref() {
        Some("PER_API") => resource.logical_id.as_str(),
        Some("SHARED") => SHARED,
        // Whatever else stands there has no effect on AWS either.
        _ => return properties.rest_is_harmless(),
    };
    let options = loader.resolver.options;
    let (plan_name, key_name) = (format!("{prefix}UsagePlan"), format!("{prefix}ApiKey"));
    let (plan_id, key_id) = (names::api_id(&plan_name), names::api_id(&key_name));
    let new = || UsagePlan { id: plan_id.clone(), name: names::generated(options, &plan_name), ..UsagePlan::default() };
    let plan = loader.model.usage_plans.entry(plan_id.clone()).or_insert_with(new);
    plan.api_stages.push(PlanStage { api_id: api_id.to_owned(), stage: stage.to_owned(), ..PlanStage::default() });
    read_plan(&properties, plan);
    if loader.model.api_keys.contains_key(&key_id) {
        return;
    }
    let key = ApiKey {
        id: key_id.clone(),
        value: Some(names::api_key_value(options, &key_name)),
        name: Some(names::generated(options, &key_name)),
        enabled: true,
        stage_keys: vec![format!("{api_id}/{stage}")],
        ..ApiKey::default()
    };
    loader.model.api_keys.insert(key_id.clone(), key);
    if let Err(why) = join(loader, &key_id, &plan_id) {
        properties.error("CreateUsagePlan", format!("makes a key that {why}"));
    }
}

/// The id of what SAM makes for `api` under this name: `ApiUsagePlan`, `ServerlessApiKey`, and `Api.UsagePlan` for both.
pub(in super::super) fn made(api: &Resource, name: &str) -> Option<String> {
    let create = api.properties.get("Auth")?.get("UsagePlan")?.get("CreateUsagePlan").and_then(Node::scalar)?;
    let prefix = match create.as_str() {
        "PER_API" => api.logical_id.as_str(),
        "SHARED" => SHARED,
        _ => return None,
    };
    let dotted = name.strip_prefix(api.logical_id.as_str()).and_then(|rest| rest.strip_prefix('.'));
    let kind = dotted.or_else(|| name.strip_prefix(prefix)).filter(|kind| MADE.contains(kind))?;
    Some(names::api_id(&format!("{prefix}{kind}")))
}
