//! Calls of services from within: what integrations of type AWS send.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::dispatch::Services;
use super::{ClientRequest, Reply};
use crate::clock::{Clock, iso8601};
use crate::control::{Control, WorldId};
use crate::hosted::{Host, HostedCall};
use crate::lambda;
use crate::services::TableWorlds;

impl Services {
    /// Lets the planes' integrations call these services.
    pub fn host_integrations(self: &Arc<Self>) {
        let services = Arc::downgrade(self);
        self.gateway.hosted.ask(services);
    }
}

impl Host for Services {
    fn call<'a>(&'a self, call: HostedCall<'a>) -> BoxFuture<'a, Option<Reply>> {
        answer(&self.control, &self.tables, call).boxed()
    }
}

async fn answer(control: &Control, tables: &TableWorlds, call: HostedCall<'_>) -> Option<Reply> {
    let HostedCall { service, account, region, request } = call;
    if service == "dynamodb" {
        let request = signed_in_form(control.clock(), account, region, request);
        return Some(tables.serve(account, region, &request).await);
    }
    let world = WorldId::new(account, region);
    if service == "lambda" && lambda::is_invoke(&request.raw_path) {
        let functions = control.invoker_within(&world);
        return Some(lambda::serve_invoke_api(&*functions, control.clock(), &request).await);
    }
    let service = Control::service_of_endpoint(service)?;
    Some(control.serve_within(service, &world, &request).await)
}

/// The embedded engine looks for a signature, not whose it is; and where the tables are elsewhere, it says which account and
/// region are meant.
fn signed_in_form(clock: &Clock, account: &str, region: &str, mut request: ClientRequest) -> ClientRequest {
    let at: String = iso8601(clock.now()).chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let date = at.get(..8).unwrap_or_default();
    let signature = "0".repeat(64);
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={account}/{date}/{region}/dynamodb/aws4_request, SignedHeaders=host, \
         Signature={signature}"
    );
    let at = format!("{}Z", at.split('.').next().unwrap_or_default());
    let signed = [("Authorization", authorization), ("X-Amz-Date", at)];
    request.headers.0.extend(signed.map(|(name, value)| (name.to_owned(), value)));
    request
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::compile::rest::HOSTED;
    use crate::control::testing::control;
    use crate::proxy::testing::request;

    const HOME: (&str, &str) = ("000000000000", "us-east-1");

    async fn send(
        (control, tables): &(Control, TableWorlds),
        service: &'static str,
        request: ClientRequest,
    ) -> (u16, Value) {
        let call = HostedCall { service, account: HOME.0, region: HOME.1, request };
        let reply = answer(control, tables, call).await.unwrap();
        (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or_default())
    }

    fn here() -> (Control, TableWorlds) {
        (control(), TableWorlds::open(None, Clock::default(), HOME.0, HOME.1).unwrap())
    }

    #[tokio::test]
    async fn a_table_is_written_and_read_within_the_process() {
        let here = here();
        let call = async |operation: &str, body: Value| {
            let target = format!("DynamoDB_20120810.{operation}");
            let mut request = request("POST", "/", &[("X-Amz-Target", &target)]);
            request.body = body.to_string().into();
            send(&here, "dynamodb", request).await
        };
        let table = json!({"TableName": "things", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]});
        let (status, made) = call("CreateTable", table).await;
        assert_eq!(status, 200, "{made}");
        let item = json!({"id": {"S": "1"}, "name": {"S": "Ada"}});
        assert_eq!(call("PutItem", json!({"TableName": "things", "Item": item})).await, (200, json!({})));
        let read = call("GetItem", json!({"TableName": "things", "Key": {"id": {"S": "1"}}})).await;
        assert_eq!(read, (200, json!({"Item": item})));
        let (status, error) = call("GetItem", json!({"TableName": "none", "Key": {"id": {"S": "1"}}})).await;
        assert_eq!(status, 400, "{error}");
    }

    #[tokio::test]
    async fn a_topic_is_published_to_by_query_and_by_form_and_answers_in_json() {
        let here = here();
        let json = [("Accept", "application/json")];
        let (_, made) = send(&here, "sns", request("POST", "/?Action=CreateTopic&Name=news", &json)).await;
        let arn = "arn:aws:sns:us-east-1:000000000000:news";
        assert_eq!(made["CreateTopicResponse"]["CreateTopicResult"]["TopicArn"], arn);
        let by_query = request("POST", &format!("/?Action=Publish&TopicArn={arn}&Message=hi"), &json);
        let (status, published) = send(&here, "sns", by_query).await;
        let result = &published["PublishResponse"]["PublishResult"];
        assert_eq!(
            (status, result["MessageId"].as_str().map(str::len), &result["SequenceNumber"]),
            (200, Some(36), &Value::Null)
        );
        let form = [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")];
        let mut by_form = request("POST", "/", &form);
        by_form.body = format!("Action=Publish&TopicArn={arn}-none&Message=hi").into();
        let (status, error) = send(&here, "sns", by_form).await;
        assert_eq!((status, &error["Error"]["Code"]), (404, &json!("NotFound")), "{error}");
    }

    #[tokio::test]
    async fn every_service_that_integrations_may_name_is_here() {
        let here = here();
        for service in HOSTED {
            let call = HostedCall { service, account: HOME.0, region: HOME.1, request: request("POST", "/", &[]) };
            assert!(answer(&here.0, &here.1, call).await.is_some(), "{service}");
        }
    }
}
