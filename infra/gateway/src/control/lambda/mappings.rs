//! Event source mappings: DynamoDB streams read for functions. `lambda/event_sources` does the reading.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op, op_async};
use super::super::world::{World, lock};
use super::names::Name;
use super::{CONFLICT, NOT_FOUND, invalid, pages};
use crate::lambda::{EventSourceState, MappingError, parse_function_name};
use crate::model::{DestinationConfig, EventSourceMapping, FilterCriteria, StartingPosition};

pub(super) const OPERATIONS: &[Entry] = &[
    op_async("CreateEventSourceMapping", create).partly(
        "DynamoDB streams are read and other sources refused; one batch at a time, destinations are told nothing",
    ),
    op("GetEventSourceMapping", get),
    op("ListEventSourceMappings", list),
    op_async("UpdateEventSourceMapping", update),
    op_async("DeleteEventSourceMapping", delete),
];

/// A mapping as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MappingRecord {
    pub(super) mapping: EventSourceMapping,
    #[serde(default)]
    pub(super) tags: IndexMap<String, String>,
    /// Epoch milliseconds.
    pub(super) last_modified: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    enabled: Option<bool>,
    batch_size: Option<u32>,
    filter_criteria: Option<FilterCriteria>,
    maximum_batching_window_in_seconds: Option<u32>,
    parallelization_factor: Option<u32>,
    destination_config: Option<DestinationConfig>,
    maximum_record_age_in_seconds: Option<i32>,
    bisect_batch_on_function_error: Option<bool>,
    maximum_retry_attempts: Option<i32>,
    function_response_types: Option<Vec<String>>,
}

impl Given {
    fn apply(self, mapping: &mut EventSourceMapping) -> Result<(), ApiError> {
        fn set<T>(value: Option<T>, to: &mut T) {
            if let Some(value) = value {
                *to = value;
            }
        }
        set(self.enabled, &mut mapping.enabled);
        set(self.batch_size, &mut mapping.batch_size);
        set(self.maximum_batching_window_in_seconds, &mut mapping.maximum_batching_window_in_seconds);
        set(self.parallelization_factor, &mut mapping.parallelization_factor);
        set(self.maximum_record_age_in_seconds, &mut mapping.maximum_record_age_in_seconds);
        set(self.bisect_batch_on_function_error, &mut mapping.bisect_batch_on_function_error);
        set(self.maximum_retry_attempts, &mut mapping.maximum_retry_attempts);
        set(self.function_response_types, &mut mapping.function_response_types);
        if let Some(filters) = self.filter_criteria {
            mapping.filter_criteria = Some(filters).filter(|filters| !filters.filters.is_empty());
        }
        if let Some(destination) = self.destination_config {
            mapping.destination_config = Some(destination);
        }
        if matches!(mapping.maximum_record_age_in_seconds, 0..60) {
            return Err(invalid("MaximumRecordAgeInSeconds must be -1 or from 60 to 604800"));
        }
        Ok(())
    }
}

pub(super) fn not_found() -> ApiError {
    ApiError::new(NOT_FOUND, "The resource you requested does not exist.")
}

fn refused(error: &MappingError) -> ApiError {
    match error {
        MappingError::NoStream(_) => ApiError::new(NOT_FOUND, error.to_string()),
        _ => invalid(error.to_string()),
    }
}

/// `EventSourceMappingConfiguration`
fn show(
    world: &World,
    mapping: &EventSourceMapping,
    state: &str,
    result: &str,
    last_modified: i64,
) -> Map<String, Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(mapping) else { return Map::new() };
    let mut set = |member: &str, value: Value| members.insert(member.to_owned(), value);
    set("State", state.into());
    set("StateTransitionReason", "User action".into());
    set("LastProcessingResult", result.into());
    set("LastModified", last_modified.into());
    set("TumblingWindowInSeconds", 0.into());
    set("EventSourceMappingArn", world.arn("lambda", &format!("event-source-mapping:{}", mapping.uuid)).into());
    if mapping.destination_config.is_none() {
        set("DestinationConfig", json!({ "OnFailure": {} }));
    }
    members
}

fn shown_state(world: &World, state: &EventSourceState) -> Map<String, Value> {
    show(world, &state.mapping, state.state, &state.last_processing_result, state.last_modified)
}

/// The ARN of the function that a request names, which must be here.
fn function(call: &Call<'_>) -> Result<Name, ApiError> {
    let name = Name::parse(call, call.text("FunctionName"), None)?;
    let state = lock(&call.world.lambda);
    let missing = || invalid("Function does not exist");
    let record = state.functions.get(&name.function).ok_or_else(missing)?;
    name.check_qualifier(call, record).map_err(|_| missing())?;
    Ok(name)
}

fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let Some(source) = call.optional_text("EventSourceArn") else {
            return Err(invalid("Unrecognized event source: EventSourceArn must be the ARN of a DynamoDB stream"));
        };
        let position = match call.optional_text("StartingPosition") {
            Some("TRIM_HORIZON") => StartingPosition::TrimHorizon,
            Some("LATEST") => StartingPosition::Latest,
            Some(other) => {
                return Err(invalid(format!("Unsupported starting position for arn type: {other} of {source}")));
            }
            None => {
                let message = "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: \
                               Member must not be null.";
                return Err(invalid(message));
            }
        };
        let name = function(call)?;
        let uuid = uuid::Uuid::new_v4().to_string();
        let mut mapping = EventSourceMapping::new(&uuid, source, &name.arn(call.world), position);
        call.parse::<Given>()?.apply(&mut mapping)?;
        let rooms = call.control.function_rooms()?;
        let same = |known: &EventSourceMapping| known.event_source_arn == source && known.function == mapping.function;
        let known = rooms.event_sources.states().into_iter().find(|state| same(&state.mapping));
        if let Some(known) = known {
            let message = format!(
                "The event source arn (\" {source} \") and function (\" {} \") provided mapping already exists. Please update \
                 or delete the existing mapping with UUID {}",
                name.function, known.mapping.uuid
            );
            return Err(ApiError::new(CONFLICT, message));
        }
        rooms.event_sources.put(mapping.clone()).await.map_err(|error| refused(&error))?;
        let tags = call.member("Tags").cloned().and_then(|tags| serde_json::from_value(tags).ok()).unwrap_or_default();
        let record = MappingRecord { mapping: mapping.clone(), tags, last_modified: call.now() };
        let kept = lock(&call.world.lambda).mappings.insert(uuid.as_str(), record);
        if let Err(error) = kept {
            rooms.event_sources.remove(&uuid).await;
            return Err(error);
        }
        let members = show(call.world, &mapping, "Creating", "No records processed", call.now());
        Ok(Output { members, ..Output::default() })
    }
    .boxed()
}

/// Whether a mapping belongs to an account and region: the template's are kept by those who read them alone.
fn belongs(world: &World, mapping: &EventSourceMapping) -> bool {
    let place = format!(":{}:{}:", world.id.region, world.id.account);
    mapping.event_source_arn.contains(&place)
}

fn get(call: &Call<'_>) -> Outcome {
    let uuid = call.text("UUID");
    let state = call.control.function_rooms()?.event_sources.state(uuid);
    if let Some(state) = state.filter(|state| belongs(call.world, &state.mapping)) {
        return Ok(Output { members: shown_state(call.world, &state), ..Output::default() });
    }
    // It was made, and could not be read when Ferrogate started again.
    let kept = lock(&call.world.lambda);
    let record = kept.mappings.get(uuid).ok_or_else(not_found)?;
    let result = "PROBLEM: the stream is not there";
    let members = show(call.world, &record.mapping, "Disabled", result, record.last_modified);
    Ok(Output { members, ..Output::default() })
}

fn list(call: &Call<'_>) -> Outcome {
    let rooms = call.control.function_rooms()?;
    let function = match call.optional_text("FunctionName") {
        Some(name) => Some(Name::parse(call, name, None)?),
        None => None,
    };
    let source = call.optional_text("EventSourceArn");
    let wanted = |mapping: &EventSourceMapping| {
        let named = parse_function_name(&mapping.function);
        belongs(call.world, mapping)
            && source.is_none_or(|source| mapping.event_source_arn == source)
            && function.as_ref().is_none_or(|wanted| {
                named.is_some_and(|(name, qualifier)| {
                    name == wanted.function && qualifier == wanted.qualifier.as_deref()
                })
            })
    };
    let states = rooms.event_sources.states();
    let items = states.iter().filter(|state| wanted(&state.mapping)).map(|state| shown_state(call.world, state).into());
    pages::page(call, "EventSourceMappings", items.collect())
}

/// The record of the mapping that a request names; a template's cannot be changed here.
fn record(call: &Call<'_>) -> Result<MappingRecord, ApiError> {
    let uuid = call.text("UUID");
    if let Some(record) = lock(&call.world.lambda).mappings.get(uuid) {
        return Ok(record.clone());
    }
    let declared = call.control.function_rooms()?.event_sources.state(uuid);
    match declared.filter(|state| belongs(call.world, &state.mapping)) {
        Some(_) => {
            let message = "The event source mapping is declared by the template that runs here: change it there";
            Err(ApiError::new(CONFLICT, message))
        }
        None => Err(not_found()),
    }
}

fn update<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let mut record = record(call)?;
        if call.optional_text("FunctionName").is_some() {
            record.mapping.function = function(call)?.arn(call.world);
        }
        call.parse::<Given>()?.apply(&mut record.mapping)?;
        record.last_modified = call.now();
        let rooms = call.control.function_rooms()?;
        rooms.event_sources.put(record.mapping.clone()).await.map_err(|error| refused(&error))?;
        let mapping = record.mapping.clone();
        let kept = lock(&call.world.lambda).mappings.update(&mapping.uuid, |kept| {
            kept.mapping = record.mapping;
            kept.last_modified = record.last_modified;
            Ok(())
        });
        kept.unwrap_or_else(|| Err(not_found()))?;
        let members = show(call.world, &mapping, "Updating", "No records processed", call.now());
        Ok(Output { members, ..Output::default() })
    }
    .boxed()
}

fn delete<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let record = record(call)?;
        let uuid = &record.mapping.uuid;
        lock(&call.world.lambda).mappings.remove(uuid)?;
        call.control.function_rooms()?.event_sources.remove(uuid).await;
        let members = show(call.world, &record.mapping, "Deleting", "No records processed", call.now());
        Ok(Output { members, ..Output::default() })
    }
    .boxed()
}
