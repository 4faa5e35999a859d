//! What the bar above a list offers, read off the page: every filter, order, search and far page becomes an address.

use crate::bench::form;

/// Beyond the end of every list: the last page is meant.
const FAR: &str = "100000000";
/// What is searched for: one row, most rows, none.
const SEARCHES: [&str; 3] = ["00017", "0", "nothing is called this"];

/// The addresses that the bars of this page offer; `path` is the page's own address.
pub(super) fn addresses(html: &str, path: &str) -> Vec<String> {
    let own = path.split('?').next().unwrap_or_default();
    let mut found = Vec::new();
    for part in html.split("<form").skip(1) {
        let part = part.split("</form>").next().unwrap_or_default();
        let is_of_list = part.starts_with(" class=\"list-bar\"") || part.starts_with(" class=\"filters card\"");
        if !is_of_list {
            continue;
        }
        let fields = Fields::of(part);
        let address = |pairs: &[(&str, &str)]| {
            let kept = fields.kept.iter().map(|(name, value)| (&**name, &**value));
            let pairs: Vec<_> = kept.chain(pairs.iter().copied()).collect();
            format!("{own}?{}", form::encode(&pairs))
        };
        for (name, value) in &fields.offered {
            found.push(address(&[(name, value)]));
            // Activity has no numbers of pages.
            if let Some(page) = &fields.page {
                found.push(address(&[(name, value), (page, FAR)]));
            }
        }
        if let (Some(search), Some(page)) = (&fields.search, &fields.page) {
            found.push(address(&[(page, FAR)]));
            for word in SEARCHES {
                found.push(address(&[(search, word)]));
                found.push(address(&[(search, word), (page, FAR)]));
            }
        }
    }
    found
}

/// What one bar has.
#[derive(Default)]
struct Fields {
    kept: Vec<(String, String)>,
    /// Every option of its choices, with the name of the choice.
    offered: Vec<(String, String)>,
    search: Option<String>,
    page: Option<String>,
}

impl Fields {
    fn of(part: &str) -> Self {
        let (mut fields, mut choice) = (Self::default(), String::new());
        for tag in part.split('<').filter_map(|tag| tag.split('>').next()) {
            let name = form::attribute(tag, "name").unwrap_or_default();
            let value = form::attribute(tag, "value").unwrap_or_default();
            match tag.split_ascii_whitespace().next() {
                Some("select") => choice = name,
                Some("option") => fields.offered.push((choice.clone(), value)),
                Some("input") if tag.contains("type=\"hidden\"") => fields.kept.push((name, value)),
                Some("input") if tag.contains("type=\"search\"") => {
                    fields.page = name.strip_suffix('q').map(|prefix| format!("{prefix}page"));
                    fields.search = Some(name);
                }
                _ => {}
            }
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_of_a_bar_is_an_address() {
        let html = r#"<form method="post" action="/x"><select name="role"><option value="a"></select></form>
            <form class="list-bar" method="get" action="/x"><input type="hidden" name="id" value="7">
            <input id="a_q" name="a_q" type="search" value=""><select name="a_show"><option value="">All</option>
            <option value="locked" selected>Locked</option></select></form>"#;
        let found = addresses(html, "/x?id=7");
        assert_eq!(found.len(), 11);
        assert_eq!(found[2], "/x?id=7&a_show=locked");
        assert_eq!(found[3], "/x?id=7&a_show=locked&a_page=100000000");
        assert_eq!(found[5], "/x?id=7&a_q=00017");
    }

    #[test]
    fn the_kinds_of_activity_are_addresses_too() {
        let html = r#"<form class="filters card" method="get" action="/activity"><select name="kind">
            <option value="">All</option><option value="call.">Calls</option></select><input name="who"></form>"#;
        assert_eq!(
            addresses(html, "/activity"),
            ["/activity?kind=", "/activity?kind=call."]
        );
    }
}
