//! A query as it was written, before names are looked up.

/// A whole query.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// Measures and variables of DEFINE, in order.
    pub(crate) definitions: Vec<Definition>,
    /// What to work out, in order; at least one.
    pub(crate) statements: Vec<Statement>,
}

/// One EVALUATE with what belongs to it.
#[derive(Debug, Default)]
pub(crate) struct Statement {
    /// The table after EVALUATE.
    pub(crate) table: Expr,
    /// The keys after ORDER BY; true means descending.
    pub(crate) order: Vec<(Expr, bool)>,
    /// The values after START AT.
    pub(crate) start: Vec<Expr>,
}

/// One entry of DEFINE.
#[derive(Debug)]
pub(crate) enum Definition {
    /// MEASURE table[name] = expression
    Measure {
        table: String,
        name: String,
        expression: Expr,
    },
    /// VAR name = expression
    Variable { name: String, expression: Expr },
}

/// An expression.
#[derive(Clone, Debug, Default)]
pub(crate) enum Expr {
    /// An argument that was left out.
    #[default]
    Omitted,
    Int(i64),
    Number(f64),
    Text(String),
    /// A column or measure, with its table where it was written.
    Column {
        table: Option<String>,
        name: String,
    },
    /// A bare word: variable or table. Quoted names are always tables.
    Name {
        name: String,
        quoted: bool,
    },
    Call {
        name: String,
        arguments: Vec<Expr>,
    },
    Negate(Box<Expr>),
    Not(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Box<Expr>),
    /// `(a, b)` on the left of IN or inside braces.
    Tuple(Vec<Expr>),
    /// `{ … }`: rows of values.
    Rows(Vec<Vec<Expr>>),
    /// VAR … RETURN …
    Variables {
        variables: Vec<(String, Expr)>,
        body: Box<Expr>,
    },
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Concatenate,
    And,
    Or,
    Equal,
    /// `==`, for which a blank equals only a blank.
    StrictlyEqual,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
