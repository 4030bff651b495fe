//! What short texts (names, ids) have in common.

use super::Invalid;

/// Checks that `text` has between `min` and `max` characters (Unicode scalar values, as JSON Schema counts them), none
/// of them a control or an invisible formatting character, and no white space at either end.
///
/// Invisible and direction-changing characters are refused because with them one name can pass for another.
pub(super) fn check_name(text: &str, min: usize, max: usize) -> Result<(), Invalid> {
    let count = text.chars().count();
    if count < min || count > max {
        return Err(Invalid::new(format!("must have {min} to {max} characters")));
    }
    if text.trim() != text {
        return Err(Invalid::new("must not begin or end with white space"));
    }
    if text.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err(Invalid::new("must not contain control or invisible characters"));
    }
    Ok(())
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// A validated text newtype: `parse`, `as_str`, `Display`, no other way in.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $min:expr, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes a text that keeps the rules.
            pub fn parse(text: &str) -> Result<Self, $crate::domain::Invalid> {
                $crate::domain::text::check_name(text, $min, $max)?;
                Ok($name(text.to_owned()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(super) use name_type;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_rather_than_bytes() {
        assert!(check_name("žába", 3, 4).is_ok());
        assert!(check_name("日本語", 3, 3).is_ok());
        assert!(check_name("ab", 3, 20).is_err());
    }

    #[test]
    fn refuses_what_cannot_be_seen() {
        for text in ["a\u{200B}bc", "a\u{202E}bc", "a\nbc", "\u{FEFF}abc", " abc", "abc\u{3000}"] {
            assert!(check_name(text, 3, 20).is_err(), "{text:?}");
        }
    }
}
