//! Push models: making one, its tables, its rows.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::import_items::blank_model;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::model::Model;
use crate::world::model::Storage;
use crate::world::push;
use crate::world::push::PushColumn;
use crate::world::push::PushTable;

/// The longest text a cell takes.
const TEXT_LENGTH: usize = 4_000;
const RETENTION: [&str; 2] = ["None", "basicFIFO"];

pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let name = fields.text("name")?.to_owned();
    match fields.find_text("defaultMode")?.unwrap_or("Push") {
        mode if mode.eq_ignore_ascii_case("Push") => {}
        mode if ["Streaming", "PushStreaming"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(mode)) =>
        {
            return Err(Refusal::coded(
                "FeatureDeprecatedError",
                "streaming semantic models can no longer be made",
            ));
        }
        mode => {
            return Err(Refusal::NotDone {
                what: format!("semantic models of the mode {mode}"),
            });
        }
    }
    let retention = call.query("defaultRetentionPolicy").unwrap_or("None");
    let retention = crate::powerbi::refresh::word("defaultRetentionPolicy", &RETENTION, retention)?;
    let tables = fields
        .objects("tables")?
        .iter()
        .map(table)
        .collect::<Result<Vec<_>, Refusal>>()?;
    if tables.is_empty() || tables.len() > push::TABLES {
        return Err(Refusal::bad(format!("tables must hold 1 to {} tables", push::TABLES)));
    }
    let mut world = call.world();
    let home = call.home_as(&mut world, Role::Contributor)?;
    let data = push::data_of(&name, &tables);
    let storage = Storage::Push {
        fifo: retention == "basicFIFO",
        tables,
    };
    let model = Model {
        id: world.fresh.id(Kind::Model),
        data,
        storage,
        ..blank_model(call, home, &name)
    };
    let item = object([
        ("id", model.id.to_string().into()),
        ("name", name.into()),
        ("defaultRetentionPolicy", retention.into()),
        ("upstreamDatasets", json!([])),
        ("users", json!([])),
    ]);
    world.models.push(model);
    Ok(odata::entity(call, "datasets", item).status(StatusCode::CREATED))
}

/// A table as declared in a request.
fn table(fields: &Fields) -> Result<PushTable, Refusal> {
    let name = fields.text("name")?.to_owned();
    let column = |column: &Fields| {
        let kind = column.text("dataType")?;
        let kind =
            push::column_kind(kind).ok_or_else(|| Refusal::bad(format!("{kind:?} is not a data type of a column")))?;
        Ok(PushColumn {
            name: column.text("name")?.to_owned(),
            kind,
        })
    };
    let columns = fields
        .objects("columns")?
        .iter()
        .map(column)
        .collect::<Result<Vec<_>, Refusal>>()?;
    if columns.is_empty() || columns.len() > push::TABLES {
        return Err(Refusal::bad(format!(
            "table {name:?} must have 1 to {} columns",
            push::TABLES
        )));
    }
    Ok(PushTable {
        name,
        columns,
        rows: Vec::new(),
    })
}

pub(super) fn tables(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (model, _) = rights::model(call, &world, Need::Read)?;
    let Storage::Push { tables, .. } = &model.storage else {
        return Err(not_push());
    };
    let items: Vec<_> = tables
        .iter()
        .map(|table| object([("name", table.name.clone().into())]))
        .collect();
    Ok(odata::list(call, "tables", items))
}

fn not_push() -> Refusal {
    Refusal::coded(
        "DatasetNotPushable",
        "only a push semantic model has tables that can be read or written",
    )
}

pub(super) fn put_table(call: &Call) -> Result<Answer, Refusal> {
    let mut fields = call.fields()?.into_map();
    fields.entry("name").or_insert_with(|| call.text("table").into());
    let declared = table(&Fields::from(fields))?;
    let name = change(call, |table, _| {
        // Rows lose the columns that are gone.
        table.columns = declared.columns;
        for row in &mut table.rows {
            row.retain(|name, _| table.columns.iter().any(|column| column.name == *name));
        }
        Ok(table.name.clone())
    })?;
    Ok(odata::entity(
        call,
        "tables",
        object([("name", name.into()), ("source", json!([]))]),
    ))
}

pub(super) fn add_rows(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let rows = fields.objects("rows")?;
    if rows.len() > push::ROWS_PER_CALL {
        return Err(Refusal::bad(format!(
            "one call takes at most {} rows",
            push::ROWS_PER_CALL
        )));
    }
    change(call, |table, fifo| {
        let rows = rows
            .into_iter()
            .map(|row| row_for(table, row.into_map()))
            .collect::<Result<Vec<_>, Refusal>>()?;
        if !fifo && table.rows.len() + rows.len() > push::ROWS_PER_TABLE {
            return Err(Refusal::bad(format!(
                "a table holds at most {} rows",
                push::ROWS_PER_TABLE
            )));
        }
        table.rows.extend(rows);
        let surplus = table.rows.len().saturating_sub(push::FIFO_ROWS);
        if fifo {
            table.rows.drain(..surplus);
        }
        Ok(())
    })?;
    Ok(Answer::empty())
}

/// A row that fits the table: known columns, values of their kind.
fn row_for(table: &PushTable, row: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    use crate::data::ColumnKind;
    for (name, value) in &row {
        let column = table.columns.iter().find(|column| column.name == *name);
        let column = column.ok_or_else(|| Refusal::bad(format!("table {} has no column {name:?}", table.name)))?;
        let fits = match (column.kind, value) {
            (_, Value::Null) => true,
            (ColumnKind::Int, value) => value.is_i64(),
            (ColumnKind::Double | ColumnKind::Decimal, value) => value.is_number(),
            (ColumnKind::Boolean, value) => value.is_boolean(),
            (ColumnKind::DateTime, Value::String(text)) => push::moment(text).is_some(),
            (ColumnKind::Text, Value::String(text)) => text.chars().count() <= TEXT_LENGTH,
            _ => false,
        };
        if !fits {
            return Err(Refusal::bad(format!("the value for {name} does not fit the column")));
        }
    }
    Ok(row)
}

pub(super) fn clear_rows(call: &Call) -> Result<Answer, Refusal> {
    change(call, |table, _| {
        table.rows.clear();
        Ok(())
    })?;
    Ok(Answer::empty())
}

/// Changes the table in the path, then makes the rows queries read anew.
fn change<T>(call: &Call, edit: impl FnOnce(&mut PushTable, bool) -> Result<T, Refusal>) -> Result<T, Refusal> {
    let mut world = call.world();
    let model = rights::model_mut(call, &mut world, Need::Write)?;
    let Storage::Push { fifo, tables } = &mut model.storage else {
        return Err(not_push());
    };
    let table = tables
        .iter_mut()
        .find(|table| table.name == call.text("table"))
        .ok_or_else(Refusal::not_found)?;
    let done = edit(table, *fifo)?;
    let data: Arc<crate::data::Model> = push::data_of(&model.name, tables);
    model.data = data;
    Ok(done)
}
