//! Java's regular expressions, on an engine of linear time: no pattern takes for ever, and what needs backtracking
//! (lookaround, back references, possessive quantifiers) is refused by name.

use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};

/// How big a compiled pattern may be, in bytes.
const SIZE_LIMIT: usize = 256 << 10;
/// How deep a pattern's groups may nest.
const NEST_LIMIT: u32 = 50;
/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 4096;

/// Compiles a pattern of Java's. `Err` names it and says why it cannot be.
pub(crate) fn compile(source: &str) -> Result<Regex, String> {
    if source.len() > MAX_LENGTH {
        return Err(format!("a pattern is longer than {MAX_LENGTH} bytes"));
    }
    RegexBuilder::new(&translate(source))
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT)
        .nest_limit(NEST_LIMIT)
        .build()
        .map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the pattern {source:?} is not supported: {reason}")
        })
}

/// How many states a pattern has, roughly: its length, and what its counted repetitions multiply to.
pub(crate) fn weight(source: &str) -> u64 {
    let mut product = 1_u64;
    for piece in source.split('{').skip(1) {
        let counts = piece.split('}').next().unwrap_or_default().split(',');
        let largest = counts.filter_map(|count| count.trim().parse::<u64>().ok()).max();
        product = product.saturating_mul(largest.unwrap_or(1).max(1));
    }
    (source.len() as u64).saturating_add(product.min(1_000_000))
}

/// A pattern that matches whole texts only.
pub(crate) fn whole(source: &str) -> Arc<str> {
    format!("\\A(?:{source})\\z").into()
}

/// The text that a pattern stands for, if it is one without any special character.
pub(crate) fn plain(source: &str) -> Option<String> {
    let mut out = String::with_capacity(source.len());
    let mut characters = source.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(next) if next.is_ascii_punctuation() || next == ' ' => out.push(next),
                _ => return None,
            },
            '.' | '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' => return None,
            other => out.push(other),
        }
    }
    Some(out)
}

/// Java's syntax in the crate's, where they differ: classes are ASCII's, `.` matches no end of a line of any kind.
fn translate(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let mut characters = source.chars().peekable();
    let mut classes = 0_usize;
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let Some(next) = characters.next() else {
                    out.push('\\');
                    break;
                };
                let class = classes > 0;
                match next {
                    'd' => out.push_str(if class { "0-9" } else { "[0-9]" }),
                    'D' => out.push_str("[^0-9]"),
                    'w' => out.push_str(if class { "a-zA-Z0-9_" } else { "[a-zA-Z0-9_]" }),
                    'W' => out.push_str("[^a-zA-Z0-9_]"),
                    's' => out.push_str(if class { "\\t\\n\\x0B\\f\\r " } else { "[\\t\\n\\x0B\\f\\r ]" }),
                    'S' => out.push_str("[^\\t\\n\\x0B\\f\\r ]"),
                    'h' => out.push_str("[ \\t\\xA0\\x{1680}\\x{180e}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}]"),
                    'R' if !class => out.push_str("(?:\\r\\n|[\\n\\x0B\\f\\r\\x{85}\\x{2028}\\x{2029}])"),
                    'b' if !class => out.push_str("(?-u:\\b)"),
                    'B' if !class => out.push_str("(?-u:\\B)"),
                    'Z' if !class => out.push_str("\\z"),
                    'e' => out.push_str("\\x1B"),
                    'Q' => {
                        let mut literal = String::new();
                        for quoted in characters.by_ref() {
                            literal.push(quoted);
                            if literal.ends_with("\\E") {
                                literal.truncate(literal.len() - 2);
                                break;
                            }
                        }
                        out.push_str(&regex::escape(&literal));
                    }
                    '<' | '>' => out.push(next),
                    other => out.extend(['\\', other]),
                }
            }
            '[' => {
                classes += 1;
                out.push('[');
                if characters.peek() == Some(&'^') {
                    characters.next();
                    out.push('^');
                }
            }
            ']' => {
                classes = classes.saturating_sub(1);
                out.push(']');
            }
            '.' if classes == 0 => out.push_str("[^\\n\\r\\x{85}\\x{2028}\\x{2029}]"),
            // Possessive quantifiers: the crate would read a repeated repetition.
            '*' | '+' | '?' | '}' if classes == 0 && characters.peek() == Some(&'+') => {
                out.push(character);
                out.push_str("(?possessive)");
                characters.next();
            }
            other => out.push(other),
        }
    }
    out
}

/// A replacement's parts: text and groups.
pub(crate) enum Part {
    Text(String),
    Group(usize),
}

/// Reads Java's replacement: `$1` is a group, a backslash keeps what follows it.
pub(crate) fn replacement(text: &str, regex: &Regex) -> Result<Vec<Part>, String> {
    let groups = regex.captures_len();
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(next) => plain.push(next),
                None => return Err(format!("the replacement {text:?} ends in a backslash")),
            },
            '$' => {
                parts.push(Part::Text(std::mem::take(&mut plain)));
                if characters.peek() == Some(&'{') {
                    let name: String = characters.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    let index = regex.capture_names().position(|known| known == Some(name.as_str()));
                    let Some(index) = index else { return Err(format!("the pattern has no group {name:?}")) };
                    parts.push(Part::Group(index));
                    continue;
                }
                let Some(mut group) = characters.next().and_then(|c| c.to_digit(10)).map(|digit| digit as usize) else {
                    return Err(format!("the replacement {text:?} has a $ without a group"));
                };
                if group >= groups {
                    return Err(format!("the pattern has no group {group}"));
                }
                while let Some(digit) = characters.peek().and_then(|c| c.to_digit(10)) {
                    let next = group * 10 + digit as usize;
                    if next >= groups {
                        break;
                    }
                    group = next;
                    characters.next();
                }
                parts.push(Part::Group(group));
            }
            other => plain.push(other),
        }
    }
    parts.push(Part::Text(plain));
    Ok(parts)
}

/// All matches as Java finds them: an empty one may follow another directly.
pub(crate) fn matches<'t>(regex: &Regex, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
    let regex = regex.clone();
    let mut from = Some(0);
    std::iter::from_fn(move || {
        let start = from?;
        let found = regex.captures_at(text, start);
        let Some(found) = found else {
            from = None;
            return None;
        };
        let (begin, end) = found.get(0).map_or((start, start), |whole| (whole.start(), whole.end()));
        from = if end > begin { Some(end) } else { text[end..].chars().next().map(|next| end + next.len_utf8()) };
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_backtracking_is_refused_by_name() {
        for source in ["(?=a)", "(a)\\1", "a++", "(?<!b)c", "(", "a{2,1}"] {
            let message = compile(source).unwrap_err();
            assert!(message.contains(&format!("{source:?}")), "{message}");
        }
        assert!(compile("(a{1000}){1000}").is_err());
    }

    #[test]
    fn a_pattern_without_special_characters_is_its_text() {
        assert_eq!(plain("\\\\'").as_deref(), Some("\\'"));
        assert_eq!(plain("a b").as_deref(), Some("a b"));
        assert_eq!(plain("a.b"), None);
        assert_eq!(plain("\\d"), None);
    }

    #[test]
    fn classes_are_those_of_java() {
        assert!(compile(&whole("[\\d_]+\\.\\w\\s")).unwrap().is_match("1_2.a\t"));
        assert!(!compile(&whole(".")).unwrap().is_match("\r"));
        assert!(compile("\\Q.*\\E").unwrap().is_match("a.*"));
        assert!(compile("(?i)ABC").unwrap().is_match("xabcx"));
    }
}
