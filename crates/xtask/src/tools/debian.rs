//! Debian packages: found by the program they bring, installed with apt when we may.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use anyhow::bail;

use crate::postgres;
use crate::process;

/// A need of the tests, how to see that it is met, and the packages that meet it.
struct Need {
    name: &'static str,
    is_met: fn() -> bool,
    packages: &'static [&'static str],
}

const NEEDS: &[Need] = &[
    Need {
        name: "curl",
        is_met: || process::find_program("curl").is_some(),
        packages: &["curl"],
    },
    Need {
        name: "a C++ compiler",
        is_met: || process::find_program("c++").is_some(),
        packages: &["g++"],
    },
    Need {
        name: "PostgreSQL",
        is_met: || postgres::programs().is_some(),
        packages: &["postgresql"],
    },
    Need {
        name: "setpriv",
        is_met: || process::find_program("setpriv").is_some(),
        packages: &["util-linux"],
    },
    Need {
        name: "strace",
        is_met: || process::find_program("strace").is_some(),
        packages: &["strace"],
    },
    Need {
        name: "pgrep and kill",
        is_met: || process::find_program("pgrep").is_some() && process::find_program("kill").is_some(),
        packages: &["procps"],
    },
    Need {
        name: "Chromium",
        is_met: || chromium().is_some(),
        packages: &["chromium", "fonts-liberation"],
    },
    Need {
        name: "npm",
        is_met: || process::find_program("npm").is_some(),
        packages: &["npm"],
    },
    Need {
        name: "Python with venv",
        is_met: has_python_with_venv,
        packages: &["python3", "python3-venv"],
    },
];

/// Installs what is missing, or says exactly what to install.
pub(super) fn install_missing() -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.is_met)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.name).collect();
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    let by_hand = format!("install it with: apt-get install {}", packages.join(" "));
    if process::find_program("apt-get").is_none() {
        bail!(
            "missing: {}; this is no Debian, so please install them another way",
            names.join(", ")
        );
    }
    let Some(prefix) = root_prefix() else {
        bail!(
            "missing: {}; neither root nor sudo without a password here: {by_hand}",
            names.join(", ")
        );
    };
    println!("missing: {}; installing {}", names.join(", "), packages.join(" "));
    apt_get(prefix, &["update"])?;
    apt_get(
        prefix,
        &[&["install", "--yes", "--no-install-recommends"], packages.as_slice()].concat(),
    )?;
    let still_missing: Vec<&str> = missing
        .iter()
        .filter(|need| !(need.is_met)())
        .map(|need| need.name)
        .collect();
    if !still_missing.is_empty() {
        bail!("still missing after the installation: {}", still_missing.join(", "));
    }
    Ok(())
}

/// The browser, under either of its names.
pub(super) fn chromium() -> Option<PathBuf> {
    ["chromium", "chromium-browser"]
        .into_iter()
        .find_map(process::find_program)
}

fn has_python_with_venv() -> bool {
    process::output_of("python3", &["-c", "import ensurepip, venv"]).is_some()
}

/// The words before `apt-get` that make it run as root; `None` when we may not.
fn root_prefix() -> Option<&'static [&'static str]> {
    if process::output_of("id", &["-u"])? == "0" {
        return Some(&[]);
    }
    process::output_of("sudo", &["-n", "true"]).map(|_| &["sudo", "-n"][..])
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> Result<()> {
    let words = [
        prefix,
        &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"],
        arguments,
    ]
    .concat();
    process::run_quietly(Command::new(words[0]).args(&words[1..]))
}
