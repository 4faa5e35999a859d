//! What a person or model writes for an item: a GUID, a pasted address of Power BI, or a name.

use percent_encoding::percent_decode_str;
use url::Url;

use super::Kind;

/// An item as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tools) enum Reference {
    Id(String),
    Address(Address),
    Name(String),
}

/// The ids of an address. Its host is not looked at: only ids are taken, and rights are judged by Power BI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tools) struct Address {
    /// The item, unless the address is of a workspace.
    pub item: Option<(Kind, String)>,
    pub workspace: Option<String>,
    pub app: Option<String>,
}

/// Reads what was given; the error says why an address cannot be used.
pub(in crate::tools) fn parse(text: &str) -> Result<Reference, String> {
    let text = text.trim();
    if let Some(id) = guid(text.trim_matches(['{', '}'])) {
        return Ok(Reference::Id(id));
    }
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("https://") || lower.starts_with("http://") {
        return address(text).map(Reference::Address);
    }
    Ok(Reference::Name(text.to_owned()))
}

fn address(text: &str) -> Result<Address, String> {
    let url = Url::parse(text).map_err(|_| "the address cannot be read".to_owned())?;
    let mut found = Address::default();
    let parts: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    for pair in parts.windows(2) {
        let Some(id) = guid(pair[1]) else { continue };
        match pair[0].to_ascii_lowercase().as_str() {
            "groups" | "workspaces" => found.workspace = Some(id),
            "apps" => found.app = Some(id),
            word => {
                if let Some(kind) = Kind::of_path(word) {
                    found.item.get_or_insert((kind, id));
                }
            }
        }
    }
    for (name, value) in url.query_pairs() {
        let Some(id) = guid(&value) else { continue };
        match name.to_ascii_lowercase().as_str() {
            "groupid" | "workspaceid" => drop(found.workspace.get_or_insert(id)),
            "appid" => drop(found.app.get_or_insert(id)),
            "reportid" => drop(found.item.get_or_insert((Kind::Report, id))),
            "dashboardid" => drop(found.item.get_or_insert((Kind::Dashboard, id))),
            "datasetid" => drop(found.item.get_or_insert((Kind::Model, id))),
            _ => {}
        }
    }
    if found == Address::default() {
        return Err("the address names no item by id: open the item in Power BI and copy the address from there, or give its name".into());
    }
    Ok(found)
}

/// A GUID of 36 characters, in lower case.
fn guid(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    let is_guid = text.len() == 36 && uuid::Uuid::try_parse(&text).is_ok();
    is_guid.then(|| text.to_ascii_lowercase())
}
