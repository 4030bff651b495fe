//! `https` and `wss` on the port of `http` and `ws`, with certificates that this machine makes for itself.
//!
//! Programs written for AWS say `https://{domainName}/{stage}` and `wss://…`; they are to run as they are. A connection
//! whose first byte is that of a TLS handshake is served with TLS, every other one as before. Nobody else's trust is
//! needed: one [`authority`] for each data folder signs a certificate for whatever local name is asked for, and
//! functions are told to trust it by their environment.
//!
//! Certificates live by the machine's clock rather than the gateway's, since it is the one their readers go by.

mod authority;
mod bundle;
mod files;
mod leaves;
mod stream;
#[cfg(test)]
mod tests;
mod validity;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use time::OffsetDateTime;
use tokio_rustls::TlsAcceptor;

use self::authority::Authority;
use self::leaves::Leaves;
pub(super) use self::stream::open;

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of theirs cannot be read or written.
    #[error("cannot use {0}: {1}")]
    File(PathBuf, io::Error),
    /// A key or certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refuses what was made.
    #[error("cannot serve TLS: {0}")]
    Library(#[from] rustls::Error),
}

/// The certificates of this machine, made when they are first needed.
pub struct Tls {
    folder: PathBuf,
    ready: Mutex<Option<Arc<Ready>>>,
}

struct Ready {
    ca_pem: String,
    acceptor: TlsAcceptor,
}

impl Tls {
    /// Certificates that are kept in `folder`. It is made, and anything in it, at the first use.
    pub fn new(folder: PathBuf) -> Self {
        Tls { folder, ready: Mutex::default() }
    }

    /// The authority's certificate as PEM.
    ///
    /// # Errors
    ///
    /// When it has to be made and cannot be.
    pub fn ca_pem(&self) -> Result<String, TlsError> {
        Ok(self.ready()?.ca_pem.clone())
    }

    /// The files of the authority's certificate, and of that with all that the machine trusts.
    ///
    /// # Errors
    ///
    /// When they have to be made and cannot be.
    pub fn files(&self) -> Result<(PathBuf, PathBuf), TlsError> {
        self.ready()?;
        Ok((ca_file(&self.folder), bundle_file(&self.folder)))
    }

    fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        Ok(self.ready()?.acceptor.clone())
    }

    /// A failure is not kept: a disk that was full may have room at the next attempt.
    fn ready(&self) -> Result<Arc<Ready>, TlsError> {
        // A panic while it is held leaves it whole: the only change is one assignment.
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = &*ready {
            return Ok(Arc::clone(ready));
        }
        let authority = Authority::open(&self.folder, OffsetDateTime::now_utc())?;
        let ca_pem = authority.pem().to_owned();
        bundle::write(&bundle_file(&self.folder), &bundle::places(|key| std::env::var_os(key)), &ca_pem)?;
        let made = Arc::new(Ready { ca_pem, acceptor: TlsAcceptor::from(Arc::new(config(authority)?)) });
        *ready = Some(Arc::clone(&made));
        Ok(made)
    }
}

fn config(authority: Authority) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let leaves = Leaves::new(authority, &provider)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(leaves));
    // What follows the handshake is HTTP/1.1, as WebSocket upgrades and the case of header names demand.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn ca_file(folder: &Path) -> PathBuf {
    folder.join("ca.pem")
}

fn bundle_file(folder: &Path) -> PathBuf {
    folder.join("bundle.pem")
}
