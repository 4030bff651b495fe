//! What the commands `ferrogate stage` and `ferrogate canary` do: the same operations as `update-stage` and
//! `flush-stage-cache`, on whatever of this machine the command names.

mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::Control;
use super::super::world::{World, WorldId, lock};
use super::patch::{Op, Patch};
use super::{publish, stages};
use crate::model::{RestApi, Stage};
use crate::stage_command::{StageAct, StageCommand, StageDone, StageReport};

impl Control {
    /// Does what the command says; what was done.
    ///
    /// # Errors
    /// What the command names and is not there, with what is, or why AWS too would refuse it. Nothing has changed then.
    pub(crate) fn command_stage(&self, command: &StageCommand) -> Result<StageReport, String> {
        let region = command.region.as_deref().unwrap_or(&self.gateway.region);
        let id = WorldId::new(&*self.gateway.account_id, region);
        let world = self.world(&id).map_err(|error| error.message)?;
        let (api, declared) = {
            let state = lock(&world.apigateway);
            let all: Vec<&RestApi> = state.apis.values().collect();
            let api = find(&all, &command.api, region)?.clone();
            let declared = state.apis.is_declared(&api.id);
            (api, declared)
        };
        let mut report = StageReport { api: label(&api), ..StageReport::default() };
        match &command.act {
            StageAct::FlushCache => {
                let stages: Vec<&str> = match &command.stage {
                    Some(_) => vec![&stage(&api, command, |_| true)?.stage_name],
                    None if api.stages.is_empty() => {
                        return Err(stage(&api, command, |_| true).err().unwrap_or_default());
                    }
                    None => api.stages.keys().map(String::as_str).collect(),
                };
                report.stages = stages.into_iter().map(|stage| flushed(self, &api.id, stage)).collect();
                return Ok(report);
            }
            StageAct::Set(given) => {
                let operations = given.iter().map(|given| settings::parse(given)).collect::<Result<Vec<_>, _>>()?;
                let stage = stage(&api, command, |_| true)?;
                report.stages.push(changed(self, &world, &api.id, stage, &operations)?);
            }
            StageAct::SetCanary { percent, variables, deployment } => {
                let stage = stage(&api, command, |_| true)?;
                let operations = set_canary(*percent, variables, deployment.as_deref());
                report.stages.push(changed(self, &world, &api.id, stage, &operations)?);
            }
            StageAct::PromoteCanary { remove } => {
                let stage = with_canary(&api, command)?;
                let mut operations = promotion();
                if *remove {
                    operations.push(removal());
                } else {
                    let id = &stage.stage_name;
                    report.notes.push(format!(
                        "The canary stays, with no share of the requests, as on AWS; `ferrogate canary remove {} {id}` ends it.",
                        command.api
                    ));
                }
                report.stages.push(changed(self, &world, &api.id, stage, &operations)?);
            }
            StageAct::RemoveCanary => {
                let stage = with_canary(&api, command)?;
                report.stages.push(changed(self, &world, &api.id, stage, &[removal()])?);
            }
        }
        if declared {
            report.notes.push(
                "The template declares this stage: when it is deployed again (a change of its files, a restart), what it \
                 says counts again."
                    .to_owned(),
            );
        }
        Ok(report)
    }
}

/// `users (a1b2c3)`, or the id alone.
fn label(api: &RestApi) -> String {
    match api.logical_id.as_deref().unwrap_or(&api.name) {
        name if name.is_empty() || name == api.id => api.id.clone(),
        name => format!("{name} ({})", api.id),
    }
}

/// The API that has this id, or else this logical id, or else this name.
fn find<'a>(all: &[&'a RestApi], wanted: &str, region: &str) -> Result<&'a RestApi, String> {
    let by =
        |is: &dyn Fn(&RestApi) -> bool| -> Vec<&'a RestApi> { all.iter().copied().filter(|api| is(api)).collect() };
    let kinds: [&dyn Fn(&RestApi) -> bool; 3] =
        [&|api| api.id == wanted, &|api| api.logical_id.as_deref() == Some(wanted), &|api| api.name == wanted];
    let list = |apis: &[&RestApi]| apis.iter().map(|api| label(api)).collect::<Vec<_>>().join(", ");
    for kind in kinds {
        match by(kind)[..] {
            [] => {}
            [one] => return Ok(one),
            ref several => {
                return Err(format!(
                    "{wanted:?} is the name of several REST APIs: name one by its id: {}",
                    list(several)
                ));
            }
        }
    }
    Err(match all.is_empty() {
        true => format!("there is no REST API {wanted:?}: there is none at all in {region} here"),
        false => format!("there is no REST API {wanted:?} in {region} here; there are: {}", list(all)),
    })
}

/// The stage that the command names, or the only one that `fits`.
fn stage<'a>(api: &'a RestApi, command: &StageCommand, fits: impl Fn(&Stage) -> bool) -> Result<&'a Stage, String> {
    let names = || api.stages.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let api_label = label(api);
    if api.stages.is_empty() {
        return Err(format!("{api_label} has no stage: deploy it to one first"));
    }
    match &command.stage {
        Some(name) => api
            .stages
            .get(name)
            .ok_or_else(|| format!("{api_label} has no stage {name:?}; its stages are: {}", names())),
        None => {
            let fitting: Vec<&Stage> = api.stages.values().filter(|stage| fits(stage)).collect();
            match fitting[..] {
                [one] => Ok(one),
                _ => Err(format!("which stage of {api_label}? Its stages are: {}", names())),
            }
        }
    }
}

/// The same, of those that have a canary.
fn with_canary<'a>(api: &'a RestApi, command: &StageCommand) -> Result<&'a Stage, String> {
    let has = |stage: &Stage| stage.canary_settings.is_some();
    let none = |whose: String| {
        let api = &command.api;
        format!("{whose} has no canary; make one with `ferrogate canary set {api} STAGE --percent N`")
    };
    if command.stage.is_none() && !api.stages.is_empty() && !api.stages.values().any(has) {
        return Err(none(label(api)));
    }
    let stage = stage(api, command, has)?;
    if has(stage) { Ok(stage) } else { Err(none(format!("{}, stage {},", label(api), stage.stage_name))) }
}

fn flushed(control: &Control, api_id: &str, stage: &str) -> StageDone {
    let line = match publish::flush(control, api_id, stage) {
        None => "has no cache (cacheClusterEnabled is false): nothing to forget".to_owned(),
        Some(1) => "1 response forgotten".to_owned(),
        Some(count) => format!("{count} responses forgotten"),
    };
    StageDone { stage: stage.to_owned(), lines: vec![line] }
}

/// Applies the operations, and says what has become another by them.
fn changed(
    control: &Control,
    world: &World,
    api_id: &str,
    stage: &Stage,
    operations: &[Patch],
) -> Result<StageDone, String> {
    let name = &stage.stage_name;
    let (before, after) = stages::change(control, world, (api_id, name), operations).map_err(|error| error.message)?;
    let mut lines = Vec::new();
    let shown = |stage: &Stage| serde_json::to_value(stage).unwrap_or_default();
    compare("", &shown(&before), &shown(&after), &mut lines);
    if lines.is_empty() {
        lines.push("nothing to change: it is so already".to_owned());
    }
    Ok(StageDone { stage: name.clone(), lines })
}

/// Adds a line for each value that differs, by its place in what `get-stage` shows.
fn compare(path: &str, before: &Value, after: &Value, lines: &mut Vec<String>) {
    let nothing = serde_json::Map::new();
    if before == after || path == "lastUpdatedDate" {
        return;
    }
    if before.is_object() || after.is_object() {
        let (before, after) = (before.as_object().unwrap_or(&nothing), after.as_object().unwrap_or(&nothing));
        // In the order of their names, wherever they are.
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let path = if path.is_empty() { key.clone() } else { format!("{path} {key}") };
            compare(&path, before.get(key).unwrap_or(&Value::Null), after.get(key).unwrap_or(&Value::Null), lines);
        }
        return;
    }
    let text = |value: &Value| match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    lines.push(format!("{path}: {} → {}", text(before), text(after)));
}

fn replace(path: &str, value: &str) -> Patch {
    Patch::new(Op::Replace, path, Some(value), None)
}

fn removal() -> Patch {
    Patch::new(Op::Remove, "/canarySettings", None, None)
}

/// AWS's recipe, in its order.
fn promotion() -> Vec<Patch> {
    let copy = |from: &str, path: &str| Patch::new(Op::Copy, path, None, Some(from));
    vec![
        replace("/canarySettings/percentTraffic", "0.0"),
        copy("/canarySettings/stageVariableOverrides", "/variables"),
        copy("/canarySettings/deploymentId", "/deploymentId"),
    ]
}

fn set_canary(percent: Option<f64>, variables: &[(String, String)], deployment: Option<&str>) -> Vec<Patch> {
    let deployment = deployment.map(|id| replace("/canarySettings/deploymentId", id));
    let percent = percent.map(|percent| replace("/canarySettings/percentTraffic", &percent.to_string()));
    let variables =
        variables.iter().map(|(name, value)| replace(&format!("/canarySettings/stageVariableOverrides/{name}"), value));
    deployment.into_iter().chain(percent).chain(variables).collect()
}
