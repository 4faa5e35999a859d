//! `OData` dressing: contexts, lists and slices of lists.

use serde_json::Map;
use serde_json::Value;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::filter;
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

/// One thing that is its whole set.
pub(crate) fn whole(call: &Call, set: &str, mut item: Map<String, Value>) -> Answer {
    item.insert("@odata.context".to_owned(), context(call, set).into());
    Answer::json(&Value::Object(item))
}

/// Puts a set inside an object, with the context it has there.
pub(crate) fn attach(
    call: &Call,
    item: &mut Map<String, Value>,
    name: &str,
    set: &str,
    inner: impl IntoIterator<Item = Map<String, Value>>,
) {
    item.insert(format!("{name}@odata.context"), context(call, set).into());
    let inner: Vec<Value> = inner.into_iter().map(Value::Object).collect();
    item.insert(name.to_owned(), inner.into());
}

/// A list with its count, cut at `$top`; then an address says where the rest is.
pub(crate) fn paged(call: &Call, set: &str, items: Vec<Map<String, Value>>) -> Result<Answer, Refusal> {
    let count = items.len();
    let first = call.query_number("$skiptoken")?.unwrap_or(0);
    let top = call.query_number("$top")?.unwrap_or(usize::MAX);
    if top == 0 {
        return Err(Refusal::bad("$top must be at least 1"));
    }
    let items: Vec<Value> = items.into_iter().skip(first).take(top).map(Value::Object).collect();
    let next = first + items.len();
    let address = call.own_url(&format!("{}/{set}?$top={top}&$skiptoken={next}", call.group_path()));
    let parts = [
        ("@odata.context", context(call, set).into()),
        ("@odata.count", count.into()),
        ("@odata.nextLink", (next < count).then_some(address).into()),
        ("value", items.into()),
    ];
    Ok(Answer::json(&Value::Object(object(parts))))
}

/// The items with only those fields that `$select` names.
pub(crate) fn selected(call: &Call, items: Vec<Map<String, Value>>) -> Vec<Map<String, Value>> {
    let Some(text) = call.query("$select").filter(|text| text.trim() != "*") else {
        return items;
    };
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    let is_wanted = |key: &str| {
        // What was expanded comes along, with its context.
        let name = key.split('@').next().unwrap_or_default();
        names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)) || key.contains('@')
    };
    let keep = |mut item: Map<String, Value>| {
        let expanded: Vec<String> = item
            .keys()
            .filter_map(|key| key.strip_suffix("@odata.context"))
            .map(str::to_owned)
            .collect();
        item.retain(|key, _| is_wanted(key) || expanded.contains(key));
        item
    };
    items.into_iter().map(keep).collect()
}

/// The items that `$filter` lets through.
pub(crate) fn filtered(call: &Call, mut items: Vec<Map<String, Value>>) -> Result<Vec<Map<String, Value>>, Refusal> {
    if let Some(text) = call.query("$filter") {
        let wanted = filter::parse(text).map_err(|error| Refusal::bad(format!("invalid $filter: {error}")))?;
        items.retain(|item| wanted.holds(item));
    }
    Ok(items)
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
