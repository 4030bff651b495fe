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
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::KeyPair;
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
    /// The process is ending.
    #[error("cannot serve TLS any more: {0}")]
    Ended(tokio::task::JoinError),
}

/// The certificates of this machine, made when they are first needed.
///
/// A process's first key takes the library some 60 ms, in which it gathers randomness; an authority that was kept is
/// opened without one.
pub struct Tls {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    authority: Option<Arc<Authority>>,
    acceptor: Option<TlsAcceptor>,
}

impl Tls {
    /// Certificates that are kept in `folder`. It is made, and anything in it, at the first use.
    pub fn new(folder: PathBuf) -> Self {
        Tls { folder, state: Mutex::default() }
    }

    /// The authority's certificate as PEM.
    ///
    /// # Errors
    ///
    /// When it has to be made and cannot be.
    pub fn ca_pem(&self) -> Result<String, TlsError> {
        Ok(self.authority(&mut self.state())?.pem().to_owned())
    }

    /// The files of the authority's certificate, and of that with all that the machine trusts.
    ///
    /// # Errors
    ///
    /// When they have to be made and cannot be.
    pub fn files(&self) -> Result<(PathBuf, PathBuf), TlsError> {
        self.authority(&mut self.state())?;
        Ok((ca_file(&self.folder), bundle_file(&self.folder)))
    }

    /// Gathers randomness in the background if there is an authority to be made, so that whoever needs it first waits
    /// less. Touches no file.
    pub fn warm_up(&self) {
        if !ca_file(&self.folder).exists() {
            // Whether it succeeds shows when a key is made for use.
            tokio::task::spawn_blocking(|| drop(KeyPair::generate()));
        }
    }

    /// What serves TLS, for a task: what takes long is done elsewhere.
    async fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        if let Some(acceptor) = &self.state().acceptor {
            return Ok(acceptor.clone());
        }
        let tls = Arc::clone(self);
        match tokio::task::spawn_blocking(move || tls.make_acceptor()).await {
            Ok(made) => made,
            Err(error) => Err(TlsError::Ended(error)),
        }
    }

    fn make_acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let mut state = self.state();
        if let Some(acceptor) = &state.acceptor {
            return Ok(acceptor.clone());
        }
        let authority = self.authority(&mut state)?;
        let made = TlsAcceptor::from(Arc::new(config(authority)?));
        state.acceptor = Some(made.clone());
        Ok(made)
    }

    /// A failure is not kept: a disk that was full may have room at the next attempt.
    fn authority(&self, state: &mut State) -> Result<Arc<Authority>, TlsError> {
        if let Some(authority) = &state.authority {
            return Ok(Arc::clone(authority));
        }
        let authority = Arc::new(Authority::open(&self.folder, OffsetDateTime::now_utc())?);
        bundle::write(&bundle_file(&self.folder), &bundle::places(|key| std::env::var_os(key)), authority.pem())?;
        state.authority = Some(Arc::clone(&authority));
        Ok(authority)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while it is held leaves it whole: every change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From when until when a certificate is good; `None` if it is no certificate.
pub(crate) fn lifetime(certificate: &[u8]) -> Option<RangeInclusive<OffsetDateTime>> {
    validity::read(certificate).map(|facts| facts.not_before..=facts.not_after)
}

fn config(authority: Arc<Authority>) -> Result<ServerConfig, TlsError> {
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
