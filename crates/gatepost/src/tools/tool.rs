//! What a tool is: static data that an agent sees, and the function behind it.

use std::pin::Pin;
use std::sync::LazyLock;

use bytes::Bytes;
use catalogue::{Catalogue, Effect, Operation};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::fault::Fault;
use super::outcome::Said;
use crate::caller::Scope;

/// One workflow tool.
///
/// Invariant: everything an agent sees of it is fixed at build time; nothing of Power BI's ever enters it.
#[derive(Debug)]
pub struct Tool {
    pub name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    /// JSON Schema of the arguments: a flat object without references.
    pub input: &'static str,
    /// JSON Schema of the structured answer, if there is one.
    pub output: Option<&'static str>,
    pub hints: Hints,
    /// Every operation it may call; a call of any other is refused.
    pub operations: Emits,
    /// Of the listed operations, those of which the policies must allow one for the tool to be of use; empty means always.
    pub needs: &'static [&'static str],
    pub(super) run: Run,
}

/// Which operations a tool may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emits {
    /// These, in groups.
    Listed(&'static [&'static [&'static str]]),
    /// Every operation that only reads.
    Reads,
    /// Every operation that changes something.
    Changes,
}

impl Emits {
    /// Whether an operation is one of them.
    pub fn includes(self, operation: &Operation) -> bool {
        match self {
            Self::Listed(groups) => groups.iter().any(|group| group.contains(&operation.id.as_str())),
            Self::Reads => operation.effect == Effect::Read,
            Self::Changes => operation.effect != Effect::Read,
        }
    }
}

/// What MCP calls annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hints {
    pub read_only: bool,
    pub destructive: bool,
    pub idempotent: bool,
    pub open_world: bool,
}

impl Hints {
    /// Reads Power BI and changes nothing.
    pub(super) const READS: Self = Self {
        read_only: true,
        destructive: false,
        idempotent: true,
        open_world: true,
    };

    /// Changes or removes what is in Power BI; a second call may change more.
    pub(super) const CHANGES: Self = Self {
        read_only: false,
        destructive: true,
        idempotent: false,
        open_world: true,
    };
}

pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Result<Said, Fault>> + Send + 'a>>;
pub(super) type Run = for<'a> fn(&'a Context<'a>, &'a Map<String, Value>) -> Running<'a>;

impl Tool {
    /// Whether the manifest lists this operation.
    pub fn may_emit(&self, id: &str) -> bool {
        let operation = Catalogue::builtin().operation(id);
        operation.is_some_and(|it| self.operations.includes(it))
    }

    /// The operations of which the policies must allow one for the tool to be of use; none means that it always is.
    pub(super) fn needed(&self) -> Box<dyn Iterator<Item = &'static Operation> + Send> {
        let catalogue = Catalogue::builtin();
        match self.operations {
            Emits::Listed(_) => Box::new(self.needs.iter().filter_map(|id| catalogue.operation(id))),
            all => Box::new(catalogue.operations().iter().filter(move |it| all.includes(it))),
        }
    }

    /// The least scope with which the tool is of use.
    pub fn scope(&self) -> Scope {
        let needed = self.needed();
        let least = needed.map(|operation| Scope::needed_for(operation.effect)).min();
        least.unwrap_or(Scope::Read)
    }

    /// The tool as MCP lists it.
    pub fn listed(&self) -> Value {
        let schema = |text: &str| serde_json::from_str::<Value>(text).expect("a test reads every schema");
        let mut listed = json!({
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": schema(self.input),
            "annotations": {
                "title": self.title,
                "readOnlyHint": self.hints.read_only,
                "destructiveHint": self.hints.destructive,
                "idempotentHint": self.hints.idempotent,
                "openWorldHint": self.hints.open_world,
            },
        });
        if let Some(output) = self.output {
            listed["outputSchema"] = schema(output);
        }
        listed
    }
}

/// What is made once of a tool's data.
pub(super) struct Ready {
    /// The tool as MCP lists it, as JSON.
    pub listed: Bytes,
    /// Made from exactly the schema that is listed.
    pub validator: Validator,
    /// The names of the arguments, in the order of the alphabet.
    pub arguments: Vec<String>,
}

static READY: LazyLock<Vec<Ready>> = LazyLock::new(|| {
    let ready = |tool: &Tool| {
        let listed = tool.listed();
        let schema = &listed["inputSchema"];
        let names = schema["properties"].as_object().into_iter().flat_map(Map::keys);
        Ready {
            validator: jsonschema::validator_for(schema).expect("a test compiles every schema"),
            arguments: names.cloned().collect(),
            listed: listed.to_string().into(),
        }
    };
    super::all().iter().map(ready).collect()
});

/// The tools made ready, in the order of `all`.
pub(super) fn ready() -> &'static [Ready] {
    &READY
}
