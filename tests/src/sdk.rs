//! The Rust SDK builds and deletes a function behind a REST, an HTTP and a WebSocket API; `tests/peers/build.*` are the
//! same in other languages.

use aws_sdk_apigateway::types::IntegrationType as RestIntegration;
use aws_sdk_apigatewayv2::types::{IntegrationType, ProtocolType};
use aws_sdk_lambda::client::Waiters as _;
use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use serde_json::{Value, json};

use crate::chat::PATIENCE;

/// Any error: the caller only says it.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The clients of a Ferrogate.
pub struct Clients {
    rest: aws_sdk_apigateway::Client,
    v2: aws_sdk_apigatewayv2::Client,
    functions: aws_sdk_lambda::Client,
}

macro_rules! client {
    ($service:ident, $endpoint:expr) => {
        $service::Client::from_conf(
            $service::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(Credentials::new("test", "test", None, None, "test"))
                .endpoint_url($endpoint)
                .build(),
        )
    };
}

impl Clients {
    /// Clients with local credentials.
    pub fn new(endpoint: &str) -> Clients {
        Clients {
            rest: client!(aws_sdk_apigateway, endpoint),
            v2: client!(aws_sdk_apigatewayv2, endpoint),
            functions: client!(aws_sdk_lambda, endpoint),
        }
    }

    /// Builds them from a package with `main.handler`: the ids of the APIs by kind.
    ///
    /// # Errors
    ///
    /// The SDK's, and what is missing in an answer.
    pub async fn build(&self, package: Vec<u8>) -> Result<Value, Error> {
        let arn = self.function(package).await?;
        let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations");
        let rest = self.rest(&uri).await?;
        let http = self.http(&arn).await?;
        let socket = self.socket(&uri).await?;
        Ok(json!({"rest": rest, "http": http, "socket": socket}))
    }

    async fn function(&self, package: Vec<u8>) -> Result<String, Error> {
        let code = FunctionCode::builder().zip_file(Blob::new(package)).build();
        let create = self.functions.create_function().function_name("hello").runtime(Runtime::from("python3.12"));
        let create = create.handler("main.handler").code(code).role("arn:aws:iam::000000000000:role/hello");
        let arn = create.send().await?.function_arn.ok_or("no ARN")?;
        self.functions.wait_until_function_active_v2().function_name("hello").wait(PATIENCE).await?;
        let invoked = self.functions.invoke().function_name("hello").payload(Blob::new("{}")).send().await?;
        let said: Value = serde_json::from_slice(invoked.payload.ok_or("no payload")?.as_ref())?;
        assert_eq!(said["body"], "hello");
        Ok(arn)
    }

    async fn rest(&self, uri: &str) -> Result<String, Error> {
        let api = self.rest.create_rest_api().name("rest").send().await?.id.ok_or("no id")?;
        let resources = self.rest.get_resources().rest_api_id(&api).send().await?;
        let root = resources.items().first().and_then(|root| root.id()).ok_or("no root")?;
        let resource = self.rest.create_resource().rest_api_id(&api).parent_id(root).path_part("hello").send().await?;
        let resource = resource.id.ok_or("no id")?;
        let method = self.rest.put_method().rest_api_id(&api).resource_id(&resource).http_method("GET");
        method.authorization_type("NONE").send().await?;
        let integration = self.rest.put_integration().rest_api_id(&api).resource_id(&resource).http_method("GET");
        integration.r#type(RestIntegration::AwsProxy).integration_http_method("POST").uri(uri).send().await?;
        self.rest.create_deployment().rest_api_id(&api).stage_name("dev").send().await?;
        Ok(api)
    }

    async fn http(&self, arn: &str) -> Result<String, Error> {
        let api = self.v2.create_api().name("http").protocol_type(ProtocolType::Http).send().await?;
        let api = api.api_id.ok_or("no id")?;
        let integration = self.v2.create_integration().api_id(&api).integration_type(IntegrationType::AwsProxy);
        let integration = integration.integration_uri(arn).payload_format_version("2.0").send().await?;
        let target = format!("integrations/{}", integration.integration_id.ok_or("no id")?);
        self.v2.create_route().api_id(&api).route_key("GET /hello").target(target).send().await?;
        self.v2.create_stage().api_id(&api).stage_name("$default").auto_deploy(true).send().await?;
        Ok(api)
    }

    async fn socket(&self, uri: &str) -> Result<String, Error> {
        let api = self.v2.create_api().name("socket").protocol_type(ProtocolType::Websocket);
        let api = api.route_selection_expression("$request.body.action").send().await?.api_id.ok_or("no id")?;
        let integration = self.v2.create_integration().api_id(&api).integration_type(IntegrationType::AwsProxy);
        let integration = integration.integration_uri(uri).send().await?.integration_id.ok_or("no id")?;
        let route = self.v2.create_route().api_id(&api).route_key("$default");
        let route = route.target(format!("integrations/{integration}")).route_response_selection_expression("$default");
        let route = route.send().await?.route_id.ok_or("no id")?;
        self.v2.create_route_response().api_id(&api).route_id(route).route_response_key("$default").send().await?;
        self.v2.create_stage().api_id(&api).stage_name("dev").auto_deploy(true).send().await?;
        Ok(api)
    }

    /// Deletes them, and sees that they are gone.
    ///
    /// # Errors
    ///
    /// The SDK's.
    pub async fn delete(&self, ids: &Value) -> Result<(), Error> {
        let id = |kind: &str| ids[kind].as_str().unwrap_or_default().to_owned();
        self.rest.delete_rest_api().rest_api_id(id("rest")).send().await?;
        for kind in ["http", "socket"] {
            self.v2.delete_api().api_id(id(kind)).send().await?;
        }
        self.functions.delete_function().function_name("hello").send().await?;
        let api = self.rest.get_rest_api().rest_api_id(id("rest")).send().await;
        assert!(api.is_err_and(|error| error.into_service_error().is_not_found_exception()));
        let function = self.functions.get_function().function_name("hello").send().await;
        assert!(function.is_err_and(|error| error.into_service_error().is_resource_not_found_exception()));
        Ok(())
    }
}
