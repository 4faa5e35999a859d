//! Forms are read as a browser would send them.

use super::form::{forms, text};

const HTML: &str = r#"<p>Hi &amp; <b>you</b></p><form method="post" action="/x?a=1&amp;b=2"><input type="hidden" name="csrf" value="t&#x2f;1">
<input name="name" value="Ada"><input type="checkbox" name="off" value="1"><input type="checkbox" name="on" value="1" checked>
<select name="pick"><option value="a">A</option><option value="b" selected>B</option></select><textarea name="note">one &lt; two</textarea>
<button name="answer" value="yes">Yes</button></form><form action="/y"></form>"#;

#[test]
fn a_form_sends_its_own_fields_unless_they_are_given() {
    let all = forms(HTML);
    assert_eq!(
        (all.len(), all[0].action.as_str(), all[0].is_post, all[1].is_post),
        (2, "/x?a=1&b=2", true, false)
    );
    assert_eq!(all[0].buttons, [("answer".to_owned(), "yes".to_owned())]);
    assert_eq!(
        all[0].filled(&[("name", "Bo"), ("answer", "yes")]),
        "csrf=t%2F1&on=1&pick=b&note=one+%3C+two&name=Bo&answer=yes"
    );
}

#[test]
fn words_are_read_without_tags() {
    assert_eq!(text("<p>Hi &amp; <b>you</b></p>"), "Hi & you");
}
