//! Reads what `strace -f -y -xx` wrote: what a program did to the files of one folder and what it answered, in order.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// One call of the system.
pub(super) struct Event {
    /// The name of the file in the folder; empty for an answer.
    pub(super) file: String,
    pub(super) what: What,
    /// The place in the order at which the call began; its own place is where it ended. They differ for syncs.
    pub(super) began: usize,
}

pub(super) enum What {
    Write {
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate(usize),
    Create,
    Remove,
    Rename(String),
    Sync,
    /// An HTTP answer with this trace.
    Answer(String),
}

/// The bytes of `\x61\x62`.
fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = hex.split("\\x").skip(1);
    digits
        .filter_map(|it| u8::from_str_radix(it.get(..2)?, 16).ok())
        .collect()
}

fn text_of(hex: &str) -> String {
    String::from_utf8_lossy(&bytes_of(hex)).into_owned()
}

/// The name of a file that lies in the folder itself, and is no index in shared memory.
fn name_in(folder: &str, path: &str) -> Option<String> {
    let name = path.strip_prefix(folder)?.strip_prefix('/')?;
    (!name.contains('/') && !name.ends_with("-shm")).then(|| name.to_owned())
}

/// The texts in quotes on a line.
fn quoted(line: &str) -> Vec<&str> {
    line.split('"').skip(1).step_by(2).collect()
}

/// The whole numbers after the last text of a line, such as length and offset.
fn numbers(line: &str) -> Vec<usize> {
    let rest = line.rsplit_once('"').map_or(line, |(_, rest)| rest);
    let rest = rest.split(')').next().unwrap_or_default();
    rest.split([',', ' ']).filter_map(|it| it.parse().ok()).collect()
}

/// The events of a record; `start` is what the folder held at its beginning.
pub(super) fn read(record: &str, folder: &Path, start: &BTreeMap<String, Vec<u8>>) -> Vec<Event> {
    let folder = folder.to_str().unwrap();
    let mut lengths: HashMap<String, usize> = start.iter().map(|(name, it)| (name.clone(), it.len())).collect();
    let mut events: Vec<Event> = Vec::new();
    // Syncs that began and have not ended, by thread.
    let mut syncing: HashMap<&str, (String, usize)> = HashMap::new();
    for line in record.lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        let began = events.len();
        if rest.starts_with("<... f") && rest.contains("sync resumed>") {
            if let Some((file, began)) = syncing.remove(thread) {
                events.push(Event {
                    file,
                    what: What::Sync,
                    began,
                });
            }
            continue;
        }
        let Some((call, arguments)) = rest.split_once('(') else {
            continue;
        };
        let path = arguments
            .split_once('<')
            .and_then(|(_, it)| it.split_once('>'))
            .map(|(it, _)| text_of(it));
        let file = path.as_deref().and_then(|it| name_in(folder, it));
        let texts = quoted(arguments);
        let named = |at: usize| name_in(folder, &text_of(texts.get(at)?));
        let push = |events: &mut Vec<Event>, file: String, what: What| events.push(Event { file, what, began });
        match (call, file) {
            ("pwrite64", Some(file)) => {
                let (bytes, offset) = (bytes_of(texts[0]), numbers(arguments)[1]);
                let length = lengths.entry(file.clone()).or_default();
                *length = (*length).max(offset + bytes.len());
                push(&mut events, file, What::Write { offset, bytes });
            }
            ("write", Some(file)) => {
                let bytes = bytes_of(texts[0]);
                let length = lengths.entry(file.clone()).or_default();
                let offset = *length;
                *length += bytes.len();
                push(&mut events, file, What::Write { offset, bytes });
            }
            ("ftruncate", Some(file)) => {
                let length = *numbers(arguments).last().unwrap();
                lengths.insert(file.clone(), length);
                push(&mut events, file, What::Truncate(length));
            }
            ("fdatasync" | "fsync", Some(file)) if rest.ends_with("<unfinished ...>") => {
                syncing.insert(thread, (file, began));
            }
            ("fdatasync" | "fsync", Some(file)) => push(&mut events, file, What::Sync),
            ("openat", _) if rest.contains("O_CREAT") => {
                let Some(file) = named(0) else { continue };
                if rest.contains("O_TRUNC") {
                    lengths.insert(file.clone(), 0);
                    push(&mut events, file.clone(), What::Truncate(0));
                }
                push(&mut events, file, What::Create);
            }
            ("unlink", _) => {
                let Some(file) = named(0) else { continue };
                lengths.remove(&file);
                push(&mut events, file, What::Remove);
            }
            ("rename", _) => {
                let (Some(from), Some(to)) = (named(0), named(1)) else {
                    continue;
                };
                let length = lengths.remove(&from).unwrap_or_default();
                lengths.insert(to.clone(), length);
                push(&mut events, from, What::Rename(to));
            }
            ("write" | "writev" | "sendto" | "sendmsg", None) => {
                let sent: String = texts.iter().map(|it| text_of(it)).collect();
                let traces = sent.split("gatepost-trace: ").skip(1);
                for trace in traces.filter_map(|it| it.split("\r\n").next()) {
                    push(&mut events, String::new(), What::Answer(trace.to_owned()));
                }
            }
            _ => {}
        }
    }
    events
}
