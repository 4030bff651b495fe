//! Published versions.

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::names::Name;
use super::show::{self, Phase};
use super::{check_revision, invalid, new_revision, pages, read, refuse_declared};
use crate::model::{Alias, FunctionRecord, FunctionVersion, LATEST};

pub(super) const OPERATIONS: &[Entry] =
    &[op("PublishVersion", publish_version), op("ListVersionsByFunction", list_versions)];

/// Publishes `$LATEST`. Where nothing has changed since it was last published, that version is given again, as on AWS.
pub(super) fn publish(record: &mut FunctionRecord, description: Option<&str>) -> Result<FunctionVersion, ApiError> {
    let latest = record.latest().cloned().ok_or_else(|| ApiError::internal("a function without $LATEST"))?;
    let last = record.versions.get(&record.last_version.to_string());
    if let Some(last) = last.filter(|last| is_same(last, &latest)) {
        return Ok(last.clone());
    }
    record.last_version += 1;
    let number = record.last_version.to_string();
    let mut published = FunctionVersion { version: number.clone(), revision_id: new_revision(), ..latest };
    if let Some(description) = description {
        description.clone_into(&mut published.description);
    }
    record.versions.insert(number, published.clone());
    if let Some(latest) = record.versions.get_mut(LATEST) {
        latest.revision_id = new_revision();
    }
    Ok(published)
}

/// Whether two versions differ in nothing that matters for what they do.
fn is_same(one: &FunctionVersion, other: &FunctionVersion) -> bool {
    let bare = |version: &FunctionVersion| FunctionVersion {
        version: String::new(),
        description: String::new(),
        revision_id: String::new(),
        last_modified: 0,
        ..version.clone()
    };
    bare(one) == bare(other)
}

/// Whether an alias sends calls to a version.
pub(super) fn is_pointed_at(alias: &Alias, version: &str) -> bool {
    alias.function_version == version
        || alias.routing_config.as_ref().is_some_and(|routing| routing.additional_version_weights.contains_key(version))
}

fn publish_version(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    read(call, &name)?;
    refuse_declared(call, &name)?;
    let rooms = call.control.function_rooms()?;
    let mut state = lock(&call.world.lambda);
    let changed = state.functions.update(&name.function, |record| {
        let latest = record.latest().ok_or_else(|| name.not_found(call))?;
        check_revision(call.optional_text("RevisionId"), &latest.revision_id, "GetFunction/GetAlias")?;
        if let Some(given) = call.optional_text("CodeSha256").filter(|given| !given.is_empty())
            && given != latest.code_sha256
        {
            return Err(invalid(format!(
                "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the \
                 CodeSHA256 in $LATEST.",
                latest.code_sha256
            )));
        }
        let before = record.last_version;
        let version = publish(record, call.optional_text("Description").filter(|text| !text.is_empty()))?;
        Ok((version, record.last_version > before))
    });
    let (version, is_new) = changed.unwrap_or_else(|| Err(name.not_found(call)))?;
    if is_new {
        rooms.run(call.world, &name.function, &version)?;
    }
    let record = state.functions.get(&name.function).ok_or_else(|| name.not_found(call))?;
    let phase = if is_new { Phase::Creating } else { Phase::Settled };
    let members = show::configuration(call.world, record, &version, Some(&version.version), phase);
    Ok(Output { members, ..Output::default() })
}

fn list_versions(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name)?;
    let shown = record
        .versions
        .values()
        .map(|version| show::configuration(call.world, &record, version, Some(&version.version), Phase::Untold).into());
    pages::page(call, "Versions", shown.collect())
}
