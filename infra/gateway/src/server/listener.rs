//! Accepts connections on the loopback interface, plain and encrypted ones alike, and drains them at the end.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};

use super::dispatch::{Services, dispatch};
use super::head::{HeadTape, Taped};
use super::{streamed, tls};

/// Open connections at one time; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 16_384;

/// How long a client may take to send the head of a request, and to stay idle between two: API Gateway closes idle
/// connections after 310 s (REST API quotas).
const HEAD_TIMEOUT: Duration = Duration::from_secs(310);

/// Who sends the requests of a connection, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    pub(super) address: SocketAddr,
    /// Whether the connection is encrypted.
    pub(super) secure: bool,
}

/// Binds `port` (0 picks one) on the loopback interface, where functions look for it, and on `host` if that is another.
pub async fn bind(host: IpAddr, port: u16) -> io::Result<Vec<TcpListener>> {
    if host.is_unspecified() {
        return Ok(vec![TcpListener::bind((host, port)).await?]);
    }
    let loopback = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    if host == Ipv4Addr::LOCALHOST {
        return Ok(vec![loopback]);
    }
    let port = loopback.local_addr()?.port();
    Ok(vec![loopback, TcpListener::bind((host, port)).await?])
}

/// A running server.
pub struct Server {
    stop: watch::Sender<bool>,
    drained: mpsc::Receiver<Infallible>,
}

impl Server {
    /// Begins to accept connections.
    pub fn start(listeners: Vec<TcpListener>, services: &Arc<Services>) -> Server {
        let (stop, stopping) = watch::channel(false);
        // Nothing is ever sent: when every connection has dropped its sender, the receiver ends.
        let (alive, drained) = mpsc::channel(1);
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        for listener in listeners {
            tokio::spawn(accept(listener, Arc::clone(services), Arc::clone(&slots), stopping.clone(), alive.clone()));
        }
        Server { stop, drained }
    }

    /// Accepts no more connections, lets requests under way finish until `deadline`, and returns.
    pub async fn stop(mut self, deadline: Duration) {
        self.stop.send_replace(true);
        if tokio::time::timeout(deadline, self.drained.recv()).await.is_err() {
            tracing::warn!("some connections were still busy and were closed");
        }
    }
}

async fn accept(
    listener: TcpListener,
    services: Arc<Services>,
    slots: Arc<Semaphore>,
    mut stopping: watch::Receiver<bool>,
    alive: mpsc::Sender<Infallible>,
) {
    loop {
        let accepted = tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                // The semaphore is never closed.
                let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
                let (services, stopping, alive) = (Arc::clone(&services), stopping.clone(), alive.clone());
                tokio::spawn(async move {
                    serve_connection(stream, address, services, stopping).await;
                    drop((slot, alive));
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: wait for some to be closed rather than spin.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    address: SocketAddr,
    services: Arc<Services>,
    mut stopping: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    // Nothing has been asked for yet, so nothing is lost at the end of the run.
    let stream = tokio::select! {
        _ = stopping.wait_for(|stop| *stop) => return,
        opened = tls::open(stream, &services.tls, HEAD_TIMEOUT) => match opened {
            Ok(stream) => stream,
            Err(error) => return tracing::debug!(%error, "a connection ended before its first request"),
        },
    };
    let client = Client { address, secure: stream.is_encrypted() };
    let tape = HeadTape::default();
    let io = TokioIo::new(Taped { stream, tape: tape.clone() });
    let service = service_fn(move |request| {
        let (services, tape) = (Arc::clone(&services), tape.clone());
        async move { Ok::<_, Infallible>(streamed::sent(dispatch(&services, request, &tape, client).await)) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(io, service)
        .with_upgrades();
    tokio::pin!(connection);
    // The guard that `wait_for` gives must not be held across an await.
    let stop = async { drop(stopping.wait_for(|stop| *stop).await) };
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection ended early");
    }
}
