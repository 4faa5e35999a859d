//! What a client calls itself, without anything that could disguise it.

use url::Url;

use crate::unseen::unseen;

const LONGEST_NAME: usize = 80;

/// The name without anything unseen, of bounded length; may come out empty. It has no use for what joins letters or chooses
/// the look of emoji either.
pub fn plain_name(asked: &str) -> String {
    let seen = asked.chars().filter(|it| unseen(*it).is_none());
    let name: String = seen.take(LONGEST_NAME).collect();
    name.trim().to_owned()
}

/// What is wrong with an address a client would be shown with; those are never fetched.
pub fn web_address_problem(address: &str) -> Option<&'static str> {
    let is_web = Url::parse(address)
        .is_ok_and(|it| it.scheme() == "https" || it.scheme() == "http" && it.host_str() == Some("localhost"));
    (!is_web).then_some("expected an https address")
}
