//! Comparing names as people do: without regard to case, accents or doubled spaces.

use std::collections::BTreeSet;

use crate::unseen::{Unseen, unseen};

/// Letters of a name that are compared to tell how near it is.
const COMPARED: usize = 80;

/// How well a name fits; the smaller, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tools) enum Fit {
    /// The same, letter for letter.
    Exact,
    /// The same but for case, accents and spaces.
    Same,
    Begins,
    /// Holds every word.
    Holds,
}

/// How well `name` fits what was asked for; nothing if a word is missing.
pub(in crate::tools) fn fit(asked: &str, name: &str) -> Option<Fit> {
    if asked.trim() == name.trim() {
        return Some(Fit::Exact);
    }
    let (asked, name) = (folded(asked), folded(name));
    if asked == name {
        return Some(Fit::Same);
    }
    if name.starts_with(&asked) {
        return Some(Fit::Begins);
    }
    asked.split(' ').all(|word| name.contains(word)).then_some(Fit::Holds)
}

/// Lower case, without accents, with single spaces.
pub(in crate::tools) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            '\u{0300}'..='\u{036f}' => {}
            c if matches!(unseen(c), Some(Unseen::Hiding | Unseen::Joining)) => {}
            '’' | '‘' | '`' | '´' => out.push('\''),
            '“' | '”' | '„' => out.push('"'),
            '–' | '—' | '‑' => out.push('-'),
            c if c.is_whitespace() => {
                if !out.ends_with(' ') && !out.is_empty() {
                    out.push(' ');
                }
            }
            c => match plain(c) {
                Some(letters) => out.push_str(letters),
                None => out.push(c),
            },
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The letters of a lower-case Latin letter with an accent.
fn plain(c: char) -> Option<&'static str> {
    const LETTERS: &[(&str, &str)] = &[
        ("àáâãäåāăąǎȁȃ", "a"),
        ("æǽ", "ae"),
        ("çćĉċč", "c"),
        ("ďđð", "d"),
        ("èéêëēĕėęěȅȇ", "e"),
        ("ĝğġģǧ", "g"),
        ("ĥħ", "h"),
        ("ìíîïĩīĭįıǐ", "i"),
        ("ĵ", "j"),
        ("ķǩ", "k"),
        ("ĺļľŀł", "l"),
        ("ñńņňŉ", "n"),
        ("òóôõöøōŏőǒ", "o"),
        ("œ", "oe"),
        ("ŕŗř", "r"),
        ("śŝşšș", "s"),
        ("ß", "ss"),
        ("ţťŧț", "t"),
        ("þ", "th"),
        ("ùúûüũūŭůűųǔ", "u"),
        ("ŵ", "w"),
        ("ýÿŷ", "y"),
        ("źżž", "z"),
    ];
    if c.is_ascii() {
        return None;
    }
    LETTERS
        .iter()
        .find(|(accented, _)| accented.contains(c))
        .map(|(_, letters)| *letters)
}

/// Up to five of these names that are nearest to what was asked for, the nearest first.
pub(in crate::tools) fn nearest<'a>(asked: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let asked = folded(asked);
    let distinct: BTreeSet<&str> = names.into_iter().collect();
    let mut ranked: Vec<(usize, &str)> = distinct
        .into_iter()
        .filter_map(|name| {
            let folded = folded(name);
            let shares_word = asked.split(' ').any(|word| word.len() > 2 && folded.contains(word));
            let distance = distance(&asked, &folded);
            let longest = asked.chars().count().max(folded.chars().count()).min(COMPARED);
            (shares_word || distance * 2 <= longest).then_some((distance, name))
        })
        .collect();
    ranked.sort();
    ranked.into_iter().take(5).map(|(_, name)| name).collect()
}

/// How many letters to add, drop or change to make one text of the other; long texts are compared by their beginning.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().take(COMPARED).collect();
    let other: Vec<char> = other.chars().take(COMPARED).collect();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut costs = vec![row + 1];
        for (at, candidate) in other.iter().enumerate() {
            let swap = above[at] + usize::from(letter != candidate);
            costs.push(swap.min(above[at + 1] + 1).min(costs[at] + 1));
        }
        above = costs;
    }
    above[other.len()]
}
