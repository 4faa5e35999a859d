//! One throttle for whatever judges a secret: every attempt is counted before it is judged, and waits grow with failures.

use std::net::IpAddr;

use crate::app::App;
use crate::caller::PersonId;
use crate::session;
use crate::store::sign_in_failures::{self as failures, Waits};
use crate::store::{self};

/// What somebody may try to guess, and whose it is.
#[derive(Clone, Copy, Debug)]
pub enum Secret<'a> {
    /// The password of the local account with this e-mail address, which may be nobody's.
    Password(&'a str),
    /// A person's present code or recovery code.
    Code(&'a PersonId),
}

/// Why an attempt is not judged.
#[derive(Debug, thiserror::Error)]
pub enum Held {
    /// Too many went before it.
    #[error("too many attempts; wait {0} seconds, then try again")]
    Wait(i64),
    #[error("{0}")]
    Store(#[from] store::Error),
}

/// An attempt that may be judged: it is counted as a failure already.
///
/// Invariant: only [`attempt`] makes one, and what compares a password or a code takes one.
#[must_use = "an attempt that was right is given back with `right`"]
#[derive(Debug)]
pub struct Attempt {
    subjects: [(String, Waits); 3],
    /// How many failures the address had with this one.
    of_address: i64,
}

/// What failures are counted by: one address at one account, one address, one account.
///
/// Invariant: an account as a whole waits seconds at most, so strangers cannot lock its owner out; one address, and
/// one address at one account, wait up to a quarter of an hour.
fn subjects(secret: Secret<'_>, address: Option<IpAddr>) -> [(String, Waits); 3] {
    let address = session::network_of(address);
    let account = match secret {
        Secret::Password(email) => email.to_lowercase(),
        Secret::Code(person) => format!("code of {person}"),
    };
    let account: String = session::hash(&account)
        .iter()
        .take(16)
        .map(|it| format!("{it:02x}"))
        .collect();
    let waits = |free, most_s: i64| Waits {
        free,
        most_ms: most_s * 1000,
    };
    [
        (format!("both:{account}:{address}"), waits(4, 900)),
        (format!("address:{address}"), waits(20, 900)),
        (format!("account:{account}"), waits(10, 5)),
    ]
}

/// Counts an attempt, or says how long it has to wait; then nothing is counted and nothing may be judged.
///
/// Invariant: of any number of attempts at once no more are judged than one after the other would be.
pub async fn attempt(app: &App, secret: Secret<'_>, address: Option<IpAddr>) -> Result<Attempt, Held> {
    let subjects = subjects(secret, address);
    // Whoever waits costs a read, not a write.
    if let Some(held) = waiting(app, &subjects).await? {
        return Err(held);
    }
    let now = app.clock.now();
    let mut of_address = 0;
    // All or none; the order is the same everywhere, so that no two transactions wait for each other.
    let mut tx = app.db.begin().await?;
    for (at, (subject, waits)) in subjects.iter().enumerate() {
        let Some(count) = failures::count(&mut tx, subject, *waits, now).await? else {
            drop(tx);
            return Err(waiting(app, &subjects).await?.unwrap_or(Held::Wait(1)));
        };
        if at == 1 {
            of_address = count;
        }
    }
    tx.commit().await?;
    Ok(Attempt { subjects, of_address })
}

async fn waiting(app: &App, subjects: &[(String, Waits)]) -> store::Result<Option<Held>> {
    let now = app.clock.now();
    let mut longest = None;
    for (subject, waits) in subjects {
        if let Some(until) = failures::wait_until(&app.db, subject, *waits, now).await? {
            longest = longest.max(Some((until.since_ms(now) + 999) / 1000));
        }
    }
    Ok(longest.map(Held::Wait))
}

/// An attempt at a secret of ours that is too long to be guessed: a client's secret, an invitation, the set-up link.
/// It is counted in memory, so that trying them by the thousand costs no write.
///
/// Invariant: only [`guess`] and [`link`] make one, and what looks such a secret up takes one.
#[must_use = "an attempt that was right is given back with `right`"]
#[derive(Debug)]
pub struct Guess {
    address: Option<IpAddr>,
    whose: String,
    /// Too many went before it, for so many seconds more; then it is not counted.
    held_s: Option<u64>,
}

/// Counts an attempt at a client's secret, or says how many seconds this network has to wait with this client.
pub fn guess(app: &App, address: Option<IpAddr>, client: &str) -> Result<Guess, u64> {
    let counted = counted(app, address, client);
    counted.held_s.map_or(Ok(counted), Err)
}

/// Counts an attempt at a link of ours. The link is all there is to know, and nobody guesses one, so a right one passes
/// whatever others of its network tried before; only of wrong ones there are too many.
pub fn link(app: &App, address: Option<IpAddr>) -> Guess {
    counted(app, address, "")
}

fn counted(app: &App, address: Option<IpAddr>, whose: &str) -> Guess {
    Guess {
        address,
        whose: whose.to_owned(),
        held_s: app.guesses.admit(address, whose, app.clock.now()).err(),
    }
}

impl Guess {
    /// The secret was right, so this attempt counts for nothing.
    pub fn right(self, app: &App) {
        if self.held_s.is_none() {
            app.guesses.take_back(self.address, &self.whose);
        }
    }

    /// The secret was wrong: said as such, or for how many seconds nothing more is said to this network.
    pub fn wrong(self) -> Result<(), u64> {
        self.held_s.map_or(Ok(()), Err)
    }
}

impl Attempt {
    /// The secret was right: forgets the failures of this account at this address, and takes this one back from the
    /// address, whose failures at other accounts stay.
    pub async fn right(self, app: &App) -> store::Result<()> {
        let [(both, _), (address, _), (account, _)] = &self.subjects;
        failures::clear(&app.db, both).await?;
        failures::take_back(&app.db, address, self.of_address, app.clock.now()).await?;
        failures::clear(&app.db, account).await
    }
}
