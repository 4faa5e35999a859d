//! Builds of the product that other commands start.

use std::path::PathBuf;

use anyhow::Result;

use crate::process;

/// The release binary, built when it is not.
pub(crate) fn release() -> Result<PathBuf> {
    println!("building the release binary");
    process::run_quietly(&mut process::cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "gatepost",
    ]))?;
    Ok(crate::root().join("target/release/gatepost"))
}
