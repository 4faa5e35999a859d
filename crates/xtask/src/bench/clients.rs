//! What known clients cost: memory and disk, once they registered, and once some of them hold tokens and call.

use std::thread;

use anyhow::Result;
use anyhow::anyhow;

use crate::bench::gateway::Gateway;
use crate::bench::http::Connection;
use crate::bench::sign_in;
use crate::bench::sign_in::Person;
use crate::bench::sign_in::SignIn;

/// Connections that register clients side by side, so that one write to disk carries several.
const SIDE_BY_SIDE: usize = 8;

/// Fresh starts of which the median counts: memory at rest differs by a few MiB from one to the next.
const STARTS: usize = 5;
/// Registrations and sign-ins that fill caches and pools before growth is measured.
const WARM_UP: usize = 200;

/// What known clients take up, in bytes.
pub(crate) struct Known {
    pub(crate) clients: usize,
    /// How much the gateway grew, once warm, in which they came to be known.
    pub(crate) grown: i64,
    /// How much more a gateway has at rest that starts with them known.
    pub(crate) at_rest: i64,
    /// How much the files in the data folder grew.
    pub(crate) on_disk: i64,
}

/// Registers clients and signs the first of them in; the costs of both, and the sign-ins.
pub(crate) fn measure(gateway: &mut Gateway, clients: usize, signed: usize) -> Result<(Known, Known, Vec<SignIn>)> {
    let empty = State::of_fresh(gateway)?;
    register(gateway, WARM_UP)?;
    let warm = gateway.memory_at_rest()?;
    let ids = register(gateway, clients)?;
    let (full, known) = empty.with(gateway, warm, clients)?;

    let mut person = Person::new(gateway, "signs-in-often")?;
    // The first goes to Microsoft; the others find the person signed in, and show what a client of its own costs.
    for _ in 0..WARM_UP {
        person.sign_in(gateway, ids.first().map(String::as_str))?;
    }
    let warm = gateway.memory_at_rest()?;
    let mut sign_ins = Vec::new();
    for id in ids.iter().take(signed) {
        sign_ins.push(person.sign_in(gateway, Some(id))?.0);
    }
    let (_, of_tokens) = full.with(gateway, warm, sign_ins.len())?;
    Ok((known, of_tokens, sign_ins))
}

/// What a gateway takes up that has just been started.
struct State {
    memory: u64,
    disk: u64,
}

impl State {
    fn of_fresh(gateway: &mut Gateway) -> Result<Self> {
        let mut memory = Vec::new();
        for _ in 0..STARTS {
            gateway.restart()?;
            memory.push(gateway.memory_at_rest()?);
        }
        memory.sort_unstable();
        Ok(Self {
            memory: memory[STARTS / 2],
            disk: gateway.size_on_disk()?,
        })
    }

    /// What these clients added since this state, and the state of a gateway that is started with them.
    fn with(&self, gateway: &mut Gateway, warm: u64, clients: usize) -> Result<(Self, Known)> {
        let grown = gateway.memory_at_rest()? as i64 - warm as i64;
        let fresh = Self::of_fresh(gateway)?;
        let known = Known {
            clients,
            grown,
            at_rest: fresh.memory as i64 - self.memory as i64,
            on_disk: fresh.disk as i64 - self.disk as i64,
        };
        Ok((fresh, known))
    }
}

fn register(gateway: &Gateway, clients: usize) -> Result<Vec<String>> {
    let request = sign_in::registration(&format!("{}/register", gateway.url()))?;
    let some = |count: usize| -> Result<Vec<String>> {
        let mut connection = Connection::open(&request.address)?;
        let mut ids = Vec::new();
        for _ in 0..count {
            let made = connection.send(&request)?.json(201)?;
            ids.push(made["client_id"].as_str().unwrap_or_default().to_owned());
        }
        Ok(ids)
    };
    thread::scope(|scope| {
        let share = |at: usize| (clients + at) / SIDE_BY_SIDE;
        let threads: Vec<_> = (0..SIDE_BY_SIDE)
            .map(|at| scope.spawn(move || some(share(at))))
            .collect();
        let mut ids = Vec::new();
        for thread in threads {
            ids.extend(thread.join().map_err(|_| anyhow!("a thread panicked"))??);
        }
        Ok(ids)
    })
}
