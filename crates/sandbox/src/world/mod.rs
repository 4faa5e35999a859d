//! The pretend Power BI's state.

/// Workspaces and what is in them.
#[derive(Debug)]
pub struct World {}

impl World {
    /// The seeded world.
    pub fn seeded(_now_ms: i64, _seed: u64) -> World {
        World {}
    }
}
