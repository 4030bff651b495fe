//! Velocity's lexer: which tokens there are depends on a state, and the states stand on a stack.
//!
//! It follows Velocity 1.7's in every transition, odd ones included, because templates show them: what a `$` in front of a
//! directive does, which blanks `#set` takes with it, where a reference ends.

use super::matchers::{Rest, longest};
use super::token::{Kind, State, Token};

/// Why the text cannot be read, and where.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: String,
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    pos: usize,
    state: State,
    stack: Vec<Saved>,
    open: usize,
    closed: usize,
    in_comment: bool,
    pub(super) in_set: bool,
    /// Where the row of backslashes ends that `pos` has last been seen in.
    backslashes_to: usize,
}

struct Saved {
    open: usize,
    closed: usize,
    state: State,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer {
            text,
            pos: 0,
            state: State::Default,
            stack: Vec::new(),
            open: 0,
            closed: 0,
            in_comment: false,
            in_set: false,
            backslashes_to: 0,
        }
    }

    /// The parser knows better than the lexer that a directive's arguments begin.
    pub(super) fn enter_directive(&mut self) {
        self.state = State::Directive;
    }

    /// Whether a bracket follows, after any blanks.
    pub(super) fn bracket_follows(&self) -> bool {
        self.text[self.pos..].trim_start_matches([' ', '\t', '\n', '\r']).starts_with('(')
    }

    fn push(&mut self) {
        self.stack.push(Saved { open: self.open, closed: self.closed, state: self.state });
        self.open = 0;
    }

    /// Goes back to the state before; false where there is none.
    pub(super) fn pop(&mut self) -> bool {
        if let Some(saved) = self.stack.pop() {
            (self.open, self.closed, self.state) = (saved.open, saved.closed, saved.state);
            true
        } else {
            self.open = 0;
            self.state = State::Default;
            false
        }
    }

    /// A `)` ends the innermost state that has an open bracket.
    fn close_bracket(&mut self) {
        if self.in_comment {
            return;
        }
        loop {
            if self.open > 0 {
                if self.open == self.closed + 1 {
                    self.pop();
                } else {
                    self.closed += 1;
                }
                return;
            }
            if !self.pop() {
                return;
            }
        }
    }

    fn rest(&mut self) -> Rest<'a> {
        let bytes = &self.text.as_bytes()[self.pos..];
        if self.backslashes_to < self.pos {
            self.backslashes_to = self.pos + bytes.iter().take_while(|&&byte| byte == b'\\').count();
        }
        let mut backslashes = self.backslashes_to - self.pos;
        if backslashes == 0 && bytes.first() == Some(&b'\\') {
            self.backslashes_to = self.pos + bytes.iter().take_while(|&&byte| byte == b'\\').count();
            backslashes = self.backslashes_to - self.pos;
        }
        Rest { bytes, backslashes, after_dollar: false }
    }

    /// The next token; at the end one of kind [`Kind::Eof`], again and again.
    pub(super) fn next(&mut self) -> Result<Token, Fault> {
        let mut special = String::new();
        let mut begin = self.pos;
        loop {
            if self.pos == self.text.len() {
                if begin == self.pos {
                    return Ok(Token { kind: Kind::Eof, image: String::new(), special, at: self.pos });
                }
                let message = format!("the template ends within {:?}", clip(&self.text[begin..]));
                return Err(Fault { at: begin, message });
            }
            let mut rest = self.rest();
            rest.after_dollar = begin < self.pos && self.state == State::Reference;
            let Some((kind, length)) = longest(self.state, rest) else {
                let found = self.text[self.pos..].chars().next().unwrap_or(' ');
                return Err(Fault { at: self.pos, message: format!("{found:?} cannot stand here") });
            };
            self.pos += length;
            match kind {
                Kind::Dollar | Kind::Hash | Kind::TextBlockOpen | Kind::CommentOpen | Kind::More => self.begin(kind),
                Kind::FormalCommentOpen => {
                    if !self.in_comment {
                        self.give_back_character();
                    }
                    self.begin(kind);
                }
                Kind::Skip => begin = self.pos,
                Kind::ReferenceTerminator | Kind::DirectiveTerminator => {
                    special.push_str(&printed(&self.text[begin..self.pos]));
                    self.give_back_character();
                    self.pop();
                    begin = self.pos;
                }
                _ => return Ok(self.token(kind, begin, special)),
            }
        }
    }

    fn give_back_character(&mut self) {
        let before = &self.text[..self.pos];
        self.pos -= before.chars().next_back().map_or(0, char::len_utf8);
    }

    /// What a beginning changes.
    fn begin(&mut self, kind: Kind) {
        if self.in_comment {
            return;
        }
        let next = match kind {
            Kind::Dollar => {
                if self.state == State::Reference {
                    self.pop();
                }
                State::Reference
            }
            Kind::Hash => {
                if matches!(self.state, State::Reference | State::Modifier) {
                    self.pop();
                }
                State::PreDirective
            }
            Kind::TextBlockOpen => State::TextBlock,
            Kind::FormalCommentOpen | Kind::CommentOpen => State::BlockComment,
            _ => return,
        };
        self.in_comment = matches!(next, State::TextBlock | State::BlockComment);
        self.push();
        self.state = next;
    }

    /// What a whole token changes.
    fn token(&mut self, kind: Kind, begin: usize, special: String) -> Token {
        let mut image = self.text[begin..self.pos].to_owned();
        match kind {
            Kind::IndexOpen => {
                self.push();
                self.state = State::Index;
            }
            Kind::IndexClose | Kind::RightCurly => {
                self.pop();
            }
            Kind::LeftParen => {
                self.open += 1;
                if self.state == State::Modifier {
                    self.state = State::Arguments;
                }
            }
            Kind::RightParen => self.close_bracket(),
            Kind::MethodClose => self.state = State::Reference,
            Kind::SetDirective => {
                self.push();
                self.in_set = true;
                self.state = State::Directive;
                self.open += 1;
            }
            Kind::CommentStart if !self.in_comment => {
                if self.state == State::Reference {
                    self.pop();
                }
                self.in_comment = true;
                self.push();
                self.state = State::LineComment;
            }
            Kind::CommentEnd | Kind::TextBlock => {
                self.in_comment = false;
                self.pop();
            }
            Kind::End | Kind::Else => {
                self.pop();
            }
            Kind::If | Kind::ElseIf => self.state = State::Directive,
            Kind::String if self.state == State::Directive && !self.in_set && self.open == 0 => {
                self.pop();
            }
            Kind::Integer => {
                if image.ends_with("..") {
                    self.pos -= 2;
                    image.truncate(image.len() - 2);
                }
                if self.open == 0 && !self.in_set && !matches!(self.state, State::Arguments | State::Index) {
                    self.pop();
                }
            }
            Kind::Float if self.open == 0 && !self.in_set && self.state != State::Arguments => {
                self.pop();
            }
            Kind::Dot => {
                self.pos -= 1;
                ".".clone_into(&mut image);
                self.state = State::Modifier;
            }
            _ => {}
        }
        Token { kind, image, special, at: begin }
    }
}

/// What is printed of a piece that begins nothing: its `$` and `#`, with the backslashes in front of a `$`.
fn printed(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '\\' {
            let after = rest.trim_start_matches('\\');
            if let Some(behind) = after.strip_prefix('$') {
                out.push_str(&rest[..rest.len() - behind.len()]);
                rest = behind;
                continue;
            }
        } else if matches!(first, '#' | '$') {
            out.push(first);
        }
        rest = &rest[first.len_utf8()..];
    }
    out
}

/// The beginning of a text, for a message.
pub(super) fn clip(text: &str) -> String {
    let mut clipped: String = text.chars().take(20).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}
