//! What a client calls itself, without anything that could disguise it.

use url::Url;

const LONGEST_NAME: usize = 80;

/// The name without control, direction and zero-width characters, of bounded length; may come out empty.
pub fn plain_name(asked: &str) -> String {
    let name: String = asked.chars().filter(|it| is_plain(*it)).take(LONGEST_NAME).collect();
    name.trim().to_owned()
}

fn is_plain(c: char) -> bool {
    let disguises = matches!(c, '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFF}' | '\u{E0000}'..='\u{E0FFF}');
    !c.is_control() && !disguises
}

/// What is wrong with an address a client would be shown with; those are never fetched.
pub fn web_address_problem(address: &str) -> Option<&'static str> {
    let is_web = Url::parse(address)
        .is_ok_and(|it| it.scheme() == "https" || it.scheme() == "http" && it.host_str() == Some("localhost"));
    (!is_web).then_some("expected an https address")
}
