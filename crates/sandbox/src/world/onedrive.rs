//! The pretend `OneDrive` for Business: the same few workbooks for everybody, from which imports read.

use crate::data::Column;
use crate::data::ColumnKind;
use crate::data::Table;
use crate::dax::Cell;
use crate::world::time::DAY_MS;

/// One workbook, as everybody has it.
pub struct Workbook {
    /// Path below the library of documents.
    pub path: &'static str,
    /// What is in it, in a few words.
    pub note: &'static str,
    /// The ranges that are formatted as tables.
    pub tables: fn() -> Vec<Table>,
}

/// The workbooks of each drive.
pub const WORKBOOKS: [Workbook; 3] = [
    Workbook {
        path: "Budget 2026.xlsx",
        note: "a table Budget: department, month, amount",
        tables: budget,
    },
    Workbook {
        path: "Shared with Everyone/Targets.xlsx",
        note: "a table Targets: region, target; colleagues may read it by its address",
        tables: targets,
    },
    Workbook {
        path: "Loose cells.xlsx",
        note: "no table; it can be connected, while importing it fails",
        tables: Vec::new,
    },
];

/// The library every drive has.
pub const LIBRARY: &str = "Documents";
/// The folder whose files colleagues may read.
const SHARED: &str = "Shared with Everyone/";

impl Workbook {
    /// May colleagues of the owner read it?
    pub fn is_shared(&self) -> bool {
        self.path.starts_with(SHARED)
    }

    /// Name of the items made from it: that of the file, without folder and extension.
    pub fn name(&self) -> &'static str {
        let file = self.path.rsplit('/').next().unwrap_or(self.path);
        file.rsplit_once('.').map_or(file, |(name, _)| name)
    }
}

/// The workbook at a path below the library of documents; case does not matter.
pub fn find(path: &str) -> Option<&'static Workbook> {
    WORKBOOKS
        .iter()
        .find(|workbook| workbook.path.eq_ignore_ascii_case(path))
}

/// The host with the drives of an organisation, by its domain.
pub fn host(domain: &str) -> String {
    let organisation = domain.split('.').next().unwrap_or(domain);
    format!("{}-my.sharepoint.test", organisation.to_lowercase())
}

/// The part of an address that names a person's drive.
pub fn site(upn: &str) -> String {
    let letter = |letter: char| if letter.is_alphanumeric() { letter } else { '_' };
    upn.to_lowercase().chars().map(letter).collect()
}

fn budget() -> Vec<Table> {
    const DEPARTMENTS: [(&str, i64); 4] = [("Sales", 120), ("Support", 60), ("Research", 200), ("Office", 45)];
    /// 2026-01-01.
    const FIRST_MS: i64 = 20_454 * DAY_MS;
    /// Days of 2026 before each month.
    const MONTHS: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let rows = || {
        DEPARTMENTS
            .iter()
            .flat_map(|row| MONTHS.iter().map(move |days| (row, days)))
    };
    let columns = vec![
        Column::from_cells(
            "Department",
            ColumnKind::Text,
            rows().map(|(row, _)| Cell::Text(row.0.to_owned())),
        ),
        Column::from_cells(
            "Month",
            ColumnKind::DateTime,
            rows().map(|(_, days)| Cell::DateTime(FIRST_MS + days * DAY_MS)),
        ),
        Column::from_cells(
            "Amount",
            ColumnKind::Int,
            rows().map(|(row, _)| Cell::Int(row.1 * 1000)),
        ),
    ];
    vec![Table::new("Budget", columns)]
}

fn targets() -> Vec<Table> {
    const TARGETS: [(&str, i64); 3] = [("North", 900_000), ("South", 750_000), ("West", 500_000)];
    let columns = vec![
        Column::from_cells(
            "Region",
            ColumnKind::Text,
            TARGETS.map(|row| Cell::Text(row.0.to_owned())),
        ),
        Column::from_cells("Target", ColumnKind::Int, TARGETS.map(|row| Cell::Int(row.1))),
    ];
    vec![Table::new("Targets", columns)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drives_and_workbooks_have_names_as_the_service_gives_them() {
        assert_eq!(host("Contoso.test"), "contoso-my.sharepoint.test");
        assert_eq!(site("Bo.Berg@contoso.test"), "bo_berg_contoso_test");
        let targets = find("shared with everyone/TARGETS.xlsx").unwrap();
        assert_eq!((targets.name(), targets.is_shared()), ("Targets", true));
        assert!(find("Targets.xlsx").is_none());
    }
}
