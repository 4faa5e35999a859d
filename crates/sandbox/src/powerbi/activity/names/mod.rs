//! What Power BI calls the things callers do.

mod content;
mod goals;
mod places;
mod tenant;

use crate::world::activity::SubjectKind;

/// One operation that is written down.
pub(super) struct Named {
    method: &'static str,
    path: &'static str,
    /// The word of the activity log.
    pub(super) activity: &'static str,
    /// What it is about.
    pub(super) about: About,
    /// It changes what it is about.
    pub(super) changes: bool,
}

/// Where to look for what an event is about.
#[derive(Clone, Copy)]
pub(super) enum About {
    /// A thing in the path.
    Path(SubjectKind),
    /// The thing the operation made.
    Made(SubjectKind),
    /// Nothing in particular.
    Nothing,
}

const fn seen(method: &'static str, path: &'static str, activity: &'static str, about: About) -> Named {
    Named {
        method,
        path,
        activity,
        about,
        changes: false,
    }
}

const fn changed(method: &'static str, path: &'static str, activity: &'static str, kind: SubjectKind) -> Named {
    Named {
        method,
        path,
        activity,
        about: About::Path(kind),
        changes: true,
    }
}

const fn made(path: &'static str, activity: &'static str, kind: SubjectKind) -> Named {
    Named {
        method: "POST",
        path,
        activity,
        about: About::Made(kind),
        changes: true,
    }
}

/// The row of an operation, if it is written down at all.
pub(super) fn find(method: &str, path: &str) -> Option<&'static Named> {
    all().find(|named| named.method == method && named.path == path)
}

fn all() -> impl Iterator<Item = &'static Named> {
    [content::NAMES, places::NAMES, goals::NAMES, tenant::NAMES]
        .into_iter()
        .flatten()
}

/// The name of the path parameter that holds a thing's id.
pub(super) fn parameter(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Report => "report",
        SubjectKind::Dashboard => "dashboard",
        SubjectKind::Model => "dataset",
        SubjectKind::Dataflow => "dataflow",
        SubjectKind::App => "app",
        SubjectKind::Workspace => "group",
        SubjectKind::Import => "import",
        SubjectKind::Pipeline => "pipeline",
        SubjectKind::Gateway => "gateway",
        SubjectKind::Capacity => "capacity",
        SubjectKind::Key => "tenant_key",
        SubjectKind::Scorecard => "scorecard",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::powerbi::operations;

    #[test]
    fn every_row_names_an_operation_of_the_api() {
        for named in all() {
            let done = operations::all().any(|known| known.method == named.method && known.path == named.path);
            assert!(done, "{} {}", named.method, named.path);
        }
    }
}
