//! Running DAX with answers in Arrow: `executeDaxQueries`, for models on a capacity.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use crate::arrow;
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
use crate::powerbi::queries;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;

/// The most rows of one result, unless the request says otherwise.
const MOST_ROWS: i64 = 1_000_000;

/// What a request asked for.
struct Wanted {
    query: String,
    most_rows: usize,
    timeout: Option<Duration>,
    schema_only: bool,
    with_metrics: bool,
    impersonate: Option<String>,
    roles: Option<Vec<String>>,
}

/// Why a query ends without all its results; the answer is a good one by its status, and says so inside.
struct Fault {
    code: String,
    words: String,
}

pub(super) fn execute(call: &Call) -> Result<Answer, Refusal> {
    let wanted = read(&call.fields()?)?;
    let (model, identity) = model_and_identity(call, &wanted)?;
    let begun = Instant::now();
    let limits = Limits {
        rows: wanted.most_rows,
        values: usize::MAX,
    };
    let (results, error) = dax::run_all_at(&model, &wanted.query, &identity, &limits, call.now_ms);
    let took = begun.elapsed();
    let too_late = wanted.timeout.is_some_and(|timeout| took > timeout);
    let results = if too_late { Vec::new() } else { results };
    let mut bytes = Vec::new();
    let mut fault = error.map(Fault::from).filter(|_| !too_late);
    for result in &results {
        // More rows than allowed are an error here, where the older API cuts them off.
        if let Some(words) = &result.truncated {
            fault = Some(Fault::new("0xC1000007", words));
            break;
        }
        arrow::write(&mut bytes, result, &[], wanted.schema_only);
    }
    if too_late {
        fault = Some(Fault::new(
            "0xC1200001",
            "the query took longer than queryTimeout allows",
        ));
    }
    if let Some(fault) = fault {
        fault.write(&mut bytes);
    } else if wanted.with_metrics {
        write_metrics(&mut bytes, call, took, &results);
    }
    Ok(Answer::bytes(bytes.into(), arrow::CONTENT_TYPE))
}

fn read(fields: &Fields) -> Result<Wanted, Refusal> {
    let positive = |name: &str| match fields.find_integer(name)? {
        Some(number) if number < 1 => Err(Refusal::bad(format!("{name} must be at least 1"))),
        given => Ok(given),
    };
    positive("memoryLimit")?;
    for name in ["culture", "applicationContext", "customData"] {
        fields.find_text(name)?;
    }
    fields.find_bool("skipCompression")?;
    let timeout = positive("queryTimeout")?.map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
    Ok(Wanted {
        query: fields.text("query")?.to_owned(),
        most_rows: usize::try_from(positive("resultSetRowCountLimit")?.unwrap_or(MOST_ROWS)).unwrap_or(usize::MAX),
        timeout,
        schema_only: fields.find_bool("schemaOnly")?.unwrap_or(false),
        with_metrics: fields.find_bool("executionMetrics")?.unwrap_or(false),
        impersonate: fields
            .find_text("effectiveUsername")?
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        roles: fields.find_texts("roles")?.filter(|roles| !roles.is_empty()),
    })
}

fn model_and_identity(call: &Call, wanted: &Wanted) -> Result<(Arc<data::Model>, Identity), Refusal> {
    let mut world = call.world();
    queries::refuse_if_off(&world)?;
    queries::count_against_limit(call, &mut world)?;
    let (model, rights) = rights::model(call, &world, Need::Build)?;
    if world.capacity_of(model.workspace, call.now_ms).is_none() {
        return Err(Refusal::no_right());
    }
    let (data, mut identity) = queries::model_and_identity(call, &world, wanted.impersonate.as_deref())?;
    if let Some(roles) = &wanted.roles {
        let is_known = |role: &String| data.roles.iter().any(|known| known.name.eq_ignore_ascii_case(role));
        if let Some(unknown) = roles.iter().find(|role| !is_known(role)) {
            return Err(Refusal::bad(format!("the semantic model has no role {unknown:?}")));
        }
        // Putting on a role is for those who may see everything anyway.
        if !rights.write {
            return Err(Refusal::no_right());
        }
        (identity.roles, identity.bypass) = (Some(roles.clone()), false);
    }
    Ok((data, identity))
}

impl From<DaxError> for Fault {
    fn from(error: DaxError) -> Fault {
        Fault::new(error.code, &error.message)
    }
}

impl Fault {
    fn new(code: &str, words: &str) -> Fault {
        Fault {
            code: code.to_owned(),
            words: words.to_owned(),
        }
    }

    /// A stream that says what went wrong, in its schema and in its only row.
    fn write(&self, bytes: &mut Vec<u8>) {
        let notes = [
            ("IsError", "true"),
            ("FaultCode", &self.code),
            ("FaultString", &self.words),
        ];
        let row = ResultSet {
            columns: ["FaultCode", "FaultString"].map(str::to_owned).to_vec(),
            rows: vec![vec![Cell::Text(self.code.clone()), Cell::Text(self.words.clone())]],
            truncated: None,
        };
        arrow::write(bytes, &row, &notes, false);
    }
}

/// A last stream with what the query cost.
fn write_metrics(bytes: &mut Vec<u8>, call: &Call, took: Duration, results: &[ResultSet]) {
    let rows: usize = results.iter().map(|result| result.rows.len()).sum();
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let metrics = json!({
        "timeStart": crate::world::time::with_ms(call.now_ms), "durationMs": took_ms, "totalCpuTimeMs": took_ms,
        "queryResultRows": rows,
    });
    let row = ResultSet {
        columns: vec!["ExecutionMetrics".to_owned()],
        rows: vec![vec![Cell::Text(metrics.to_string())]],
        truncated: None,
    };
    arrow::write(bytes, &row, &[("IsExecutionMetrics", "true")], false);
}
