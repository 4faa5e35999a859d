//! Whether a request speaks for somebody else than its caller, and for whom.

use serde_json::Map;
use serde_json::Value;

use crate::body;

/// Longer names are cut where they are shown.
const LONGEST: usize = 200;

/// For whom a body speaks, in words: every field that the schema marks with `speaksFor` and that is not empty. An identity
/// is told by its user name; tokens and custom data are not repeated.
pub(crate) fn whom(schema: &Value, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    search(schema, body, &mut found);
    found.dedup();
    found
}

fn search(schema: &Value, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|it| search(&schema["items"], it, found)),
        Value::Object(fields) => {
            let known = schema["properties"].as_object();
            for (name, field) in fields {
                // The service reads names in upper and lower case alike.
                let Some(schema) = known.and_then(|known| body::field(known, name)) else {
                    continue;
                };
                match schema["speaksFor"].as_str() {
                    Some(what) if !is_empty(field) => found.extend(named(what, field)),
                    _ => search(schema, field, found),
                }
            }
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn named(what: &str, value: &Value) -> Vec<String> {
    match (what, value) {
        ("identity", Value::Array(all)) => all.iter().map(|it| identity(it.as_object())).collect(),
        ("role", Value::Array(all)) => all.iter().map(|it| format!("role {}", short(it))).collect(),
        ("person", name) => vec![short(name)],
        (other, _) => vec![other.to_owned()],
    }
}

fn identity(fields: Option<&Map<String, Value>>) -> String {
    let name = fields.and_then(|it| body::field(it, "username"));
    match name.filter(|it| it.is_string()) {
        Some(name) => short(name),
        None => "an effective identity".to_owned(),
    }
}

fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::catalogue::Catalogue;

    #[test]
    fn whoever_a_body_speaks_for_is_found_in_any_case_of_letters() {
        let dataset = "5a4db0c5-0011-4000-8000-000000000001";
        for (operation, body, whom) in [
            (
                "datasets.execute_queries",
                json!({"queries": [{"query": "EVALUATE T"}]}),
                vec![],
            ),
            (
                "datasets.execute_queries",
                json!({"queries": [{"query": "EVALUATE T"}], "impersonatedUserName": null}),
                vec![],
            ),
            (
                "datasets.execute_queries",
                json!({"queries": [{"query": "EVALUATE T"}], "IMPERSONATEDUSERNAME": "ceo@contoso.test"}),
                vec!["ceo@contoso.test"],
            ),
            (
                "datasets.execute_queries",
                json!({"queries": [{"query": "EVALUATE T"}], "impersonatedUserName": ""}),
                vec![""],
            ),
            (
                "datasets.execute_dax_queries",
                json!({"query": "EVALUATE T", "effectiveUserName": "ceo@contoso.test", "roles": ["All", "Few"], "customData": "x"}),
                vec!["ceo@contoso.test", "role All", "role Few", "custom data"],
            ),
            (
                "datasets.execute_dax_queries",
                json!({"query": "EVALUATE T", "roles": []}),
                vec![],
            ),
            (
                "embed_token.generate",
                json!({"identities": [{"username": "ceo@contoso.test", "datasets": [dataset]}, {"identityBlob": {"value": "secret"}}]}),
                vec!["ceo@contoso.test", "an effective identity"],
            ),
            (
                "embed_token.generate",
                json!({"datasourceIdentities": [{"identityBlob": "secret", "datasources": []}]}),
                vec!["an effective identity"],
            ),
            (
                "reports.export",
                json!({"format": "PDF", "powerBIReportConfiguration": {"Identities": [{"username": "ceo@contoso.test"}]}}),
                vec!["ceo@contoso.test"],
            ),
            (
                "reports.export",
                json!({"format": "PDF", "paginatedReportConfiguration": {"identities": [{"username": "ceo@contoso.test"}]}}),
                vec!["ceo@contoso.test"],
            ),
        ] {
            let found = Catalogue::builtin().operation(operation).unwrap();
            assert_eq!(
                super::whom(found.body.as_ref().unwrap(), &body),
                whom,
                "{operation} {body}"
            );
        }
    }

    /// PRX-04
    #[test]
    fn no_field_of_the_catalogue_that_names_an_identity_is_left_unmarked() {
        let suspicious = [
            "impersonat",
            "effectiveuser",
            "identities",
            "identityblob",
            "customdata",
        ];
        for operation in Catalogue::builtin().operations() {
            let Some(schema) = &operation.body else { continue };
            unmarked(schema, &operation.id, &suspicious);
        }
    }

    fn unmarked(schema: &serde_json::Value, place: &str, suspicious: &[&str]) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            if field["speaksFor"].is_string() {
                continue;
            }
            let lower = name.to_ascii_lowercase();
            assert!(
                !suspicious.iter().any(|it| lower.contains(it)),
                "{place}: {name} speaks for somebody"
            );
            unmarked(field, &format!("{place}.{name}"), suspicious);
        }
        if let Some(items) = schema.get("items") {
            unmarked(items, place, suspicious);
        }
    }
}
