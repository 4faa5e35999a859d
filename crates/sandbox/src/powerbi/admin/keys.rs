//! Encryption keys a customer brings for its capacities.

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::powerbi::admin;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::world::World;
use crate::world::ids::Kind;
use crate::world::tenancy::CapacityKey;
use crate::world::tenancy::TenantKey;
use crate::world::time;

pub(in crate::powerbi) fn list(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let own = world.tenancy.keys.iter().filter(|key| key.tid == call.who.tid);
    Ok(admin::list("tenantKeys", own.map(shape)))
}

/// One key as the API shows it.
pub(super) fn shape(key: &TenantKey) -> Map<String, Value> {
    object([
        ("id", key.id.to_string().into()),
        ("name", key.name.clone().into()),
        ("keyVaultKeyIdentifier", key.identifier.clone().into()),
        ("isDefault", key.is_default.into()),
        ("createdAt", time::with_ms(key.created_ms).into()),
        ("updatedAt", time::with_ms(key.updated_ms).into()),
    ])
}

/// The key of that id.
pub(super) fn find<'w>(call: &Call, world: &'w World, id: Uuid) -> Result<&'w TenantKey, Refusal> {
    let own = world.tenancy.keys.iter();
    own.into_iter()
        .find(|key| key.id == id && key.tid == call.who.tid)
        .ok_or_else(Refusal::not_found)
}

pub(in crate::powerbi) fn add(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let name = fields.text("name")?.to_owned();
    let identifier = fields.text("keyVaultKeyIdentifier")?.to_owned();
    version_of(&identifier)?;
    let wants_default = fields.find_bool("isDefault")?.unwrap_or(false);
    let activates = fields.find_bool("activate")?.unwrap_or(true);
    let mut world = call.world();
    let is_taken = |key: &TenantKey| key.tid == call.who.tid && key.name.eq_ignore_ascii_case(&name);
    if world.tenancy.keys.iter().any(is_taken) {
        return Err(Refusal::Coded {
            status: StatusCode::CONFLICT,
            code: "TenantKeyNameAlreadyExists",
            message: Some(format!("a key named {name:?} exists already")),
        });
    }
    let is_first = world.tenancy.keys.iter().all(|key| key.tid != call.who.tid);
    let key = TenantKey {
        id: world.fresh.id(Kind::TenantKey),
        tid: call.who.tid.clone(),
        name,
        identifier,
        is_default: wants_default || is_first,
        created_ms: call.now_ms,
        updated_ms: call.now_ms,
    };
    if key.is_default {
        let others = world.tenancy.keys.iter_mut();
        for other in others.filter(|other| other.tid == key.tid) {
            other.is_default = false;
        }
        if activates {
            activate(call, &mut world, key.id);
        }
    }
    let item = shape(&key);
    world.tenancy.keys.push(key);
    Ok(entity(item))
}

/// The default key is used by every capacity that has none of its own yet.
fn activate(call: &Call, world: &mut World, key: Uuid) {
    let used = CapacityKey {
        key,
        since_ms: call.now_ms,
    };
    for capacity in world.capacities.iter().filter(|capacity| capacity.tid == call.who.tid) {
        world.tenancy.capacity_keys.entry(capacity.id).or_insert(used);
    }
}

/// Moves to another version of the same key.
pub(in crate::powerbi) fn rotate(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let identifier = fields.text("keyVaultKeyIdentifier")?.to_owned();
    let id = call.id("tenant_key")?;
    let mut world = call.world();
    let key = find(call, &world, id)?;
    let ((home, version), (new_home, new_version)) = (version_of(&key.identifier)?, version_of(&identifier)?);
    if home != new_home || version == new_version {
        return Err(Refusal::bad("a key is rotated to another version of itself"));
    }
    let key = world.tenancy.keys.iter_mut().find(|key| key.id == id);
    let key = key.ok_or_else(Refusal::not_found)?;
    key.identifier = identifier;
    key.updated_ms = call.now_ms;
    let item = shape(key);
    Ok(entity(item))
}

/// Vault and key name of an address, and the version.
fn version_of(identifier: &str) -> Result<(String, String), Refusal> {
    let refused = || Refusal::bad("keyVaultKeyIdentifier must be https://VAULT/keys/NAME/VERSION");
    let url = Url::parse(identifier).map_err(|_| refused())?;
    let segments: Vec<&str> = url.path_segments().map(Iterator::collect).unwrap_or_default();
    match (url.scheme(), url.host_str(), segments.as_slice()) {
        ("https", Some(host), ["keys", name, version]) if !name.is_empty() && !version.is_empty() => {
            Ok((format!("{host}/{name}"), (*version).to_owned()))
        }
        _ => Err(refused()),
    }
}

fn entity(mut item: Map<String, Value>) -> Answer {
    item.insert("@odata.context".to_owned(), admin::context("tenantKeys/$entity").into());
    Answer::json(&Value::Object(item))
}
