//! Every page of the portal as its administrator asks for it, and how long each takes: lists by every filter, order, search and
//! far page that their bars offer.

use std::collections::BTreeSet;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use crate::bench::browser::Browser;
use crate::soak::scale::bars;
use crate::soak::scale::entries;
use crate::soak::scale::house;
use crate::soak::scale::house::House;

/// A page that is timed, and the median of its times.
pub(super) struct Timed {
    /// The address below the gateway's own.
    pub(super) path: String,
    pub(super) time: Duration,
}

/// How often each is asked for, after once that does not count.
const TIMES: usize = 5;

/// Pages of the portal by the path of their route, with the addresses to ask for.
fn pages(house: &House) -> Vec<(&'static str, Vec<String>)> {
    let only = |path: &'static str| (path, vec![path.to_owned()]);
    let one = |path: &'static str, id: &str| (path, vec![path.replace("{id}", id)]);
    let client = house::id(house::CLIENTS, 17);
    vec![
        only("/"),
        only("/connections"),
        only("/agents"),
        only("/connect-an-agent"),
        only("/keys"),
        only("/approvals"),
        one("/approvals/{id}", &house::id(house::APPROVALS, 20_000)),
        ("/activity", activity()),
        ("/activity/trace/{trace}", traces()),
        only("/account"),
        only("/integrations"),
        only("/integrations/new"),
        one("/integrations/{id}", &house.integration),
        only("/policies"),
        (
            "/policies/new",
            vec!["/policies/new".into(), "/policies/new?as=cedar".into()],
        ),
        one("/policies/{id}", &house::id(house::POLICIES, 17)),
        only("/people"),
        one("/people/{id}", &house::id(house::PEOPLE, 17)),
        only("/clients"),
        ("/clients/one", vec![format!("/clients/one?id={client}")]),
        only("/groups"),
        one("/groups/{id}", &house::id(house::GROUPS, 17)),
        only("/settings"),
    ]
}

/// The first and a far request.
fn traces() -> Vec<String> {
    let path = |pair| format!("/activity/trace/{}", entries::trace(pair));
    vec![path(1), path(1_000)]
}

/// Activity by each of its fields and by several at once; its kinds are read off the page.
fn activity() -> Vec<String> {
    let person = format!("person={}", house::id(house::PEOPLE, 17));
    let rare = "kind=integration.";
    let days = "since=2020-01-01&until=2099-12-31";
    let trace = format!("trace={}", entries::trace(17));
    let asked = [
        "",
        "before=1000",
        "who=Person 00017",
        "who=Person",
        "who=nobody of this name",
        &person,
        &format!("{person}&before=1000"),
        &format!("{person}&kind=call.refused"),
        &format!("{person}&{rare}"),
        &format!("{person}&kind=call.&{days}"),
        &format!("{rare}&before=1000"),
        days,
        "since=2099-01-01",
        "until=2020-01-01",
        &trace,
        &format!("{trace}&{person}&kind=call."),
        "trace=nothing-has-this-one",
    ];
    asked
        .iter()
        .map(|it| format!("/activity?{}", it.replace(' ', "+")))
        .collect()
}

/// Asks for every page and gives the median time of each.
pub(super) fn time(browser: &mut Browser, gateway: &str, house: &House) -> Result<Vec<Timed>> {
    let mut times = Vec::new();
    for path in pages(house).into_iter().flat_map(|(_, paths)| paths) {
        let mut open: BTreeSet<String> = BTreeSet::from([path.clone()]);
        open.extend(bars::addresses(&body(browser, gateway, &path)?, &path));
        for path in open {
            let time = median(browser, gateway, &path)?;
            times.push(Timed { path, time });
        }
    }
    Ok(times)
}

fn median(browser: &mut Browser, gateway: &str, path: &str) -> Result<Duration> {
    body(browser, gateway, path)?;
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let began = Instant::now();
        body(browser, gateway, path)?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[TIMES / 2])
}

fn body(browser: &mut Browser, gateway: &str, path: &str) -> Result<String> {
    let url = format!("{gateway}{path}");
    let page = browser.open(&url, "nowhere:").with_context(|| path.to_owned())?;
    ensure!(page.url == url, "{path} leads to {}", page.url);
    Ok(page.html)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Pages that lead elsewhere, and downloads.
    const NOT_TIMED: [&str; 4] = [
        "/connections/connect/{integration}",
        "/activity/export/{format}",
        "/step-up",
        "/step-up/continue",
    ];

    #[test]
    fn every_page_of_the_portal_is_timed() {
        let routes = crate::root().join("crates/gatepost/src/portal/routes.rs");
        let routes = fs::read_to_string(routes).unwrap();
        let reads = routes.lines().filter_map(|line| {
            let (word, rest) = line.trim().split_once(" \"")?;
            matches!(word, "read" | "guarded_read").then(|| rest.split('"').next().unwrap_or_default().to_owned())
        });
        let house = House {
            environment: String::new(),
            integration: String::new(),
        };
        let timed = pages(&house);
        let known: BTreeSet<_> = timed.iter().map(|it| it.0).chain(NOT_TIMED).collect();
        let reads: BTreeSet<_> = reads.collect();
        assert_eq!(reads, known.into_iter().map(str::to_owned).collect());
    }
}
