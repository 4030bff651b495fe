//! The fuzz target of policies and authorizers' answers. Those of tokens are in `jwt`.

use serde_json::{Value, json};

use super::condition::ConditionKeys;
use super::policy::wildcard;
use super::{Decision, Grant, Policy};
use crate::fuzzing::NOW;

pub use super::jwt::fuzzing::token;

/// How much of a pattern and a text is matched by the slow way too.
const MAX_COMPARED: usize = 200;

/// A line with the ARN of a method, one with the caller's address, one with its user agent, and a policy document or the
/// answer of an authorizer.
pub fn policy(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(4, '\n');
    let (Some(arn), Some(source_ip), Some(agent), Some(document)) =
        (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return;
    };
    let user_agent = (!agent.is_empty()).then_some(agent);
    let keys = ConditionKeys {
        now: NOW,
        source_ip,
        user_agent,
        secure: true,
        region: "us-east-1",
        ..ConditionKeys::default()
    };
    wildcards(agent, arn);
    wildcards(arn, agent);
    let Ok(document) = serde_json::from_str::<Value>(document) else { return };
    answer(&document, arn, &keys);
    decisions(document.get("policyDocument").unwrap_or(&document), arn, &keys);
}

fn wildcards(pattern: &str, text: &str) {
    let matches = wildcard(pattern, text);
    if !pattern.contains(['*', '?']) {
        assert_eq!(matches, pattern == text, "a pattern without wildcards is a text");
    }
    assert!(wildcard("*", text) && wildcard(text, text) && wildcard(&format!("*{text}*"), text));
    assert!(!matches || wildcard(&format!("{pattern}*"), text), "a star takes nothing away");
    let first = |text: &str| text.chars().take(MAX_COMPARED).collect::<Vec<_>>();
    let (pattern, text) = (first(pattern), first(text));
    let string = |chars: &[char]| chars.iter().collect::<String>();
    assert_eq!(wildcard(&string(&pattern), &string(&text)), slow_wildcard(&pattern, &text));
}

/// The definition, with a table of what each start of the pattern matches.
fn slow_wildcard(pattern: &[char], text: &[char]) -> bool {
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for letter in pattern {
        let mut next = vec![*letter == '*' && row[0]];
        for (position, of_text) in text.iter().enumerate() {
            next.push(match letter {
                '*' => row[position + 1] || next[position],
                '?' => row[position],
                letter => row[position] && letter == of_text,
            });
        }
        row = next;
    }
    row[text.len()]
}

fn answer(document: &Value, arn: &str, keys: &ConditionKeys<'_>) {
    let payload = document.to_string();
    let rest = Grant::rest(payload.as_bytes());
    if let Ok(grant) = &rest {
        assert!(grant.context.values().all(Value::is_string), "REST passes strings on");
        assert_eq!(document.get("principalId").and_then(Value::as_str), grant.principal_id.as_deref());
        assert!(Grant::policy(payload.as_bytes()).is_ok(), "an HTTP API takes what a REST API takes");
        let of_policy = document.get("policyDocument").map(|policy| parsed(policy).decide(arn, keys));
        assert_eq!(of_policy, Some(grant.decide(arn, keys)));
    }
    if let Ok(grant) = Grant::web_socket(payload.as_bytes()) {
        assert_eq!(Ok(grant), rest);
    }
    if let Ok(grant) = Grant::simple(payload.as_bytes()) {
        assert_eq!(grant.decide(arn, keys) == Decision::Allow, document.get("isAuthorized") == Some(&json!(true)));
    }
}

fn decisions(document: &Value, arn: &str, keys: &ConditionKeys<'_>) {
    let Ok(policy) = Policy::parse(document) else { return };
    let decision = policy.decide(arn, keys);
    assert_eq!(Policy::parse_identity(document).map(|policy| policy.decide(arn, keys)), Ok(decision));
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        one => one.cloned().into_iter().collect(),
    };
    let decide = |statements: Vec<Value>| parsed(&json!({ "Statement": statements })).decide(arn, keys);
    let only = |effect: &str| statements.iter().filter(|one| one["Effect"] == effect).cloned().collect::<Vec<_>>();
    let with = |effect: &str| {
        let all = json!({"Effect": effect, "Action": "*", "Resource": "*"});
        statements.iter().cloned().chain([all]).collect::<Vec<_>>()
    };

    assert_eq!(decide(statements.iter().rev().cloned().collect()), decision, "the order says nothing");
    assert_ne!(decide(only("Allow")), Decision::ExplicitDeny);
    assert_ne!(decide(only("Deny")), Decision::Allow);
    assert_eq!(decide(only("Deny")) == Decision::ExplicitDeny, decision == Decision::ExplicitDeny, "a Deny wins");
    assert_eq!(decide(with("Deny")), Decision::ExplicitDeny, "a Deny of everything denies");
    let opened = if decision == Decision::ExplicitDeny { Decision::ExplicitDeny } else { Decision::Allow };
    assert_eq!(decide(with("Allow")), opened, "an Allow of everything takes no Deny away");

    // What cannot be evaluated lets nobody in, and keeps nobody from being refused.
    let unknown = |statement: &Value| {
        let mut statement = statement.clone();
        if let Some(statement) = statement.as_object_mut() {
            let condition = statement.entry("Condition").or_insert_with(|| json!({}));
            if let Some(condition) = condition.as_object_mut() {
                condition.insert("SoundsLike".to_owned(), json!({"aws:UserAgent": "x"}));
            }
        }
        statement
    };
    let closed = decide(statements.iter().map(unknown).collect());
    assert_ne!(closed, Decision::Allow);
    assert!(decision != Decision::ExplicitDeny || closed == Decision::ExplicitDeny);
}

/// A policy whose parts have been read before.
fn parsed(document: &Value) -> Policy {
    match Policy::parse(document) {
        Ok(policy) => policy,
        Err(error) => panic!("{error}: {document}"),
    }
}
