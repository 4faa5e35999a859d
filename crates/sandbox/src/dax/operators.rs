//! What the operators do with values: conversion, blanks and comparison.

use std::cmp::Ordering;

use crate::dax::Value;
use crate::dax::ast::Operator;
use crate::dax::convert::number_of;
use crate::dax::convert::text_of;
use crate::dax::convert::truth_of;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::value::compare_text;
use crate::dax::value::order;

/// The value of `left operator right`; AND and OR are decided before both sides are known.
pub(crate) fn apply(operator: Operator, left: &Value, right: &Value) -> Result<Value> {
    match operator {
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Power => {
            arithmetic(operator, left, right)
        }
        Operator::Concatenate => match (left, right) {
            (Value::Blank, Value::Blank) => Ok(Value::Blank),
            _ => Ok(Value::text(text_of(left) + &text_of(right))),
        },
        Operator::And => Ok(Value::Bool(truth_of(left)? && truth_of(right)?)),
        Operator::Or => Ok(Value::Bool(truth_of(left)? || truth_of(right)?)),
        _ => compare(operator, left, right).map(Value::Bool),
    }
}

/// The value with its sign turned.
pub(crate) fn negate(value: &Value) -> Result<Value> {
    Ok(match value {
        Value::Blank => Value::Blank,
        Value::Int(whole) => Value::Int(whole.checked_neg().ok_or_else(overflow)?),
        Value::Date(days) => Value::Number(-days),
        other => Value::Number(-number_of(other)?),
    })
}

/// Whether two values are the same for `==`, IN and SWITCH with a blank meaning only a blank.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    left.key() == right.key()
}

/// The sum of two values, where blanks count as nothing.
fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value> {
    let blank = (left.is_blank(), right.is_blank());
    match operator {
        Operator::Add | Operator::Subtract if blank == (true, true) => return Ok(Value::Blank),
        Operator::Multiply if blank.0 || blank.1 => return Ok(Value::Blank),
        Operator::Divide if blank.0 => return Ok(Value::Blank),
        _ => {}
    }
    if let (Some(a), Some(b)) = (whole(left), whole(right)) {
        let exact = match operator {
            Operator::Add => Some(a.checked_add(b)),
            Operator::Subtract => Some(a.checked_sub(b)),
            Operator::Multiply => Some(a.checked_mul(b)),
            _ => None,
        };
        if let Some(exact) = exact {
            return exact.map(Value::Int).ok_or_else(overflow);
        }
    }
    let (a, b) = (number_of(left)?, number_of(right)?);
    let number = match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        _ => a.powf(b),
    };
    let dated = matches!(left, Value::Date(_)) || matches!(right, Value::Date(_));
    // A day plus or minus something is a day again, as in the service.
    match operator {
        Operator::Add | Operator::Subtract if dated => Ok(Value::Date(number)),
        _ => Ok(Value::Number(number)),
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Blank => Some(0),
        Value::Int(whole) => Some(*whole),
        Value::Bool(yes) => Some(i64::from(*yes)),
        _ => None,
    }
}

fn overflow() -> DaxError {
    DaxError::wrong("a whole number became too large")
}

/// The truth of a comparison; types that do not compare are an error.
pub(crate) fn compare(operator: Operator, left: &Value, right: &Value) -> Result<bool> {
    if operator == Operator::StrictlyEqual && left.is_blank() != right.is_blank() {
        return Ok(false);
    }
    let Some(ordering) = ordering(left, right)? else {
        return Ok(operator == Operator::NotEqual);
    };
    Ok(match operator {
        Operator::NotEqual => ordering != Ordering::Equal,
        Operator::Less => ordering == Ordering::Less,
        Operator::LessOrEqual => ordering != Ordering::Greater,
        Operator::Greater => ordering == Ordering::Greater,
        Operator::GreaterOrEqual => ordering != Ordering::Less,
        _ => ordering == Ordering::Equal,
    })
}

/// How two values compare; none for something that is not a number.
fn ordering(left: &Value, right: &Value) -> Result<Option<Ordering>> {
    Ok(match (left, right) {
        (Value::Text(a), Value::Text(b)) => Some(compare_text(a, b)),
        (Value::Text(a), Value::Blank) => Some(compare_text(a, "")),
        (Value::Blank, Value::Text(b)) => Some(compare_text("", b)),
        (Value::Text(_), _) | (_, Value::Text(_)) => return Err(mismatch(left, right)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Blank) => Some(a.cmp(&false)),
        (Value::Blank, Value::Bool(b)) => Some(false.cmp(b)),
        (Value::Bool(_), _) | (_, Value::Bool(_)) => return Err(mismatch(left, right)),
        (Value::Int(_), Value::Int(_)) => Some(order(left, right)),
        _ => left.number().unwrap_or(0.0).partial_cmp(&right.number().unwrap_or(0.0)),
    })
}

fn mismatch(left: &Value, right: &Value) -> DaxError {
    DaxError::wrong(format!(
        "values of type {} and {} do not compare; convert one of them with VALUE or FORMAT",
        left.type_name(),
        right.type_name()
    ))
}
