//! Whom a resource policy is about.

use serde_json::json;

use super::*;

const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:api/prod/GET/users/1";
const KEYS: ConditionKeys<'_> = ConditionKeys {
    now: 0,
    source_ip: "10.1.2.3",
    user_agent: None,
    referer: None,
    secure: false,
    region: "us-east-1",
    principal: None,
};

fn caller(account: &str, of: &str) -> IamCaller {
    IamCaller {
        account_id: account.to_owned(),
        access_key: "k".to_owned(),
        caller: "id".to_owned(),
        user: "id".to_owned(),
        user_arn: format!("arn:aws:{}", of.replace("{}", account)),
        principal_org_id: None,
    }
}

fn policy(effect: &str, name: &str, principal: Value) -> ResourcePolicy {
    let statement =
        json!({"Effect": effect, name: principal, "Action": "execute-api:Invoke", "Resource": "execute-api:/prod/*"});
    ResourcePolicy::parse(&json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()).unwrap()
}

#[test]
fn a_principal_is_everybody_an_account_or_somebody() {
    let own = "000000000000";
    let root = caller(own, "iam::{}:root");
    let ada = caller(own, "iam::{}:user/staff/ada");
    let role = caller(own, "sts::{}:assumed-role/reader/session");
    let foreign = caller("111111111111", "iam::{}:user/bob");
    let signed = |caller, other_account| ApiCaller::Signed { caller, other_account };
    let callers =
        [ApiCaller::Anonymous, signed(&root, false), signed(&ada, false), signed(&role, false), signed(&foreign, true)];
    let a = |principal: Value| json!({ "AWS": principal });
    for (principal, expected) in [
        (json!("*"), "yyyyy"),
        (a(json!("*")), "yyyyy"),
        (a(json!([own, "arn:aws:iam::111111111111:user/bob"])), "nynny"),
        (a(json!("arn:aws:iam::000000000000:root")), "nynnn"),
        (a(json!("111111111111")), "nnnny"),
        (a(json!("arn:aws:iam::000000000000:user/staff/ada")), "nnynn"),
        (a(json!("arn:aws:iam::000000000000:user/ada")), "nnnnn"),
        (a(json!("arn:aws:iam::000000000000:role/service/reader")), "nnnyn"),
        (a(json!("arn:aws:iam::111111111111:role/reader")), "nnnnn"),
        (a(json!("arn:aws:sts::000000000000:assumed-role/reader/session")), "nnnyn"),
        (json!({"Service": "lambda.amazonaws.com", "CanonicalUser": "x"}), "nnnnn"),
    ] {
        let allows = policy("Allow", "Principal", principal.clone());
        let found: String = callers
            .iter()
            .map(|caller| if allows.decide(*caller, ARN, &KEYS) == Decision::Allow { 'y' } else { 'n' })
            .collect();
        assert_eq!(found, expected, "{principal}");
    }
    // All but the account: whoever has not signed is none of it. A denial of an account is one of everybody in it.
    for (name, expected) in [("NotPrincipal", "ynnny"), ("Principal", "nyyyn")] {
        let denies = policy("Deny", name, a(json!(own)));
        let found: String = callers
            .iter()
            .map(|caller| if denies.decide(*caller, ARN, &KEYS) == Decision::ExplicitDeny { 'y' } else { 'n' })
            .collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn resources_are_of_the_api_itself_or_written_out() {
    for (resource, holds) in [
        ("*", true),
        ("execute-api:/*", true),
        ("execute-api:/prod/GET/users/*", true),
        ("execute-api:/*/*/*", true),
        ("execute-api:/prod/POST/*", false),
        ("execute-api:/GET/users/1", false),
        (ARN, true),
        ("arn:aws:execute-api:*:*:*/prod/GET/users/?", true),
        ("arn:aws:execute-api:us-east-1:000000000000:other/*", false),
    ] {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "execute-api:*", "Resource": [resource]});
        let policy = ResourcePolicy::parse(&json!({"Statement": statement}).to_string()).unwrap();
        assert_eq!(policy.decide(ApiCaller::Anonymous, ARN, &KEYS) == Decision::Allow, holds, "{resource}");
    }
}

#[test]
fn the_caller_is_in_the_conditions_and_no_vpc_is() {
    let ada = caller("000000000000", "iam::{}:user/staff/ada");
    let role = caller("000000000000", "sts::{}:assumed-role/reader/session");
    for (caller, condition, holds) in [
        (None, json!({"StringEquals": {"aws:PrincipalType": "Anonymous"}}), true),
        (None, json!({"StringEquals": {"aws:PrincipalAccount": "000000000000"}}), false),
        (Some(&ada), json!({"StringEquals": {"aws:PrincipalAccount": "000000000000", "aws:username": "ada"}}), true),
        (Some(&ada), json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/staff/*"}}), true),
        (Some(&role), json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::000000000000:role/reader"}}), true),
        (Some(&role), json!({"StringEquals": {"aws:PrincipalType": "AssumedRole", "aws:userid": "id"}}), true),
        (None, json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}), false),
        (None, json!({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}), true),
        (None, json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), false),
        (None, json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), true),
    ] {
        let statement =
            json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition});
        let policy = ResourcePolicy::parse(&json!({"Statement": statement}).to_string()).unwrap();
        let keys = ConditionKeys { principal: caller, ..KEYS };
        assert_eq!(policy.decide(ApiCaller::Anonymous, ARN, &keys) == Decision::Allow, holds, "{condition}");
    }
}

#[test]
fn what_is_no_resource_policy_is_refused() {
    let with = |change: Value| {
        let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
        for (key, value) in change.as_object().unwrap() {
            statement[key] = value.clone();
        }
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    for (document, expected) in [
        ("{".to_owned(), "it is no JSON: "),
        ("[]".to_owned(), "policyDocument is not an object"),
        (with(json!({"Effect": "allow"})), "Effect is neither"),
        (with(json!({"Principal": null})), "a Principal is"),
        (with(json!({"Principal": "arn:aws:iam::000000000000:root"})), "a Principal is"),
        (with(json!({"NotPrincipal": "*"})), "needs one of Principal and NotPrincipal"),
        (with(json!({"Principal": {"AWS": "arn:aws:iam::000000000000:user/*"}})), "the Principal 'arn:aws:iam::0000"),
        (with(json!({"Principal": {"AWS": ""}})), "the Principal '' is neither"),
        (with(json!({"Principal": {"AWS": [1]}})), "Principal.AWS holds something not a string"),
        (with(json!({"Principal": {"Person": "x"}})), "not Person"),
        (with(json!({"Resource": 1})), "Resource is neither a string nor a list"),
        (
            r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]}"#.to_owned(),
            "needs one of Resource",
        ),
    ] {
        let told = ResourcePolicy::parse(&document).unwrap_err();
        assert!(told.contains(expected), "{told}");
    }
}
