//! Delegated permissions: what an operation asks for, and whether a token carries it.

pub(crate) const NONE: &str = "";
pub(crate) const WORKSPACE_READ: &str = "Workspace.Read.All|Workspace.ReadWrite.All";
pub(crate) const WORKSPACE_WRITE: &str = "Workspace.ReadWrite.All";
pub(crate) const DATASET_READ: &str = "Dataset.Read.All|Dataset.ReadWrite.All";
pub(crate) const DATASET_WRITE: &str = "Dataset.ReadWrite.All";
pub(crate) const REPORT_READ: &str = "Report.Read.All|Report.ReadWrite.All";
pub(crate) const REPORT_WRITE: &str = "Report.ReadWrite.All";
pub(crate) const REPORT_DOWNLOAD: &str =
    "Report.ReadWrite.All|Report.Read.All & Report.ReadWrite.All|Dataset.Read.All|Dataset.ReadWrite.All";
pub(crate) const REPORT_EXPORT: &str = "Report.Read.All|Report.ReadWrite.All & Dataset.Read.All|Dataset.ReadWrite.All";
pub(crate) const REPORT_CREATE: &str =
    "Content.Create & Report.Read.All|Report.ReadWrite.All & Dataset.Read.All|Dataset.ReadWrite.All";
pub(crate) const TILE_EMBED: &str = "Dashboard.Read.All|Dashboard.ReadWrite.All & Report.Read.All|Report.ReadWrite.All & Dataset.Read.All|Dataset.ReadWrite.All";
pub(crate) const DASHBOARD_READ: &str = "Dashboard.Read.All|Dashboard.ReadWrite.All";
pub(crate) const DASHBOARD_WRITE: &str = "Dashboard.ReadWrite.All";
pub(crate) const DATAFLOW_READ: &str = "Dataflow.Read.All|Dataflow.ReadWrite.All";
pub(crate) const DATAFLOW_WRITE: &str = "Dataflow.ReadWrite.All";
pub(crate) const APP_READ: &str = "App.Read.All";
pub(crate) const CONTENT_CREATE: &str = "Content.Create";
pub(crate) const CAPACITY_READ: &str = "Capacity.Read.All|Capacity.ReadWrite.All";
pub(crate) const CAPACITY_WRITE: &str = "Capacity.ReadWrite.All";
pub(crate) const CAPACITY_MOVE: &str = "Capacity.ReadWrite.All & Workspace.ReadWrite.All";
pub(crate) const CAPACITY_STATUS: &str = "Workspace.Read.All|Workspace.ReadWrite.All";
pub(crate) const PIPELINE_READ: &str = "Pipeline.Read.All|Pipeline.ReadWrite.All";
pub(crate) const PIPELINE_WRITE: &str = "Pipeline.ReadWrite.All";
pub(crate) const PIPELINE_ASSIGN: &str = "Pipeline.ReadWrite.All & Workspace.ReadWrite.All";
pub(crate) const PIPELINE_DEPLOY: &str = "Pipeline.Deploy";
pub(crate) const STORAGE_READ: &str = "StorageAccount.Read.All|StorageAccount.ReadWrite.All";
pub(crate) const TENANT_READ: &str = "Tenant.Read.All|Tenant.ReadWrite.All";
pub(crate) const TENANT_WRITE: &str = "Tenant.ReadWrite.All";
pub(crate) const STORAGE_ASSIGN: &str = "StorageAccount.ReadWrite.All & Workspace.ReadWrite.All";

/// Does a token with these scopes satisfy `wanted`, where `|` means one of and `&` means all of?
pub(crate) fn satisfied(wanted: &str, held: &[String]) -> bool {
    let one_of = |group: &str| {
        group
            .split('|')
            .any(|scope| held.iter().any(|have| have.eq_ignore_ascii_case(scope.trim())))
    };
    wanted.is_empty() || wanted.split('&').all(one_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_group_and_all_groups_are_needed() {
        let held = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>();
        assert!(satisfied(NONE, &[]));
        assert!(!satisfied(DATASET_READ, &[]));
        assert!(satisfied(DATASET_READ, &held(&["Dataset.ReadWrite.All"])));
        assert!(!satisfied(REPORT_EXPORT, &held(&["Report.Read.All"])));
        assert!(satisfied(
            REPORT_EXPORT,
            &held(&["Report.Read.All", "Dataset.Read.All"])
        ));
        assert!(satisfied(REPORT_DOWNLOAD, &held(&["Report.ReadWrite.All"])));
        assert!(!satisfied(REPORT_DOWNLOAD, &held(&["Report.Read.All"])));
        assert!(satisfied(
            REPORT_DOWNLOAD,
            &held(&["Report.Read.All", "Dataset.Read.All"])
        ));
    }
}
