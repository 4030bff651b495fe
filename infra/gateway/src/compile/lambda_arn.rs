//! Finds the function in the URI of an integration or authorizer, and how long it may take: done once per stage, because
//! the URI may name stage variables.

use std::time::Duration;

use indexmap::IndexMap;

use super::Unusable;

/// The shortest timeout of an integration.
pub(super) const MIN_TIMEOUT_MILLIS: u32 = 50;
/// API Gateway's longest one can be raised by quota, so it is Lambda's own here.
const MAX_TIMEOUT_MILLIS: u32 = 900_000;

/// `timeoutInMillis` of a REST or HTTP API's integration, which calls it `name`.
pub(super) fn timeout(name: &str, millis: u32) -> Result<Duration, String> {
    if !(MIN_TIMEOUT_MILLIS..=MAX_TIMEOUT_MILLIS).contains(&millis) {
        return Err(format!("{name} {millis} is not between {MIN_TIMEOUT_MILLIS} and {MAX_TIMEOUT_MILLIS}"));
    }
    Ok(Duration::from_millis(u64::from(millis)))
}

/// A function by name, with the alias or version to call, and where its ARN says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionRef {
    /// The account of its ARN, if it was named by one.
    pub(crate) account: Option<String>,
    /// The region of its ARN, if it was named by one.
    pub(crate) region: Option<String>,
    /// The function's name.
    pub(crate) function: String,
    /// A version or an alias; none means `$LATEST`.
    pub(crate) qualifier: Option<String>,
    /// Written once, here, and not for every call.
    identifier: String,
}

impl FunctionRef {
    /// A function of this account and region, as far as they are known.
    pub(crate) fn new(account: Option<&str>, region: Option<&str>, function: &str, qualifier: Option<&str>) -> Self {
        let known = |part: Option<&str>| part.filter(|part| !part.is_empty()).map(str::to_owned);
        let (account, region) = (known(account), known(region));
        let identifier = match (&account, &region) {
            (Some(account), Some(region)) => format!("arn:aws:lambda:{region}:{account}:function:{function}"),
            _ => function.to_owned(),
        };
        FunctionRef {
            account,
            region,
            function: function.to_owned(),
            qualifier: qualifier.map(str::to_owned),
            identifier,
        }
    }

    /// What to invoke: the unqualified ARN where account and region are known, otherwise the plain name.
    pub(crate) fn identifier(&self) -> &str {
        &self.identifier
    }
}

/// The function that `uri` names once `${stageVariables.x}` has been replaced. As on AWS an unknown variable is empty;
/// what comes of that is found out by the request, so such a URI is `Unsupported` here, never `Invalid`.
pub(crate) fn resolve(uri: &str, variables: &IndexMap<String, String>) -> Result<FunctionRef, Unusable> {
    let (resolved, replaced) = substitute(uri, variables);
    parse(&resolved).map_err(|no| match no {
        Unusable::Invalid(reason) if replaced => {
            Unusable::Unsupported(format!("{reason} (the URI is `{uri}` before stage variables are put in)"))
        }
        other => other,
    })
}

/// The URI with its stage variables, and whether there were any. An unknown one is empty.
pub(super) fn substitute(uri: &str, variables: &IndexMap<String, String>) -> (String, bool) {
    const OPEN: &str = "${stageVariables.";
    let (mut out, mut rest, mut replaced) = (String::with_capacity(uri.len()), uri, false);
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((name, tail)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(variables.get(name).map_or("", String::as_str));
        (rest, replaced) = (tail, true);
    }
    out.push_str(rest);
    (out, replaced)
}

fn parse(uri: &str) -> Result<FunctionRef, Unusable> {
    let invalid = |why: &str| Unusable::Invalid(format!("`{uri}` {why}"));
    let arn =
        match uri.strip_prefix("arn:") {
            None => return Err(invalid("is not the ARN of a Lambda function")),
            Some(rest) => {
                let mut parts = rest.splitn(5, ':');
                // partition : service : region : account or service : rest
                match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
                (Some(_), Some("apigateway"), Some(_), Some("lambda"), Some(path)) => invoked(path).ok_or_else(|| {
                    // AWS takes any path of Lambda's and finds out when it calls.
                    Unusable::Unsupported(if path.contains("/2021-11-15/functions/") {
                        format!("`{uri}` asks for response streaming")
                    } else {
                        format!("`{uri}` is not of the form …:path/2015-03-31/functions/{{function ARN}}/invocations")
                    })
                })?,
                (Some(_), Some("apigateway"), Some(_), Some(service), Some(_)) => {
                    return Err(Unusable::Unsupported(format!("the AWS service `{service}` as a target")));
                }
                (Some(_), Some("lambda"), ..) => uri,
                (_, Some(service), ..) => {
                    return Err(Unusable::Unsupported(format!("`{service}` as a target")));
                }
                _ => return Err(invalid("is not the ARN of a Lambda function")),
            }
            }
        };
    parse_function(arn).ok_or_else(|| invalid("names no function"))
}

/// The function in a path of Lambda's Invoke API. Old documents double its first slash, and AWS lets them.
fn invoked(path: &str) -> Option<&str> {
    let path = path.strip_prefix("path/")?;
    path.strip_prefix('/').unwrap_or(path).strip_prefix("2015-03-31/functions/")?.strip_suffix("/invocations")
}

/// `arn:{partition}:lambda:{region}:{account}:function:{name}[:{qualifier}]`, or `{name}[:{qualifier}]`.
fn parse_function(arn: &str) -> Option<FunctionRef> {
    let (account, region, name) = match arn.strip_prefix("arn:") {
        Some(rest) => {
            let mut parts = rest.splitn(6, ':');
            let (service, region, account, kind) = (parts.nth(1)?, parts.next()?, parts.next()?, parts.next()?);
            if service != "lambda" || kind != "function" {
                return None;
            }
            (Some(account), Some(region), parts.next()?)
        }
        None => (None, None, arn),
    };
    let (function, qualifier) = match name.split_once(':') {
        Some((function, qualifier)) => (function, Some(qualifier)),
        None => (name, None),
    };
    let ok = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'$' | b'.'))
    };
    (ok(function) && qualifier.is_none_or(ok)).then(|| FunctionRef::new(account, region, function, qualifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, qualifier: Option<&str>) -> FunctionRef {
        FunctionRef::new(Some("000000000000"), Some("us-east-1"), name, qualifier)
    }

    fn wrapped(arn: &str) -> String {
        format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations")
    }

    #[test]
    fn a_function_is_found_in_every_form_of_uri() {
        let none = IndexMap::new();
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:list-users";
        assert_eq!(resolve(arn, &none), Ok(function("list-users", None)));
        assert_eq!(resolve(&format!("{arn}:live"), &none), Ok(function("list-users", Some("live"))));
        assert_eq!(resolve(&wrapped(arn), &none), Ok(function("list-users", None)));
        assert_eq!(resolve(&wrapped(&format!("{arn}:7")), &none), Ok(function("list-users", Some("7"))));
        assert_eq!(resolve(&wrapped(&format!("{arn}:$LATEST")), &none), Ok(function("list-users", Some("$LATEST"))));
        let doubled = wrapped(arn).replace("path/", "path//");
        assert_eq!(resolve(&doubled, &none), Ok(function("list-users", None)));
    }

    #[test]
    fn a_reference_keeps_its_account_and_region() {
        let none = IndexMap::new();
        let elsewhere = resolve("arn:aws:lambda:eu-west-1:111122223333:function:f:live", &none).unwrap();
        assert_eq!(
            (elsewhere.account.as_deref(), elsewhere.region.as_deref()),
            (Some("111122223333"), Some("eu-west-1"))
        );
        assert_eq!(elsewhere.identifier(), "arn:aws:lambda:eu-west-1:111122223333:function:f");
        assert_eq!(elsewhere.qualifier.as_deref(), Some("live"));
        let nowhere = resolve(&wrapped("f"), &none).unwrap();
        assert_eq!((nowhere.account.as_ref(), nowhere.identifier()), (None, "f"));
        assert_eq!(resolve("arn:aws:lambda:::function:f", &none).unwrap().identifier(), "f");
    }

    #[test]
    fn stage_variables_name_the_function_or_its_alias() {
        let variables =
            IndexMap::from([("fn".to_owned(), "get-user".to_owned()), ("alias".to_owned(), "b".to_owned())]);
        let uri =
            wrapped("arn:aws:lambda:us-east-1:000000000000:function:${stageVariables.fn}:${stageVariables.alias}");
        assert_eq!(resolve(&uri, &variables), Ok(function("get-user", Some("b"))));
        let Err(Unusable::Unsupported(reason)) = resolve(&uri, &IndexMap::new()) else { panic!("empty elsewhere") };
        assert!(reason.contains("${stageVariables.alias}"), "{reason}");
        let suffix = "arn:aws:lambda:us-east-1:000000000000:function:f${stageVariables.suffix}";
        assert_eq!(resolve(suffix, &IndexMap::new()), Ok(function("f", None)), "an unknown variable is empty");
        assert!(matches!(resolve("${stageVariables.fn", &variables), Err(Unusable::Invalid(_))));
    }

    #[test]
    fn other_targets_and_nonsense_are_told_apart() {
        let none = IndexMap::new();
        for unsupported in [
            "arn:aws:apigateway:us-east-1:firehose:action/PutRecord",
            "arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/arn:aws:lambda:r:1:function:f/response-streaming-invocations",
            "arn:aws:apigateway:us-east-1:lambda:path/2014-11-13/functions/arn:aws:lambda:r:1:function:f/invoke-async/",
            "arn:aws:states:us-east-1:000000000000:stateMachine:x",
        ] {
            assert!(matches!(resolve(unsupported, &none), Err(Unusable::Unsupported(_))), "{unsupported}");
        }
        for invalid in
            ["", "list-users", "arn:", "arn:aws:lambda:us-east-1:1:layer:x", &wrapped("arn:aws:lambda:r:1:function:")]
        {
            assert!(matches!(resolve(invalid, &none), Err(Unusable::Invalid(_))), "{invalid}");
        }
    }
}
