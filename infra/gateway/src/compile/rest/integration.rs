//! What answers a method, prepared once for each stage.

use std::time::Duration;

use super::super::lambda_arn::{resolve, timeout};
use super::super::{FunctionRef, Unusable};
use crate::model::{Integration, IntegrationType, Stage};

/// What answers a method.
#[derive(Debug)]
pub(crate) enum RestIntegration {
    /// `AWS_PROXY` to a function.
    LambdaProxy {
        /// The function.
        function: FunctionRef,
        /// `timeoutInMillis`
        timeout: Duration,
    },
    /// Nothing that is served here; the reason goes to the log of every request.
    Unsupported(String),
}

impl RestIntegration {
    /// Err is what API Gateway would refuse too.
    pub(super) fn new(declared: Option<&Integration>, stage: &Stage) -> Result<Self, String> {
        let Some(declared) = declared else {
            return Ok(RestIntegration::Unsupported("the method has no integration".to_owned()));
        };
        if declared.integration_type != IntegrationType::AwsProxy {
            return Ok(RestIntegration::Unsupported(format!(
                "integrations of type {}",
                declared.integration_type.as_str()
            )));
        }
        let timeout = timeout("timeoutInMillis", declared.timeout_in_millis)?;
        match resolve(declared.uri.as_deref().unwrap_or_default(), &stage.variables) {
            Err(Unusable::Invalid(reason)) => Err(format!("integration uri {reason}")),
            Err(Unusable::Unsupported(reason)) => Ok(RestIntegration::Unsupported(reason)),
            // AWS deploys this too, and fails every request.
            Ok(_) if declared.http_method.as_deref() != Some("POST") => Ok(RestIntegration::Unsupported(format!(
                "a Lambda integration whose integrationHttpMethod is {}; it must be POST",
                declared.http_method.as_deref().unwrap_or("missing")
            ))),
            Ok(function) => Ok(RestIntegration::LambdaProxy { function, timeout }),
        }
    }
}
