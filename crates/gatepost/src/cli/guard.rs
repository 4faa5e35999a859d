//! What a crash of the process leaves behind: no memory.

use std::fs;

/// Lets a core dump hold no memory, where keys and tokens stand (Linux: core(5), "Controlling which mappings are written").
///
/// Elsewhere the operating system's own settings hold; `docs/operate.md` names them.
pub(super) fn leave_no_memory() {
    // Where the file is not there, nothing would be written to it either.
    let _ = fs::write("/proc/self/coredump_filter", "0");
}
