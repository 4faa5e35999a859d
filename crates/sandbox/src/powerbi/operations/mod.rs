//! The operations the sandbox does. The first whose path matches is meant, so plain words come before `{}`.

mod content;
mod goals;
mod models;
mod places;
mod tenant;

use crate::powerbi::admin::Gate;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::refusal::Refusal;

/// What an operation does with a call.
type Run = fn(&Call) -> Result<Answer, Refusal>;

/// One operation.
pub(in crate::powerbi) struct Operation {
    /// HTTP method.
    pub(in crate::powerbi) method: &'static str,
    /// Path below `/v1.0/myorg/`; `~/` stands for "in a workspace or without one".
    pub(in crate::powerbi) path: &'static str,
    /// Delegated permissions needed.
    pub(in crate::powerbi) scopes: &'static str,
    /// The work itself.
    pub(in crate::powerbi) run: Run,
    /// Works so long that it must not hold up other calls.
    pub(in crate::powerbi) is_heavy: bool,
    /// Takes uploads.
    pub(in crate::powerbi) takes_files: bool,
    /// Who may ask, and how often, where that is for administrators.
    pub(in crate::powerbi) gate: Option<Gate>,
}

impl Operation {
    const fn heavy(mut self) -> Operation {
        self.is_heavy = true;
        self
    }

    const fn behind(mut self, gate: Gate) -> Operation {
        self.gate = Some(gate);
        self
    }

    const fn with_files(mut self) -> Operation {
        self.takes_files = true;
        self
    }
}

const fn on(method: &'static str, path: &'static str, scopes: &'static str, run: Run) -> Operation {
    Operation {
        method,
        path,
        scopes,
        run,
        is_heavy: false,
        takes_files: false,
        gate: None,
    }
}

const fn get(path: &'static str, scopes: &'static str, run: Run) -> Operation {
    on("GET", path, scopes, run)
}

const fn post(path: &'static str, scopes: &'static str, run: Run) -> Operation {
    on("POST", path, scopes, run)
}

const fn patch(path: &'static str, scopes: &'static str, run: Run) -> Operation {
    on("PATCH", path, scopes, run)
}

const fn put(path: &'static str, scopes: &'static str, run: Run) -> Operation {
    on("PUT", path, scopes, run)
}

const fn delete(path: &'static str, scopes: &'static str, run: Run) -> Operation {
    on("DELETE", path, scopes, run)
}

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Operation> {
    [
        places::OPERATIONS,
        models::OPERATIONS,
        content::OPERATIONS,
        goals::OPERATIONS,
        tenant::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
