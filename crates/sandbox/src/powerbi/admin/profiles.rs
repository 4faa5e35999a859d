//! Profiles of every service principal of the organisation.

use crate::powerbi::admin;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::profiles;
use crate::powerbi::refusal::Refusal;

/// Profiles one page may hold.
const MOST: usize = 5_000;

pub(in crate::powerbi) fn list(call: &Call) -> Result<Answer, Refusal> {
    if call.query("$top").is_some() {
        admin::required_top(call, MOST)?;
    }
    let world = call.world();
    let own = world.profiles.iter().filter(|profile| profile.tid == call.who.tid);
    let items = own.map(|profile| {
        let mut item = profiles::shape(profile);
        item.insert("servicePrincipalId".to_owned(), profile.principal.clone().into());
        item
    });
    admin::page(call, "profiles", items.collect())
}

pub(in crate::powerbi) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let id = call.id("profile")?;
    let mut world = call.world();
    let mut own = world.profiles.iter().filter(|profile| profile.tid == call.who.tid);
    own.find(|profile| profile.id == id).ok_or_else(Refusal::not_found)?;
    profiles::remove(&mut world, id);
    Ok(Answer::empty())
}
