//! AWS_IAM on `$connect`, and signatures of `@connections` where they are checked.

use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::support::{Client, Server, api};
use crate::control::Control;
use crate::control::testing::control;
use crate::credentials::{Credentials, Issuer};
use crate::proxy::testing::request;
use crate::server::ClientRequest;
use crate::signature::testing::{Signer, TEST};
use crate::websocket::Connections;

async fn closed() -> (Server, Control) {
    let closed = api(|api| api.routes["$connect"].authorization_type = "AWS_IAM".to_owned());
    let server = Server::with(closed, Connections::default()).await;
    let control = control().with_credentials(Issuer::default(), Credentials::default(), true);
    server.gateway.iam.ask(control.shared_directory());
    (server, control)
}

impl Server {
    fn request(&self, method: &str, target: &str) -> ClientRequest {
        request(method, target, &[("Host", &self.url("")[5..])])
    }

    /// Connects with what a signer has made of the request.
    async fn connect_with(&self, signed: &ClientRequest) -> Result<Client, u16> {
        let query = if signed.raw_query.is_empty() { String::new() } else { format!("?{}", signed.raw_query) };
        let mut upgrade = self.url(&format!("{}{query}", signed.raw_path)).into_client_request().unwrap();
        for (name, value) in signed.headers.iter().filter(|(name, _)| *name != "Host") {
            let name = tokio_tungstenite::tungstenite::http::HeaderName::try_from(name).unwrap();
            upgrade.headers_mut().insert(name, value.parse().unwrap());
        }
        match connect_async(upgrade).await {
            Ok((stream, _)) => Ok(Client(stream)),
            Err(tokio_tungstenite::tungstenite::Error::Http(reply)) => Err(reply.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_connect_is_signed_in_a_header_or_in_its_address() {
    let (mut server, _control) = closed().await;
    let now = server.clock.now();
    let target = "/production?room=a%2Fb&room=&x=1+2";
    for signed in [
        TEST.sign(server.request("GET", target), now),
        TEST.presign(server.request("GET", target), now, Some(300)),
        TEST.presign(server.request("GET", target), now, None),
    ] {
        let mut client = server.connect_with(&signed).await.ok().unwrap();
        let event = server.event("CONNECT").await;
        let identity = json!({
            "accountId": "000000000000", "accessKey": "test", "caller": "000000000000", "user": "000000000000",
            "userArn": "arn:aws:iam::000000000000:root", "sourceIp": "127.0.0.1",
        });
        assert_eq!(event["requestContext"]["identity"], identity);
        assert_eq!(event["headers"].get("Authorization"), None);
        client.send(r#"{"action":"ask"}"#).await;
        assert_eq!(server.event("MESSAGE").await["requestContext"]["identity"], identity, "the connection keeps it");
    }
}

#[tokio::test]
async fn a_connect_that_is_not_signed_well_is_refused() {
    let (mut server, _control) = closed().await;
    let now = server.clock.now();
    let mut altered = TEST.presign(server.request("GET", "/production?userId=alice"), now, Some(300));
    altered.raw_query = altered.raw_query.replace("alice", "bob");
    for refused in [
        server.request("GET", "/production"),
        altered,
        Signer { key: "nobody", ..TEST }.sign(server.request("GET", "/production"), now),
        Signer { secret: "wrong", ..TEST }.sign(server.request("GET", "/production"), now),
        TEST.presign(server.request("GET", "/production"), now - 301_000, Some(300)),
        TEST.sign(request("GET", "/production", &[("Host", "elsewhere")]), now),
    ] {
        assert_eq!(server.connect_with(&refused).await.err(), Some(403));
    }
    assert!(server.events.try_recv().is_err(), "the function must not run");
}

#[tokio::test]
async fn the_connections_api_checks_signatures() {
    let (mut server, _control) = closed().await;
    let now = server.clock.now();
    let mut client = server.connect_with(&TEST.sign(server.request("GET", "/production"), now)).await.ok().unwrap();
    let id = server.event("CONNECT").await["requestContext"]["connectionId"].as_str().unwrap().to_owned();
    let path = format!("/production/@connections/{}", id.replace('=', "%3D").replace('/', "%2F").replace('+', "%2B"));
    let post = async |signer: Signer<'_>, sent: &'static str| {
        let mut signed = request("POST", &path, &[("Host", "localhost")]);
        signed.body = "hello".into();
        let signed = signer.sign(signed, now);
        let headers: Vec<_> = signed.headers.iter().filter(|(name, _)| *name != "Host").collect();
        let reply = server.http("POST", &path, &headers, sent).await;
        (reply.status().as_u16(), reply.headers().get("x-amzn-errortype").map(|kind| kind.to_str().unwrap().to_owned()))
    };
    assert_eq!(post(TEST, "hello").await, (200, None));
    assert_eq!(client.text().await, "hello");
    let invalid = Some("InvalidSignatureException".to_owned());
    assert_eq!(post(TEST, "other").await, (403, invalid.clone()), "another body");
    assert_eq!(post(Signer { secret: "wrong", ..TEST }, "hello").await, (403, invalid));
    let unknown = Some("UnrecognizedClientException".to_owned());
    assert_eq!(post(Signer { key: "nobody", ..TEST }, "hello").await, (403, unknown));
}

#[tokio::test]
async fn functions_sign_with_the_machines_time_wherever_the_clock_has_been_moved() {
    let (mut server, _control) = closed().await;
    let now = server.clock.now();
    let _client = server.connect_with(&TEST.sign(server.request("GET", "/production"), now)).await.ok().unwrap();
    let id = server.event("CONNECT").await["requestContext"]["connectionId"].as_str().unwrap().to_owned();
    server.clock.advance(std::time::Duration::from_secs(400));
    let path = format!("/production/@connections/{}", id.replace('=', "%3D").replace('/', "%2F").replace('+', "%2B"));
    let signed = TEST.sign(request("POST", &path, &[("Host", "localhost")]), now);
    let headers: Vec<_> = signed.headers.iter().filter(|(name, _)| *name != "Host").collect();
    assert_eq!(server.http("POST", &path, &headers, "").await.status(), 200);
}
