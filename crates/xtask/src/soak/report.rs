//! The rows of bench/soak.md: one for each soak, from its last whole run.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;

use crate::process;
use crate::soak::run::Outcome;

/// The page with what the soaks found.
pub(crate) const PAGE: &str = "bench/soak.md";
const BEGIN: &str = "<!-- soak: begin, written by `cargo xtask soak` -->";
const END: &str = "<!-- soak: end -->";
const HEAD: &str = "| soak | date | machine | took | held | figures |\n|---|---|---|--:|---|---|";

/// Writes the row of one soak in place of its earlier one.
pub(crate) fn write(root: &Path, name: &str, took: Duration, outcome: &Outcome) -> Result<()> {
    let path = root.join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
    let date = process::output_of("date", &["-u", "+%Y-%m-%d"]).context("cannot run `date`")?;
    let row = row(name, &date, &machine(), took, outcome);
    fs::write(&path, with_row(&page, name, &row)?).with_context(|| format!("cannot write {PAGE}"))
}

fn row(name: &str, date: &str, machine: &str, took: Duration, outcome: &Outcome) -> String {
    let held = match outcome.broken.as_slice() {
        [] => format!("yes: all {}", outcome.held),
        broken => format!("**no**: {}", broken.join("; ")),
    };
    let figures = outcome.figures.iter().map(|(name, value)| format!("{name} {value}"));
    let figures = figures.collect::<Vec<_>>().join("; ");
    let minutes = took.as_secs().div_ceil(60);
    let cells = [name, date, machine, &format!("{minutes} min"), &held, &figures];
    // A bar or a line break in a text would break the table.
    let cells = cells.map(|cell| cell.replace('|', "/").replace('\n', " "));
    format!("| {} |", cells.join(" | "))
}

/// The page with this row, in the order of the names; everything outside the markers stays as it is.
fn with_row(page: &str, name: &str, row: &str) -> Result<String> {
    let lost = || format!("{PAGE} lacks the lines `{BEGIN}` and `{END}`");
    let (before, rest) = page.split_once(BEGIN).with_context(lost)?;
    let (table, after) = rest.split_once(END).with_context(lost)?;
    let own = format!("| {name} |");
    let mut rows: Vec<&str> = table
        .lines()
        .skip_while(|line| !line.starts_with("|-"))
        .skip(1)
        .collect();
    rows.retain(|line| line.starts_with('|') && !line.starts_with(&own));
    rows.push(row);
    rows.sort_unstable();
    Ok(format!("{before}{BEGIN}\n{HEAD}\n{}\n{END}{after}", rows.join("\n")))
}

/// Cores, processor, memory and kernel of this machine.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let of_file = |path: &str, line: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let found = text.lines().find_map(|text| text.strip_prefix(line)?.split_once(':'));
        found.map(|(_, value)| value.trim().to_owned())
    };
    let processor = of_file("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = of_file("/proc/meminfo", "MemTotal").and_then(|text| text.strip_suffix(" kB")?.parse::<u64>().ok());
    let memory = memory.map_or_else(String::new, |kibibytes| format!(", {} GiB", kibibytes / (1024 * 1024)));
    let kernel = process::output_of("uname", &["-sr"]).unwrap_or_else(|| std::env::consts::OS.to_owned());
    format!("{cores} cores of {processor}{memory}, {kernel}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome() -> Outcome {
        let mut outcome = Outcome::default();
        outcome.figure("peak", "400 MiB");
        outcome.must(true, "it is small");
        outcome
    }

    #[test]
    fn a_row_is_written_once_and_then_replaced() {
        let page = format!("# Soaks\n\n{BEGIN}\n{END}\n\nAfter.\n");
        let minute = Duration::from_secs(60);
        let fuzz = row("fuzz", "2026-11-30", "2 cores", minute, &outcome());
        let memory = row("memory", "2026-11-30", "2 cores", minute, &outcome());
        let page = with_row(&page, "memory", &memory).unwrap();
        let page = with_row(&page, "fuzz", &fuzz).unwrap();
        assert_eq!(with_row(&page, "fuzz", &fuzz).unwrap(), page);
        assert_eq!(
            page,
            format!("# Soaks\n\n{BEGIN}\n{HEAD}\n{fuzz}\n{memory}\n{END}\n\nAfter.\n")
        );
        assert_eq!(
            fuzz,
            "| fuzz | 2026-11-30 | 2 cores | 1 min | yes: all 1 | peak 400 MiB |"
        );
    }

    #[test]
    fn what_did_not_hold_is_named_in_the_row() {
        let mut outcome = outcome();
        outcome.must(false, "nothing | is lost");
        let row = row("kills", "2026-11-30", "2 cores", Duration::from_secs(61), &outcome);
        assert!(row.contains("| 2 min | **no**: nothing / is lost |"), "{row}");
    }

    #[test]
    fn the_page_has_its_markers_and_a_page_without_them_is_refused() {
        let page = fs::read_to_string(crate::root().join(PAGE)).unwrap();
        with_row(&page, "fuzz", "| fuzz |").unwrap();
        assert!(with_row("# Soaks\n", "fuzz", "| fuzz |").is_err());
    }
}
