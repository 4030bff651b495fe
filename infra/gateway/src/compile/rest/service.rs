//! The URI of an integration with a service of AWS's: `arn:aws:apigateway:{region}:{service}:{path|action}/{service API}`.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html>

use indexmap::IndexMap;

use super::super::Unusable;
use super::super::lambda_arn::substitute;

/// The services that are here for integrations, by their endpoints' names; `server::hosted` calls them.
pub(crate) const HOSTED: [&str; 9] =
    ["apigateway", "cognito-idp", "dynamodb", "iam", "lambda", "logs", "monitoring", "sns", "sts"];

/// What an integration calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceTarget {
    /// One of [`HOSTED`].
    pub(crate) service: &'static str,
    pub(crate) region: String,
    /// The account of the role that it is called as; `None` is the API's own.
    pub(crate) account: Option<String>,
    pub(crate) call: ServiceCall,
}

/// The URI's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServiceCall {
    /// `action/{Action}[&name=value…]`
    Action {
        /// The operation.
        name: String,
        /// What else the URI says, decoded nowhere: it is written as a query is.
        parameters: Option<String>,
        /// `X-Amz-Target` of a JSON service; the others have the action in the query.
        target: Option<String>,
    },
    /// `path/{…}`, with its leading slash, with placeholders, and with its query.
    Path { path: String, query: Option<String> },
}

impl ServiceTarget {
    /// Reads a URI and the ARN of the role that it is called as.
    pub(super) fn new(
        uri: &str,
        credentials: Option<&str>,
        variables: &IndexMap<String, String>,
    ) -> Result<ServiceTarget, Unusable> {
        let (resolved, replaced) = substitute(uri, variables);
        let invalid = |why: &str| {
            let reason = format!("`{resolved}` {why}");
            // What comes of a variable is found out by the request, as on AWS.
            if replaced { Unusable::Unsupported(reason) } else { Unusable::Invalid(reason) }
        };
        let parts: Vec<_> = resolved.splitn(6, ':').collect();
        let ["arn", _, "apigateway", region, service, call] = parts[..] else {
            return Err(invalid(
                "is not of the form arn:aws:apigateway:{region}:{service}:{path|action}/{service API}",
            ));
        };
        let Some(hosted) = HOSTED.into_iter().find(|hosted| *hosted == service) else {
            return Err(Unusable::Unsupported(format!(
                "the AWS service `{service}` as a target; those that are here are {}",
                HOSTED.join(", ")
            )));
        };
        let call = if let Some(action) = call.strip_prefix("action/") {
            let (name, parameters) = action.split_once('&').map_or((action, None), |(name, rest)| (name, Some(rest)));
            if name.is_empty() {
                return Err(invalid("names no action"));
            }
            if matches!(hosted, "apigateway" | "lambda") {
                return Err(Unusable::Unsupported(format!("`{resolved}`: {hosted} has no actions, but paths: path/…")));
            }
            let target = target_prefix(hosted).map(|prefix| format!("{prefix}.{name}"));
            ServiceCall::Action { name: name.to_owned(), parameters: parameters.map(str::to_owned), target }
        } else if let Some(path) = call.strip_prefix("path/") {
            // Old documents double the first slash, and AWS lets them.
            let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
            let path = format!("/{}", path.trim_start_matches('/'));
            ServiceCall::Path { path, query: query.map(str::to_owned) }
        } else {
            return Err(invalid("must contain path or action"));
        };
        let account = credentials.and_then(|role| role.split(':').nth(4)).filter(|id| crate::ids::is_account_id(id));
        Ok(ServiceTarget { service: hosted, region: region.to_owned(), account: account.map(str::to_owned), call })
    }
}

/// What `X-Amz-Target` begins with for the services whose protocol is JSON.
fn target_prefix(service: &str) -> Option<&'static str> {
    match service {
        "cognito-idp" => Some("AWSCognitoIdentityProviderService"),
        "dynamodb" => Some("DynamoDB_20120810"),
        "logs" => Some("Logs_20140328"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str) -> Result<ServiceTarget, Unusable> {
        let variables = IndexMap::from([("service".to_owned(), "sns".to_owned())]);
        ServiceTarget::new(uri, Some("arn:aws:iam::111122223333:role/r"), &variables)
    }

    #[test]
    fn both_forms_are_read() {
        let action = |service, name: &str, parameters: Option<&str>, target: Option<&str>| {
            let call = ServiceCall::Action {
                name: name.to_owned(),
                parameters: parameters.map(str::to_owned),
                target: target.map(str::to_owned),
            };
            (service, call)
        };
        let path = |service, path: &str, query: Option<&str>| {
            (service, ServiceCall::Path { path: path.to_owned(), query: query.map(str::to_owned) })
        };
        for (end, (service, call)) in [
            ("dynamodb:action/PutItem", action("dynamodb", "PutItem", None, Some("DynamoDB_20120810.PutItem"))),
            ("sns:action/Publish", action("sns", "Publish", None, None)),
            ("${stageVariables.service}:action/Publish&TopicArn=a", action("sns", "Publish", Some("TopicArn=a"), None)),
            ("sns:path//", path("sns", "/", None)),
            (
                "lambda:path/2015-03-31/functions/{f}?Marker=x",
                path("lambda", "/2015-03-31/functions/{f}", Some("Marker=x")),
            ),
        ] {
            let read = read(&format!("arn:aws:apigateway:eu-west-1:{end}")).unwrap();
            assert_eq!((read.service, read.call), (service, call), "{end}");
            assert_eq!((&*read.region, read.account.as_deref()), ("eu-west-1", Some("111122223333")));
        }
    }

    #[test]
    fn what_is_not_here_is_told_from_nonsense() {
        for uri in [
            "arn:aws:apigateway:us-east-1:sqs:action/SendMessage",
            "arn:aws:apigateway:us-east-1:lambda:action/Invoke",
            "${stageVariables.nothing}",
        ] {
            assert!(matches!(read(uri), Err(Unusable::Unsupported(_))), "{uri}");
        }
        for uri in [
            "",
            "http://x",
            "arn:aws:sns:us-east-1:1:t",
            "arn:aws:apigateway:us-east-1:sns:x/y",
            "arn:aws:apigateway:us-east-1:sns:action/",
        ] {
            assert!(matches!(read(uri), Err(Unusable::Invalid(_))), "{uri}");
        }
    }
}
