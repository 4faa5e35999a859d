//! Characters that people do not see: one table for names, pages, texts of Power BI and errors.

/// What a character does that nobody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Begins a line or a column: `\n`, `\r`, `\t`.
    Space,
    /// Any other control (Unicode category Cc).
    Control,
    /// Turns the direction of writing (UAX 9 §2), has no shape, or spells bytes: nobody needs it in a name or a sentence.
    Hiding,
    /// Joins or parts letters within a word, or chooses the look of an emoji: names and sentences need it.
    Joining,
}

/// What an unseen character does; `None` for one that people see, and for spaces.
pub fn unseen(c: char) -> Option<Unseen> {
    Some(match c {
        '\n' | '\r' | '\t' => Unseen::Space,
        c if c.is_control() => Unseen::Control,
        '\u{200C}' | '\u{200D}' | '\u{FE0E}' | '\u{FE0F}' => Unseen::Joining,
        // Soft hyphen, grapheme joiner, the Arabic letter mark.
        '\u{00AD}' | '\u{034F}' | '\u{061C}'
        // Fillers of Hangul, whole and of half width; vowels of Khmer without a shape; selectors of Mongolian.
        | '\u{115F}'..='\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        // Zero width, marks of direction, separators of lines, embeddings, isolates, invisible operators.
        | '\u{200B}' | '\u{200E}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        // Selectors of variants, the mark of byte order, specials, tags and the other selectors.
        | '\u{FE00}'..='\u{FE0D}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}' => Unseen::Hiding,
        _ => return None,
    })
}

/// Whether a character can hide text from people, or show them other text than there is: controls but for spaces, and what
/// [`Unseen::Hiding`] is.
pub fn is_disguise(c: char) -> bool {
    matches!(unseen(c), Some(Unseen::Control | Unseen::Hiding))
}

/// A text on one line without what hides: controls and ends of lines become spaces.
pub fn on_one_line(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter_map(|c| match unseen(c) {
        Some(Unseen::Hiding) => None,
        Some(Unseen::Space | Unseen::Control) => Some(' '),
        Some(Unseen::Joining) | None => Some(c),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::look_of;
    use crate::client_metadata::plain_name;
    use crate::entra::shown;
    use crate::page::visible;
    use crate::tools::short;

    /// One character of each kind and of each range, the ends of ranges too.
    const TABLE: &[(Unseen, &str)] = &[
        (Unseen::Space, "\n\r\t"),
        (Unseen::Control, "\u{0}\u{7}\u{1b}\u{1f}\u{7f}\u{80}\u{85}\u{9f}"),
        (Unseen::Joining, "\u{200C}\u{200D}\u{FE0E}\u{FE0F}"),
        (
            Unseen::Hiding,
            "\u{AD}\u{34F}\u{61C}\u{115F}\u{1160}\u{17B4}\u{17B5}\u{180B}\u{180E}\u{180F}\u{200B}\u{200E}\u{200F}\u{2028}\u{2029}\
             \u{202A}\u{202D}\u{202E}\u{2060}\u{2066}\u{2069}\u{206F}\u{3164}\u{FE00}\u{FE0D}\u{FEFF}\u{FFA0}\u{FFF0}\u{FFF9}\u{FFFB}\
             \u{E0000}\u{E0001}\u{E0041}\u{E0100}\u{E01EF}\u{E0FFF}",
        ),
    ];

    #[test]
    fn whoever_cleans_text_cleans_it_by_the_one_table() {
        for (kind, characters) in TABLE {
            for c in characters.chars() {
                assert_eq!(unseen(c), Some(*kind), "{c:?}");
                let text = format!("a{c}b");
                let hides = matches!(kind, Unseen::Control | Unseen::Hiding);
                assert_eq!(is_disguise(c), hides, "{c:?}");
                let joins = *kind == Unseen::Joining;
                let line = match kind {
                    Unseen::Hiding => "ab".to_owned(),
                    Unseen::Joining => text.clone(),
                    Unseen::Space | Unseen::Control => "a b".to_owned(),
                };
                assert_eq!(short(&text, 9), line, "texts of Power BI: {c:?}");
                assert_eq!(
                    on_one_line(&text).collect::<String>(),
                    line,
                    "refusals of Power BI: {c:?}"
                );
                assert_eq!(plain_name(&text), "ab", "names of clients: {c:?}");
                assert_eq!(shown(&text).as_deref(), Some("ab"), "names from Microsoft: {c:?}");
                assert_eq!(visible(&text), format!("a\\u{{{:x}}}b", u32::from(c)), "plans: {c:?}");
                let looks = if *kind == Unseen::Space { "a b" } else { "ab" };
                assert_eq!(look_of(&text), looks, "names side by side: {c:?} {joins}");
            }
        }
    }

    #[test]
    fn what_people_see_stays() {
        for c in [
            'a', 'é', 'ß', 'م', '中', '\u{a0}', ' ', '\u{2003}', '👩', '\u{301}', '\u{FFFD}',
        ] {
            assert_eq!(unseen(c), None, "{c:?}");
        }
    }
}
