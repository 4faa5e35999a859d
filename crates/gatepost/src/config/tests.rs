//! Settings are read, refused with a reason, and all described.

use super::{Settings, check_public_url, described, example_file};

#[test]
fn every_setting_is_described_with_its_default() {
    let defaults = toml::Value::try_from(Settings::default()).unwrap();
    let mut fields: Vec<&str> = defaults
        .as_table()
        .unwrap()
        .keys()
        .map(String::as_str)
        .chain(["vault_keys"])
        .collect();
    let mut names: Vec<&str> = described().iter().map(|it| it.name).collect();
    fields.sort_unstable();
    names.sort_unstable();
    assert_eq!(fields, names);
}

#[test]
fn the_example_file_can_be_read_with_every_line_switched_on() {
    let text: String = example_file()
        .lines()
        .filter(|line| !line.contains("(none)"))
        .map(|line| {
            format!(
                "{}\n",
                line.strip_prefix("# ").filter(|it| it.contains(" = ")).unwrap_or("")
            )
        })
        .collect();
    let read: Settings = toml::from_str(&text).unwrap();
    assert_eq!(
        toml::to_string(&read).unwrap(),
        toml::to_string(&Settings::default()).unwrap()
    );
}

#[test]
fn a_public_url_that_microsoft_would_refuse_is_refused_with_the_reason() {
    for good in [
        "https://gatepost.example.com",
        "https://gatepost.example.com:8443",
        "http://localhost:8420",
        "http://localhost",
    ] {
        assert_eq!(check_public_url(good), Ok(()));
    }
    for (bad, why) in [
        ("http://gatepost.example.com", "https only"),
        ("http://127.0.0.1:8420", "IP address"),
        ("https://10.0.0.1", "IP address"),
        ("https://gatepost.example.com/", "slash at the end"),
        ("https://gatepost.example.com/x", "without a path"),
        ("https://a:b@gatepost.example.com", "scheme, host and port only"),
        ("HTTPS://Gatepost.example.com", "plain form"),
        ("gatepost.example.com", "expected an address"),
        ("ftp://x.example", "begins with https"),
    ] {
        let text = check_public_url(bad).unwrap_err().to_string();
        assert!(text.contains(why), "{bad}: {text}");
    }
}

#[test]
fn a_bad_setting_is_named_with_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gatepost.toml");
    for (text, why) in [
        ("listen = \"8420\"", "expected an address and a port"),
        ("session_hours = 0", "session_hours is 0; expected 1 to 2160"),
        ("sesion_hours = 1", "sesion_hours"),
        ("database_url = \"mysql://x\"", "postgres://"),
        ("keep_alive_days = \"x\"", "keep_alive_days"),
    ] {
        std::fs::write(&file, text).unwrap();
        let problem = Settings::read(Some(&file), &[]).unwrap_err().to_string();
        assert!(problem.contains(why), "{text}: {problem}");
    }
    assert!(
        Settings::read(Some(&folder.path().join("none.toml")), &[])
            .unwrap_err()
            .to_string()
            .contains("there is no configuration file")
    );
}

#[test]
fn a_trusted_proxy_is_an_address_or_a_network() {
    let with = |it: &str| Settings {
        trusted_proxies: vec![it.into()],
        ..Settings::default()
    };
    for (written, network) in [
        ("10.0.0.7", "10.0.0.7/32"),
        ("192.168.0.0/16", "192.168.0.0/16"),
        ("fd00::/8", "fd00::/8"),
        ("::ffff:10.0.0.7", "10.0.0.7/32"),
    ] {
        assert_eq!(with(written).check(), Ok(()));
        assert_eq!(with(written).proxies()[0].to_string(), network);
    }
    for odd in ["", "proxy.example", "10.0.0.0/33", "10.0.0.0/8,10.1.0.0/16"] {
        let problem = with(odd).check().unwrap_err().to_string();
        assert!(problem.contains("expected an address or a network"), "{problem}");
    }
}
