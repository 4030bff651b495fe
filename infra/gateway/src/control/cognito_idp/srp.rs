//! SRP-6a as Cognito speaks it: the password never leaves the client.
//!
//! RFC 5054's group of 3,072 bits, SHA-256, and Cognito's own way to a key: HKDF's first 16 bytes for `Caldera Derived Key`.
//! Numbers are hashed as Java's `BigInteger` writes them: without leading zeros, with one where the first bit is set. All
//! powers are raised in constant time.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

const BITS: u32 = 3_072;
const BYTES: usize = 384;

/// RFC 5054, appendix A.
const GROUP: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

/// What is kept to check a password by.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Verifier {
    /// Hexadecimal, as the client gets it.
    pub(super) salt: String,
    /// `g^x`, hexadecimal.
    verifier: String,
}

/// The server's part of one sign-in.
pub(super) struct Exchange {
    /// The client's `A`.
    public_a: Vec<u8>,
    /// The server's `b`.
    secret: [u8; 32],
    /// `B`, hexadecimal.
    pub(super) public_b: String,
    verifier: Vec<u8>,
}

struct Group {
    params: BoxedMontyParams,
}

static THE_GROUP: LazyLock<Group> = LazyLock::new(|| {
    let modulus = Odd::new(number(&from_hex(GROUP).unwrap_or_default())).into_option();
    #[expect(clippy::expect_used, reason = "the number above is odd, and a test raises powers in its group")]
    let modulus = modulus.expect("an odd number");
    Group { params: BoxedMontyParams::new_vartime(modulus) }
});

impl Group {
    fn new() -> &'static Group {
        &THE_GROUP
    }

    fn element(&self, bytes: &[u8]) -> BoxedMontyForm {
        // Whatever is longer was refused before.
        BoxedMontyForm::new(number(bytes), &self.params)
    }

    fn power(&self, base: &BoxedMontyForm, exponent: &[u8; 32]) -> BoxedMontyForm {
        base.pow(&BoxedUint::from_be_slice_truncated(exponent, 256))
    }

    fn generator(&self) -> BoxedMontyForm {
        self.element(&[2])
    }
}

fn number(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_truncated(bytes, BITS)
}

/// As `BigInteger` writes a number that is not negative.
fn padded(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len().saturating_sub(1));
    let trimmed = bytes.get(first..).unwrap_or_default();
    let mut out = Vec::with_capacity(trimmed.len() + 1);
    if trimmed.first().is_none_or(|byte| byte & 0x80 != 0) {
        out.push(0);
    }
    out.extend_from_slice(trimmed);
    out
}

pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let text = if text.len() % 2 == 1 { format!("0{text}") } else { text.to_owned() };
    let digits = text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    digits.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |text, byte| text + &format!("{byte:02x}"))
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// What is kept of a password: `pool` is the pool's id without its region.
pub(super) fn verifier(pool: &str, user: &str, password: &str, salt: [u8; 16]) -> Verifier {
    let inner = hash(&[pool.as_bytes(), user.as_bytes(), b":", password.as_bytes()]);
    let x = hash(&[&padded(&salt), &inner]);
    let group = Group::new();
    let value = group.power(&group.generator(), &x).retrieve();
    Verifier { salt: hex(&salt), verifier: hex(&value.to_be_bytes()) }
}

/// What a user that does not exist seems to have: the same each time.
pub(super) fn imitated(secret: &[u8], user: &str) -> Verifier {
    let salt = mac(secret, &[b"salt", user.as_bytes()]);
    let x = mac(secret, &[b"verifier", user.as_bytes()]);
    let group = Group::new();
    let value = group.power(&group.generator(), &x).retrieve();
    Verifier { salt: hex(&salt[..16]), verifier: hex(&value.to_be_bytes()) }
}

/// The server's answer to a client's `SRP_A`. `None` where that is no number of the group, or gives the key away.
pub(super) fn begin(verifier: &Verifier, srp_a: &str, secret: [u8; 32]) -> Option<Exchange> {
    let public_a: Vec<u8> = from_hex(srp_a)?.into_iter().skip_while(|byte| *byte == 0).collect();
    let group = Group::new();
    if public_a.len() > BYTES || bool::from(group.element(&public_a).is_zero()) {
        return None;
    }
    let kept = from_hex(&verifier.verifier)?;
    let n = from_hex(GROUP)?;
    let k = hash(&[&padded(&n), &padded(&[2])]);
    let public_b =
        group.element(&k).mul(&group.element(&kept)).add(&group.power(&group.generator(), &secret)).retrieve();
    let public_b = hex(&public_b.to_be_bytes());
    Some(Exchange { public_a, secret, public_b, verifier: kept })
}

impl Exchange {
    /// Whether `signature` (base64) is that of somebody who knows the password.
    pub(super) fn proves(&self, pool: &str, user: &str, secret_block: &[u8], timestamp: &str, signature: &str) -> bool {
        let Some(public_b) = from_hex(&self.public_b) else { return false };
        let u = hash(&[&padded(&self.public_a), &padded(&public_b)]);
        if u == [0; 32] {
            return false;
        }
        let group = Group::new();
        let base = group.element(&self.public_a).mul(&group.power(&group.element(&self.verifier), &u));
        let shared = group.power(&base, &self.secret).retrieve().to_be_bytes();
        let key = mac(&padded(&u), &[&padded(&shared)]);
        let key = mac(&key, &[b"Caldera Derived Key", &[1]]);
        let expected = mac(&key[..16], &[pool.as_bytes(), user.as_bytes(), secret_block, timestamp.as_bytes()]);
        let Ok(given) = STANDARD.decode(signature) else { return false };
        expected.ct_eq(given.as_slice()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "Sun Nov 22 12:57:00 UTC 2026";

    fn kept() -> Verifier {
        let mut salt = [7; 16];
        salt[0] = 0xf0;
        verifier("abcdefghi", "ann", "Correct-horse-1", salt)
    }

    /// `A` for `a` of bytes 5.
    fn srp_a() -> String {
        let group = Group::new();
        hex(&group.power(&group.generator(), &[5; 32]).retrieve().to_be_bytes())
    }

    /// Computed with Python's numbers, after Cognito's own clients.
    #[test]
    fn a_sign_in_comes_to_the_numbers_of_cognitos_clients() {
        let exchange = begin(&kept(), &srp_a(), [9; 32]).unwrap();
        let digest = hash(&[exchange.public_b.trim_start_matches('0').as_bytes()]);
        assert_eq!(hex(&digest), "c962f568b0e10c9dfe23dff48e544523670307322a7571a6480784008a16a261");
        let signature = "k3UM5WQJehx+CMZcFQDCrDDbS8WRlGk8/OD+IGyWqBE=";
        let proves =
            |block: &[u8], time: &str, signature: &str| exchange.proves("abcdefghi", "ann", block, time, signature);
        assert!(proves(b"block", TIME, signature));
        assert!(!proves(b"other", TIME, signature));
        assert!(!proves(b"block", "Sun Nov 22 12:57:01 UTC 2026", signature));
        for wrong in ["", "AAAA", "no base64"] {
            assert!(!proves(b"block", TIME, wrong));
        }
    }

    #[test]
    fn numbers_that_give_the_key_away_are_refused() {
        for wrong in ["", "0", "00000000", GROUP, "x", &"f".repeat(2 * BYTES + 1)] {
            assert!(begin(&kept(), wrong, [9; 32]).is_none(), "{wrong}");
        }
        // Twice the modulus has a bit more than fits.
        let twice = number(&from_hex(GROUP).unwrap());
        assert!(begin(&kept(), &hex(&twice.to_be_bytes()), [9; 32]).is_none());
    }

    #[test]
    fn who_does_not_exist_has_the_same_numbers_each_time() {
        let (one, again) = (imitated(&[1; 32], "nobody"), imitated(&[1; 32], "nobody"));
        assert!(one == again && one.salt.len() == kept().salt.len());
        assert!(one.salt != imitated(&[2; 32], "nobody").salt);
    }
}
