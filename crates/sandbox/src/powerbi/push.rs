//! Models that take rows: their tables, and the rows sent to them.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::profiles;
use crate::powerbi::push_models;
use crate::powerbi::receive;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::model::Kept;
use crate::world::model::Storage;
use crate::world::push;
use crate::world::push::Arrivals;
use crate::world::push::PushTable;

/// The longest text a cell takes.
const TEXT_LENGTH: usize = 4_000;
/// The largest request with rows for a model that only streams.
const STREAMED_BYTES: usize = 15 * 1024;

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
    let declared = push_models::table(&Fields::from(fields))?;
    let name = change(call, |table, _, _| {
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
    change(call, |table, kept, arrivals| {
        let rows = rows
            .into_iter()
            .map(|row| row_for(table, row.into_map()))
            .collect::<Result<Vec<_>, Refusal>>()?;
        arrivals
            .admit(call.now_ms, rows.len(), table.rows.len(), kept)
            .map_err(too_fast)?;
        match kept {
            Kept::All if table.rows.len() + rows.len() > push::ROWS_PER_TABLE => {
                return Err(Refusal::bad(format!(
                    "a table holds at most {} rows",
                    push::ROWS_PER_TABLE
                )));
            }
            Kept::All => table.rows.extend(rows),
            Kept::Newest => {
                table.rows.extend(rows);
                let surplus = table.rows.len().saturating_sub(push::FIFO_ROWS);
                table.rows.drain(..surplus);
            }
            // Dashboards, which alone show them, are not drawn here.
            Kept::Nothing if call.body.len() > STREAMED_BYTES => return Err(receive::too_large(STREAMED_BYTES as u64)),
            Kept::Nothing => {}
        }
        Ok(())
    })?;
    Ok(Answer::empty())
}

fn too_fast(wait_ms: i64) -> Refusal {
    let seconds = wait_ms / 1000 + 1;
    Refusal::Later {
        seconds,
        message: format!("Rows come faster than the semantic model takes them. Retry in {seconds} seconds."),
    }
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
    change(call, |table, _, _| {
        table.rows.clear();
        Ok(())
    })?;
    Ok(Answer::empty())
}

/// Changes the table in the path, then makes the rows queries read anew.
fn change<T>(
    call: &Call,
    edit: impl FnOnce(&mut PushTable, Kept, &mut Arrivals) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let mut world = call.world();
    profiles::refuse(call, &world)?;
    let model = rights::model_mut(call, &mut world, Need::Write)?;
    let Storage::Push { kept, tables, arrivals } = &mut model.storage else {
        return Err(not_push());
    };
    let table = tables
        .iter_mut()
        .find(|table| table.name == call.text("table"))
        .ok_or_else(Refusal::not_found)?;
    let done = edit(table, *kept, arrivals)?;
    if *kept != Kept::Nothing {
        model.data = push::data_of(&model.name, tables);
    }
    Ok(done)
}
