//! A stage's canary: another deployment of the API, or the same one with other variables, for a share of the requests.

use super::{RestSnapshot, compile_deployment};
use crate::chance::Chance;
use crate::compile::CompileError;
use crate::model::{CanarySettings, RestApi, Stage};

/// The canary of a stage.
#[derive(Debug)]
pub(crate) struct Canary {
    /// `percentTraffic`
    percent: f64,
    pub(super) snapshot: Box<RestSnapshot>,
}

/// Compiles one stage with its canary, if it has one: `api` as it was when the stage's deployment was made, `canary` as it
/// was at the canary's.
///
/// # Errors
/// Those of [`super::compile`], for either.
pub fn compile_with_canary(api: &RestApi, canary: &RestApi, stage: &Stage) -> Result<RestSnapshot, CompileError> {
    let Some(settings) = &stage.canary_settings else { return compile_deployment(api, stage, None) };
    let mut snapshot = compile_deployment(api, stage, Some(false))?;
    let of_canary = compile_deployment(canary, &canary_stage(stage, settings), Some(true))?;
    let new = of_canary.warnings.iter().filter(|warning| !snapshot.warnings.contains(warning)).cloned();
    let new: Vec<_> = new.collect();
    snapshot.warnings.extend(new);
    snapshot.canary = Some(Canary { percent: settings.percent_traffic, snapshot: Box::new(of_canary) });
    Ok(snapshot)
}

/// The stage as the canary has it. The name is the stage's, and with it the throttles: limits protect what is behind an
/// API, whichever deployment calls it, and AWS has one set of settings for both.
fn canary_stage(stage: &Stage, settings: &CanarySettings) -> Stage {
    let mut of_canary = stage.clone();
    if let Some(id) = &settings.deployment_id {
        of_canary.deployment_id.clone_from(id);
    }
    // AWS lays the overrides over the stage's variables; they may be new names, too.
    of_canary.variables.extend(settings.stage_variable_overrides.clone());
    of_canary
}

impl RestSnapshot {
    /// What serves a request: the canary, as often as its share says.
    pub(crate) fn choose(&self, chance: &Chance) -> &RestSnapshot {
        match &self.canary {
            Some(canary) if chance.percent() < canary.percent => &canary.snapshot,
            _ => self,
        }
    }

    /// What served a request, by its `isCanaryRequest`.
    pub(crate) fn served(&self, by_canary: Option<bool>) -> &RestSnapshot {
        match &self.canary {
            Some(canary) if by_canary == Some(true) => &canary.snapshot,
            _ => self,
        }
    }
}
