//! What comes back through the proxy is what the catalogue says of it: the reading operations, one after the other.

use std::collections::BTreeMap;

use catalogue::Answer;
use catalogue::Catalogue;
use catalogue::Effect;
use catalogue::Method;
use catalogue::Operation;
use serde_json::Value;

use crate::world::World;

const CY: &str = "cy@contoso.test";

/// Path values by the names of their parameters, e.g. those of one workspace.
type Ids = BTreeMap<&'static str, Vec<String>>;

#[tokio::test]
async fn every_answer_to_a_read_fits_the_schema_of_the_catalogue() {
    let world = World::new().await;
    let key = world.key(&world.connect(CY).await.person).await;
    let mut wrong = Vec::new();
    let mut answered = BTreeMap::new();
    for ids in ids(&world, &key).await {
        for operation in reads() {
            for path in paths(operation, &ids) {
                let answer = world.get(&key, &path).await;
                if !answer.status().is_success() {
                    continue;
                }
                let answer: Value = answer.json().await.unwrap();
                let schema = operation.answer_schema.as_ref().unwrap();
                let validator = jsonschema::draft202012::new(schema).unwrap();
                wrong.extend(
                    validator
                        .iter_errors(&answer)
                        .map(|error| format!("{path}{}: {error}", error.instance_path())),
                );
                *answered.entry(&*operation.id).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(answered.len() > 30, "{answered:?}");
}

fn reads() -> impl Iterator<Item = &'static Operation> {
    Catalogue::builtin()
        .operations()
        .iter()
        .filter(|it| it.effect == Effect::Read && it.method == Method::Get && it.answer == Answer::Json)
}

/// What the person can name: in each workspace, and outside of all.
async fn ids(world: &World, key: &str) -> Vec<Ids> {
    let workspaces = listed(world, key, "/groups", "id").await;
    let mut outside = Ids::new();
    for (name, path) in [
        ("appId", "/apps"),
        ("capacityId", "/capacities"),
        ("gatewayId", "/gateways"),
        ("pipelineId", "/pipelines"),
    ] {
        outside.insert(name, listed(world, key, path, "id").await);
    }
    outside.insert("stageOrder", vec!["0".to_owned()]);
    let mut all = vec![outside];
    for workspace in workspaces {
        let mut ids = Ids::new();
        for (name, path, field) in [
            ("datasetId", "datasets", "id"),
            ("reportId", "reports", "id"),
            ("dashboardId", "dashboards", "id"),
            ("dataflowId", "dataflows", "objectId"),
            ("importId", "imports", "id"),
        ] {
            let found = listed(world, key, &format!("/groups/{workspace}/{path}"), field).await;
            ids.insert(name, found);
        }
        ids.insert("groupId", vec![workspace]);
        all.push(ids);
    }
    all
}

async fn listed(world: &World, key: &str, path: &str, field: &str) -> Vec<String> {
    let answer: Value = world.get(key, path).await.json().await.unwrap_or_default();
    let entries = answer["value"].as_array().into_iter().flatten();
    entries
        .filter_map(|it| it[field].as_str().map(str::to_owned))
        .take(3)
        .collect()
}

/// Every path of the operation that these values fill.
fn paths(operation: &Operation, ids: &Ids) -> Vec<String> {
    let mut filled = vec![Vec::new()];
    for name in operation.path.names() {
        let values = ids.get(name).map_or(&[][..], Vec::as_slice);
        filled = filled
            .into_iter()
            .flat_map(|before: Vec<(String, String)>| {
                values.iter().map(move |value| {
                    let one = (name.to_owned(), value.clone());
                    before.iter().cloned().chain([one]).collect()
                })
            })
            .collect();
    }
    let needs_top = operation.parameter("$top").is_some_and(|it| it.required);
    let query = if needs_top { "?$top=5" } else { "" };
    filled
        .iter()
        .map(|values| operation.path.render(values).replacen("/v1.0/myorg", "", 1) + query)
        .collect()
}
