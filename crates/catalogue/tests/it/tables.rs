//! The catalogue beside two tables of facts about the service, where a developer keeps them next to the repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use catalogue::Answer;
use catalogue::Catalogue;
use catalogue::Operation;
use catalogue::Place;
use catalogue::Scopes;

/// A row by the names of its columns.
type Row = BTreeMap<String, String>;

/// The rows of a table by Microsoft's id, or nothing where the table is not at hand.
fn table(name: &str) -> Option<BTreeMap<String, Row>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("../shared/reference").join(name)).ok()?;
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
    let names: Vec<_> = lines.next()?.collect();
    let rows = lines.map(|cells| names.iter().cloned().zip(cells).collect::<Row>());
    Some(rows.map(|row| (row["operationId"].clone(), row)).collect())
}

/// What `fact` says of each operation beside what the column says, where they differ.
fn differences(
    rows: &BTreeMap<String, Row>,
    column: &str,
    fact: impl Fn(&Operation, &str) -> Result<(), String>,
) -> Vec<String> {
    let operations = Catalogue::builtin().operations();
    assert_eq!(rows.len(), operations.len());
    operations
        .iter()
        .filter_map(|operation| {
            let cell = &rows[&operation.microsoft_id][column];
            let wrong = fact(operation, cell).err()?;
            Some(format!("{}: {wrong} here, `{cell}` in the table", operation.id))
        })
        .collect()
}

fn same<T: PartialEq + std::fmt::Debug>(here: T, there: T) -> Result<(), String> {
    if here == there {
        Ok(())
    } else {
        Err(format!("{here:?}"))
    }
}

#[test]
fn paths_paging_and_answers_are_those_of_the_table() {
    let Some(rows) = table("powerbi-operations.tsv") else {
        return;
    };
    let none = Vec::<String>::new();
    assert_eq!(
        differences(&rows, "method", |it, cell| same(it.method.as_str(), cell)),
        none
    );
    assert_eq!(
        differences(&rows, "path", |it, cell| same(it.path.as_str(), cell)),
        none
    );
    let paging = |it: &Operation, cell: &str| {
        let word = match cell {
            "no" => "none",
            "$top/$skip" => "top_skip",
            "$top" => "top",
            "$top + @odata.nextLink" => "next_link",
            "continuationToken" => "continuation",
            other => other,
        };
        same(it.paging.as_str(), word)
    };
    assert_eq!(differences(&rows, "paginated", paging), none);
    let is_binary = |it: &Operation, cell: &str| same(matches!(it.answer, Answer::Binary | Answer::Arrow), cell == "y");
    assert_eq!(differences(&rows, "binary", is_binary), none);
}

#[test]
fn what_destroys_and_what_runs_long_is_that_of_the_table() {
    let Some(rows) = table("powerbi-operations.tsv") else {
        return;
    };
    let destructive = |it: &Operation, cell: &str| same(it.destructive, cell == "y");
    assert_eq!(differences(&rows, "destructive", destructive), Vec::<String>::new());
    let long = |it: &Operation, cell: &str| same(it.long_running.is_some(), cell == "y");
    assert_eq!(
        differences(&rows, "long_running", long),
        [
            // Nothing tells when these two are over: their hints say how to find out.
            "admin.rotate_encryption_key: false here, `y` in the table",
            "users.refresh_permissions: false here, `y` in the table",
        ]
    );
}

#[test]
fn scopes_are_those_of_the_table() {
    let Some(rows) = table("powerbi-operations.tsv") else {
        return;
    };
    let scopes = |it: &Operation, cell: &str| {
        let cell = match cell {
            "(service principal only, no delegated scope)" => "none",
            "(not stated; expect Dataflow.ReadWrite.All)" => "Dataflow.ReadWrite.All",
            other => other,
        };
        match cell.parse::<Scopes>() {
            Ok(there) => same(&it.scopes, &there),
            Err(_) => Err(it.scopes.to_string()),
        }
    };
    let found = differences(&rows, "scopes", scopes);
    // What these two need on top depends on the body: their hints say so.
    let ids: Vec<_> = found.iter().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(
        ids,
        ["embed_token.generate", "embed_token.generate_for_report"],
        "{found:?}"
    );
}

#[test]
fn status_and_principals_are_those_of_the_table() {
    let Some(rows) = table("powerbi-operations-facets.tsv") else {
        return;
    };
    let none = Vec::<String>::new();
    assert_eq!(
        differences(&rows, "status", |it, cell| same(it.status.as_str(), cell)),
        none
    );
    let principals = |it: &Operation, cell: &str| {
        let word = match cell {
            "yes, profiles too" => "allowed",
            "yes, not on RLS/SSO models" => "not_on_secured_models",
            "yes (admin read; app without admin-consent Power BI permissions)" => "admin_read",
            "no by the text (Fabric admin user)" => "administrators_only",
            "no (My workspace)" => "my_workspace",
            "no" => "refused",
            "not stated" => "not_stated",
            other => other,
        };
        same(it.principals.as_str(), word)
    };
    assert_eq!(differences(&rows, "service_principal", principals), none);
}

#[test]
fn twins_and_partners_are_those_of_the_table() {
    let Some(rows) = table("powerbi-operations-facets.tsv") else {
        return;
    };
    let none = Vec::<String>::new();
    let microsoft_id = |id: &str| &*Catalogue::builtin().operation(id).unwrap().microsoft_id;
    let twin = |it: &Operation, cell: &str| same(it.twin.as_deref().map(microsoft_id).unwrap_or_default(), cell);
    assert_eq!(differences(&rows, "my_workspace_twin", twin), none);
    let partner = |it: &Operation, cell: &str| {
        let Some(long) = &it.long_running else {
            return same("", cell);
        };
        // The table names the pair by its form on My workspace.
        let is_named = |id: &str| cell.contains(microsoft_id(id).trim_end_matches("InGroup"));
        match cell.is_empty() || is_named(&long.poll) && long.result.as_deref().is_none_or(is_named) {
            true => Ok(()),
            false => Err(format!("{long:?}")),
        }
    };
    assert_eq!(differences(&rows, "poll_with", partner), none);
}

#[test]
fn query_parameters_and_bodies_are_those_of_the_table() {
    let Some(rows) = table("powerbi-operations-facets.tsv") else {
        return;
    };
    let none = Vec::<String>::new();
    let query = |it: &Operation, cell: &str| {
        let mut here: Vec<_> = it
            .parameters
            .iter()
            .filter(|parameter| parameter.place == Place::Query)
            .map(|parameter| format!("{}{}", parameter.name, if parameter.required { "!" } else { "" }))
            .collect();
        let mut there: Vec<_> = cell
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        here.sort_unstable();
        there.sort_unstable();
        same(here, there)
    };
    assert_eq!(differences(&rows, "query_params(!=required)", query), none);
    let body = |it: &Operation, cell: &str| same(it.body.is_some(), !cell.is_empty());
    assert_eq!(
        differences(&rows, "request_body", body),
        [
            // Newer than the table's source.
            "datasets.execute_dax_queries: true here, `` in the table",
            "datasets.execute_dax_queries_in_group: true here, `` in the table",
        ]
    );
    // The two that answer with Arrow streams are those.
    let answer = |it: &Operation, cell: &str| {
        same(
            it.answer == Answer::Empty,
            cell.is_empty() && it.answer != Answer::Arrow,
        )
    };
    assert_eq!(differences(&rows, "response", answer), none);
}

#[test]
fn stated_limits_are_those_of_the_table() {
    let Some(rows) = table("powerbi-operations-facets.tsv") else {
        return;
    };
    let rates = |it: &Operation, cell: &str| {
        let windows = it.rate.iter().flat_map(|rate| &rate.windows);
        let mut here: Vec<_> = windows.map(|window| (window.calls, window.seconds)).collect();
        let mut there = stated(cell);
        here.sort_unstable();
        there.sort_unstable();
        same(here, there)
    };
    let push = "push models only";
    let found: Vec<_> = differences(&rows, "limits_stated", rates)
        .into_iter()
        .filter(|line| !line.ends_with(&format!("`{push}` in the table")))
        .collect();
    assert_eq!(found, Vec::<String>::new());
    // That rights show up late is a hint, not a limit.
    let told = |it: &Operation, cell: &str| {
        let is_told = !it.limits.is_empty() || it.rate.is_some();
        same(is_told, !cell.is_empty() && !cell.starts_with("rights lag"))
    };
    assert_eq!(differences(&rows, "limits_stated", told), Vec::<String>::new());
}

/// Calls and seconds in texts such as `50 req/h or 5/min per tenant`.
fn stated(cell: &str) -> Vec<(u32, u32)> {
    let cell = cell.replace(',', "");
    if cell.contains("1 call per user per hour") {
        return vec![(1, 3600)];
    }
    let words: Vec<_> = cell.split([' ', ';', ')']).filter(|word| !word.is_empty()).collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let number = |text: &str| text.parse::<u32>().ok();
        if let Some(seconds) = word.strip_prefix("req/").map(unit) {
            found.extend(
                at.checked_sub(1)
                    .and_then(|before| number(words[before]))
                    .map(|calls| (calls, seconds)),
            );
        } else if let Some((calls, "min")) = word.split_once('/') {
            found.extend(number(calls).map(|calls| (calls, 60)));
        }
    }
    found
}

fn unit(text: &str) -> u32 {
    if text.starts_with("min") { 60 } else { 3600 }
}
