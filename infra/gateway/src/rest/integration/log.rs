//! The execution log's lines of an integration, as AWS words them.

use ::http::HeaderMap;
use bytes::Bytes;

use crate::server::Headers;
use crate::telemetry::ExecutionLog;

/// So much of a body is shown.
const MOST: usize = 1_000;

/// What the endpoint is sent.
pub(super) fn sent(log: &mut ExecutionLog, uri: &str, headers: &HeaderMap, body: &Bytes) {
    log.info(|| format!("Endpoint request URI: {uri}"));
    log.data(|| {
        let fields = headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
        format!("Endpoint request headers: {}", truncated(&java_map(fields)))
    });
    log.data(|| format!("Endpoint request body after transformations: {}", shown(body)));
    log.info(|| format!("Sending request to {uri}"));
}

/// What it answered.
pub(super) fn received(log: &mut ExecutionLog, status: u16, latency_millis: i64, headers: &Headers, body: &Bytes) {
    log.info(|| format!("Received response. Status: {status}, Integration latency: {latency_millis} ms"));
    log.data(|| format!("Endpoint response headers: {}", truncated(&java_map(headers.iter()))));
    log.data(|| format!("Endpoint response body before transformations: {}", shown(body)));
}

/// Bytes as text, cut where AWS would cut them.
pub(in super::super) fn shown(bytes: &[u8]) -> String {
    // No letter has more than four bytes.
    truncated(&String::from_utf8_lossy(&bytes[..bytes.len().min(4 * MOST + 4)]))
}

fn truncated(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} [TRUNCATED]", &text[..end]),
        None => text.to_owned(),
    }
}

/// A map as Java prints one: `{a=b, c=d}`.
pub(in super::super) fn java_map<V: AsRef<str>>(entries: impl Iterator<Item = (impl AsRef<str>, V)>) -> String {
    let entries: Vec<String> = entries.map(|(name, value)| format!("{}={}", name.as_ref(), value.as_ref())).collect();
    format!("{{{}}}", entries.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(shown("é".repeat(1_000).as_bytes()), "é".repeat(1_000));
        assert_eq!(shown("é".repeat(2_000).as_bytes()), format!("{} [TRUNCATED]", "é".repeat(1_000)));
        assert_eq!(java_map([("a", "b"), ("c", "d")].into_iter()), "{a=b, c=d}");
    }
}
