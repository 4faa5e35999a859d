//! What is under way when the kill comes: reads, changes, sign-ins, and a client that renews its tokens.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;

use anyhow::Result;
use anyhow::anyhow;

use crate::bench::answer::Answer;
use crate::bench::http::Connection;
use crate::bench::http::Request;
use crate::bench::sign_in::Held;
use crate::bench::sign_in::Person;
use crate::soak::kills::stage::Stage;

/// What came of it, over all rounds.
#[derive(Default)]
pub(super) struct Load {
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    /// Answers by what was asked and their status.
    answers: BTreeMap<(&'static str, u16), u64>,
    /// Requests without an answer.
    cut: u64,
    /// What clients hold after sign-ins that they saw through.
    entered: Vec<Held>,
    /// Answers that no kill explains.
    odd: Vec<String>,
    changes: u64,
}

impl Load {
    /// Works until `ended`; what the renewing client holds then.
    pub(super) fn run(&self, stage: &Stage, ended: &AtomicBool) -> Result<Held> {
        thread::scope(|scope| {
            for key in &stage.keys {
                scope.spawn(|| self.read(stage, key, ended));
            }
            for key in stage.changing() {
                scope.spawn(|| self.change(stage, key, ended));
            }
            scope.spawn(|| self.sign_in(stage, ended));
            let renewing = scope.spawn(|| self.renew(stage, ended));
            renewing.join().map_err(|_| anyhow!("a thread panicked"))?
        })
    }

    fn read(&self, stage: &Stage, key: &str, ended: &AtomicBool) -> Result<()> {
        let (request, mut connection) = (stage.read(key)?, None);
        while !ended.load(Ordering::SeqCst) {
            self.send("read", &request, &mut connection);
        }
        Ok(())
    }

    fn change(&self, stage: &Stage, key: &str, ended: &AtomicBool) -> Result<()> {
        let mut connection = None;
        while !ended.load(Ordering::SeqCst) {
            let number = {
                let mut book = self.lock();
                book.changes += 1;
                book.changes
            };
            // Whoever gets no answer does not know whether the change was made, and does not try again.
            let request = stage.change(key, &workspace(number))?;
            self.send("change", &request, &mut connection);
        }
        Ok(())
    }

    /// One newcomer after the other. Who is interrupted begins anew in the next round, as somebody else.
    fn sign_in(&self, stage: &Stage, ended: &AtomicBool) -> Result<()> {
        let mut number = 0;
        while !ended.load(Ordering::SeqCst) {
            number += 1;
            let mut person = Person::new(&stage.gateway, &format!("enters-{}-{number}", stage.rounds))?;
            match person.enter(&stage.gateway) {
                Ok(held) => self.lock().entered.push(held),
                Err(_) => self.lock().cut += 1,
            }
        }
        Ok(())
    }

    /// Takes the next pair again and again; without an answer it asks again with the same token, as clients do.
    fn renew(&self, stage: &Stage, ended: &AtomicBool) -> Result<Held> {
        let mut held = stage.renewing.clone();
        let mut connection = None;
        while !ended.load(Ordering::SeqCst) {
            if let Some(answer) = self.send("renewal", &held.renewal(&stage.gateway)?, &mut connection)
                && answer.head.status == 200
            {
                held = held.renewed(&answer.json(200)?)?;
            }
        }
        Ok(held)
    }

    fn send(&self, what: &'static str, request: &Request, kept: &mut Option<Connection>) -> Option<Answer> {
        let answer = match kept {
            Some(connection) => connection.send(request),
            None => Connection::open(&request.address).and_then(|mut connection| {
                let answer = connection.send(request);
                *kept = Some(connection);
                answer
            }),
        };
        let mut book = self.lock();
        let Ok(answer) = answer else {
            *kept = None;
            book.cut += 1;
            return None;
        };
        let status = answer.head.status;
        *book.answers.entry((what, status)).or_default() += 1;
        if !(200..300).contains(&status) && status != 429 && book.odd.len() < 10 {
            book.odd.push(format!("{what}: {status} {}", answer.text()));
        }
        Some(answer)
    }

    /// How many changes were asked for.
    pub(super) fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// What clients hold that signed in.
    pub(super) fn entered(&self) -> Vec<Held> {
        self.lock().entered.clone()
    }

    /// The first answers that no kill explains.
    pub(super) fn odd(&self) -> Vec<String> {
        self.lock().odd.clone()
    }

    /// Everything in one line.
    pub(super) fn counts(&self) -> String {
        let book = self.lock();
        let mut text = String::new();
        for ((what, status), count) in &book.answers {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{count} × {what} {status}, ");
        }
        let _ = write!(text, "{} sign-ins, {} without an answer", book.entered.len(), book.cut);
        text
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of the workspace that one change makes.
pub(super) fn workspace(number: u64) -> String {
    format!("workspace {number}")
}
