//! What a call is about: its item, its workspace, and what its body names besides.

use catalogue::ItemKind;
use catalogue::Object;
use cedar_policy::EntityUid;

use crate::policy::question::Question;
use crate::policy::schema::Type;

/// One thing the call touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub uid: EntityUid,
    pub kind: &'static str,
    pub parents: Vec<EntityUid>,
}

/// Everything a call is about: first what its path names, then the workspaces and items named in its body.
///
/// Invariant: a call that moves, copies or binds something elsewhere is judged for that place too.
pub(super) fn targets(question: &Question<'_>) -> Vec<Target> {
    let environment = Type::Environment.uid(&question.caller.environment.0);
    let workspace = question.workspace.map(canonical_id);
    let mut targets = vec![named_by_path(question, &environment, workspace.as_deref())];
    for object in named_in_body(question.objects) {
        let is_workspace = object.kind == ItemKind::Workspace;
        if is_workspace && workspace.as_deref() == Some(canonical_id(&object.id).as_str()) {
            continue;
        }
        let kind = if is_workspace { Type::Workspace } else { Type::Item };
        let uid = kind.uid(&canonical_id(&object.id));
        if targets.iter().all(|it| it.uid != uid) {
            targets.push(Target {
                uid,
                kind: object.kind.as_str(),
                parents: vec![environment.clone()],
            });
        }
    }
    targets
}

/// The binder tells the place of each object: the name of a path value, or a path into the body.
fn named_in_body(objects: &[Object]) -> impl Iterator<Item = &Object> {
    objects.iter().filter(|it| it.place.starts_with("body"))
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
    let in_path = question.objects.iter().filter(|it| !it.place.starts_with("body"));
    in_path
        .filter(|it| it.kind != ItemKind::Workspace)
        .map(|it| Type::Item.uid(&canonical_id(&it.id)))
}

/// Whether the call reaches content of a workspace that nobody can tell from the call.
pub(super) fn is_workspace_unknown(question: &Question<'_>) -> bool {
    hides_workspace(question.operation) || named_in_body(question.objects).any(|it| is_content(it.kind))
}

/// Whether every call of the operation does.
pub(super) fn hides_workspace(operation: &catalogue::Operation) -> bool {
    !operation.is_in_workspace() && operation.item.is_some_and(is_content)
}

/// Whether things of this kind live in workspaces or show what does.
fn is_content(kind: ItemKind) -> bool {
    !matches!(
        kind,
        ItemKind::Workspace | ItemKind::Capacity | ItemKind::Gateway | ItemKind::Datasource | ItemKind::Profile
    )
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
