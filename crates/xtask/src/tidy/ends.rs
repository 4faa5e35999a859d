//! What runs long looks whether its access still stands: a stream that a face begins names the one place that looks.

use crate::tidy::source::Source;

/// Where programs and browsers are answered.
const FACES: [&str; 6] = ["mcp/", "rest/", "portal/", "oauth/", "sign_in/", "connect/"];
/// How a body begins that is not written whole.
const STREAMS: [&str; 2] = ["Body::from_stream(", "Body::new("];
/// What ends it with the access (`call/standing.rs`).
const LOOKS: &str = "Standing::";
/// Streams that come from elsewhere, and where they end.
const ELSEWHERE: [(&str, &str); 3] = [
    ("rest/answer.rs", "the funnel ends what it streams (`call::call_from`)"),
    (
        "rest/download.rs",
        "the funnel ends what it streams (`call::call_from`)",
    ),
    ("mcp/stream.rs", "the work it waits for ends (`mcp/exchange.rs`)"),
];

/// Streams that nothing ends, and exemptions for files without one.
pub(crate) fn complaints(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    let mut exempt = Vec::new();
    for source in sources {
        let Some(path) = source.product_path("gatepost") else {
            continue;
        };
        let is_face = FACES.iter().any(|it| path.starts_with(it)) && !path.contains("tests");
        let streams = STREAMS.iter().any(|it| source.code.contains(it));
        if !is_face || !streams {
            continue;
        }
        if ELSEWHERE.iter().any(|(file, _)| *file == path) {
            exempt.push(path.to_owned());
        } else if !source.code.contains(LOOKS) {
            found.push(format!(
                "{}: begins a stream that goes on when its access is taken back; see `call/standing.rs`",
                source.path
            ));
        }
    }
    let unused = ELSEWHERE.iter().filter(|(file, _)| !exempt.iter().any(|it| it == file));
    found.extend(unused.map(|(file, _)| format!("{file}: is exempt in {} and begins no stream", file!())));
    found
}
