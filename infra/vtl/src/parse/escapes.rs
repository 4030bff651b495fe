//! Backslashes, and the escapes within texts.

/// What Velocity knows as directives, apart from macros.
pub(super) fn is_directive(name: &str) -> bool {
    is_control(name) || is_pluggable(name)
}

fn is_control(name: &str) -> bool {
    matches!(name, "if" | "else" | "elseif" | "end" | "set")
}

pub(super) fn is_pluggable(name: &str) -> bool {
    matches!(name, "foreach" | "include" | "parse" | "macro" | "literal" | "evaluate" | "break" | "define" | "stop")
}

/// `\#name` and its like: half of the backslashes in front of what is a directive, all of them in front of anything else.
pub(super) fn escaped_directive(image: &str, is_macro: impl Fn(&str) -> bool) -> String {
    let Some(last) = image.rfind('\\') else { return image.to_owned() };
    let directive = &image[last + 1..];
    let name = directive.trim_start_matches('#').trim_start_matches('{').trim_end_matches('}');
    if is_directive(name) || is_macro(name) { format!("{}{directive}", &image[..last / 2]) } else { image.to_owned() }
}

/// What stands between a text's quotes: a doubled quote is one, and in double quotes `\u0041` is a character.
pub(super) fn unquoted(image: &str) -> String {
    let quote = if image.starts_with('"') { "\"" } else { "'" };
    let inner = &image[1..image.len() - 1];
    let inner = if quote == "\"" { unescaped(inner) } else { inner.to_owned() };
    inner.replace(&quote.repeat(2), quote)
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        out.push_str(&rest[..at]);
        let digits = rest.get(at + 2..at + 6).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let character = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        if let Some(character) = character {
            out.push(character);
            rest = &rest[at + 6..];
        } else {
            out.push_str("\\u");
            rest = &rest[at + 2..];
        }
    }
    out + rest
}
