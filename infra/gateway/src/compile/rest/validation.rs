//! What is checked of a request to a method before its integration: required parameters, and the body.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html>

use std::sync::Arc;

use super::schema::{BodyModel, BodyModels};
use crate::model::{Method, RestApi};

/// What a method's validator asks for.
#[derive(Debug, Default)]
pub(crate) struct Validation {
    /// The required parameters, in the order in which those that are missing are told; empty where they are not checked.
    pub(crate) parameters: Vec<RequiredParameter>,
    /// `None` where bodies are not checked.
    pub(crate) body: Option<BodyValidation>,
}

/// A parameter that a request must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequiredParameter {
    pub(crate) place: Place,
    pub(crate) name: String,
}

/// Where a parameter is; in the order of their names in `method.request.{…}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Header,
    Path,
    QueryString,
}

/// A model, or why bodies cannot be checked against it: such a method is closed.
pub(crate) type UsableModel = Result<Arc<BodyModel>, String>;

/// The models of a method by the content type of the body.
#[derive(Debug, Default)]
pub(crate) struct BodyValidation {
    by_type: Vec<(String, UsableModel)>,
    /// `$default`
    default: Option<UsableModel>,
}

/// The most that all models of an API may have together.
const MOST_MODEL_BYTES: usize = 400 * 1024;

impl Validation {
    /// `None` where nothing is checked.
    ///
    /// # Errors
    /// What API Gateway would refuse: a validator or model that is not there, a schema that is none.
    pub(super) fn new(api: &RestApi, method: &Method, models: &mut BodyModels<'_>) -> Result<Option<Self>, String> {
        let Some(id) = method.request_validator_id.as_deref().filter(|id| !id.is_empty()) else { return Ok(None) };
        let validator =
            api.request_validators.get(id).ok_or_else(|| format!("Invalid Request Validator identifier: {id}"))?;
        let mut validation = Validation::default();
        if validator.validate_request_parameters {
            validation.parameters = required(method);
        }
        if validator.validate_request_body {
            validation.body = Some(BodyValidation::new(method, models)?);
        }
        Ok((validation.body.is_some() || !validation.parameters.is_empty()).then_some(validation))
    }

    /// Why bodies of some content types cannot be checked, which closes the method to them.
    pub(super) fn closed(&self) -> impl Iterator<Item = &str> {
        let body = self.body.iter();
        let models = body.flat_map(|body| body.by_type.iter().map(|(_, model)| model).chain(&body.default));
        models.filter_map(|model| model.as_ref().err().map(String::as_str))
    }
}

/// Required parameters by their whole names, which is the order that AWS tells them in.
fn required(method: &Method) -> Vec<RequiredParameter> {
    let declared = method.request_parameters.iter().flatten();
    let mut names: Vec<&str> = declared.filter(|(_, required)| **required).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let parameter = |name: &str| {
        let (place, name) = name.strip_prefix("method.request.")?.split_once('.')?;
        let place = match place {
            "header" | "multivalueheader" => Place::Header,
            "path" => Place::Path,
            "querystring" | "multivaluequerystring" => Place::QueryString,
            _ => return None,
        };
        Some(RequiredParameter { place, name: name.to_owned() })
    };
    names.into_iter().filter_map(parameter).collect()
}

impl BodyValidation {
    fn new(method: &Method, models: &mut BodyModels<'_>) -> Result<Self, String> {
        let mut body = BodyValidation::default();
        let declared = method.request_models.as_ref().filter(|declared| !declared.is_empty());
        let Some(declared) = declared else {
            // Without a model any object is good.
            body.default = Some(models.get("Empty")?);
            return Ok(body);
        };
        for (content_type, name) in declared {
            let model = models.get(name).map_err(|why| format!("request model {name} for {content_type}: {why}"))?;
            match content_type.as_str() {
                "$default" => body.default = Some(model),
                _ => body.by_type.push((content_type.clone(), model)),
            }
        }
        Ok(body)
    }

    /// The model for bodies of this content type; `None` if there is none, and then anything is good.
    pub(crate) fn model(&self, content_type: &str) -> Option<&UsableModel> {
        let own = self.by_type.iter().find(|(declared, _)| declared.eq_ignore_ascii_case(content_type));
        own.map(|(_, model)| model).or(self.default.as_ref())
    }
}

/// The bound of all models together.
///
/// # Errors
/// By how much it is passed.
pub(super) fn check_size(api: &RestApi) -> Result<(), String> {
    let bytes: usize = api.models.values().filter_map(|model| model.schema.as_ref()).map(String::len).sum();
    if bytes > MOST_MODEL_BYTES {
        let kib = bytes.div_ceil(1024);
        return Err(format!("the models have {kib} KB together, and API Gateway takes 400 KB"));
    }
    Ok(())
}
