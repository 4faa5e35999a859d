//! Several gateways start at once on an empty PostgreSQL, or one is killed while it sets it up (security rows RAC-09, UPG-02).

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::processes::Process;
use crate::world::fresh_schema;

/// A gateway on a schema of its own, with a data folder of its own.
struct Place {
    data: tempfile::TempDir,
    url: String,
    schema: String,
}

impl Place {
    async fn fresh() -> Option<Self> {
        let url = super::server_url()?;
        let schema = fresh_schema(&url).await;
        let data = tempfile::tempdir().unwrap();
        Some(Self { data, url, schema })
    }

    /// Another machine with the same database; with the same keys, or with none yet.
    fn beside(&self) -> Self {
        Self {
            data: tempfile::tempdir().unwrap(),
            url: self.url.clone(),
            schema: self.schema.clone(),
        }
    }

    fn serve(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatepost"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.data.path())
            .current_dir(self.data.path())
            .env("GATEPOST_LOG_JSON", "true")
            .env("GATEPOST_DATABASE_URL", &self.url)
            .env("GATEPOST_DATABASE_SCHEMA", &self.schema)
            .stdout(Stdio::null());
        command
    }
}

/// RAC-09: twelve empty databases, each started on by three gateways at once. Those that share the keys all start, those
/// with a data folder of their own are told which key is missing, and whoever started can start again.
#[tokio::test(flavor = "multi_thread")]
async fn gateways_that_start_at_once_on_an_empty_database_agree_on_one_key() {
    for round in 0..12 {
        let Some(first) = Place::fresh().await else { return };
        let apart = first.beside();
        let starting: Vec<_> = [first.serve(), first.serve(), apart.serve()]
            .into_iter()
            .map(|command| tokio::task::spawn_blocking(|| Process::of_if(command)))
            .collect();
        let mut started = Vec::new();
        for it in starting {
            started.push(it.await.unwrap());
        }
        let [one, two, other] = started.try_into().unwrap_or_else(|_| unreachable!());
        assert_eq!(
            one.is_ok(),
            two.is_ok(),
            "round {round}: they share the key file: {:?} {:?}",
            one.as_ref().err(),
            two.as_ref().err()
        );
        assert_ne!(
            one.is_ok(),
            other.is_ok(),
            "round {round}: {:?} {:?}",
            one.as_ref().err(),
            other.as_ref().err()
        );
        let refused = one.as_ref().err().or(other.as_ref().err()).unwrap();
        assert!(refused.contains("restore the key file"), "{refused}");
        let winner = if one.is_ok() { &first } else { &apart };
        drop((one, two, other));
        drop(Process::of(winner.serve()));
    }
}

async fn kill_after(mut child: Child, wait: Duration) {
    tokio::time::sleep(wait).await;
    let _ = child.kill();
    let _ = child.wait();
}

/// UPG-02: killed anywhere in its first start, the gateway goes on at the next one, by itself; who waits takes over.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_that_was_killed_goes_on_at_the_next() {
    for round in 0..10_u64 {
        let Some(place) = Place::fresh().await else { return };
        for at in 0..3 {
            let mut command = place.serve();
            let child = command.stderr(Stdio::null()).spawn().unwrap();
            kill_after(child, Duration::from_millis(15 + (round * 37 + at * 91) % 260)).await;
        }
        let waits = place.serve();
        let mut killed = place.serve();
        let killed = killed.stderr(Stdio::null()).spawn().unwrap();
        let waiting = tokio::task::spawn_blocking(|| Process::of_if(waits));
        kill_after(killed, Duration::from_millis(20 + round * 23 % 200)).await;
        if let Err(said) = waiting.await.unwrap() {
            panic!("round {round}: {said}");
        }
    }
}
