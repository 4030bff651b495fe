//! One certificate for each local name that is asked for, made when it is.
//!
//! A wildcard covers one label, and none directly below `localhost`: the names of APIs with a region have two.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use rcgen::KeyPair;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use time::OffsetDateTime;

use super::TlsError;
use super::authority::Authority;
use crate::server::address::is_local;

/// Names that are kept; one that was let go is signed again, which takes less than a millisecond.
const MAX_NAMES: u64 = 256;
/// Long before it ends, a certificate is signed again.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Certificates by name. All have one key, which lives as long as the process.
pub(super) struct Leaves {
    authority: Arc<Authority>,
    key: KeyPair,
    signing: Arc<dyn SigningKey>,
    names: Cache<String, Arc<CertifiedKey>>,
}

impl Leaves {
    pub(super) fn new(authority: Arc<Authority>, provider: &CryptoProvider) -> Result<Leaves, TlsError> {
        let key = KeyPair::generate()?;
        let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing = provider.key_provider.load_private_key(der)?;
        let names = Cache::builder().max_capacity(MAX_NAMES).time_to_live(KEPT).build();
        Ok(Leaves { authority, key, signing, names })
    }

    /// `None` for names of other machines: whoever has sent a client here under such a name gets no certificate for it.
    fn find(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        if !is_local(name) {
            tracing::debug!("a TLS handshake for a name that is not local was refused");
            return None;
        }
        let signed = self.names.try_get_with(name.to_ascii_lowercase(), || {
            let certificate = self.authority.sign(&name.to_ascii_lowercase(), &self.key, OffsetDateTime::now_utc())?;
            Ok::<_, rcgen::Error>(Arc::new(CertifiedKey::new(vec![certificate], Arc::clone(&self.signing))))
        });
        signed.inspect_err(|error| tracing::warn!(%error, "cannot sign a certificate")).ok()
    }
}

impl ResolvesServerCert for Leaves {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // A client that was given an address names no server.
        self.find(hello.server_name().unwrap_or("localhost"))
    }
}

// The library asks for it; keys are not shown.
impl std::fmt::Debug for Leaves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Leaves").finish_non_exhaustive()
    }
}
