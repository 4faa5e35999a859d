//! The files that are part of the program.

/// Name and text of each file.
pub(crate) const BUILTIN_FILES: &[(&str, &str)] = &[];
