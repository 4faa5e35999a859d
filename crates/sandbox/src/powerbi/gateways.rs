//! On-premises gateways, their data sources, and who may use them.

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::datasets;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refresh::word;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::sources;
use crate::powerbi::workspaces;
use crate::world::World;
use crate::world::ids::Kind;
use crate::world::infrastructure::Gateway;
use crate::world::infrastructure::GatewaySource;

const CREDENTIALS: [&str; 6] = ["Basic", "Windows", "Anonymous", "OAuth2", "Key", "SAS"];
const USER_RIGHTS: [&str; 3] = ["None", "Read", "ReadOverrideEffectiveIdentity"];

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let own = world.gateways.iter().filter(|gateway| administers(call, gateway));
    let items: Vec<_> = own.map(sources::gateway_shape).collect();
    Ok(odata::list(call, "gateways", items))
}

fn administers(call: &Call, gateway: &Gateway) -> bool {
    gateway.tid == call.who.tid && gateway.admins.contains(&call.who.oid)
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let gateway = find(call, &mut world)?;
    let mut item = sources::gateway_shape(gateway);
    item.insert(
        "gatewayStatus".to_owned(),
        if gateway.online { "Live" } else { "NotReachable" }.into(),
    );
    item.insert(
        "gatewayAnnotation".to_owned(),
        json!({"gatewayVersion": "3000.282.7", "gatewayMachine": "HQ"})
            .to_string()
            .into(),
    );
    Ok(odata::entity(call, "gateways", item))
}

/// The gateway in the path, if the caller administers it.
fn find<'w>(call: &Call, world: &'w mut World) -> Result<&'w mut Gateway, Refusal> {
    let id = call.id("gateway")?;
    let own = |gateway: &&mut Gateway| {
        gateway.id == id && gateway.tid == call.who.tid && gateway.admins.contains(&call.who.oid)
    };
    world.gateways.iter_mut().find(own).ok_or(Refusal::Coded {
        status: StatusCode::NOT_FOUND,
        code: "DMTS_GatewayNotFoundError",
        message: None,
    })
}

fn find_source<'w>(call: &Call, world: &'w mut World) -> Result<&'w mut GatewaySource, Refusal> {
    let id = call.id("datasource")?;
    let source = find(call, world)?.sources.iter_mut().find(|source| source.id == id);
    source.ok_or(Refusal::Coded {
        status: StatusCode::NOT_FOUND,
        code: "DMTS_DatasourceNotFoundError",
        message: None,
    })
}

/// One data source. A gateway shows its connection as text, where a semantic model shows an object.
fn shape(gateway: Uuid, source: &GatewaySource) -> Map<String, Value> {
    object([
        ("id", source.id.to_string().into()),
        ("gatewayId", gateway.to_string().into()),
        ("datasourceType", source.kind.clone().into()),
        ("connectionDetails", source.details.to_string().into()),
        ("credentialType", source.credential_type.clone().into()),
        ("credentialDetails", json!({"useEndUserOAuth2Credentials": false})),
        ("datasourceName", source.name.clone().into()),
    ])
}

pub(super) fn datasources(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let gateway = find(call, &mut world)?;
    let items: Vec<_> = gateway.sources.iter().map(|source| shape(gateway.id, source)).collect();
    Ok(odata::list(call, "datasources", items))
}

pub(super) fn datasource(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let id = find(call, &mut world)?.id;
    Ok(odata::entity(
        call,
        "datasources",
        shape(id, find_source(call, &mut world)?),
    ))
}

pub(super) fn status(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let online = find(call, &mut world)?.online;
    find_source(call, &mut world)?;
    if online {
        Ok(Answer::empty())
    } else {
        Err(Refusal::code("DM_GWPipeline_Client_GatewayUnreachable"))
    }
}

pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let details = serde_json::from_str(fields.text("connectionDetails")?)
        .map_err(|_| Refusal::bad("connectionDetails must be JSON as a text"))?;
    let credential_type = credential_type(&fields)?;
    let mut world = call.world();
    let id = world.fresh.id(Kind::Datasource);
    let gateway = find(call, &mut world)?;
    let name = fields.text("dataSourceName")?.to_owned();
    if gateway
        .sources
        .iter()
        .any(|source| source.name.eq_ignore_ascii_case(&name))
    {
        return Err(Refusal::Coded {
            status: StatusCode::CONFLICT,
            code: "DMTS_DuplicateDatasourceNameError",
            message: None,
        });
    }
    let source = GatewaySource {
        id,
        name,
        kind: fields.text("dataSourceType")?.to_owned(),
        details,
        credential_type,
        users: Vec::new(),
    };
    let item = shape(gateway.id, &source);
    gateway.sources.push(source);
    Ok(odata::entity(call, "datasources", item).status(StatusCode::CREATED))
}

/// The kind of credentials given. What they are is neither read nor kept.
fn credential_type(fields: &Fields) -> Result<String, Refusal> {
    let details = fields
        .find_object("credentialDetails")?
        .ok_or_else(|| Refusal::bad("credentialDetails is required"))?;
    details.text("credentials")?;
    word("credentialType", &CREDENTIALS, details.text("credentialType")?).map(str::to_owned)
}

/// New credentials mend the models that failed for want of them.
pub(super) fn update(call: &Call) -> Result<Answer, Refusal> {
    let credential_type = credential_type(&call.fields()?)?;
    let mut world = call.world();
    let source = find_source(call, &mut world)?;
    source.credential_type = credential_type;
    let id = source.id;
    for model in world
        .models
        .iter_mut()
        .filter(|model| model.sources.iter().any(|source| source.id == id))
    {
        datasets::mend(model);
    }
    Ok(Answer::empty())
}

pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let id = find_source(call, &mut world)?.id;
    find(call, &mut world)?.sources.retain(|source| source.id != id);
    Ok(Answer::empty())
}

pub(super) fn users(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let users = &find_source(call, &mut world)?.users;
    let items: Vec<_> = users
        .iter()
        .map(|(principal, right)| {
            object([
                ("datasourceAccessRight", right.clone().into()),
                ("emailAddress", principal.identifier().into()),
                ("displayName", principal.name().into()),
                ("identifier", principal.identifier().into()),
                ("principalType", principal.kind().into()),
            ])
        })
        .collect();
    Ok(odata::list(call, "users", items))
}

pub(super) fn add_user(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let principal = workspaces::principal(call, &fields)?;
    if principal.kind() == "Group" {
        return Err(Refusal::bad("groups cannot be given the use of a data source"));
    }
    let right = word(
        "datasourceAccessRight",
        &USER_RIGHTS,
        fields.text("datasourceAccessRight")?,
    )?;
    let mut world = call.world();
    let users = &mut find_source(call, &mut world)?.users;
    users.retain(|(known, _)| known.oid() != principal.oid());
    users.push((principal, right.to_owned()));
    Ok(Answer::empty())
}

pub(super) fn delete_user(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let users = &mut find_source(call, &mut world)?.users;
    let place = users
        .iter()
        .position(|(principal, _)| principal.is_named(call.text("user")))
        .ok_or_else(Refusal::not_found)?;
    users.remove(place);
    Ok(Answer::empty())
}
