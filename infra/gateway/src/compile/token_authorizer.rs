//! The authorizers that call no function: JWT authorizers of HTTP APIs, and the user pools of REST APIs.

use regex::Regex;
use serde_json::Value;

use super::Unusable;
use super::authorizer::{IdentitySource, validation};
use crate::authorize::{Audience, may_be_asked};
use crate::model::{ApiAuthorizer, Authorizer};

/// A JWT authorizer of an HTTP API.
#[derive(Debug)]
pub(crate) struct JwtAuthorizer {
    /// Its name, for the log.
    pub(crate) name: String,
    /// Where the token stands: a header or a query parameter.
    pub(crate) source: IdentitySource,
    /// `Issuer`, which `iss` must equal.
    pub(crate) issuer: String,
    /// `Audience`
    pub(crate) audience: Audience,
}

/// A `COGNITO_USER_POOLS` authorizer of a REST API.
#[derive(Debug)]
pub(crate) struct UserPoolAuthorizer {
    /// Its id, for the execution log.
    pub(crate) id: String,
    /// Its name, for the log.
    pub(crate) name: String,
    /// The header that the token stands in.
    pub(crate) source: IdentitySource,
    /// The issuers that its pools are.
    pub(crate) issuers: Vec<String>,
    /// `identityValidationExpression`, which the whole `aud` must match.
    pub(crate) validation: Option<Regex>,
}

impl JwtAuthorizer {
    /// `Err` says why no token can pass.
    pub(super) fn new(declared: &ApiAuthorizer) -> Result<Self, String> {
        let jwt = declared.jwt_configuration.as_ref().ok_or("it has no JwtConfiguration")?;
        let issuer = jwt.get("Issuer").and_then(Value::as_str).unwrap_or_default();
        may_be_asked(issuer).map_err(|reason| format!("its issuer {reason}"))?;
        let audience = jwt.get("Audience").and_then(Value::as_array).into_iter().flatten();
        let audience: Vec<_> = audience.filter_map(Value::as_str).map(str::to_owned).collect();
        if audience.is_empty() {
            return Err("it has no Audience".to_owned());
        }
        let source = match declared.identity_source.as_slice() {
            [source] => IdentitySource::parse_http(source).map_err(why)?,
            _ => return Err("it has no single identity source".to_owned()),
        };
        if !matches!(source, IdentitySource::Header(_) | IdentitySource::QueryString(_)) {
            return Err(
                "its identity source is neither $request.header.{name} nor $request.querystring.{name}".to_owned()
            );
        }
        let audience = Audience(audience);
        Ok(JwtAuthorizer { name: declared.name.clone(), source, issuer: issuer.to_owned(), audience })
    }
}

impl UserPoolAuthorizer {
    /// `Err` says why no token can pass.
    pub(super) fn new(declared: &Authorizer) -> Result<Self, String> {
        let issuers = declared.provider_arns.iter().map(|arn| issuer(arn)).collect::<Result<Vec<_>, _>>()?;
        if issuers.is_empty() {
            return Err("it has no providerARNs".to_owned());
        }
        let source = declared.identity_source.as_deref().filter(|source| !source.is_empty());
        let source =
            IdentitySource::parse_rest(source.unwrap_or("method.request.header.Authorization")).map_err(why)?;
        if !matches!(source, IdentitySource::Header(_)) {
            return Err("its identitySource is not of the form method.request.header.{name}".to_owned());
        }
        let expression = declared.identity_validation_expression.as_deref().filter(|text| !text.is_empty());
        let validation = expression.map(validation).transpose().map_err(why)?;
        let (id, name) = (declared.id.clone(), declared.name.clone());
        Ok(UserPoolAuthorizer { id, name, source, issuers, validation })
    }
}

fn why(unusable: Unusable) -> String {
    match unusable {
        Unusable::Unsupported(why) | Unusable::Invalid(why) => why,
    }
}

/// The issuer that the user pool of this ARN is: `arn:aws:cognito-idp:{region}:{account}:userpool/{poolId}`.
fn issuer(arn: &str) -> Result<String, String> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let pool = match parts[..] {
        ["arn", _, "cognito-idp", region, _, pool] => pool.strip_prefix("userpool/").map(|pool| (region, pool)),
        _ => None,
    };
    match pool {
        Some((region, pool)) if !region.is_empty() && !pool.is_empty() => {
            Ok(format!("https://cognito-idp.{region}.amazonaws.com/{pool}"))
        }
        _ => Err(format!("{arn} is no ARN of a user pool")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_jwt_authorizer_that_lets_nobody_in_says_why() {
        let declared = |configuration: Value, source: &[&str]| ApiAuthorizer {
            identity_source: source.iter().map(|source| (*source).to_owned()).collect(),
            jwt_configuration: Some(configuration),
            ..ApiAuthorizer::default()
        };
        let good = json!({"Issuer": "https://issuer.example/x", "Audience": ["a", "b"]});
        let jwt = JwtAuthorizer::new(&declared(good.clone(), &["$request.querystring.token"])).unwrap();
        assert_eq!(jwt.source, IdentitySource::QueryString("token".to_owned()));
        assert_eq!((&*jwt.issuer, jwt.audience.0.len()), ("https://issuer.example/x", 2));
        let header = ["$request.header.Authorization"];
        for (configuration, sources, reason) in [
            (json!({"Issuer": "http://issuer.example", "Audience": ["a"]}), &header[..], "neither https nor http"),
            (json!({"Issuer": {"Ref": "x"}, "Audience": ["a"]}), &header, "is not a URL"),
            (json!({"Issuer": "https://i.example", "Audience": []}), &header, "no Audience"),
            (good.clone(), &["$context.routeKey"], "neither $request.header"),
            (good.clone(), &["Authorization"], "none that API Gateway knows"),
            (good, &[], "no single identity source"),
        ] {
            let error = JwtAuthorizer::new(&declared(configuration, sources)).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_user_pool_is_an_issuer() {
        let arn = "arn:aws:cognito-idp:eu-west-1:000000000000:userpool/eu-west-1_abcdefghi";
        assert_eq!(issuer(arn).unwrap(), "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abcdefghi");
        for wrong in ["", "pool", "arn:aws:cognito-idp:eu-west-1:0:userpool/", "arn:aws:lambda:eu-west-1:0:userpool/x"]
        {
            assert!(issuer(wrong).is_err(), "{wrong}");
        }
        assert!(UserPoolAuthorizer::new(&Authorizer::default()).unwrap_err().contains("providerARNs"));
    }
}
