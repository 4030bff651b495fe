//! Whom an integration's endpoint has to prove itself to: what the machine trusts with this gateway's own authority, or,
//! with `insecureSkipVerification`, whoever has a certificate of its name that is still good.

use std::fs;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::server::{Tls, lifetime};

/// The client's side of TLS. The text of an error goes on from what could not be done.
pub(super) fn config(own: Option<&Tls>, verified: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    if verified {
        return Ok(builder.with_root_certificates(roots(own)?).with_no_client_auth());
    }
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyIssuer(provider))).with_no_client_auth())
}

/// The bundle that functions are told to trust: the machine's authorities and this gateway's own.
fn roots(own: Option<&Tls>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(own) = own else { return Ok(roots) };
    let (_, bundle) = own.files().map_err(|error| error.to_string())?;
    let bundle = fs::read(&bundle).map_err(|error| format!("cannot read {}: {error}", bundle.display()))?;
    let certificates = CertificateDer::pem_slice_iter(&bundle).filter_map(Result::ok);
    // Systems trust some that this library cannot read; the others count all the same.
    roots.add_parsable_certificates(certificates);
    Ok(roots)
}

/// `insecureSkipVerification`: who has signed a certificate does not matter; that it is for this host and that its time has
/// come and has not passed does, as on AWS.
#[derive(Debug)]
struct AnyIssuer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyIssuer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let lifetime = lifetime(end_entity).ok_or(CertificateError::BadEncoding)?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now < lifetime.start().unix_timestamp() {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > lifetime.end().unix_timestamp() {
            return Err(CertificateError::Expired.into());
        }
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
