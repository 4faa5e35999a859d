//! The items a person can reach, and finding the one that is meant.

mod matching;
mod reference;
mod resolve;
#[cfg(test)]
mod tests;
mod walk;

pub(super) use matching::{Fit, fit, folded};
pub(super) use reference::{Reference, parse};
pub(super) use resolve::{Meant, model, resolve};
pub(super) use walk::{Known, OPERATIONS, Walked, Wanted, walk};

use serde_json::Value;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Workspace,
    Model,
    Report,
    Dashboard,
    Dataflow,
    App,
}

impl Kind {
    pub(in crate::tools) const ALL: [Self; 6] = [
        Self::Workspace,
        Self::Model,
        Self::Report,
        Self::Dashboard,
        Self::Dataflow,
        Self::App,
    ];

    /// The word in arguments and answers.
    pub(in crate::tools) fn word(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Model => "semantic_model",
            Self::Report => "report",
            Self::Dashboard => "dashboard",
            Self::Dataflow => "dataflow",
            Self::App => "app",
        }
    }

    /// The words in a sentence.
    pub(in crate::tools) fn words(self) -> &'static str {
        match self {
            Self::Model => "semantic model",
            other => other.word(),
        }
    }

    /// The kind of a word, with the names that Power BI had and has for it.
    pub(in crate::tools) fn of_word(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        Some(match word.strip_suffix('s').unwrap_or(&word) {
            "workspace" | "group" => Self::Workspace,
            "semantic_model" | "semanticmodel" | "model" | "dataset" => Self::Model,
            "report" => Self::Report,
            "dashboard" => Self::Dashboard,
            "dataflow" => Self::Dataflow,
            "app" => Self::App,
            _ => return None,
        })
    }

    /// The kind of item whose id follows this word in an address.
    pub(in crate::tools) fn of_path(word: &str) -> Option<Self> {
        Some(match word {
            "reports" | "rdlreports" => Self::Report,
            "datasets" | "semanticmodels" | "modeling" => Self::Model,
            "dashboards" => Self::Dashboard,
            "dataflows" => Self::Dataflow,
            _ => return None,
        })
    }
}

/// Where an item is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Home {
    Mine,
    Workspace {
        id: String,
        name: String,
    },
    App {
        id: String,
        name: String,
    },
    /// An id was given, and no list the person can see holds it.
    Unknown,
}

impl Home {
    /// The workspace for a path that begins with `/groups/{id}`.
    pub(in crate::tools) fn workspace_id(&self) -> Option<&str> {
        match self {
            Self::Workspace { id, .. } => Some(id),
            Self::Mine | Self::App { .. } | Self::Unknown => None,
        }
    }

    /// For people.
    pub(in crate::tools) fn name(&self) -> String {
        match self {
            Self::Mine => "My workspace".into(),
            Self::Workspace { name, .. } => name.clone(),
            Self::App { name, .. } => format!("app {name}"),
            Self::Unknown => "an unknown workspace".into(),
        }
    }
}

/// One item a person can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub kind: Kind,
    pub id: String,
    pub name: String,
    pub home: Home,
    /// The semantic model of a report.
    pub model: Option<String>,
    pub is_paginated: bool,
}

impl Item {
    /// An entry of a list of Power BI's; nothing without an id.
    pub(in crate::tools) fn of(kind: Kind, home: &Home, entry: &Value) -> Option<Self> {
        let text = |name: &str| entry[name].as_str().filter(|it| !it.is_empty());
        let id = text("id").or_else(|| text("objectId"))?;
        let name = text("name").or_else(|| text("displayName")).unwrap_or(id);
        Some(Self {
            kind,
            id: id.to_owned(),
            name: name.to_owned(),
            home: home.clone(),
            model: text("datasetId").filter(|_| kind == Kind::Report).map(str::to_owned),
            is_paginated: text("reportType").is_some_and(|it| it.eq_ignore_ascii_case("PaginatedReport")),
        })
    }

    /// The line of this item in a list.
    pub(in crate::tools) fn line(&self) -> Vec<String> {
        let kind = if self.is_paginated {
            "paginated report"
        } else {
            self.kind.word()
        };
        let home = match self.kind {
            Kind::Workspace | Kind::App => String::new(),
            _ => self.home.name(),
        };
        vec![kind.to_owned(), self.name.clone(), home, self.id.clone()]
    }
}

/// The head of a list of items.
pub(super) const HEAD: [&str; 4] = ["type", "name", "workspace", "id"];
