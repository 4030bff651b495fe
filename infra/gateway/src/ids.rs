//! Identifiers in AWS's shapes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A request id: a UUID, as `x-amzn-RequestId` carries it.
pub fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// An extended request id or connection id: 15 base64 characters and `=` (`TX0qLdBPjoECJ3A=`).
///
/// Eleven bytes of a cryptographically secure generator: a connection id is what lets its holder be written to, so it
/// must not be guessed.
pub fn extended_id() -> String {
    let random = uuid::Uuid::new_v4();
    let mut bytes = [0_u8; 11];
    // Bytes 6 and 8 of a version 4 UUID hold its version and variant: leave them out.
    for (to, from) in bytes.iter_mut().zip(random.as_bytes().iter().enumerate().filter(|(i, _)| *i != 6 && *i != 8)) {
        *to = *from.1;
    }
    STANDARD.encode(bytes)
}

/// An id of API Gateway's kind: `length` lower-case letters and digits, the first one a letter.
pub fn short_id(length: usize) -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut number = uuid::Uuid::new_v4().as_u128();
    let mut id = String::with_capacity(length);
    while id.len() < length {
        if number < 36 {
            number = uuid::Uuid::new_v4().as_u128();
        }
        let among: u128 = if id.is_empty() { 26 } else { 36 };
        // Below 36.
        let digit = (number % among) as usize;
        id.push(char::from(DIGITS[digit]));
        number /= among;
    }
    id
}

/// A new `Root=1-…;Parent=…;Sampled=0` or the client's own root with what it left out.
pub fn trace_header(incoming: Option<&str>, now_millis: i64) -> String {
    let field = |name: &str| {
        incoming?.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    let hex = || uuid::Uuid::new_v4().simple().to_string();
    let root = field("Root").unwrap_or_else(|| format!("1-{:08x}-{}", now_millis / 1000, &hex()[..24]));
    let parent = field("Parent");
    let sampled = field("Sampled").unwrap_or_else(|| if parent.is_some() { "1" } else { "0" }.to_owned());
    let parent = parent.unwrap_or_else(|| hex()[..16].to_owned());
    format!("Root={root};Parent={parent};Sampled={sampled}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_ids_have_the_shape_of_aws() {
        let id = extended_id();
        assert_eq!(id.len(), 16);
        assert!(id.ends_with('=') && !id.ends_with("=="));
        assert_ne!(id, extended_id());
    }

    #[test]
    fn a_trace_keeps_its_root_and_its_parent() {
        assert!(trace_header(None, 1_795_352_220_123).starts_with("Root=1-"));
        let kept = trace_header(Some("Root=1-0-a;Parent=b"), 0);
        assert_eq!(kept, "Root=1-0-a;Parent=b;Sampled=1");
    }
}
