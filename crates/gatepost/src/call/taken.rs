//! An approval that one call has taken: given back whenever nothing of the call reached Power BI.

use crate::app::App;
use crate::caller::ApprovalId;
use crate::store::{Db, approvals};

/// The approval of one call, if it needed one.
///
/// Dropped without a word, as when its caller leaves while it waits, it is given back too.
#[derive(Debug)]
pub(super) struct Taken {
    db: Db,
    id: Option<ApprovalId>,
    may_be_done: bool,
}

impl Taken {
    pub(super) fn of(app: &App, id: ApprovalId) -> Self {
        Self {
            db: app.db.clone(),
            id: Some(id),
            may_be_done: false,
        }
    }

    /// For a call that needed none.
    pub(super) fn none(app: &App) -> Self {
        Self {
            db: app.db.clone(),
            id: None,
            may_be_done: false,
        }
    }

    pub(super) fn id(&self) -> Option<&ApprovalId> {
        self.id.as_ref()
    }

    /// Power BI may have done what was approved, so the approval is used up.
    pub(super) fn reached(&mut self) {
        self.may_be_done = true;
    }

    /// Gives the approval back unless the call reached Power BI.
    pub(super) async fn settle(mut self) {
        if let Some(id) = self.unused() {
            give_back(&self.db, &id).await;
        }
    }

    fn unused(&mut self) -> Option<ApprovalId> {
        self.id.take().filter(|_| !self.may_be_done)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let (Some(id), Ok(runtime)) = (self.unused(), tokio::runtime::Handle::try_current()) {
            let db = self.db.clone();
            runtime.spawn(async move { give_back(&db, &id).await });
        }
    }
}

async fn give_back(db: &Db, id: &ApprovalId) {
    if let Err(error) = approvals::give_back(db, id).await {
        tracing::warn!(approval = %id, %error, "an approval whose call was not sent could not be given back");
    }
}
