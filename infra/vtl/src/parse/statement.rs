//! A template's statements: text, references and directives.

use std::collections::HashMap;

use super::escapes::{escaped_directive, is_pluggable};
use super::lexer::{Fault, Lexer, clip};
use super::reference::Parsed;
use super::token::{Kind, Token};
use crate::ParseError;
use crate::ast::{Block, CONTEXT, Macro, Node, Slot, VARIABLES};
use crate::error::place;

/// How deep directives, brackets and texts may stand within each other.
const MAX_NESTING: usize = 48;

/// What a template's parts share while they are parsed.
pub(crate) struct Shared {
    slots: HashMap<String, Slot>,
    pub(crate) macros: HashMap<Box<str>, Macro>,
    /// `$context` occurs.
    pub(crate) reads_context: bool,
    /// A method `params` is called.
    pub(crate) reads_params: bool,
}

impl Shared {
    pub(crate) fn new() -> Self {
        let slots = VARIABLES.iter().zip(0..).map(|(name, slot)| ((*name).to_owned(), slot)).collect();
        Shared { slots, macros: HashMap::new(), reads_context: false, reads_params: false }
    }

    /// How many variables there are.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }
}

pub(super) struct Parser<'a, 'b> {
    source: &'a str,
    /// Where the text that is parsed stands in the source.
    base: usize,
    pub(super) lexer: Lexer<'b>,
    tokens: Vec<Token>,
    next: usize,
    pub(super) shared: &'a mut Shared,
    depth: usize,
}

/// Parses a template; its macros and variables go to `shared`.
pub(crate) fn parse(source: &str, shared: &mut Shared) -> Result<Block, ParseError> {
    let mut parser =
        Parser { source, base: 0, lexer: Lexer::new(source), tokens: Vec::new(), next: 0, shared, depth: 0 };
    parser.whole()
}

impl Parser<'_, '_> {
    /// The part of a text that is interpolated, which is a template of its own.
    pub(super) fn interpolated(&mut self, text: &str, at: usize) -> Result<Block, ParseError> {
        let mut parser = Parser {
            source: self.source,
            base: self.base + at,
            lexer: Lexer::new(text),
            tokens: Vec::new(),
            next: 0,
            shared: &mut *self.shared,
            depth: self.depth,
        };
        parser.whole()
    }

    fn whole(&mut self) -> Result<Block, ParseError> {
        let nodes = self.statements()?;
        if self.kind(0)? != Kind::Eof {
            let message = match self.kind(0)? {
                Kind::End => "#end without a directive that it ends".to_owned(),
                Kind::Else | Kind::ElseIf => format!("{} without #if", self.token(self.next).image.trim()),
                _ => return Err(self.unexpected("text or a directive")),
            };
            return Err(self.error_here(message));
        }
        Ok(nodes)
    }

    pub(super) fn slot(&mut self, name: &str) -> Slot {
        if let Some(&slot) = self.shared.slots.get(name) {
            self.shared.reads_context |= slot == CONTEXT;
            return slot;
        }
        let slot = Slot::try_from(self.shared.slots.len()).unwrap_or(Slot::MAX);
        self.shared.slots.insert(name.to_owned(), slot);
        slot
    }

    // Tokens.

    fn load(&mut self, ahead: usize) -> Result<(), ParseError> {
        while self.tokens.len() <= self.next + ahead {
            let token = self.lexer.next().map_err(|Fault { at, message }| self.error_at(self.offset(at), message))?;
            self.tokens.push(token);
        }
        Ok(())
    }

    /// The kind of the token after `ahead` others. The lexer reads no further than that, for what it reads depends on what
    /// the parser has understood.
    pub(super) fn kind(&mut self, ahead: usize) -> Result<Kind, ParseError> {
        self.load(ahead)?;
        Ok(self.tokens[self.next + ahead].kind)
    }

    pub(super) fn take(&mut self) -> Result<Token, ParseError> {
        self.load(0)?;
        self.next += 1;
        Ok(self.tokens[self.next - 1].clone())
    }

    pub(super) fn accept(&mut self, kind: Kind) -> Result<Option<Token>, ParseError> {
        if self.kind(0)? == kind { self.take().map(Some) } else { Ok(None) }
    }

    pub(super) fn expect(&mut self, kind: Kind, what: &str) -> Result<Token, ParseError> {
        match self.accept(kind)? {
            Some(token) => Ok(token),
            None => Err(self.unexpected(what)),
        }
    }

    pub(super) fn cursor(&self) -> usize {
        self.next
    }

    pub(super) fn token(&self, index: usize) -> &Token {
        &self.tokens[index]
    }

    /// The tokens from one up to the next that is not taken, as they print.
    pub(super) fn literal_between(&self, from: usize) -> String {
        self.tokens[from..self.next].iter().map(Token::literal).collect()
    }

    /// The same without what stands between tokens, as a call that no macro answers prints.
    pub(super) fn images_from(&self, from: usize) -> String {
        self.tokens[from..self.next].iter().map(|token| token.image.as_str()).collect()
    }

    // Places and errors.

    fn offset(&self, at: usize) -> u32 {
        u32::try_from(self.base + at).unwrap_or(u32::MAX)
    }

    /// Where the next token begins, in bytes of the source.
    pub(super) fn position(&mut self) -> Result<u32, ParseError> {
        self.load(0)?;
        Ok(self.offset(self.tokens[self.next].at))
    }

    pub(super) fn error_at(&self, at: u32, message: impl Into<String>) -> ParseError {
        let (line, column) = place(self.source, at);
        ParseError { line, column, message: message.into() }
    }

    pub(super) fn error_here(&self, message: impl Into<String>) -> ParseError {
        let at = self.tokens.get(self.next).map_or(self.source.len(), |token| token.at);
        self.error_at(self.offset(at), message)
    }

    pub(super) fn unexpected(&self, wanted: &str) -> ParseError {
        match self.tokens.get(self.next) {
            Some(token) if token.kind != Kind::Eof => {
                self.error_here(format!("{:?} stands where {wanted} is expected", clip(&token.image)))
            }
            _ => self.error_here(format!("the template ends where {wanted} is expected")),
        }
    }

    pub(super) fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        if self.depth >= MAX_NESTING {
            return Err(self.error_here(format!("more than {MAX_NESTING} directives or brackets within each other")));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    // Statements.

    /// Statements up to a token that begins none.
    pub(super) fn statements(&mut self) -> Result<Block, ParseError> {
        let mut nodes = Vec::new();
        self.nested(|parser| {
            while parser.statement(&mut nodes)? {}
            Ok(())
        })?;
        Ok(nodes.into())
    }

    fn statement(&mut self, nodes: &mut Vec<Node>) -> Result<bool, ParseError> {
        let kind = self.kind(0)?;
        if self.at_reference()? {
            match self.reference()? {
                Parsed::Reference(reference) => nodes.push(Node::Reference(reference)),
                Parsed::Text(text) => add_text(nodes, &text),
            }
            return Ok(true);
        }
        match kind {
            Kind::If => nodes.push(self.condition()?),
            Kind::CommentStart => {
                // A `$` in front of the comment.
                let literal = self.take()?.literal();
                add_text(nodes, literal.strip_suffix("##").unwrap_or_default());
                self.accept(Kind::CommentEnd)?;
            }
            Kind::CommentEnd => {
                let special = self.take()?.special;
                add_text(nodes, &special);
            }
            Kind::TextBlock => {
                let image = self.take()?.literal();
                add_text(nodes, image.trim_start_matches("#[[").strip_suffix("]]#").unwrap_or(&image));
            }
            Kind::SetDirective => nodes.push(self.set()?),
            Kind::EscapeDirective => {
                let token = self.take()?;
                let macros = &self.shared.macros;
                let text = escaped_directive(&token.image, |name| macros.contains_key(name));
                add_text(nodes, &text);
            }
            Kind::DoubleEscape => self.double_escapes(nodes)?,
            Kind::Word | Kind::BracketedWord => self.directive(nodes)?,
            Kind::Text
            | Kind::Dot
            | Kind::RightParen
            | Kind::LeftParen
            | Kind::Integer
            | Kind::Float
            | Kind::String
            | Kind::Escape
            | Kind::LeftCurly
            | Kind::RightCurly
            | Kind::EmptyIndex => {
                let text = self.take()?.literal();
                add_text(nodes, &text);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Pairs of backslashes: they stand for one each in front of a directive, and for themselves elsewhere.
    fn double_escapes(&mut self, nodes: &mut Vec<Node>) -> Result<(), ParseError> {
        let mut count = 0;
        while self.accept(Kind::DoubleEscape)?.is_some() {
            count += 1;
        }
        let control = match self.kind(0)? {
            Kind::If | Kind::Else | Kind::ElseIf | Kind::End => true,
            _ => {
                let name = self.token(self.next).image.trim_start_matches('#');
                is_pluggable(name) || self.shared.macros.contains_key(name)
            }
        };
        add_text(nodes, &(if control { "\\" } else { "\\\\" }).repeat(count));
        Ok(())
    }

    fn condition(&mut self) -> Result<Node, ParseError> {
        let begin = self.position()?;
        let mut branches = Vec::new();
        let mut otherwise = None;
        while matches!(self.kind(0)?, Kind::If | Kind::ElseIf) {
            if !branches.is_empty() && self.kind(0)? == Kind::If {
                break;
            }
            self.take()?;
            self.accept(Kind::Whitespace)?;
            self.expect(Kind::LeftParen, "(")?;
            let test = self.expression()?;
            self.expect(Kind::RightParen, ")")?;
            branches.push((test, self.statements()?));
        }
        if self.accept(Kind::Else)?.is_some() {
            otherwise = Some(self.statements()?);
        }
        self.end("#if", begin)?;
        Ok(Node::If { branches, otherwise })
    }

    pub(super) fn end(&mut self, of: &str, begin: u32) -> Result<(), ParseError> {
        if self.accept(Kind::End)?.is_some() {
            return Ok(());
        }
        if self.kind(0)? == Kind::Eof {
            return Err(self.error_at(begin, format!("{of} without #end")));
        }
        Err(self.unexpected("#end"))
    }

    fn set(&mut self) -> Result<Node, ParseError> {
        self.take()?;
        self.accept(Kind::Whitespace)?;
        if !self.at_reference()? {
            return Err(self.unexpected("a reference"));
        }
        let target = match self.reference()? {
            Parsed::Reference(reference) => reference,
            Parsed::Text(_) => return Err(self.unexpected("a reference")),
        };
        self.accept(Kind::Whitespace)?;
        self.expect(Kind::Assign, "=")?;
        let value = self.expression()?;
        self.expect(Kind::RightParen, ")")?;
        self.lexer.in_set = false;
        Ok(Node::Set { target, value })
    }
}

/// Adds text to what is there; neighbours are one node.
pub(super) fn add_text(nodes: &mut Vec<Node>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Node::Text(before)) = nodes.last_mut() {
        before.push_str(text);
    } else {
        nodes.push(Node::Text(text.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::{Shared, parse};

    fn refused(source: &str) -> String {
        parse(source, &mut Shared::new()).unwrap_err().to_string()
    }

    #[test]
    fn a_refusal_says_where_and_what() {
        for (source, says) in [
            ("a\n#end", "line 2, column 1: #end without a directive that it ends"),
            ("#else", "line 1, column 1: #else without #if"),
            ("x #if(true)", "line 1, column 3: #if without #end"),
            ("#foreach($i in $l)\n$i", "line 1, column 1: #foreach without #end"),
            ("#set($a = 1", "line 1, column 12: the template ends where ) is expected"),
            ("#set($a 1)", "line 1, column 9: \"1\" stands where = is expected"),
            ("#parse(\"x\")", "line 1, column 1: #parse is not part of mapping templates"),
            ("#evaluate($x)", "line 1, column 1: #evaluate is not part of mapping templates"),
            ("#include('x')", "line 1, column 1: #include is not part of mapping templates"),
            ("price $", "line 1, column 7: the template ends within \"$\""),
            ("#set($a = \"#if(true)x\")", "line 1, column 12: #if without #end"),
        ] {
            assert_eq!(refused(source), says, "{source}");
        }
    }

    #[test]
    fn what_a_template_reads_is_known_when_it_is_parsed() {
        let reads = |source: &str| {
            let mut shared = Shared::new();
            parse(source, &mut shared).unwrap();
            (shared.reads_context, shared.reads_params)
        };
        assert_eq!(reads("$input.body context params"), (false, false));
        assert_eq!(reads("#set($c = $context)$c.stage"), (true, false));
        assert_eq!(reads("#set($i = $input)$i.params('x')"), (false, true));
        assert_eq!(reads("#set($a = \"$\\u0063ontext.stage\")"), (true, false));
    }
}
