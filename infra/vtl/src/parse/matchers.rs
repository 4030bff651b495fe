//! How far each token reaches from a place in the text.

use super::token::{Kind, State};

/// The text that is left, seen from one place.
#[derive(Clone, Copy)]
pub(super) struct Rest<'a> {
    pub(super) bytes: &'a [u8],
    /// How many backslashes it begins with. The lexer knows, without counting a long row of them anew for each.
    pub(super) backslashes: usize,
    /// A `$` has just been read.
    pub(super) after_dollar: bool,
}

/// The longest match so far; of equal ones the first that was offered.
struct Longest(Option<(Kind, usize)>);

impl Longest {
    fn offer(&mut self, kind: Kind, length: Option<usize>) {
        let Some(length) = length.filter(|&length| length > 0) else { return };
        if self.0.is_none_or(|(_, best)| length > best) {
            self.0 = Some((kind, length));
        }
    }
}

/// The token, or the beginning of one, that a state finds.
pub(super) fn longest(state: State, rest: Rest<'_>) -> Option<(Kind, usize)> {
    use Kind as K;
    use State as S;
    let mut found = Longest(None);
    let directive = matches!(state, S::Directive | S::Arguments);
    if matches!(state, S::Reference | S::Modifier) {
        found.offer(K::IndexOpen, rest.exact("["));
    }
    if state == S::Index {
        found.offer(K::IndexClose, rest.exact("]"));
    }
    if directive {
        for (kind, text) in [
            (K::LeftBracket, "["),
            (K::RightBracket, "]"),
            (K::Comma, ","),
            (K::DoubleDot, ".."),
            (K::Colon, ":"),
            (K::MapOpen, "{"),
            (K::MapClose, "}"),
        ] {
            found.offer(kind, rest.exact(text));
        }
    }
    match state {
        S::Directive => {
            found.offer(K::LeftParen, rest.exact("("));
            found.offer(K::RightParen, rest.exact(")").map(|length| length + rest.from(length).line_end()));
        }
        S::Modifier => found.offer(K::LeftParen, rest.exact("(")),
        S::Arguments => found.offer(K::MethodClose, rest.exact(")")),
        S::Default => found.offer(K::EscapeDirective, rest.escaped_directive()),
        _ => {}
    }
    if matches!(state, S::Default | S::Reference | S::Modifier | S::Arguments) {
        found.offer(K::SetDirective, rest.set_directive());
    }
    found.offer(K::Dollar, rest.dollar());
    found.offer(K::TextBlockOpen, rest.exact("#[["));
    found.offer(K::FormalCommentOpen, rest.formal_comment());
    found.offer(K::CommentOpen, rest.exact("#*"));
    found.offer(K::Hash, rest.exact("#"));
    // Right behind a property, as in `$a.b##`, Velocity knows no comment.
    if !matches!(state, S::TextBlock | S::Modifier) {
        found.offer(K::CommentStart, rest.exact("##"));
    }
    match state {
        S::Default => {
            found.offer(K::DoubleEscape, rest.exact("\\\\"));
            found.offer(K::Escape, rest.exact("\\"));
            found.offer(K::Text, Some(rest.run(|byte| !matches!(byte, b'$' | b'#' | b'\\'))));
        }
        S::LineComment => found.offer(K::CommentEnd, rest.newline()),
        S::BlockComment => found.offer(K::CommentEnd, rest.exact("*#")),
        S::TextBlock => found.offer(K::TextBlock, rest.exact("]]#")),
        _ => {}
    }
    match state {
        S::LineComment | S::BlockComment => found.offer(K::Skip, rest.character()),
        S::TextBlock => found.offer(K::More, rest.character()),
        _ => {}
    }
    if directive || state == S::Index {
        found.offer(K::Whitespace, Some(rest.run(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))));
        found.offer(K::String, rest.string());
    }
    if directive || matches!(state, S::Reference | S::Modifier | S::Index) {
        found.offer(K::True, rest.exact("true"));
        found.offer(K::False, rest.exact("false"));
    }
    if state == S::Directive {
        for (kind, text) in OPERATORS {
            found.offer(kind, rest.exact(text));
        }
    }
    if state == S::PreDirective {
        for (kind, plain, bracketed, line_end) in [
            (K::End, "end", "{end}", true),
            (K::If, "if", "{if}", false),
            (K::ElseIf, "elseif", "{elseif}", false),
            (K::Else, "else", "{else}", true),
        ] {
            let length = rest.exact(plain).or_else(|| rest.exact(bracketed));
            found.offer(kind, length.map(|n| if line_end { n + rest.from(n).line_end() } else { n }));
        }
    }
    if directive || matches!(state, S::PreDirective | S::Index) {
        found.offer(K::Integer, rest.integer());
        found.offer(K::Float, rest.float());
    }
    if matches!(state, S::PreDirective | S::Directive) {
        found.offer(K::Word, rest.word());
        found.offer(K::BracketedWord, rest.bracketed_word());
    }
    if matches!(state, S::Reference | S::Modifier | S::Arguments) {
        found.offer(K::Identifier, rest.identifier());
        // `$.name` is text: the dot has nothing in front that it could be a part of.
        if !rest.after_dollar {
            found.offer(K::Dot, rest.dot());
        }
    }
    if matches!(state, S::Reference | S::Modifier) {
        found.offer(K::LeftCurly, rest.exact("{"));
        found.offer(K::RightCurly, rest.exact("}"));
        found.offer(K::ReferenceTerminator, rest.character());
    }
    if state == S::PreDirective {
        found.offer(K::DirectiveTerminator, rest.character());
    }
    if matches!(state, S::Default | S::Reference) {
        found.offer(K::EmptyIndex, rest.exact("$[").or_else(|| rest.exact("$![")).or_else(|| rest.exact("$\\![")));
    }
    found.0
}

const OPERATORS: [(Kind, &str); 24] = [
    (Kind::Minus, "-"),
    (Kind::Plus, "+"),
    (Kind::Times, "*"),
    (Kind::Divide, "/"),
    (Kind::Modulus, "%"),
    (Kind::And, "&&"),
    (Kind::And, "and"),
    (Kind::Or, "||"),
    (Kind::Or, "or"),
    (Kind::Less, "<"),
    (Kind::Less, "lt"),
    (Kind::LessOrEqual, "<="),
    (Kind::LessOrEqual, "le"),
    (Kind::Greater, ">"),
    (Kind::Greater, "gt"),
    (Kind::GreaterOrEqual, ">="),
    (Kind::GreaterOrEqual, "ge"),
    (Kind::Equal, "=="),
    (Kind::Equal, "eq"),
    (Kind::NotEqual, "!="),
    (Kind::NotEqual, "ne"),
    (Kind::Not, "!"),
    (Kind::Not, "not"),
    (Kind::Assign, "="),
];

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@')
}

impl<'a> Rest<'a> {
    fn from(self, offset: usize) -> Rest<'a> {
        Rest { bytes: &self.bytes[offset..], backslashes: 0, after_dollar: false }
    }

    fn at(self, offset: usize) -> u8 {
        self.bytes.get(offset).copied().unwrap_or(0)
    }

    fn exact(self, text: &str) -> Option<usize> {
        self.bytes.starts_with(text.as_bytes()).then_some(text.len())
    }

    fn run(self, holds: impl Fn(u8) -> bool) -> usize {
        self.bytes.iter().take_while(|&&byte| holds(byte)).count()
    }

    fn digits(self) -> usize {
        self.run(|byte| byte.is_ascii_digit())
    }

    /// One character, however many bytes it has.
    fn character(self) -> Option<usize> {
        self.bytes.first()?;
        Some(1 + self.bytes[1..].iter().take_while(|&&byte| byte & 0xC0 == 0x80).count())
    }

    fn newline(self) -> Option<usize> {
        self.exact("\r\n").or_else(|| self.exact("\n")).or_else(|| self.exact("\r"))
    }

    /// The rest of a line that holds nothing but blanks, and its end; else nothing.
    fn line_end(self) -> usize {
        let blanks = self.run(|byte| matches!(byte, b' ' | b'\t'));
        self.from(blanks).newline().map_or(0, |newline| blanks + newline)
    }

    /// `\\…$`, or `\\…$\\…!`.
    fn dollar(self) -> Option<usize> {
        if self.at(self.backslashes) != b'$' {
            return None;
        }
        let plain = self.backslashes + 1;
        let more = self.from(plain).run(|byte| byte == b'\\');
        Some(if self.at(plain + more) == b'!' { plain + more + 1 } else { plain })
    }

    fn escaped_directive(self) -> Option<usize> {
        if self.backslashes.is_multiple_of(2) || self.at(self.backslashes) != b'#' {
            return None;
        }
        let word = self.from(self.backslashes + 1);
        Some(self.backslashes + 1 + word.word().or_else(|| word.bracketed_word())?)
    }

    fn set_directive(self) -> Option<usize> {
        let before = self.run(|byte| matches!(byte, b' ' | b'\t'));
        let word = self.from(before);
        let length = before + word.exact("#set").or_else(|| word.exact("#{set}"))?;
        let length = length + self.from(length).run(|byte| byte == b' ');
        (self.at(length) == b'(').then_some(length + 1)
    }

    /// `#**` with a character behind it that is not `#`: that character is given back.
    fn formal_comment(self) -> Option<usize> {
        let opening = self.exact("#**")?;
        let next = self.from(opening).character()?;
        (self.at(opening) != b'#').then_some(opening + next)
    }

    fn word(self) -> Option<usize> {
        let first = self.at(0);
        (first.is_ascii_alphabetic() || matches!(first, b'_' | b'@')).then(|| self.run(is_word))
    }

    fn bracketed_word(self) -> Option<usize> {
        let inner = self.bytes.strip_prefix(b"{")?;
        let first = inner.first().copied().unwrap_or(0);
        if !(first.is_ascii_alphabetic() || matches!(first, b'_' | b'@')) {
            return None;
        }
        let length = inner.iter().take_while(|&&byte| is_word(byte)).count();
        (inner.get(length) == Some(&b'}')).then_some(length + 2)
    }

    fn identifier(self) -> Option<usize> {
        let first = self.at(0);
        (first.is_ascii_alphabetic() || first == b'_')
            .then(|| self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))
    }

    fn dot(self) -> Option<usize> {
        (self.at(0) == b'.' && self.at(1).is_ascii_alphabetic()).then_some(2)
    }

    /// Digits, and the two dots of a range behind them, which are given back.
    fn integer(self) -> Option<usize> {
        let sign = usize::from(self.at(0) == b'-');
        let digits = self.from(sign.min(self.bytes.len())).digits();
        if digits == 0 {
            return None;
        }
        let length = sign + digits;
        Some(if self.from(length).exact("..").is_some() { length + 2 } else { length })
    }

    fn float(self) -> Option<usize> {
        let sign = usize::from(self.at(0) == b'-');
        let whole = self.from(sign.min(self.bytes.len())).digits();
        let mut length = sign + whole;
        if self.at(length) == b'.' {
            let fraction = self.from(length + 1).digits();
            if whole == 0 && fraction == 0 {
                return None;
            }
            length += 1 + fraction;
            return Some(length + self.from(length).exponent().unwrap_or(0));
        }
        if whole == 0 {
            return None;
        }
        Some(length + self.from(length).exponent()?)
    }

    fn exponent(self) -> Option<usize> {
        if !matches!(self.at(0), b'e' | b'E') {
            return None;
        }
        let sign = usize::from(matches!(self.at(1), b'+' | b'-'));
        let digits = self.from(1 + sign).digits();
        (digits > 0).then_some(1 + sign + digits)
    }

    /// A text in either quote; a doubled quote stands for itself.
    fn string(self) -> Option<usize> {
        let quote = self.at(0);
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let mut offset = 1;
        loop {
            offset += self.from(offset).run(|byte| byte != quote);
            if self.at(offset) != quote {
                return None;
            }
            if self.at(offset + 1) != quote {
                return Some(offset + 1);
            }
            // The doubled quote ends the text after all, if nothing closes it further on.
            if !self.bytes[offset + 2..].contains(&quote) {
                return Some(offset + 1);
            }
            offset += 2;
        }
    }
}
