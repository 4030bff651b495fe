//! Endpoints that have to prove who they are.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use rcgen::{CertificateParams, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{BackendError, Backends};

/// The port of an endpoint whose certificate, which it has signed itself, is for `name` and for these days from now on.
async fn endpoint(name: &str, days: std::ops::Range<i64>, authority: bool) -> u16 {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    let now = OffsetDateTime::now_utc();
    params.not_before = now + time::Duration::days(days.start);
    params.not_after = now + time::Duration::days(days.end);
    if authority {
        // What `openssl req -x509` makes.
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    let certificate = params.self_signed(&key).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 1_024]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
            }
        }
    });
    port
}

async fn ask(port: u16, verified: bool) -> Result<Bytes, BackendError> {
    let request = Request::get(format!("https://localhost:{port}/")).body(Bytes::new()).unwrap();
    let answer = Backends::default().send(request, verified, Duration::from_secs(20)).await?;
    Ok(answer.into_body())
}

#[tokio::test]
async fn without_verification_any_good_certificate_of_the_host_does() {
    for authority in [false, true] {
        let port = endpoint("localhost", -1..1, authority).await;
        let refused = ask(port, true).await.unwrap_err();
        assert!(matches!(refused, BackendError::Certificate(_)), "{refused:?}");
        assert_eq!(ask(port, false).await.unwrap(), "ok");
    }
    for (name, days) in [("other.example", -1..1), ("localhost", -2..-1), ("localhost", 1..2)] {
        let refused = ask(endpoint(name, days.clone(), false).await, false).await.unwrap_err();
        assert!(matches!(refused, BackendError::Certificate(_)), "{name} {days:?}: {refused:?}");
    }
}
