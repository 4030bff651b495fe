//! How requests name a function, and how answers do.

use super::super::call::{ApiError, Call};
use super::super::world::World;
use super::{NOT_FOUND, invalid};
use crate::lambda::parse_function_name;
use crate::model::{FunctionRecord, LATEST};

/// A function, with the version or alias that is meant of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) function: String,
    pub(super) qualifier: Option<String>,
}

impl Name {
    /// From `FunctionName` (a name, an ARN or a partial ARN, perhaps with a qualifier) and `Qualifier`.
    ///
    /// # Errors
    /// When they contradict each other, or name another region. Another account is not told apart: programs that were
    /// written for one run as they are.
    pub(super) fn of(call: &Call<'_>) -> Result<Name, ApiError> {
        Name::parse(call, call.text("FunctionName"), call.optional_text("Qualifier"))
    }

    pub(super) fn parse(call: &Call<'_>, identifier: &str, qualifier: Option<&str>) -> Result<Name, ApiError> {
        let (function, inline) = parse_function_name(identifier)
            .ok_or_else(|| invalid(format!("{identifier} is not the name or ARN of a function")))?;
        if inline.zip(qualifier).is_some_and(|(inline, qualifier)| inline != qualifier) {
            return Err(invalid(
                "The derived qualifier from the function name does not match the specified qualifier.",
            ));
        }
        if let Some(region) = identifier.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2))
            && region != call.world.id.region
        {
            let here = &call.world.id.region;
            let message = format!("Functions from '{region}' are not reachable in this region ('{here}')");
            return Err(ApiError::new(NOT_FOUND, message));
        }
        Ok(Name { function: function.to_owned(), qualifier: qualifier.or(inline).map(str::to_owned) })
    }

    /// The qualifier; empty for none and for `$LATEST`, which are one for policies and URLs.
    pub(super) fn own_qualifier(&self) -> &str {
        self.qualifier.as_deref().filter(|qualifier| *qualifier != LATEST).unwrap_or_default()
    }

    /// The ARN, with the qualifier if there is one.
    pub(super) fn arn(&self, world: &World) -> String {
        arn(world, &self.function, self.qualifier.as_deref())
    }

    pub(super) fn not_found(&self, call: &Call<'_>) -> ApiError {
        ApiError::new(NOT_FOUND, format!("Function not found: {}", self.arn(call.world)))
    }

    /// Refuses a qualifier that is no version and no alias.
    pub(super) fn check_qualifier(&self, call: &Call<'_>, record: &FunctionRecord) -> Result<(), ApiError> {
        let Some(qualifier) = self.qualifier.as_deref() else { return Ok(()) };
        if record.versions.contains_key(qualifier) || record.aliases.contains_key(qualifier) {
            return Ok(());
        }
        if is_version(qualifier) {
            return Err(self.not_found(call));
        }
        Err(ApiError::new(NOT_FOUND, format!("Cannot find alias arn: {}", self.arn(call.world))))
    }
}

/// Whether a qualifier has the form of a version.
pub(super) fn is_version(qualifier: &str) -> bool {
    qualifier == LATEST || qualifier.bytes().all(|byte| byte.is_ascii_digit())
}

/// `arn:aws:lambda:{region}:{account}:function:{name}[:{qualifier}]`
pub(super) fn arn(world: &World, function: &str, qualifier: Option<&str>) -> String {
    let arn = world.arn("lambda", &format!("function:{function}"));
    match qualifier {
        Some(qualifier) => format!("{arn}:{qualifier}"),
        None => arn,
    }
}
