//! A bare hyper server that gives one answer to everything: the floor under what a gateway can be held against. It reads the
//! answer, as it goes over the wire, from stdin, so that it is another's to the byte.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::Ipv4Addr;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

type Failure = Box<dyn std::error::Error + Send + Sync>;

// As many threads as the gateway has.
#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut answer = Vec::new();
    std::io::stdin().read_to_end(&mut answer)?;
    let (headers, body) = read(&answer)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "ready on http://localhost:{}", listener.local_addr()?.port())?;
    stdout.flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (headers, body) = (headers.clone(), body.clone());
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                let (headers, body) = (headers.clone(), body.clone());
                async move {
                    // As a gateway does: the request is read to its end.
                    let _ = request.into_body().collect().await;
                    let mut answer = Response::new(Full::new(body));
                    for (name, value) in headers {
                        answer.headers_mut().insert(name, value);
                    }
                    Ok::<_, Infallible>(answer)
                }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

/// The header fields that hyper does not write itself, and the body.
fn read(answer: &[u8]) -> Result<(Vec<(HeaderName, HeaderValue)>, Bytes), Failure> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(end) = head.parse(answer)? else { return Err("the answer has no end".into()) };
    let mut headers = Vec::new();
    for field in
        head.headers.iter().filter(|field| !matches!(&*field.name.to_ascii_lowercase(), "date" | "content-length"))
    {
        headers.push((HeaderName::try_from(field.name)?, HeaderValue::from_bytes(field.value)?));
    }
    Ok((headers, Bytes::copy_from_slice(&answer[end..])))
}
