//! The credentials that a run is given: whoever signs with them may do everything.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

/// Access keys and their secrets: `test` with `test` unless others are given, which then take its place.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    secrets: HashMap<String, String>,
    /// Whether nobody has given any.
    default: bool,
}

/// A file of credentials is not longer.
const MAX_FILE: u64 = 1024 * 1024;

impl Default for Credentials {
    fn default() -> Self {
        Credentials { secrets: [("test".to_owned(), "test".to_owned())].into(), default: true }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("keys", &self.secrets.len()).field("default", &self.default).finish()
    }
}

impl Credentials {
    /// Those of a file in the form of `~/.aws/credentials` and of `KEY:SECRET` pairs parted by commas or blanks (the
    /// variable `FERROGATE_CREDENTIALS`), together; the default ones where neither is there.
    ///
    /// # Errors
    /// What is wrong with them, without a secret in it.
    pub fn load(file: Option<&Path>, pairs: Option<&str>) -> Result<Credentials, String> {
        let mut given = Credentials { secrets: HashMap::new(), default: false };
        if let Some(path) = file {
            let wrong = |error: &dyn fmt::Display| format!("--credentials-file {}: {error}", path.display());
            let length = std::fs::metadata(path).map_err(|error| wrong(&error))?.len();
            if length > MAX_FILE {
                return Err(wrong(&"it is longer than 1 MB"));
            }
            let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
            given.add_profiles(&text).map_err(|error| wrong(&error))?;
        }
        if let Some(pairs) = pairs.filter(|pairs| !pairs.trim().is_empty()) {
            given.add_pairs(pairs).map_err(|error| format!("FERROGATE_CREDENTIALS: {error}"))?;
        }
        match (given.secrets.is_empty(), file) {
            (false, _) => Ok(given),
            (true, None) => Ok(Credentials::default()),
            (true, Some(path)) => Err(format!("--credentials-file {}: no profile in it has keys", path.display())),
        }
    }

    /// The secret of an access key. Where nobody has given others, an account's number is an access key too: that account's
    /// root, with the secret `test`.
    pub(crate) fn secret_of(&self, access_key: &str) -> Option<&str> {
        let account = self.default && crate::signature::is_account(access_key);
        self.secrets.get(access_key).map(String::as_str).or(account.then_some("test"))
    }

    /// Whether nobody has given any.
    pub fn are_default(&self) -> bool {
        self.default
    }

    /// What a client has to do to be let in, for error messages.
    pub(crate) fn advice(&self) -> &'static str {
        if self.default {
            "This Ferrogate accepts AWS_ACCESS_KEY_ID=test with AWS_SECRET_ACCESS_KEY=test (or an account's twelve digits with \
             the secret test), access keys of its IAM users, credentials of its STS and those of its functions; \
             --credentials-file names others, and --no-check-signatures takes any."
        } else {
            "This Ferrogate accepts the credentials that it was started with (--credentials-file, FERROGATE_CREDENTIALS), access \
             keys of its IAM users, credentials of its STS and those of its functions; --no-check-signatures takes any."
        }
    }

    fn add_profiles(&mut self, text: &str) -> Result<(), String> {
        let (mut key, mut secret) = (None, None);
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            let wrong = |what: &str| format!("line {}: {what}", number + 1);
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if line.starts_with('[') {
                if key.is_some() || secret.is_some() {
                    return Err(wrong(
                        "the profile before it has one of aws_access_key_id and aws_secret_access_key only",
                    ));
                }
                continue;
            }
            let (name, value) = line.split_once('=').ok_or_else(|| wrong("expected [profile] or name = value"))?;
            match name.trim().to_ascii_lowercase().as_str() {
                "aws_access_key_id" => key = Some(value.trim()),
                "aws_secret_access_key" => secret = Some(value.trim()),
                // A profile may say more, such as its region.
                _ => {}
            }
            if let (Some(found), Some(of)) = (key, secret) {
                self.add(found, of).map_err(|what| wrong(&what))?;
                (key, secret) = (None, None);
            }
        }
        if key.is_some() || secret.is_some() {
            return Err("the last profile has one of aws_access_key_id and aws_secret_access_key only".to_owned());
        }
        Ok(())
    }

    fn add_pairs(&mut self, pairs: &str) -> Result<(), String> {
        for pair in pairs.split(|c: char| c == ',' || c.is_whitespace()).filter(|pair| !pair.is_empty()) {
            let (key, secret) = pair.split_once(':').ok_or("expected KEY:SECRET")?;
            self.add(key, secret)?;
        }
        Ok(())
    }

    fn add(&mut self, key: &str, secret: &str) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | ',' | '=');
        if key.is_empty() || key.len() > 128 || !key.chars().all(plain) {
            return Err("an access key has 1 to 128 printable characters and no slash, comma or equals sign".to_owned());
        }
        if secret.is_empty() || secret.len() > 256 {
            return Err(format!("the secret of {key} must have 1 to 256 characters"));
        }
        match self.secrets.insert(key.to_owned(), secret.to_owned()) {
            Some(other) if other != secret => Err(format!("{key} is there twice, with two secrets")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Credentials, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        std::fs::write(&path, text).unwrap();
        Credentials::load(Some(&path), None)
    }

    #[test]
    fn without_any_there_is_test_and_every_account() {
        let credentials = Credentials::load(None, Some(" ")).unwrap();
        assert_eq!(credentials.secret_of("test"), Some("test"));
        assert_eq!(credentials.secret_of("123456789012"), Some("test"));
        assert_eq!(credentials.secret_of("foo"), None);
    }

    #[test]
    fn those_given_take_its_place() {
        let text = "# mine\n[default]\naws_access_key_id = ALICE\naws_secret_access_key=a/b+c=\nregion = eu-west-1\n\n\
                    [bob]\naws_secret_access_key = two\naws_access_key_id = 123456789012\n";
        let credentials = file(text).unwrap();
        assert_eq!(credentials.secret_of("ALICE"), Some("a/b+c="));
        assert_eq!(credentials.secret_of("123456789012"), Some("two"));
        assert_eq!((credentials.secret_of("test"), credentials.secret_of("000000000000")), (None, None));
        let pairs = Credentials::load(None, Some("A:1, B:2:3\nC:4")).unwrap();
        assert_eq!(pairs.secret_of("B"), Some("2:3"));
        assert!(!format!("{pairs:?}").contains("2:3"));
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_its_secret() {
        for (text, said) in [
            ("[a]\naws_access_key_id = A\n[b]\naws_access_key_id = B\naws_secret_access_key = hush\n", "line 3"),
            ("aws_access_key_id = A\n", "the last profile"),
            ("hush\n", "line 1"),
            ("[a]\n", "no profile in it"),
            ("aws_access_key_id = a/b\naws_secret_access_key = hush\n", "no slash"),
        ] {
            let error = file(text).unwrap_err();
            assert!(error.contains(said) && !error.contains("hush"), "{error}");
        }
        for pairs in ["hush", "A:", "A:1 A:2"] {
            let error = Credentials::load(None, Some(pairs)).unwrap_err();
            assert!(error.starts_with("FERROGATE_CREDENTIALS: ") && !error.contains("hush"), "{error}");
        }
        assert!(Credentials::load(Some(Path::new("no/such/file")), None).unwrap_err().contains("no/such/file"));
    }
}
