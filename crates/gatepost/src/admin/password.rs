//! Passwords of local accounts: argon2id, computed off the async threads, a few at a time.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::Problems;
use super::throttle::Attempt;
use crate::clock::Clock;

/// Shorter ones are guessed; the limit above keeps a form from buying minutes of hashing.
const LEAST_CHARACTERS: usize = 12;
const MOST_BYTES: usize = 1024;

/// Each hash takes 19 MiB for a moment.
static TURNS: Semaphore = Semaphore::const_new(4);

/// What unknown names are checked against, so that they take as long as known ones.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody has this password", &[7; 16]));

/// A password of sufficient length, which does not print.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    /// Takes a new password, or notes what is wrong with it.
    pub fn check(typed: &str, again: Option<&str>, problems: &mut Problems) -> Self {
        if typed.chars().count() < LEAST_CHARACTERS {
            problems.insert("password", format!("expected at least {LEAST_CHARACTERS} characters"));
        } else if MOST_BYTES < typed.len() {
            problems.insert("password", format!("expected at most {MOST_BYTES} bytes"));
        } else if typed.chars().all(|it| typed.starts_with(it)) {
            problems.insert("password", "expected more than one character repeated".to_owned());
        }
        if again.is_some_and(|again| again != typed) {
            problems.insert("again", "this is not the same password".to_owned());
        }
        Self(typed.to_owned().into())
    }

    /// The argon2id hash in PHC form.
    pub async fn hash(&self, clock: &Clock) -> String {
        let _turn = TURNS.acquire().await.expect("the semaphore is never closed");
        let (typed, salt) = (self.0.clone(), clock.random().bytes::<16>());
        spawn_blocking(move || hash(typed.expose_secret(), &salt))
            .await
            .expect("hashing does not panic")
    }
}

/// Whether `typed` is the password of `stored`; takes the same time when there is no stored hash. The attempt is the
/// proof that it was counted.
pub async fn verify(_counted: &Attempt, typed: &str, stored: Option<&str>) -> bool {
    let _turn = TURNS.acquire().await.expect("the semaphore is never closed");
    let typed = SecretString::from(typed.to_owned());
    let stored = stored.map(str::to_owned);
    spawn_blocking(move || {
        // Made before the choice, so that its first use does not tell known names from unknown ones.
        let nobody = NOBODY.as_str();
        let known = stored.is_some();
        let matches = matches(typed.expose_secret(), stored.as_deref().unwrap_or(nobody));
        matches && known
    })
    .await
    .unwrap_or(false)
}

fn hash(typed: &str, salt: &[u8]) -> String {
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(typed.as_bytes(), salt)
        .expect("the salt has a length argon2 takes");
    hash.to_string()
}

fn matches(typed: &str, stored: &str) -> bool {
    typed.len() <= MOST_BYTES
        && PasswordHash::new(stored).is_ok_and(|it| Argon2::default().verify_password(typed.as_bytes(), &it).is_ok())
}
