//! All operations, and the way from a path back to its operation.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::load;
use crate::load::Loaded;
use crate::load::Problem;
use crate::operation::Group;
use crate::operation::Operation;
use crate::segment;
use crate::template::Template;

/// Every operation of the Power BI REST API.
#[derive(Debug)]
pub struct Catalogue {
    groups: Vec<Group>,
    operations: Vec<Operation>,
    by_id: HashMap<String, usize>,
    /// Paths by segment count; of two that match, the more exact one comes first.
    routes: BTreeMap<usize, Vec<Route>>,
}

/// One path and the operations on it, one per method.
#[derive(Debug)]
struct Route {
    template: Template,
    operations: Vec<usize>,
}

/// What stands behind a method and a path.
#[derive(Debug)]
pub enum Found<'a> {
    /// The operation, and the decoded values of its path by name.
    Operation(&'a Operation, Vec<(String, String)>),
    /// The path exists; these are the operations on it.
    WrongMethod(Vec<&'a Operation>),
    Unknown,
    /// The path is refused, with the reason.
    BadPath(String),
}

static BUILTIN: LazyLock<Catalogue> = LazyLock::new(|| match Catalogue::load(load::BUILTIN_FILES) {
    Ok(catalogue) => catalogue,
    Err(problems) => panic!("the built-in catalogue is read by a test: {problems:?}"),
});

impl Catalogue {
    /// The catalogue that is part of the program.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Reads files of operations, given as name and TOML text, or lists everything wrong with them.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, Vec<Problem>> {
        load::load(files).map(Self::of)
    }

    /// All operations, in the order of the files.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The groups of operations, in the order of the files.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The operation of this id.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.by_id.get(id).map(|at| &self.operations[*at])
    }

    /// The operation behind a method and a percent-encoded path such as `/v1.0/myorg/groups`.
    pub fn find(&self, method: &str, path: &str) -> Found<'_> {
        let path = match decoded(path) {
            Ok(path) => path,
            Err(why) => return Found::BadPath(why),
        };
        let mut refusal = None;
        for route in self.routes.get(&path.len()).into_iter().flatten() {
            let Some(values) = route.template.values(&path) else {
                continue;
            };
            let on_path: Vec<_> = route.operations.iter().map(|at| &self.operations[*at]).collect();
            match checked(on_path[0], values) {
                Ok(values) => return with_method(on_path, method, values),
                Err(why) => refusal = Some(why),
            }
        }
        refusal.map_or(Found::Unknown, Found::BadPath)
    }

    /// Up to three operations somebody may have meant who met nothing under this path.
    pub fn nearest(&self, method: &str, path: &str) -> Vec<&Operation> {
        let path: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        // Each segment too many or too few counts in full, so most need no closer look, however long the path is.
        let may_be_near = |operation: &&Operation| path.len().abs_diff(operation.path.segment_count()) * SEGMENT <= FAR;
        let mut ranked: Vec<_> = self
            .operations
            .iter()
            .filter(may_be_near)
            .map(|operation| (distance(operation, method, &path), operation))
            .filter(|(distance, _)| *distance <= FAR)
            .collect();
        ranked.sort_by_key(|(distance, _)| *distance);
        ranked.into_iter().take(3).map(|(_, operation)| operation).collect()
    }

    fn of(loaded: Loaded) -> Self {
        let Loaded { groups, operations } = loaded;
        let by_id = (operations.iter().enumerate())
            .map(|(at, operation)| (operation.id.clone(), at))
            .collect();
        let mut by_path: BTreeMap<_, Route> = BTreeMap::new();
        for (at, operation) in operations.iter().enumerate() {
            by_path
                .entry(operation.path.exactness())
                .or_insert_with(|| Route {
                    template: operation.path.clone(),
                    operations: vec![],
                })
                .operations
                .push(at);
        }
        let mut routes: BTreeMap<usize, Vec<Route>> = BTreeMap::new();
        for route in by_path.into_values() {
            routes.entry(route.template.segment_count()).or_default().push(route);
        }
        Self {
            groups,
            operations,
            by_id,
            routes,
        }
    }
}

/// The segments of a path, each decoded once.
fn decoded(path: &str) -> Result<Vec<Cow<'_, str>>, String> {
    let rest = path.strip_prefix('/').ok_or("expected a path that starts with /")?;
    rest.split('/')
        .map(|raw| {
            let text = segment::decode(raw)?;
            segment::check_value(&text, segment::is_token(&text))?;
            Ok(text)
        })
        .collect()
}

/// The values in the spelling of the service, if the operation's parameters allow them.
fn checked(operation: &Operation, values: Vec<(&str, String)>) -> Result<Vec<(String, String)>, String> {
    values
        .into_iter()
        .map(|(name, value)| match operation.parameter(name) {
            Some(parameter) => match parameter.check(value) {
                Ok(value) => Ok((name.to_owned(), value)),
                Err(why) => Err(format!("{name}: {why}")),
            },
            None => Err(format!("{name}: expected a declared parameter")),
        })
        .collect()
}

fn with_method<'a>(on_path: Vec<&'a Operation>, method: &str, values: Vec<(String, String)>) -> Found<'a> {
    match on_path.iter().find(|operation| operation.method.as_str() == method) {
        Some(operation) => Found::Operation(operation, values),
        None => Found::WrongMethod(on_path),
    }
}

/// Distances are in tenths of a segment; beyond two and a half segments nothing is alike.
const FAR: usize = 25;
const SEGMENT: usize = 10;

/// How far a path is from an operation's: an edit distance over segments.
fn distance(operation: &Operation, method: &str, path: &[&str]) -> usize {
    let template: Vec<_> = operation.path.as_str().split('/').skip(1).collect();
    let mut above: Vec<usize> = (0..=path.len()).map(|at| at * SEGMENT).collect();
    for (row, word) in template.iter().enumerate() {
        let mut costs = vec![(row + 1) * SEGMENT];
        for (at, given) in path.iter().enumerate() {
            let swap = above[at] + unlikeness(word, given);
            let skip = SEGMENT + costs[at].min(above[at + 1]);
            costs.push(swap.min(skip));
        }
        above = costs;
    }
    above[path.len()] + usize::from(operation.method.as_str() != method) * 3
}

/// From 0, the same, to a whole segment, nothing in common.
fn unlikeness(word: &str, given: &str) -> usize {
    match word.split_once('{') {
        Some(("", _)) if segment::is_guid(given) => 0,
        Some(("", _)) => 4,
        Some((before, _)) if given.starts_with(before) => 0,
        Some(_) => SEGMENT,
        None if word.eq_ignore_ascii_case(given) => 0,
        // Less than a tenth of it can be alike; a closer look would take the product of both lengths.
        None if given.len() / SEGMENT >= word.len() => SEGMENT,
        None => {
            let (word, given) = (word.to_ascii_lowercase(), given.to_ascii_lowercase());
            let longest = word.len().max(given.len()).max(1);
            let alike = shared_pairs(word.as_bytes(), given.as_bytes());
            SEGMENT - (SEGMENT * alike / longest).min(SEGMENT - 1)
        }
    }
}

/// How many neighbouring pairs of letters of one word also stand in the other.
fn shared_pairs(one: &[u8], other: &[u8]) -> usize {
    one.windows(2)
        .filter(|pair| other.windows(2).any(|candidate| candidate == *pair))
        .count()
}
