//! What a catalogue file looks like before it is checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::load::Problem;
use crate::load::answers::Answers;
use crate::load::answers::RawAnswer;
use crate::operation::Answer;
use crate::operation::BodyBound;
use crate::operation::Condition;
use crate::operation::Effect;
use crate::operation::Group;
use crate::operation::ItemKind;
use crate::operation::LongRunning;
use crate::operation::Method;
use crate::operation::Operation;
use crate::operation::Paging;
use crate::operation::Principals;
use crate::operation::Rate;
use crate::operation::Status;
use crate::parameter::Kind;
use crate::parameter::Parameter;
use crate::parameter::Place;
use crate::template::Template;

/// One file: its group, the bodies its operations share, the answers and rates that any operation may use, and the operations.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    group: String,
    #[serde(default)]
    title: String,
    /// JSON Schemas as text, by the name operations use.
    #[serde(default)]
    body: BTreeMap<String, String>,
    /// JSON Schemas as text, by the name operations and other answers use.
    #[serde(default)]
    answer_schema: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) rate: BTreeMap<String, Rate>,
    #[serde(default)]
    operation: Vec<RawOperation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOperation {
    id: String,
    microsoft_id: String,
    method: Method,
    path: String,
    summary: String,
    #[serde(default)]
    hints: Vec<String>,
    #[serde(default)]
    parameters: Vec<RawParameter>,
    body: Option<String>,
    #[serde(default = "yes")]
    body_required: bool,
    #[serde(default)]
    body_bound: BodyBound,
    #[serde(default)]
    multipart: bool,
    answer: Answer,
    answer_schema: Option<String>,
    #[serde(default = "no_paging")]
    paging: Paging,
    scopes: String,
    effect: Effect,
    #[serde(default)]
    destructive: bool,
    destructive_if: Option<Condition>,
    long_running: Option<LongRunning>,
    twin: Option<String>,
    #[serde(default)]
    limits: Vec<String>,
    rate: Option<String>,
    principals: Principals,
    #[serde(default = "ga")]
    status: Status,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParameter {
    name: String,
    #[serde(default = "text")]
    kind: Kind,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    values: Vec<String>,
    min: Option<i64>,
    max: Option<i64>,
    #[serde(default)]
    quoted: bool,
    summary: String,
}

fn yes() -> bool {
    true
}

fn no_paging() -> Paging {
    Paging::None
}

fn ga() -> Status {
    Status::Ga
}

fn text() -> Kind {
    Kind::Text
}

impl File {
    /// The group of the file, if it holds one.
    pub(crate) fn group(&self) -> Option<Group> {
        match self.group.is_empty() {
            true => None,
            false => Some(Group {
                id: self.group.clone(),
                title: self.title.clone(),
            }),
        }
    }

    /// Takes the answers out of the file.
    pub(crate) fn raw_answers(&mut self, file: &str) -> Vec<RawAnswer> {
        std::mem::take(&mut self.answer_schema)
            .into_iter()
            .map(|(name, text)| RawAnswer {
                file: file.to_owned(),
                name,
                text,
            })
            .collect()
    }

    /// The operations of the file, or what in it cannot be understood.
    pub(crate) fn operations(
        self,
        name: &str,
        rates: &BTreeMap<String, Rate>,
        answers: &Answers,
    ) -> Result<Vec<Operation>, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut bodies = BTreeMap::new();
        for (body, text) in &self.body {
            match serde_json::from_str(text) {
                Ok(schema) => drop(bodies.insert(body.as_str(), schema)),
                Err(error) => problems.push(Problem::new(name, format!("body {body}: {error}"))),
            }
        }
        let mut operations = Vec::new();
        for raw in self.operation {
            let place = format!("{name}: {}", raw.id);
            match raw.operation(&self.group, &bodies, rates, answers) {
                Ok(operation) => operations.push(operation),
                Err(message) => problems.push(Problem::new(&place, message)),
            }
        }
        match problems.is_empty() {
            true => Ok(operations),
            false => Err(problems),
        }
    }
}

impl RawOperation {
    fn operation(
        self,
        group: &str,
        bodies: &BTreeMap<&str, Value>,
        rates: &BTreeMap<String, Rate>,
        answers: &Answers,
    ) -> Result<Operation, String> {
        let path = Template::parse(&self.path)?;
        let parameters: Vec<_> = self.parameters.into_iter().map(|raw| raw.parameter(&path)).collect();
        let body = match &self.body {
            Some(name) => Some(bodies.get(name.as_str()).ok_or("body is not in the file")?.clone()),
            None => None,
        };
        let rate = match &self.rate {
            Some(class) => Some(rates.get(class).ok_or("rate class is not known")?.clone()),
            None => None,
        };
        let answer_schema = match &self.answer_schema {
            Some(name) => Some(answers.named(name)?),
            None => None,
        };
        let item = path.names().into_iter().rev().find_map(ItemKind::named_by);
        Ok(Operation {
            id: self.id,
            microsoft_id: self.microsoft_id,
            group: group.to_owned(),
            method: self.method,
            path,
            summary: self.summary,
            hints: self.hints,
            parameters,
            body_required: body.is_some() && self.body_required,
            body,
            body_bound: self.body_bound,
            multipart: self.multipart,
            answer: self.answer,
            answer_schema,
            paging: self.paging,
            scopes: self.scopes.parse()?,
            effect: self.effect,
            destructive: self.destructive,
            destructive_if: self.destructive_if,
            long_running: self.long_running,
            twin: self.twin,
            limits: self.limits,
            rate,
            principals: self.principals,
            status: self.status,
            item,
        })
    }
}

impl RawParameter {
    fn parameter(self, path: &Template) -> Parameter {
        let is_in_path = path.names().contains(&self.name.as_str());
        Parameter {
            name: self.name,
            place: if is_in_path { Place::Path } else { Place::Query },
            kind: self.kind,
            required: self.required || is_in_path,
            values: self.values,
            min: self.min,
            max: self.max,
            quoted: self.quoted,
            summary: self.summary,
        }
    }
}
