//! Scorecards: goals in a tree, and what was checked in for each by day.

use uuid::Uuid;

use crate::world::access::Who;
use crate::world::status_rules;
use crate::world::status_rules::Field;
use crate::world::status_rules::StatusRules;
use crate::world::time::SECOND_MS;

/// How many columns a scorecard shows or hides.
pub const COLUMNS: usize = 7;

/// One scorecard.
#[derive(Clone, Debug)]
pub struct Scorecard {
    /// Id.
    pub id: Uuid,
    /// Workspace it lives in.
    pub workspace: Uuid,
    /// Display name.
    pub name: String,
    /// What it follows.
    pub description: Option<String>,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed.
    pub modified_ms: i64,
    /// The semantic model made with it.
    pub model: Uuid,
    /// The report made with it.
    pub report: Uuid,
    /// Which columns show.
    pub columns: [bool; COLUMNS],
    /// Its goals; brothers and sisters in the order of their rank.
    pub goals: Vec<Goal>,
}

impl Scorecard {
    const PROVISIONED_AFTER_MS: i64 = 2 * SECOND_MS;

    /// Its model and report are there.
    pub fn is_provisioned(&self, now_ms: i64) -> bool {
        now_ms >= self.created_ms + Self::PROVISIONED_AFTER_MS
    }

    /// The goal of that id.
    pub fn goal(&self, id: Uuid) -> Option<&Goal> {
        self.goals.iter().find(|goal| goal.id == id)
    }

    /// The same, to change it.
    pub fn goal_mut(&mut self, id: Uuid) -> Option<&mut Goal> {
        self.goals.iter_mut().find(|goal| goal.id == id)
    }

    /// How many goals stand above a goal.
    pub fn level(&self, goal: &Goal) -> usize {
        self.ancestors(goal.parent).count()
    }

    /// The place of a goal among those with the same parent.
    pub fn rank(&self, goal: &Goal) -> usize {
        let siblings = self.goals.iter().filter(|known| known.parent == goal.parent);
        siblings.take_while(|known| known.id != goal.id).count()
    }

    /// Is `id` the goal `above`, or somewhere under it?
    pub fn is_within(&self, id: Uuid, above: Uuid) -> bool {
        self.ancestors(Some(id)).any(|known| known == above)
    }

    /// A goal and all that stand above it, from below.
    fn ancestors(&self, from: Option<Uuid>) -> impl Iterator<Item = Uuid> {
        std::iter::successors(from, |id| self.goal(*id).and_then(|goal| goal.parent))
    }
}

/// One goal.
#[derive(Clone, Debug)]
pub struct Goal {
    /// Id.
    pub id: Uuid,
    /// Display name.
    pub name: String,
    /// What it means.
    pub description: Option<String>,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed.
    pub modified_ms: i64,
    /// When work on it begins.
    pub start_ms: i64,
    /// When it should be reached.
    pub completion_ms: Option<i64>,
    /// The goal above it.
    pub parent: Option<Uuid>,
    /// How its values are written.
    pub values_format: Option<String>,
    /// How its dates are written.
    pub dates_format: Option<String>,
    /// Check-ins by day, the earliest first.
    pub values: Vec<CheckIn>,
    /// How its status follows from its values.
    pub rules: Option<StatusRules>,
    /// Where its current value comes from.
    pub current: Option<Connection>,
    /// Where its target comes from.
    pub target: Option<Connection>,
    /// What happened when it was refreshed, the newest last.
    pub refreshes: Vec<GoalRefresh>,
}

/// What was checked in for a goal on one day.
#[derive(Clone, Debug, Default)]
pub struct CheckIn {
    /// Midnight of the day, UTC.
    pub day_ms: i64,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed.
    pub modified_ms: i64,
    /// What was reached.
    pub value: Option<f64>,
    /// What should have been reached.
    pub target: Option<f64>,
    /// Where it is going.
    pub trend: Option<i64>,
    /// What is expected.
    pub forecast: Option<f64>,
    /// The status, by number.
    pub status: Option<i64>,
    /// Remarks.
    pub notes: Vec<Note>,
}

/// A remark on a check-in.
#[derive(Clone, Debug)]
pub struct Note {
    /// Id.
    pub id: Uuid,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed.
    pub modified_ms: i64,
    /// Its words.
    pub body: String,
}

/// Where a value of a goal comes from.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The semantic model asked.
    pub model: Uuid,
    /// The DAX query: one number, or days and numbers.
    pub query: String,
    /// Whose rights count.
    pub owner: Who,
}

/// Which value of a goal a refresh was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The current value.
    Current,
    /// The target.
    Target,
}

/// One refresh of a connected value.
#[derive(Clone, Debug)]
pub struct GoalRefresh {
    /// Id of the work.
    pub activity: Uuid,
    /// For which value.
    pub side: Side,
    /// When it ends.
    pub ends_ms: i64,
    /// How it ends.
    pub end: RefreshEnd,
    /// The numbers it brings, by day; taken out when it has ended.
    pub pending: Vec<(i64, f64)>,
}

/// How a refresh of a goal ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshEnd {
    /// The numbers were taken over.
    Succeeded,
    /// Whoever made the connection may no longer read the model.
    UserNotAuthorized,
    /// The model is gone.
    ConnectedDatasetDeleted,
    /// The query failed, with the words of the engine.
    QueryExecutionError(String),
    /// The query gave something else than numbers.
    QueryResultError,
    /// The query gave nothing.
    EmptyGoalValues,
}

impl Goal {
    /// The check-in of a day.
    pub fn check_in(&self, day_ms: i64) -> Option<&CheckIn> {
        self.values.iter().find(|known| known.day_ms == day_ms)
    }

    /// The same, made if it is not there.
    pub fn check_in_or_new(&mut self, day_ms: i64, now_ms: i64) -> &mut CheckIn {
        let place = match self.values.binary_search_by_key(&day_ms, |known| known.day_ms) {
            Ok(place) => place,
            Err(place) => {
                let made = CheckIn {
                    day_ms,
                    created_ms: now_ms,
                    modified_ms: now_ms,
                    ..CheckIn::default()
                };
                self.values.insert(place, made);
                place
            }
        };
        &mut self.values[place]
    }

    /// Works out the status of every check-in anew, where rules say so.
    pub fn judge(&mut self) {
        let Some(rules) = &self.rules else {
            return;
        };
        let judged: Vec<i64> = (0..self.values.len()).map(|place| rules.status(self, place)).collect();
        for (value, status) in self.values.iter_mut().zip(judged) {
            value.status = Some(status);
        }
    }

    /// Takes over the numbers of refreshes that have ended at `now_ms`.
    pub fn settle(&mut self, now_ms: i64) {
        let mut brought = Vec::new();
        for refresh in self.refreshes.iter_mut().filter(|refresh| refresh.ends_ms <= now_ms) {
            let numbers = std::mem::take(&mut refresh.pending);
            brought.extend(
                numbers
                    .into_iter()
                    .map(|number| (refresh.side, refresh.ends_ms, number)),
            );
        }
        if brought.is_empty() {
            return;
        }
        for (side, at_ms, (day_ms, number)) in brought {
            let value = self.check_in_or_new(day_ms, at_ms);
            value.modified_ms = at_ms;
            match side {
                Side::Current => value.value = Some(number),
                Side::Target => value.target = Some(number),
            }
            self.modified_ms = at_ms;
        }
        self.judge();
    }

    /// The difference between the last two values.
    pub fn change(&self) -> Option<f64> {
        status_rules::number(self, self.values.len().checked_sub(1)?, Field::Change)
    }
}
