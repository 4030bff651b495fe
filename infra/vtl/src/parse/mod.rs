//! From a template's text to its tree: a lexer with Velocity's own states, and a parser with its grammar.

mod directive;
mod escapes;
mod expression;
mod lexer;
mod matchers;
mod reference;
mod statement;
mod token;

pub(crate) use statement::{Shared, parse};
