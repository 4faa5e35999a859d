//! Places for files too large for one request: made on demand, reached by a signed address, gone after a while.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use url::form_urlencoded;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::spool::Spool;
use crate::world::World;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::time;
use crate::world::uploads::UploadPlace;

/// Makes a place and tells its address.
pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    let mut secret = [0; 32];
    call.sandbox.fill_random(&mut secret);
    let mut world = call.world();
    call.home_as(&mut world, Role::Contributor)?;
    let place = UploadPlace {
        id: world.fresh.id(Kind::Import),
        tid: call.who.tid.clone(),
        signature: STANDARD.encode(secret),
        expires_ms: call.now_ms + UploadPlace::LIFETIME_MS,
        blocks: Vec::new(),
        file: None,
    };
    let expiry = time::in_seconds(place.expires_ms);
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("sv", "2021-12-02"), ("se", expiry.as_str()), ("sr", "b"), ("sp", "cw")])
        .append_pair("sig", &place.signature)
        .finish();
    let url = format!("{}/blob/imports/{}.pbix?{query}", call.sandbox.url(), place.id);
    world.upload_places.push(place);
    Ok(odata::complex(
        call,
        "TemporaryUploadLocation",
        object([("url", url.into()), ("expirationTime", expiry.into())]),
    ))
}

/// The file uploaded to an address.
pub(super) fn file_at(call: &Call, world: &World, address: &str) -> Result<Spool, Refusal> {
    let is_ours =
        |url: &Url| address.starts_with(&format!("{}/blob/imports/", call.sandbox.url())) && url.query().is_some();
    let url = Url::parse(address).ok().filter(is_ours);
    let url = url.ok_or_else(|| Refusal::bad("fileUrl must be the address of a temporary upload location"))?;
    let name = url
        .path_segments()
        .and_then(Iterator::last)
        .unwrap_or_default()
        .to_owned();
    let place = world
        .upload_places
        .iter()
        .find(|place| place.tid == call.who.tid && is_signed(place, &name, url.query()));
    let file = place.and_then(|place| place.file.clone());
    file.ok_or_else(|| Refusal::bad("nothing was uploaded to the address in fileUrl"))
}

/// Forgets the places whose time is over.
pub(super) fn settle(world: &mut World, now_ms: i64) {
    world.upload_places.retain(|place| now_ms < place.expires_ms);
}

/// Does an address, by its file name and query, lead to a place?
pub(super) fn is_signed(place: &UploadPlace, name: &str, query: Option<&str>) -> bool {
    let signature = parameter(query, "sig");
    name == format!("{}.pbix", place.id) && signature.as_deref() == Some(&place.signature)
}

/// A parameter of a query, decoded.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn place(id: Uuid) -> UploadPlace {
        UploadPlace {
            id,
            tid: String::new(),
            signature: "a+b/c=".to_owned(),
            expires_ms: 0,
            blocks: Vec::new(),
            file: None,
        }
    }

    #[test]
    fn only_the_whole_signature_opens_a_place() {
        let id = Uuid::nil();
        let name = format!("{id}.pbix");
        let opens = |name: &str, query: &str| is_signed(&place(id), name, Some(query));
        assert!(opens(&name, "sv=1&sig=a%2Bb%2Fc%3D"));
        assert!(!opens(&name, "sig=a%2Bb"));
        assert!(!opens(&name, "sig="));
        assert!(!opens("other.pbix", "sig=a%2Bb%2Fc%3D"));
        assert!(!is_signed(&place(id), &name, None));
    }
}
