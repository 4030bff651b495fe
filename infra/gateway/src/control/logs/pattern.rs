//! Filter patterns: terms of a line, or conditions on the properties of a JSON line.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>

use regex::{Regex, RegexBuilder};
use serde_json::Value;

/// A pattern, parsed.
#[derive(Debug)]
pub(super) enum Pattern {
    /// Every line.
    All,
    Terms(Terms),
    Json(Condition),
}

/// Lines that have all of `all`, one of `any` and none of `none`.
#[derive(Debug, Default)]
pub(super) struct Terms {
    all: Vec<Term>,
    any: Vec<Term>,
    none: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String),
    Regex(Regex),
}

/// `{ … }`
#[derive(Debug)]
pub(super) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    /// A property and what it is asked for.
    Is(Vec<Step>, Test),
}

#[derive(Debug)]
pub(super) enum Step {
    Key(String),
    Index(usize),
    /// `[*]`: any of them.
    Any,
}

#[derive(Debug)]
pub(super) enum Test {
    /// `=` or `!=` a text in which `*` stands for anything.
    Text {
        wanted: Regex,
        equal: bool,
    },
    Number {
        wanted: f64,
        by: fn(f64, f64) -> bool,
    },
    Null,
    True,
    False,
    NotExists,
}

const MAX_DEPTH: usize = 32;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, in CloudWatch's words where they are known.
    pub(super) fn parse(text: &str) -> Result<Pattern, String> {
        let text = text.trim();
        if text.is_empty() || text == "\"\"" {
            return Ok(Pattern::All);
        }
        if text.starts_with('{') {
            let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
            let tokens = tokens(inner.ok_or_else(|| wrong("it has no closing brace"))?)?;
            let mut parser = Parser { tokens: &tokens, at: 0 };
            let condition = parser.or(0)?;
            return if parser.at == tokens.len() { Ok(Pattern::Json(condition)) } else { Err(wrong("its end")) };
        }
        if text.starts_with('[') {
            return Err(
                "Ferrogate does not read filter patterns in brackets; use terms or { $.property = value }".to_owned()
            );
        }
        terms(text).map(Pattern::Terms)
    }

    /// Whether a line is one of those that it describes.
    pub(super) fn matches(&self, line: &str) -> bool {
        match self {
            Pattern::All => true,
            Pattern::Terms(terms) => terms.matches(line),
            Pattern::Json(condition) => {
                line.trim_start().starts_with(['{', '['])
                    && serde_json::from_str(line).is_ok_and(|value| condition.matches(&value))
            }
        }
    }
}

fn wrong(what: &str) -> String {
    format!("Invalid filter pattern: {what}")
}

impl Terms {
    fn matches(&self, line: &str) -> bool {
        let has = |term: &Term| match term {
            Term::Text(text) => line.contains(text.as_str()),
            Term::Regex(regex) => regex.is_match(line),
        };
        // Beside terms that must be there, those that may be there say nothing.
        let any = self.any.is_empty() || !self.all.is_empty() || self.any.iter().any(has);
        any && self.all.iter().all(has) && !self.none.iter().any(has)
    }
}

fn terms(text: &str) -> Result<Terms, String> {
    let mut terms = Terms::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (list, after) = match rest.as_bytes().first() {
            Some(b'?') => (&mut terms.any, &rest[1..]),
            Some(b'-') => (&mut terms.none, &rest[1..]),
            _ => (&mut terms.all, rest),
        };
        let (term, after) = if let Some(quoted) = after.strip_prefix('"') {
            let (text, after) = quoted_text(quoted)?;
            (Term::Text(text), after)
        } else if let Some((expression, after)) = after.strip_prefix('%').and_then(|text| text.split_once('%')) {
            (Term::Regex(regex(expression)?), after)
        } else {
            let end = after.find(char::is_whitespace).unwrap_or(after.len());
            let word = &after[..end];
            if word.is_empty() || !word.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return Err(wrong(&format!(
                    "terms with other characters than letters, digits and _ need quotes: {word:?}"
                )));
            }
            (Term::Text(word.to_owned()), &after[end..])
        };
        list.push(term);
        rest = after.trim_start();
    }
    Ok(terms)
}

/// The text up to the closing quote, and what is behind it.
fn quoted_text(text: &str) -> Result<(String, &str), String> {
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Ok((out, &text[at + 1..])),
            '\\' => out.extend(characters.next().map(|(_, c)| c)),
            c => out.push(c),
        }
    }
    Err(wrong("a quote is not closed"))
}

fn regex(expression: &str) -> Result<Regex, String> {
    RegexBuilder::new(expression).size_limit(1 << 18).build().map_err(|_| wrong("its regular expression"))
}

#[derive(Debug, PartialEq)]
enum Token {
    Property(String),
    Operator(&'static str),
    /// A value, and whether it was quoted.
    Value(String, bool),
    Regex(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    const OPERATORS: [&str; 10] = ["&&", "||", "!=", "<=", ">=", "=", "<", ">", "(", ")"];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(operator) = OPERATORS.into_iter().find(|operator| rest.starts_with(operator)) {
            tokens.push(Token::Operator(operator));
            rest = &rest[operator.len()..];
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let (value, after) = quoted_text(quoted)?;
            tokens.push(Token::Value(value, true));
            rest = after;
        } else if let Some((expression, after)) = rest.strip_prefix('%').and_then(|text| text.split_once('%')) {
            tokens.push(Token::Regex(expression.to_owned()));
            rest = after;
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "=!<>()&|".contains(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(wrong(&format!("{rest:?} is not expected")));
            }
            let word = rest[..end].to_owned();
            tokens.push(if word.starts_with('$') { Token::Property(word) } else { Token::Value(word, false) });
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Parser<'_> {
    fn next_is(&mut self, operator: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token::Operator(found)) if *found == operator);
        self.at += usize::from(is);
        is
    }

    fn or(&mut self, depth: usize) -> Result<Condition, String> {
        let mut left = self.and(depth)?;
        while self.next_is("||") {
            left = Condition::Or(Box::new(left), Box::new(self.and(depth)?));
        }
        Ok(left)
    }

    fn and(&mut self, depth: usize) -> Result<Condition, String> {
        let mut left = self.one(depth)?;
        while self.next_is("&&") {
            left = Condition::And(Box::new(left), Box::new(self.one(depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Condition, String> {
        if depth > MAX_DEPTH {
            return Err(wrong("it is nested too deeply"));
        }
        if self.next_is("(") {
            let inner = self.or(depth + 1)?;
            return if self.next_is(")") { Ok(inner) } else { Err(wrong("a parenthesis is not closed")) };
        }
        let Some(Token::Property(property)) = self.tokens.get(self.at) else {
            return Err(wrong("a condition begins with a property like $.name"));
        };
        self.at += 1;
        Ok(Condition::Is(steps(property)?, self.test()?))
    }

    fn test(&mut self) -> Result<Test, String> {
        let word = |at: usize| match self.tokens.get(at) {
            Some(Token::Value(word, false)) => word.to_ascii_uppercase(),
            _ => String::new(),
        };
        let test = match (&*word(self.at), &*word(self.at + 1)) {
            ("IS", "NULL") => Some(Test::Null),
            ("IS", "TRUE") => Some(Test::True),
            ("IS", "FALSE") => Some(Test::False),
            ("NOT", "EXISTS") => Some(Test::NotExists),
            _ => None,
        };
        if let Some(test) = test {
            self.at += 2;
            return Ok(test);
        }
        let Some(Token::Operator(operator)) = self.tokens.get(self.at) else {
            return Err(wrong("an operator is missing"));
        };
        let value = self.tokens.get(self.at + 1);
        self.at += 2;
        let equal = *operator == "=";
        if !equal && *operator != "!=" {
            let by: fn(f64, f64) -> bool = match *operator {
                "<" => |a, b| a < b,
                "<=" => |a, b| a <= b,
                ">" => |a, b| a > b,
                ">=" => |a, b| a >= b,
                other => return Err(wrong(&format!("{other:?} is no comparison"))),
            };
            let Some(Token::Value(number, false)) = value else { return Err(wrong("a number is missing")) };
            let wanted = number.parse().map_err(|_| wrong(&format!("{number:?} is no number")))?;
            return Ok(Test::Number { wanted, by });
        }
        match value {
            Some(Token::Regex(expression)) => Ok(Test::Text { wanted: regex(expression)?, equal }),
            Some(Token::Value(text, quoted)) => match text.parse::<f64>() {
                Ok(wanted) if !quoted => {
                    let by: fn(f64, f64) -> bool = if equal { |a, b| a == b } else { |a, b| a != b };
                    Ok(Test::Number { wanted, by })
                }
                _ => {
                    let parts: Vec<_> = text.split('*').map(regex::escape).collect();
                    Ok(Test::Text { wanted: regex(&format!("(?s)^{}$", parts.join(".*")))?, equal })
                }
            },
            _ => Err(wrong("a value is missing")),
        }
    }
}

/// `$.a.b[0].c`
fn steps(property: &str) -> Result<Vec<Step>, String> {
    let path = property.strip_prefix('$').unwrap_or(property);
    let mut steps = Vec::new();
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let (key, mut indices) = part.split_at(part.find('[').unwrap_or(part.len()));
        if !key.is_empty() {
            steps.push(Step::Key(key.to_owned()));
        }
        while let Some((index, rest)) = indices.strip_prefix('[').and_then(|indices| indices.split_once(']')) {
            steps.push(match index.trim_matches(['"', '\'']) {
                "*" => Step::Any,
                index => index.parse().map_or_else(|_| Step::Key(index.to_owned()), Step::Index),
            });
            indices = rest;
        }
        if !indices.is_empty() {
            return Err(wrong(&format!("{property:?} is no property")));
        }
    }
    if steps.is_empty() { Err(wrong("a property is like $.name")) } else { Ok(steps) }
}

impl Condition {
    fn matches(&self, value: &Value) -> bool {
        match self {
            Condition::And(left, right) => left.matches(value) && right.matches(value),
            Condition::Or(left, right) => left.matches(value) || right.matches(value),
            Condition::Is(steps, Test::NotExists) => found(value, steps).is_empty(),
            Condition::Is(steps, test) => found(value, steps).into_iter().any(|value| test.matches(value)),
        }
    }
}

fn found<'v>(value: &'v Value, steps: &[Step]) -> Vec<&'v Value> {
    let Some((step, rest)) = steps.split_first() else { return vec![value] };
    let next: Vec<&Value> = match step {
        Step::Key(key) => value.get(key).into_iter().collect(),
        Step::Index(index) => value.get(index).into_iter().collect(),
        Step::Any => value.as_array().into_iter().flatten().collect(),
    };
    next.into_iter().flat_map(|value| found(value, rest)).collect()
}

impl Test {
    fn matches(&self, value: &Value) -> bool {
        match self {
            Test::Text { wanted, equal } => match value {
                Value::String(text) => wanted.is_match(text) == *equal,
                Value::Number(number) => wanted.is_match(&number.to_string()) == *equal,
                Value::Bool(flag) => wanted.is_match(&flag.to_string()) == *equal,
                _ => false,
            },
            Test::Number { wanted, by } => value.as_f64().is_some_and(|number| by(number, *wanted)),
            Test::Null => value.is_null(),
            Test::True => *value == Value::Bool(true),
            Test::False => *value == Value::Bool(false),
            Test::NotExists => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, line: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(line)
    }

    #[test]
    fn terms_are_all_wanted_unless_they_say_otherwise() {
        let line = "2026 ERROR [main] could not connect";
        for yes in
            ["", "ERROR", "ERROR connect", "\"not connect\"", "?WARN ?ERROR", "ERROR -WARN", "%ERR..%", "\"[main]\""]
        {
            assert!(matches(yes, line), "{yes}");
        }
        for no in ["error", "ERROR WARN", "?WARN ?INFO", "ERROR -connect", "-\"[main]\"", "%^ERROR%"] {
            assert!(!matches(no, line), "{no}");
        }
        assert!(
            Pattern::parse("[main]").is_err() && Pattern::parse("\"open").is_err() && Pattern::parse("a:b").is_err()
        );
    }

    #[test]
    fn properties_of_json_are_compared() {
        let line = r#"{"a": "x-1", "n": 5, "f": 1.5, "o": {"l": [{"k": true}, 2]}, "z": null, "s": "7"}"#;
        for yes in [
            r#"{ $.a = "x-1" }"#,
            "{ $.a = x-* }",
            "{$.n=5}",
            "{ $.n >= 5 && $.f < 2 }",
            r#"{ $.a = "no" || $.n != 6 }"#,
            "{ ($.n = 1 || $.n = 5) && $.a != \"y\" }",
            "{ $.o.l[0].k IS TRUE }",
            "{ $.o.l[*] = 2 }",
            "{ $.z IS NULL }",
            "{ $.missing NOT EXISTS }",
            r#"{ $.s = "7" }"#,
            "{ $.a = %^x-[0-9]$% }",
        ] {
            assert!(matches(yes, line), "{yes}");
        }
        for no in ["{ $.a = x }", "{ $.n > 5 }", "{ $.a NOT EXISTS }", "{ $.missing = 1 }", "{ $.a IS NULL }"] {
            assert!(!matches(no, line), "{no}");
        }
        assert!(!matches("{ $.a = 1 }", "no json"));
        for wrong in ["{", "{ $.a }", "{ a = 1 }", "{ $.a = }", "{ ($.a = 1 }", "{ $.a = 1 } x", "{ $.a > x }"] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
    }
}
