//! Just enough HTML to find forms and words in well-formed pages of our own.

use url::form_urlencoded::Serializer;

/// A form with the fields it would send by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pub action: String,
    pub is_post: bool,
    /// Name and value of hidden and filled-in fields, ticked boxes and chosen options.
    pub fields: Vec<(String, String)>,
    /// Name and value of the buttons.
    pub buttons: Vec<(String, String)>,
}

impl Form {
    /// The form's own fields with `given` in their place or behind them, form-encoded.
    pub fn filled(&self, given: &[(&str, &str)]) -> String {
        let own = self
            .fields
            .iter()
            .filter(|(name, _)| given.iter().all(|(known, _)| known != name));
        let mut text = Serializer::new(String::new());
        text.extend_pairs(own);
        text.extend_pairs(given);
        text.finish()
    }
}

/// The forms of a page, in order.
pub(super) fn forms(html: &str) -> Vec<Form> {
    let mut found = Vec::new();
    for part in html.split("<form").skip(1) {
        let inside = part.split("</form>").next().unwrap_or_default();
        let Some((head, content)) = inside.split_once('>') else {
            continue;
        };
        let mut form = Form {
            action: attribute(head, "action").unwrap_or_default(),
            is_post: attribute(head, "method").is_some_and(|it| it.eq_ignore_ascii_case("post")),
            ..Form::default()
        };
        read_fields(content, &mut form);
        found.push(form);
    }
    found
}

fn read_fields(content: &str, form: &mut Form) {
    let mut select = None;
    for tag in content.split('<').skip(1) {
        let (head, rest) = tag.split_once('>').unwrap_or((tag, ""));
        let name = attribute(head, "name");
        let value = attribute(head, "value").unwrap_or_default();
        match head.split_ascii_whitespace().next().unwrap_or_default() {
            "input" => {
                let kind = attribute(head, "type").unwrap_or_default();
                let is_off = matches!(kind.as_str(), "checkbox" | "radio") && !has_flag(head, "checked");
                form.fields
                    .extend(name.filter(|_| !is_off && kind != "submit").map(|it| (it, value)));
            }
            "textarea" => form.fields.extend(name.map(|it| (it, unescape(rest)))),
            "button" => form.buttons.extend(name.map(|it| (it, value))),
            "select" => select = name,
            "option" if has_flag(head, "selected") => form.fields.extend(select.clone().map(|it| (it, value))),
            _ => {}
        }
    }
}

fn has_flag(head: &str, flag: &str) -> bool {
    head.split_ascii_whitespace().any(|it| it.trim_end_matches('/') == flag)
}

fn attribute(head: &str, name: &str) -> Option<String> {
    let start = head
        .match_indices(&format!("{name}=\""))
        .find(|(at, _)| head[..*at].ends_with(|c: char| c.is_whitespace()))?
        .0;
    let value = &head[start + name.len() + 2..];
    Some(unescape(&value[..value.find('"')?]))
}

/// The words of a page.
pub(super) fn text(html: &str) -> String {
    let mut out = String::new();
    for part in html.split('<') {
        let words = part.split_once('>').map_or(part, |(_, words)| words);
        let words = unescape(words);
        let words: Vec<&str> = words.split_whitespace().collect();
        if !words.is_empty() {
            out.push_str(&words.join(" "));
            out.push(' ');
        }
    }
    out.trim_end().to_owned()
}

fn unescape(text: &str) -> String {
    let mut out = text.to_owned();
    for (entity, plain) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&#x2F;", "/"),
        ("&amp;", "&"),
    ] {
        out = out.replace(entity, plain);
    }
    out
}
