//! Reads the catalogue's files and refuses what does not fit together.

mod answers;
mod builtin;
mod check;
mod raw;

use std::collections::BTreeMap;

use crate::load::answers::Answers;
use crate::load::raw::File;
use crate::operation::Group;
use crate::operation::Operation;
use crate::operation::Rate;

pub(crate) use crate::load::builtin::BUILTIN_FILES;

/// One thing wrong in a catalogue file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Problem {
    /// The file, or the operation in it.
    pub place: String,
    pub message: String,
}

/// What the files hold.
pub(crate) struct Loaded {
    pub(crate) groups: Vec<Group>,
    pub(crate) operations: Vec<Operation>,
}

impl Problem {
    pub(crate) fn new(place: &str, message: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            message: message.into(),
        }
    }
}

/// Everything in the files, or all that is wrong with them.
pub(crate) fn load(files: &[(&str, &str)]) -> Result<Loaded, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut read = Vec::new();
    for (name, text) in files {
        match toml::from_str::<File>(text) {
            Ok(file) => read.push((*name, file)),
            Err(error) => problems.push(Problem::new(name, error.to_string())),
        }
    }
    let rates = rates(&mut read, &mut problems);
    let answers = answers(&mut read, &mut problems);
    let groups: Vec<_> = read.iter().filter_map(|(_, file)| file.group()).collect();
    let mut operations = Vec::new();
    for (name, file) in read {
        match file.operations(name, &rates, &answers) {
            Ok(found) => operations.extend(found),
            Err(found) => problems.extend(found),
        }
    }
    problems.extend(check::problems(&groups, &operations));
    match problems.is_empty() {
        true => Ok(Loaded { groups, operations }),
        false => Err(problems),
    }
}

/// The rate classes of all files: operations may use those of another file.
fn rates(files: &mut [(&str, File)], problems: &mut Vec<Problem>) -> BTreeMap<String, Rate> {
    let mut rates = BTreeMap::new();
    for (name, file) in files {
        for (class, mut rate) in std::mem::take(&mut file.rate) {
            rate.class.clone_from(&class);
            if rates.insert(class, rate).is_some() {
                problems.push(Problem::new(name, "expected each rate class once"));
            }
        }
    }
    rates
}

/// The answer schemas of all files: operations and other answers may use those of another file.
fn answers(files: &mut [(&str, File)], problems: &mut Vec<Problem>) -> Answers {
    let raw: Vec<_> = files
        .iter_mut()
        .flat_map(|(file, content)| content.raw_answers(file))
        .collect();
    Answers::read(&raw, problems)
}
