//! Numbers as Java computes and prints them.

use std::cmp::Ordering;

use crate::ast::Operator;
use crate::value::Value;

/// A number, as far as arithmetic tells them apart.
#[derive(Clone, Copy, Debug)]
enum Number {
    /// An integer of any of Java's types.
    Whole(i128),
    /// A number with a point.
    Real(f64),
}

fn number(value: &Value) -> Option<Number> {
    Some(match value {
        Value::Int(it) => Number::Whole(i128::from(*it)),
        Value::Long(it) => Number::Whole(i128::from(*it)),
        // Beyond 128 bits there is no arithmetic here.
        Value::Big(digits) => Number::Whole(digits.parse().ok()?),
        Value::Double(it) => Number::Real(*it),
        Value::Decimal(text) => Number::Real(text.parse().ok()?),
        _ => return None,
    })
}

/// A number of any type as a double.
pub(crate) fn as_double(value: &Value) -> Option<f64> {
    Some(match number(value)? {
        Number::Whole(it) => it as f64,
        Number::Real(it) => it,
    })
}

/// A whole number of any type.
pub(crate) fn as_whole(value: &Value) -> Option<i128> {
    match number(value)? {
        Number::Whole(it) => Some(it),
        Number::Real(_) => None,
    }
}

/// Whether it is a number at all.
pub(crate) fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Long(_) | Value::Big(_) | Value::Double(_) | Value::Decimal(_))
}

/// How many bits a whole number's type has: the wider of two decides the result's.
fn width(value: &Value) -> u8 {
    match value {
        Value::Int(_) => 32,
        Value::Long(_) => 64,
        _ => 128,
    }
}

/// Arithmetic; null where a divisor is zero, or either side is no number.
pub(crate) fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Value {
    let (Some(a), Some(b)) = (number(left), number(right)) else { return Value::Null };
    if let (Number::Whole(a), Number::Whole(b)) = (a, b) {
        let result = match operator {
            Operator::Add => a.checked_add(b),
            Operator::Subtract => a.checked_sub(b),
            Operator::Multiply => a.checked_mul(b),
            Operator::Divide => a.checked_div(b),
            Operator::Modulo => a.checked_rem(b),
            _ => None,
        };
        let Some(result) = result else { return Value::Null };
        // A result that does not fit goes to the next wider type.
        return match width(left).max(width(right)) {
            32 => Value::whole(result),
            64 => i64::try_from(result).map_or_else(|_| Value::Big(result.to_string().into()), Value::Long),
            _ => Value::Big(result.to_string().into()),
        };
    }
    let real = |number| match number {
        Number::Whole(it) => it as f64,
        Number::Real(it) => it,
    };
    let (a, b) = (real(a), real(b));
    if b == 0.0 && matches!(operator, Operator::Divide | Operator::Modulo) {
        return Value::Null;
    }
    Value::Double(match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        Operator::Modulo => a % b,
        _ => return Value::Null,
    })
}

/// Two numbers by size; `None` where one is none, or not a number.
pub(crate) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (number(left)?, number(right)?) {
        (Number::Whole(a), Number::Whole(b)) => Some(a.cmp(&b)),
        (Number::Whole(a), Number::Real(b)) => (a as f64).partial_cmp(&b),
        (Number::Real(a), Number::Whole(b)) => a.partial_cmp(&(b as f64)),
        (Number::Real(a), Number::Real(b)) => a.partial_cmp(&b),
    }
}

/// `Double.toString`: `1.0`, `1.0E10`, `1.0E-5`, `NaN`, `Infinity`.
pub(crate) fn double_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let size = number.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{number:?}");
    }
    // Rust's shortest digits, with Java's one digit at least behind the point.
    let text = format!("{number:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}E{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_print_as_java_prints_them() {
        for (number, text) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1e10, "1.0E10"),
            (1.25e-5, "1.25E-5"),
            (1e7, "1.0E7"),
            (9_999_999.0, "9999999.0"),
            (0.001, "0.001"),
            (-0.0, "-0.0"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157E308"),
        ] {
            assert_eq!(double_text(number), text);
        }
    }

    #[test]
    fn what_does_not_fit_goes_to_the_next_wider_type() {
        let sum = arithmetic(Operator::Add, &Value::Int(i32::MAX), &Value::Int(1));
        assert!(matches!(sum, Value::Long(2_147_483_648)));
        assert!(matches!(arithmetic(Operator::Add, &Value::Long(i64::MAX), &Value::Int(1)), Value::Big(_)));
        assert!(matches!(arithmetic(Operator::Divide, &Value::Int(1), &Value::Int(0)), Value::Null));
    }
}
