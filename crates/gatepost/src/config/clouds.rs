//! Clouds besides Microsoft's five: each is one whole entry of the operator's settings.

use catalogue::clouds::{self, Cloud, Clouds};
use url::{Host, Url};

use super::{Problem, Settings};

const LONGEST_NAME: usize = 32;

/// One entry, `[clouds.NAME]` in `gatepost.toml`. An integration names it and can change nothing of it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudEntry {
    /// What the integration form calls it; the entry's own name when empty.
    #[serde(default)]
    pub name: String,
    /// Where people sign in.
    pub login: String,
    /// What tokens are for.
    pub resource: String,
    /// Where the REST API answers.
    pub api: String,
    /// Where people use Power BI.
    pub portal: String,
    /// The id of the Power BI Service among the directory's applications; the public cloud's when empty.
    #[serde(default)]
    pub power_bi_app_id: String,
    /// Other hosts of the same API, which answers may name: `.` before them means any host below.
    #[serde(default)]
    pub api_hosts: Vec<String>,
}

impl Settings {
    /// Microsoft's clouds and those of the settings, or which entry cannot be used.
    ///
    /// Invariant: secrets and tokens go to these addresses, so they are https; only a gateway that is itself on this machine alone
    /// may send them to this machine.
    pub fn clouds(&self) -> Result<Clouds, Problem> {
        let here = Url::parse(&self.public_url).is_ok_and(|it| it.host().is_some_and(|host| is_here(&host)));
        let entries = self.clouds.iter().map(|(id, entry)| {
            let fail = |why: &str| Problem(format!("clouds.{id}: {why}"));
            check_id(id).map_err(fail)?;
            let cloud = cloud(id, entry).map_err(|why| fail(&why))?;
            if !here {
                check_reach(&cloud).map_err(|why| fail(&why))?;
            }
            Ok(cloud)
        });
        Ok(Clouds::with(entries.collect::<Result<Vec<_>, _>>()?))
    }
}

fn check_id(id: &str) -> Result<(), &'static str> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if id.is_empty() || LONGEST_NAME < id.len() || !id.bytes().all(plain) {
        return Err("expected a name of at most 32 lower-case letters, digits and hyphens");
    }
    match clouds::find(id) {
        Some(_) => Err("this is the name of one of Microsoft's own clouds; choose another"),
        None => Ok(()),
    }
}

fn cloud(id: &str, entry: &CloudEntry) -> Result<Cloud, String> {
    let mut cloud = Cloud::custom(&entry.login, &entry.resource, &entry.api, &entry.portal)?;
    for (name, address) in [("login", &cloud.login), ("api", &cloud.api)] {
        let url = Url::parse(address).map_err(|error| format!("{name} is `{address}`: {error}"))?;
        let plain = url.origin().ascii_serialization();
        if plain != *address {
            return Err(format!("{name} is `{address}`; write it in its plain form: {plain}"));
        }
    }
    let is_host = |it: &String| {
        let host = it.strip_prefix('.').unwrap_or(it);
        let is_plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        is_plain && host.contains('.') && matches!(Host::parse(host), Ok(Host::Domain(plain)) if plain == host)
    };
    if let Some(odd) = entry.api_hosts.iter().find(|it| !is_host(it)) {
        return Err(format!(
            "api_hosts holds `{odd}`; expected host names such as api.example.com, or .example.com for all below it"
        ));
    }
    id.clone_into(&mut cloud.id);
    cloud.name = if entry.name.is_empty() { id } else { &entry.name }.to_owned();
    if !entry.power_bi_app_id.is_empty() {
        cloud.power_bi_app_id.clone_from(&entry.power_bi_app_id);
    }
    cloud.api_hosts.clone_from(&entry.api_hosts);
    Ok(cloud)
}

fn check_reach(cloud: &Cloud) -> Result<(), String> {
    let addresses = [
        ("login", &cloud.login),
        ("resource", &cloud.resource),
        ("api", &cloud.api),
        ("portal", &cloud.portal),
    ];
    for (name, address) in addresses {
        let url = Url::parse(address).map_err(|error| format!("{name} is `{address}`: {error}"))?;
        if url.scheme() != "https" || url.host().is_none_or(|host| is_here(&host)) {
            return Err(format!(
                "{name} is `{address}`, which is on this machine; that is only for trying things out, while public_url is http://localhost too"
            ));
        }
    }
    Ok(())
}

/// Whether this host is the machine itself, in any spelling.
fn is_here(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(it) => it.is_loopback() || it.is_unspecified(),
        Host::Ipv6(it) => {
            let inner = it.to_ipv4().is_some_and(|it| it.is_loopback() || it.is_unspecified());
            it.is_loopback() || it.is_unspecified() || inner
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab() -> CloudEntry {
        CloudEntry {
            name: String::new(),
            login: "https://login.lab.example".into(),
            resource: "https://analysis.lab.example/powerbi/api".into(),
            api: "https://api.lab.example".into(),
            portal: "https://app.lab.example".into(),
            power_bi_app_id: String::new(),
            api_hosts: vec![".lab.example".into()],
        }
    }

    fn with(public_url: &str, id: &str, entry: CloudEntry) -> Result<Clouds, Problem> {
        let settings = Settings {
            public_url: public_url.into(),
            clouds: [(id.to_owned(), entry)].into(),
            ..Settings::default()
        };
        settings.clouds()
    }

    #[test]
    fn an_entry_is_a_cloud_beside_the_five() {
        let clouds = with("https://gatepost.example.com", "lab", lab()).unwrap();
        assert_eq!(clouds.iter().count(), 6);
        let found = clouds.find("lab").unwrap();
        assert_eq!(
            (found.name.as_str(), found.api.as_str()),
            ("lab", "https://api.lab.example")
        );
        assert!(clouds.find("custom").is_none());
    }

    #[test]
    fn an_entry_that_cannot_be_used_is_named_with_the_reason() {
        for id in ["", "Lab", "a b", "public", &"x".repeat(33)] {
            assert!(with("https://gatepost.example.com", id, lab()).is_err(), "{id}");
        }
        for odd in [
            "lab",
            "*.lab.example",
            "lab.example:443",
            "https://lab.example",
            "LAB.example",
            ".",
        ] {
            let entry = CloudEntry {
                api_hosts: vec![odd.into()],
                ..lab()
            };
            let problem = with("https://gatepost.example.com", "lab", entry)
                .unwrap_err()
                .to_string();
            assert!(problem.starts_with("clouds.lab: api_hosts"), "{problem}");
        }
        let entry = CloudEntry {
            api: "HTTPS://API.lab.example".into(),
            ..lab()
        };
        assert!(with("https://gatepost.example.com", "lab", entry).is_err());
    }

    #[test]
    fn this_machine_is_only_for_a_gateway_on_this_machine() {
        for here in [
            "http://localhost:8421",
            "http://127.0.0.1:8421",
            "http://[::1]:8421",
            "https://localhost",
            "https://localhost.",
            "https://x.localhost",
            "https://127.9.9.9",
            "https://0.0.0.0",
            "https://[::ffff:127.0.0.1]",
            "https://[::]",
        ] {
            for at in 0..4 {
                let mut entry = lab();
                *[&mut entry.login, &mut entry.resource, &mut entry.api, &mut entry.portal][at] = here.into();
                let problem = with("https://gatepost.example.com", "lab", entry.clone());
                assert!(problem.is_err(), "{here} at {at}");
                if here.starts_with("http://") {
                    assert!(with("http://localhost:8420", "lab", entry).is_ok(), "{here} at {at}");
                }
            }
        }
        let entry = CloudEntry {
            api: "http://api.lab.example".into(),
            ..lab()
        };
        assert!(
            with("http://localhost:8420", "lab", entry).is_err(),
            "https, wherever the gateway is"
        );
    }
}
