//! Expressions: operators by precedence, and literals.

use std::sync::Arc;

use super::escapes::unquoted;
use super::statement::Parser;
use super::token::Kind;
use crate::ParseError;
use crate::ast::{Expr, Operator};

impl Parser<'_, '_> {
    pub(super) fn expression(&mut self) -> Result<Expr, ParseError> {
        self.nested(|parser| {
            let mut parts = vec![parser.and()?];
            while parser.accept(Kind::Or)?.is_some() {
                parts.push(parser.and()?);
            }
            Ok(one_or(parts, Expr::Or))
        })
    }

    fn and(&mut self) -> Result<Expr, ParseError> {
        let mut parts = vec![self.equality()?];
        while self.accept(Kind::And)?.is_some() {
            parts.push(self.equality()?);
        }
        Ok(one_or(parts, Expr::And))
    }

    fn equality(&mut self) -> Result<Expr, ParseError> {
        self.chain(Self::relation, |kind| match kind {
            Kind::Equal => Some(Operator::Equal),
            Kind::NotEqual => Some(Operator::NotEqual),
            _ => None,
        })
    }

    fn relation(&mut self) -> Result<Expr, ParseError> {
        self.chain(Self::sum, |kind| match kind {
            Kind::Less => Some(Operator::Less),
            Kind::Greater => Some(Operator::Greater),
            Kind::LessOrEqual => Some(Operator::LessOrEqual),
            Kind::GreaterOrEqual => Some(Operator::GreaterOrEqual),
            _ => None,
        })
    }

    fn sum(&mut self) -> Result<Expr, ParseError> {
        self.chain(Self::product, |kind| match kind {
            Kind::Plus => Some(Operator::Add),
            Kind::Minus => Some(Operator::Subtract),
            _ => None,
        })
    }

    fn product(&mut self) -> Result<Expr, ParseError> {
        self.chain(Self::unary, |kind| match kind {
            Kind::Times => Some(Operator::Multiply),
            Kind::Divide => Some(Operator::Divide),
            Kind::Modulus => Some(Operator::Modulo),
            _ => None,
        })
    }

    fn chain(
        &mut self,
        operand: impl Fn(&mut Self) -> Result<Expr, ParseError>,
        operator: impl Fn(Kind) -> Option<Operator>,
    ) -> Result<Expr, ParseError> {
        let at = self.position()?;
        let first = operand(self)?;
        let mut rest = Vec::new();
        while let Some(operator) = operator(self.kind(0)?) {
            self.take()?;
            rest.push((operator, operand(self)?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Chain(Box::new(first), rest, at) })
    }

    fn unary(&mut self) -> Result<Expr, ParseError> {
        let blank = self.kind(0)? == Kind::Whitespace;
        if self.kind(usize::from(blank))? == Kind::Not {
            self.accept(Kind::Whitespace)?;
            self.take()?;
            return self.nested(|parser| Ok(Expr::Not(Box::new(parser.unary()?))));
        }
        self.accept(Kind::Whitespace)?;
        let value = match self.kind(0)? {
            Kind::LeftParen => {
                self.take()?;
                let inner = self.expression()?;
                self.expect(Kind::RightParen, ")")?;
                inner
            }
            Kind::LeftBracket | Kind::MapOpen => self.collection()?,
            _ if self.begins_operand(0)? => self.operand()?,
            _ => return Err(self.unexpected("a value")),
        };
        self.accept(Kind::Whitespace)?;
        Ok(value)
    }

    /// A value between blanks, as methods, lists and maps take it: no operators.
    pub(super) fn parameter(&mut self) -> Result<Expr, ParseError> {
        self.accept(Kind::Whitespace)?;
        let value = match self.kind(0)? {
            Kind::LeftBracket | Kind::MapOpen => self.collection()?,
            _ if self.begins_operand(0)? => self.operand()?,
            _ => return Err(self.unexpected("a value")),
        };
        self.accept(Kind::Whitespace)?;
        Ok(value)
    }

    /// Whether the token after `ahead` others begins a value that is not a collection.
    pub(super) fn begins_operand(&mut self, ahead: usize) -> Result<bool, ParseError> {
        Ok(matches!(
            self.kind(ahead)?,
            Kind::String | Kind::Integer | Kind::Float | Kind::True | Kind::False | Kind::Identifier | Kind::LeftCurly
        ))
    }

    pub(super) fn operand(&mut self) -> Result<Expr, ParseError> {
        let kind = self.kind(0)?;
        if matches!(kind, Kind::Identifier | Kind::LeftCurly) {
            return self.nested(Self::reference_value);
        }
        let token = self.take()?;
        Ok(match kind {
            Kind::True => Expr::True,
            Kind::False => Expr::False,
            Kind::Integer => integer(&token.image),
            Kind::Float => Expr::Double(token.image.parse().unwrap_or(f64::NAN)),
            Kind::String => {
                let text = unquoted(&token.image);
                if token.image.starts_with('"') && (text.contains('$') || text.contains('#')) {
                    // Velocity's lexer needs something behind a last `$`; a comment would swallow it.
                    let trim = !token.image.contains("##");
                    let text = if trim { text + " " } else { text };
                    let body = self.nested(|parser| parser.interpolated(&text, token.at + 1))?;
                    Expr::Interpolated { body, trim }
                } else {
                    Expr::Text(Arc::from(text))
                }
            }
            _ => return Err(self.unexpected("a value")),
        })
    }

    pub(super) fn collection(&mut self) -> Result<Expr, ParseError> {
        self.nested(|parser| if parser.kind(0)? == Kind::MapOpen { parser.map() } else { parser.list() })
    }

    fn map(&mut self) -> Result<Expr, ParseError> {
        self.take()?;
        let mut entries = Vec::new();
        let blank = self.kind(0)? == Kind::Whitespace;
        if matches!(self.kind(usize::from(blank))?, Kind::MapClose | Kind::RightCurly) {
            self.accept(Kind::Whitespace)?;
            self.take()?;
            return Ok(Expr::Map(entries));
        }
        loop {
            let key = self.parameter()?;
            self.expect(Kind::Colon, ":")?;
            entries.push((key, self.parameter()?));
            if self.accept(Kind::Comma)?.is_none() {
                break;
            }
        }
        if self.accept(Kind::MapClose)?.is_none() {
            self.expect(Kind::RightCurly, "}")?;
        }
        Ok(Expr::Map(entries))
    }

    fn list(&mut self) -> Result<Expr, ParseError> {
        let at = self.position()?;
        self.take()?;
        let mut items = Vec::new();
        if self.accept(Kind::RightBracket)?.is_some() {
            return Ok(Expr::List(items));
        }
        items.push(self.parameter()?);
        if self.kind(0)? == Kind::DoubleDot {
            self.take()?;
            let to = self.parameter()?;
            self.expect(Kind::RightBracket, "]")?;
            let from = items.pop().unwrap_or(Expr::Null);
            let whole =
                |bound: &Expr| matches!(bound, Expr::Int(_) | Expr::Long(_) | Expr::Big(_) | Expr::Reference(_));
            if !whole(&from) || !whole(&to) {
                return Err(self.error_at(at, "a range goes from one integer to another"));
            }
            return Ok(Expr::Range(Box::new((from, to)), at));
        }
        while self.accept(Kind::Comma)?.is_some() {
            items.push(self.parameter()?);
        }
        self.expect(Kind::RightBracket, "]")?;
        Ok(Expr::List(items))
    }
}

fn one_or(mut parts: Vec<Expr>, many: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    if parts.len() == 1 { parts.remove(0) } else { many(parts) }
}

/// An integer's literal is of the smallest of Java's types that holds it.
fn integer(image: &str) -> Expr {
    match image.parse::<i64>() {
        Ok(long) => i32::try_from(long).map_or(Expr::Long(long), Expr::Int),
        Err(_) => Expr::Big(Arc::from(image)),
    }
}
