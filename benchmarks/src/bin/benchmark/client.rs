//! A client of AWS's services: one HTTP/1.1 connection, kept as long as the server keeps it.
//!
//! Where calls are measured its signature is made up: what is measured is told to check none, and no client's signing belongs
//! into the figures. Where something has to be let in, requests are [`signed`].

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Failure;
use crate::load::{MAX_ANSWER, PATIENCE, shape};

/// A client of one service.
pub(crate) struct Client {
    address: SocketAddr,
    service: &'static str,
    stream: Option<TcpStream>,
    answer: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// From the first byte sent (or the connection made) to the last one read.
    pub(crate) took: Duration,
}

impl Client {
    /// A client of `apigateway`, `lambda`, …; it connects when it is first used.
    pub(crate) fn new(address: SocketAddr, service: &'static str) -> Client {
        Client { address, service, stream: None, answer: Vec::new() }
    }

    /// A call that must succeed, and its answer's JSON (null for an empty body).
    pub(crate) async fn call(&mut self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.send(method, path, &body).await?;
        answer.json(&format!("{method} {path}"))
    }

    /// An operation of a service of AWS's JSON protocol (`AWSCognitoIdentityProviderService.SignUp`), signed; it must succeed.
    pub(crate) async fn operation(&mut self, operation: &str, body: &Value) -> Result<Value, Failure> {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", operation)];
        let request = signed(self.address, self.service, "POST", "/", &headers, body.to_string().as_bytes())?;
        self.transmit(operation, &request).await?.json(operation)
    }

    /// A call, whatever its answer.
    pub(crate) async fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Answer, Failure> {
        let request = request(self.address, self.service, method, path, body);
        self.transmit(&format!("{method} {path}"), &request).await
    }

    async fn transmit(&mut self, what: &str, request: &[u8]) -> Result<Answer, Failure> {
        let started = Instant::now();
        let exchange = timeout(PATIENCE, self.exchange(request)).await;
        let (status, body) = exchange.map_err(|_| format!("{what}: no answer after {PATIENCE:?}"))??;
        Ok(Answer { status, body, took: started.elapsed() })
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, Vec<u8>), Failure> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        stream.write_all(request).await?;
        self.answer.clear();
        loop {
            if stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the connection was closed within an answer".into());
            }
            if let Some(shape) = shape(&self.answer)? {
                if !shape.closes {
                    self.stream = Some(stream);
                }
                return Ok((shape.status, self.answer[shape.body..shape.end].to_vec()));
            }
            if self.answer.len() > MAX_ANSWER {
                return Err(format!("an answer has more than {MAX_ANSWER} bytes").into());
            }
        }
    }
}

impl Answer {
    /// What it says (null for nothing), if it is a success.
    fn json(&self, what: &str) -> Result<Value, Failure> {
        if !(200..300).contains(&self.status) {
            let text = String::from_utf8_lossy(&self.body[..self.body.len().min(300)]).into_owned();
            return Err(format!("{what} was answered with {} and «{text}»", self.status).into());
        }
        if self.body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&self.body)?) }
    }
}

/// The bytes of a request that is signed with the credentials that every Ferrogate takes. It is good for five minutes.
pub(crate) fn signed(
    address: SocketAddr,
    service: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Vec<u8>, Failure> {
    let identity = Credentials::new("test", "test", None, None, "benchmark").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let url = format!("http://{address}{path}");
    let signable = SignableRequest::new(method, &url, headers.iter().copied(), SignableBody::Bytes(body))?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n");
    for (name, value) in headers.iter().copied().chain(instructions.headers()) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    Ok([head.as_bytes(), body].concat())
}

/// The bytes of a request to a service, with a signature that is made up.
pub(crate) fn request(address: SocketAddr, service: &str, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-amz-date: 20261122T120000Z\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential=test/20261122/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn a_request_is_signed_with_its_headers() {
        let address = SocketAddr::from(([127, 0, 0, 1], 4566));
        let bytes = signed(address, "execute-api", "POST", "/a", &[("x-amz-target", "A.B")], b"{}").unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("POST /a HTTP/1.1\r\nhost: 127.0.0.1:4566\r\nx-amz-target: A.B\r\n"), "{text}");
        assert!(
            text.contains("/us-east-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, "),
            "{text}"
        );
        assert!(text.ends_with("content-length: 2\r\n\r\n{}"), "{text}");
    }

    #[tokio::test]
    async fn a_connection_is_kept_or_made_anew_as_the_server_says() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = Client::new(listener.local_addr().unwrap(), "lambda");
        let server = tokio::spawn(async move {
            let keep: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{\"a\":1}";
            let close: &[u8] = b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno";
            for answers in [&[keep, close][..], &[keep]] {
                let (mut stream, _) = listener.accept().await.unwrap();
                for answer in answers {
                    let mut buffer = [0; 1024];
                    let length = stream.read(&mut buffer).await.unwrap();
                    assert!(buffer[..length].ends_with(b"\r\n\r\n[]"));
                    stream.write_all(answer).await.unwrap();
                }
            }
        });
        let body = serde_json::json!([]);
        assert_eq!(client.call("POST", "/a", &body).await.unwrap()["a"], 1);
        let refused = client.call("POST", "/b", &body).await.unwrap_err().to_string();
        assert_eq!(refused, "POST /b was answered with 404 and «no»");
        assert_eq!(client.call("POST", "/c", &body).await.unwrap()["a"], 1);
        server.await.unwrap();
    }
}
