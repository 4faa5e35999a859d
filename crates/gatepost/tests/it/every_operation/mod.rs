//! Every operation of the catalogue through the gateway, as a person with enough rights and as one with too few.

mod row;
mod run;
mod seen;
mod setup;

use catalogue::Catalogue;

use crate::every_operation::row::Table;
use crate::every_operation::run::Runner;
pub(crate) use crate::every_operation::setup::{allow_everything, full_key, register_with_every_scope};

#[test]
fn each_operation_has_exactly_one_row() {
    let table = Table::read();
    let catalogue = Catalogue::builtin();
    let rows: Vec<_> = table.rows.iter().map(|it| it.operation.as_str()).collect();
    let missing: Vec<_> = catalogue
        .operations()
        .iter()
        .filter(|it| !rows.contains(&it.id.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "no row: {:?}",
        missing.iter().map(|it| &it.id).collect::<Vec<_>>()
    );
    let strange: Vec<_> = rows.iter().filter(|it| catalogue.operation(it).is_none()).collect();
    assert!(strange.is_empty(), "no operation: {strange:?}");
    assert_eq!(rows.len(), catalogue.operations().len(), "an operation has two rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_answered_with_enough_rights_and_refused_with_too_few() {
    let table = Table::read();
    let runner = Runner::start(&table).await;
    let mut complaints = Vec::new();
    for row in &table.rows {
        if let Err(complaint) = runner.run(row).await {
            complaints.push(format!("{}: {complaint}", row.operation));
        }
    }
    assert!(
        complaints.is_empty(),
        "{} complaints:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}
