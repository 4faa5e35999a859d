//! Open connections that rest between statements. Every wait has a bound, and what is not known to be sound is thrown away.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{Connection as _, Database};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::waits::{self, Fate, fate_after, late};

/// Connections at once. More would only wait for each other inside the database.
pub(super) const MOST: usize = 16;

/// Opens one connection; told whether a gateway serves with it.
pub(super) type Open<C> = Box<dyn Fn(bool) -> BoxFuture<'static, sqlx::Result<C>> + Send + Sync>;

/// The connections to one database. Cheap to clone.
pub struct Pool<DB: Database>(Arc<Parts<DB>>);

struct Parts<DB: Database> {
    open: Open<DB::Connection>,
    places: Arc<Semaphore>,
    resting: Mutex<Vec<Resting<DB>>>,
    /// Connections that rested longer than this are asked for a sign of life first.
    fresh: Option<Duration>,
    /// Statements answered so far: whether anything moves.
    answered: AtomicU64,
    /// Rises when every connection opened before is in doubt.
    era: AtomicU64,
    is_serving: AtomicBool,
}

struct Resting<DB: Database> {
    connection: DB::Connection,
    era: u64,
    since: Instant,
}

impl<DB: Database> Clone for Pool<DB> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<DB: Database> std::fmt::Debug for Pool<DB> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("database", &DB::NAME)
            .finish_non_exhaustive()
    }
}

impl<DB: Database> Pool<DB> {
    /// A pool that opens connections with `open` when they are needed.
    pub(super) fn new(open: Open<DB::Connection>, fresh: Option<Duration>) -> Self {
        Self(Arc::new(Parts {
            open,
            places: Arc::new(Semaphore::new(MOST)),
            resting: Mutex::default(),
            fresh,
            answered: AtomicU64::new(0),
            era: AtomicU64::new(0),
            is_serving: AtomicBool::new(false),
        }))
    }

    /// A connection of one's own until it is dropped.
    pub async fn acquire(&self) -> sqlx::Result<Held<DB>> {
        let place = self.place().await?;
        while let Some(mut resting) = self.take_resting() {
            if self.is_awake(&mut resting).await {
                return Ok(self.held(resting.connection, resting.era, place));
            }
        }
        let era = self.0.era.load(Ordering::Relaxed);
        let connection = (self.0.open)(self.0.is_serving.load(Ordering::Relaxed)).await?;
        Ok(self.held(connection, era, place))
    }

    fn held(&self, connection: DB::Connection, era: u64, place: OwnedSemaphorePermit) -> Held<DB> {
        Held {
            connection: Some(connection),
            pool: self.clone(),
            era,
            state: State::Sound,
            is_in_transaction: false,
            place: Some(place),
        }
    }

    /// Waits for a place, as long as those in front get on.
    async fn place(&self) -> sqlx::Result<OwnedSemaphorePermit> {
        let begun = Instant::now();
        let mut waiting = std::pin::pin!(self.0.places.clone().acquire_owned());
        loop {
            let before = self.0.answered.load(Ordering::Relaxed);
            if let Ok(place) = timeout(waits::STALLED, &mut waiting).await {
                return place.map_err(|_| sqlx::Error::PoolClosed);
            }
            let is_stalled = self.0.answered.load(Ordering::Relaxed) == before;
            if is_stalled || waits::QUEUED <= begun.elapsed() {
                return Err(late(format!(
                    "all {MOST} connections are busy, and none was free within {} s",
                    begun.elapsed().as_secs()
                )));
            }
        }
    }

    fn take_resting(&self) -> Option<Resting<DB>> {
        self.0.resting.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Whether a rested connection is still good.
    async fn is_awake(&self, it: &mut Resting<DB>) -> bool {
        if it.era != self.0.era.load(Ordering::Relaxed) {
            return false;
        }
        if self.0.fresh.is_none_or(|fresh| it.since.elapsed() <= fresh) {
            return true;
        }
        let answer = timeout(waits::SIGN_OF_LIFE, it.connection.ping()).await;
        if !matches!(answer, Ok(Ok(()))) {
            // The others rested as long: asking each in turn would take each its time.
            self.doubt_all();
            return false;
        }
        true
    }

    /// Uses no connection again that was opened before now.
    pub(super) fn doubt_all(&self) {
        self.0.era.fetch_add(1, Ordering::Relaxed);
        let doubtful = std::mem::take(&mut *self.0.resting.lock().unwrap_or_else(PoisonError::into_inner));
        drop(doubtful);
    }

    /// Lets others see from now on that a gateway serves with these connections.
    pub(super) fn serve(&self) {
        self.0.is_serving.store(true, Ordering::Relaxed);
        self.doubt_all();
    }

    /// Takes every place and closes what rests there. Nothing is done with this pool afterwards.
    pub async fn close(&self) {
        let all = u32::try_from(MOST).unwrap_or(u32::MAX);
        let _places = timeout(waits::STATEMENT, self.0.places.acquire_many(all)).await;
        self.0.places.close();
        while let Some(resting) = self.take_resting() {
            let _ = timeout(waits::SIGN_OF_LIFE, resting.connection.close()).await;
        }
    }
}

/// What is known of a held connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The last statement was answered, and no transaction is open.
    Sound,
    /// A statement may be under way: it is asked before it is used again.
    Unknown,
    Broken,
}

/// A connection of one's own. Dropping it gives it back, if it is sound.
pub struct Held<DB: Database> {
    connection: Option<DB::Connection>,
    pool: Pool<DB>,
    era: u64,
    state: State,
    /// Whether a transaction may be open: then a sign of life says nothing about what comes next.
    is_in_transaction: bool,
    place: Option<OwnedSemaphorePermit>,
}

impl<DB: Database> Held<DB> {
    /// Notes what the outcome of a statement says of the connection.
    pub(super) fn note<T>(&mut self, outcome: &sqlx::Result<T>) {
        let fate = match outcome {
            Ok(_) => Fate::Sound,
            Err(error) => fate_after(error, DB::NAME == sqlx::Sqlite::NAME),
        };
        self.state = match fate {
            Fate::Sound => State::Sound,
            Fate::Broken | Fate::AllInDoubt => State::Broken,
        };
        match fate {
            Fate::Sound => drop(self.pool.0.answered.fetch_add(1, Ordering::Relaxed)),
            Fate::Broken => {}
            Fate::AllInDoubt => self.pool.doubt_all(),
        }
    }

    fn settle(&mut self, is_sound: bool) {
        self.state = if is_sound { State::Sound } else { State::Broken };
    }

    /// Says that its state is not known: it will be thrown away.
    pub(in crate::store) fn give_up(&mut self) {
        self.state = State::Broken;
    }

    /// Says that a transaction is about to begin, or has ended. While one is open the connection is never given back.
    pub(super) fn set_in_transaction(&mut self, is_open: bool) {
        self.is_in_transaction = is_open;
    }

    /// Whether it may be used again.
    pub(super) fn is_sound(&self) -> bool {
        self.state == State::Sound
    }

    /// Puts the connection back, which somebody who waits for its place takes at once.
    fn rest(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        if self.era != self.pool.0.era.load(Ordering::Relaxed) || self.pool.0.places.is_closed() {
            return;
        }
        let resting = Resting {
            connection,
            era: self.era,
            since: Instant::now(),
        };
        let all = &self.pool.0.resting;
        all.lock().unwrap_or_else(PoisonError::into_inner).push(resting);
    }
}

impl<DB: Database> Deref for Held<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &Self::Target {
        self.connection.as_ref().expect("it is there until it is dropped")
    }
}

impl<DB: Database> DerefMut for Held<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.state = State::Unknown;
        self.connection.as_mut().expect("it is there until it is dropped")
    }
}

impl<DB: Database> Drop for Held<DB> {
    fn drop(&mut self) {
        // Whoever was to end the transaction left before it did.
        if self.is_in_transaction {
            return;
        }
        match (self.state, tokio::runtime::Handle::try_current()) {
            (State::Sound, _) => self.rest(),
            (State::Unknown, Ok(runtime)) if self.connection.is_some() => {
                let mut again = Self {
                    connection: self.connection.take(),
                    pool: self.pool.clone(),
                    era: self.era,
                    state: State::Broken,
                    is_in_transaction: false,
                    place: self.place.take(),
                };
                runtime.spawn(async move {
                    // Whoever asked has left: this reads what is still to come, or ends in time.
                    let answer = timeout(waits::SIGN_OF_LIFE, again.ping()).await;
                    again.settle(matches!(answer, Ok(Ok(()))));
                });
            }
            (State::Unknown | State::Broken, _) => drop(self.connection.take()),
        }
    }
}
