//! Forms: just enough HTML to find them in pages of our own and of the sandbox, and their encoding in addresses and bodies.

/// A form with what it sends by itself.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
    /// Name and value of the buttons; empty where a button has none.
    pub(crate) buttons: Vec<(String, String)>,
}

/// The forms of a page, in order.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let inside = |part: &str| part.split("</form>").next().unwrap_or_default().to_owned();
    html.split("<form").skip(1).map(|part| form(&inside(part))).collect()
}

fn form(text: &str) -> Form {
    let (head, content) = text.split_once('>').unwrap_or((text, ""));
    let mut form = Form {
        action: attribute(head, "action").unwrap_or_default(),
        ..Form::default()
    };
    for tag in content
        .split('<')
        .filter_map(|tag| tag.split('>').next())
        .map(str::trim_end)
    {
        let pair = || {
            let name = attribute(tag, "name").unwrap_or_default();
            (name, attribute(tag, "value").unwrap_or_default())
        };
        match tag.split_ascii_whitespace().next() {
            Some("button") => form.buttons.push(pair()),
            Some("input") if is_sent(tag) => form.fields.push(pair()),
            _ => {}
        }
    }
    form
}

/// A box that is not ticked sends nothing, nor does a field without a name.
fn is_sent(tag: &str) -> bool {
    let is_box = matches!(attribute(tag, "type").as_deref(), Some("checkbox" | "radio"));
    attribute(tag, "name").is_some() && (!is_box || tag.split_ascii_whitespace().any(|word| word == "checked"))
}

/// The value of an attribute of a tag.
pub(crate) fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescape(rest.split('"').next()?))
}

fn unescape(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
    ];
    let plain = entities
        .iter()
        .fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter));
    // Last, so that what was escaped twice stays escaped once.
    plain.replace("&amp;", "&")
}

/// Names and values as they stand in a query or in the body of a form.
pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The value of a parameter in the query of an address.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1.split('#').next()?;
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (*first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&[*high, *low]).ok()?, 16).ok()?);
                rest = after;
            }
            (byte, _) => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(one, two)| ((*one).to_owned(), (*two).to_owned()))
            .collect()
    }

    #[test]
    fn a_form_sends_its_fields_and_ticked_boxes() {
        let html = r#"<p>A</p><form method="post" action="/a?b&amp;c"><input type="hidden" name="csrf" value="x&#39;y">
            <input type="checkbox" name="no" value="1"><input type="checkbox" name="yes" value="1" checked>
            <input value="nameless"><button class="main" name="answer" value="approve">Yes</button><button>No</button>
            </form><form action="/second"></form>"#;
        let found = forms(html);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].action, "/a?b&c");
        assert_eq!(found[0].fields, pairs(&[("csrf", "x'y"), ("yes", "1")]));
        assert_eq!(found[0].buttons, pairs(&[("answer", "approve"), ("", "")]));
    }

    #[test]
    fn what_is_encoded_comes_back() {
        let value = "a b&c=d/ü%+";
        let url = format!("http://localhost/?x=1&{}", encode(&[("state", value)]));
        assert_eq!(parameter(&url, "state").as_deref(), Some(value));
        assert_eq!(
            parameter("http://localhost/?state=a+b#f", "state").as_deref(),
            Some("a b")
        );
        assert_eq!(parameter(&url, "code"), None);
    }
}
