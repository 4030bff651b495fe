//! Request validators.

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict, no_such};
use super::page::{json, page};
use super::patch::{self, Refusal, Rule, replace};
use crate::ids;
use crate::model::RequestValidator;

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateRequestValidator", create),
    op("GetRequestValidator", get),
    op("GetRequestValidators", list),
    op("UpdateRequestValidator", update),
    op("DeleteRequestValidator", delete),
];

fn no_validator() -> ApiError {
    no_such("Request Validator")
}

fn create(call: &Call<'_>) -> Outcome {
    let mut validator: RequestValidator = call.parse()?;
    validator.id = ids::short_id(6);
    let mut state = lock(&call.world.apigateway);
    state.change_or(
        call,
        || bad_request("Invalid REST API identifier specified"),
        |api| {
            let output = Output::of(&validator)?;
            api.request_validators.insert(validator.id.clone(), validator);
            Ok(output)
        },
    )
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let api = state.apis.get(call.text("restApiId"));
    let found = api.and_then(|api| api.request_validators.get(call.text("requestValidatorId")));
    Output::of(found.ok_or_else(no_validator)?)
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    page(call, state.api(call)?.request_validators.iter().map(|(id, validator)| (id.as_str(), validator)), json)
}

const RULES: &[Rule<RequestValidator>] = &[
    replace("/name", |validator, patch| {
        if patch.text().is_empty() {
            return Err(bad_request("Request Validator name cannot be blank"));
        }
        validator.name = patch.optional();
        Ok(())
    }),
    replace("/validateRequestParameters", |validator, patch| {
        validator.validate_request_parameters = patch.boolean();
        Ok(())
    }),
    replace("/validateRequestBody", |validator, patch| {
        validator.validate_request_body = patch.boolean();
        Ok(())
    }),
];

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    state.change_or(call, no_validator, |api| {
        let validator = api.request_validators.get_mut(call.text("requestValidatorId")).ok_or_else(no_validator)?;
        patch::apply(validator, &operations, RULES, Refusal::Listed)?;
        Output::of(validator)
    })
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    let id = call.text("requestValidatorId");
    state.change_or(call, no_validator, |api| {
        if !api.request_validators.contains_key(id) {
            return Err(no_validator());
        }
        for resource in &api.resources {
            let user = resource.methods.values().find(|method| method.request_validator_id.as_deref() == Some(id));
            if let Some(method) = user {
                let (verb, path) = (&method.http_method, &resource.path);
                return Err(conflict(format!(
                    "Cannot delete request validator '{id}', is referenced in method: {verb}/{path}"
                )));
            }
        }
        api.request_validators.shift_remove(id);
        Ok(Output::empty())
    })
}
