//! Tables of Markdown.

/// A table with this heading, or nothing without rows.
pub(crate) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = line(heading.iter().map(|cell| (*cell).to_owned()));
    text += &line(heading.iter().map(|_| "---".to_owned()));
    for row in rows {
        text += &line(row.iter().map(|cell| cell.replace('|', "\\|")));
    }
    text + "\n"
}

/// Words as code, separated by commas.
pub(crate) fn words(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<_> = cells.collect();
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_inside_a_cell_does_not_split_it() {
        let text = table(&["a", "b"], &[vec!["x | y".to_owned(), "z".to_owned()]]);
        assert_eq!(text, "| a | b |\n| --- | --- |\n| x \\| y | z |\n\n");
    }

    #[test]
    fn no_rows_make_no_table() {
        assert_eq!(table(&["a"], &[]), "");
    }
}
