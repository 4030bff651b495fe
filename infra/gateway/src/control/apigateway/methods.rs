//! Methods and their responses.

use indexmap::IndexMap;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict, no_such, not_found};
use super::mapping;
use super::patch::{self, Op, Refusal, Rule, add_remove, any, replace};
use super::state::State;
use crate::model::{AuthorizerType, Method, MethodResponse, Resource, RestApi};

pub(super) const OPERATIONS: &[Entry] = &[
    op("PutMethod", put),
    op("GetMethod", get),
    op("UpdateMethod", update),
    op("DeleteMethod", delete),
    op("PutMethodResponse", put_response),
    op("GetMethodResponse", get_response),
    op("UpdateMethodResponse", update_response),
    op("DeleteMethodResponse", delete_response),
];

const VERBS: [&str; 8] = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"];

impl State {
    /// Changes the resource `resourceId`, with the API as it was before.
    ///
    /// # Errors
    /// `NotFoundException`, and those of `change`.
    pub(super) fn change_resource<R>(
        &mut self,
        call: &Call<'_>,
        change: impl FnOnce(&RestApi, &mut Resource) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        self.change_or(
            call,
            || no_such("Resource"),
            |api| {
                let index = api.resources.iter().position(|resource| resource.id == call.text("resourceId"));
                let index = index.ok_or_else(|| no_such("Resource"))?;
                let mut resource = Resource::clone(&api.resources[index]);
                let result = change(api, &mut resource)?;
                api.resources[index] = resource.into();
                Ok(result)
            },
        )
    }

    /// Changes the method `httpMethod` of the resource `resourceId`, with the API as it was before.
    ///
    /// # Errors
    /// `NotFoundException`, and those of `change`.
    pub(super) fn change_method<R>(
        &mut self,
        call: &Call<'_>,
        change: impl FnOnce(&RestApi, &mut Method) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        self.change_resource(call, |api, resource| {
            let method = resource.methods.get_mut(call.text("httpMethod")).ok_or_else(|| no_such("Method"))?;
            change(api, method)
        })
    }
}

fn put(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    state.resource(call)?;
    let verb = call.text("httpMethod");
    if !VERBS.contains(&verb) {
        return Err(bad_request(format!("Invalid HttpMethod specified. Valid options are {}", VERBS.join(","))));
    }
    let mut method: Method = call.parse()?;
    state.change_resource(call, |api, resource| {
        check(api, &mut method)?;
        if resource.methods.contains_key(verb) {
            return Err(conflict("Method already exists for this resource"));
        }
        let output = Output::of(&method)?;
        resource.methods.insert(verb.to_owned(), method);
        Ok(output)
    })
}

/// What holds for every method of an API; an authorizer that the type of authorization has no use for is left out.
fn check(api: &RestApi, method: &mut Method) -> Result<(), ApiError> {
    match method.authorization_type.as_str() {
        "NONE" | "AWS_IAM" => method.authorizer_id = None,
        kind @ ("CUSTOM" | "COGNITO_USER_POOLS") => {
            let authorizer = method.authorizer_id.as_ref().and_then(|id| api.authorizers.get(id));
            let cognito = authorizer.map(|authorizer| authorizer.authorizer_type == AuthorizerType::CognitoUserPools);
            if cognito != Some(kind == "COGNITO_USER_POOLS") {
                return Err(bad_request(
                    "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS \
                     requires a valid authorizer.",
                ));
            }
        }
        _ => {
            return Err(bad_request(
                "Invalid authorization type specified. Valid options are NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS",
            ));
        }
    }
    if let Some(validator) = &method.request_validator_id
        && !api.request_validators.contains_key(validator)
    {
        return Err(bad_request("Invalid Request Validator identifier specified"));
    }
    check_models(api, method.request_models.as_ref())?;
    mapping::check_declared(method.request_parameters.iter().flat_map(IndexMap::keys))
}

fn check_models(api: &RestApi, models: Option<&IndexMap<String, String>>) -> Result<(), ApiError> {
    match models.into_iter().flat_map(IndexMap::values).find(|name| !api.models.contains_key(*name)) {
        Some(name) => Err(bad_request(format!("Invalid model identifier specified: {name}"))),
        None => Ok(()),
    }
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    Output::of(state.method(call)?)
}

const RULES: &[Rule<Method>] = &[
    replace("/authorizationType", |method, patch| {
        method.authorization_type = patch.text().to_owned();
        Ok(())
    }),
    replace("/authorizerId", |method, patch| {
        method.authorizer_id = patch.optional();
        Ok(())
    }),
    add_remove("/authorizationScopes", |method, patch| {
        patch.member(&mut method.authorization_scopes, patch.text());
        Ok(())
    }),
    replace("/apiKeyRequired", |method, patch| {
        method.api_key_required = patch.boolean();
        Ok(())
    }),
    replace("/operationName", |method, patch| {
        method.operation_name = patch.optional();
        Ok(())
    }),
    replace("/requestValidatorId", |method, patch| {
        method.request_validator_id = patch.optional();
        Ok(())
    }),
    any("/requestParameters/{name}", |method, patch| {
        known(patch, method.request_parameters.as_ref())?;
        patch.optional_entry(&mut method.request_parameters, |value| value.eq_ignore_ascii_case("true"));
        Ok(())
    }),
    any("/requestModels/{contentType}", |method, patch| {
        known(patch, method.request_models.as_ref())?;
        patch.optional_entry(&mut method.request_models, str::to_owned);
        Ok(())
    }),
];

/// What is removed must be there.
pub(super) fn known<V>(patch: &patch::Patch, map: Option<&IndexMap<String, V>>) -> Result<(), ApiError> {
    if patch.op == Op::Remove && !map.is_some_and(|map| map.contains_key(patch.key())) {
        return Err(not_found("Invalid parameter name specified"));
    }
    Ok(())
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    state.change_method(call, |api, method| {
        patch::apply(method, &operations, RULES, Refusal::Operations)?;
        check(api, method)?;
        Output::of(method)
    })
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    state.change_resource(call, |_, resource| {
        let gone = resource.methods.shift_remove(call.text("httpMethod"));
        gone.map(|_| Output::empty()).ok_or_else(|| no_such("Method"))
    })
}

fn no_response() -> ApiError {
    not_found("Invalid Response status code specified")
}

fn check_response(api: &RestApi, response: &MethodResponse) -> Result<(), ApiError> {
    check_models(api, response.response_models.as_ref())?;
    let parameters = response.response_parameters.iter().flat_map(IndexMap::keys);
    mapping::check_targets(parameters, &["method.response.header."])
}

fn put_response(call: &Call<'_>) -> Outcome {
    let response: MethodResponse = call.parse()?;
    let mut state = lock(&call.world.apigateway);
    state.change_method(call, |api, method| {
        check_response(api, &response)?;
        if method.method_responses.contains_key(&response.status_code) {
            return Err(conflict("Response already exists for this resource"));
        }
        let output = Output::of(&response)?;
        method.method_responses.insert(response.status_code.clone(), response);
        method.method_responses.sort_unstable_keys();
        Ok(output)
    })
}

fn get_response(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    Output::of(state.method(call)?.method_responses.get(call.text("statusCode")).ok_or_else(no_response)?)
}

const RESPONSE_RULES: &[Rule<MethodResponse>] = &[
    any("/responseModels/{contentType}", |response, patch| {
        known(patch, response.response_models.as_ref())?;
        patch.optional_entry(&mut response.response_models, str::to_owned);
        Ok(())
    }),
    any("/responseParameters/{name}", |response, patch| {
        known(patch, response.response_parameters.as_ref())?;
        patch.optional_entry(&mut response.response_parameters, |value| value.eq_ignore_ascii_case("true"));
        Ok(())
    }),
];

fn update_response(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    state.change_method(call, |api, method| {
        let response = method.method_responses.get_mut(call.text("statusCode")).ok_or_else(no_response)?;
        patch::apply(response, &operations, RESPONSE_RULES, Refusal::Operations)?;
        check_response(api, response)?;
        Output::of(response)
    })
}

fn delete_response(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    state.change_method(call, |_, method| {
        let gone = method.method_responses.shift_remove(call.text("statusCode"));
        gone.map(|_| Output::empty()).ok_or_else(no_response)
    })
}
