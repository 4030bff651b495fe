//! What has happened to alarms.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::super::call::{Call, Entry, Outcome, op};
use super::super::world::lock;
use super::page;
use crate::clock::EpochMillis;
use crate::model::MetricAlarm;

pub(super) const OPERATIONS: &[Entry] = &[op("DescribeAlarmHistory", describe).partly("of this run alone")];

/// Items that are kept; the oldest go first.
const MAX_ITEMS: usize = 2_000;

/// The newest last.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<Item>);

/// One thing that has happened.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) alarm: String,
    pub(super) at: EpochMillis,
    /// `ConfigurationUpdate`, `StateUpdate` or `Action`
    pub(super) kind: &'static str,
    pub(super) summary: String,
    pub(super) data: String,
}

impl History {
    pub(super) fn add(&mut self, item: Item) {
        if self.0.len() >= MAX_ITEMS {
            self.0.pop_front();
        }
        self.0.push_back(item);
    }
}

/// That an alarm was made, changed or deleted.
pub(super) fn configured(alarm: &MetricAlarm, what: &'static str, at: EpochMillis) -> Item {
    let (done, field) = match what {
        "Create" => ("created", "createdAlarm"),
        "Delete" => ("deleted", "deletedAlarm"),
        _ => ("updated", "updatedAlarm"),
    };
    let about = json!({ "alarmName": alarm.alarm_name, "alarmArn": alarm.alarm_arn, "threshold": alarm.threshold });
    Item {
        alarm: alarm.alarm_name.clone(),
        at,
        kind: "ConfigurationUpdate",
        summary: format!("Alarm \"{}\" {done}", alarm.alarm_name),
        data: json!({ "version": "1.0", "type": what, field: about }).to_string(),
    }
}

fn describe(call: &Call<'_>) -> Outcome {
    let (name, kind) = (call.optional_text("AlarmName"), call.optional_text("HistoryItemType"));
    let (start, end) = (call.integer("StartDate"), call.integer("EndDate"));
    let wanted = |item: &&Item| {
        name.is_none_or(|name| item.alarm == name)
            && kind.is_none_or(|kind| item.kind == kind)
            && start.is_none_or(|start| item.at >= start)
            && end.is_none_or(|end| item.at <= end)
    };
    let described = |item: &Item| {
        json!({
            "AlarmName": item.alarm, "AlarmType": "MetricAlarm", "Timestamp": item.at,
            "HistoryItemType": item.kind, "HistorySummary": item.summary, "HistoryData": item.data,
        })
    };
    let state = lock(&call.world.cloudwatch);
    let mut items: Vec<Value> = state.history.0.iter().filter(wanted).map(described).collect();
    if call.optional_text("ScanBy") != Some("TimestampAscending") {
        items.reverse();
    }
    let size = call.integer("MaxRecords").and_then(|size| usize::try_from(size).ok()).unwrap_or(100);
    page(call, "AlarmHistoryItems", items, size)
}
