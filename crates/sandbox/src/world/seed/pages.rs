//! The pages of the seeded reports: titles over DAX queries.

use std::sync::Arc;

use crate::world::report::Page;
use crate::world::report::ReportKind;

pub(super) fn sales() -> Arc<Vec<Page>> {
    Arc::default()
}
pub(super) fn finance() -> Arc<Vec<Page>> {
    Arc::default()
}
pub(super) fn stock() -> Arc<Vec<Page>> {
    Arc::default()
}
pub(super) fn tickets() -> Arc<Vec<Page>> {
    Arc::default()
}
pub(super) fn traffic() -> Arc<Vec<Page>> {
    Arc::default()
}
pub(super) fn customers() -> Arc<Vec<Page>> {
    Arc::default()
}
pub(super) fn order_slip() -> ReportKind {
    ReportKind::Interactive { pages: Arc::default() }
}
pub(super) fn booking_list() -> ReportKind {
    ReportKind::Interactive { pages: Arc::default() }
}
