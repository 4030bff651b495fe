//! Log groups: create, describe, delete, retention, tags.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::{invalid, logs, name_in, page, refused, strings};
use crate::model::LogGroup;
use crate::telemetry::Group;

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateLogGroup", create),
    op("DescribeLogGroups", describe).partly("other accounts' groups are not told"),
    op("DeleteLogGroup", delete),
    op("PutRetentionPolicy", put_retention),
    op("DeleteRetentionPolicy", delete_retention),
    op("PutLogGroupDeletionProtection", put_protection),
    op("TagLogGroup", tag_group),
    op("UntagLogGroup", untag_group),
    op("ListTagsLogGroup", list_tags_of_group),
    op("TagResource", tag),
    op("UntagResource", untag),
    op("ListTagsForResource", list_tags),
];

/// So many tags a group has at most.
const MAX_TAGS: usize = 50;
/// The days that AWS takes.
pub(super) const RETENTIONS: &[i64] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

fn create(call: &Call<'_>) -> Outcome {
    let about = LogGroup {
        log_group_name: call.text("logGroupName").to_owned(),
        creation_time: call.now(),
        retention_in_days: None,
        kms_key_id: call.optional_text("kmsKeyId").map(str::to_owned),
        log_group_class: call.optional_text("logGroupClass").unwrap_or("STANDARD").to_owned(),
        deletion_protection_enabled: call.boolean("deletionProtectionEnabled").unwrap_or_default(),
        tags: strings(call, "tags"),
    };
    logs(call).create_group(about).map_err(|error| refused(error, "log group"))?;
    Ok(Output::empty())
}

fn described(call: &Call<'_>, group: &Group) -> Value {
    let about = &group.about;
    let arn = call.world.arn("logs", &format!("log-group:{}", about.log_group_name));
    json!({
        "logGroupName": about.log_group_name,
        "creationTime": about.creation_time,
        "retentionInDays": about.retention_in_days,
        "metricFilterCount": 0,
        "arn": format!("{arn}:*"),
        "storedBytes": group.streams.values().map(crate::telemetry::Stream::bytes).sum::<usize>(),
        "kmsKeyId": about.kms_key_id,
        "logGroupClass": about.log_group_class,
        "logGroupArn": arn,
        "deletionProtectionEnabled": about.deletion_protection_enabled.then_some(true),
    })
}

fn describe(call: &Call<'_>) -> Outcome {
    let prefix = call.optional_text("logGroupNamePrefix");
    let pattern = call.optional_text("logGroupNamePattern").map(str::to_lowercase);
    if prefix.is_some() && pattern.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let named = call.member("logGroupIdentifiers").and_then(Value::as_array);
    let class = call.optional_text("logGroupClass");
    let wanted = |group: &Group| {
        let name = &group.about.log_group_name;
        prefix.is_none_or(|prefix| name.starts_with(prefix))
            && pattern.as_ref().is_none_or(|pattern| name.to_lowercase().contains(pattern))
            && class.is_none_or(|class| group.about.log_group_class == class)
            && named.is_none_or(|named| named.iter().filter_map(Value::as_str).any(|named| name_in(named) == name))
    };
    let items = logs(call).groups(|groups| {
        let wanted = groups.iter().filter(|(_, group)| wanted(group));
        wanted.map(|(name, group)| (name.clone(), described(call, group))).collect()
    });
    let (groups, next) = page(call, items, 50)?;
    Output::of(json!({ "logGroups": groups, "nextToken": next }))
}

fn delete(call: &Call<'_>) -> Outcome {
    logs(call).delete_group(call.text("logGroupName")).map_err(|error| refused(error, ""))?;
    Ok(Output::empty())
}

fn change(call: &Call<'_>, name: &str, change: impl FnOnce(&mut LogGroup)) -> Outcome {
    logs(call).change_group(name, change).map_err(|error| refused(error, ""))?;
    Ok(Output::empty())
}

fn put_retention(call: &Call<'_>) -> Outcome {
    let days = call.integer("retentionInDays").unwrap_or_default();
    if !RETENTIONS.contains(&days) {
        let known: Vec<_> = RETENTIONS.iter().map(ToString::to_string).collect();
        return Err(invalid(format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must \
             satisfy enum value set: [{}]",
            known.join(", ")
        )));
    }
    change(call, call.text("logGroupName"), |group| group.retention_in_days = Some(days))
}

fn delete_retention(call: &Call<'_>) -> Outcome {
    change(call, call.text("logGroupName"), |group| group.retention_in_days = None)
}

fn put_protection(call: &Call<'_>) -> Outcome {
    let protected = call.boolean("deletionProtectionEnabled").unwrap_or_default();
    let name = name_in(call.text("logGroupIdentifier"));
    change(call, name, |group| group.deletion_protection_enabled = protected)
}

fn add_tags(call: &Call<'_>, name: &str, code: &str) -> Outcome {
    let new = strings(call, "tags");
    let added = logs(call).change_group(name, |group| {
        let mut tags = group.tags.clone();
        tags.extend(new);
        if tags.len() > MAX_TAGS {
            return Err(ApiError::new(code, format!("The maximum number of tags, {MAX_TAGS}, would be exceeded.")));
        }
        group.tags = tags;
        Ok(())
    });
    added.map_err(|error| refused(error, ""))??;
    Ok(Output::empty())
}

fn remove_tags(call: &Call<'_>, name: &str, member: &str) -> Outcome {
    let keys = call.member(member).and_then(Value::as_array).into_iter().flatten();
    let keys: Vec<_> = keys.filter_map(Value::as_str).collect();
    change(call, name, |group| group.tags.retain(|key, _| !keys.contains(&key.as_str())))
}

fn tags_of(call: &Call<'_>, name: &str) -> Outcome {
    let tags: IndexMap<String, String> =
        logs(call).group(name, |group| group.about.tags.clone()).map_err(|error| refused(error, ""))?;
    Output::of(json!({ "tags": tags }))
}

fn tag_group(call: &Call<'_>) -> Outcome {
    add_tags(call, call.text("logGroupName"), "InvalidParameterException")
}

fn untag_group(call: &Call<'_>) -> Outcome {
    remove_tags(call, call.text("logGroupName"), "tags")
}

fn list_tags_of_group(call: &Call<'_>) -> Outcome {
    tags_of(call, call.text("logGroupName"))
}

fn tag(call: &Call<'_>) -> Outcome {
    add_tags(call, name_in(call.text("resourceArn")), "TooManyTagsException")
}

fn untag(call: &Call<'_>) -> Outcome {
    remove_tags(call, name_in(call.text("resourceArn")), "tagKeys")
}

fn list_tags(call: &Call<'_>) -> Outcome {
    tags_of(call, name_in(call.text("resourceArn")))
}
