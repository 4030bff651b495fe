//! What the fuzz targets of `fuzz/` call, one function for each: bytes in, and a panic where what must always hold does not.
//!
//! They stand beside what they test, whose parts nobody else sees. The tests run the committed corpus through them too, so
//! that an input that has once been found stays found.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::{HeaderName, Method};

pub use crate::authorize::fuzzing::{policy, token};
pub use crate::signature::fuzzing::{authorization_header, canonical_request};

use crate::clock::EpochMillis;
use crate::server::{ClientRequest, Headers};

/// 2026-11-22T12:00:00Z, the time of all runs: an input must do the same whenever it is run again.
pub(crate) const NOW: EpochMillis = 1_795_348_800_000;

/// A request out of a text: `{method} {path}?{query}`, a header field in each line, an empty line, the body. As the
/// listener does, it lets no line break into a header and nothing but names be one.
pub(crate) fn request(data: &[u8]) -> ClientRequest {
    let text = String::from_utf8_lossy(data);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.split('\n');
    let first = lines.next().unwrap_or_default();
    let (method, target) = first.split_once(' ').unwrap_or(("GET", first));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, value)| {
            HeaderName::from_bytes(name.as_bytes()).is_ok() && !value.contains(|c: char| c.is_control() && c != '\t')
        })
        .map(|(name, value)| (name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
        .collect();
    ClientRequest {
        method: Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET),
        raw_path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
        raw_query: query.to_owned(),
        headers: Headers(headers),
        body: Bytes::copy_from_slice(body.as_bytes()),
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 4566,
        secure: false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Without libFuzzer, in every run of the tests.
    #[test]
    fn what_must_hold_does_for_the_whole_corpus() {
        type Target = fn(&[u8]);
        let targets: [(&str, Target); 4] = [
            ("token", token),
            ("authorization_header", authorization_header),
            ("policy", policy),
            ("canonical_request", canonical_request),
        ];
        for (name, target) in targets {
            let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
            let mut seeds: Vec<_> = corpus.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
            seeds.sort();
            assert!(seeds.len() >= 10, "{}", corpus.display());
            for seed in seeds {
                let input = std::fs::read(&seed).unwrap();
                let held = std::panic::catch_unwind(|| target(&input));
                assert!(held.is_ok(), "{}", seed.display());
            }
        }
    }
}
