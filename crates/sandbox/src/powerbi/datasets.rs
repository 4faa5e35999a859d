//! Semantic models: lists, one, settings, deletion, take-over.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::World;
use crate::world::access::Rights;
use crate::world::access::Role;
use crate::world::model::Model;
use crate::world::model::RefreshBehaviour;
use crate::world::time;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let (home, _) = call.home(&mut world)?;
    let models = world.models.iter().filter(|model| model.workspace == home);
    let items: Vec<_> = models
        .map(|model| shape(call, model, world.model_rights(&call.who, model)))
        .collect();
    Ok(odata::list(call, "datasets", items))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (model, rights) = rights::model(call, &world, Need::Read)?;
    Ok(odata::entity(call, "datasets", shape(call, model, rights)))
}

/// One model as the API shows it: readers see no more than id and name.
pub(super) fn shape(call: &Call, model: &Model, rights: Rights) -> Map<String, Value> {
    if !rights.write {
        return object([("id", model.id.to_string().into()), ("name", model.name.clone().into())]);
    }
    let config =
        STANDARD.encode(json!({"clusterUrl": odata::REGION, "embedFeatures": {"usageMetricsVNext": true}}).to_string());
    let embed = |kind: &str| call.portal_url(&format!("/{kind}?config={config}"));
    let replicas = json!({"autoSyncReadOnlyReplicas": model.scale_out.auto_sync, "maxReadOnlyReplicas": model.scale_out.max_replicas});
    object([
        ("id", model.id.to_string().into()),
        ("name", model.name.clone().into()),
        ("description", model.description.clone().into()),
        (
            "webUrl",
            call.portal_url(&format!("/groups/{}/datasets/{}", model.workspace, model.id))
                .into(),
        ),
        ("addRowsAPIEnabled", model.takes_rows().into()),
        ("configuredBy", model.configured_by.clone().into()),
        ("isRefreshable", model.is_refreshable().into()),
        ("isEffectiveIdentityRequired", model.has_roles.into()),
        ("isEffectiveIdentityRolesRequired", model.has_roles.into()),
        ("isOnPremGatewayRequired", model.needs_gateway().into()),
        ("targetStorageMode", model.target_storage_mode.clone().into()),
        ("createdDate", time::with_ms(model.created_ms).into()),
        ("createReportEmbedURL", embed("reportEmbed").into()),
        ("qnaEmbedURL", embed("qnaEmbed").into()),
        ("upstreamDatasets", json!([])),
        ("users", json!([])),
        ("queryScaleOutSettings", replicas),
    ])
}

pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let id = rights::model(call, &world, Need::Write)?.0.id;
    forget_model(&mut world, id);
    Ok(Answer::empty())
}

/// Takes a model out of the world, and with it the reports and tiles that read it.
pub(super) fn forget_model(world: &mut World, id: uuid::Uuid) {
    world.models.retain(|model| model.id != id);
    world.reports.retain(|report| report.model != Some(id));
    for dashboard in &mut world.dashboards {
        dashboard.tiles.retain(|tile| tile.model != Some(id));
    }
}

pub(super) fn update(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let mut world = call.world();
    let home = rights::model(call, &world, Need::Write)?.0.workspace;
    let on_capacity = world.capacity_of(home, call.now_ms).is_some();
    let mode = fields
        .find_text("targetStorageMode")?
        .map(|text| storage_mode(text, on_capacity))
        .transpose()?;
    let replicas = fields.find_object("queryScaleOutSettings")?;
    if replicas.is_some() && !on_capacity {
        return Err(Refusal::bad("queryScaleOutSettings needs a workspace on a capacity"));
    }
    let model = rights::model_mut(call, &mut world, Need::Write)?;
    if let Some(replicas) = replicas {
        model.scale_out.auto_sync = replicas
            .find_bool("autoSyncReadOnlyReplicas")?
            .unwrap_or(model.scale_out.auto_sync);
        model.scale_out.max_replicas = replicas
            .find_integer("maxReadOnlyReplicas")?
            .unwrap_or(model.scale_out.max_replicas);
    }
    if let Some(mode) = mode {
        model.target_storage_mode = mode;
    }
    Ok(Answer::empty())
}

fn storage_mode(text: &str, on_capacity: bool) -> Result<String, Refusal> {
    match ["Abf", "PremiumFiles"]
        .into_iter()
        .find(|mode| mode.eq_ignore_ascii_case(text))
    {
        Some("PremiumFiles") if !on_capacity => Err(Refusal::bad("PremiumFiles needs a workspace on a capacity")),
        Some(mode) => Ok(mode.to_owned()),
        None => Err(Refusal::bad("targetStorageMode must be Abf or PremiumFiles")),
    }
}

pub(super) fn take_over(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    call.home_as(&mut world, Role::Contributor)?;
    let owner = rights::owner_name(call);
    rights::model_mut(call, &mut world, Need::Write)?.configured_by = owner;
    Ok(Answer::empty())
}

pub(super) fn upstream_dataflows(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let (home, _) = call.home(&mut world)?;
    Ok(odata::list(call, "upstreamDataflows", links(&world, home)))
}

/// Which dataflows feed which models of a workspace.
pub(super) fn links(world: &World, home: uuid::Uuid) -> Vec<Map<String, Value>> {
    let mut items = Vec::new();
    for model in world.models.iter().filter(|model| model.workspace == home) {
        for dataflow in world
            .dataflows
            .iter()
            .filter(|dataflow| model.upstream_dataflows.contains(&dataflow.id))
        {
            items.push(object([
                ("datasetObjectId", model.id.to_string().into()),
                ("dataflowObjectId", dataflow.id.to_string().into()),
                ("workspaceObjectId", dataflow.workspace.to_string().into()),
            ]));
        }
    }
    items
}

pub(super) fn sync(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let now_ms = call.now_ms;
    let model = rights::model_mut(call, &mut world, Need::Write)?;
    if model.scale_out.max_replicas == 0 {
        return Err(Refusal::bad("query scale-out is off for this semantic model"));
    }
    model.scale_out.synced_ms = Some(now_ms);
    Ok(Answer::json(&sync_shape(model, now_ms)))
}

pub(super) fn sync_status(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    Ok(Answer::json(&sync_shape(model, call.now_ms)))
}

/// State of the read replicas. Versions are ticks, beyond what a floating-point number holds.
fn sync_shape(model: &Model, now_ms: i64) -> Value {
    if model.scale_out.max_replicas == 0 {
        return json!({"scaleOutStatus": "ReadOnlyReplicasDisabled"});
    }
    const TICKS_AT_EPOCH: i64 = 116_444_736_000_000_000;
    let version = |at_ms: i64| TICKS_AT_EPOCH + at_ms * 10_000 + 662;
    let ended = |refresh: &crate::world::refresh::Refresh| refresh.phase(now_ms).ended_ms();
    let commit_ms = model.refreshes.iter().find_map(ended).unwrap_or(model.created_ms);
    let synced_ms = model.scale_out.synced_ms.unwrap_or(if model.scale_out.auto_sync {
        commit_ms
    } else {
        model.created_ms
    });
    let target_ms = synced_ms.max(if model.scale_out.auto_sync { commit_ms } else { 0 });
    json!({
        "scaleOutStatus": "Enabled",
        "commitVersion": version(commit_ms), "commitTimestamp": time::in_seconds(commit_ms),
        "targetSyncVersion": version(target_ms), "targetSyncTimestamp": time::in_seconds(target_ms),
        "triggerReason": if model.scale_out.synced_ms.is_some() { "explicit" } else { "automatic" },
        "syncStartTime": time::in_seconds(synced_ms), "syncEndTime": time::in_seconds(synced_ms),
        "minActiveReadVersion": version(target_ms), "minActiveReadTimestamp": time::in_seconds(target_ms),
    })
}

/// Credentials set anew mend a model whose refreshes fail for want of them.
pub(super) fn mend(model: &mut Model) {
    if let RefreshBehaviour::Fails { takes_ms, .. } = model.refresh_behaviour {
        model.refresh_behaviour = RefreshBehaviour::Completes { takes_ms };
    }
}
