//! One call put to the policies, and its translation for Cedar.

use std::collections::HashMap;

use cedar_policy::Context;
use cedar_policy::Entities;
use cedar_policy::Entity;
use cedar_policy::EntityUid;
use cedar_policy::Request;
use cedar_policy::RestrictedExpression;
use serde_json::Value;

use crate::caller::Caller;
use crate::caller::Through;
use crate::clock::Timestamp;
use crate::policy::schema::Type;
use crate::policy::target::Target;
use crate::policy::target::canonical_id;

/// More arguments than any operation takes; a call with more is refused where a policy reads them.
const ARGUMENTS_MAX: usize = 4_096;
const ARGUMENTS_MAX_DEPTH: usize = 32;
/// How far the clocks of two machines may differ.
const CLOCK_SKEW_S: i64 = 60;

/// One call, about to be made, as the policies see it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub caller: &'a Caller,
    pub operation: &'a catalogue::Operation,
    /// The workspace that the path names.
    pub workspace: Option<&'a str>,
    /// The object that the path names, other than a workspace.
    pub item: Option<&'a str>,
    /// Every object that path and body name, as the binder found them.
    pub objects: &'a [catalogue::Object],
    /// One flat object: the values of path and query by name, and `body`.
    pub arguments: &'a Value,
    /// The tool through which an agent makes the call.
    pub tool: Option<&'a str>,
    /// For whom the body speaks instead of the caller, as the binder found it.
    pub speaks_for: &'a [String],
    pub now: Timestamp,
    /// Whether a person approved exactly this call.
    pub approved: bool,
}

/// A call that cannot be put to Cedar, so that nothing may follow from it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unaskable {
    #[error("more arguments, or deeper ones, than policies can read")]
    Arguments,
    #[error("the call could not be put to the policies: {0}")]
    Cedar(String),
}

/// Who a policy may name to speak of this caller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Who {
    Person(String),
    Group(String),
    Application(String),
}

impl Who {
    /// Everything this caller is or belongs to.
    pub(super) fn all_of(caller: &Caller) -> Vec<Self> {
        let mut all = vec![Self::Person(caller.person.0.clone())];
        all.extend(caller.groups.iter().map(|it| Self::Group(it.0.clone())));
        if let Through::ApiKey { key, .. } = &caller.through {
            all.push(Self::Application(key.0.clone()));
        }
        all
    }

    /// What a policy's scope names, if it names a person or a set of people.
    pub(super) fn named_by(uid: &EntityUid) -> Option<Self> {
        let id = uid.id().unescaped().to_owned();
        match Type::of(uid)? {
            Type::Person => Some(Self::Person(id)),
            Type::Group => Some(Self::Group(id)),
            Type::Application => Some(Self::Application(id)),
            Type::Action | Type::Arguments | Type::Environment | Type::Item | Type::Workspace => None,
        }
    }

    fn uid(&self) -> EntityUid {
        match self {
            Self::Person(id) => Type::Person.uid(id),
            Self::Group(id) => Type::Group.uid(id),
            Self::Application(id) => Type::Application.uid(id),
        }
    }
}

/// The id and the kind of what the caller speaks through.
pub(super) fn client(through: &Through) -> (&str, &'static str) {
    match through {
        Through::Portal => ("portal", "portal"),
        Through::Client { client, .. } => (&client.0, "client"),
        Through::ApiKey { key, .. } => (&key.0, "api_key"),
        Through::Job { name } => (name, "job"),
    }
}

/// The call as Cedar requests, one per target, over one set of entities.
pub(super) struct Asked {
    pub requests: Vec<Request>,
    pub entities: Entities,
}

impl Asked {
    /// `reads_arguments`: whether any policy that may apply reads them; they are left out otherwise.
    pub(super) fn new(question: &Question<'_>, targets: &[Target], reads_arguments: bool) -> Result<Self, Unaskable> {
        let principal = Type::Person.uid(&question.caller.person.0);
        let action = Type::Action.uid(&question.operation.id);
        let mut entities = vec![
            person(question.caller, &principal)?,
            arguments(question, reads_arguments)?,
        ];
        let effect = Type::Action.uid(question.operation.effect.as_str());
        entities.push(Entity::new_no_attrs(action.clone(), [effect].into()));
        for target in targets {
            entities.push(resource(target)?);
        }
        let context = context(question)?;
        let request = |target: &Target| {
            Request::new(
                principal.clone(),
                action.clone(),
                target.uid.clone(),
                context.clone(),
                None,
            )
            .map_err(failed)
        };
        Ok(Self {
            requests: targets.iter().map(request).collect::<Result<_, _>>()?,
            entities: Entities::from_entities(entities, None).map_err(failed)?,
        })
    }
}

#[cfg(test)]
impl Asked {
    /// Panics where the schema does not have what the policies are asked about.
    pub(super) fn validate(&self, schema: &cedar_policy::Schema) {
        for request in &self.requests {
            let part = |uid: Option<&EntityUid>| uid.cloned().expect("everything is known");
            let (principal, action, resource) = (
                part(request.principal()),
                part(request.action()),
                part(request.resource()),
            );
            let context = request.context().cloned().expect("everything is known");
            Request::new(principal, action, resource, context, Some(schema)).expect("the request fits the schema");
        }
        Entities::from_entities(self.entities.iter().cloned(), Some(schema)).expect("the entities fit the schema");
    }
}

fn person(caller: &Caller, uid: &EntityUid) -> Result<Entity, Unaskable> {
    let parents = Who::all_of(caller)
        .iter()
        .map(Who::uid)
        .filter(|it| it != uid)
        .collect();
    let role = text(caller.role.as_str());
    Entity::new(uid.clone(), HashMap::from([("role".to_owned(), role)]), parents).map_err(failed)
}

fn resource(target: &Target) -> Result<Entity, Unaskable> {
    let kind = HashMap::from([("kind".to_owned(), text(target.kind))]);
    Entity::new(target.uid.clone(), kind, target.parents.iter().cloned().collect()).map_err(failed)
}

fn context(question: &Question<'_>) -> Result<Context, Unaskable> {
    let (id, kind) = client(&question.caller.through);
    let client = [("id".to_owned(), text(id)), ("kind".to_owned(), text(kind))];
    let mut pairs = vec![
        (
            "client".to_owned(),
            RestrictedExpression::new_record(client).map_err(failed)?,
        ),
        (
            "arguments".to_owned(),
            RestrictedExpression::new_entity_uid(Type::Arguments.uid("call")),
        ),
        (
            "now".to_owned(),
            RestrictedExpression::new_datetime(question.now.rfc3339()),
        ),
        (
            "authentication_age".to_owned(),
            RestrictedExpression::new_long(authentication_age_s(question)),
        ),
        ("approved".to_owned(), RestrictedExpression::new_bool(question.approved)),
        (
            "speaks_for".to_owned(),
            RestrictedExpression::new_set(question.speaks_for.iter().map(|it| text(it))),
        ),
    ];
    pairs.extend(
        question
            .caller
            .address
            .map(|it| ("address".to_owned(), RestrictedExpression::new_ip(it.to_string()))),
    );
    pairs.extend(question.tool.map(|it| ("tool".to_owned(), text(it))));
    Context::from_pairs(pairs).map_err(failed)
}

/// Invariant: a proof of identity from the future is no proof, and what needs no person to be there proves nobody's presence.
fn authentication_age_s(question: &Question<'_>) -> i64 {
    if let Through::ApiKey { .. } | Through::Job { .. } = &question.caller.through {
        return i64::MAX;
    }
    let age = question.now.since_ms(question.caller.authenticated_at).div_euclid(1000);
    match age {
        0.. => age,
        _ if -CLOCK_SKEW_S <= age => 0,
        _ => i64::MAX,
    }
}

fn arguments(question: &Question<'_>, is_read: bool) -> Result<Entity, Unaskable> {
    let mut tags = Vec::new();
    if is_read && let Value::Object(members) = question.arguments {
        for (name, value) in members {
            // The binder takes names in any case, so a policy must see the one spelling of the catalogue.
            let parameter = question.operation.parameter(name);
            let name = parameter.map_or(name.as_str(), |it| it.name.as_str());
            let is_guid = parameter.is_some_and(|it| it.kind == catalogue::Kind::Guid);
            match value {
                Value::String(id) if is_guid => tags.push((pointer("", name), canonical_id(id))),
                _ => flatten(pointer("", name), value, 0, &mut tags)?,
            }
        }
    }
    let names: std::collections::BTreeSet<_> = tags.iter().map(|(name, _)| name).collect();
    if names.len() != tags.len() {
        return Err(Unaskable::Arguments);
    }
    let tags = tags.into_iter().map(|(name, value)| (name, text(&value)));
    Entity::new_with_tags(Type::Arguments.uid("call"), [], [], tags).map_err(failed)
}

/// Each value by its path, as text; lists and objects also whole, as JSON.
fn flatten(path: String, value: &Value, depth: usize, tags: &mut Vec<(String, String)>) -> Result<(), Unaskable> {
    if ARGUMENTS_MAX_DEPTH < depth || ARGUMENTS_MAX < tags.len() {
        return Err(Unaskable::Arguments);
    }
    match value {
        Value::Null => return Ok(()),
        Value::Bool(_) | Value::Number(_) => tags.push((path, value.to_string())),
        Value::String(text) => tags.push((path, text.clone())),
        Value::Array(members) => {
            for (at, member) in members.iter().enumerate() {
                flatten(pointer(&path, &at.to_string()), member, depth + 1, tags)?;
            }
            tags.push((path, value.to_string()));
        }
        Value::Object(members) => {
            for (name, member) in members {
                flatten(pointer(&path, name), member, depth + 1, tags)?;
            }
            tags.push((path, value.to_string()));
        }
    }
    Ok(())
}

/// A path in the manner of RFC 6901 §3, without the first slash: no two values share one.
fn pointer(path: &str, name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    if path.is_empty() {
        name
    } else {
        format!("{path}/{name}")
    }
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn failed(error: impl std::fmt::Display) -> Unaskable {
    Unaskable::Cedar(error.to_string())
}
