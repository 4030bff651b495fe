//! References: `$name`, `${name}`, `$!name`, with properties, methods and indexes behind them.

use std::sync::Arc;

use super::statement::Parser;
use super::token::Kind;
use crate::ParseError;
use crate::ast::{Expr, Reference, Step};

/// What a reference turns out to be.
pub(super) enum Parsed {
    Reference(Reference),
    /// A name that the lexer took for one, or `$\!name`: text.
    Text(String),
}

impl Parser<'_, '_> {
    /// Whether a reference begins here.
    pub(super) fn at_reference(&mut self) -> Result<bool, ParseError> {
        Ok(match self.kind(0)? {
            Kind::Identifier => true,
            Kind::LeftCurly => self.kind(1)? == Kind::Identifier,
            _ => false,
        })
    }

    pub(super) fn reference(&mut self) -> Result<Parsed, ParseError> {
        let first = self.cursor();
        let at = self.position()?;
        let formal = self.accept(Kind::LeftCurly)?.is_some();
        let name = self.expect(Kind::Identifier, "a name")?.image;
        let steps = self.steps()?;
        if formal {
            self.expect(Kind::RightCurly, "}")?;
        }
        let (special, mut image) = (self.token(first).special.clone(), self.token(first).image.clone());
        if image.contains("\\!") {
            return Ok(Parsed::Text(special + &without_one_backslash(&image) + &self.literal_between(first + 1)));
        }
        let backslashes = image.len() - image.trim_start_matches('\\').len();
        let escapes = image[..backslashes / 2].to_owned();
        image.drain(..backslashes);
        let last_dollar = image.rfind('$').unwrap_or(0);
        let before: String = image.drain(..last_dollar).collect();
        if !image.starts_with('$') {
            return Ok(Parsed::Text(special + &escapes + &before + &image));
        }
        let escaped = backslashes % 2 == 1;
        let quiet = image.starts_with("$!");
        let literal = image.clone() + &self.literal_between(first + 1);
        let name = if formal { name } else { image.trim_start_matches("$!").trim_start_matches('$').to_owned() };
        Ok(Parsed::Reference(Reference {
            root: self.slot(&name),
            steps,
            escapes: escapes.into(),
            escaped,
            before: (special + &before).into(),
            quiet: quiet && !escaped,
            literal: literal.into(),
            at,
        }))
    }

    /// A reference where a value is wanted.
    pub(super) fn reference_value(&mut self) -> Result<Expr, ParseError> {
        Ok(match self.reference()? {
            Parsed::Reference(reference) => Expr::Reference(Box::new(reference)),
            Parsed::Text(_) => Expr::Null,
        })
    }

    fn steps(&mut self) -> Result<Vec<Step>, ParseError> {
        let mut steps = Vec::new();
        self.indexes(&mut steps)?;
        while self.kind(0)? == Kind::Dot && self.kind(1)? == Kind::Identifier {
            self.take()?;
            let name: Arc<str> = self.take()?.image.into();
            if self.kind(0)? == Kind::LeftParen && self.method_follows()? {
                let arguments = self.nested(|parser| parser.arguments())?;
                self.shared.reads_params |= &*name == "params";
                steps.push(Step::Method { name, arguments });
            } else {
                steps.push(Step::Property(name));
            }
            self.indexes(&mut steps)?;
        }
        Ok(steps)
    }

    /// Whether the bracket after a name opens a method's arguments.
    fn method_follows(&mut self) -> Result<bool, ParseError> {
        Ok(matches!(self.kind(1)?, Kind::MethodClose | Kind::Whitespace | Kind::LeftBracket | Kind::MapOpen)
            || self.begins_operand(1)?)
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, ParseError> {
        self.expect(Kind::LeftParen, "(")?;
        let mut arguments = Vec::new();
        if self.accept(Kind::MethodClose)?.is_some() {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.parameter()?);
            if self.accept(Kind::Comma)?.is_none() {
                self.expect(Kind::MethodClose, ")")?;
                return Ok(arguments);
            }
        }
    }

    fn indexes(&mut self, steps: &mut Vec<Step>) -> Result<(), ParseError> {
        while self.accept(Kind::IndexOpen)?.is_some() {
            self.accept(Kind::Whitespace)?;
            let index = self.nested(|parser| match parser.kind(0)? {
                Kind::String | Kind::Integer | Kind::True | Kind::False | Kind::Identifier | Kind::LeftCurly => {
                    parser.operand()
                }
                _ => Err(parser.unexpected("an index")),
            })?;
            self.accept(Kind::Whitespace)?;
            self.expect(Kind::IndexClose, "]")?;
            steps.push(Step::Index(index));
        }
        Ok(())
    }
}

/// `$\!name` loses one of the backslashes after the dollar.
fn without_one_backslash(image: &str) -> String {
    let Some(dollar) = image.find('$') else { return image.to_owned() };
    let Some(slash) = image[dollar..].find('\\') else { return image.to_owned() };
    let mut text = image.to_owned();
    text.remove(dollar + slash);
    text
}
