//! `OData` dressing: contexts, lists and slices of lists.

use serde_json::Map;
use serde_json::Value;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::refusal::Refusal;

/// The regional host in `@odata.context`: never the host that was asked, and nowhere to go.
pub(crate) const REGION: &str = "https://wabi-sandbox-redirect.analysis.windows.test";

/// Builds an object out of the pairs whose value is not null.
pub(crate) fn object<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A list of all there is.
pub(crate) fn list(call: &Call, set: &str, items: impl IntoIterator<Item = Map<String, Value>>) -> Answer {
    let items: Vec<Value> = items.into_iter().map(Value::Object).collect();
    Answer::json(&Value::Object(object([
        ("@odata.context", context(call, set).into()),
        ("value", items.into()),
    ])))
}

/// A list with the number of all items beside a slice of them.
pub(crate) fn counted(call: &Call, set: &str, count: usize, items: Vec<Map<String, Value>>) -> Answer {
    let items: Vec<Value> = items.into_iter().map(Value::Object).collect();
    let parts = [
        ("@odata.context", context(call, set).into()),
        ("@odata.count", count.into()),
        ("value", items.into()),
    ];
    Answer::json(&Value::Object(object(parts)))
}

/// One object of a set.
pub(crate) fn entity(call: &Call, set: &str, mut item: Map<String, Value>) -> Answer {
    item.insert("@odata.context".to_owned(), (context(call, set) + "/$entity").into());
    Answer::json(&Value::Object(item))
}

/// One value that belongs to no set, such as a schedule.
pub(crate) fn complex(call: &Call, kind: &str, mut item: Map<String, Value>) -> Answer {
    item.insert(
        "@odata.context".to_owned(),
        context(call, &format!("Microsoft.PowerBI.ServiceContracts.Api.V1.{kind}")).into(),
    );
    Answer::json(&Value::Object(item))
}

fn context(call: &Call, set: &str) -> String {
    format!("{REGION}/v1.0/myorg{}/$metadata#{set}", call.group_path())
}

/// The slice that `$top` and `$skip` ask for.
pub(crate) fn slice<T>(call: &Call, items: Vec<T>) -> Result<Vec<T>, Refusal> {
    let skip = call.query_number("$skip")?.unwrap_or(0);
    let top = call.query_number("$top")?.unwrap_or(usize::MAX);
    if top == 0 {
        return Err(Refusal::bad("$top must be at least 1"));
    }
    Ok(items.into_iter().skip(skip).take(top).collect())
}
