//! JSON as API Gateway reads it out of mock templates: names may stand without quotes, and texts between single ones.
//!
//! A reader of its own, rather than one of JSON5: that language also has comments, hexadecimal numbers, trailing commas and
//! signs, which API Gateway would refuse.

/// The same document with double quotes around every name and text. What is broken stays broken.
pub(super) fn strict(text: &str) -> String {
    let mut strict = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '"' => {
                let length = quoted(rest, '"');
                strict.push_str(&rest[..length]);
                length
            }
            '\'' => {
                let length = quoted(rest, '\'');
                requote(&mut strict, rest[1..length].trim_end_matches('\''));
                length
            }
            letter if letter.is_ascii_alphabetic() || matches!(letter, '_' | '$') => {
                let length =
                    rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '-'))).unwrap_or(rest.len());
                let word = &rest[..length];
                // What a colon follows is a name; true, false and null are values.
                if rest[length..].trim_start().starts_with(':') {
                    strict.extend(["\"", word, "\""]);
                } else {
                    strict.push_str(word);
                }
                length
            }
            other => {
                strict.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    strict
}

/// The length of a text with its quotes, or of all that is left if it does not end.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            letter if letter == quote => return at + letter.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// Writes what stood between single quotes between double ones.
fn requote(strict: &mut String, text: &str) {
    strict.push('"');
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // JSON knows no such escape.
            '\\' if letters.peek() == Some(&'\'') => {}
            '\\' => {
                strict.push('\\');
                strict.extend(letters.next());
            }
            '"' => strict.push_str("\\\""),
            other => strict.push(other),
        }
    }
    strict.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_get_their_quotes() {
        for (pseudo, expected) in [
            ("{statusCode: 200}", r#"{"statusCode": 200}"#),
            (r#"{"a:b": "c: d", e : true}"#, r#"{"a:b": "c: d", "e" : true}"#),
            (r#"{a: 'it\'s "x"', b: '\n'}"#, r#"{"a": "it's \"x\"", "b": "\n"}"#),
            ("{a: ''}", r#"{"a": ""}"#),
            ("{'unended: 1", r#"{"unended: 1""#),
            (r#"{"unended"#, r#"{"unended"#),
            ("{x-y: [null, false]}", r#"{"x-y": [null, false]}"#),
            ("\u{e9}{'\u{e9}': 1}", "\u{e9}{\"\u{e9}\": 1}"),
        ] {
            assert_eq!(strict(pseudo), expected, "{pseudo}");
        }
    }
}
