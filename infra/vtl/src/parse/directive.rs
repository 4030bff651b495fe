//! Directives by name: `#foreach`, `#define`, `#macro`, calls of macros, and what looks like one.

use super::escapes::is_directive;
use super::statement::{Parser, add_text};
use super::token::{Kind, Token};
use crate::ParseError;
use crate::ast::{Call, Expr, Macro, Node};

/// A directive's argument.
enum Argument {
    Word(String),
    Value(Expr),
}

impl Parser<'_, '_> {
    pub(super) fn directive(&mut self, nodes: &mut Vec<Node>) -> Result<(), ParseError> {
        let (first, begin) = (self.cursor(), self.position()?);
        let token = self.take()?;
        // With a `$` or `#` in front of its own it is no directive's name.
        let name = token.image.get(1..).unwrap_or_default();
        let name = name.strip_prefix('{').map_or(name, |name| name.trim_end_matches('}')).to_owned();
        if matches!(name.as_str(), "include" | "parse" | "evaluate") {
            return Err(self.error_at(begin, format!("#{name} is not part of mapping templates")));
        }
        self.lexer.enter_directive();
        if !self.lexer.bracket_follows() {
            self.lexer.pop();
            return self.without_arguments(nodes, &name, &token, begin);
        }
        let arguments = self.directive_arguments(&name)?;
        let literal = self.images_from(first);
        let node = match name.as_str() {
            "break" => Node::Break(arguments.into_iter().next().and_then(|argument| match argument {
                Argument::Value(scope) => Some(scope),
                Argument::Word(_) => None,
            })),
            "stop" => Node::Stop,
            "literal" => {
                let from = self.cursor();
                self.statements()?;
                let text = self.literal_between(from);
                self.end("#literal", begin)?;
                add_text(nodes, &text);
                return Ok(());
            }
            "foreach" => self.foreach(arguments, begin)?,
            "define" => self.define(arguments, begin)?,
            "macro" => return self.definition(arguments, begin),
            _ => {
                let arguments = arguments
                    .into_iter()
                    .map(|argument| match argument {
                        Argument::Value(value) => Ok(value),
                        Argument::Word(word) => {
                            Err(self.error_at(begin, format!("{word:?} is no argument: #{name} takes values")))
                        }
                    })
                    .collect::<Result<Vec<_>, _>>();
                let block = name.starts_with('@');
                let body = if block { Some(self.statements()?) } else { None };
                let mut literal = literal;
                if block {
                    self.end(&format!("#{name}"), begin)?;
                    literal = self.images_from(first);
                }
                let arguments = match arguments {
                    Ok(arguments) => arguments.into(),
                    Err(error) if block || self.shared.macros.contains_key(name.as_str()) => return Err(error),
                    // Text that looks like a call: colours, headings.
                    Err(_) => {
                        add_text(nodes, &literal);
                        return Ok(());
                    }
                };
                let name = name.trim_start_matches('@').into();
                Node::Call(Box::new(Call { name, arguments, literal: literal.into(), body, at: begin }))
            }
        };
        add_text(nodes, &token.special);
        nodes.push(node);
        Ok(())
    }

    fn without_arguments(
        &mut self,
        nodes: &mut Vec<Node>,
        name: &str,
        token: &Token,
        begin: u32,
    ) -> Result<(), ParseError> {
        add_text(nodes, &token.special);
        match name {
            "break" => nodes.push(Node::Break(None)),
            "stop" => nodes.push(Node::Stop),
            _ if is_directive(name) => {
                return Err(self.error_at(begin, format!("#{name} needs its arguments in brackets")));
            }
            _ => nodes.push(Node::Call(Box::new(Call {
                name: name.into(),
                arguments: [].into(),
                literal: token.image.as_str().into(),
                body: None,
                at: begin,
            }))),
        }
        Ok(())
    }

    fn directive_arguments(&mut self, name: &str) -> Result<Vec<Argument>, ParseError> {
        self.accept(Kind::Whitespace)?;
        self.expect(Kind::LeftParen, "(")?;
        let mut arguments = Vec::new();
        loop {
            self.accept(Kind::Whitespace)?;
            if self.kind(0)? == Kind::RightParen {
                self.take()?;
                return Ok(arguments);
            }
            if self.accept(Kind::Comma)?.is_some() {
                self.accept(Kind::Whitespace)?;
            }
            let argument = match self.kind(0)? {
                Kind::Word => {
                    let allowed = match name {
                        "foreach" => arguments.len() == 1,
                        "macro" => arguments.is_empty(),
                        _ => !is_directive(name),
                    };
                    if !allowed {
                        return Err(self.unexpected("a value"));
                    }
                    Argument::Word(self.take()?.image)
                }
                _ if name == "macro" && arguments.is_empty() => return Err(self.unexpected("the macro's name")),
                Kind::LeftBracket | Kind::MapOpen => Argument::Value(self.collection()?),
                _ if self.begins_operand(0)? => Argument::Value(self.operand()?),
                _ => return Err(self.unexpected("a value or )")),
            };
            arguments.push(argument);
        }
    }

    fn foreach(&mut self, arguments: Vec<Argument>, begin: u32) -> Result<Node, ParseError> {
        let mut arguments = arguments.into_iter();
        let (Some(Argument::Value(Expr::Reference(variable))), Some(Argument::Word(_)), Some(Argument::Value(list))) =
            (arguments.next(), arguments.next(), arguments.next())
        else {
            return Err(self.error_at(begin, "#foreach is written #foreach($item in $list)"));
        };
        let body = self.statements()?;
        self.end("#foreach", begin)?;
        Ok(Node::Foreach { variable: variable.root, list, body, at: begin })
    }

    fn define(&mut self, arguments: Vec<Argument>, begin: u32) -> Result<Node, ParseError> {
        let Ok([Argument::Value(Expr::Reference(variable))]) = <[Argument; 1]>::try_from(arguments) else {
            return Err(self.error_at(begin, "#define is written #define($name)"));
        };
        let body = self.statements()?;
        self.end("#define", begin)?;
        Ok(Node::Define { variable: variable.root, body })
    }

    /// A macro's definition prints nothing; of two with one name the later holds.
    fn definition(&mut self, arguments: Vec<Argument>, begin: u32) -> Result<(), ParseError> {
        let mut arguments = arguments.into_iter();
        let Some(Argument::Word(name)) = arguments.next() else {
            return Err(self.error_at(begin, "#macro needs a name"));
        };
        let mut parameters = Vec::new();
        for argument in arguments {
            let Argument::Value(Expr::Reference(reference)) = argument else {
                return Err(self.error_at(begin, format!("a parameter of #{name} is not written $name")));
            };
            parameters.push((reference.root, reference.literal));
        }
        let body = self.statements()?;
        self.end("#macro", begin)?;
        self.shared.macros.insert(name.into(), Macro { parameters, body });
        Ok(())
    }
}
