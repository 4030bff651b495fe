//! Who may call a method: what of its authorization and of the authorizers it refers to can be prepared.

use super::super::authorizer::{authorizer_function, validation};
use super::super::{AuthorizerPayload, IdentitySource, LambdaAuthorizer, SourceArn, Unusable};
use super::RestAuthorization;
use crate::authorize::ResultCache;
use crate::model::{AuthorizerType, Method, RestApi, Stage};

/// `authorizers` are those that call functions, and those that are user pools.
pub(super) fn authorization(
    api: &RestApi,
    method: &Method,
    authorizers: [&[&crate::model::Authorizer]; 2],
) -> Result<RestAuthorization, String> {
    match method.authorization_type.as_str() {
        "NONE" | "" => Ok(RestAuthorization::None),
        "AWS_IAM" => Ok(RestAuthorization::AwsIam),
        kind @ ("CUSTOM" | "COGNITO_USER_POOLS") => {
            let id = method.authorizer_id.as_deref().ok_or_else(|| format!("{kind} needs an authorizerId"))?;
            let found = api.authorizers.get(id).ok_or_else(|| format!("Invalid authorizer ID specified: {id}"))?;
            let position = |list: &[&_]| list.iter().position(|authorizer| std::ptr::eq(*authorizer, found));
            match (kind, authorizers.map(position)) {
                ("CUSTOM", [Some(position), _]) => Ok(RestAuthorization::Custom(position)),
                ("COGNITO_USER_POOLS", [_, Some(position)]) => Ok(RestAuthorization::CognitoUserPools(position)),
                _ => Err(format!("authorizer {} does not fit the authorizationType {kind}", found.name)),
            }
        }
        other => Err(format!("authorizationType {other} is none of NONE, CUSTOM, COGNITO_USER_POOLS, AWS_IAM")),
    }
}

/// An authorizer; a closed one, if AWS would take it and it cannot be asked here.
pub(super) fn compile(
    api: &RestApi,
    declared: &crate::model::Authorizer,
    stage: &Stage,
) -> Result<LambdaAuthorizer, String> {
    let token = declared.authorizer_type == AuthorizerType::Token;
    let payload = if token { AuthorizerPayload::RestToken } else { AuthorizerPayload::RestRequest };
    let source = || SourceArn::new(format!("{}/authorizers/{}", api.id, declared.id));
    match open_authorizer(declared, stage, payload, source()) {
        Ok(open) => Ok(open),
        Err(Unusable::Unsupported(reason)) => Ok(LambdaAuthorizer::closed(&declared.name, payload, source(), reason)),
        Err(Unusable::Invalid(reason)) => Err(reason),
    }
}

fn open_authorizer(
    declared: &crate::model::Authorizer,
    stage: &Stage,
    payload: AuthorizerPayload,
    source: SourceArn,
) -> Result<LambdaAuthorizer, Unusable> {
    let sources = declared.identity_source.as_deref().unwrap_or_default();
    let sources = sources.split(',').map(str::trim).filter(|source| !source.is_empty());
    let identity_sources = sources.map(IdentitySource::parse_rest).collect::<Result<Vec<_>, _>>()?;
    let token = payload == AuthorizerPayload::RestToken;
    if token && !matches!(identity_sources.as_slice(), [IdentitySource::Header(_)]) {
        let reason = "a TOKEN authorizer needs one identitySource of the form method.request.header.{name}";
        return Err(Unusable::Invalid(reason.to_owned()));
    }
    let expression = declared.identity_validation_expression.as_deref();
    let expression = expression.filter(|expression| token && !expression.is_empty());
    // Without a source there is nothing to tell callers apart by, so nothing may be remembered.
    let ttl = if identity_sources.is_empty() { 0 } else { declared.authorizer_result_ttl_in_seconds };
    Ok(LambdaAuthorizer {
        name: declared.name.clone(),
        function: authorizer_function(declared.authorizer_uri.as_deref(), &stage.variables)?,
        identity_sources,
        validation: expression.map(validation).transpose()?,
        payload,
        cache: ResultCache::new(ttl),
        source,
    })
}
