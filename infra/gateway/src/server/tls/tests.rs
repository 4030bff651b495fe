//! A whole stack, seen by clients that trust its authority and nobody else.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;

use super::super::testing::Stack;
use super::{Tls, open};
use crate::rest::Backends;

impl Stack {
    /// A client that has the authority's certificate from the stack itself, without encryption.
    async fn connector(&self) -> TlsConnector {
        let pem = get(self.tcp().await, "localhost", "/_ferrogate/ca.pem", &[]).await.1;
        connector(&pem)
    }

    async fn tls(&self, name: &'static str) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(name).unwrap();
        self.connector().await.connect(name, self.tcp().await).await
    }
}

fn connector(pem: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

async fn get<S>(stream: S, host: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = stream;
    let mut head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn one_port_answers_with_and_without_tls_and_keeps_the_case_of_names() {
    let mut stack = Stack::start().await;
    let api = "serverlessrestapi.execute-api.localhost";
    let encrypted = stack.tls(api).await.unwrap();
    assert_eq!(encrypted.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let answer = get(encrypted, api, "/Prod/hello", &[("tEsT-HEADeR", "1")]).await;
    assert_eq!(answer, (200, "from the function".to_owned()));
    let event = stack.events.recv().await.unwrap();
    assert_eq!(event["headers"]["tEsT-HEADeR"], "1");
    assert_eq!(event["headers"]["X-Forwarded-Proto"], "https");

    let answer = get(stack.tcp().await, api, "/Prod/hello", &[("tEsT-HEADeR", "2")]).await;
    assert_eq!(answer, (200, "from the function".to_owned()));
    let event = stack.events.recv().await.unwrap();
    assert_eq!(event["headers"]["tEsT-HEADeR"], "2");
    assert_eq!(event["headers"]["X-Forwarded-Proto"], "http");
    stack.running.shutdown().await;
}

#[tokio::test]
async fn every_local_name_has_a_certificate_and_no_other_has() {
    let stack = Stack::start().await;
    for name in ["localhost", "127.0.0.1", "::1", "a.localhost", "chat.execute-api.eu-west-1.localhost", "LocalHost"] {
        let encrypted = stack.tls(name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(get(encrypted, "localhost", "/_ferrogate/clock", &[]).await.0, 200, "{name}");
    }
    for name in ["example.com", "localhost.example.com", "notlocalhost", "127.0.0.1.example.com"] {
        let error = stack.tls(name).await.unwrap_err().to_string();
        assert!(error.contains("AccessDenied"), "{name}: {error}");
    }
    stack.running.shutdown().await;
}

#[tokio::test]
async fn web_sockets_open_and_speak_over_tls() {
    let mut stack = Stack::start().await;
    let host = "chat.execute-api.localhost";
    let encrypted = stack.tls(host).await.unwrap();
    let url = format!("wss://{host}:{}/dev", stack.running.port());
    let (mut socket, _) = tokio_tungstenite::client_async(url, encrypted).await.unwrap();
    let event = stack.events.recv().await.unwrap();
    assert_eq!(event["requestContext"]["eventType"], "CONNECT");
    assert_eq!(event["headers"]["X-Forwarded-Proto"], "https");
    // More than one TLS record.
    let text = "x".repeat(30_000);
    socket.send(Message::text(text.as_str())).await.unwrap();
    let event = stack.events.recv().await.unwrap();
    assert_eq!(event["body"], text);
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("from the function"));
    socket.close(None).await.unwrap();
    stack.running.shutdown().await;
}

#[tokio::test]
async fn what_is_neither_http_nor_tls_ends_and_hurts_nobody() {
    let stack = Stack::start().await;
    for garbage in
        [&b"\x00\x01\x02\r\n\r\n"[..], b"\x16\x03\x01\x00\x05hello", b"\x16garbage, and no record of TLS", b"\xff"]
    {
        let mut stream = stack.tcp().await;
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        // Whatever it says, perhaps an alert or a 400, it says it and closes.
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok() && answer.len() < 200, "{garbage:?}");
    }
    assert_eq!(get(stack.tcp().await, "localhost", "/_ferrogate/health", &[]).await.0, 200);
    stack.running.shutdown().await;
}

#[tokio::test]
async fn a_stalled_handshake_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Arc::new(Tls::new(folder.path().to_owned()));
    tls.acceptor().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    // The first bytes of a ClientHello that never comes.
    client.write_all(b"\x16\x03\x01\x02\x00").await.unwrap();
    tokio::time::pause();
    let patience = Duration::from_secs(3600);
    let started = tokio::time::Instant::now();
    let error = open(stream, &tls, patience).await.err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert!(started.elapsed() < patience, "the handshake, not the first byte, was waited for");
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0, "the connection is closed");

    // And one that says nothing at all.
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    assert_eq!(open(stream, &tls, patience).await.err().unwrap().kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn integrations_trust_this_machines_own_authority() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Arc::new(Tls::new(folder.path().join("own")));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://api.execute-api.localhost:{}/", listener.local_addr().unwrap().port());
    let serving = Arc::clone(&tls);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = open(stream, &serving, Duration::from_secs(20)).await {
                let _ = stream.read(&mut [0; 1_024]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
            }
        }
    });
    let ask = async |tls: Arc<Tls>| {
        let request = http::Request::get(&url).body(bytes::Bytes::new()).unwrap();
        Backends::new(false, tls).send(request, true, Duration::from_secs(20)).await
    };
    assert_eq!(ask(tls).await.unwrap().body(), "ok");
    let stranger = Arc::new(Tls::new(folder.path().join("another")));
    assert!(ask(stranger).await.unwrap_err().to_string().contains("certificate"));
}

/// Python's `ssl` is OpenSSL, another reader of the same certificates, with all of the checks that it has.
#[tokio::test]
async fn python_accepts_the_certificates_too() {
    const PROGRAM: &str = "import ssl, socket, sys\n\
        c = ssl.create_default_context(cafile=sys.argv[1])\n\
        c.verify_flags |= ssl.VERIFY_X509_STRICT\n\
        for name in sys.argv[3:]:\n\
        \x20   with socket.create_connection(('127.0.0.1', int(sys.argv[2]))) as s, c.wrap_socket(s, server_hostname=name) as t:\n\
        \x20       print(name, t.version())\n";
    let stack = Stack::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (_, pem) = get(stack.tcp().await, "localhost", "/_ferrogate/ca.pem", &[]).await;
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, pem).unwrap();
    let names = ["localhost", "127.0.0.1", "::1", "chat.execute-api.localhost", "chat.execute-api.us-east-1.localhost"];
    let mut python = tokio::process::Command::new("python3");
    python.args(["-c", PROGRAM]).arg(&file).arg(stack.running.port().to_string()).args(names);
    match python.output().await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        output => {
            let output = output.unwrap();
            let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(said, names.map(|name| format!("{name} TLSv1.3\n")).concat(), "{failed}");
        }
    }
    stack.running.shutdown().await;
}
