//! Invented values for examples, chosen by the name of what they are for.

use catalogue::Kind;
use catalogue::Parameter;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// A value for a parameter of an operation.
pub(super) fn parameter(parameter: &Parameter) -> Value {
    if let Some(known) = named(&parameter.name) {
        return known;
    }
    match parameter.kind {
        _ if !parameter.values.is_empty() => json!(parameter.values[0]),
        Kind::Guid => json!(guid(&parameter.name)),
        Kind::Integer => json!(parameter.min.unwrap_or(0).max(1)),
        Kind::Number => json!(1.5),
        Kind::Boolean => json!(true),
        Kind::DateTime => json!(MOMENT),
        Kind::Text | Kind::Token | Kind::List => json!("Sales"),
    }
}

/// A body of this schema: what is required, and the fields named in `wanted` wherever they stand.
pub(super) fn body(schema: &Value, wanted: &[&str]) -> Value {
    object("", schema, wanted)
}

const MOMENT: &str = "2026-08-01T07:00:00Z";

fn value(parent: &str, name: &str, schema: &Value, wanted: &[&str]) -> Value {
    let spellings = [name.to_owned(), format!("{name} as text")];
    if let Some(known) = spellings
        .iter()
        .filter_map(|name| named(name))
        .find(|known| fits(known, schema))
    {
        return known;
    }
    if let Some(words) = schema["enum"].as_array() {
        let word = words.iter().find(|word| *word != "None");
        return word.or(words.first()).cloned().unwrap_or_default();
    }
    match schema["type"].as_str() {
        Some("object") => object(name, schema, wanted),
        Some("array") => json!([value(parent, name, &schema["items"], wanted)]),
        Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(0).max(1)),
        Some("number") => json!(1200.5),
        Some("boolean") => json!(true),
        _ if schema["format"] == "date-time" => json!(MOMENT),
        // Ids of unlike objects must not look alike.
        _ if ["id", "goalId", "currentParentId"].contains(&name) => json!(guid(&format!("{parent}.{name}"))),
        _ if schema["format"] == "uuid" || is_id(name) => json!(guid(name)),
        _ => json!("text"),
    }
}

fn fits(known: &Value, schema: &Value) -> bool {
    match schema["type"].as_str() {
        Some("string") => known.is_string(),
        Some("integer") => known.is_i64(),
        Some("object") => known.is_object(),
        Some("array") => known.is_array(),
        _ => false,
    }
}

/// Required fields and wanted ones; without either, the first two.
fn object(parent: &str, schema: &Value, wanted: &[&str]) -> Value {
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
    let is_named = |name: &str| required.iter().any(|known| *known == name) || wanted.contains(&name);
    let fields: Vec<_> = schema["properties"].as_object().into_iter().flatten().collect();
    let mut chosen: Vec<_> = fields.iter().copied().filter(|(name, _)| is_named(name)).collect();
    if chosen.is_empty() {
        chosen = fields.into_iter().take(2).collect();
    }
    let found: Map<_, _> = chosen
        .into_iter()
        .map(|(name, schema)| (name.clone(), value(parent, name, schema, wanted)))
        .collect();
    Value::Object(found)
}

fn is_id(name: &str) -> bool {
    ["Id", "Ids", "id"].iter().any(|end| name.ends_with(end)) || name.starts_with("workspaces")
}

/// A GUID that is always the same for one name.
fn guid(name: &str) -> String {
    // FNV-1a, twice: examples need ids that differ and stay, nothing more.
    let hash = |seed: u64| {
        name.bytes().fold(seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let (one, two) = (hash(0xcbf2_9ce4_8422_2325), hash(0x8422_2325_cbf2_9ce4));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        one >> 32,
        one >> 16 & 0xffff,
        one & 0xfff,
        two >> 52,
        two & 0xffff_ffff_ffff
    )
}

/// A value that says more than its type does.
fn named(name: &str) -> Option<Value> {
    Some(match name {
        "$top" => json!(10),
        "body" => json!("Two large orders came in on Friday"),
        "columns" => json!([{"name": "Region", "dataType": "String"}, {"name": "Amount", "dataType": "Double"}]),
        "connectionDetails" => json!({"server": "sql1.contoso.test", "database": "Shop"}),
        "connectionDetails as text" => json!("{\"server\":\"sql1.contoso.test\",\"database\":\"Shop\"}"),
        "connectionString" => json!("Data Source=sql1.contoso.test;Initial Catalog=Shop"),
        "credentials" => json!("text encrypted with the public key of the gateway"),
        "dataSourceName" | "datasourceName" => json!("Shop"),
        "dataSourceType" | "datasourceType" => json!("Sql"),
        "datasetDisplayName" => json!("Sales.pbix"),
        "days" => json!(["Monday", "Friday"]),
        "defaultMode" => json!("Push"),
        "description" => json!("Figures of the sales team"),
        "emailAddress" | "emailAdress" | "identifier" | "user" | "userId" | "username" => json!("ada@contoso.test"),
        "endDateTime" => json!("2026-08-01T23:59:59Z"),
        "expression" => json!("SUM(Sales[Amount])"),
        "field" => json!("Value"),
        "fileUrl" => json!("https://uploads.contoso.test/sales.pbix?signature"),
        "exportId" => json!("RXhwb3J0IG9mIGFuIGV4YW1wbGU="),
        "featureName" => json!("embedTrial"),
        "format" => json!("PDF"),
        "groupUserAccessRight" => json!("Viewer"),
        "keyVaultKeyIdentifier" => json!("https://contoso-keys.vault.azure.net/keys/power-bi/1"),
        "lifetimeInMinutes" => json!(30),
        "localTimeZoneId" => json!("UTC"),
        "name" | "displayName" => json!("Sales"),
        "nameConflict" => json!("Abort"),
        "newValue" => json!("2026"),
        "note" => json!("Release of August"),
        "objects" => json!([{"table": "Sales", "partition": "2026"}]),
        "packageKey" => json!("key of the package"),
        "pageName" => json!("ReportSection1"),
        "principalType" => json!("User"),
        "query" => json!("EVALUATE TOPN(10, 'Sales')"),
        "rows" => json!([{"Region": "North", "Amount": 1200.5}]),
        "stageOrder" | "sourceStageOrder" => json!(0),
        "startDateTime" => json!("2026-08-01T00:00:00Z"),
        "state" => json!("Enabled"),
        "tableName" => json!("Sales"),
        "targetStorageMode" => json!("PremiumFiles"),
        "times" => json!(["07:00", "16:30"]),
        "transactionId" => json!("2026-08-01T07:00:00.0000000Z@6f1ea2c4$1"),
        "workloadName" => json!("Dataflows"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_holds_what_is_required_and_what_is_wanted() {
        let schema = json!({"required": ["name"], "properties": {
            "name": {"type": "string"},
            "note": {"type": "string"},
            "options": {"type": "object", "properties": {"a": {"type": "boolean"}, "b": {"type": "integer"}}},
        }});
        assert_eq!(body(&schema, &[]), json!({"name": "Sales"}));
        assert_eq!(
            body(&schema, &["options"]),
            json!({"name": "Sales", "options": {"a": true, "b": 1}})
        );
    }

    #[test]
    fn ids_differ_and_stay() {
        assert_eq!(guid("groupId"), guid("groupId"));
        assert_ne!(guid("groupId"), guid("reportId"));
        assert_eq!(guid("groupId").len(), 36);
    }
}
