//! The error codes of the pretend Entra ID: which protocol error carries each, where it shows, and what it says.

use std::collections::HashMap;
use std::sync::LazyLock;

static TABLE: LazyLock<HashMap<u32, Row>> = LazyLock::new(|| read(include_str!("aadsts.tsv")));

/// Where a failure of the authorize endpoint shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On Entra's own page; the client never hears of it.
    Page,
    /// Back at the client's redirect address.
    Redirect,
    /// At the token endpoint; on a page if it comes up while authorizing.
    Token,
}

/// What is fixed about one code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) code: u32,
    pub(crate) error: &'static str,
    pub(crate) suberror: Option<&'static str>,
    pub(crate) place: Place,
    pub(crate) text: &'static str,
}

/// The row of `code`; an unlisted code is an `invalid_grant` without further advice.
pub(crate) fn row(code: u32) -> Row {
    TABLE.get(&code).copied().unwrap_or(Row {
        code,
        error: "invalid_grant",
        suberror: None,
        place: Place::Token,
        text: "the sandbox was told to fail with this code",
    })
}

fn read(table: &'static str) -> HashMap<u32, Row> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| read_row(line).expect("every line of the crate's table has five fields, as a test shows"))
        .collect()
}

fn read_row(line: &'static str) -> Option<(u32, Row)> {
    let mut fields = line.split('\t');
    let code = fields.next()?.parse().ok()?;
    let place = match fields.next()? {
        "page" => Place::Page,
        "redirect" => Place::Redirect,
        "token" => Place::Token,
        _ => return None,
    };
    let error = fields.next()?;
    let suberror = fields.next().filter(|suberror| *suberror != "-");
    Some((
        code,
        Row {
            code,
            error,
            suberror,
            place,
            text: fields.next()?,
        },
    ))
}
