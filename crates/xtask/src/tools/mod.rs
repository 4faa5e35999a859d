//! What the tests need beside Rust: Debian packages, Node and Python packages, installed where they are missing.

mod debian;
mod node;
mod python;

use std::path::Path;
use std::path::PathBuf;

use anyhow::Result;

/// Where the installed programs lie.
pub(crate) struct Tools {
    /// Node, at least version 22.
    pub(crate) node: PathBuf,
    /// Python with the packages of `peers/requirements.txt`.
    pub(crate) python: PathBuf,
    /// Debian's browser.
    pub(crate) chromium: PathBuf,
}

/// Finds everything, installing what is missing.
pub(crate) fn install() -> Result<Tools> {
    debian::install_missing()?;
    let node = node::install()?;
    let python = python::install()?;
    let chromium = debian::chromium().expect("the step above made sure of it");
    Ok(Tools { node, python, chromium })
}

/// Installs the agents of `peers/agents`, which only the peers need and which are several hundred megabytes.
pub(crate) fn install_agents() -> Result<()> {
    node::install_packages(&crate::root().join("peers/agents"))
}

/// Whether the packages in `folder` were installed from exactly this list.
fn is_current(stamp: &Path, list: &str) -> bool {
    std::fs::read_to_string(stamp).is_ok_and(|installed| installed == list)
}
