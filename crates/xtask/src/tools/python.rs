//! Python and its packages: a virtual environment in `.tools/python`, filled from `peers/requirements.txt`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;

use crate::process;

/// Installs the packages unless they are there, and returns the Python that sees them.
pub(super) fn install() -> Result<PathBuf> {
    let list_path = crate::root().join("peers/requirements.txt");
    let list = fs::read_to_string(&list_path).context("cannot read peers/requirements.txt")?;
    let home = crate::root().join(".tools/python");
    let python = home.join("bin/python");
    let stamp = home.join("installed-requirements.txt");
    if super::is_current(&stamp, &list) && process::output_of(&python, &["--version"]).is_some() {
        return Ok(python);
    }
    println!("installing the packages of peers/requirements.txt");
    process::run_quietly(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ];
    process::run_quietly(Command::new(&python).args(pip).arg(&list_path))?;
    fs::write(&stamp, list)?;
    Ok(python)
}
