//! Text in the encoding of the standard fonts of PDF, and how wide it is.

use crate::files::letters::plain_letters;

/// Widths of the letters from space to tilde in Helvetica, in thousandths of the size.
#[rustfmt::skip]
const REGULAR: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// The same in Helvetica Bold.
#[rustfmt::skip]
const BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];

/// The width of encoded text as a part of its size; letters with accents are as wide as those without.
pub(super) fn width(bytes: &[u8], bold: bool) -> f32 {
    let widths = if bold { &BOLD } else { &REGULAR };
    let width = |byte: &u8| {
        let plain = plain_letters(char::from(*byte)).bytes().next().unwrap_or(b'?');
        widths
            .get(usize::from(plain.saturating_sub(b' ')))
            .copied()
            .unwrap_or(556)
    };
    bytes.iter().map(|byte| f32::from(width(byte))).sum::<f32>() / 1000.0
}

/// What `WinAnsi` holds at 0x80 and above instead of control characters; spaces are unused.
const MIDDLE: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/// Text in the encoding of the standard fonts; letters it lacks lose their accents or become a question mark.
pub(super) fn in_win_ansi(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            ' '..='~' | '\u{a0}'..='\u{ac}' | '\u{ae}'..='\u{ff}' => bytes.push(letter as u8),
            other => match (0x80..).zip(MIDDLE.chars()).find(|(_, known)| *known == other) {
                Some((byte, _)) => bytes.push(byte),
                None => bytes.extend(plain_letters(other).bytes()),
            },
        }
    }
    bytes
}
