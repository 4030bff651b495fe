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

/// Lower-case hexadecimal digits, two for each byte.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Whether this is the form of an AWS account id: twelve digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
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

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// An access key id that stands for an account (twelve digits), for functions of that account: `LKIA`, the account in nine
/// characters of which the last is a check, and seven of `seed`. No AWS service takes it for one of its own: AWS's keys
/// begin with `AKIA` or `ASIA`.
pub fn access_key_id(account: &str, seed: &[u8]) -> String {
    let number: u64 = account.parse().unwrap_or_default();
    let digit = |value: u64| char::from(BASE32[usize::try_from(value % 32).unwrap_or_default()]);
    let account = (0..8).rev().map(|place| number >> (place * 5));
    let check = std::iter::once(check(number));
    let seed = seed.iter().copied().chain(std::iter::repeat(0)).take(7).map(u64::from);
    "LKIA".chars().chain(account.chain(check).chain(seed).map(digit)).collect()
}

/// The same for credentials that come with a session token, which AWS tells apart by `ASIA`: `LSIA`.
pub fn session_key_id(account: &str, seed: &[u8]) -> String {
    access_key_id(account, seed).replacen("LKIA", SESSION, 1)
}

const SESSION: &str = "LSIA";

/// Whether a key is one of [`session_key_id`].
pub fn is_session_key(key: &str) -> bool {
    key.starts_with(SESSION)
}

/// The account that [`access_key_id`] or [`session_key_id`] has put into a key; none for other keys.
pub fn account_of_access_key(key: &str) -> Option<String> {
    let rest = key.strip_prefix("LKIA").or_else(|| key.strip_prefix(SESSION));
    let rest = rest.filter(|rest| rest.len() == 16 && rest.is_ascii())?;
    let value = |byte: u8| BASE32.iter().position(|known| *known == byte).and_then(|place| u64::try_from(place).ok());
    let number = rest.bytes().take(8).try_fold(0, |number, byte| Some(number << 5 | value(byte)?))?;
    let checked = value(rest.as_bytes()[8])? == check(number) && number < 1_000_000_000_000;
    checked.then(|| format!("{number:012}"))
}

/// Tells keys of [`access_key_id`] from others of the same beginning.
fn check(number: u64) -> u64 {
    (0..8).map(|place| (number >> (place * 5)) % 32 * (2 * place + 3)).sum::<u64>().wrapping_add(11) % 32
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

    #[test]
    fn an_access_key_carries_its_account() {
        for account in ["000000000000", "123456789012", "999999999999"] {
            let key = access_key_id(account, b"function");
            assert_eq!((key.len(), &key[..4]), (20, "LKIA"));
            assert_eq!(account_of_access_key(&key).as_deref(), Some(account));
            let session = session_key_id(account, b"function");
            assert!(is_session_key(&session) && !is_session_key(&key));
            assert_eq!(account_of_access_key(&session).as_deref(), Some(account));
        }
        assert_eq!(account_of_access_key("LKIAQAAAAAAAAAAAAAAA"), None);
        assert_eq!(account_of_access_key("AKIAIOSFODNN7EXAMPLE"), None);
        assert_eq!(account_of_access_key("test"), None);
    }
}
