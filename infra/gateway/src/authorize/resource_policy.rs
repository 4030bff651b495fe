//! The resource policy of a REST API: who may call it, from where.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies.html>
//!
//! A caller that has not signed is anonymous: only a `Principal` of everybody is about it. There are no VPCs and no
//! organisations here, so `aws:SourceVpc`, `aws:SourceVpce` and `aws:PrincipalOrgID` are absent from every request: what is
//! allowed to one VPC is allowed to nobody, and what is denied to all but one is denied to all.

use serde_json::Value;

use super::condition::ConditionKeys;
use super::iam::IamCaller;
use super::policy::{Decision, INVOKE, Statement, statements};

/// A parsed resource policy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResourcePolicy {
    statements: Vec<(Principals, Statement)>,
}

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug, Default, PartialEq)]
struct Principals {
    /// `*`, everybody.
    all: bool,
    /// Accounts, by id.
    accounts: Vec<String>,
    /// Users, roles and sessions.
    arns: Vec<String>,
    negated: bool,
}

/// How a statement is about a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// By itself, or as one of everybody.
    Caller,
    /// As one of its account, which then still has to let it.
    Account,
    No,
}

/// Who calls, to a resource policy.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ApiCaller<'a> {
    /// Whoever has not signed.
    Anonymous,
    /// Whoever has.
    Signed {
        /// As events show it.
        caller: &'a IamCaller,
        /// It is of another account than the API.
        other_account: bool,
    },
}

impl ResourcePolicy {
    /// Reads a policy document.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(document: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(document).map_err(|error| format!("it is no JSON: {error}"))?;
        let statements = statements(&document, usize::MAX, |one, statement| Ok((principals(one)?, statement)))?;
        Ok(ResourcePolicy { statements })
    }

    /// What it says about a call of the method `arn`.
    pub(crate) fn decide(&self, caller: ApiCaller<'_>, arn: &str, keys: &ConditionKeys<'_>) -> Decision {
        let mut decision = Decision::ImplicitDeny;
        for (principals, statement) in &self.statements {
            let named = match principals.named(caller) {
                Named::Caller => true,
                Named::Account => !statement.allow || matches!(caller, ApiCaller::Signed { other_account: true, .. }),
                Named::No => false,
            };
            match (named && statement.applies(INVOKE, arn, keys), statement.allow) {
                (true, false) => return Decision::ExplicitDeny,
                (true, true) => decision = Decision::Allow,
                (false, _) => {}
            }
        }
        decision
    }
}

/// The principals of a statement.
fn principals(statement: &Value) -> Result<Principals, String> {
    let (value, negated) = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        _ => return Err("a policy statement needs one of Principal and NotPrincipal".to_owned()),
    };
    let mut principals = Principals { negated, ..Principals::default() };
    match value {
        Value::String(all) if all == "*" => principals.all = true,
        Value::Object(kinds) if !kinds.is_empty() => {
            for (kind, names) in kinds {
                let names = match names {
                    Value::Array(names) => names.iter().collect(),
                    one => vec![one],
                };
                for name in names {
                    let name = name.as_str().ok_or_else(|| format!("Principal.{kind} holds something not a string"))?;
                    match kind.as_str() {
                        "AWS" => principals.add(name)?,
                        // Services, and those whom others know, do not call APIs here.
                        "Service" | "Federated" | "CanonicalUser" => {}
                        _ => {
                            return Err(format!("a principal is AWS, Service, Federated or CanonicalUser, not {kind}"));
                        }
                    }
                }
            }
        }
        _ => return Err("a Principal is \"*\" or an object like {\"AWS\": \"arn:aws:iam::…\"}".to_owned()),
    }
    Ok(principals)
}

impl Principals {
    fn add(&mut self, name: &str) -> Result<(), String> {
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if name == "*" {
            self.all = true;
        } else if is_account(name) {
            self.accounts.push(name.to_owned());
        } else {
            let parts: Vec<&str> = name.splitn(6, ':').collect();
            match parts[..] {
                ["arn", _, "iam", "", account, "root"] if is_account(account) => self.accounts.push(account.to_owned()),
                ["arn", _, "iam" | "sts", "", account, of]
                    if is_account(account) && of.contains('/') && !of.contains(['*', '?']) =>
                {
                    self.arns.push(name.to_owned());
                }
                _ => {
                    return Err(format!(
                        "the Principal '{name}' is neither \"*\", an account nor the ARN of a user or role"
                    ));
                }
            }
        }
        Ok(())
    }

    fn named(&self, caller: ApiCaller<'_>) -> Named {
        let named = match caller {
            _ if self.all => Named::Caller,
            ApiCaller::Anonymous => Named::No,
            ApiCaller::Signed { caller, .. } => {
                let account = self.accounts.contains(&caller.account_id);
                match caller.user_arn.ends_with(":root") && account {
                    true => Named::Caller,
                    false if self.arns.iter().any(|arn| is_of(arn, &caller.user_arn)) => Named::Caller,
                    false if account => Named::Account,
                    false => Named::No,
                }
            }
        };
        match (self.negated, named) {
            (false, named) => named,
            (true, Named::No) => Named::Caller,
            (true, _) => Named::No,
        }
    }
}

/// Whether a principal's ARN is a caller's own, or that of the role whose session it is.
fn is_of(arn: &str, caller: &str) -> bool {
    let role = || {
        let (before, session) = caller.split_once(":assumed-role/")?;
        let (name, _) = session.split_once('/')?;
        let account = before.rsplit(':').next()?;
        let (_, rest) = arn.split_once(":iam::")?;
        // The role's path is not in the session's ARN.
        let path = rest.strip_prefix(account)?.strip_prefix(":role/")?;
        Some(path.rsplit('/').next() == Some(name))
    };
    arn == caller || role().unwrap_or(false)
}

#[cfg(test)]
#[path = "resource_policy_tests.rs"]
mod tests;
