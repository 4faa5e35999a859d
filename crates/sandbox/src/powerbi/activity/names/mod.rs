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
    /// Many things, each of which the operation writes down by itself.
    Each,
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

const fn each(path: &'static str, activity: &'static str) -> Named {
    Named {
        method: "POST",
        path,
        activity,
        about: About::Each,
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
    use catalogue::Catalogue;
    use catalogue::Effect;

    use super::*;
    use crate::powerbi::operations;
    use crate::powerbi::route;

    /// Operations that change something, or are the administrators', and have no word of their own in the list of
    /// audited operations that Microsoft publishes.
    const WITHOUT_A_WORD: &[(&str, &str)] = &[
        (
            "users.refresh_permissions",
            "the caller's own rights are read again; nothing changes for anybody",
        ),
        (
            "admin.get_group",
            "a look at one workspace; the list has a word for all of them",
        ),
        (
            "admin.get_scan_status",
            "a look at a scan whose start and result are written down",
        ),
        (
            "admin.list_capacities",
            "a look; the list has words for their users and refreshables alone",
        ),
    ];

    /// The operation the sandbox does for one of the catalogue.
    fn done(operation: &catalogue::Operation) -> Option<&'static operations::Operation> {
        let path = operation.path.as_str().strip_prefix("/v1.0/myorg").unwrap_or_default();
        // Names of the two differ, so that a value stands in for each.
        let mut pieces = path.split('{');
        let first = pieces.next().unwrap_or_default().to_owned();
        let filled = pieces.fold(first, |path, piece| {
            path + "x" + piece.split_once('}').map_or("", |(_, rest)| rest)
        });
        let segments = route::segments(&filled)?;
        operations::all()
            .find(|known| known.method == operation.method.as_str() && route::matches(known.path, &segments).is_some())
    }

    #[test]
    fn every_change_has_a_word_of_the_activity_log_or_a_reason_to_have_none() {
        let (mut silent, mut needless) = (Vec::new(), Vec::new());
        for operation in Catalogue::builtin().operations() {
            let done = done(operation).unwrap_or_else(|| panic!("{} is not done", operation.id));
            let has_word = find(done.method, done.path).is_some();
            let is_excused = WITHOUT_A_WORD.iter().any(|(id, _)| operation.id.as_str() == *id);
            if operation.effect != Effect::Read && !has_word && !is_excused {
                silent.push(operation.id.as_str());
            }
            if has_word && is_excused {
                needless.push(operation.id.as_str());
            }
        }
        assert_eq!((silent, needless), (Vec::new(), Vec::new()));
    }

    #[test]
    fn every_reason_is_for_an_operation_of_the_catalogue() {
        for (id, reason) in WITHOUT_A_WORD {
            assert!(Catalogue::builtin().operation(id).is_some(), "{id}: {reason}");
        }
    }

    #[test]
    fn every_row_names_an_operation_of_the_api() {
        for named in all() {
            let done = operations::all().any(|known| known.method == named.method && known.path == named.path);
            assert!(done, "{} {}", named.method, named.path);
        }
    }
}
