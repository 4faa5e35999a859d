//! What must hold after all kills, looked at from outside: by clients, by `gatepost audit`, and by Microsoft's own ledger.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::Context;
use anyhow::Result;
use serde_json::Value;
use serde_json::json;

use crate::bench::mcp::Server;
use crate::soak::kills::load;
use crate::soak::kills::load::Load;
use crate::soak::kills::stage::Stage;
use crate::soak::run::Outcome;

/// What the exported log says of calls.
#[derive(Debug, Default, PartialEq)]
struct Calls {
    /// How often a change was about to be sent, by the name it gives.
    opened: BTreeMap<String, u64>,
    /// Entries before and after, by request.
    by_trace: BTreeMap<String, (u64, u64)>,
}

/// Demands everything and leaves the gateway stopped.
pub(super) fn give(stage: &mut Stage, load: &Load, database: &str, outcome: &mut Outcome) -> Result<()> {
    let mut must = |holds: bool, what: String| outcome.must(holds, format!("{database}: {what}"));
    let odd = load.odd();
    must(
        odd.is_empty(),
        format!("no caller got an answer that a kill does not explain: {odd:?}"),
    );
    for key in &stage.keys {
        let answer = stage.read(key)?.once()?;
        must(
            answer.head.status == 200,
            format!("a connection is lost: {}", answer.text()),
        );
    }
    let entered = load.entered();
    let lost = entered.iter().filter(|held| !works(stage, &held.access)).count();
    must(lost == 0, format!("no grant is lost, but {lost} of {}", entered.len()));
    let answer = stage.renewing.renewal(&stage.gateway)?.once()?;
    must(
        answer.head.status == 200,
        format!("the client that renewed through all kills goes on: {}", answer.text()),
    );
    let made = made(stage, load)?;
    let twice: Vec<_> = made.iter().filter(|(_, times)| **times != 1).collect();
    must(twice.is_empty(), format!("no change was made twice, but {twice:?}"));
    // A change whose caller was killed may be made without an answer in the ledger, never the other way round.
    must(
        stage.carried_out <= made.len() && !made.is_empty(),
        format!(
            "Microsoft's ledger and its workspaces agree: {} and {}",
            stage.carried_out,
            made.len()
        ),
    );

    stage.gateway.stop()?;
    // An error tells what the command printed, the first wrong entry among it.
    let verified = stage.gateway.command(&["audit", "verify"]);
    must(verified.is_ok(), format!("the log is whole: {verified:?}"));
    let calls = Calls::of(&stage.gateway.command(&["audit", "export"])?)?;
    let without = made.keys().filter(|name| calls.opened.get(*name) != Some(&1)).count();
    must(
        without == 0,
        format!(
            "every change has its one entry before it, but {without} of {}",
            made.len()
        ),
    );
    let unclosed = calls
        .by_trace
        .values()
        .filter(|(opened, ended)| opened != ended)
        .count();
    outcome.figure(
        &format!("{database} changes asked for and made, calls without an outcome on record"),
        format!("{} and {}, {unclosed}", load.changes(), made.len()),
    );
    Ok(())
}

fn works(stage: &Stage, access: &str) -> bool {
    let url = format!("{}/mcp", stage.gateway.url());
    let server = Server {
        url: &url,
        token: Some(access),
    };
    let answer = server.call("whoami", &json!({})).and_then(|request| request.once());
    answer.is_ok_and(|answer| answer.head.status == 200)
}

/// The workspaces that the load made, with how often each is there.
fn made(stage: &Stage, load: &Load) -> Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    let all: BTreeSet<String> = (1..=load.changes()).map(load::workspace).collect();
    for name in stage.workspaces()?.into_iter().filter(|name| all.contains(name)) {
        *found.entry(name).or_default() += 1;
    }
    Ok(found)
}

impl Calls {
    fn of(export: &str) -> Result<Self> {
        let mut found = Self::default();
        for line in export.lines() {
            let line: Value =
                serde_json::from_str(line).with_context(|| format!("a line of the export is no JSON: {line}"))?;
            let entry = &line["entry"];
            let of_request = || entry["trace"].as_str().unwrap_or_default().to_owned();
            match entry["kind"].as_str() {
                Some("call.opened") => {
                    found.by_trace.entry(of_request()).or_default().0 += 1;
                    if let Some(name) = entry["details"]["arguments"]["body"]["name"].as_str() {
                        *found.opened.entry(name.to_owned()).or_default() += 1;
                    }
                }
                Some("call.closed") => found.by_trace.entry(of_request()).or_default().1 += 1,
                _ => {}
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_request_and_by_what_they_make() {
        let line = |kind: &str| {
            let entry = json!({"trace": "t", "kind": kind, "details": {"arguments": {"body": {"name": "w"}}}});
            format!("{}\n", json!({"entry": entry, "hash": "00"}))
        };
        let found = Calls::of(&[line("call.opened"), line("call.closed"), line("call.opened")].concat()).unwrap();
        assert_eq!((found.by_trace["t"], found.opened["w"]), ((2, 1), 2));
        assert!(Calls::of("odd\n").is_err());
    }
}
