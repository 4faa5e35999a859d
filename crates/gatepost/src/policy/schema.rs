//! The Cedar schema: our entities, and one action per operation of the catalogue in its effect's group.

use std::fmt::Write as _;
use std::sync::LazyLock;

use catalogue::Catalogue;
use catalogue::Effect;
use cedar_policy::EntityId;
use cedar_policy::EntityTypeName;
use cedar_policy::EntityUid;
use cedar_policy::Schema;
use cedar_policy::Validator;

/// The schema as text, for people who write policies by hand.
pub fn schema_text() -> &'static str {
    &TEXT
}

pub(super) fn validator() -> &'static Validator {
    &VALIDATOR
}

static TEXT: LazyLock<String> = LazyLock::new(text);

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let (schema, _warnings) =
        Schema::from_cedarschema_str(&TEXT).expect("the schema is made from a file and a catalogue that tests read");
    Validator::new(schema)
});

fn text() -> String {
    let mut text = include_str!("schema.cedarschema").to_owned();
    let mut put = |line: std::fmt::Arguments<'_>| text.write_fmt(line).expect("a string takes any text");
    put(format_args!("\n"));
    for effect in Effect::ALL {
        put(format_args!("action \"{effect}\";\n"));
    }
    for operation in Catalogue::builtin().operations() {
        let (id, effect) = (EntityId::new(&operation.id), operation.effect);
        put(format_args!(
            "action \"{}\" in [\"{effect}\"] appliesTo {{ principal: Person, resource: [Environment, Workspace, Item], context: Call }};\n",
            id.escaped()
        ));
    }
    text
}

/// The kinds of things a policy can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Type {
    Action,
    Application,
    Arguments,
    Environment,
    Group,
    Item,
    Person,
    Workspace,
}

impl Type {
    const ALL: [Self; 8] = [
        Self::Action,
        Self::Application,
        Self::Arguments,
        Self::Environment,
        Self::Group,
        Self::Item,
        Self::Person,
        Self::Workspace,
    ];

    /// The name of one thing of this type.
    pub(super) fn uid(self, id: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(NAMES[self as usize].clone(), EntityId::new(id))
    }

    /// The type of a named thing, if the schema has it.
    pub(super) fn of(uid: &EntityUid) -> Option<Self> {
        Self::ALL.into_iter().find(|it| NAMES[*it as usize] == *uid.type_name())
    }
}

/// Parsed once: Cedar's parser is far slower than a decision.
static NAMES: LazyLock<[EntityTypeName; 8]> =
    LazyLock::new(|| Type::ALL.map(|it| format!("{it:?}").parse().expect("the variants are words")));
