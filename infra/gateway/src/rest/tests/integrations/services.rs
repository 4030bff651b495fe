//! AWS to services: how they are called, whoever hosts them. What they answer is `server::hosted`'s matter.

use std::sync::Mutex;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::*;
use crate::hosted::{Host, HostedCall};

/// One call: service, account, region, request.
type Seen = (&'static str, String, String, ClientRequest);

struct Services {
    seen: Mutex<Vec<Seen>>,
    answer: (u16, &'static str),
}

impl Host for Services {
    fn call<'a>(&'a self, call: HostedCall<'a>) -> BoxFuture<'a, Option<Reply>> {
        let HostedCall { service, account, region, request } = call;
        self.seen.lock().unwrap().push((service, account.to_owned(), region.to_owned(), request));
        let mut reply = Reply::new(Bytes::from_static(self.answer.1.as_bytes()));
        *reply.status_mut() = self.answer.0.try_into().unwrap();
        reply.headers_mut().insert("x-amzn-requestid", "r1".parse().unwrap());
        async move { Some(reply) }.boxed()
    }
}

/// Sends one request; what came of it, and what the service was sent.
async fn send(integration: Value, answer: (u16, &'static str), request: ClientRequest) -> (Reply, Seen) {
    let plane = plane("/items/{id}", integration, ok());
    let services = Arc::new(Services { seen: Mutex::default(), answer });
    let host: Arc<dyn Host> = services.clone();
    plane.gateway.hosted.ask(Arc::downgrade(&host));
    let reply = plane.send(request).await;
    let seen = services.seen.lock().unwrap().pop().unwrap();
    (reply, seen)
}

fn service(uri: &str, members: Value) -> Value {
    let mut integration = json!({"type": "AWS", "httpMethod": "POST", "uri": format!("arn:aws:apigateway:eu-west-1:{uri}"),
        "credentials": "arn:aws:iam::111122223333:role/api", "integrationResponses": {"200": {}}});
    integration.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    integration
}

#[tokio::test]
async fn an_action_of_a_json_service_is_its_target() {
    let integration = service(
        "dynamodb:action/GetItem",
        json!({
            "requestTemplates": {"application/json": "{\"TableName\": \"t\", \"Key\": {\"id\": {\"S\": \"$input.params('id')\"}}}"},
            "integrationResponses": {
                "200": {"responseTemplates": {"application/json": "$input.path('$.Item.name.S')"}},
                "404": {"selectionPattern": "400", "responseParameters": {"method.response.header.X-Id": "integration.response.header.x-amzn-RequestId"}},
            },
        }),
    );
    let answer = (200, r#"{"Item": {"name": {"S": "Ada"}}}"#);
    let (reply, (service, account, region, request)) =
        send(integration.clone(), answer, request("GET", "/prod/items/7", &[])).await;
    assert_eq!(outcome(&reply), (200, "Ada"));
    assert!(header(&reply, "x-amzn-trace-id").is_some());
    assert_eq!((service, &*account, &*region), ("dynamodb", "111122223333", "eu-west-1"));
    assert_eq!((request.method.as_str(), &*request.raw_path, &*request.raw_query), ("POST", "/", ""));
    assert_eq!(request.headers.get("x-amz-target"), Some("DynamoDB_20120810.GetItem"));
    assert_eq!(&request.body[..], br#"{"TableName": "t", "Key": {"id": {"S": "7"}}}"#);
    let (refused, _) = send(integration, (400, "{}"), super::request("GET", "/prod/items/7", &[])).await;
    assert_eq!((refused.status().as_u16(), header(&refused, "x-id")), (404, Some("r1")));
}

#[tokio::test]
async fn an_action_of_a_query_service_is_a_parameter() {
    let integration = service(
        "sns:action/Publish",
        json!({"requestParameters": {
            "integration.request.querystring.TopicArn": "'arn:aws:sns:eu-west-1:111122223333:t'",
            "integration.request.querystring.Message": "method.request.body.text",
            "integration.request.querystring.Tag": "method.request.multivaluequerystring.tag",
            "integration.request.header.X-Own": "method.request.header.X-Own",
            "integration.request.header.X-Other": "method.request.header.x-own",
        }}),
    );
    let sent = post("/prod/items/1?tag=a&tag=b%26c", &[("X-Own", "kept")], b"{\"text\": \"a&b=c d\"}");
    let (_, (service, _, _, request)) = send(integration, (200, "{}"), sent).await;
    assert_eq!(service, "sns");
    assert_eq!(
        request.raw_query,
        "Action=Publish&TopicArn=arn%3Aaws%3Asns%3Aeu%2Dwest%2D1%3A111122223333%3At&Message=a%26b%3Dc%20d&Tag=a&Tag=b%26c"
    );
    assert_eq!(request.headers.get("accept"), Some("application/json"));
    let own = (request.headers.get("x-own"), request.headers.get("x-other"));
    assert_eq!(own, (Some("kept"), None), "names are case-sensitive");
}

#[tokio::test]
async fn a_path_is_filled_in_and_a_form_is_a_body() {
    let form = service(
        "sns:path//",
        json!({
            "requestParameters": {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
            "requestTemplates": {"application/json": "Action=Publish&Message=$util.urlEncode($input.body)"},
        }),
    );
    let (_, (.., request)) = send(form, (200, "{}"), post("/prod/items/1", &[], b"{\"a\": 1}")).await;
    assert_eq!(
        (&*request.raw_path, request.headers.get("content-type")),
        ("/", Some("application/x-www-form-urlencoded"))
    );
    assert_eq!(&request.body[..], b"Action=Publish&Message=%7B%22a%22%3A+1%7D");
    let path = service(
        "lambda:path/2015-03-31/functions/{name}?Marker=m",
        json!({
            "httpMethod": "ANY",
            "requestParameters": {"integration.request.path.name": "method.request.path.id"},
        }),
    );
    let (_, (.., request)) = send(path, (200, "{}"), super::request("GET", "/prod/items/a%2Fb", &[])).await;
    assert_eq!((request.method.as_str(), &*request.raw_path), ("GET", "/2015-03-31/functions/a%2Fb"));
    assert_eq!(request.raw_query, "Marker=m");
}

#[tokio::test]
async fn a_template_overrides_what_is_mapped() {
    let template = "#set($context.requestOverride.header.X-Own = 'over')#set($context.requestOverride.path.name = 'g')\
                    #set($context.requestOverride.querystring.q = '1 2'){}";
    let path = service(
        "lambda:path/2015-03-31/functions/{name}",
        json!({
            "requestParameters": {"integration.request.path.name": "'f'", "integration.request.header.x-own": "'mapped'", "integration.request.querystring.q": "'0'"},
            "requestTemplates": {"application/json": template},
        }),
    );
    let (_, (.., request)) = send(path, (200, "{}"), post("/prod/items/1", &[], b"{}")).await;
    assert_eq!((&*request.raw_path, &*request.raw_query), ("/2015-03-31/functions/g", "q=1%202"));
    assert_eq!(request.headers.get("x-own"), Some("over"));
}

#[tokio::test]
async fn without_services_the_method_is_closed() {
    let plane = plane("/", service("dynamodb:action/GetItem", json!({})), ok());
    assert_error(&plane.get("/prod", &[]).await, 500, INTERNAL, INTERNAL_TYPE);
}
