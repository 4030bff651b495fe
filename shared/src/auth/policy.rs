//! The IAM policies of Lambda authorizers.

use serde_json::{Map, Value, json};

/// Whether the caller may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// Every method of the API and stage that `method_arn` belongs to: `arn:…:{api}/{stage}/*`. `None` if it is no method's
/// ARN.
///
/// API Gateway keeps a policy for the whole stage and uses it for every method, so that one that named this method only
/// would refuse the caller's next request.
pub fn whole_stage(method_arn: &str) -> Option<String> {
    let mut parts = method_arn.splitn(3, '/');
    let (api, stage, _method) = (parts.next()?, parts.next()?, parts.next()?);
    let fields: Vec<&str> = api.split(':').collect();
    let is_api = matches!(fields.as_slice(), ["arn", _, "execute-api", _, _, api] if !api.is_empty());
    (is_api && !stage.is_empty()).then(|| format!("{api}/{stage}/*"))
}

/// What a policy says of some resources.
pub type Statement = (Effect, Vec<String>);

/// An authorizer's answer about one resource. `context` reaches the functions behind it.
pub fn answer(principal: &str, effect: Effect, resource: &str, context: &[(&str, &str)]) -> Value {
    statements(principal, &[(effect, vec![resource.to_owned()])], context)
}

/// An authorizer's answer of several statements. A Deny wins over any Allow, whatever their order.
pub fn statements(principal: &str, statements: &[Statement], context: &[(&str, &str)]) -> Value {
    let context: Map<String, Value> = context.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    let statements: Vec<Value> = statements
        .iter()
        .map(|(effect, resources)| {
            let resource = match resources.as_slice() {
                [one] => one.as_str().into(),
                all => Value::from(all.to_vec()),
            };
            json!({
                "Action": "execute-api:Invoke",
                "Effect": match effect { Effect::Allow => "Allow", Effect::Deny => "Deny" },
                "Resource": resource,
            })
        })
        .collect();
    json!({
        "principalId": principal,
        "policyDocument": { "Version": "2012-10-17", "Statement": statements },
        "context": context,
    })
}

/// The same answer with the API key, by its value, that API Gateway is to count the request under.
pub fn with_usage_key(mut answer: Value, key: &str) -> Value {
    answer["usageIdentifierKey"] = key.into();
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_covers_the_whole_stage_and_nothing_else() {
        let arn = "arn:aws:execute-api:us-east-1:123456789012:abc123/production/GET/users/a/b";
        assert_eq!(whole_stage(arn).as_deref(), Some("arn:aws:execute-api:us-east-1:123456789012:abc123/production/*"));
        assert_eq!(
            whole_stage("arn:aws-cn:execute-api:cn-north-1:1:abc/$default/GET/").as_deref(),
            Some("arn:aws-cn:execute-api:cn-north-1:1:abc/$default/*")
        );
        for arn in ["", "*", "arn:aws:execute-api:r:1:abc", "arn:aws:execute-api:r:1:abc/prod", "arn:aws:s3:::b/x/y"] {
            assert_eq!(whole_stage(arn), None, "{arn}");
        }
    }
}
