//! Arithmetic: DIVIDE, rounding, powers and conversions between number types.

use crate::dax::Value;
use crate::dax::convert::date_of;
use crate::dax::convert::number_of;
use crate::dax::convert::text_of;
use crate::dax::convert::truth_of;
use crate::dax::convert::whole_of;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::functions::word_argument;
use crate::dax::node::Function;
use crate::dax::node::Node;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::scalar("DIVIDE", 2, 3, |eval, arguments, context| {
        let above = eval.scalar(&arguments[0], context)?;
        let below = number_of(&eval.scalar(&arguments[1], context)?)?;
        if below == 0.0 {
            return arguments
                .get(2)
                .map_or(Ok(Value::Blank), |node| eval.scalar(node, context));
        }
        if above.is_blank() {
            return Ok(Value::Blank);
        }
        Ok(Value::Number(number_of(&above)? / below))
    }),
    Function::pure("ABS", 1, 1, |values| match &values[0] {
        Value::Int(whole) => Ok(Value::Int(whole.abs())),
        other => numeric(other, f64::abs),
    }),
    Function::pure("INT", 1, 1, |values| whole(&values[0], f64::floor)),
    Function::pure("TRUNC", 1, 2, |values| round(values, f64::trunc)),
    Function::pure("ROUND", 2, 2, |values| round(values, f64::round)),
    Function::pure("ROUNDUP", 2, 2, |values| {
        round(values, |number| number.abs().ceil().copysign(number))
    }),
    Function::pure("ROUNDDOWN", 2, 2, |values| round(values, f64::trunc)),
    Function::pure("CEILING", 2, 2, |values| to_multiple(values, f64::ceil)),
    Function::pure("FLOOR", 2, 2, |values| to_multiple(values, f64::floor)),
    Function::pure("MROUND", 2, 2, |values| to_multiple(values, f64::round)),
    Function::pure("SIGN", 1, 1, |values| {
        let number = number_of(&values[0])?;
        Ok(Value::Int(i64::from(number > 0.0) - i64::from(number < 0.0)))
    }),
    Function::pure("SQRT", 1, 1, |values| {
        domain("SQRT", &values[0], |number| number >= 0.0, f64::sqrt)
    }),
    Function::pure("LN", 1, 1, |values| {
        domain("LN", &values[0], |number| number > 0.0, f64::ln)
    }),
    Function::pure("LOG10", 1, 1, |values| {
        domain("LOG10", &values[0], |number| number > 0.0, f64::log10)
    }),
    Function::pure("LOG", 1, 2, |values| {
        let base = values.get(1).map_or(Ok(10.0), number_of)?;
        domain(
            "LOG",
            &values[0],
            |number| number > 0.0 && base > 0.0,
            |number| number.log(base),
        )
    }),
    Function::pure("EXP", 1, 1, |values| numeric(&values[0], f64::exp)),
    Function::pure("POWER", 2, 2, |values| {
        let exponent = number_of(&values[1])?;
        numeric(&values[0], |number| number.powf(exponent))
    }),
    Function::pure("PI", 0, 0, |_| Ok(Value::Number(std::f64::consts::PI))),
    Function::pure("MOD", 2, 2, |values| {
        let below = divisor("MOD", &values[1])?;
        if let (Value::Int(a), Value::Int(b)) = (&values[0], &values[1]) {
            return Ok(Value::Int(
                a - b * a.div_euclid(*b) - if *b < 0 && a.rem_euclid(*b) != 0 { b.abs() } else { 0 },
            ));
        }
        numeric(&values[0], |number| number - below * (number / below).floor())
    }),
    Function::pure("QUOTIENT", 2, 2, |values| {
        let below = divisor("QUOTIENT", &values[1])?;
        whole(&values[0], |number| (number / below).trunc())
    }),
    Function::pure("CURRENCY", 1, 1, |values| {
        numeric(&values[0], |number| (number * 10_000.0).round() / 10_000.0)
    }),
    Function::scalar("CONVERT", 2, 2, convert),
];

fn numeric(value: &Value, change: impl Fn(f64) -> f64) -> Result<Value> {
    if value.is_blank() {
        return Ok(Value::Blank);
    }
    Ok(Value::Number(change(number_of(value)?)))
}

fn whole(value: &Value, change: impl Fn(f64) -> f64) -> Result<Value> {
    if value.is_blank() {
        return Ok(Value::Blank);
    }
    Ok(Value::Int(change(number_of(value)?) as i64))
}

fn domain(name: &str, value: &Value, allowed: impl Fn(f64) -> bool, change: impl Fn(f64) -> f64) -> Result<Value> {
    if !allowed(number_of(value)?) {
        return Err(DaxError::wrong(format!(
            "an argument of {name} is outside the numbers it can work with"
        )));
    }
    Ok(Value::Number(change(number_of(value)?)))
}

fn divisor(name: &str, value: &Value) -> Result<f64> {
    match number_of(value)? {
        0.0 => Err(DaxError::wrong(format!("{name} cannot divide by zero"))),
        number => Ok(number),
    }
}

/// Rounds to a number of digits; negative digits are to the left of the point.
fn round(values: &[Value], change: impl Fn(f64) -> f64) -> Result<Value> {
    let digits = values.get(1).map_or(Ok(0), whole_of)?.clamp(-300, 300);
    if let (Value::Int(whole), true) = (&values[0], digits >= 0) {
        return Ok(Value::Int(*whole));
    }
    numeric(&values[0], |number| {
        let factor = 10_f64.powi(i32::try_from(digits.abs()).unwrap_or(300));
        let scaled = if digits < 0 { number / factor } else { number * factor };
        if !scaled.is_finite() {
            return number;
        }
        // 1.005 is stored a little below; the decimal that people see is what gets rounded.
        let near = (scaled * 1e6).round() / 1e6;
        let scaled = if (scaled - near).abs() < scaled.abs() * 1e-14 {
            near
        } else {
            scaled
        };
        if digits < 0 {
            change(scaled) * factor
        } else {
            change(scaled) / factor
        }
    })
}

fn to_multiple(values: &[Value], change: impl Fn(f64) -> f64) -> Result<Value> {
    let step = number_of(&values[1])?;
    if step == 0.0 {
        return Ok(Value::Int(0));
    }
    let number = number_of(&values[0])?;
    let multiple = change((number / step * 1e9).round() / 1e9) * step;
    Ok(match (&values[0], &values[1]) {
        (Value::Int(_), Value::Int(_)) => Value::Int(multiple as i64),
        _ => Value::Number(multiple),
    })
}

/// CONVERT(expression, type)
fn convert(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Value> {
    let value = eval.scalar(&arguments[0], context)?;
    if value.is_blank() {
        return Ok(Value::Blank);
    }
    Ok(match word_argument(eval, &arguments[1]).as_deref() {
        Some("integer") => Value::Int(whole_of(&value)?),
        Some("double") => Value::Number(number_of(&value)?),
        Some("currency") => Value::Number((number_of(&value)? * 10_000.0).round() / 10_000.0),
        Some("string") => Value::text(text_of(&value)),
        Some("boolean") => Value::Bool(truth_of(&value)?),
        Some("datetime") => Value::Date(date_of(&value)?),
        _ => {
            return Err(DaxError::wrong(
                "CONVERT expects INTEGER, DOUBLE, CURRENCY, STRING, BOOLEAN or DATETIME",
            ));
        }
    })
}
