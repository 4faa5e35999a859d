//! What an administrator writes: a filled-in form, or Cedar text by hand.

use catalogue::Effect;
use serde::Deserialize;
use serde::Serialize;

use crate::caller::GroupId;
use crate::caller::PersonId;
use crate::caller::PolicyId;

/// A policy as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: PolicyId,
    pub name: String,
    pub enabled: bool,
    pub source: Source,
}

/// What a rule is written in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Form(Form),
    /// Cedar text: one policy or several.
    Cedar(String),
}

/// A rule as an administrator fills it in. An empty list restricts nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    pub name: String,
    pub enabled: bool,
    pub action: Action,
    /// With `operations`: what the rule is about is in either list. Both empty means every operation.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// Ids of the catalogue.
    #[serde(default)]
    pub operations: Vec<String>,
    /// With `groups`: the person is in either list. Both empty means everybody.
    #[serde(default)]
    pub people: Vec<PersonId>,
    #[serde(default)]
    pub groups: Vec<GroupId>,
    /// Ids of OAuth clients or API keys, or `portal`.
    #[serde(default)]
    pub clients: Vec<String>,
    /// Ids of workspaces; such a rule is not about calls outside them.
    #[serde(default)]
    pub workspaces: Vec<String>,
    /// Whether it also allows calls that speak for somebody else than their caller; such calls are refused otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub speaks_for_others: bool,
    /// Only for `StepUp`: how old the proof of identity may be; the default is 15 minutes.
    #[serde(default)]
    pub max_authentication_age_s: Option<u32>,
}

/// What a form does to the calls it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Allow,
    Deny,
    /// Allowed to a person who proved who they are a short while ago.
    StepUp,
    /// Allowed when a person approved exactly this call.
    Approval,
}

impl Rule {
    /// A rule made of a form, which gives its name and whether it is on.
    pub fn of_form(id: PolicyId, form: Form) -> Self {
        Self {
            id,
            name: form.name.clone(),
            enabled: form.enabled,
            source: Source::Form(form),
        }
    }

    /// Whether the rule takes part in decisions.
    pub fn is_enabled(&self) -> bool {
        self.enabled && !matches!(&self.source, Source::Form(form) if !form.enabled)
    }
}

impl Form {
    /// A form about these effects, for everybody and everything.
    pub fn about(name: &str, action: Action, effects: &[Effect]) -> Self {
        Self {
            name: name.to_owned(),
            enabled: true,
            action,
            effects: effects.to_vec(),
            operations: vec![],
            people: vec![],
            groups: vec![],
            clients: vec![],
            workspaces: vec![],
            speaks_for_others: false,
            max_authentication_age_s: None,
        }
    }
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("policy `{name}`{}: {message}", at.map_or_else(String::new, |it| format!(", {it}")))]
pub struct Invalid {
    pub policy: PolicyId,
    pub name: String,
    pub message: String,
    /// Where in the Cedar text, if the rule is written by hand.
    pub at: Option<Position>,
}

/// A place in a text; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl Position {
    /// The place of a byte of `text`; columns count characters.
    pub(super) fn of_byte(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_at = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_at..].chars().count() + 1,
        }
    }
}
