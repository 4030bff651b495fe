//! What becomes of resource types that the model has no place for: some need nothing on one machine, the rest are
//! listed as not supported, each with what that means.

/// Types (or, with `*`, families) that change nothing locally: permissions that nobody checks, pages that nobody sees,
/// metrics of what is not measured.
const NOTHING_TO_RUN: &[&str] = &[
    "AWS::ApiGateway::Account",
    "AWS::ApplicationAutoScaling::*",
    "AWS::ApplicationInsights::*",
    "AWS::Budgets::*",
    "AWS::CDK::Metadata",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::*",
    "AWS::Lambda::Permission",
    "AWS::Logs::ResourcePolicy",
    "AWS::ResourceGroups::*",
    "AWS::XRay::*",
];

/// Types that do something on AWS and nothing here.
const NOT_SUPPORTED: &[(&str, &str)] = &[
    ("AWS::ApiGateway::BasePathMapping", "custom domain names are not served; use the API's local address"),
    ("AWS::ApiGateway::ClientCertificate", "client certificates are not sent"),
    ("AWS::ApiGateway::DomainName", "custom domain names are not served; use the API's local address"),
    ("AWS::ApiGateway::VpcLink", "there is no VPC locally"),
    ("AWS::ApiGatewayV2::ApiMapping", "custom domain names are not served; use the API's local address"),
    ("AWS::ApiGatewayV2::DomainName", "custom domain names are not served; use the API's local address"),
    ("AWS::ApiGatewayV2::VpcLink", "there is no VPC locally"),
    ("AWS::CloudWatch::CompositeAlarm", "alarms on other alarms' states are not evaluated; use AWS::CloudWatch::Alarm"),
    ("AWS::CloudWatch::*", "of CloudWatch there are metric alarms"),
    ("AWS::CloudFormation::Stack", "nested stacks are not loaded"),
    ("AWS::Cognito::*", "of Cognito there are user pools with their clients, groups, users and resource servers"),
    ("AWS::DynamoDB::GlobalTable", "global tables are not created; declare an AWS::DynamoDB::Table"),
    ("AWS::Events::*", "there is no event bus locally: no rule fires"),
    ("AWS::Lambda::Alias", "there are no versions locally: an alias is the function as it is now"),
    ("AWS::Lambda::EventInvokeConfig", "retries and destinations of asynchronous calls are not configured"),
    ("AWS::Lambda::LayerVersion", "layers are not mounted"),
    ("AWS::Lambda::Version", "there are no versions locally: a version is the function as it is now"),
    ("AWS::Logs::MetricFilter", "log lines are not made into metrics: an alarm on such a metric has no data"),
    ("AWS::S3::*", "there is no object storage locally"),
    ("AWS::SNS::*", "of SNS there are topics with their subscriptions and policies"),
    ("AWS::SQS::*", "there are no queues locally: nothing is delivered"),
    ("AWS::SSM::*", "there is no Parameter Store locally"),
    ("AWS::Scheduler::*", "there is no scheduler locally: nothing fires"),
    ("AWS::SecretsManager::*", "there are no secrets locally"),
    ("AWS::Serverless::Application", "nested applications are not loaded"),
    ("AWS::Serverless::Connector", "connectors write permissions, which are not checked locally"),
    ("AWS::Serverless::GraphQLApi", "AppSync APIs are not served"),
    ("AWS::Serverless::LayerVersion", "layers are not mounted"),
    ("AWS::Serverless::StateMachine", "state machines are not run"),
    ("AWS::StepFunctions::*", "state machines are not run"),
];

/// Why a type is not supported; `None` where there is nothing to run locally.
pub(super) fn unsupported_reason(resource_type: &str) -> Option<&'static str> {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(family) => resource_type.starts_with(family),
        None => resource_type == pattern,
    };
    if NOTHING_TO_RUN.iter().any(|pattern| fits(pattern)) {
        return None;
    }
    match NOT_SUPPORTED.iter().find(|(pattern, _)| fits(pattern)) {
        Some((_, reason)) => Some(reason),
        None if resource_type.starts_with("Custom::") => Some("custom resources are not run"),
        None => Some("this type is not supported: nothing is created for it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_either_harmless_or_listed() {
        assert_eq!(unsupported_reason("AWS::IAM::Role"), None);
        assert_eq!(unsupported_reason("AWS::CloudWatch::Dashboard"), None);
        assert!(unsupported_reason("AWS::CloudWatch::CompositeAlarm").is_some_and(|reason| reason.contains("states")));
        assert!(unsupported_reason("AWS::Logs::SubscriptionFilter").is_some());
        assert!(unsupported_reason("AWS::SNS::Other").is_some_and(|reason| reason.contains("topics")));
        assert_eq!(
            unsupported_reason("AWS::DynamoDb::Table"),
            Some("this type is not supported: nothing is created for it")
        );
    }
}
