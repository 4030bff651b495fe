//! Operators, absent keys, and what cannot be evaluated.

use serde_json::json;

use super::*;

/// 2026-11-22T12:57:00Z
const KEYS: ConditionKeys<'_> = ConditionKeys {
    now: 1_795_352_220_000,
    source_ip: "10.1.2.3",
    user_agent: Some("Test/1"),
    referer: None,
    secure: false,
    region: "us-east-1",
    principal: None,
};

fn holds(condition: Value) -> Holds {
    hold(&parse(&condition).unwrap(), &KEYS)
}

#[track_caller]
fn assert_all(rows: &[(&str, &str, Value, Holds)]) {
    for (operator, key, value, expected) in rows {
        assert_eq!(holds(json!({ *operator: { *key: value } })), *expected, "{operator} {key} {value}");
    }
}

use Holds::{No, Unknown, Yes};

#[test]
fn strings() {
    assert_all(&[
        ("StringEquals", "aws:UserAgent", json!("Test/1"), Yes),
        ("StringEquals", "AWS:useragent", json!(["x", "Test/1"]), Yes),
        ("StringEquals", "aws:UserAgent", json!("test/1"), No),
        ("StringEquals", "aws:UserAgent", json!("Test/*"), No),
        ("StringEquals", "aws:UserAgent", json!([]), No),
        ("StringNotEquals", "aws:UserAgent", json!(["x", "Test/1"]), No),
        ("StringNotEquals", "aws:UserAgent", json!(["x", "y"]), Yes),
        ("StringEqualsIgnoreCase", "aws:UserAgent", json!("TEST/1"), Yes),
        ("StringNotEqualsIgnoreCase", "aws:UserAgent", json!("TEST/1"), No),
        ("StringLike", "aws:UserAgent", json!("T*/?"), Yes),
        ("StringNotLike", "aws:UserAgent", json!("T*/?"), No),
        ("StringEquals", "aws:UserAgent", json!("${aws:username}"), Unknown),
    ]);
}

#[test]
fn numbers_and_dates() {
    assert_all(&[
        ("NumericEquals", "aws:EpochTime", json!(1_795_352_220), Yes),
        ("NumericNotEquals", "aws:EpochTime", json!("1795352220"), No),
        ("NumericLessThan", "aws:EpochTime", json!("1795352220.5"), Yes),
        ("NumericGreaterThanEquals", "aws:EpochTime", json!(1_795_352_220), Yes),
        ("NumericGreaterThan", "aws:EpochTime", json!(1_795_352_220), No),
        ("NumericLessThanEquals", "aws:EpochTime", json!("soon"), Unknown),
        ("NumericEquals", "aws:UserAgent", json!(1), Unknown),
        ("DateGreaterThan", "aws:CurrentTime", json!("2026-11-22T12:56:59Z"), Yes),
        ("DateGreaterThan", "aws:CurrentTime", json!("2026-11-22T13:57:00+01:00"), No),
        ("DateEquals", "aws:CurrentTime", json!("2026-11-22T13:57:00+01:00"), Yes),
        ("DateLessThan", "aws:CurrentTime", json!("2026-11-23"), Yes),
        ("DateLessThan", "aws:EpochTime", json!("2026-11-22"), No),
        ("DateNotEquals", "aws:CurrentTime", json!(1_795_352_220), No),
        ("DateLessThan", "aws:CurrentTime", json!("tomorrow"), Unknown),
    ]);
}

#[test]
fn addresses_booleans_and_arns() {
    assert_all(&[
        ("IpAddress", "aws:SourceIp", json!(["192.0.2.0/24", "10.0.0.0/8"]), Yes),
        ("IpAddress", "aws:SourceIp", json!("10.1.2.3"), Yes),
        ("IpAddress", "aws:SourceIp", json!("10.1.2.4/31"), No),
        ("IpAddress", "aws:SourceIp", json!("2001:db8::/32"), No),
        ("NotIpAddress", "aws:SourceIp", json!("10.0.0.0/8"), No),
        ("IpAddress", "aws:SourceIp", json!("10.0.0.0/33"), Unknown),
        ("NotIpAddress", "aws:SourceIp", json!("nonsense"), Unknown),
        ("Bool", "aws:SecureTransport", json!(false), Yes),
        ("Bool", "aws:SecureTransport", json!("TRUE"), No),
        ("Bool", "aws:SecureTransport", json!("perhaps"), Unknown),
        ("ArnLike", "aws:UserAgent", json!("arn:aws:iam::*:role/x"), Unknown),
    ]);
    assert_eq!(arn_matches("arn:aws:iam::*:role/*", "arn:aws:iam::1:role/a:b"), Some(true));
    assert_eq!(arn_matches("arn:*:role/x", "arn:aws:iam::1:role/x"), None);
    assert_eq!(arn_matches("arn:aws:s3:::*", "arn:aws:iam::1:x"), Some(false));
}

#[test]
fn absent_keys() {
    assert_all(&[
        ("Null", "aws:Referer", json!("true"), Yes),
        ("Null", "aws:Referer", json!(false), No),
        ("Null", "aws:SourceIp", json!(true), No),
        ("StringEquals", "aws:Referer", json!("x"), No),
        ("StringNotEquals", "aws:Referer", json!("x"), Yes),
        ("StringEqualsIfExists", "aws:Referer", json!("x"), Yes),
        ("StringEqualsIfExists", "aws:UserAgent", json!("x"), No),
        ("ForAllValues:StringEquals", "aws:TagKeys", json!("x"), Yes),
        ("ForAnyValue:StringEquals", "aws:TagKeys", json!("x"), No),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", json!("x"), No),
        ("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", json!("x"), Yes),
        ("ForAnyValue:StringLike", "aws:UserAgent", json!(["x", "Test*"]), Yes),
    ]);
}

#[test]
fn clauses_are_anded_and_what_is_unknown_is_told() {
    let ip = json!({"aws:SourceIp": "10.0.0.0/8"});
    assert_eq!(holds(json!({"IpAddress": ip, "Bool": {"aws:SecureTransport": false}})), Yes);
    assert_eq!(holds(json!({"IpAddress": ip, "Bool": {"aws:SecureTransport": true}})), No);
    assert_eq!(holds(json!({"IpAddress": ip, "Sounds": {"aws:SourceIp": "x"}})), Unknown);
    assert_eq!(holds(json!({"Sounds": {"aws:SourceIp": "x"}, "Bool": {"aws:SecureTransport": true}})), No);
    assert_eq!(holds(json!({})), Yes);
    for wrong in
        [json!([]), json!("x"), json!({"Bool": []}), json!({"Bool": {"k": {}}}), json!({"Bool": {"k": [null]}})]
    {
        assert!(parse(&wrong).is_err(), "{wrong}");
    }
}
