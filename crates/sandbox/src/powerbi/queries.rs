//! Running DAX: `executeQueries` with its limits and its error form.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::data;
use crate::dax;
use crate::dax::Cell;
use crate::dax::DaxError;
use crate::dax::Identity;
use crate::dax::Limits;
use crate::dax::ResultSet;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::World;
use crate::world::model::Model;
use crate::world::model::Storage;
use crate::world::tenancy;
use crate::world::time::MINUTE_MS;

/// Queries a person may run in a minute, over all models.
const PER_MINUTE: usize = 120;
/// Where an answer is cut; the row that crosses the line is finished.
const MOST_BYTES: usize = 15 * 1024 * 1024;
const QUERY_FAILED: &str = "DatasetExecuteQueriesError";

/// What a request asked for.
struct Wanted {
    query: String,
    include_nulls: bool,
    impersonate: Option<String>,
}

pub(super) fn execute(call: &Call) -> Result<Answer, Refusal> {
    let wanted = read(&call.fields()?)?;
    let ((model, identity), label) = {
        let mut world = call.world();
        refuse_if_off(&world)?;
        count_against_limit(call, &mut world)?;
        let found = model_and_identity(call, &world, wanted.impersonate.as_deref())?;
        if !world.settings.info_functions && uses_info(&wanted.query) {
            let message = "INFO functions are switched off for this API";
            return Err(query_failed(message, "3239575574"));
        }
        (found, label_of(&world, call.id("dataset")?))
    };
    let rows = dax::run_at(&model, &wanted.query, &identity, &Limits::default(), call.now_ms).map_err(dax_failed)?;
    Ok(Answer::written(write(&rows, wanted.include_nulls, label.as_ref())))
}

/// The sensitivity label of a model, as the answer tells it.
fn label_of(world: &World, model: Uuid) -> Option<Value> {
    let label = world.tenancy.labels.get(&model)?;
    let name = tenancy::label_name(*label).map_or_else(|| label.to_string(), str::to_owned);
    Some(json!({"id": label, "name": name}))
}

/// A tenant may have the API for queries switched off.
pub(super) fn refuse_if_off(world: &World) -> Result<(), Refusal> {
    if world.settings.execute_queries {
        return Ok(());
    }
    Err(Refusal::Bare {
        status: StatusCode::FORBIDDEN,
        reason: "FeatureNotAvailable",
    })
}

fn read(fields: &Fields) -> Result<Wanted, Refusal> {
    let queries = fields.objects("queries")?;
    let [query] = queries.as_slice() else {
        return Err(Refusal::bad(format!(
            "queries must hold exactly one query, not {}",
            queries.len()
        )));
    };
    let settings = fields.find_object("serializerSettings")?.unwrap_or_default();
    Ok(Wanted {
        query: query.text("query")?.to_owned(),
        include_nulls: settings.find_bool("includeNulls")?.unwrap_or(false),
        impersonate: fields
            .find_text("impersonatedUserName")?
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
    })
}

pub(super) fn count_against_limit(call: &Call, world: &mut World) -> Result<(), Refusal> {
    let now_ms = call.now_ms;
    let moments = world.queries.entry(call.who.oid.clone()).or_default();
    moments.retain(|at_ms| (now_ms - MINUTE_MS..=now_ms).contains(at_ms));
    if let Some(oldest_ms) = moments.front().filter(|_| moments.len() >= PER_MINUTE) {
        let seconds = (oldest_ms + MINUTE_MS - now_ms).max(0) / 1000 + 1;
        let message = format!(
            "You have exceeded the amount of requests allowed in the current time frame and further requests will fail. Retry in {seconds} seconds."
        );
        return Err(Refusal::Later { seconds, message });
    }
    moments.push_back(now_ms);
    Ok(())
}

/// The rows to ask, and as whom: people who may write see all of them.
pub(super) fn model_and_identity(
    call: &Call,
    world: &World,
    impersonate: Option<&str>,
) -> Result<(Arc<data::Model>, Identity), Refusal> {
    let (model, rights) = rights::model(call, world, Need::Build)?;
    refuse_if_elsewhere(model)?;
    let data = model.data.clone();
    if call.who.app_only && model.has_roles {
        return Err(query_failed(
            "a service principal cannot query a semantic model with row-level security",
            "3242524690",
        ));
    }
    let Some(name) = impersonate.filter(|_| model.has_roles) else {
        return Ok((
            data,
            Identity {
                upn: call.who.upn.clone(),
                roles: None,
                bypass: rights.write,
            },
        ));
    };
    if !rights.write && !name.eq_ignore_ascii_case(&call.who.upn) {
        return Err(Refusal::no_right());
    }
    let found = call.find_person(name);
    let (person, who) = found.ok_or_else(|| query_failed(&format!("the user {name} was not found"), "3239575574"))?;
    let other = world.model_rights(&who, model);
    if !other.read {
        return Err(query_failed(
            &format!("the user {name} has no access to the semantic model"),
            "3239575574",
        ));
    }
    Ok((
        data,
        Identity {
            upn: person.identifier().to_owned(),
            roles: None,
            bypass: other.write,
        },
    ))
}

/// Some models have no rows here that could be asked.
fn refuse_if_elsewhere(model: &Model) -> Result<(), Refusal> {
    let message = match model.storage {
        Storage::Live => "a semantic model connected live to Analysis Services cannot be queried over this API",
        _ if model.only_streams() => "a streaming semantic model has no database that could be queried",
        _ => return Ok(()),
    };
    Err(query_failed(message, "3239575574"))
}

/// Does the query call a function of the INFO family, outside of texts?
fn uses_info(query: &str) -> bool {
    let outside: String = query.split('"').step_by(2).collect();
    outside.to_ascii_uppercase().contains("INFO.")
}

fn dax_failed(error: DaxError) -> Refusal {
    query_failed(&error.message, error.code)
}

/// 400 in the form with nested details.
fn query_failed(message: &str, code: &str) -> Refusal {
    Refusal::Detailed {
        status: StatusCode::BAD_REQUEST,
        code: QUERY_FAILED,
        details: vec![
            ("DetailsMessage", message.to_owned()),
            ("AnalysisServicesErrorCode", code.to_owned()),
        ],
    }
}

/// Writes the answer by hand: the order of columns must stay, and answers are large.
fn write(result: &ResultSet, include_nulls: bool, label: Option<&Value>) -> Bytes {
    let names: Vec<String> = result
        .columns
        .iter()
        .map(|name| Value::from(name.as_str()).to_string())
        .collect();
    let mut text = String::from(r#"{"results":[{"tables":[{"rows":["#);
    let mut truncated = result.truncated.clone();
    for (number, row) in result.rows.iter().enumerate() {
        if text.len() > MOST_BYTES {
            truncated = Some(format!("More than {MOST_BYTES} bytes in a query result"));
            break;
        }
        text.push_str(if number == 0 { "{" } else { ",{" });
        let mut is_first = true;
        for (name, cell) in names
            .iter()
            .zip(row)
            .filter(|(_, cell)| include_nulls || **cell != Cell::Null)
        {
            if !is_first {
                text.push(',');
            }
            is_first = false;
            text.push_str(name);
            text.push(':');
            text.push_str(&cell.to_json().to_string());
        }
        text.push('}');
    }
    text.push_str("]}]");
    if let Some(message) = truncated {
        text.push_str(",\"error\":");
        text.push_str(&json!({"code": "ResultTruncated", "message": message}).to_string());
    }
    text.push_str("}]");
    if let Some(label) = label {
        text.push_str(",\"informationProtectionLabel\":");
        text.push_str(&label.to_string());
    }
    text.push('}');
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_their_order_and_nulls_are_left_out() {
        let result = ResultSet {
            columns: vec!["Sales[Region]".to_owned(), "[Amount]".to_owned()],
            rows: vec![
                vec![Cell::Text("North".to_owned()), Cell::Number(1.5)],
                vec![Cell::Text("South".to_owned()), Cell::Null],
            ],
            truncated: Some("More than 2 rows".to_owned()),
        };
        let lean = r#"{"results":[{"tables":[{"rows":[{"Sales[Region]":"North","[Amount]":1.5},{"Sales[Region]":"South"}]}],"error":{"code":"ResultTruncated","message":"More than 2 rows"}}]}"#;
        assert_eq!(write(&result, false, None), lean);
        assert!(
            std::str::from_utf8(&write(&result, true, None))
                .unwrap()
                .contains(r#""[Amount]":null"#)
        );
    }

    #[test]
    fn the_info_family_is_seen_outside_of_texts_only() {
        assert!(uses_info("EVALUATE info.view.tables()"));
        assert!(!uses_info("EVALUATE ROW(\"a\", \"INFO.VIEW.TABLES()\")"));
    }
}
