//! The account's settings.

use super::super::call::{Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::bad_request;
use super::patch::{self, Refusal, Rule, any};
use super::registry::{ACCOUNT, Registry};
use crate::model::Account;
use crate::throttle::account_throttle;

pub(super) const OPERATIONS: &[Entry] =
    &[op("GetAccount", get).partly("the throttling settings are AWS's defaults"), op("UpdateAccount", update)];

const RULES: &[Rule<Account>] = &[
    any("/cloudwatchRoleArn", |account, patch| {
        account.cloudwatch_role_arn = match patch.optional() {
            Some(arn) if is_role(&arn) => Some(arn),
            Some(arn) => return Err(bad_request(format!("Invalid ARN specified in the request: {arn}"))),
            None => None,
        };
        Ok(())
    }),
    any("/features", |account, patch| {
        if patch.text() != "UsagePlans" {
            return Err(bad_request("Invalid feature specified. Must be one of: [UsagePlans]"));
        }
        if patch.op == patch::Op::Remove {
            return Err(bad_request("Usage Plans cannot be disabled once enabled"));
        }
        account.features = vec!["UsagePlans".to_owned()];
        Ok(())
    }),
];

fn get(call: &Call<'_>) -> Outcome {
    Output::of(account(call, &lock(&call.world.registry)))
}

fn account(call: &Call<'_>, registry: &Registry) -> Account {
    let kept = registry.account.get(ACCOUNT).cloned().unwrap_or_default();
    Account { throttle_settings: account_throttle(&call.world.id.region), ..kept }
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut registry = lock(&call.world.registry);
    let mut account = account(call, &registry);
    patch::apply(&mut account, &operations, RULES, Refusal::Listed)?;
    registry.account.insert(ACCOUNT, account.clone())?;
    Output::of(account)
}

/// Says what AWS would have refused: `CloudWatch Logs role ARN must be set in account settings to enable logging`.
///
/// It is told and not refused: the role is set once for an account and a region, mostly by hand, so that neither a template
/// nor a script that works on AWS says it; and nothing here needs it.
pub(super) fn tell_of_missing_role(call: &Call<'_>, operations: &[patch::Patch]) {
    let enables = |patch: &patch::Patch| patch.path.ends_with("/logging/loglevel") && patch.text() != "OFF";
    if operations.iter().any(enables) && account(call, &lock(&call.world.registry)).cloudwatch_role_arn.is_none() {
        tracing::warn!(
            api = call.text("restApiId"),
            stage = call.text("stageName"),
            "AWS would refuse this: CloudWatch Logs role ARN must be set in account settings to enable logging; set it with: \
             aws apigateway update-account --patch-operations \
             op=replace,path=/cloudwatchRoleArn,value=arn:aws:iam::{}:role/{{name}}",
            call.world.id.account
        );
    }
}

/// `arn:aws:iam::{account}:role/{name}`
fn is_role(arn: &str) -> bool {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    matches!(parts[..], ["arn", _, "iam", "", account, role]
        if crate::ids::is_account_id(account)
            && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::testing::{control, rest};

    #[tokio::test]
    async fn the_account_has_awss_defaults_and_takes_a_role() {
        let control = control();
        let (status, account) = rest(&control, "apigateway", "GET", "/account", json!(null)).await;
        assert_eq!(status, 200);
        assert_eq!(
            account,
            json!({"throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0}, "features": ["UsagePlans"],
                "apiKeyVersion": "4"})
        );
        let patch =
            |path: &str, value: &str| json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]});
        let role = "arn:aws:iam::123456789012:role/logs";
        let (_, account) = rest(&control, "apigateway", "PATCH", "/account", patch("/cloudwatchRoleArn", role)).await;
        assert_eq!(account["cloudwatchRoleArn"], role);
        for (path, value, expected) in [
            ("/cloudwatchRoleArn", "nonsense", "Invalid ARN specified in the request: nonsense"),
            (
                "/apiKeyVersion",
                "5",
                "Invalid patch path  '/apiKeyVersion' specified for op 'replace'. Must be one of: [/cloudwatchRoleArn, /features]",
            ),
        ] {
            let (status, body) = rest(&control, "apigateway", "PATCH", "/account", patch(path, value)).await;
            assert_eq!((status, body["message"].as_str().unwrap()), (400, expected));
        }
    }
}
