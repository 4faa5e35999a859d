//! Calls of an operation as examples: by curl through the gateway, and by the generic tools.

use anyhow::Result;
use anyhow::anyhow;
use catalogue::Answer;
use catalogue::Bound;
use catalogue::Effect;
use catalogue::Method;
use catalogue::Operation;
use catalogue::Place;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::docs::sample;

/// Query parameters an example shows although they may be left out.
const SHOWN: &[&str] = &["$top", "workspaceV2", "startDateTime", "endDateTime", "nameConflict"];

/// Body fields an example shows although they may be left out, by the start of the operation's id; the first that fits counts.
const WANTED: &[(&str, &[&str])] = &[
    ("admin.add_group_user", &["identifier", "principalType"]),
    (
        "dataflows.update_refresh_schedule",
        &["days", "times", "enabled", "localTimeZoneId"],
    ),
    ("datasets.refresh", &["type", "objects"]),
    ("datasets.update_direct_query_refresh_schedule", &["frequency"]),
    ("datasets.update_parameters", &["newValue"]),
    (
        "datasets.update_refresh_schedule",
        &["days", "times", "enabled", "localTimeZoneId"],
    ),
    ("embed_token.generate_for", &["accessLevel", "lifetimeInMinutes"]),
    ("embed_token.generate", &["datasets", "reports", "lifetimeInMinutes"]),
    ("gateways.add_datasource_user", &["identifier", "principalType"]),
    (
        "goal_status_rules.update",
        &[
            "rules",
            "conditions",
            "output",
            "fieldComparison",
            "field",
            "operator",
            "value",
            "number",
        ],
    ),
    ("goal_values.create", &["value", "target"]),
    ("groups.add_user", &["identifier", "principalType"]),
    ("groups.update_user", &["identifier", "principalType"]),
    ("imports.create", &["fileUrl"]),
    ("pipelines.deploy_all", &["options", "note"]),
    ("pipelines.deploy", &["reports", "note"]),
    ("pipelines.update_user", &["accessRight"]),
    ("push_datasets.create", &["defaultMode"]),
    ("scorecards.move_goals", &["newParent"]),
];

/// Both examples as Markdown.
pub(super) fn examples(operation: &Operation) -> Result<String> {
    let arguments = arguments(operation);
    // An example that the gateway would refuse must not be printed.
    let bound = operation.bind(&arguments).map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        anyhow!("{}: the example is refused: {}", operation.id, problems.join("; "))
    })?;
    Ok(format!(
        "```sh\n{}\n```\n\n```json\n{}\n```\n\n",
        curl(operation, &bound),
        tool(operation, &arguments)
    ))
}

fn arguments(operation: &Operation) -> Map<String, Value> {
    let shown = operation.parameters.iter().filter(|parameter| {
        parameter.required || parameter.place == Place::Path || SHOWN.contains(&parameter.name.as_str())
    });
    let mut arguments: Map<_, _> = shown
        .map(|parameter| (parameter.name.clone(), sample::parameter(parameter)))
        .collect();
    if let Some(schema) = &operation.body {
        let wanted = WANTED.iter().find(|(id, _)| operation.id.starts_with(id));
        let body = sample::body(schema, wanted.map_or(&[], |(_, fields)| fields));
        arguments.insert("body".to_owned(), body);
    }
    arguments
}

fn curl(operation: &Operation, bound: &Bound) -> String {
    let mut lines = vec![format!(
        "curl --request {} \"$GATEPOST/powerbi{}\"",
        bound.method,
        in_double_quotes(&bound.path_and_query)
    )];
    lines.push("--header \"Authorization: Bearer $KEY\"".to_owned());
    if let Some(body) = &bound.body {
        lines.push("--header 'Content-Type: application/json'".to_owned());
        lines.push(format!("--data '{}'", body.to_string().replace('\'', r"'\''")));
    } else if !matches!(bound.method, Method::Get | Method::Delete) {
        // Without it some servers refuse a request that could have a body.
        lines.push("--data ''".to_owned());
    }
    if matches!(operation.answer, Answer::Binary | Answer::Arrow) {
        lines.push("--output answer".to_owned());
    }
    lines.join(" \\\n  ")
}

/// What a shell would read as a variable or a command is kept from it.
fn in_double_quotes(text: &str) -> String {
    let mut quoted = String::new();
    for sign in text.chars() {
        if matches!(sign, '$' | '`' | '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(sign);
    }
    quoted
}

fn tool(operation: &Operation, arguments: &Map<String, Value>) -> String {
    // The tool that is said to read takes nothing but reads: administrators' lists show what others own.
    let tool = if operation.effect == Effect::Read {
        "call_read_operation"
    } else {
        "call_write_operation"
    };
    let call = json!({"tool": tool, "arguments": {"operation": operation.id, "arguments": arguments}});
    serde_json::to_string_pretty(&call).expect("a JSON value can be written")
}

#[cfg(test)]
mod tests {
    use catalogue::Catalogue;

    use super::*;

    #[test]
    fn every_operation_has_an_example_that_the_gateway_takes() {
        for operation in Catalogue::builtin().operations() {
            let text = examples(operation).unwrap();
            assert!(text.contains(&operation.id), "{}", operation.id);
        }
    }

    #[test]
    fn a_shell_reads_the_address_as_it_stands() {
        let operation = Catalogue::builtin().operation("groups.list").unwrap();
        let text = examples(operation).unwrap();
        assert!(
            text.contains(r#""$GATEPOST/powerbi/v1.0/myorg/groups?\$top=10""#),
            "{text}"
        );
    }

    #[test]
    fn a_quote_in_a_body_does_not_end_it() {
        let operation = Catalogue::builtin().operation("datasets.execute_queries").unwrap();
        let text = examples(operation).unwrap();
        assert!(text.contains(r"TOPN(10, '\''Sales'\'')"), "{text}");
    }
}
