//! The test functions of a file, each with the comment above it.

/// One test.
#[derive(Debug, PartialEq)]
pub(crate) struct Test<'a> {
    pub(crate) name: &'a str,
    /// Its doc comment, line breaks and slashes left out.
    pub(crate) about: String,
}

/// The functions that carry a test attribute; those inside a macro call such as `proptest!` carry one too.
pub(crate) fn tests_in(text: &str) -> Vec<Test<'_>> {
    let mut found = Vec::new();
    let (mut about, mut is_marked) = (String::new(), false);
    for line in text.lines().map(str::trim_start) {
        if let Some(comment) = line.strip_prefix("///") {
            about.push_str(comment);
            continue;
        }
        if line.starts_with("#[") {
            is_marked |= line.contains("test]") || line.contains("test(");
            continue;
        }
        if is_inside_an_attribute(line) && is_marked {
            continue;
        }
        if let Some(name) = function_name(line).filter(|_| is_marked) {
            found.push(Test {
                name,
                about: about.clone(),
            });
        }
        about.clear();
        is_marked = false;
    }
    found
}

/// An attribute over several lines: its inner lines are indented values, its end is a bracket.
fn is_inside_an_attribute(line: &str) -> bool {
    line == ")]" || line.ends_with(',') || line.contains(" = \"")
}

fn function_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ").unwrap_or(line);
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        tests_in(text).into_iter().map(|test| test.name).collect()
    }

    #[test]
    fn a_plain_function_is_no_test() {
        assert_eq!(names("fn tokens_are_hashed() {}\n"), Vec::<&str>::new());
    }

    #[test]
    fn a_test_has_the_comment_above_it_and_no_other() {
        let text = "/// Of nothing.\n\n/// One,\n/// two.\n#[tokio::test(flavor = \"x\")]\n#[expect(\n    unused,\n    reason = \"x\"\n)]\n\
                    async fn a() {}\n#[test]\nfn b() {}\n";
        let about = |name: &str| {
            tests_in(text)
                .into_iter()
                .find(|test| test.name == name)
                .map(|test| test.about)
        };
        assert_eq!(about("a").as_deref(), Some(" One, two."));
        assert_eq!(about("b").as_deref(), Some(""));
    }
}
