//! Differences between two sets of operations, each as one sentence.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use crate::catalogue::shape::Operations;
use crate::catalogue::shape::Shape;
use crate::catalogue::shape::Value;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Method and path, e.g. `GET /v1.0/myorg/groups/{}`.
    pub(crate) on: String,
    pub(crate) what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.on, self.what)
    }
}

/// Every difference, in the order of paths.
pub(crate) fn differences(ours: &Operations, theirs: &Operations) -> Vec<Difference> {
    let keys: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let on = format!("{} {}", key.0, key.1);
        let what = match (ours.get(key), theirs.get(key)) {
            (Some(our), Some(their)) => within(our, their),
            (Some(our), None) => vec![format!("only the catalogue has it ({})", our.id)],
            (None, Some(their)) => vec![format!("the catalogue lacks it ({})", their.id)],
            (None, None) => vec![],
        };
        found.extend(what.into_iter().map(|what| Difference { on: on.clone(), what }));
    }
    found
}

fn within(our: &Shape, their: &Shape) -> Vec<String> {
    let mut found = Vec::new();
    if our.id != their.id {
        found.push(format!("operation id {} here, {} there", our.id, their.id));
    }
    if our.body_required != their.body_required {
        found.push(format!("body {} here, {} there", body_words(our), body_words(their)));
    }
    found.extend(between("parameter", &our.parameters, &their.parameters));
    found.extend(between("body member", &our.fields, &their.fields));
    found.extend(of_answers(&our.answer, &their.answer));
    found
}

fn body_words(shape: &Shape) -> &'static str {
    match shape.body_required {
        None => "absent",
        Some(true) => "required",
        Some(false) => "optional",
    }
}

fn between(what: &str, ours: &BTreeMap<String, Value>, theirs: &BTreeMap<String, Value>) -> Vec<String> {
    let names: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        match (ours.get(name), theirs.get(name)) {
            (Some(our), Some(their)) => {
                found.extend(
                    of_values(our, their)
                        .into_iter()
                        .map(|words| format!("{what} `{name}`: {words}")),
                );
            }
            // What stands inside a member that is missing is missing with it.
            (Some(_), None) if !is_below_another(name, ours, theirs) => {
                found.push(format!("{what} `{name}`: only the catalogue has it"));
            }
            (None, Some(_)) if !is_below_another(name, theirs, ours) => {
                found.push(format!("{what} `{name}`: the catalogue lacks it"));
            }
            _ => {}
        }
    }
    found
}

/// What the catalogue lacks of an answer. It may know more, from recordings, and spell names as these do: in the file some
/// begin with an upper-case letter that nobody ever received.
fn of_answers(ours: &BTreeMap<String, Value>, theirs: &BTreeMap<String, Value>) -> Vec<String> {
    let ours: BTreeMap<_, _> = ours
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let has = |name: &str| ours.contains_key(&name.to_ascii_lowercase());
    let mut found = Vec::new();
    for (name, their) in theirs {
        let mut tell = |words: String| found.push(format!("answer member `{name}`: {words}"));
        match ours.get(&name.to_ascii_lowercase()) {
            None if theirs.keys().any(|outer| is_inside(name, outer) && !has(outer)) => {}
            None => tell("the catalogue lacks it".to_owned()),
            Some(our) => {
                if our.kind != their.kind {
                    tell(format!("{} here, {} there", our.kind, their.kind));
                }
                // No words of ours allow any.
                let lacking = their.words.difference(&our.words).filter(|_| !our.words.is_empty());
                lacking.for_each(|word| tell(format!("`{word}` only there")));
            }
        }
    }
    found
}

/// Whether `name` stands inside a member that only `has` has.
fn is_below_another(name: &str, has: &BTreeMap<String, Value>, lacks: &BTreeMap<String, Value>) -> bool {
    has.keys()
        .filter(|outer| !lacks.contains_key(*outer))
        .any(|outer| is_inside(name, outer))
}

fn is_inside(name: &str, outer: &str) -> bool {
    name.strip_prefix(outer)
        .is_some_and(|rest| rest.starts_with(['.', '[']))
}

fn of_values(our: &Value, their: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if our.required != their.required {
        let words = |required| if required { "required" } else { "optional" };
        found.push(format!("{} here, {} there", words(our.required), words(their.required)));
    }
    if our.kind != their.kind {
        found.push(format!("{} here, {} there", our.kind, their.kind));
    }
    let only_here = our
        .words
        .difference(&their.words)
        .map(|word| format!("`{word}` only here"));
    let only_there = their
        .words
        .difference(&our.words)
        .map(|word| format!("`{word}` only there"));
    found.extend(only_here.chain(only_there));
    for (bound, here, there) in [("at least", our.min, their.min), ("at most", our.max, their.max)] {
        if here != there {
            let words = |number: Option<f64>| number.map_or("anything".to_owned(), |number| number.to_string());
            found.push(format!("{bound} {} here, {} there", words(here), words(there)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(required: bool, words: &[&str]) -> Value {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Value {
            required,
            kind: "text".to_owned(),
            words,
            ..Value::default()
        }
    }

    fn one(path: &str, parameters: &[(&str, Value)]) -> Operations {
        let parameters = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let shape = Shape {
            id: "A_B".to_owned(),
            parameters,
            ..Shape::default()
        };
        Operations::from([(("GET".to_owned(), path.to_owned()), shape)])
    }

    fn sentences(ours: &Operations, theirs: &Operations) -> Vec<String> {
        differences(ours, theirs).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_same_is_no_difference() {
        let operations = one("/a", &[("query x", text(true, &["A"]))]);
        assert_eq!(sentences(&operations, &operations), Vec::<String>::new());
    }

    #[test]
    fn what_stands_inside_a_missing_member_is_told_with_it() {
        let mut theirs = one("/a", &[]);
        for shape in theirs.values_mut() {
            let names = ["user", "user.id", "userName", "users[]", "users[].id"];
            shape.fields = names.map(|name| (name.to_owned(), text(false, &[]))).into();
        }
        assert_eq!(
            sentences(&one("/a", &[]), &theirs),
            [
                "GET /a: body member `user`: the catalogue lacks it",
                "GET /a: body member `userName`: the catalogue lacks it",
                "GET /a: body member `users[]`: the catalogue lacks it",
            ]
        );
    }

    #[test]
    fn operations_that_one_side_lacks_are_told() {
        let found = sentences(&one("/a", &[]), &one("/b", &[]));
        assert_eq!(
            found,
            [
                "GET /a: only the catalogue has it (A_B)",
                "GET /b: the catalogue lacks it (A_B)"
            ]
        );
    }

    #[test]
    fn parameters_required_words_and_bounds_are_compared() {
        let ours = one(
            "/a",
            &[("query x", text(true, &["A", "B"])), ("query y", text(false, &[]))],
        );
        let theirs_x = Value {
            max: Some(5.0),
            ..text(false, &["A", "C"])
        };
        let found = sentences(
            &ours,
            &one("/a", &[("query x", theirs_x), ("query z", text(false, &[]))]),
        );
        assert_eq!(
            found,
            [
                "GET /a: parameter `query x`: required here, optional there",
                "GET /a: parameter `query x`: `B` only here",
                "GET /a: parameter `query x`: `C` only there",
                "GET /a: parameter `query x`: at most anything here, 5 there",
                "GET /a: parameter `query y`: only the catalogue has it",
                "GET /a: parameter `query z`: the catalogue lacks it",
            ]
        );
    }

    #[test]
    fn an_answer_may_be_known_better_here_but_must_lack_nothing() {
        let mut ours = one("/a", &[]);
        let mut theirs = ours.clone();
        for shape in ours.values_mut() {
            shape.answer = [
                ("isOn", text(false, &[])),
                ("extra", text(false, &[])),
                ("state", text(false, &["On", "Off", "Idle"])),
                ("mode", text(false, &["A"])),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        }
        for shape in theirs.values_mut() {
            shape.answer = [
                ("IsOn", Value::default()),
                ("lost", text(false, &[])),
                ("lost.id", text(false, &[])),
                ("state", text(false, &["On", "Off"])),
                ("mode", text(false, &["A", "B"])),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        }
        assert_eq!(
            sentences(&ours, &theirs),
            [
                "GET /a: answer member `IsOn`: text here,  there",
                "GET /a: answer member `lost`: the catalogue lacks it",
                "GET /a: answer member `mode`: `B` only there",
            ]
        );
    }

    #[test]
    fn bodies_and_ids_are_compared() {
        let theirs = one("/a", &[]);
        let mut ours = theirs.clone();
        for shape in ours.values_mut() {
            shape.id = "A_C".to_owned();
            shape.body_required = Some(false);
            shape.fields = BTreeMap::from([("name".to_owned(), text(true, &[]))]);
        }
        assert_eq!(
            sentences(&ours, &theirs),
            [
                "GET /a: operation id A_C here, A_B there",
                "GET /a: body optional here, absent there",
                "GET /a: body member `name`: only the catalogue has it",
            ]
        );
    }
}
