//! A template's tree: what a rendering walks, with nothing left to look up in the text.

use std::sync::Arc;

/// A variable's number.
pub(crate) type Slot = u32;

/// The variables that every template has, by number.
pub(crate) const VARIABLES: [&str; 8] =
    ["input", "util", "context", "stageVariables", "foreach", "velocityCount", "velocityHasNext", "bodyContent"];
pub(crate) const INPUT: Slot = 0;
pub(crate) const UTIL: Slot = 1;
pub(crate) const CONTEXT: Slot = 2;
pub(crate) const STAGE_VARIABLES: Slot = 3;
pub(crate) const FOREACH: Slot = 4;
pub(crate) const COUNT: Slot = 5;
pub(crate) const HAS_NEXT: Slot = 6;
pub(crate) const BODY_CONTENT: Slot = 7;

/// A run of nodes. Shared, because a `#define` outlives the place where it is rendered.
pub(crate) type Block = Arc<[Node]>;

#[derive(Debug)]
pub(crate) enum Node {
    Text(String),
    Reference(Reference),
    If {
        branches: Vec<(Expr, Block)>,
        otherwise: Option<Block>,
    },
    Set {
        target: Reference,
        value: Expr,
    },
    Foreach {
        variable: Slot,
        list: Expr,
        body: Block,
        at: u32,
    },
    Define {
        variable: Slot,
        body: Block,
    },
    Call(Box<Call>),
    /// Leaves the innermost loop, macro, definition or template; or the loop that `$foreach.parent` names.
    Break(Option<Expr>),
    /// Ends the template.
    Stop,
}

/// `#name(…)`, or `#@name(…) … #end`.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Arc<[Expr]>,
    /// What is printed if there is no such macro.
    pub(crate) literal: Box<str>,
    pub(crate) body: Option<Block>,
    pub(crate) at: u32,
}

/// `#macro(name $parameters) … #end`.
#[derive(Clone, Debug)]
pub(crate) struct Macro {
    pub(crate) parameters: Vec<(Slot, Box<str>)>,
    pub(crate) body: Block,
}

/// `$name.property.method(…)[index]`.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) root: Slot,
    pub(crate) steps: Vec<Step>,
    /// Half of the backslashes in front.
    pub(crate) escapes: Box<str>,
    /// An odd number of backslashes stands in front.
    pub(crate) escaped: bool,
    /// `$` and `#` in front that begin nothing.
    pub(crate) before: Box<str>,
    /// Null prints as nothing.
    pub(crate) quiet: bool,
    /// Its own text, which is printed for null otherwise.
    pub(crate) literal: Box<str>,
    pub(crate) at: u32,
}

#[derive(Debug)]
pub(crate) enum Step {
    Property(Arc<str>),
    Method { name: Arc<str>, arguments: Vec<Expr> },
    Index(Expr),
}

#[derive(Debug)]
pub(crate) enum Expr {
    Null,
    True,
    False,
    Int(i32),
    Long(i64),
    /// Beyond 64 bits.
    Big(Arc<str>),
    Double(f64),
    Text(Arc<str>),
    /// A text with references or directives in it. The trailing blank that the parser has added is cut off again.
    Interpolated {
        body: Block,
        trim: bool,
    },
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Range(Box<(Expr, Expr)>, u32),
    Reference(Box<Reference>),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// From left to right, within one level of precedence.
    Chain(Box<Expr>, Vec<(Operator, Expr)>, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
