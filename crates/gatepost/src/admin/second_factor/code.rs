//! Codes of six digits that change with time (RFC 6238), as every authenticator application shows them.

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use subtle::ConstantTimeEq as _;

const STEP_S: i64 = 30;
/// A clock may be one step off either way, and typing takes time.
const AROUND: std::ops::RangeInclusive<i64> = -1..=1;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The time step whose code was typed, if it is one around `now_s`.
pub(super) fn step_of(secret: &[u8], typed: &str, now_s: i64) -> Option<i64> {
    let typed: String = typed.chars().filter(|it| !it.is_whitespace()).collect();
    let present = now_s / STEP_S;
    // All are compared, so that the time tells nothing.
    let steps = AROUND.map(|around| present + around);
    let fits: Vec<i64> = steps
        .filter(|step| bool::from(code(secret, *step).as_bytes().ct_eq(typed.as_bytes())))
        .collect();
    fits.first().copied()
}

/// The code of a time step (RFC 4226 §5.3).
fn code(secret: &[u8], step: i64) -> String {
    let tag = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret), &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 0xf);
    let word = u32::from_be_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// Base32 without padding (RFC 4648 §6), as authenticators take a secret.
pub(super) fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut five = [0; 8];
        five[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(five);
        let letters = (chunk.len() * 8).div_ceil(5);
        text.extend((0..letters).map(|at| char::from(ALPHABET[(bits >> (35 - 5 * at) & 31) as usize])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standards_examples() {
        // RFC 6238, appendix B, SHA-1, the last six of its eight digits.
        for (now_s, typed) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(step_of(SECRET, typed, now_s), Some(now_s / 30), "{now_s}");
            assert_eq!(step_of(SECRET, typed, now_s + 90), None);
        }
        assert_eq!(step_of(SECRET, " 287 082 ", 59), Some(1));
        for wrong in ["", "28708", "2870820", "abcdef", "287083"] {
            assert_eq!(step_of(SECRET, wrong, 59), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_are_written_as_the_standard_says() {
        // RFC 4648 §10, without padding.
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }
}
