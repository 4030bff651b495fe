//! `AWS::Logs::LogGroup`: how long what is logged is kept.

use crate::model::LogGroup;

use super::super::loader::Loader;
use super::super::sections::Resource;

/// Loads a group.
pub(in super::super) fn load_group<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let Ok(log_group_name) = loader.resolver.physical_id(resource) else { return };
    // Rules on what is logged, and indexes of it: nothing of what is kept here depends on them.
    properties.harmless(&["DataProtectionPolicy", "FieldIndexPolicies", "LogGroupName", "ResourcePolicyDocument"]);
    let group = LogGroup {
        log_group_name: log_group_name.clone(),
        creation_time: 0,
        retention_in_days: properties.integer("RetentionInDays", 1..=3_653).map(i64::from),
        kms_key_id: properties.string("KmsKeyId"),
        log_group_class: properties.string("LogGroupClass").unwrap_or_else(|| "STANDARD".to_owned()),
        deletion_protection_enabled: properties.boolean("DeletionProtectionEnabled").unwrap_or_default(),
        tags: properties.tags("Tags"),
    };
    if loader.claim("log group", &log_group_name, resource.at) {
        loader.model.log_groups.insert(log_group_name, group);
    }
}
