//! What `update-stage` takes: it has rules and messages of its own.

use super::super::call::ApiError;
use super::errors::bad_request;
use super::patch::{Op, Patch};
use super::stages::{check_canary, check_size, check_variable};
use crate::model::{AccessLogSettings, CanarySettings, MethodSetting, Stage};

/// AWS's list, to the letter: three of its commas are missing there too.
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, \
    /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, \
    /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, \
    /{resourcePath}/{httpMethod}/logging/loglevel, \
    /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit\
    /{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, \
    /{resourcePath}/{httpMethod}/caching/dataEncrypted, \
    /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, \
    /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, \
    /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit \
    /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, \
    /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, \
    /variables/{variable_name}, /tracingEnabled";

fn invalid_path(patch: &Patch) -> ApiError {
    bad_request(format!("Invalid method setting path: {}. Must be one of: [{PATHS}]", patch.path))
}

/// Applies one operation to a copy of the stage. `deployed` tells which deployments there are.
///
/// # Errors
/// `BadRequestException`
pub(super) fn apply(stage: &mut Stage, patch: &Patch, deployed: impl Fn(&str) -> bool) -> Result<(), ApiError> {
    match patch.op {
        Op::Copy => copy(stage, patch),
        Op::Remove => remove(stage, patch),
        Op::Add | Op::Replace => set(stage, patch, deployed),
        Op::Move | Op::Test => Err(invalid_operation(patch)),
    }
}

fn invalid_operation(patch: &Patch) -> ApiError {
    bad_request(format!("Invalid {} operation with path: {}", patch.op.as_str(), patch.path))
}

/// Promotes what the canary has.
fn copy(stage: &mut Stage, patch: &Patch) -> Result<(), ApiError> {
    const DEPLOYMENT: &str = "/canarySettings/deploymentId";
    const OVERRIDES: &str = "/canarySettings/stageVariableOverrides";
    let from = patch.from.as_deref().unwrap_or("null");
    let path = patch.path.as_str();
    if !matches!((path, from), ("/deploymentId", DEPLOYMENT) | ("/variables", OVERRIDES)) {
        return Err(bad_request(format!(
            "Invalid copy operation with path: {path} and from {from}. Valid copy:path are [/deploymentId, /variables] \
             and valid copy:from are [{DEPLOYMENT}, {OVERRIDES}]"
        )));
    }
    let canary = stage.canary_settings.as_ref();
    let canary = canary.ok_or_else(|| bad_request("Promotion not available. Canary does not exist."))?;
    if path == "/variables" {
        stage.variables.extend(canary.stage_variable_overrides.clone());
    } else if let Some(id) = &canary.deployment_id {
        stage.deployment_id.clone_from(id);
    }
    Ok(())
}

fn remove(stage: &mut Stage, patch: &Patch) -> Result<(), ApiError> {
    let segments: Vec<_> = patch.segments.iter().map(String::as_str).collect();
    let removed = match segments[..] {
        ["canarySettings"] => stage.canary_settings.take().is_some(),
        ["canarySettings", "stageVariableOverrides"] => {
            let overrides = stage.canary_settings.as_mut().map(|canary| &mut canary.stage_variable_overrides);
            overrides.is_some_and(|overrides| !std::mem::take(overrides).is_empty())
        }
        ["canarySettings", "stageVariableOverrides", name] => {
            let canary = stage.canary_settings.as_mut();
            canary.is_some_and(|canary| canary.stage_variable_overrides.shift_remove(name).is_some())
        }
        ["variables", name] => {
            stage.variables.shift_remove(name);
            true
        }
        ["accessLogSettings"] => {
            stage.access_log_settings = None;
            true
        }
        ["accessLogSettings", "destinationArn" | "format"] => {
            if let Some(settings) = &mut stage.access_log_settings {
                match segments[1] {
                    "format" => settings.format = None,
                    _ => settings.destination_arn = None,
                }
                if *settings == AccessLogSettings::default() {
                    stage.access_log_settings = None;
                }
            }
            true
        }
        [_, .., _] => {
            let key = setting_key(stage, patch.path.trim_start_matches('/'));
            stage.method_settings.shift_remove(&key).is_some()
        }
        _ => return Err(invalid_path(patch)),
    };
    if removed {
        return Ok(());
    }
    // Whatever it was, AWS takes it for a method.
    let what = patch.path.trim_start_matches('/');
    Err(bad_request(format!("Cannot remove method setting {what} because there is no method setting for this method ")))
}

fn set(stage: &mut Stage, patch: &Patch, deployed: impl Fn(&str) -> bool) -> Result<(), ApiError> {
    let segments: Vec<_> = patch.segments.iter().map(String::as_str).collect();
    if patch.op == Op::Add && !matches!(segments[..], ["variables", _] | ["accessLogSettings", _]) {
        let known = set(&mut stage.clone(), &Patch { op: Op::Replace, ..patch.clone() }, deployed);
        return Err(known.err().unwrap_or_else(|| invalid_operation(patch)));
    }
    let no_deployment = || bad_request("Deployment id does not exist");
    match segments[..] {
        ["deploymentId"] => {
            if !deployed(patch.text()) {
                return Err(no_deployment());
            }
            patch.text().clone_into(&mut stage.deployment_id);
        }
        ["description"] => stage.description = patch.optional(),
        ["clientCertificateId"] => stage.client_certificate_id = patch.optional(),
        ["documentationVersion"] => stage.documentation_version = patch.optional(),
        ["tracingEnabled"] => stage.tracing_enabled = patch.boolean(),
        ["cacheClusterEnabled"] => stage.cache_cluster_enabled = patch.boolean(),
        ["cacheClusterSize"] => {
            check_size(patch.text())?;
            stage.cache_cluster_size = patch.optional();
        }
        ["variables", name] => {
            check_variable(name, patch.text())?;
            stage.variables.insert(name.to_owned(), patch.text().to_owned());
        }
        ["accessLogSettings", "destinationArn"] => {
            let settings = stage.access_log_settings.get_or_insert_default();
            settings.destination_arn = patch.optional();
        }
        ["accessLogSettings", "format"] => {
            let settings = stage.access_log_settings.get_or_insert_default();
            settings.format = patch.optional();
        }
        ["canarySettings", "deploymentId"] if !deployed(patch.text()) => return Err(no_deployment()),
        ["canarySettings", "deploymentId" | "percentTraffic" | "useStageCache"]
        | ["canarySettings", "stageVariableOverrides", _] => canary(stage, patch)?,
        ["canarySettings" | "variables" | "accessLogSettings", ..] => return Err(invalid_path(patch)),
        [_, _, .., _, _] => method_setting(stage, patch)?,
        _ => return Err(invalid_path(patch)),
    }
    Ok(())
}

fn canary(stage: &mut Stage, patch: &Patch) -> Result<(), ApiError> {
    let deployment_id = Some(stage.deployment_id.clone());
    let canary =
        stage.canary_settings.get_or_insert_with(|| CanarySettings { deployment_id, ..CanarySettings::default() });
    match patch.segment(1) {
        "deploymentId" => canary.deployment_id = patch.optional(),
        "percentTraffic" => canary.percent_traffic = patch.number()?,
        "useStageCache" => canary.use_stage_cache = patch.boolean(),
        _ => patch.entry(&mut canary.stage_variable_overrides),
    }
    check_canary(canary)
}

/// The key of a method's settings: as it was first written, whether with `~1` or with plain slashes.
fn setting_key(stage: &Stage, written: &str) -> String {
    let plain = |key: &str| key.replace("~1", "/").trim_start_matches('/').to_owned();
    let same = stage.method_settings.keys().find(|key| plain(key) == plain(written));
    same.map_or_else(|| written.to_owned(), String::clone)
}

fn method_setting(stage: &mut Stage, patch: &Patch) -> Result<(), ApiError> {
    let count = patch.segments.len();
    let written = patch.path.trim_start_matches('/');
    let written = written.rsplitn(3, '/').nth(2).unwrap_or_default();
    // A verb that stands for all of them has no settings of its own, but for all methods of all resources.
    let verb = patch.segment(count - 3);
    let known = matches!(verb, "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT");
    let name = (patch.segment(count - 2), patch.segment(count - 1));
    if written != "*/*" && (!known || written.starts_with("*/")) {
        return Err(invalid_path(patch));
    }
    let key = setting_key(stage, written);
    let mut setting = stage.method_settings.get(&key).or_else(|| stage.method_settings.get("*/*")).cloned();
    let setting = setting.get_or_insert_with(|| MethodSetting {
        throttling_burst_limit: Some(5_000),
        throttling_rate_limit: Some(10_000.0),
        ..MethodSetting::default()
    });
    match name {
        ("metrics", "enabled") => setting.metrics_enabled = patch.boolean(),
        ("logging", "dataTrace") => setting.data_trace_enabled = patch.boolean(),
        ("logging", "loglevel") => match patch.text() {
            "OFF" | "ERROR" | "INFO" => setting.logging_level = patch.optional(),
            other => {
                return Err(bad_request(format!("Invalid log level: {other}. Must be one of: [OFF, ERROR, INFO]")));
            }
        },
        ("throttling", "burstLimit") => setting.throttling_burst_limit = Some(patch.number()?),
        ("throttling", "rateLimit") => setting.throttling_rate_limit = Some(patch.number()?),
        ("caching", "enabled") => setting.caching_enabled = patch.boolean(),
        ("caching", "dataEncrypted") => setting.cache_data_encrypted = patch.boolean(),
        ("caching", "ttlInSeconds") => {
            setting.cache_ttl_in_seconds = patch.number()?;
            if setting.cache_ttl_in_seconds > 3_600 {
                return Err(bad_request("Invalid cache TTL, must be between 0 and 3600 seconds"));
            }
        }
        ("caching", "requireAuthorizationForCacheControl") => {
            setting.require_authorization_for_cache_control = patch.boolean();
        }
        ("caching", "unauthorizedCacheControlHeaderStrategy") => match patch.text() {
            strategy @ ("FAIL_WITH_403" | "SUCCEED_WITH_RESPONSE_HEADER" | "SUCCEED_WITHOUT_RESPONSE_HEADER") => {
                strategy.clone_into(&mut setting.unauthorized_cache_control_header_strategy);
            }
            other => return Err(bad_request(format!("Invalid unauthorized cache control header strategy: {other}"))),
        },
        _ => return Err(invalid_path(patch)),
    }
    let setting = setting.clone();
    stage.method_settings.insert(key, setting);
    Ok(())
}
