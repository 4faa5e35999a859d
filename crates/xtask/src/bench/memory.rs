//! What a process and its files take up.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;

/// Resident memory of a process now, in bytes.
pub(crate) fn resident(id: u32) -> Result<u64> {
    read(id, "VmRSS")
}

/// The most resident memory a process ever had, in bytes.
pub(crate) fn peak(id: u32) -> Result<u64> {
    read(id, "VmHWM")
}

fn read(id: u32, line: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).context("cannot read a process's memory")?;
    bytes(&status, line).with_context(|| format!("the process tells no {line}"))
}

/// A line of `/proc/PID/status` that counts in kibibytes.
fn bytes(status: &str, line: &str) -> Option<u64> {
    let value = status
        .lines()
        .find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))?;
    let kibibytes: u64 = value.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// The size of the files in a folder, in bytes.
pub(crate) fn of_folder(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let about = entry?.metadata()?;
        sum += if about.is_file() { about.len() } else { 0 };
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_status_is_read_in_bytes() {
        let status = "Name:\tgatepost\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(bytes(status, "VmRSS"), Some(1024 * 1024));
        assert_eq!(bytes(status, "VmHWM"), Some(2048 * 1024));
        assert_eq!(bytes(status, "VmRSSx"), None);
    }
}
