//! Masking hides secrets at any depth; checkpoints are read as they were written.

use serde_json::json;

use super::{Signer, mask};

#[test]
fn a_public_key_is_read_as_it_was_written() {
    let key = Signer::new(&[7; 32]).public_key();
    assert_eq!(key.to_string().parse(), Ok(key));
    for odd in ["", "nonsense", "AAAA"] {
        assert!(odd.parse::<super::PublicKey>().is_err(), "{odd}");
    }
}

#[test]
fn secrets_are_hidden_at_any_depth_and_long_texts_are_cut() {
    let long = "x".repeat(100_000);
    let masked = mask(
        &json!({"a": [{"clientSecret": "s", "credentialDetails": {"x": 1}}], "mine": 4, "q": long}),
        &["Mine".into()],
    );
    assert_eq!(
        masked["a"][0],
        json!({"clientSecret": "***", "credentialDetails": "***"})
    );
    assert_eq!(
        (masked["mine"].clone(), masked["q"]["bytes"].clone()),
        (json!("***"), json!(100_000))
    );
}

#[test]
fn who_what_and_why_stay_whole_however_long_their_neighbours_are() {
    let objects: Vec<_> = (0..3_000)
        .map(|at| json!({"kind": "dataset", "id": format!("{at:036}")}))
        .collect();
    let given = json!({
        "operation": "embed_token.generate", "objects": objects, "speaks_for": vec!["somebody@contoso.test"; 3_000],
        "arguments": {"first": "x".repeat(8_000)}, "decision": "deny", "reason": "no policy allows it",
        "person_name": "Ada", "through": {"kind": "api_key", "name": "test"}, "address": "192.0.2.1",
    });
    let kept = super::bound::details(given.clone());
    for name in ["operation", "decision", "reason", "person_name", "through", "address"] {
        assert_eq!(kept[name], given[name], "{name}");
    }
    assert_eq!(kept["objects"][0], given["objects"][0]);
    assert_eq!(kept["speaks_for"][0], given["speaks_for"][0]);
    assert!(
        kept.to_string().len() <= super::bound::MOST_BYTES,
        "{}",
        kept.to_string().len()
    );
    let small = json!({"a": 1});
    assert_eq!(super::bound::details(small.clone()), small);
}
