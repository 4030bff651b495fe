//! What one stage has observed of its requests: its access log and its meters.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::access_log::AccessLog;
use super::exchange::{Exchange, Kind};
use super::execution_log::{ExecutionLog, ExecutionLogGroup, Level};
use super::metrics::{Meter, MetricDimensions};
use crate::gateway::Gateway;
use crate::model::{Api, ApiStage, ProtocolType, RestApi, Stage};

/// The part of a stage's snapshot that concerns telemetry.
#[derive(Debug)]
pub(crate) struct StageTelemetry {
    kind: Kind,
    access_log: Option<AccessLog>,
    /// Where a method's execution is logged, if any method's is.
    execution_log: Option<ExecutionLogGroup>,
    /// `ApiName` of a REST API, `ApiId` of any other.
    api: (&'static str, String),
    stage: String,
    /// `EDGE`, `REGIONAL` or `PRIVATE`
    endpoint_type: String,
    /// For which methods or routes there are metrics of their own: patterns of method settings, or route keys.
    detailed: Vec<String>,
    detailed_by_default: bool,
    meter: OnceLock<Arc<Meter>>,
}

impl StageTelemetry {
    /// Of a REST API's stage; with it, what is declared and not done.
    pub(crate) fn rest(api: &RestApi, stage: &Stage) -> (StageTelemetry, Option<String>) {
        let settings = stage.access_log_settings.as_ref();
        let log = AccessLog::new(
            &api.id,
            &stage.stage_name,
            settings.and_then(|settings| settings.destination_arn.as_deref()),
            settings.and_then(|settings| settings.format.as_deref()),
        );
        let endpoint = api.endpoint_configuration.as_ref().and_then(|endpoint| endpoint.types.first());
        let detailed = stage.method_settings.iter().filter(|(_, setting)| setting.metrics_enabled);
        let telemetry = StageTelemetry {
            kind: Kind::Rest,
            access_log: None,
            execution_log: stage
                .method_settings
                .values()
                .any(|setting| Level::of(setting.logging_level.as_deref()) > Level::Off)
                .then(|| ExecutionLogGroup::new(&api.id, &stage.stage_name)),
            api: ("ApiName", api.name.clone()),
            stage: stage.stage_name.clone(),
            endpoint_type: endpoint.map_or_else(|| "EDGE".to_owned(), String::clone),
            detailed: detailed.map(|(pattern, _)| pattern.replace("~1", "/")).collect(),
            detailed_by_default: false,
            meter: OnceLock::new(),
        };
        telemetry.with_log(log)
    }

    /// Of a stage of an HTTP or WebSocket API; with it, what is declared and not done.
    pub(crate) fn v2(api: &Api, stage: &ApiStage) -> (StageTelemetry, Option<String>) {
        let settings = stage.access_log_settings.as_ref();
        let text = |member: &str| settings.and_then(|settings| settings.get(member)).and_then(Value::as_str);
        let log = AccessLog::new(&api.api_id, &stage.stage_name, text("DestinationArn"), text("Format"));
        let enabled = |detailed: Option<bool>| detailed == Some(true);
        let routes = stage.route_settings.iter().filter(|(_, route)| enabled(route.detailed_metrics_enabled));
        let telemetry = StageTelemetry {
            kind: if api.protocol_type == ProtocolType::Http { Kind::Http } else { Kind::WebSocket },
            access_log: None,
            execution_log: None,
            api: ("ApiId", api.api_id.clone()),
            stage: stage.stage_name.clone(),
            endpoint_type: "REGIONAL".to_owned(),
            detailed: routes.map(|(route, _)| route.clone()).collect(),
            detailed_by_default: stage
                .default_route_settings
                .as_ref()
                .is_some_and(|route| enabled(route.detailed_metrics_enabled)),
            meter: OnceLock::new(),
        };
        telemetry.with_log(log)
    }

    fn with_log(mut self, log: Result<Option<AccessLog>, String>) -> (StageTelemetry, Option<String>) {
        match log {
            Ok(log) => {
                self.access_log = log;
                (self, None)
            }
            Err(reason) => (self, Some(reason)),
        }
    }

    /// `EDGE`, `REGIONAL` or `PRIVATE`
    pub(super) fn endpoint_type(&self) -> &str {
        &self.endpoint_type
    }

    /// Counts a request and writes its line.
    pub(super) fn observe(&self, gateway: &Gateway, exchange: &Exchange<'_>) {
        let metrics = gateway.telemetry.metrics();
        let meter = self.meter.get_or_init(|| metrics.meter(self.kind.metrics(), self.dimensions()));
        let values = exchange.measures();
        metrics.record(meter, exchange.ended_at, &values);
        if let Some(dimensions) = self.detailed_dimensions(exchange) {
            let meter = metrics.meter(self.kind.metrics(), vec![dimensions]);
            metrics.record(&meter, exchange.ended_at, &values);
        }
        if let Some(log) = &self.access_log
            && log.is_of(&gateway.account_id, &gateway.region)
        {
            let line = log.format.render(|name| exchange.variable(name));
            // A canary's lines stand apart.
            let canary = (exchange.trail.canary == Some(true)).then(|| format!("{}/Canary", log.group));
            let group = canary.as_deref().unwrap_or(&log.group);
            gateway.telemetry.logs().append(group, &log.stream, exchange.ended_at, &line);
        }
    }

    /// Writes a request's execution log, where its method has one.
    pub(crate) fn log_execution(&self, gateway: &Gateway, canary: bool, log: &ExecutionLog) {
        if let Some(group) = &self.execution_log {
            group.write(&gateway.telemetry, canary, log);
        }
    }

    /// API Gateway counts for the API and for the stage.
    fn dimensions(&self) -> Vec<MetricDimensions> {
        let api = (self.api.0.to_owned(), self.api.1.clone());
        vec![vec![api.clone()], vec![api, ("Stage".to_owned(), self.stage.clone())]]
    }

    /// The dimensions of a method's or route's own metrics, where the stage asks for them.
    fn detailed_dimensions(&self, exchange: &Exchange<'_>) -> Option<MetricDimensions> {
        let trail = exchange.trail;
        let (method, resource) = (trail.http_method, trail.resource_path);
        let wanted = match self.kind {
            Kind::Rest => self.detailed.iter().any(|pattern| {
                let (path, verb) = pattern.rsplit_once('/').unwrap_or((pattern, "*"));
                let path = path.trim_start_matches('/');
                (path == "*" || path == resource.trim_start_matches('/')) && (verb == "*" || verb == method)
            }),
            Kind::Http | Kind::WebSocket => {
                self.detailed_by_default || self.detailed.iter().any(|key| key == trail.route_key)
            }
        };
        let nothing = if self.kind == Kind::WebSocket { trail.route_key.is_empty() } else { resource.is_empty() };
        if !wanted || nothing {
            return None;
        }
        let mut dimensions =
            vec![(self.api.0.to_owned(), self.api.1.clone()), ("Stage".to_owned(), self.stage.clone())];
        if self.kind == Kind::WebSocket {
            dimensions.push(("Route".to_owned(), trail.route_key.to_owned()));
        } else {
            dimensions.push(("Method".to_owned(), method.to_owned()));
            dimensions.push(("Resource".to_owned(), resource.to_owned()));
        }
        dimensions.sort();
        Some(dimensions)
    }
}
