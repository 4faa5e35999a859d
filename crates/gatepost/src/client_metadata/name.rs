//! What a client calls itself, without anything that could disguise it.

use url::Url;

use crate::caller::is_disguise;

const LONGEST_NAME: usize = 80;

/// The name without control, direction and zero-width characters, of bounded length; may come out empty.
pub fn plain_name(asked: &str) -> String {
    let name: String = asked.chars().filter(|it| is_plain(*it)).take(LONGEST_NAME).collect();
    name.trim().to_owned()
}

/// A client's name has no use for what joins letters or chooses the look of emoji either.
fn is_plain(c: char) -> bool {
    !c.is_control() && !is_disguise(c) && !matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE0E}' | '\u{FE0F}')
}

/// What is wrong with an address a client would be shown with; those are never fetched.
pub fn web_address_problem(address: &str) -> Option<&'static str> {
    let is_web = Url::parse(address)
        .is_ok_and(|it| it.scheme() == "https" || it.scheme() == "http" && it.host_str() == Some("localhost"));
    (!is_web).then_some("expected an https address")
}
