//! Reads a query into its parts by operator precedence.

use crate::dax::ast::Definition;
use crate::dax::ast::Expr;
use crate::dax::ast::Operator;
use crate::dax::ast::Query;
use crate::dax::ast::Statement;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::lexer::Kind;
use crate::dax::lexer::Token;
use crate::dax::lexer::tokens;
use crate::dax::lexer::wrong;

/// How deep brackets may nest, so that no query exhausts the stack.
const DEEPEST: usize = 64;

/// How many operators may follow one another without brackets.
const LONGEST: usize = 150;

/// The binding power of NOT: looser than comparisons, tighter than `&&`.
const NOT_POWER: u8 = 5;

/// The binding power of a sign: looser than `^`, tighter than `*`.
const SIGN_POWER: u8 = 15;

/// Reads a whole query.
pub(crate) fn query(text: &str) -> Result<Query> {
    let mut parser = Parser::new(text)?;
    let mut query = Query::default();
    if parser.word("DEFINE") {
        parser.definitions(&mut query)?;
    }
    if !parser.word("EVALUATE") {
        return Err(parser.unexpected("expected EVALUATE"));
    }
    loop {
        let mut statement = Statement {
            table: parser.expression()?,
            ..Statement::default()
        };
        parser.order(&mut statement)?;
        query.statements.push(statement);
        parser.sign(";");
        if !parser.word("EVALUATE") {
            break;
        }
    }
    match parser.peek() {
        Kind::End => Ok(query),
        _ => Err(parser.unexpected("expected the end of the query")),
    }
}

/// Reads an expression alone, such as that of a measure.
pub(crate) fn expression(text: &str) -> Result<Expr> {
    let mut parser = Parser::new(text)?;
    let expression = parser.expression()?;
    match parser.peek() {
        Kind::End => Ok(expression),
        _ => Err(parser.unexpected("expected the end of the expression")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self> {
        Ok(Self {
            text,
            tokens: tokens(text)?,
            at: 0,
            depth: 0,
        })
    }

    fn definitions(&mut self, query: &mut Query) -> Result<()> {
        loop {
            if self.word("MEASURE") {
                let table = match self.take() {
                    Kind::Word(name) | Kind::Quoted(name) => name,
                    _ => return Err(self.unexpected("expected the table of the measure")),
                };
                let Kind::Bracketed(name) = self.take() else {
                    return Err(self.unexpected("expected the name of the measure in brackets"));
                };
                self.expect("=")?;
                let expression = self.expression()?;
                query.definitions.push(Definition::Measure {
                    table,
                    name,
                    expression,
                });
            } else if self.word("VAR") {
                let (name, expression) = self.variable()?;
                query.definitions.push(Definition::Variable { name, expression });
            } else if self.is_word("TABLE") || self.is_word("COLUMN") || self.is_word("FUNCTION") {
                return Err(DaxError::unsupported("DEFINE may hold MEASURE and VAR only"));
            } else {
                return Ok(());
            }
        }
    }

    fn order(&mut self, statement: &mut Statement) -> Result<()> {
        if !self.words("ORDER", "BY") {
            return Ok(());
        }
        loop {
            let key = self.expression()?;
            let descending = self.word("DESC");
            if !descending {
                self.word("ASC");
            }
            statement.order.push((key, descending));
            if !self.sign(",") {
                break;
            }
        }
        if self.words("START", "AT") {
            loop {
                statement.start.push(self.expression()?);
                if !self.sign(",") {
                    break;
                }
            }
        }
        Ok(())
    }

    fn expression(&mut self) -> Result<Expr> {
        if !self.is_word("VAR") {
            return self.climb(0);
        }
        let mut variables = Vec::new();
        while self.word("VAR") {
            variables.push(self.variable()?);
        }
        if !self.word("RETURN") {
            return Err(self.unexpected("expected RETURN after the variables"));
        }
        let body = Box::new(self.nested(Self::expression)?);
        Ok(Expr::Variables { variables, body })
    }

    fn variable(&mut self) -> Result<(String, Expr)> {
        let Kind::Word(name) = self.take() else {
            return Err(self.unexpected("expected the name of a variable"));
        };
        self.expect("=")?;
        Ok((name, self.nested(Self::expression)?))
    }

    /// Reads operators that bind at least as tightly as `floor`.
    fn climb(&mut self, floor: u8) -> Result<Expr> {
        let mut left = self.nested(Self::prefix)?;
        for _ in 0..LONGEST {
            if floor <= 7 && (self.is_word("IN") || (self.is_word("NOT") && self.next_is_word("IN"))) {
                let negated = self.word("NOT");
                self.word("IN");
                let right = self.climb(8)?;
                left = Expr::In(Box::new(left), Box::new(right));
                if negated {
                    left = Expr::Not(Box::new(left));
                }
                continue;
            }
            let Some((operator, power)) = operator(self.peek()) else {
                return Ok(left);
            };
            if power < floor {
                return Ok(left);
            }
            self.at += 1;
            let right = self.climb(power + 1)?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
        Err(DaxError::wrong(format!(
            "the query nests too deep: more than {LONGEST} operators follow one another"
        )))
    }

    fn prefix(&mut self) -> Result<Expr> {
        if self.word("NOT") || self.sign("!") {
            return Ok(Expr::Not(Box::new(self.climb(NOT_POWER)?)));
        }
        if self.sign("-") {
            return Ok(Expr::Negate(Box::new(self.climb(SIGN_POWER)?)));
        }
        if self.sign("+") {
            return self.climb(SIGN_POWER);
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Expr> {
        let start = self.tokens[self.at].start;
        match self.take() {
            Kind::Int(whole) => Ok(Expr::Int(whole)),
            Kind::Number(number) => Ok(Expr::Number(number)),
            Kind::Text(text) => Ok(Expr::Text(text)),
            Kind::Bracketed(name) => Ok(Expr::Column { table: None, name }),
            Kind::Quoted(table) => Ok(self.of_table(table, true)),
            Kind::Word(word) if self.is_sign("(") => self.call(word),
            Kind::Word(word) => Ok(self.of_table(word, false)),
            Kind::Sign("(") => self.brackets(),
            Kind::Sign("{") => self.rows(),
            _ => Err(wrong(
                self.text,
                start,
                "the syntax is not right, expected a value, a column, a table or a function",
            )),
        }
    }

    fn of_table(&mut self, table: String, quoted: bool) -> Expr {
        match self.peek().clone() {
            Kind::Bracketed(name) => {
                self.at += 1;
                Expr::Column {
                    table: Some(table),
                    name,
                }
            }
            _ => Expr::Name { name: table, quoted },
        }
    }

    fn call(&mut self, name: String) -> Result<Expr> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        if self.sign(")") {
            return Ok(Expr::Call { name, arguments });
        }
        loop {
            if self.is_sign(",") || self.is_sign(")") {
                arguments.push(Expr::Omitted);
            } else {
                arguments.push(self.expression()?);
            }
            if self.sign(")") {
                return Ok(Expr::Call { name, arguments });
            }
            if !self.sign(",") {
                return Err(self.unexpected(&format!(
                    "expected a comma or a closing bracket in {}",
                    name.to_uppercase()
                )));
            }
        }
    }

    /// `( a )` is a value, `( a, b )` a row.
    fn brackets(&mut self) -> Result<Expr> {
        let first = self.expression()?;
        if self.sign(")") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.sign(",") {
            parts.push(self.expression()?);
        }
        self.expect(")")?;
        Ok(Expr::Tuple(parts))
    }

    fn rows(&mut self) -> Result<Expr> {
        let mut rows = Vec::new();
        while !self.sign("}") {
            match self.expression()? {
                Expr::Tuple(parts) => rows.push(parts),
                single => rows.push(vec![single]),
            }
            if !self.sign(",") && !self.is_sign("}") {
                return Err(self.unexpected("expected a comma or a closing brace"));
            }
        }
        Ok(Expr::Rows(rows))
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Expr>) -> Result<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(DaxError::wrong(format!(
                "the query nests more than {DEEPEST} levels deep"
            )));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn peek(&self) -> &Kind {
        &self.tokens[self.at].kind
    }

    fn take(&mut self) -> Kind {
        let kind = self.peek().clone();
        if kind != Kind::End {
            self.at += 1;
        }
        kind
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Kind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn next_is_word(&self, word: &str) -> bool {
        let next = self.tokens.get(self.at + 1).map(|token| &token.kind);
        matches!(next, Some(Kind::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn words(&mut self, first: &str, second: &str) -> bool {
        let found = self.is_word(first) && self.next_is_word(second);
        self.at += if found { 2 } else { 0 };
        found
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Kind::Sign(found) if *found == sign)
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<()> {
        if self.sign(sign) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("expected '{sign}'")))
        }
    }

    fn unexpected(&self, expected: &str) -> DaxError {
        wrong(
            self.text,
            self.tokens[self.at].start,
            &format!("the syntax is not right, {expected}"),
        )
    }
}

/// The operator a sign stands for, and how tightly it binds.
fn operator(kind: &Kind) -> Option<(Operator, u8)> {
    let Kind::Sign(sign) = kind else { return None };
    Some(match *sign {
        "||" => (Operator::Or, 1),
        "&&" => (Operator::And, 3),
        "=" => (Operator::Equal, 7),
        "==" => (Operator::StrictlyEqual, 7),
        "<>" => (Operator::NotEqual, 7),
        "<" => (Operator::Less, 7),
        "<=" => (Operator::LessOrEqual, 7),
        ">" => (Operator::Greater, 7),
        ">=" => (Operator::GreaterOrEqual, 7),
        "&" => (Operator::Concatenate, 9),
        "+" => (Operator::Add, 11),
        "-" => (Operator::Subtract, 11),
        "*" => (Operator::Multiply, 13),
        "/" => (Operator::Divide, 13),
        "^" => (Operator::Power, 17),
        _ => return None,
    })
}
