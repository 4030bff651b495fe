//! The subset of IAM that policies here need: Effect, Action, Resource, Condition, wildcards, explicit deny.

use serde_json::Value;

use super::condition::{self, Clause, ConditionKeys, Holds};

/// What a policy says about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Some Allow matches and no Deny.
    Allow,
    /// Some Deny matches.
    ExplicitDeny,
    /// Nothing matches.
    ImplicitDeny,
}

/// A parsed policy document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Policy {
    statements: Vec<Statement>,
}

/// One statement, without whom it is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    pub(super) allow: bool,
    actions: Patterns,
    resources: Patterns,
    conditions: Vec<Clause>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, Debug, PartialEq)]
struct Patterns {
    patterns: Vec<String>,
    negated: bool,
}

/// `execute-api:Invoke`; actions are matched in any case, so both sides are lower case.
pub(super) const INVOKE: &str = "execute-api:invoke";
/// How resource policies name methods of their own API: `execute-api:/stage/GET/*`.
const SHORT: &str = "execute-api:/";
/// API Gateway's bound of one `Resource` in an authorizer's policy.
const MAX_RESOURCE_LENGTH: usize = 512;

impl Policy {
    /// Reads an authorizer's policy document. `Err` says what is wrong with it, for the log.
    pub(crate) fn parse(document: &Value) -> Result<Self, String> {
        Policy::parse_bounded(document, MAX_RESOURCE_LENGTH)
    }

    /// Reads a policy of IAM, whose resources have no bound of their own.
    pub(crate) fn parse_identity(document: &Value) -> Result<Self, String> {
        Policy::parse_bounded(document, usize::MAX)
    }

    fn parse_bounded(document: &Value, longest: usize) -> Result<Self, String> {
        Ok(Policy { statements: statements(document, longest, |_, statement| Ok(statement))? })
    }

    /// What it says about `execute-api:Invoke` on the method `arn` for a request with these keys.
    pub(crate) fn decide(&self, arn: &str, keys: &ConditionKeys<'_>) -> Decision {
        self.decide_action(INVOKE, arn, keys)
    }

    /// What it says about an action, in lower case, on `arn` for a request with these keys.
    pub(crate) fn decide_action(&self, action: &str, arn: &str, keys: &ConditionKeys<'_>) -> Decision {
        let mut decision = Decision::ImplicitDeny;
        for statement in &self.statements {
            match (statement.applies(action, arn, keys), statement.allow) {
                (true, false) => return Decision::ExplicitDeny,
                (true, true) => decision = Decision::Allow,
                (false, _) => {}
            }
        }
        decision
    }
}

/// The statements of a policy document, each as `read` makes it of its JSON and of what all kinds of policy have in common.
pub(super) fn statements<T>(
    document: &Value,
    longest: usize,
    read: impl Fn(&Value, Statement) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let document = document.as_object().ok_or("policyDocument is not an object")?;
    match document.get("Version").map(Value::as_str) {
        None | Some(Some("2012-10-17" | "2008-10-17")) => {}
        Some(_) => return Err("policyDocument.Version is neither 2012-10-17 nor 2008-10-17".to_owned()),
    }
    let one = |one: &Value| read(one, statement(one, longest)?);
    match document.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().map(one).collect(),
        Some(single @ Value::Object(_)) => Ok(vec![one(single)?]),
        _ => Err("policyDocument.Statement is not a list of statements".to_owned()),
    }
}

impl Statement {
    /// Whether it is about an action, in lower case, on `arn` in a request with these keys.
    pub(super) fn applies(&self, action: &str, arn: &str, keys: &ConditionKeys<'_>) -> bool {
        let named = self.actions.hold(action) && self.resources.hold(arn);
        named
            && match condition::hold(&self.conditions, keys) {
                Holds::Yes => true,
                Holds::No => false,
                // What cannot be evaluated lets nobody in and keeps nobody from being refused.
                Holds::Unknown => !self.allow,
            }
    }
}

fn statement(statement: &Value, longest: usize) -> Result<Statement, String> {
    let statement = statement.as_object().ok_or("a policy statement is not an object")?;
    let allow = match statement.get("Effect").and_then(Value::as_str) {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err("a policy statement's Effect is neither Allow nor Deny".to_owned()),
    };
    let patterns = |name: &str, not: &str| {
        let (value, negated) = match (statement.get(name), statement.get(not)) {
            (Some(value), None) => (value, false),
            (None, Some(value)) => (value, true),
            _ => return Err(format!("a policy statement needs one of {name} and {not}")),
        };
        let patterns = match value {
            Value::String(one) => vec![one.clone()],
            Value::Array(many) => many
                .iter()
                .map(|one| {
                    one.as_str().map(str::to_owned).ok_or_else(|| format!("{name} holds something not a string"))
                })
                .collect::<Result<_, _>>()?,
            _ => return Err(format!("a policy statement's {name} is neither a string nor a list")),
        };
        if patterns.iter().any(|p| p.len() > longest) {
            return Err(format!("a {name} in the policy is longer than {longest} characters"));
        }
        Ok(Patterns { patterns, negated })
    };
    let (mut actions, mut resources) = (patterns("Action", "NotAction")?, patterns("Resource", "NotResource")?);
    actions.patterns.iter_mut().for_each(|action| action.make_ascii_lowercase());
    // A policy variable stands for a value that is not known here. So a pattern with one matches nothing where it opens, and
    // everything that it could where it closes.
    if allow == resources.negated {
        resources.patterns.iter_mut().for_each(|pattern| *pattern = without_variables(pattern));
    }
    let conditions = statement.get("Condition").map_or_else(|| Ok(Vec::new()), condition::parse)?;
    Ok(Statement { allow, actions, resources, conditions })
}

/// A pattern with `*` for each `${…}`.
fn without_variables(pattern: &str) -> String {
    let (mut text, mut rest) = (String::new(), pattern);
    while let Some((before, variable)) = rest.split_once("${") {
        let Some((_, after)) = variable.split_once('}') else { break };
        text.push_str(before);
        text.push('*');
        rest = after;
    }
    text + rest
}

impl Patterns {
    fn hold(&self, text: &str) -> bool {
        let holds = |pattern: &String| match (pattern.strip_prefix(SHORT), relative(text)) {
            // Of the API that the policy is of.
            (Some(pattern), Some(relative)) => wildcard(pattern, relative),
            _ => wildcard(pattern, text),
        };
        self.patterns.iter().any(holds) != self.negated
    }
}

/// `stage/GET/users` of `arn:aws:execute-api:region:account:api/stage/GET/users`.
fn relative(arn: &str) -> Option<&str> {
    let method = arn.strip_prefix("arn:")?.splitn(5, ':').nth(4)?;
    method.split_once('/').map(|(_, relative)| relative)
}

/// `*` is any run of characters, `/` and `:` included; `?` is exactly one. Linear in memory, and at worst the product
/// of both lengths in time: it goes back to the last star only.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let (mut pattern_rest, mut text_rest) = (pattern.chars(), text.chars());
    let mut star: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let (mut next_pattern, mut next_text) = (pattern_rest.clone(), text_rest.clone());
        match (next_pattern.next(), next_text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                star = Some((next_pattern.clone(), text_rest.clone()));
                pattern_rest = next_pattern;
                continue;
            }
            (Some(p), Some(t)) if p == '?' || p == t => {
                (pattern_rest, text_rest) = (next_pattern, next_text);
                continue;
            }
            _ => {}
        }
        // A mismatch: let the last star take one character more.
        let Some((after_star, taken)) = &mut star else { return false };
        if taken.next().is_none() {
            return false;
        }
        (pattern_rest, text_rest) = (after_star.clone(), taken.clone());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const API: &str = "arn:aws:execute-api:us-east-1:000000000000:api/";

    const KEYS: ConditionKeys<'_> = ConditionKeys {
        now: 0,
        source_ip: "10.1.2.3",
        user_agent: None,
        referer: None,
        secure: false,
        region: "us-east-1",
        principal: None,
    };

    fn decide(statements: Value, request: &str) -> Decision {
        Policy::parse(&json!({"Version": "2012-10-17", "Statement": statements}))
            .unwrap()
            .decide(&format!("{API}{request}"), &KEYS)
    }

    fn statement(effect: &str, resource: &str) -> Value {
        json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": format!("{API}{resource}")})
    }

    #[test]
    fn resource_patterns_match_as_the_reference_lists_them() {
        let rows: [(&str, &[&str], &[&str]); 8] = [
            ("*", &["prod/GET/", "dev/POST/a/b"], &[]),
            ("*/*", &["prod/GET/", "dev/POST/a/b"], &[]),
            ("prod/*", &["prod/GET/", "prod/POST/a/b"], &["dev/GET/a"]),
            ("prod/GET/*", &["prod/GET/", "prod/GET/pets/1/toys"], &["prod/POST/pets"]),
            ("prod/*/pets", &["prod/GET/pets", "prod/GET/x/pets"], &["prod/GET/pets/1"]),
            ("prod/GET/pets/*", &["prod/GET/pets/1", "prod/GET/pets/1/x", "prod/GET/pets/"], &["prod/GET/pets"]),
            ("prod/GET/pets/?", &["prod/GET/pets/7", "prod/GET/pets/é"], &["prod/GET/pets/77", "prod/GET/pets/"]),
            ("prod/GET/pets/{id}", &[], &["prod/GET/pets/1"]),
        ];
        for (pattern, yes, no) in rows {
            for request in yes {
                assert_eq!(
                    decide(json!([statement("Allow", pattern)]), request),
                    Decision::Allow,
                    "{pattern} {request}"
                );
            }
            for request in no {
                let decision = decide(json!([statement("Allow", pattern)]), request);
                assert_eq!(decision, Decision::ImplicitDeny, "{pattern} {request}");
            }
        }
        assert_eq!(
            decide(json!([statement("Allow", "prod/GET/Pets")]), "prod/GET/pets"),
            Decision::ImplicitDeny,
            "case"
        );
    }

    #[test]
    fn a_deny_wins_in_any_order() {
        let deny_first = json!([statement("Deny", "prod/DELETE/*"), statement("Allow", "*")]);
        let deny_last = json!([statement("Allow", "*"), statement("Deny", "prod/DELETE/*")]);
        for statements in [deny_first, deny_last] {
            assert_eq!(decide(statements.clone(), "prod/DELETE/a"), Decision::ExplicitDeny);
            assert_eq!(decide(statements, "prod/GET/a"), Decision::Allow);
        }
    }

    #[test]
    fn actions_match_with_wildcards_and_in_any_case() {
        for (action, decision) in [
            (json!("*"), Decision::Allow),
            (json!("execute-api:*"), Decision::Allow),
            (json!(["s3:Get*", "EXECUTE-API:invoke"]), Decision::Allow),
            (json!("execute-api:ManageConnections"), Decision::ImplicitDeny),
            (json!([]), Decision::ImplicitDeny),
        ] {
            let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
            assert_eq!(decide(json!([statement.clone()]), "prod/GET/"), decision, "{statement}");
            assert_eq!(decide(statement, "prod/GET/"), decision, "one statement without a list");
        }
    }

    #[test]
    fn the_not_forms_turn_a_match_around() {
        let s = json!([{"Effect": "Allow", "NotAction": "s3:*", "NotResource": format!("{API}prod/DELETE/*")}]);
        assert_eq!(decide(s.clone(), "prod/GET/a"), Decision::Allow);
        assert_eq!(decide(s, "prod/DELETE/a"), Decision::ImplicitDeny);
    }

    fn conditional(effect: &str, condition: Value) -> Value {
        let mut statement = statement(effect, "*");
        statement["Condition"] = condition;
        statement
    }

    #[test]
    fn a_condition_decides_whether_its_statement_applies() {
        let within = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
        let outside = json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}});
        assert_eq!(decide(json!([conditional("Allow", within.clone())]), "prod/GET/"), Decision::Allow);
        assert_eq!(decide(json!([conditional("Allow", outside.clone())]), "prod/GET/"), Decision::ImplicitDeny);
        let denied = |condition| decide(json!([statement("Allow", "*"), conditional("Deny", condition)]), "prod/GET/");
        assert_eq!(denied(within), Decision::ExplicitDeny);
        assert_eq!(denied(outside), Decision::Allow);
        assert_eq!(denied(json!({})), Decision::ExplicitDeny, "an empty condition is none");
    }

    #[test]
    fn a_condition_that_cannot_be_evaluated_fails_closed() {
        for condition in [
            json!({"StringMatches": {"aws:SourceIp": "10.*"}}),
            json!({"IpAddress": {"aws:SourceIp": "ten"}}),
            json!({"StringEquals": {"aws:SourceIp": "${aws:username}"}}),
        ] {
            assert_eq!(decide(json!([conditional("Allow", condition.clone())]), "prod/GET/"), Decision::ImplicitDeny);
            let both = json!([statement("Allow", "*"), conditional("Deny", condition)]);
            assert_eq!(decide(both, "prod/GET/"), Decision::ExplicitDeny);
        }
    }

    #[test]
    fn a_policy_variable_opens_nothing() {
        let variable = |effect| statement(effect, "prod/GET/${aws:username}/x");
        assert_eq!(decide(json!([variable("Allow")]), "prod/GET/bob/x"), Decision::ImplicitDeny);
        assert_eq!(
            decide(json!([statement("Allow", "*"), variable("Deny")]), "prod/GET/bob/x"),
            Decision::ExplicitDeny
        );
        let not = json!([{"Effect": "Allow", "Action": "*", "NotResource": format!("{API}prod/${{aws:username}}/*")}]);
        assert_eq!(decide(not, "prod/GET/x"), Decision::ImplicitDeny);
    }

    #[test]
    fn a_broken_policy_is_refused() {
        for document in [
            json!(null),
            json!("x"),
            json!({}),
            json!({"Statement": "x"}),
            json!({"Version": "2020-01-01", "Statement": []}),
            json!({"Statement": [1]}),
            json!({"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]}),
            json!({"Statement": [{"Effect": "Allow", "Resource": "*"}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": "*"}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": 1, "Resource": "*"}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": ["*", 1], "Resource": "*"}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "x".repeat(513)}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": "x"}]}),
        ] {
            assert!(Policy::parse(&document).is_err(), "{document}");
        }
    }

    #[test]
    fn wildcards_end_quickly_on_hostile_patterns() {
        let pattern = "*a".repeat(200);
        assert!(!wildcard(&pattern, &"a".repeat(199)));
        assert!(!wildcard(&format!("{pattern}b"), &"a".repeat(1_500)));
    }
}
