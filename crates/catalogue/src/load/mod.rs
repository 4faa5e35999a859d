//! Reads the catalogue's files and refuses what does not fit together.

mod check;
mod raw;

use std::collections::BTreeMap;

use crate::load::raw::File;
use crate::operation::Operation;

pub(crate) use crate::load::builtin::BUILTIN_FILES;

mod builtin;

/// One thing wrong in a catalogue file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Problem {
    /// The file, or the operation in it.
    pub place: String,
    pub message: String,
}

impl Problem {
    pub(crate) fn new(place: &str, message: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            message: message.into(),
        }
    }
}

/// All operations of the files, or all that is wrong with them.
pub(crate) fn operations(files: &[(&str, &str)]) -> Result<Vec<Operation>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut read = Vec::new();
    for (name, text) in files {
        match toml::from_str::<File>(text) {
            Ok(file) => read.push((*name, file)),
            Err(error) => problems.push(Problem::new(name, error.to_string())),
        }
    }
    let rates = rates(&mut read);
    let mut operations = Vec::new();
    for (name, file) in read {
        match file.operations(name, &rates) {
            Ok(found) => operations.extend(found),
            Err(found) => problems.extend(found),
        }
    }
    problems.extend(check::problems(&operations));
    match problems.is_empty() {
        true => Ok(operations),
        false => Err(problems),
    }
}

fn rates(files: &mut [(&str, File)]) -> BTreeMap<String, crate::operation::Rate> {
    let mut rates = BTreeMap::new();
    for (_, file) in files {
        for (class, mut rate) in std::mem::take(&mut file.rate) {
            rate.class.clone_from(&class);
            rates.insert(class, rate);
        }
    }
    rates
}
