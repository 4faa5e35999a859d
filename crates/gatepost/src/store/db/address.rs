//! `database_url`: whom to ask for PostgreSQL, in libpq's form with several hosts.

use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

/// What a `database_url` may say after its `?`.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];

/// One server that may be the one that writes.
#[derive(Clone, Debug)]
pub(super) struct Host {
    /// `host:port`, for people.
    pub(super) name: String,
    pub(super) options: PgConnectOptions,
}

/// Why a `database_url` cannot be used. Never says what it holds: a password may stand anywhere in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "database_url {0}; expected postgres://user:password@host:5432/database, or several hosts as host1:5432,host2:5432"
)]
pub struct AddressProblem(String);

/// Reads the hosts of a `database_url`, in the order in which they are tried.
///
/// libpq: <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>.
pub(super) fn hosts(url: &str) -> Result<Vec<Host>, AddressProblem> {
    let problem = |text: &str| AddressProblem(text.to_owned());
    let (scheme, rest) = url.split_once("://").ok_or_else(|| problem("has no scheme"))?;
    if !matches!(scheme, "postgres" | "postgresql") {
        return Err(problem("does not begin with postgres://"));
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let (user, places) = match authority.rsplit_once('@') {
        Some((user, places)) => (format!("{user}@"), places),
        None => (String::new(), authority),
    };
    let query = parameters(query)?;
    places
        .split(',')
        .map(|place| {
            let one = format!("{scheme}://{user}{place}{path}{query}");
            let options = PgConnectOptions::from_str(&one).map_err(|_| problem("cannot be read"))?;
            let name = match options.get_socket() {
                Some(socket) => socket.display().to_string(),
                None => format!("{}:{}", options.get_host(), options.get_port()),
            };
            Ok(Host { name, options })
        })
        .collect()
}

/// The parameters that the driver reads, with their `?`. `target_session_attrs` may only ask for what is done anyway.
fn parameters(query: &str) -> Result<String, AddressProblem> {
    let mut kept = String::new();
    for pair in query.split('&').filter(|it| !it.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "target_session_attrs" if matches!(value, "read-write" | "primary" | "any") => continue,
            "target_session_attrs" => {
                return Err(AddressProblem(
                    "asks for a session that cannot write (target_session_attrs), and the gateway must write".into(),
                ));
            }
            "connect_timeout" | "keepalives" | "keepalives_idle" | "tcp_user_timeout" => {
                return Err(AddressProblem(format!(
                    "has the parameter {name}, which the gateway sets itself; leave it out"
                )));
            }
            "host" | "hostaddr" if value.contains(',') => {
                return Err(AddressProblem(
                    "has several hosts as a parameter; write them before the database".into(),
                ));
            }
            _ if PARAMETERS.contains(&name) || name.starts_with("options[") => {}
            // Not named: it could be a secret in the wrong place.
            _ => return Err(AddressProblem("has a parameter after `?` that is not known".into())),
        }
        kept.push(if kept.is_empty() { '?' } else { '&' });
        kept.push_str(pair);
    }
    Ok(kept)
}

/// Checks a `database_url` without connecting.
pub fn check_address(url: &str) -> Result<(), AddressProblem> {
    hosts(url).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(url: &str) -> Vec<String> {
        hosts(url).unwrap().into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn one_host_or_several_with_or_without_ports() {
        assert_eq!(names("postgres://u:p@db/gatepost"), ["db:5432"]);
        assert_eq!(
            names("postgresql://u:p%40x@db1:6432,db2/gatepost?target_session_attrs=read-write&sslmode=prefer"),
            ["db1:6432", "db2:5432"]
        );
        assert_eq!(names("postgres://u@127.0.0.1:1,[::1]:2"), ["127.0.0.1:1", "[::1]:2"]);
        assert_eq!(names("postgres://u@%2Frun%2Fpostgresql/db"), ["/run/postgresql"]);
    }

    #[test]
    fn a_problem_is_said_without_what_the_address_holds() {
        for (url, word) in [
            ("mysql://u:hush@h/db", "begin with"),
            ("u:hush@h", "scheme"),
            ("postgres://u:hush@h:port/db", "read"),
            ("postgres://u:hush@h/db?target_session_attrs=standby", "must write"),
            ("postgres://u@h/db?pasword=hush", "not known"),
            ("postgres://u:hush@h/db?connect_timeout=5", "connect_timeout"),
            ("postgres://u:hush@/db?host=a,b", "several hosts"),
            ("postgres://u:hush@h/db?sslmode=maybe", "read"),
        ] {
            let said = hosts(url).unwrap_err().to_string();
            assert!(said.contains(word) && !said.contains("hush"), "{url}: {said}");
        }
    }
}
