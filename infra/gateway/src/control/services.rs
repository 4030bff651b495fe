//! The services of the control plane, and how a request is told to be for one of them.

use super::call::{ApiError, Entry};
use super::service_model;
use crate::server::ClientRequest;
use crate::signature::{self, Signed};

/// A service.
pub struct Service {
    /// botocore's name for it.
    pub(crate) name: &'static str,
    pub(crate) model: &'static service_model::Lazy,
    /// What is here of it: one slice for each file that holds some.
    pub(crate) operations: &'static [&'static [Entry]],
    /// The code of an input that violates the model's constraints.
    pub(crate) validation_error: &'static str,
    /// The code of a request without signature.
    pub(crate) missing_token: &'static str,
    /// Whether it is one for all regions.
    pub(crate) global: bool,
}

impl Service {
    /// The operation `name`, if it is here.
    pub(crate) fn entry(&self, name: &str) -> Option<&'static Entry> {
        self.operations.iter().copied().flatten().find(|entry| entry.name == name)
    }

    /// The error for an input that violates the model's constraints, as `message` says.
    pub(crate) fn invalid(&self, message: String) -> ApiError {
        // Lambda takes a runtime for a matter of its own: another code, no count of errors before the sentence, and the
        // value without quotes.
        if self.name == "lambda"
            && let Some(alone) = message.strip_prefix("1 validation error detected: Value '")
            && let Some((runtime, constraint)) = alone.split_once("' at 'runtime' ")
        {
            let text = format!("Value {runtime} at 'runtime' {constraint} or be a valid ARN");
            return ApiError::new("InvalidParameterValueException", text).with_status(400);
        }
        ApiError::new(self.validation_error, message).with_status(400)
    }
}

impl PartialEq for Service {
    fn eq(&self, other: &Service) -> bool {
        self.name == other.name
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// All of them.
pub(crate) static SERVICES: [&Service; 10] = [
    &super::apigateway::SERVICE,
    &super::apigatewayv2::SERVICE,
    &super::apigatewaymanagementapi::SERVICE,
    &super::lambda::SERVICE,
    &super::iam::SERVICE,
    &super::sts::SERVICE,
    &super::sns::SERVICE,
    &super::cloudwatch::SERVICE,
    &super::logs::SERVICE,
    &super::cognito_idp::SERVICE,
];

/// The service that `request` is for.
pub(super) fn of(request: &ClientRequest) -> Option<&'static Service> {
    let name = name(request)?;
    SERVICES.iter().find(|service| service.name == name).copied()
}

/// The service whose endpoint is called so, as credential scopes name it too.
pub(super) fn of_endpoint(name: &str) -> Option<&'static Service> {
    let name = if name == "monitoring" { "cloudwatch" } else { name };
    SERVICES.iter().find(|service| service.name == name).copied()
}

/// botocore's name for the service that `request` is for: by the credential scope, or else by what gives it away.
fn name(request: &ClientRequest) -> Option<&'static str> {
    let path = request.raw_path.as_str();
    let gateway = if path == "/v2" || path.starts_with("/v2/") { "apigatewayv2" } else { "apigateway" };
    if let Signed::By(scope) = signature::signed(request) {
        return Some(match scope.service.as_str() {
            "apigateway" => gateway,
            "lambda" => "lambda",
            "iam" => "iam",
            "sts" => "sts",
            "sns" => "sns",
            "monitoring" => "cloudwatch",
            "logs" => "logs",
            "cognito-idp" => "cognito-idp",
            _ => return None,
        });
    }
    match request.headers.get("x-amz-target").and_then(|target| target.split_once('.')) {
        Some(("Logs_20140328", _)) => return Some("logs"),
        Some(("GraniteServiceVersion20100801", _)) => return Some("cloudwatch"),
        Some(("AWSCognitoIdentityProviderService", _)) => return Some("cognito-idp"),
        _ => {}
    }
    let gateways = ["/restapis", "/apikeys", "/usageplans", "/domainnames", "/account", "/vpclinks", "/v2/"];
    if gateways.iter().any(|prefix| path.starts_with(prefix)) {
        return Some(gateway);
    }
    None
}
