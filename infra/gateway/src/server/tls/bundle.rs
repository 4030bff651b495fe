//! All that the machine trusts, and this gateway: one file for programs that take one file.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{TlsError, files};

/// Where systems keep what they trust as one file: Debian and Arch, Fedora, RHEL, openSUSE, macOS and Alpine.
const SYSTEM: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Systems' files have some 200 KB.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The files to look for, best first: what the user's own programs are told to trust, then the system's.
pub(super) fn places(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let own = ["SSL_CERT_FILE", "AWS_CA_BUNDLE"].into_iter().filter_map(variable).filter(|path| !path.is_empty());
    own.map(PathBuf::from).chain(SYSTEM.into_iter().map(PathBuf::from)).collect()
}

/// Writes the first of `places` that can be read, and `ca_pem`, to `path`. A machine that trusts nobody has a bundle of
/// one certificate.
pub(super) fn write(path: &Path, places: &[PathBuf], ca_pem: &str) -> Result<(), TlsError> {
    let itself = path.canonicalize().ok();
    // The user's shell may name this very file, which would then grow at each start.
    let others = places.iter().filter(|place| itself.is_none() || place.canonicalize().ok() != itself);
    let mut bundle = others.filter_map(|place| read(place)).next().unwrap_or_default();
    if !bundle.is_empty() && !bundle.ends_with(b"\n") {
        bundle.push(b'\n');
    }
    bundle.extend_from_slice(ca_pem.as_bytes());
    if fs::read(path).is_ok_and(|there| there == bundle) {
        return Ok(());
    }
    files::write(path, &bundle, files::PUBLIC)
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut contents = Vec::new();
    File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut contents).ok()?;
    contents.windows(27).any(|text| text == b"-----BEGIN CERTIFICATE-----").then_some(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CA: &str = "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n";

    #[test]
    fn what_the_machine_trusts_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let system = folder.path().join("system.pem");
        fs::write(&system, "-----BEGIN CERTIFICATE-----\ntheirs\n-----END CERTIFICATE-----").unwrap();
        let bundle = folder.path().join("tls/bundle.pem");
        let places = [folder.path().join("absent"), bundle.clone(), system.clone()];
        for _ in 0..3 {
            write(&bundle, &places, CA).unwrap();
            let expected = format!("{}\n{CA}", fs::read_to_string(&system).unwrap());
            assert_eq!(fs::read_to_string(&bundle).unwrap(), expected, "however often it is written");
        }
    }

    #[test]
    fn a_machine_that_trusts_nobody_has_a_bundle_too() {
        let folder = tempfile::tempdir().unwrap();
        let noise = folder.path().join("noise.pem");
        fs::write(&noise, "no certificate").unwrap();
        let bundle = folder.path().join("bundle.pem");
        write(&bundle, &[noise, folder.path().to_owned()], CA).unwrap();
        assert_eq!(fs::read_to_string(&bundle).unwrap(), CA);
    }

    #[test]
    fn the_users_own_choice_comes_before_the_systems() {
        let all = places(|key| (key == "SSL_CERT_FILE").then(|| "/mine.pem".into()));
        assert_eq!(all[0], Path::new("/mine.pem"));
        assert_eq!(all.len(), 1 + SYSTEM.len());
    }
}
