//! What AWS would call each resource: the value of its `Ref` and of its attributes.

use super::error::Owner;
use super::names;
use super::node::Node;
use super::resolver::{Failed, Resolver};
use super::sam::usage_plan;
use super::sections::Resource;
use crate::model::UNKNOWN_STREAM_LABEL;

/// A resource that SAM makes.
#[derive(Debug, Default)]
pub(super) struct Identity {
    /// Its `Ref`.
    pub(super) id: String,
    pub(super) arn: Option<String>,
    pub(super) url: Option<String>,
}

impl Identity {
    pub(super) fn of(id: impl Into<String>) -> Self {
        Identity { id: id.into(), ..Identity::default() }
    }
}

impl Resolver<'_> {
    /// The `Ref` of a resource.
    pub(super) fn physical_id(&self, resource: &Resource) -> Result<String, Failed> {
        let options = self.options;
        let id = resource.logical_id.as_str();
        let arn = |service: &str, rest: &str| names::arn(options, service, rest);
        Ok(match resource.resource_type.as_str() {
            "AWS::ApiGateway::RestApi"
            | "AWS::ApiGatewayV2::Api"
            | "AWS::Serverless::Api"
            | "AWS::Serverless::HttpApi" => names::api_id(id),
            "AWS::Lambda::Function" | "AWS::Serverless::Function" => self.function_name(resource)?,
            "AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable" | "AWS::DynamoDB::GlobalTable" => {
                self.table_name(resource)?
            }
            "AWS::ApiGateway::Stage" | "AWS::ApiGatewayV2::Stage" => {
                self.named(resource, "StageName")?.unwrap_or_default()
            }
            "AWS::ApiGateway::Model" => self.named_or(resource, "Name", id)?,
            "AWS::ApiGateway::DocumentationVersion" => {
                self.named(resource, "DocumentationVersion")?.unwrap_or_default()
            }
            // Everything else below an API has an id of its own.
            kind if kind.starts_with("AWS::ApiGateway") && !kind.ends_with("::DomainName") => names::api_id(id),
            "AWS::Lambda::EventSourceMapping" => names::mapping_uuid(options, id),
            "AWS::Lambda::Version" => format!("{}:1", self.function_arn_of(resource)?),
            "AWS::Lambda::Alias" => {
                format!("{}:{}", self.function_arn_of(resource)?, self.named(resource, "Name")?.unwrap_or_default())
            }
            "AWS::Lambda::Url" => self.named(resource, "TargetFunctionArn")?.unwrap_or_default(),
            "AWS::Lambda::LayerVersion" | "AWS::Serverless::LayerVersion" => {
                arn("lambda", &format!("layer:{}:1", self.named_or(resource, "LayerName", id)?))
            }
            "AWS::SNS::Topic" => arn("sns", &self.named_or_generated(resource, "TopicName")?),
            "AWS::SNS::Subscription" => {
                let topic = self.named(resource, "TopicArn")?.unwrap_or_default();
                format!("{topic}:{}", names::subscription_id(options, id))
            }
            "AWS::SQS::Queue" => {
                let name = self.named_or_generated(resource, "QueueName")?;
                let suffix = names::url_suffix(options);
                format!("https://sqs.{}.{suffix}/{}/{name}", options.region, options.account_id)
            }
            "AWS::StepFunctions::StateMachine" => {
                arn("states", &format!("stateMachine:{}", self.named_or_generated(resource, "StateMachineName")?))
            }
            "AWS::Serverless::StateMachine" => {
                arn("states", &format!("stateMachine:{}", self.named_or_generated(resource, "Name")?))
            }
            "AWS::Cognito::UserPool" => format!("{}_{}", options.region, &names::short_id(&["pool", id])[..9]),
            "AWS::Cognito::UserPoolClient" => names::user_pool_client_id(id),
            "AWS::Cognito::UserPoolGroup" => self.named_or(resource, "GroupName", id)?,
            "AWS::Cognito::UserPoolResourceServer" => self.named(resource, "Identifier")?.unwrap_or_default(),
            "AWS::Cognito::UserPoolUser" => self.named_or(resource, "Username", id)?,
            "AWS::Cognito::UserPoolDomain" => self.named(resource, "Domain")?.unwrap_or_default(),
            "AWS::CloudFormation::Stack" | "AWS::Serverless::Application" => {
                arn("cloudformation", &format!("stack/{}/{}", names::generated(options, id), names::short_id(&[id])))
            }
            "AWS::SecretsManager::Secret" => {
                arn("secretsmanager", &format!("secret:{}", names::generated(options, id)))
            }
            "AWS::IAM::ManagedPolicy" => {
                let name = self.named_or_generated(resource, "ManagedPolicyName")?;
                format!("arn:{}:iam::{}:policy/{name}", names::partition(options), options.account_id)
            }
            "AWS::S3::Bucket" => self.named_or_generated(resource, "BucketName")?.to_lowercase(),
            kind => {
                // Most types name themselves by `{Last}Name` or `Name`.
                let last = kind.rsplit("::").next().unwrap_or_default();
                match self.named(resource, &format!("{last}Name"))? {
                    Some(name) => name,
                    None => self.named_or_generated(resource, "Name")?,
                }
            }
        })
    }

    /// An attribute of a resource; `Err` has the attributes that the type does have.
    pub(super) fn attribute(
        &self,
        resource: &Resource,
        attribute: &str,
    ) -> Result<Result<String, &'static [&'static str]>, Failed> {
        let id = self.physical_id(resource)?;
        let kind = resource.resource_type.as_str();
        let known: &'static [&'static str] = match kind {
            "AWS::ApiGateway::RestApi" => &["RestApiId", "RootResourceId"],
            "AWS::Serverless::Api" => &["RestApiId", "RootResourceId"],
            "AWS::ApiGatewayV2::Api" | "AWS::Serverless::HttpApi" => &["ApiEndpoint", "ApiId"],
            "AWS::Lambda::Function" | "AWS::Serverless::Function" => &["Arn"],
            "AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable" => &["Arn", "StreamArn", "TableId"],
            "AWS::Serverless::SimpleTable" => &["Arn"],
            "AWS::ApiGateway::Resource" => &["ResourceId"],
            "AWS::ApiGateway::Authorizer" | "AWS::ApiGatewayV2::Authorizer" => &["AuthorizerId"],
            "AWS::ApiGateway::Deployment" | "AWS::ApiGatewayV2::Deployment" => &["DeploymentId"],
            "AWS::ApiGateway::RequestValidator" => &["RequestValidatorId"],
            "AWS::ApiGateway::DocumentationPart" => &["DocumentationPartId"],
            "AWS::ApiGateway::ApiKey" => &["APIKeyId"],
            "AWS::ApiGateway::UsagePlan" | "AWS::ApiGateway::UsagePlanKey" => &["Id"],
            "AWS::ApiGatewayV2::Model" => &["ModelId"],
            "AWS::ApiGatewayV2::IntegrationResponse" => &["IntegrationResponseId"],
            "AWS::ApiGatewayV2::RouteResponse" => &["RouteResponseId"],
            "AWS::ApiGatewayV2::Integration" => &["IntegrationId"],
            "AWS::ApiGatewayV2::Route" => &["RouteId"],
            "AWS::Cognito::UserPool" => &["Arn", "ProviderName", "ProviderURL", "UserPoolId"],
            "AWS::Cognito::UserPoolClient" => &["ClientId", "ClientSecret", "Name"],
            _ => return Ok(Ok(self.general_attribute(resource, &id, attribute))),
        };
        if !known.contains(&attribute) {
            return Ok(Err(known));
        }
        Ok(Ok(match attribute {
            "RootResourceId" => names::resource_id(&id, "/"),
            "ProviderName" | "ProviderURL" => {
                let host = format!("cognito-idp.{}.{}/{id}", self.options.region, names::url_suffix(self.options));
                if attribute == "ProviderURL" { format!("https://{host}") } else { host }
            }
            "ClientSecret" => names::user_pool_client_secret(self.options, &resource.logical_id),
            "Name" => self.named_or_generated(resource, "ClientName")?,
            "Arn" if kind == "AWS::Cognito::UserPool" => {
                names::arn(self.options, "cognito-idp", &format!("userpool/{id}"))
            }
            "ApiEndpoint" => {
                let socket = self.named(resource, "ProtocolType")?.as_deref() == Some("WEBSOCKET");
                let scheme = if socket { "wss" } else { "https" };
                format!("{scheme}://{}", names::api_host(self.options, &id))
            }
            "Arn" if kind.ends_with("::Function") => names::function_arn(self.options, &id),
            "Arn" => names::arn(self.options, "dynamodb", &format!("table/{id}")),
            // The stream has its label from the time when it is made; an event source mapping knows this one.
            "StreamArn" => names::arn(self.options, "dynamodb", &format!("table/{id}/stream/{UNKNOWN_STREAM_LABEL}")),
            _ => id,
        }))
    }

    /// Attributes of types that are not modelled: deterministic, so that the rest of the template resolves.
    fn general_attribute(&self, resource: &Resource, id: &str, attribute: &str) -> String {
        let options = self.options;
        let kind = resource.resource_type.as_str();
        if !attribute.ends_with("Arn") {
            return match (kind, attribute) {
                ("AWS::SQS::Queue", "QueueName") => id.rsplit('/').next().unwrap_or(id).to_owned(),
                ("AWS::SNS::Topic", "TopicName") => id.rsplit(':').next().unwrap_or(id).to_owned(),
                ("AWS::Lambda::Url", "FunctionUrl") => names::function_url(options, &resource.logical_id),
                ("AWS::Lambda::Version", "Version") => "1".to_owned(),
                _ => format!("{}-{attribute}", names::generated(options, &resource.logical_id)),
            };
        }
        if id.starts_with("arn:") {
            return id.to_owned();
        }
        let partition = names::partition(options);
        match kind {
            "AWS::IAM::Role" => format!("arn:{partition}:iam::{}:role/{id}", options.account_id),
            "AWS::IAM::User" => format!("arn:{partition}:iam::{}:user/{id}", options.account_id),
            "AWS::S3::Bucket" => format!("arn:{partition}:s3:::{id}"),
            "AWS::SQS::Queue" => names::arn(options, "sqs", id.rsplit('/').next().unwrap_or(id)),
            "AWS::CloudWatch::Alarm" => names::arn(options, "cloudwatch", &format!("alarm:{id}")),
            "AWS::Logs::LogGroup" => names::arn(options, "logs", &format!("log-group:{id}:*")),
            "AWS::Events::EventBus" => names::arn(options, "events", &format!("event-bus/{id}")),
            _ => {
                let service = kind.split("::").nth(1).unwrap_or("cloudformation").to_lowercase();
                names::arn(options, &service, id)
            }
        }
    }

    /// `FunctionName`, or the logical id.
    pub(super) fn function_name(&self, resource: &Resource) -> Result<String, Failed> {
        self.named_or(resource, "FunctionName", &resource.logical_id)
    }

    /// `TableName`, or a generated one.
    pub(super) fn table_name(&self, resource: &Resource) -> Result<String, Failed> {
        self.named_or_generated(resource, "TableName")
    }

    fn function_arn_of(&self, resource: &Resource) -> Result<String, Failed> {
        let function = self.named(resource, "FunctionName")?.unwrap_or_default();
        Ok(if function.starts_with("arn:") { function } else { names::function_arn(self.options, &function) })
    }

    fn named_or_generated(&self, resource: &Resource, property: &str) -> Result<String, Failed> {
        Ok(self.named(resource, property)?.unwrap_or_else(|| names::generated(self.options, &resource.logical_id)))
    }

    fn named_or(&self, resource: &Resource, property: &str, default: &str) -> Result<String, Failed> {
        Ok(self.named(resource, property)?.unwrap_or_else(|| default.to_owned()))
    }

    /// A property that names the resource, resolved once; a name that depends on itself is refused.
    fn named(&self, resource: &Resource, property: &str) -> Result<Option<String>, Failed> {
        let Some(node) = resource.properties.get(property) else { return Ok(None) };
        let key = format!("{}.{property}", resource.logical_id);
        if let Some(known) = self.names.borrow().get(&key) {
            return match known {
                Some(name) => Ok(Some(name.clone()).filter(|name| !name.is_empty())),
                None => {
                    self.report.error(node.at, format!("{key}: the name depends on itself"));
                    Err(Failed)
                }
            };
        }
        self.names.borrow_mut().insert(key.clone(), None);
        let owner: Owner<'_> = resource.owner();
        let name = match self.resolve_for(owner, property, node).as_ref().map(Node::scalar) {
            Some(Some(name)) => name,
            // NoValue, or reported already: as if it were not given.
            _ => String::new(),
        };
        self.names.borrow_mut().insert(key, Some(name.clone()));
        Ok(Some(name).filter(|name| !name.is_empty()))
    }

    /// A resource that SAM's transform makes for `resource`, by what follows the logical id in its name.
    pub(super) fn made_with_suffix(&self, resource: &Resource, suffix: &str) -> Option<Identity> {
        let options = self.options;
        let id = resource.logical_id.as_str();
        let role = || {
            let name = names::generated(options, &format!("{id}Role"));
            let arn = format!("arn:{}:iam::{}:role/{name}", names::partition(options), options.account_id);
            Identity { id: name, arn: Some(arn), url: None }
        };
        match (resource.resource_type.as_str(), suffix) {
            ("AWS::Serverless::Function" | "AWS::Serverless::StateMachine", "Role")
                if resource.properties.get("Role").is_none() =>
            {
                Some(role())
            }
            ("AWS::Serverless::Function", _) => {
                let arn = || Some(names::function_arn(options, &self.function_name(resource).ok()?));
                let alias = resource.properties.get("AutoPublishAlias").and_then(Node::scalar);
                match (suffix, alias) {
                    ("Url", _) if resource.properties.get("FunctionUrlConfig").is_some() => {
                        Some(Identity { id: arn()?, arn: arn(), url: Some(names::function_url(options, id)) })
                    }
                    (".Version", Some(_)) => Some(Identity::of(format!("{}:1", arn()?))),
                    (".Alias", Some(alias)) => Some(Identity::of(format!("{}:{alias}", arn()?))),
                    (suffix, Some(alias)) if suffix.strip_prefix("Alias") == Some(alias.as_str()) => {
                        Some(Identity::of(format!("{}:{alias}", arn()?)))
                    }
                    _ => None,
                }
            }
            (
                "AWS::Serverless::Api",
                ".ApiKey" | ".UsagePlan" | ".UsagePlanKey" | "ApiKey" | "UsagePlan" | "UsagePlanKey",
            ) => usage_plan::made(resource, &format!("{id}{suffix}")).map(Identity::of),
            ("AWS::Serverless::Api", ".Deployment" | "Deployment") => {
                Some(Identity::of(names::short_id(&["deployment", id])))
            }
            ("AWS::Serverless::Api", _) => {
                let stage = self.named(resource, "StageName").ok()??;
                let is_stage = suffix == ".Stage" || suffix == "Stage" || *suffix == format!("{stage}Stage");
                is_stage.then(|| Identity::of(stage))
            }
            ("AWS::Serverless::HttpApi", _) => {
                let stage = self.named(resource, "StageName").ok()?.unwrap_or_else(|| "$default".to_owned());
                let is_stage = suffix == ".Stage"
                    || suffix == "Stage"
                    || (stage == "$default" && suffix == "ApiGatewayDefaultStage")
                    || *suffix == format!("{stage}Stage");
                is_stage.then(|| Identity::of(stage))
            }
            _ => None,
        }
    }
}
