//! What a metadata scan finds, as deep as it was asked to look.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::data;
use crate::powerbi::admin::access;
use crate::powerbi::admin::origin;
use crate::powerbi::call::Call;
use crate::powerbi::dataflows;
use crate::powerbi::odata::object;
use crate::powerbi::sources;
use crate::powerbi::tiles;
use crate::world::World;
use crate::world::access::Principal;
use crate::world::content::Dashboard;
use crate::world::content::Dataflow;
use crate::world::model::Model;
use crate::world::model::Parameter;
use crate::world::model::Source;
use crate::world::model::Storage;
use crate::world::report::Report;
use crate::world::report::ReportKind;
use crate::world::time;
use crate::world::workspace::Workspace;

/// How deep a scan looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Details {
    /// What feeds what.
    pub(super) lineage: bool,
    /// Data sources.
    pub(super) sources: bool,
    /// Tables, columns and measures of models.
    pub(super) schema: bool,
    /// The expressions behind them.
    pub(super) expressions: bool,
    /// Who can reach each item.
    pub(super) users: bool,
}

/// What a scan of those workspaces finds; one that the organisation does not have is left out.
pub(super) fn result(call: &Call, world: &World, wanted: &[Uuid], details: Details) -> Value {
    let find = |id: &Uuid| {
        let mut all = world.workspaces.iter();
        all.find(|home| home.id == *id && home.tid == call.who.tid)
    };
    let homes: Vec<&Workspace> = wanted.iter().filter_map(find).collect();
    let scan = Scan { call, world, details };
    let workspaces: Vec<Value> = homes.iter().map(|home| Value::Object(scan.workspace(home))).collect();
    let mut result = object([("workspaces", workspaces.into())]);
    if details.sources {
        result.insert("datasourceInstances".to_owned(), scan.instances(&homes).into());
        result.insert("misconfiguredDatasourceInstances".to_owned(), json!([]));
    }
    Value::Object(result)
}

struct Scan<'s> {
    call: &'s Call,
    world: &'s World,
    details: Details,
}

impl Scan<'_> {
    fn workspace(&self, home: &Workspace) -> Map<String, Value> {
        let capacity = home.capacity_at(self.call.now_ms);
        let kind = if home.personal_owner.is_some() {
            "PersonalGroup"
        } else {
            "Workspace"
        };
        let format = capacity.map(|_| home.storage_format.clone());
        let mut item = object([
            ("id", home.id.to_string().into()),
            ("name", home.name.clone().into()),
            ("description", home.description.clone().into()),
            ("type", kind.into()),
            ("state", if home.deleted { "Deleted" } else { "Active" }.into()),
            ("isOnDedicatedCapacity", capacity.is_some().into()),
            ("capacityId", capacity.map(|id| id.to_string()).into()),
            ("defaultDatasetStorageFormat", format.into()),
        ]);
        if home.deleted {
            return item;
        }
        let (id, world) = (home.id, self.world);
        let reports = world.reports.iter().filter(|report| report.workspace == id);
        let boards = world.dashboards.iter().filter(|board| board.workspace == id);
        let models = world.models.iter().filter(|model| model.workspace == id);
        let flows = world.dataflows.iter().filter(|flow| flow.workspace == id);
        item.insert(
            "reports".to_owned(),
            reports.map(|report| self.report(report)).collect(),
        );
        item.insert(
            "dashboards".to_owned(),
            boards.map(|board| self.dashboard(board)).collect(),
        );
        item.insert("datasets".to_owned(), models.map(|model| self.model(model)).collect());
        item.insert("dataflows".to_owned(), flows.map(|flow| self.dataflow(flow)).collect());
        item.insert("datamarts".to_owned(), json!([]));
        if self.details.users {
            let members = access::members(home);
            let users = members
                .iter()
                .map(|(who, role)| access::user(who, "groupUserAccessRight", role.name()));
            item.insert("users".to_owned(), users.map(Value::Object).collect());
        }
        item
    }

    /// Adds what every sort of item may have: its label, and who can reach it.
    fn finish(&self, mut item: Map<String, Value>, id: Uuid, users: impl FnOnce() -> Vec<Map<String, Value>>) -> Value {
        if let Some(label) = self.world.tenancy.labels.get(&id) {
            item.insert("sensitivityLabel".to_owned(), json!({"labelId": label}));
        }
        if self.details.users {
            item.insert("users".to_owned(), users().into_iter().map(Value::Object).collect());
        }
        Value::Object(item)
    }

    fn report(&self, report: &Report) -> Value {
        let kind = match report.kind {
            ReportKind::Interactive { .. } => "PowerBIReport",
            ReportKind::Paginated { .. } => "PaginatedReport",
        };
        let model = report.model.filter(|_| kind == "PowerBIReport");
        let model_home = model.and_then(|id| self.world.model(id)).map(|model| model.workspace);
        let model_home = model_home.filter(|_| self.details.lineage);
        let mut item = object([
            ("reportType", kind.into()),
            ("id", report.id.to_string().into()),
            ("name", report.name.clone().into()),
            ("description", report.description.clone().into()),
            ("datasetId", model.map(|id| id.to_string()).into()),
            ("datasetWorkspaceId", model_home.map(|id| id.to_string()).into()),
            ("createdById", report.owner.clone().into()),
        ]);
        item.extend(origin::of_report(self.world, &self.call.who.tid, report));
        self.finish(item, report.id, || access::report_users(self.world, report))
    }

    fn dashboard(&self, board: &Dashboard) -> Value {
        let mut item = object([
            ("id", board.id.to_string().into()),
            ("displayName", board.name.clone().into()),
            ("isReadOnly", false.into()),
        ]);
        let tile = |tile| {
            let mut shape = tiles::shape(self.call, board, tile);
            shape.retain(|name, _| ["id", "title", "reportId", "datasetId"].contains(&name.as_str()));
            Value::Object(shape)
        };
        if self.details.lineage {
            item.insert("tiles".to_owned(), board.tiles.iter().map(tile).collect());
        }
        self.finish(item, board.id, || access::dashboard_users(self.world, board))
    }

    fn model(&self, model: &Model) -> Value {
        let provider = match model.storage {
            Storage::Import => "PbixInImportMode",
            Storage::DirectQuery => "PbixInDirectQueryMode",
            Storage::Push { .. } if model.only_streams() => "RealTimeInStreamingMode",
            Storage::Push { .. } => "RealTimeInPushMode",
            Storage::Live => "PbixInLiveConnectionMode",
        };
        let mut item = object([
            ("id", model.id.to_string().into()),
            ("name", model.name.clone().into()),
            ("description", model.description.clone().into()),
            ("configuredBy", model.configured_by.clone().into()),
            ("createdDate", time::with_ms(model.created_ms).into()),
            ("contentProviderType", provider.into()),
            ("targetStorageMode", model.target_storage_mode.clone().into()),
            ("isEffectiveIdentityRequired", model.has_roles.into()),
        ]);
        if self.details.schema {
            let tables = model.data.tables.iter().map(|table| self.table(model, table));
            item.insert("tables".to_owned(), tables.collect());
            item.insert("relationships".to_owned(), relationships(&model.data));
            if model.has_roles {
                let roles = model.data.roles.iter().map(|role| self.role(role));
                item.insert("roles".to_owned(), roles.collect());
            }
        }
        if self.details.expressions {
            let expressions = model.parameters.iter().map(expression);
            item.insert("expressions".to_owned(), expressions.collect());
        }
        if self.details.lineage {
            let feeds = self.world.dataflows.iter();
            let feeds = feeds.filter(|flow| model.upstream_dataflows.contains(&flow.id));
            let feed = |flow: &Dataflow| json!({"targetDataflowId": flow.id, "groupId": flow.workspace});
            item.insert("upstreamDataflows".to_owned(), feeds.map(feed).collect());
            item.insert("upstreamDatasets".to_owned(), json!([]));
        }
        if self.details.sources {
            let usages = model.sources.iter().map(|source| usage(source.id));
            item.insert("datasourceUsages".to_owned(), usages.collect());
        }
        self.finish(item, model.id, || access::model_users(self.world, model))
    }

    fn table(&self, model: &Model, table: &data::Table) -> Value {
        let column = |column: &data::Column| json!({"name": column.name, "dataType": column.kind.rest_name(), "isHidden": column.hidden, "columnType": "Data"});
        let measures = model.data.measures.iter().filter(|measure| measure.table == table.name);
        let measure = |measure: &data::Measure| {
            let mut item = object([
                ("name", measure.name.clone().into()),
                ("description", measure.description.clone().into()),
                ("isHidden", false.into()),
            ]);
            if self.details.expressions {
                item.insert("expression".to_owned(), measure.expression.clone().into());
                item.insert("formatString".to_owned(), measure.format.clone().into());
            }
            Value::Object(item)
        };
        let mode = if table.direct_query { "DirectQuery" } else { "Import" };
        let mut item = object([
            ("name", table.name.clone().into()),
            ("columns", table.columns.iter().map(column).collect()),
            ("measures", measures.map(measure).collect()),
            ("isHidden", table.hidden.into()),
            ("description", table.description.clone().into()),
            ("storageMode", mode.into()),
        ]);
        if let Some(source) = model.sources.first().filter(|_| self.details.expressions) {
            item.insert(
                "source".to_owned(),
                json!([{"expression": mashup(source, &table.name)}]),
            );
        }
        Value::Object(item)
    }

    fn role(&self, role: &data::Role) -> Value {
        let directory = self.call.sandbox.directory();
        let member = |name: &String| {
            let person = Principal::find_person(directory.people(), &self.call.who.tid, name);
            let oid = person.map(|person| person.oid().to_owned());
            json!({"memberName": name, "memberId": oid, "memberType": "User", "identityProvider": "AzureAD"})
        };
        let filter = |(table, filter): &(String, String)| json!({"name": table, "filterExpression": filter});
        json!({
            "name": role.name, "modelPermission": "Read",
            "members": role.members.iter().map(member).collect::<Value>(),
            "tablePermissions": role.filters.iter().map(filter).collect::<Value>(),
        })
    }

    fn dataflow(&self, flow: &Dataflow) -> Value {
        let mut item = dataflows::shape(flow);
        let known = self.world.tenancy.origins.get(&flow.id);
        let (by, at_ms) = match known {
            Some(known) => (known.modified_by.clone(), known.modified_ms),
            None => (flow.configured_by.clone(), origin::created_ms(self.world, flow.id)),
        };
        item.insert("modifiedBy".to_owned(), by.into());
        item.insert("modifiedDateTime".to_owned(), time::with_ms(at_ms).into());
        if self.details.lineage {
            let feeds = dataflows::upstream_shapes(self.world, flow);
            item.insert(
                "upstreamDataflows".to_owned(),
                feeds.into_iter().map(Value::Object).collect(),
            );
        }
        if self.details.sources {
            item.insert("datasourceUsages".to_owned(), json!([usage(flow.source.id)]));
        }
        self.finish(item, flow.id, || access::dataflow_users(self.world, flow))
    }

    /// Each data source once, whoever uses it.
    fn instances(&self, homes: &[&Workspace]) -> Vec<Value> {
        let is_here = |home: Uuid| homes.iter().any(|known| known.id == home && !known.deleted);
        let models = self.world.models.iter().filter(|model| is_here(model.workspace));
        let flows = self.world.dataflows.iter().filter(|flow| is_here(flow.workspace));
        let of_models = models.flat_map(|model| &model.sources).map(sources::source_shape);
        let mut found: Vec<Map<String, Value>> = Vec::new();
        for source in of_models.chain(flows.map(dataflows::source_shape)) {
            if found
                .iter()
                .all(|known| known["datasourceId"] != source["datasourceId"])
            {
                found.push(source);
            }
        }
        found.into_iter().map(Value::Object).collect()
    }
}

fn usage(source: Uuid) -> Value {
    json!({"datasourceInstanceId": source})
}

fn relationships(model: &data::Model) -> Value {
    let one = |known: &data::Relationship| {
        json!({
            "fromTable": known.from_table, "fromColumn": known.from_column,
            "toTable": known.to_table, "toColumn": known.to_column,
        })
    };
    model.relationships.iter().map(one).collect()
}

/// A parameter as the shared expression it is in M.
fn expression(parameter: &Parameter) -> Value {
    let value = match parameter.kind {
        "Number" | "Logical" => parameter.value.clone(),
        _ => format!("\"{}\"", parameter.value.replace('"', "\"\"")),
    };
    let meta = format!(
        "{value} meta [IsParameterQuery=true, Type=\"{}\", IsParameterQueryRequired={}]",
        parameter.kind, parameter.required
    );
    json!({"name": parameter.name, "expression": meta})
}

/// How a table is read from its source, in M.
fn mashup(source: &Source, table: &str) -> String {
    let detail = |name: &str| source.details[name].as_str().unwrap_or_default().to_owned();
    let opened = match source.kind {
        "Sql" => format!("Sql.Database(\"{}\", \"{}\")", detail("server"), detail("database")),
        _ => format!("Web.Contents(\"{}\")", detail("url")),
    };
    format!("let\n    Source = {opened},\n    Rows = Source{{[Schema=\"dbo\", Item=\"{table}\"]}}[Data]\nin\n    Rows")
}
