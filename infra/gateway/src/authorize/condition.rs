//! `Condition` of a policy's statement: operators on the keys that a request has.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//!
//! Clauses are ANDed, the values of one are ORed (for negated operators: none may match). What cannot be evaluated here, an
//! operator that is not known or a value that is none of its type, fails closed: such an Allow does not apply, such a Deny
//! does.

use std::borrow::Cow;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, macros::format_description};

use super::iam::IamCaller;
use super::policy::wildcard;
use crate::clock::{EpochMillis, iso8601};

/// What is known of a request, by condition key. Keys that are not here are absent from the request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConditionKeys<'a> {
    /// `aws:CurrentTime` and `aws:EpochTime`
    pub(crate) now: EpochMillis,
    /// `aws:SourceIp`
    pub(crate) source_ip: &'a str,
    /// `aws:UserAgent`
    pub(crate) user_agent: Option<&'a str>,
    /// `aws:Referer`
    pub(crate) referer: Option<&'a str>,
    /// `aws:SecureTransport`
    pub(crate) secure: bool,
    /// `aws:RequestedRegion`
    pub(crate) region: &'a str,
    /// Whoever has signed.
    pub(crate) principal: Option<&'a IamCaller>,
}

impl<'a> ConditionKeys<'a> {
    /// The value of a key, whose name is in lower case.
    fn value(&self, key: &str) -> Option<Cow<'a, str>> {
        match key {
            "aws:currenttime" => Some(iso8601(self.now).into()),
            "aws:epochtime" => Some(self.now.div_euclid(1_000).to_string().into()),
            "aws:sourceip" => Some(self.source_ip.into()),
            "aws:useragent" => self.user_agent.map(Cow::Borrowed),
            "aws:referer" => self.referer.map(Cow::Borrowed),
            "aws:securetransport" => Some(if self.secure { "true" } else { "false" }.into()),
            "aws:requestedregion" => Some(self.region.into()),
            "aws:principaltype" => Some(self.principal.map_or("Anonymous", principal_type).into()),
            "aws:principalaccount" => Some(self.principal?.account_id.as_str().into()),
            "aws:principalarn" => Some(principal_arn(self.principal?)),
            "aws:userid" => Some(self.principal?.caller.as_str().into()),
            "aws:username" => {
                let (_, user) = self.principal?.user_arn.split_once(":user/")?;
                user.rsplit('/').next().map(Cow::Borrowed)
            }
            _ => None,
        }
    }
}

fn principal_type(caller: &IamCaller) -> &'static str {
    match caller.user_arn.splitn(6, ':').nth(5).unwrap_or_default() {
        "root" => "Account",
        kind if kind.starts_with("assumed-role/") => "AssumedRole",
        kind if kind.starts_with("federated-user/") => "FederatedUser",
        _ => "User",
    }
}

/// A session has its role's ARN.
fn principal_arn(caller: &IamCaller) -> Cow<'_, str> {
    let role = || caller.user_arn.split_once(":assumed-role/")?.1.split('/').next();
    match role() {
        Some(role) => format!("arn:aws:iam::{}:role/{role}", caller.account_id).into(),
        None => caller.user_arn.as_str().into(),
    }
}

/// One key under one operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clause {
    operator: Operator,
    quantifier: Quantifier,
    if_exists: bool,
    /// In lower case: keys are matched in any.
    key: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    None,
    All,
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Null,
    Known { test: Test, negated: bool },
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equal,
    EqualIgnoringCase,
    Like,
    Arn,
    Bool,
    Ip,
    Number(Order),
    Date(Order),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Whether a condition holds; `Unknown` is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Yes,
    No,
    Unknown,
}

impl From<bool> for Holds {
    fn from(yes: bool) -> Self {
        if yes { Holds::Yes } else { Holds::No }
    }
}

/// Reads a statement's `Condition`. `Err` says what is wrong with it.
pub(super) fn parse(condition: &Value) -> Result<Vec<Clause>, String> {
    let operators = condition.as_object().ok_or("a policy statement's Condition is not an object")?;
    let mut clauses = Vec::new();
    for (name, keys) in operators {
        let keys: &Map<String, Value> =
            keys.as_object().ok_or("a condition operator's value is not an object of keys")?;
        let (quantifier, operator, if_exists) = operator(name);
        if operator == Operator::Unknown {
            tracing::warn!(operator = name, "authorizer policy: the condition operator is unknown and fails closed");
        }
        for (key, values) in keys {
            let values = match values {
                Value::Array(values) => values.iter().map(text).collect::<Result<_, _>>()?,
                one => vec![text(one)?],
            };
            clauses.push(Clause { operator, quantifier, if_exists, key: key.to_ascii_lowercase(), values });
        }
    }
    Ok(clauses)
}

fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        _ => Err("a condition's value is no string, number or boolean".to_owned()),
    }
}

fn operator(name: &str) -> (Quantifier, Operator, bool) {
    let (quantifier, name) = match name.split_once(':') {
        Some(("ForAllValues", name)) => (Quantifier::All, name),
        Some(("ForAnyValue", name)) => (Quantifier::Any, name),
        _ => (Quantifier::None, name),
    };
    let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
    let known = |test, negated| Operator::Known { test, negated };
    let number = |order| known(Test::Number(order), false);
    let date = |order| known(Test::Date(order), false);
    let operator = match name {
        "Null" => Operator::Null,
        "StringEquals" => known(Test::Equal, false),
        "StringNotEquals" => known(Test::Equal, true),
        "StringEqualsIgnoreCase" => known(Test::EqualIgnoringCase, false),
        "StringNotEqualsIgnoreCase" => known(Test::EqualIgnoringCase, true),
        "StringLike" => known(Test::Like, false),
        "StringNotLike" => known(Test::Like, true),
        "ArnEquals" | "ArnLike" => known(Test::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => known(Test::Arn, true),
        "Bool" => known(Test::Bool, false),
        "IpAddress" => known(Test::Ip, false),
        "NotIpAddress" => known(Test::Ip, true),
        "NumericEquals" => number(Order::Equal),
        "NumericNotEquals" => known(Test::Number(Order::Equal), true),
        "NumericLessThan" => number(Order::Less),
        "NumericLessThanEquals" => number(Order::LessOrEqual),
        "NumericGreaterThan" => number(Order::Greater),
        "NumericGreaterThanEquals" => number(Order::GreaterOrEqual),
        "DateEquals" => date(Order::Equal),
        "DateNotEquals" => known(Test::Date(Order::Equal), true),
        "DateLessThan" => date(Order::Less),
        "DateLessThanEquals" => date(Order::LessOrEqual),
        "DateGreaterThan" => date(Order::Greater),
        "DateGreaterThanEquals" => date(Order::GreaterOrEqual),
        _ => Operator::Unknown,
    };
    (quantifier, operator, if_exists)
}

/// Whether all clauses hold for the request.
pub(super) fn hold(clauses: &[Clause], keys: &ConditionKeys<'_>) -> Holds {
    let mut all = Holds::Yes;
    for clause in clauses {
        match clause.holds(keys) {
            Holds::No => return Holds::No,
            Holds::Unknown => all = Holds::Unknown,
            Holds::Yes => {}
        }
    }
    all
}

impl Clause {
    fn holds(&self, keys: &ConditionKeys<'_>) -> Holds {
        let value = keys.value(&self.key);
        let (test, negated) = match self.operator {
            Operator::Unknown => return Holds::Unknown,
            // `true` asks for the key's absence.
            Operator::Null => return self.any(|wanted| bool_of(wanted).map(|absent| absent == value.is_none())),
            Operator::Known { test, negated } => (test, negated),
        };
        let Some(value) = value else {
            // What is not there cannot be equal: negated operators hold, unless a set of values is asked for one.
            return match self.quantifier {
                Quantifier::All => Holds::Yes,
                Quantifier::Any => self.if_exists.into(),
                Quantifier::None => (negated || self.if_exists).into(),
            };
        };
        // Every key here has one value, for which the quantifiers mean the same as none.
        match (self.any(|wanted| test.matches(wanted, &value)), negated) {
            (Holds::Yes, true) => Holds::No,
            (Holds::No, true) => Holds::Yes,
            (holds, _) => holds,
        }
    }

    /// Whether one of the values passes the test, which is `None` where it cannot tell.
    fn any(&self, test: impl Fn(&str) -> Option<bool>) -> Holds {
        let mut any = Holds::No;
        for value in &self.values {
            match test(value) {
                Some(true) => return Holds::Yes,
                Some(false) => {}
                None => any = Holds::Unknown,
            }
        }
        any
    }
}

impl Test {
    /// `None` if either side is not of the test's type.
    fn matches(self, wanted: &str, value: &str) -> Option<bool> {
        // A policy variable stands for something of the caller's that an authorizer's policy has no source of.
        if wanted.contains("${") {
            return None;
        }
        Some(match self {
            Test::Equal => wanted == value,
            Test::EqualIgnoringCase => wanted.to_lowercase() == value.to_lowercase(),
            Test::Like => wildcard(wanted, value),
            Test::Arn => arn_matches(wanted, value)?,
            Test::Bool => bool_of(wanted)? == bool_of(value)?,
            Test::Ip => network(wanted)?.contains(&value.parse::<IpAddr>().ok()?.to_canonical()),
            Test::Number(order) => order.holds(&number(value)?, &number(wanted)?),
            Test::Date(order) => order.holds(&date(value)?, &date(wanted)?),
        })
    }
}

impl Order {
    fn holds<T: PartialOrd>(self, value: &T, wanted: &T) -> bool {
        match self {
            Order::Equal => value == wanted,
            Order::Less => value < wanted,
            Order::LessOrEqual => value <= wanted,
            Order::Greater => value > wanted,
            Order::GreaterOrEqual => value >= wanted,
        }
    }
}

/// The six parts of ARNs are matched one by one, so that no `*` reaches over a colon but in the last.
fn arn_matches(pattern: &str, arn: &str) -> Option<bool> {
    let (pattern, arn): (Vec<_>, Vec<_>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    (pattern.len() == 6 && arn.len() == 6).then(|| pattern.iter().zip(&arn).all(|(p, a)| wildcard(p, a)))
}

fn bool_of(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A network, or an address as a network of its own.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical())))
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// ISO 8601 with a time or without, or seconds since 1970.
fn date(text: &str) -> Option<i128> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(i128::from(seconds) * 1_000_000_000);
    }
    let day = format_description!("[year]-[month]-[day]");
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok();
    let moment = moment.or_else(|| Some(Date::parse(text, &day).ok()?.midnight().assume_utc()));
    moment.map(OffsetDateTime::unix_timestamp_nanos)
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
