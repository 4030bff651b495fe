//! Randomness that must not be guessed, from one place, so that a test can choose it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::call::ApiError;

/// Fills the bytes; `false` where there is no randomness.
type Fill = dyn Fn(&mut [u8]) -> bool + Send + Sync;

/// Where random bytes come from. Cheap to clone.
#[derive(Clone)]
pub(super) struct Random {
    fill: Arc<Fill>,
}

impl Default for Random {
    fn default() -> Self {
        Random { fill: Arc::new(|bytes| aws_lc_rs::rand::fill(bytes).is_ok()) }
    }
}

impl Random {
    /// Randomness of a test's own.
    #[cfg(test)]
    pub(super) fn of(fill: impl Fn(&mut [u8]) -> bool + Send + Sync + 'static) -> Random {
        Random { fill: Arc::new(fill) }
    }

    /// Random bytes; without any nothing secret is made.
    pub(super) fn bytes<const N: usize>(&self) -> Result<[u8; N], ApiError> {
        let mut bytes = [0; N];
        if (self.fill)(&mut bytes) { Ok(bytes) } else { Err(ApiError::internal("the system has no randomness")) }
    }

    /// Six digits.
    pub(super) fn code(&self) -> Result<String, ApiError> {
        // Out of 2^64, the million does not come out even by less than one in 10^13.
        let number = u64::from_be_bytes(self.bytes()?) % 1_000_000;
        Ok(format!("{number:06}"))
    }

    /// Base64url of so many bytes.
    pub(super) fn text<const N: usize>(&self) -> Result<String, ApiError> {
        Ok(URL_SAFE_NO_PAD.encode(self.bytes::<N>()?))
    }

    /// A UUID.
    pub(super) fn uuid(&self) -> Result<String, ApiError> {
        Ok(uuid::Builder::from_random_bytes(self.bytes()?).into_uuid().to_string())
    }

    /// So many of these letters, each as likely as the next.
    pub(super) fn letters(&self, alphabet: &[u8], length: usize) -> Result<String, ApiError> {
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let number = u64::from_be_bytes(self.bytes()?);
            let place = usize::try_from(number % alphabet.len() as u64).map_err(ApiError::internal)?;
            text.push(char::from(alphabet[place]));
        }
        Ok(text)
    }

    /// A password that every policy takes: a letter of each kind, a digit and a symbol, then whatever comes.
    pub(super) fn password(&self, length: usize) -> Result<String, ApiError> {
        const KINDS: [&[u8]; 4] =
            [b"abcdefghijkmnpqrstuvwxyz", b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"23456789", b"!#$%&*+-=?@^_"];
        let mut text = String::new();
        for kind in KINDS {
            text += &self.letters(kind, 1)?;
        }
        let all = KINDS.concat();
        Ok(text + &self.letters(&all, length.max(12) - 4)?)
    }
}

pub(super) const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
pub(super) const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
