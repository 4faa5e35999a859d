//! The pages of the operations: one for each group, and the index.

use anyhow::Result;
use catalogue::Catalogue;
use catalogue::Group;
use catalogue::Operation;

use crate::docs::FOLDER;
use crate::docs::Pages;
use crate::docs::section;
use crate::docs::table::table;

const NOTE: &str = "Made by `cargo xtask docs` from `crates/catalogue/operations`; do not edit.\n\n";

const INDEX: &str = "\
Every operation of the Power BI REST API that Gatepost knows. Applications send it to the gateway, path for path as Microsoft has it; agents reach it with \
`call_read_operation` and `call_write_operation`. Policies, audit and limits are the same on both ways.

In the examples, `$GATEPOST` is the address of the gateway and `$KEY` an API key or an access token of its own. Ids and names are invented.

**Effect** is what policies are written about: `read`, `run`, `create`, `update`, `delete`, `share` or `admin`. **Permissions** are delegated permissions of the \
Power BI Service; the person needs rights on the object as well. A field that is not marked *required* in a body may be left out; one that is not marked \
*always* in an answer may be missing or null, and answers may hold more fields than are listed. A JSON body may have 1 MiB and hold 50,000 values (lists and \
objects counted too) where no *largest body* says otherwise.

";

/// Every page, by its path.
pub(super) fn pages(catalogue: &Catalogue) -> Result<Pages> {
    let mut pages = Pages::new();
    let mut rows = Vec::new();
    for group in catalogue.groups() {
        let of_group = |operation: &&Operation| operation.group == group.id;
        let operations: Vec<_> = catalogue.operations().iter().filter(of_group).collect();
        rows.extend(operations.iter().map(|operation| index_row(group, operation)));
        pages.insert(address(&group.id), page(group, &operations)?);
    }
    let heading = ["operation", "effect", "request", "does"];
    let count = catalogue.operations().len();
    let index = format!(
        "# Operations\n\n{NOTE}{INDEX}There are {count}.\n\n{}",
        table(&heading, &rows)
    );
    pages.insert(address("README"), finished(&index));
    Ok(pages)
}

fn address(name: &str) -> String {
    format!("{FOLDER}/operations/{name}.md")
}

fn index_row(group: &Group, operation: &Operation) -> Vec<String> {
    let path = operation.path.as_str().trim_start_matches("/v1.0/myorg");
    vec![
        format!(
            "[`{}`]({}.md#{})",
            operation.id,
            group.id,
            section::anchor(&operation.id)
        ),
        operation.effect.to_string(),
        format!("{} `{path}`", operation.method),
        operation.summary.clone(),
    ]
}

fn page(group: &Group, operations: &[&Operation]) -> Result<String> {
    let mut text = format!("# {}\n\n{NOTE}[All operations](README.md)\n\n", group.title);
    for operation in operations {
        text += &section::section(operation, operations)?;
    }
    Ok(finished(&text))
}

/// Exactly one line end at the end.
fn finished(text: &str) -> String {
    format!("{}\n", text.trim_end())
}
