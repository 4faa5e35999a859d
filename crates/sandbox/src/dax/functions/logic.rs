//! Decisions: IF, SWITCH, AND, OR, COALESCE, IFERROR and the questions about types.

use crate::dax::Value;
use crate::dax::ast::Operator;
use crate::dax::convert::truth_of;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::node::Function;
use crate::dax::node::MANY;
use crate::dax::node::Node;
use crate::dax::operators::compare;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::scalar("IF", 2, 3, |eval, arguments, context| {
        let chosen = if eval.truth(&arguments[0], context)? {
            arguments.get(1)
        } else {
            arguments.get(2)
        };
        chosen.map_or(Ok(Value::Blank), |node| eval.scalar(node, context))
    }),
    Function::scalar("SWITCH", 2, MANY, switch),
    Function::scalar("COALESCE", 2, MANY, |eval, arguments, context| {
        for argument in arguments {
            let value = eval.scalar(argument, context)?;
            if !value.is_blank() {
                return Ok(value);
            }
        }
        Ok(Value::Blank)
    }),
    Function::scalar("IFERROR", 2, 2, |eval, arguments, context| {
        match eval.scalar(&arguments[0], context) {
            Ok(Value::Number(number)) if !number.is_finite() => eval.scalar(&arguments[1], context),
            // What the sandbox cannot do is not an error of the expression.
            Err(error) if !error.unsupported => eval.scalar(&arguments[1], context),
            other => other,
        }
    }),
    Function::scalar("ISERROR", 1, 1, |eval, arguments, context| {
        match eval.scalar(&arguments[0], context) {
            Ok(Value::Number(number)) => Ok(Value::Bool(!number.is_finite())),
            Ok(_) => Ok(Value::Bool(false)),
            Err(error) if error.unsupported => Err(error),
            Err(_) => Ok(Value::Bool(true)),
        }
    }),
    Function::pure("AND", 2, 2, |values| {
        Ok(Value::Bool(truth_of(&values[0])? && truth_of(&values[1])?))
    }),
    Function::pure("OR", 2, 2, |values| {
        Ok(Value::Bool(truth_of(&values[0])? || truth_of(&values[1])?))
    }),
    Function::pure("NOT", 1, 1, |values| Ok(Value::Bool(!truth_of(&values[0])?))),
    Function::pure("TRUE", 0, 0, |_| Ok(Value::Bool(true))),
    Function::pure("FALSE", 0, 0, |_| Ok(Value::Bool(false))),
    Function::pure("BLANK", 0, 0, |_| Ok(Value::Blank)),
    Function::pure("ISBLANK", 1, 1, |values| Ok(Value::Bool(values[0].is_blank()))),
    Function::pure("ISNUMBER", 1, 1, |values| {
        Ok(Value::Bool(matches!(
            values[0],
            Value::Int(_) | Value::Number(_) | Value::Date(_)
        )))
    }),
    Function::pure("ISTEXT", 1, 1, |values| {
        Ok(Value::Bool(matches!(values[0], Value::Text(_))))
    }),
    Function::pure("ISNONTEXT", 1, 1, |values| {
        Ok(Value::Bool(!matches!(values[0], Value::Text(_))))
    }),
    Function::pure("ISLOGICAL", 1, 1, |values| {
        Ok(Value::Bool(matches!(values[0], Value::Bool(_))))
    }),
    Function::scalar("ERROR", 1, 1, |eval, arguments, context| {
        let text = crate::dax::convert::text_of(&eval.scalar(&arguments[0], context)?);
        Err(DaxError::wrong(text))
    }),
];

/// SWITCH(expression, value, result, …, otherwise)
fn switch(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Value> {
    let wanted = eval.scalar(&arguments[0], context)?;
    let mut rest = &arguments[1..];
    while let [value, result, after @ ..] = rest {
        if compare(Operator::Equal, &wanted, &eval.scalar(value, context)?)? {
            return eval.scalar(result, context);
        }
        rest = after;
    }
    rest.first()
        .map_or(Ok(Value::Blank), |otherwise| eval.scalar(otherwise, context))
}
