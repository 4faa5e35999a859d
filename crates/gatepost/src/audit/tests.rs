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
