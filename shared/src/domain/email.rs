//! E-mail addresses.

use super::Invalid;

/// An e-mail address: a dot-atom local part and a host name (RFC 5321's lengths, RFC 5322's `dot-atom`).
///
/// Quoted local parts and address literals are refused: nobody signs up with them. International domains are taken in
/// their ASCII (`xn--`) form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Takes an address that keeps the rules.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (local, domain) =
            text.rsplit_once('@').ok_or_else(|| Invalid::new("must be an e-mail address such as name@example.com"))?;
        if text.len() > 254 {
            return Err(Invalid::new("must have at most 254 characters"));
        }
        if !is_local_part(local) {
            return Err(Invalid::new("must have a valid name of 1 to 64 ASCII characters before the @"));
        }
        if !is_host_name(domain) {
            return Err(Invalid::new("must have a valid domain such as example.com after the @"));
        }
        Ok(EmailAddress(text.to_owned()))
    }

    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address under which it is unique. Lower-cased as a whole: in practice no provider tells `A@x` from `a@x`.
    pub fn unique_key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

fn is_local_part(local: &str) -> bool {
    let is_atom_char = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c);
    local.len() <= 64 && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_char))
}

fn is_host_name(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    // A numeric last label would be an IP address.
    domain.contains('.') && domain.split('.').all(is_label) && !top.bytes().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_in_use() {
        for text in ["a@b.co", "ada.lovelace+news@example.com", "o'brien@mail.example.co.uk", "x@xn--bcher-kva.example"]
        {
            assert!(EmailAddress::parse(text).is_ok(), "{text}");
        }
        assert_eq!(EmailAddress::parse("Ada@Example.COM").map(|e| e.unique_key()), Ok("ada@example.com".into()));
    }

    #[test]
    fn refuses_what_cannot_be_delivered() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "@",
            "a",
            "a@",
            "@b.co",
            "a@b",
            "a..b@c.de",
            ".a@b.co",
            "a@b..co",
            "a@-b.co",
            "a@b.co-",
            "a b@c.de",
            "a@127.0.0.1",
            "a@b.co\n",
            "ä@b.co",
            "a@bücher.example",
            "a@[::1]",
            "\"a\"@b.co",
            "a@b@",
            &long,
        ] {
            assert!(EmailAddress::parse(text).is_err(), "{text:?}");
        }
    }
}
