//! `ListUsers`' filter: `attribute = "value"` or `attribute ^= "value"` (begins with).

use super::super::call::ApiError;
use super::invalid;
use super::user::User;

/// What users can be searched by; attributes of a pool's own cannot.
const SEARCHABLE: &[&str] = &[
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
];

/// A filter.
#[derive(Debug, PartialEq)]
pub(super) struct Filter {
    attribute: String,
    begins: bool,
    value: String,
}

impl Filter {
    /// Reads a filter; nothing, or none at all, lets every user pass.
    ///
    /// # Errors
    /// `InvalidParameterException`
    pub(super) fn read(text: &str) -> Result<Option<Filter>, ApiError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let broken = || invalid("Error while parsing filter.");
        let (attribute, value) = text.split_once('=').ok_or_else(broken)?;
        let (attribute, begins) = match attribute.strip_suffix('^') {
            Some(attribute) => (attribute, true),
            None => (attribute, false),
        };
        let attribute = attribute.trim().trim_matches('"');
        if !SEARCHABLE.contains(&attribute) {
            return Err(invalid(format!("Invalid search attribute: {attribute}")));
        }
        let inner = value.trim().strip_prefix('"').and_then(|value| value.strip_suffix('"')).ok_or_else(broken)?;
        let (mut value, mut letters) = (String::with_capacity(inner.len()), inner.chars());
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => value.push(letters.next().ok_or_else(broken)?),
                '"' => return Err(broken()),
                letter => value.push(letter),
            }
        }
        Ok(Some(Filter { attribute: attribute.to_owned(), begins, value }))
    }

    pub(super) fn takes(&self, user: &User) -> bool {
        let Some(value) = user.attribute(&self.attribute) else { return false };
        // The two of states are not case-sensitive on AWS; the names are.
        let states = matches!(self.attribute.as_str(), "status" | "cognito:user_status");
        match (self.begins, states) {
            (true, _) => value.starts_with(&self.value),
            (false, true) => value.eq_ignore_ascii_case(&self.value),
            (false, false) => value == self.value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_as_aws_reads_them() {
        let read = |text: &str| Filter::read(text).map_err(|error| error.message);
        let filter = |attribute: &str, begins, value: &str| {
            Ok(Some(Filter { attribute: attribute.to_owned(), begins, value: value.to_owned() }))
        };
        assert_eq!(read(r#"email = "a@b.c""#), filter("email", false, "a@b.c"));
        assert_eq!(read(r#"name ^= "An \"A""#), filter("name", true, "An \"A"));
        assert_eq!(read(r#""name"^="x=y""#), filter("name", true, "x=y"));
        assert_eq!(read(" "), Ok(None));
        for broken in [r#"email"#, r#"email = a"#, r#"email = "a"#, r#"email = "a"b""#, r#"email = "a\"#] {
            assert_eq!(read(broken), Err("Error while parsing filter.".to_owned()), "{broken}");
        }
        assert_eq!(read(r#"custom:a = "b""#), Err("Invalid search attribute: custom:a".to_owned()));
    }
}
