//! Refusals and failures in the gateway's own log, one line each, found by the trace that their caller was given.

use super::Entry;

/// Writes the line of an entry that tells of a refusal or a failure. Nothing in it is chosen by a caller.
pub(super) fn write(entry: &Entry) {
    let of = |name: &str| entry.details[name].as_str().unwrap_or_default().to_owned();
    let person = entry.person.as_ref().map_or("", |it| it.0.as_str());
    let (trace, kind) = (entry.trace.as_str(), entry.kind);
    match kind {
        "call.refused" | "request.refused" => {
            tracing::info!(
                trace,
                kind,
                person,
                operation = of("operation"),
                why = of("decision"),
                "refused"
            );
        }
        "call.closed" if !["answered", "streaming", "cancelled"].contains(&of("outcome").as_str()) => {
            let status = entry.details["status"].as_u64().unwrap_or_default();
            tracing::info!(
                trace,
                kind,
                person,
                operation = of("operation"),
                outcome = of("outcome"),
                status,
                "a call failed"
            );
        }
        "sign_in.failed" => tracing::info!(trace, kind, person, address = of("address"), "a sign-in failed"),
        _ => {}
    }
}
