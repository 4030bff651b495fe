//! The issuer of the tokens in `events/`: a server that gives its key set to everybody who asks.

use ferrogate_fixtures::jwt::jwks;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// The running issuer; it ends with the runtime of the test.
pub struct Issuer {
    /// Where its key set is.
    pub keys_url: String,
}

impl Issuer {
    /// Starts it on a free port.
    pub async fn start() -> Issuer {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    // One read is enough of a GET: what it asks for does not matter.
                    if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        let body = jwks();
                        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
                        let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                });
            }
        });
        Issuer { keys_url: format!("http://127.0.0.1:{port}/jwks.json") }
    }
}
