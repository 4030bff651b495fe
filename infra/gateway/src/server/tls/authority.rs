//! The authority of one data folder: a key, and a certificate that says for which names it may sign.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData as _, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

use super::{TlsError, ca_file, files, validity};

/// How long an authority lives; users who trust it do so once in that time.
const LIFETIME: Duration = Duration::days(10 * 365);
/// An authority with less time than this is replaced when it is opened, so that no run outlives its own.
const RENEWED_BEFORE: Duration = Duration::days(365);
/// The most that browsers accept of a server's certificate.
const LEAF_LIFETIME: Duration = Duration::days(397);
/// Clocks differ, those of virtual machines that have slept above all.
const BACKDATED: Duration = Duration::days(1);

/// Signs certificates for names of this machine.
///
/// Trusting it is harmless, even if its key were stolen: its certificate is constrained (RFC 5280, section 4.2.1.10,
/// critical) to `localhost`, the names below it, and loopback addresses, to servers, and to signing no further
/// authority. Software that honours these constraints accepts nothing else from it.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    not_after: OffsetDateTime,
}

impl Authority {
    /// Opens the authority in `folder`, or makes one if there is none, if it is broken, or if its time is almost over.
    pub(super) fn open(folder: &Path, now: OffsetDateTime) -> Result<Authority, TlsError> {
        let key_file = folder.join("ca-key.pem");
        let kept = (fs::read_to_string(&key_file), fs::read_to_string(ca_file(folder)));
        if let (Ok(key), Ok(pem)) = kept {
            match load(&key, pem, now) {
                Some(authority) => return Ok(authority),
                None => tracing::warn!(
                    folder = %folder.display(),
                    "the local certificate authority is broken or near its end: a new one is made, to be trusted anew",
                ),
            }
        }
        let (authority, key) = make(now)?;
        // The key first: one without its certificate is replaced, and so is a pair that does not match.
        files::write(&key_file, key.as_bytes(), files::SECRET)?;
        files::write(&ca_file(folder), authority.pem.as_bytes(), files::PUBLIC)?;
        Ok(authority)
    }

    /// The certificate.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate of `key` for `name`; that of `localhost` is for the loopback addresses too.
    pub(super) fn sign(
        &self,
        name: &str,
        key: &KeyPair,
        now: OffsetDateTime,
    ) -> Result<CertificateDer<'static>, rcgen::Error> {
        let mut params = params(now, self.not_after.min(now + LEAF_LIFETIME));
        params.distinguished_name.push(DnType::CommonName, "Ferrogate");
        params.subject_alt_names.push(SanType::DnsName(name.try_into()?));
        if name == "localhost" {
            let addresses = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
            params.subject_alt_names.extend(addresses.map(SanType::IpAddress));
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(key, &self.issuer)?.into())
    }
}

/// A new authority, and its key as PEM.
fn make(now: OffsetDateTime) -> Result<(Authority, String), TlsError> {
    let key = KeyPair::generate()?;
    let not_after = now + LIFETIME;
    let params = authority_params(&key, now, not_after);
    let pem = params.self_signed(&key)?.pem();
    let key_pem = key.serialize_pem();
    Ok((Authority { issuer: Issuer::new(params, key), pem, not_after }, key_pem))
}

/// The authority that was kept, if it belongs together and has time left.
fn load(key: &str, pem: String, now: OffsetDateTime) -> Option<Authority> {
    let key = KeyPair::from_pem(key).ok()?;
    let kept = validity::read(&CertificateDer::from_pem_slice(pem.as_bytes()).ok()?)?;
    if kept.not_after - now < RENEWED_BEFORE || kept.public_key != key.subject_public_key_info() {
        return None;
    }
    // What it signs must say the name that its certificate has.
    if !kept.subject.ends_with(common_name(&key).as_bytes()) {
        return None;
    }
    let params = authority_params(&key, now, kept.not_after);
    Some(Authority { issuer: Issuer::new(params, key), pem, not_after: kept.not_after })
}

/// Tells the authorities of several folders apart in a list of what is trusted.
fn common_name(key: &KeyPair) -> String {
    let digest = Sha256::digest(key.subject_public_key_info());
    let mark = digest.iter().take(4).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    format!("Ferrogate local authority {mark}")
}

fn authority_params(key: &KeyPair, now: OffsetDateTime, not_after: OffsetDateTime) -> CertificateParams {
    let mut params = params(now, not_after);
    params.distinguished_name.push(DnType::CommonName, common_name(key));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(Ipv6Addr::LOCALHOST.octets(), 128)),
        ],
        excluded_subtrees: Vec::new(),
    });
    params
}

/// What both kinds of certificate have: a time, a purpose, and a number of their own. Browsers refuse two certificates
/// of one authority with one number.
fn params(now: OffsetDateTime, not_after: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = now - BACKDATED;
    params.not_after = not_after;
    let mut serial = uuid::Uuid::new_v4().into_bytes();
    // Positive, and as long as it is.
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_795_352_220).unwrap()
    }

    #[test]
    fn an_authority_stays_until_its_last_year() {
        let folder = tempfile::tempdir().unwrap();
        let first = Authority::open(folder.path(), now()).unwrap();
        let again = Authority::open(folder.path(), now() + Duration::days(8 * 365)).unwrap();
        assert_eq!(again.pem(), first.pem());
        assert_eq!(again.not_after, first.not_after);
        let later = now() + Duration::days(9 * 365 + 1);
        let renewed = Authority::open(folder.path(), later).unwrap();
        assert_ne!(renewed.pem(), first.pem());
        assert_eq!(Authority::open(folder.path(), later).unwrap().pem(), renewed.pem());
    }

    #[test]
    fn the_key_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        Authority::open(folder.path(), now()).unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("ca-key.pem"), 0o600);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[test]
    fn files_that_do_not_belong_together_are_replaced() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = Authority::open(one.path(), now()).unwrap();
        Authority::open(two.path(), now()).unwrap();
        fs::copy(two.path().join("ca-key.pem"), one.path().join("ca-key.pem")).unwrap();
        let second = Authority::open(one.path(), now()).unwrap();
        assert_ne!(second.pem(), first.pem());
        for broken in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            fs::write(ca_file(one.path()), broken).unwrap();
            let made = Authority::open(one.path(), now()).unwrap();
            assert_eq!(Authority::open(one.path(), now()).unwrap().pem(), made.pem());
        }
    }

    #[test]
    fn no_certificate_outlives_its_authority() {
        let (authority, _) = make(now()).unwrap();
        let key = KeyPair::generate().unwrap();
        let not_after = |at| validity::read(&authority.sign("localhost", &key, at).unwrap()).unwrap().not_after;
        assert_eq!(not_after(now()), now() + LEAF_LIFETIME);
        assert_eq!(not_after(now() + Duration::days(3600)), now() + LIFETIME);
    }

    #[test]
    fn whoever_trusts_it_trusts_it_for_local_names_only() {
        use rustls::client::WebPkiServerVerifier;
        use rustls::client::danger::ServerCertVerifier as _;
        use rustls::pki_types::{ServerName, UnixTime};

        let (authority, _) = make(now()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.into()).build().unwrap();
        let key = KeyPair::generate().unwrap();
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now().unix_timestamp().unsigned_abs()));
        let verify = |name: &'static str| {
            let certificate = authority.sign(name, &key, now()).unwrap();
            let name = ServerName::try_from(name).unwrap();
            verifier.verify_server_cert(&certificate, &[], &name, &[], at).map_err(|error| format!("{error:?}"))
        };
        verify("chat.execute-api.eu-west-1.localhost").unwrap();
        for foreign in ["example.com", "localhost.example.com", "notlocalhost"] {
            let error = verify(foreign).unwrap_err();
            assert!(error.contains("NameConstraintViolation"), "{foreign}: {error}");
        }
    }
}
