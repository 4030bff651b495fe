//! Lambda: functions with their versions, aliases, policies, limits and URLs, and event source mappings.
//!
//! A function is one record (`model::FunctionRecord`); every change of one is kept, then told to `lambda/host`, which runs
//! it. `rooms` holds what is needed for that. A template's functions are declared into the same state: they can be listed,
//! read, invoked, given aliases of `$LATEST`, permissions, limits and URLs, which last as long as the run; their code and
//! configuration are the template's alone.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/>

mod aliases;
mod code;
mod concurrency;
mod configuration;
mod declared;
mod describe;
mod event_invoke;
mod functions;
mod mappings;
mod names;
mod pages;
mod permissions;
mod rooms;
mod settings;
mod show;
mod tags;
#[cfg(test)]
mod tests;
mod urls;
mod versions;

use super::call::{ApiError, Call, Entry, elsewhere};
use super::documents::{Collection, DocumentsError, Scope};
use super::service_model;
use super::services::Service;
use super::world::lock;
use crate::model::FunctionRecord;

pub use self::rooms::FunctionRooms;
pub(crate) use self::urls::UrlTarget;

use self::mappings::MappingRecord;
use self::names::Name;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "lambda",
    model: &service_model::LAMBDA,
    operations: OPERATIONS,
    validation_error: "ValidationException",
    missing_token: "MissingAuthenticationTokenException",
    global: false,
};

/// What is here of it.
const OPERATIONS: &[&[Entry]] = &[
    functions::OPERATIONS,
    code::OPERATIONS,
    configuration::OPERATIONS,
    versions::OPERATIONS,
    aliases::OPERATIONS,
    permissions::OPERATIONS,
    concurrency::OPERATIONS,
    event_invoke::OPERATIONS,
    mappings::OPERATIONS,
    settings::OPERATIONS,
    tags::OPERATIONS,
    urls::OPERATIONS,
    &[elsewhere("Invoke"), elsewhere("InvokeAsync")],
];

/// What one account and region has of it.
pub(crate) struct State {
    functions: Collection<FunctionRecord>,
    mappings: Collection<MappingRecord>,
}

impl State {
    pub(crate) fn open(scope: &Scope) -> Result<State, DocumentsError> {
        Ok(State { functions: scope.collection("lambda/functions")?, mappings: scope.collection("lambda/mappings")? })
    }
}

/// Error codes.
const NOT_FOUND: &str = "ResourceNotFoundException";
const CONFLICT: &str = "ResourceConflictException";
const INVALID: &str = "InvalidParameterValueException";
const PRECONDITION: &str = "PreconditionFailedException";

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(INVALID, message)
}

/// The revision that a request was made for is not the present one.
fn check_revision(given: Option<&str>, present: &str, operations: &str) -> Result<(), ApiError> {
    if given.is_none_or(|given| given == present) {
        return Ok(());
    }
    let message = format!(
        "The Revision Id provided does not match the latest Revision Id. Call the {operations} API to retrieve the latest \
         Revision Id"
    );
    Err(ApiError::new(PRECONDITION, message))
}

fn new_revision() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A copy of a function's record.
fn read(call: &Call<'_>, name: &Name) -> Result<FunctionRecord, ApiError> {
    let state = lock(&call.world.lambda);
    state.functions.get(&name.function).cloned().ok_or_else(|| name.not_found(call))
}

/// Changes a function's record, and makes what it says of aliases, policies, limits and retries hold.
fn change<R>(
    call: &Call<'_>,
    name: &Name,
    change: impl FnOnce(&mut FunctionRecord) -> Result<R, ApiError>,
) -> Result<R, ApiError> {
    let mut state = lock(&call.world.lambda);
    let changed = state.functions.update(&name.function, change);
    let result = changed.unwrap_or_else(|| Err(name.not_found(call)))?;
    // While the state is held, so that two changes reach the host in the order in which they were kept.
    if let Some(record) = state.functions.get(&name.function) {
        call.control.function_rooms()?.configure(call.world, record)?;
    }
    Ok(result)
}

/// Refuses to change what the template says.
fn refuse_declared(call: &Call<'_>, name: &Name) -> Result<(), ApiError> {
    if !lock(&call.world.lambda).functions.is_declared(&name.function) {
        return Ok(());
    }
    let message = format!("The function {} is declared by the template that runs here: change it there", name.function);
    Err(ApiError::new(CONFLICT, message))
}
