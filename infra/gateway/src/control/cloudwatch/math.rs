//! Metric math: arithmetic on metrics, and the functions that are used most.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::clock::EpochMillis;

/// A value, or values over time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Series {
    Number(f64),
    Values(BTreeMap<EpochMillis, f64>),
}

/// An expression, parsed.
#[derive(Debug)]
pub(super) enum Expression {
    Number(f64),
    Name(String),
    Negative(Box<Expression>),
    Binary(Box<Expression>, char, Box<Expression>),
    Call(Function, Vec<Expression>),
    /// `[m1, m2]`
    Array(Vec<Expression>),
    /// `METRICS()`
    AllMetrics,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    Sum,
    Avg,
    Min,
    Max,
    Abs,
    Ceil,
    Floor,
    Fill,
}

const MAX_DEPTH: usize = 32;

impl Expression {
    /// Reads an expression. The text of an error says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Expression, String> {
        let mut parser = Parser { rest: text.trim_start() };
        let expression = parser.sum(0)?;
        if parser.rest.is_empty() { Ok(expression) } else { Err(format!("'{}' is not expected", parser.rest)) }
    }

    /// The ids that it names.
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Expression::Name(name) => vec![name],
            Expression::Negative(inner) => inner.names(),
            Expression::Binary(left, _, right) => [left.names(), right.names()].concat(),
            Expression::Call(_, parts) | Expression::Array(parts) => parts.iter().flat_map(Expression::names).collect(),
            Expression::Number(_) | Expression::AllMetrics => Vec::new(),
        }
    }

    /// Its value; `metrics` are the ids that `METRICS()` stands for.
    pub(super) fn evaluate(&self, known: &HashMap<String, Series>, metrics: &[String]) -> Result<Series, String> {
        match self {
            Expression::Number(number) => Ok(Series::Number(*number)),
            Expression::Name(name) => known.get(name).cloned().ok_or_else(|| format!("Undefined metric id {name}")),
            Expression::Negative(inner) => Ok(inner.evaluate(known, metrics)?.map(|value| -value)),
            Expression::Binary(left, operator, right) => {
                let (left, right) = (left.evaluate(known, metrics)?, right.evaluate(known, metrics)?);
                let operate = |a: f64, b: f64| match operator {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    '/' => a / b,
                    _ => a.powf(b),
                };
                Ok(left.with(&right, operate))
            }
            Expression::Call(function, parts) => call(*function, parts, known, metrics),
            Expression::Array(_) | Expression::AllMetrics => {
                Err("an array of metrics is no result: sum it up".to_owned())
            }
        }
    }

    /// The series of an array, or the one series that it is.
    fn series(&self, known: &HashMap<String, Series>, metrics: &[String]) -> Result<(Vec<Series>, bool), String> {
        match self {
            Expression::Array(parts) => {
                let series = parts.iter().map(|part| part.evaluate(known, metrics)).collect::<Result<_, _>>()?;
                Ok((series, true))
            }
            Expression::AllMetrics => Ok((metrics.iter().filter_map(|id| known.get(id).cloned()).collect(), true)),
            one => Ok((vec![one.evaluate(known, metrics)?], false)),
        }
    }
}

fn call(
    function: Function,
    parts: &[Expression],
    known: &HashMap<String, Series>,
    metrics: &[String],
) -> Result<Series, String> {
    let first = parts.first().ok_or("a function needs an argument")?;
    match (function, parts.get(1)) {
        (Function::Fill, Some(with)) => {
            let (Series::Values(mut values), Series::Number(with)) =
                (first.evaluate(known, metrics)?, with.evaluate(known, metrics)?)
            else {
                return Err("FILL takes a metric and a number here".to_owned());
            };
            // Where any other metric has a value.
            for series in known.values() {
                if let Series::Values(others) = series {
                    for at in others.keys() {
                        values.entry(*at).or_insert(with);
                    }
                }
            }
            Ok(Series::Values(values))
        }
        (Function::Fill, None) => Err("FILL takes a metric and a number".to_owned()),
        (_, Some(_)) => Err("the function takes one argument; put several metrics in brackets".to_owned()),
        (Function::Abs, None) => Ok(first.evaluate(known, metrics)?.map(f64::abs)),
        (Function::Ceil, None) => Ok(first.evaluate(known, metrics)?.map(f64::ceil)),
        (Function::Floor, None) => Ok(first.evaluate(known, metrics)?.map(f64::floor)),
        (_, None) => {
            let (series, many) = first.series(known, metrics)?;
            if !many {
                // Of one metric: one number.
                let values = match &series[0] {
                    Series::Number(number) => vec![*number],
                    Series::Values(values) => values.values().copied().collect(),
                };
                return Ok(if values.is_empty() {
                    Series::Values(BTreeMap::new())
                } else {
                    Series::Number(summed(function, &values))
                });
            }
            let times: BTreeSet<EpochMillis> = series.iter().flat_map(Series::times).collect();
            let at = |time: EpochMillis| {
                let values: Vec<_> = series.iter().filter_map(|series| series.at(time)).collect();
                (time, summed(function, &values))
            };
            Ok(Series::Values(times.into_iter().map(at).collect()))
        }
    }
}

/// Of values of which there is one at least.
fn summed(function: Function, values: &[f64]) -> f64 {
    let sum: f64 = values.iter().sum();
    match function {
        Function::Avg => {
            #[expect(clippy::cast_precision_loss, reason = "a number of data points")]
            let count = values.len() as f64;
            sum / count
        }
        Function::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        Function::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        _ => sum,
    }
}

impl Series {
    fn map(self, change: impl Fn(f64) -> f64) -> Series {
        match self {
            Series::Number(number) => Series::Number(change(number)),
            Series::Values(values) => {
                Series::Values(values.into_iter().map(|(at, value)| (at, change(value))).collect())
            }
        }
    }

    fn at(&self, time: EpochMillis) -> Option<f64> {
        match self {
            Series::Number(number) => Some(*number),
            Series::Values(values) => values.get(&time).copied(),
        }
    }

    fn times(&self) -> Vec<EpochMillis> {
        match self {
            Series::Number(_) => Vec::new(),
            Series::Values(values) => values.keys().copied().collect(),
        }
    }

    /// Both together, where both have a value and the result is a number: dividing by zero has none.
    fn with(&self, other: &Series, operate: impl Fn(f64, f64) -> f64) -> Series {
        if let (Series::Number(a), Series::Number(b)) = (self, other) {
            return Series::Number(operate(*a, *b));
        }
        let times: BTreeSet<EpochMillis> = self.times().into_iter().chain(other.times()).collect();
        let values = times.into_iter().filter_map(|time| {
            let result = operate(self.at(time)?, other.at(time)?);
            result.is_finite().then_some((time, result))
        });
        Series::Values(values.collect())
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn take(&mut self, one_of: &[char]) -> Option<char> {
        let c = self.rest.chars().next().filter(|c| one_of.contains(c))?;
        self.rest = self.rest[c.len_utf8()..].trim_start();
        Some(c)
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        self.take(&[c]).map(|_| ()).ok_or_else(|| format!("'{c}' is missing"))
    }

    fn sum(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        let mut left = self.product(depth)?;
        while let Some(operator) = self.take(&['+', '-']) {
            left = Expression::Binary(Box::new(left), operator, Box::new(self.product(depth)?));
        }
        Ok(left)
    }

    fn product(&mut self, depth: usize) -> Result<Expression, String> {
        let mut left = self.power(depth)?;
        while let Some(operator) = self.take(&['*', '/']) {
            left = Expression::Binary(Box::new(left), operator, Box::new(self.power(depth)?));
        }
        Ok(left)
    }

    fn power(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        if self.take(&['-']).is_some() {
            return Ok(Expression::Negative(Box::new(self.power(depth + 1)?)));
        }
        let base = self.one(depth)?;
        match self.take(&['^']) {
            Some(operator) => Ok(Expression::Binary(Box::new(base), operator, Box::new(self.power(depth + 1)?))),
            None => Ok(base),
        }
    }

    fn one(&mut self, depth: usize) -> Result<Expression, String> {
        if self.take(&['(']).is_some() {
            let inner = self.sum(depth + 1)?;
            self.expect(')')?;
            return Ok(inner);
        }
        if self.take(&['[']).is_some() {
            return self.arguments(']', depth).map(Expression::Array);
        }
        let end =
            self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err("an operand is missing".to_owned());
        }
        self.rest = rest.trim_start();
        if word.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return word.parse().map(Expression::Number).map_err(|_| format!("'{word}' is no number"));
        }
        if self.take(&['(']).is_none() {
            return Ok(Expression::Name(word.to_owned()));
        }
        let arguments = self.arguments(')', depth)?;
        let function = match word.to_ascii_uppercase().as_str() {
            "METRICS" if arguments.is_empty() => return Ok(Expression::AllMetrics),
            "SUM" => Function::Sum,
            "AVG" => Function::Avg,
            "MIN" => Function::Min,
            "MAX" => Function::Max,
            "ABS" => Function::Abs,
            "CEIL" => Function::Ceil,
            "FLOOR" => Function::Floor,
            "FILL" => Function::Fill,
            other => {
                return Err(format!(
                    "the function {other} is not served here: arithmetic, SUM, AVG, MIN, MAX, ABS, CEIL, FLOOR, FILL and \
                     METRICS() are"
                ));
            }
        };
        Ok(Expression::Call(function, arguments))
    }

    fn arguments(&mut self, close: char, depth: usize) -> Result<Vec<Expression>, String> {
        let mut arguments = Vec::new();
        if self.take(&[close]).is_some() {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.sum(depth + 1)?);
            if self.take(&[',']).is_none() {
                self.expect(close)?;
                return Ok(arguments);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(text: &str) -> Result<Series, String> {
        let series = |values: &[(i64, f64)]| Series::Values(values.iter().copied().collect());
        let known = HashMap::from([
            ("m1".to_owned(), series(&[(1, 10.0), (2, 20.0)])),
            ("m2".to_owned(), series(&[(1, 4.0), (3, 5.0)])),
        ]);
        Expression::parse(text)?.evaluate(&known, &["m1".to_owned(), "m2".to_owned()])
    }

    #[test]
    fn arithmetic_is_done_where_both_have_values() {
        for (text, expected) in [
            ("m1 + m2", vec![(1, 14.0)]),
            ("m2/m1*100", vec![(1, 40.0)]),
            ("m1 - 2 * (3 + 1)", vec![(1, 2.0), (2, 12.0)]),
            ("-m1 + 2^3^1", vec![(1, -2.0), (2, -12.0)]),
            ("m1 / 0", vec![]),
            ("SUM([m1, m2])", vec![(1, 14.0), (2, 20.0), (3, 5.0)]),
            ("AVG(METRICS())", vec![(1, 7.0), (2, 20.0), (3, 5.0)]),
            ("FILL(m2, 0) + m1", vec![(1, 14.0), (2, 20.0)]),
            ("m1 / MAX(m1)", vec![(1, 0.5), (2, 1.0)]),
        ] {
            assert_eq!(evaluate(text).unwrap(), Series::Values(expected.into_iter().collect()), "{text}");
        }
        assert_eq!(evaluate("1 + 2 * 3").unwrap(), Series::Number(7.0));
    }

    #[test]
    fn what_is_not_served_is_told() {
        for (text, message) in [
            ("m1 +", "an operand is missing"),
            ("m1 m2", "'m2' is not expected"),
            ("ANOMALY_DETECTION_BAND(m1, 2)", "the function ANOMALY_DETECTION_BAND is not served here"),
            ("(m1", "')' is missing"),
            ("METRICS()", "an array of metrics is no result"),
            ("m9", "Undefined metric id m9"),
        ] {
            let error = evaluate(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
        assert!(Expression::parse(&"(".repeat(10_000)).is_err());
        assert!(Expression::parse(&"-".repeat(10_000)).is_err());
    }
}
