//! Names that could pass for others with a reader that folds case.

/// Whether a key could pass for one of `known` with a reader that folds case, without being it.
pub(super) fn is_variant(key: &str, known: &[&str]) -> bool {
    // Through upper case first: `ſ` and the Kelvin sign have no lower case of their own.
    let fold = |text: &str| {
        text.chars()
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    let folded = fold(key);
    known.iter().any(|it| *it != key && fold(it) == folded)
}
