//! Function URLs: their configuration. `function_url` answers at them.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::Control;
use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::{World, lock};
use super::names::{Name, arn};
use super::{CONFLICT, NOT_FOUND, change, invalid, pages, read};
use crate::clock::iso8601;
use crate::gateway::Gateway;
use crate::ids;
use crate::lambda::Access;
use crate::model::{FunctionRecord, FunctionUrl, PolicyStatement, UrlCors};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateFunctionUrlConfig", create).partly("responses are buffered: RESPONSE_STREAM is refused"),
    op("GetFunctionUrlConfig", get),
    op("UpdateFunctionUrlConfig", update).partly("responses are buffered: RESPONSE_STREAM is refused"),
    op("DeleteFunctionUrlConfig", delete),
    op("ListFunctionUrlConfigs", list),
];

/// What answers at a function URL.
pub(crate) struct UrlTarget {
    pub(crate) gateway: Gateway,
    pub(crate) function: String,
    pub(crate) qualifier: Option<String>,
    pub(crate) url: FunctionUrl,
    /// Whether the function's policy lets everybody use the URL. What is not said is decided already.
    pub(crate) open: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    auth_type: Option<String>,
    invoke_mode: Option<String>,
    cors: Option<UrlCors>,
}

impl Given {
    fn check(&self) -> Result<(), ApiError> {
        if self.invoke_mode.as_deref() == Some("RESPONSE_STREAM") {
            return Err(invalid("InvokeMode RESPONSE_STREAM is not served here: responses are buffered (BUFFERED)"));
        }
        Ok(())
    }
}

fn show(call: &Call<'_>, name: &Name, url: &FunctionUrl) -> Map<String, Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(url) else { return Map::new() };
    let mut set = |member: &str, value: String| members.insert(member.to_owned(), value.into());
    let qualifier = Some(name.own_qualifier()).filter(|qualifier| !qualifier.is_empty());
    set("FunctionArn", arn(call.world, &name.function, qualifier));
    let (region, port) = (&call.world.id.region, call.world.gateway.port);
    set("FunctionUrl", format!("http://{}.lambda-url.{region}.localhost:{port}/", url.url_id));
    set("CreationTime", iso8601(url.creation_time));
    set("LastModifiedTime", iso8601(url.last_modified_time));
    members
}

fn missing() -> ApiError {
    ApiError::new(NOT_FOUND, "The resource you requested does not exist.")
}

/// The record of the function that a request names, whose qualifier must be an alias.
fn record(call: &Call<'_>, name: &Name) -> Result<FunctionRecord, ApiError> {
    let absent = || ApiError::new(NOT_FOUND, "Function does not exist");
    let record = read(call, name).map_err(|_| absent())?;
    match name.own_qualifier() {
        "" => Ok(record),
        alias if record.aliases.contains_key(alias) => Ok(record),
        _ => Err(absent()),
    }
}

fn create(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    record(call, &name)?;
    let given: Given = call.parse()?;
    given.check()?;
    let now = call.now();
    let url = FunctionUrl {
        url_id: ids::short_id(32),
        auth_type: given.auth_type.unwrap_or_default(),
        invoke_mode: "BUFFERED".to_owned(),
        cors: given.cors,
        creation_time: now,
        last_modified_time: now,
    };
    change(call, &name, |record| {
        if record.urls.contains_key(name.own_qualifier()) {
            let arn = arn(call.world, &name.function, Some(name.own_qualifier()).filter(|q| !q.is_empty()));
            let message = format!(
                "Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig exists for \
                 this Lambda function"
            );
            return Err(ApiError::new(CONFLICT, message));
        }
        record.urls.insert(name.own_qualifier().to_owned(), url.clone());
        Ok(())
    })?;
    Ok(Output { members: show(call, &name, &url), ..Output::default() })
}

fn get(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name).map_err(|_| missing())?;
    let url = record.urls.get(name.own_qualifier()).ok_or_else(missing)?;
    Ok(Output { members: show(call, &name, url), ..Output::default() })
}

fn update(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    record(call, &name)?;
    let given: Given = call.parse()?;
    given.check()?;
    let url = change(call, &name, |record| {
        let url = record.urls.get_mut(name.own_qualifier()).ok_or_else(missing)?;
        if let Some(auth_type) = given.auth_type {
            url.auth_type = auth_type;
        }
        if given.cors.is_some() {
            // An empty one takes it back.
            url.cors = given.cors.filter(|cors| *cors != UrlCors::default());
        }
        url.last_modified_time = call.now();
        Ok(url.clone())
    })?;
    Ok(Output { members: show(call, &name, &url), ..Output::default() })
}

fn delete(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    read(call, &name).map_err(|_| missing())?;
    change(call, &name, |record| record.urls.shift_remove(name.own_qualifier()).map(|_| ()).ok_or_else(missing))?;
    Ok(Output::empty().with_status(204))
}

fn list(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name).map_err(|_| ApiError::new(NOT_FOUND, "Function does not exist"))?;
    let items = record.urls.iter().map(|(qualifier, url)| {
        let qualifier = Some(qualifier.clone()).filter(|qualifier| !qualifier.is_empty());
        Value::from(show(call, &Name { function: name.function.clone(), qualifier }, url))
    });
    pages::page(call, "FunctionUrlConfigs", items.collect())
}

/// Whether one of the statements lets everybody use a function URL that asks for no signature.
fn lets_everybody(statements: &[PolicyStatement]) -> bool {
    statements.iter().any(|statement| {
        matches!(statement.action.as_str(), "lambda:InvokeFunctionUrl" | "lambda:*" | "*")
            && statement.principal == "*"
            && statement.function_url_auth_type.as_deref().is_none_or(|auth| auth == "NONE")
            && statement.source_account.is_none()
            && statement.source_arn.is_none()
    })
}

impl Control {
    /// What answers at the function URL with this id, in whichever account and region.
    pub(crate) fn function_url(&self, url_id: &str) -> Option<UrlTarget> {
        self.open_worlds().iter().find_map(|world| self.function_url_in(world, url_id))
    }

    fn function_url_in(&self, world: &Arc<World>, url_id: &str) -> Option<UrlTarget> {
        let (function, qualifier, url) = {
            let state = lock(&world.lambda);
            state.functions.values().find_map(|record| {
                let (qualifier, url) = record.urls.iter().find(|(_, url)| url.url_id == url_id)?;
                Some((record.function_name.clone(), qualifier.clone(), url.clone()))
            })?
        };
        let qualifier = Some(qualifier).filter(|qualifier| !qualifier.is_empty());
        let rooms = self.function_rooms().ok()?;
        let host = rooms.host(world).ok()?;
        let open = match host.access(&function, qualifier.as_deref(), lets_everybody) {
            Access::Allowed => true,
            Access::Denied => false,
            Access::NoPolicy => !rooms.enforces_permissions(),
        };
        Some(UrlTarget { gateway: world.gateway.clone(), function, qualifier, url, open })
    }
}
