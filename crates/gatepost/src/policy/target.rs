//! What a call is about: its item, its workspace, and every workspace that its arguments name.

use std::collections::BTreeSet;

use catalogue::ItemKind;
use cedar_policy::EntityUid;
use serde_json::Value;

use crate::policy::question::Question;
use crate::policy::schema::Type;

/// One thing the call touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub uid: EntityUid,
    pub kind: &'static str,
    pub parents: Vec<EntityUid>,
}

/// Everything a call is about: first what its path names, then the workspaces named elsewhere in its arguments.
///
/// Invariant: a call that moves or copies something into a workspace is judged for that workspace too.
pub(super) fn targets(question: &Question<'_>) -> Vec<Target> {
    let environment = Type::Environment.uid(&question.caller.environment.0);
    let workspace = question.workspace.map(canonical_id);
    let mut targets = vec![named_by_path(question, &environment, workspace.as_deref())];
    for other in workspaces_in(question.arguments) {
        if workspace.as_ref() != Some(&other) {
            targets.push(Target {
                uid: Type::Workspace.uid(&other),
                kind: ItemKind::Workspace.as_str(),
                parents: vec![environment.clone()],
            });
        }
    }
    targets
}

fn named_by_path(question: &Question<'_>, environment: &EntityUid, workspace: Option<&str>) -> Target {
    let kind = question.operation.item.filter(|it| *it != ItemKind::Workspace);
    let above = workspace.map_or_else(|| environment.clone(), |id| Type::Workspace.uid(id));
    match (kind, question.item, workspace) {
        (Some(kind), Some(item), _) => {
            let uid = Type::Item.uid(&canonical_id(item));
            let mut parents = vec![above, environment.clone()];
            parents.extend(items_above(question).filter(|it| *it != uid));
            Target {
                uid,
                kind: kind.as_str(),
                parents,
            }
        }
        (_, _, Some(_)) => Target {
            uid: above,
            kind: ItemKind::Workspace.as_str(),
            parents: vec![environment.clone()],
        },
        _ => Target {
            uid: environment.clone(),
            kind: "environment",
            parents: vec![],
        },
    }
}

/// The other objects in the path, such as the dashboard of a tile.
fn items_above<'a>(question: &Question<'a>) -> impl Iterator<Item = EntityUid> + use<'a> {
    let is_item = |name: &str| ItemKind::named_by(name).is_some_and(|it| it != ItemKind::Workspace);
    let arguments = question.arguments.as_object().into_iter().flatten();
    let in_path = question
        .operation
        .parameters
        .iter()
        .filter(|it| it.place == catalogue::Place::Path);
    let names: Vec<&str> = in_path.map(|it| it.name.as_str()).filter(|it| is_item(it)).collect();
    arguments
        .filter(move |(name, _)| names.iter().any(|it| it.eq_ignore_ascii_case(name)))
        .filter_map(|(_, value)| value.as_str())
        .map(|id| Type::Item.uid(&canonical_id(id)))
}

/// Whether the call reaches content of a workspace that nobody can tell from the call.
pub(super) fn is_workspace_unknown(operation: &catalogue::Operation) -> bool {
    let holds_content = |kind| {
        !matches!(
            kind,
            ItemKind::Workspace | ItemKind::Capacity | ItemKind::Gateway | ItemKind::Datasource | ItemKind::Profile
        )
    };
    !operation.is_in_workspace() && operation.item.is_some_and(holds_content)
}

/// The ids under any key that speaks of workspaces, such as `targetWorkspaceId` or `targetWorkspaces`.
fn workspaces_in(arguments: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(arguments, false, &mut found);
    found
}

fn collect(value: &Value, is_under_workspace: bool, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let key = key.to_ascii_lowercase();
                // A member of a listed workspace names it by `id`; other members are not ids of workspaces.
                let is_id = key.contains("workspace") || is_under_workspace && key == "id";
                collect(member, is_id, found);
            }
        }
        Value::Array(members) => members.iter().for_each(|it| collect(it, is_under_workspace, found)),
        Value::String(text) if is_under_workspace => found.extend(guid(text)),
        _ => {}
    }
}

/// The id in the one spelling used in decisions: a GUID in lower case with hyphens, any other text as it is.
pub(super) fn canonical_id(id: &str) -> String {
    guid(id).unwrap_or_else(|| id.to_owned())
}

/// A GUID in any spelling that Power BI takes, in lower case with hyphens.
pub(super) fn guid(text: &str) -> Option<String> {
    let inner = match text.trim().as_bytes() {
        [b'{', inner @ .., b'}'] | [b'(', inner @ .., b')'] | inner => inner,
    };
    let is_hyphenated = inner.len() == 36 && [8, 13, 18, 23].iter().all(|at| inner[*at] == b'-');
    let digits: String = match (is_hyphenated, inner.len()) {
        (true, _) => inner
            .iter()
            .enumerate()
            .filter(|(at, _)| ![8, 13, 18, 23].contains(at))
            .map(|(_, it)| char::from(*it))
            .collect(),
        (false, 32) => inner.iter().map(|it| char::from(*it)).collect(),
        _ => return None,
    };
    let digits = digits.to_ascii_lowercase();
    let is_guid = digits.len() == 32 && digits.bytes().all(|it| it.is_ascii_hexdigit());
    is_guid.then(|| {
        [
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        ]
        .join("-")
    })
}
