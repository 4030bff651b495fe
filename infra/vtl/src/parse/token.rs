//! The tokens of Velocity 1.7's grammar, and the states that its lexer is in.

/// What a token is. The names are those of Velocity's grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Eof,
    Text,
    Escape,
    DoubleEscape,
    EscapeDirective,
    SetDirective,
    EmptyIndex,
    CommentStart,
    CommentEnd,
    TextBlock,
    // References.
    Identifier,
    Dot,
    LeftCurly,
    RightCurly,
    IndexOpen,
    IndexClose,
    MethodClose,
    // Directives.
    If,
    ElseIf,
    Else,
    End,
    Word,
    BracketedWord,
    LeftParen,
    RightParen,
    // Expressions.
    Whitespace,
    String,
    Integer,
    Float,
    True,
    False,
    LeftBracket,
    RightBracket,
    Comma,
    DoubleDot,
    Colon,
    MapOpen,
    MapClose,
    Minus,
    Plus,
    Times,
    Divide,
    Modulus,
    And,
    Or,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Not,
    Assign,
    // What the lexer keeps to itself: beginnings of a longer token, and what is skipped.
    Dollar,
    Hash,
    TextBlockOpen,
    FormalCommentOpen,
    CommentOpen,
    More,
    Skip,
    ReferenceTerminator,
    DirectiveTerminator,
}

/// Where the lexer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Default,
    Reference,
    /// After a reference's dot.
    Modifier,
    /// Between a method's brackets.
    Arguments,
    /// Between an index's brackets.
    Index,
    Directive,
    /// After a `#`.
    PreDirective,
    TextBlock,
    LineComment,
    BlockComment,
}

/// A piece of the template.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Its text, after what the lexer has given back.
    pub(super) image: String,
    /// What stands before it, belongs to no token and is printed all the same: a `$` or `#` that begins nothing.
    pub(super) special: String,
    /// Where it begins, in bytes.
    pub(super) at: usize,
}

impl Token {
    /// The token as it prints.
    pub(super) fn literal(&self) -> String {
        format!("{}{}", self.special, self.image)
    }
}
