//! Names as people read them: which names look alike.

use crate::unseen::{Unseen, unseen};

/// What a name looks like: two names with the same look are refused side by side. Letters of other scripts that are drawn
/// like Latin ones count as those (the commonest of Unicode TR 39), whatever their case; space counts once.
///
/// Identifiers decide everywhere; this keeps a person from taking one thing for another.
pub fn look_of(name: &str) -> String {
    let seen = name
        .chars()
        .filter(|it| matches!(unseen(*it), None | Some(Unseen::Space)));
    let letters: String = seen.flat_map(char::to_lowercase).map(plain).collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain(c: char) -> char {
    match c {
        'а' | 'α' => 'a',
        'в' | 'β' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ε' | 'ё' => 'e',
        'һ' => 'h',
        'і' | 'ι' | 'ı' | 'ӏ' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' | 'μ' => 'm',
        'н' | 'η' => 'h',
        'о' | 'ο' | 'օ' | 'σ' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ѵ' | 'ν' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'ζ' => 'z',
        // Full-width forms stand 0xFEE0 above ASCII.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c).to_ascii_lowercase(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_one_look() {
        for name in [
            "Finance",
            "FINANCE",
            " finance ",
            "Fin\u{200B}ance",
            "Fin\u{200D}ance",
            "Finаnce",
            "Fіnance",
            "Ｆｉｎａｎｃｅ",
        ] {
            assert_eq!(look_of(name), "finance", "{name:?}");
        }
        assert_eq!(look_of("Sales  and\u{a0}more"), "sales and more");
        assert_ne!(look_of("Finance 1"), look_of("Finance 2"));
        assert_eq!(look_of(" \u{200B}\t"), "");
    }
}
