//! PostgreSQL shared by several gateways: which of its hosts writes, and what every session is told first.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnection, Postgres};
use sqlx::{ConnectOptions as _, Executor as _};
use tokio::time::{Instant, timeout};

use super::address::{self, AddressProblem, Host};
use super::pool::Pool;
use super::waits;

/// A connection that was in use a moment ago is not asked again: that would double the round trips of a busy gateway.
const FRESH: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(200);

/// What the server itself ends: a gateway that stopped breathing inside a transaction, a wait for somebody's lock, a
/// statement without end, a connection whose other side is gone. By `SET` after connecting, because poolers refuse such
/// settings in the first packet.
///
/// The first is the shortest, so that whoever waits for the lock of a frozen gateway still gets it.
const SESSION: &str = "SET idle_in_transaction_session_timeout = '3s'; SET lock_timeout = '5s'; SET statement_timeout = '7s'; \
     SET tcp_keepalives_idle = '15s'; SET tcp_keepalives_interval = '5s'; SET tcp_keepalives_count = 3; SET tcp_user_timeout = '20s';";

/// The name under which a serving gateway is seen by others, by which a restore notices it. PostgreSQL keeps 63 bytes of it.
pub(super) const SERVING: &str = "left('gatepost serve ' || COALESCE(current_schema(), ''), 63)";

/// What the sessions are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Writing,
    /// Commands that only look may look at a standby.
    Reading,
}

#[derive(Debug)]
struct Servers {
    hosts: Vec<Host>,
    schema: Option<String>,
    need: Need,
    /// The host that wrote last.
    at: AtomicUsize,
}

/// The pool for `url`, whose tables are in `schema`.
pub(super) fn pool(url: &str, schema: Option<&str>, need: Need) -> Result<Pool<Postgres>, AddressProblem> {
    let servers = Arc::new(Servers {
        hosts: address::hosts(url)?,
        schema: schema.map(str::to_owned),
        need,
        at: AtomicUsize::new(0),
    });
    let open = move |is_serving| -> BoxFuture<'static, _> {
        let servers = servers.clone();
        Box::pin(async move { servers.connect(is_serving).await })
    };
    Ok(Pool::new(Box::new(open), Some(FRESH)))
}

impl Servers {
    /// A connection to a host that writes; every host is asked again for a moment, because one may be starting or taking over.
    async fn connect(&self, is_serving: bool) -> sqlx::Result<PgConnection> {
        let begun = Instant::now();
        loop {
            let mut said = Vec::new();
            let first = self.at.load(Ordering::Relaxed);
            for step in 0..self.hosts.len() {
                let at = (first + step) % self.hosts.len();
                match self.connect_to(&self.hosts[at], is_serving).await {
                    Ok(connection) => {
                        self.at.store(at, Ordering::Relaxed);
                        return Ok(connection);
                    }
                    Err(error) if is_final(&error) => return Err(named(&self.hosts[at], &error)),
                    Err(error) => said.push(named(&self.hosts[at], &error).to_string()),
                }
            }
            if waits::CONNECT_AGAIN <= begun.elapsed() + PAUSE {
                return Err(sqlx::Error::Io(io::Error::other(said.join("; "))));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn connect_to(&self, host: &Host, is_serving: bool) -> sqlx::Result<PgConnection> {
        let options = host.options.clone().application_name("gatepost");
        let connecting = async {
            let mut connection = options.connect().await?;
            self.greet(&mut connection, is_serving).await?;
            Ok(connection)
        };
        timeout(waits::CONNECT, connecting)
            .await
            .unwrap_or_else(|_| Err(waits::late(format!("no answer within {} s", waits::CONNECT.as_secs()))))
    }

    /// Sets the session up, and refuses one that cannot write.
    async fn greet(&self, connection: &mut PgConnection, is_serving: bool) -> sqlx::Result<()> {
        let mut all = SESSION.to_owned();
        if let Some(schema) = &self.schema {
            all.push_str(&format!("SET search_path TO \"{}\";", schema.replace('"', "\"\"")));
        }
        if is_serving {
            all.push_str(&format!("SELECT set_config('application_name', {SERVING}, false);"));
        }
        connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(all))).await?;
        let read_only: String = sqlx::query_scalar("SHOW transaction_read_only")
            .persistent(false)
            .fetch_one(connection)
            .await?;
        if read_only == "on" && self.need == Need::Writing {
            return Err(sqlx::Error::Io(io::Error::other(
                "it is read-only: a standby, or writing is turned off",
            )));
        }
        Ok(())
    }
}

/// Whether asking again or elsewhere would not help: a wrong password, a database that is not there.
fn is_final(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(it) => matches!(
            it.code().as_deref().and_then(|it| it.get(..2)),
            Some("28" | "3D" | "42")
        ),
        sqlx::Error::Configuration(_) | sqlx::Error::Tls(_) => true,
        _ => false,
    }
}

/// The same with the host it is about.
fn named(host: &Host, error: &sqlx::Error) -> sqlx::Error {
    let cause = match error {
        sqlx::Error::Io(it) => it.to_string(),
        other => other.to_string(),
    };
    sqlx::Error::Io(io::Error::other(format!("{}: {cause}", host.name)))
}
