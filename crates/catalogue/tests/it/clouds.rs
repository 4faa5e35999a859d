//! The clouds, and addresses of one's own.

use catalogue::clouds;
use catalogue::clouds::Cloud;

#[test]
fn five_clouds_are_known_and_each_passes_as_a_custom_one() {
    let ids: Vec<_> = clouds::all().iter().map(|cloud| cloud.id.as_str()).collect();
    assert_eq!(ids, ["public", "usgov", "usgovhigh", "usdod", "china"]);
    for cloud in clouds::all() {
        let custom = Cloud::custom(&cloud.login, &cloud.resource, &cloud.api, &cloud.portal).unwrap();
        assert_eq!((&custom.login, &custom.resource), (&cloud.login, &cloud.resource));
        assert_eq!((&custom.api, &custom.portal), (&cloud.api, &cloud.portal));
        assert_eq!(clouds::find(&cloud.id), Some(cloud));
    }
    assert_eq!(clouds::find("germany"), None);
}

#[test]
fn the_government_community_cloud_signs_in_where_the_public_one_does() {
    let (public, gcc) = (clouds::find("public").unwrap(), clouds::find("usgov").unwrap());
    assert_eq!(public.login, gcc.login);
    assert_ne!(public.power_bi_app_id, gcc.power_bi_app_id);
}

fn api(address: &str) -> Result<String, String> {
    let cloud = Cloud::custom(
        "https://login.test",
        "https://resource.test/powerbi/api",
        address,
        "https://portal.test",
    );
    cloud.map(|cloud| cloud.api)
}

#[test]
fn custom_addresses_are_https_or_on_this_machine() {
    for address in [
        "https://api.test",
        "https://api.test:8443",
        "http://localhost:8421",
        "http://127.0.0.1:8421",
        "http://[::1]:8421",
    ] {
        assert_eq!(api(address).as_deref(), Ok(address));
    }
    assert_eq!(api("https://api.test/").as_deref(), Ok("https://api.test"));
    for address in [
        "",
        "api.test",
        "http://api.test",
        "http://localhost.evil.test",
        "http://127.0.0.1.evil.test",
        "http://127.0.0.1@evil.test",
        "https://user:secret@api.test",
        "https://api.test?x=1",
        "https://api.test#x",
        "https://api.test/v1.0",
        "https://",
        "https://:443",
        "https://api.test:99999",
        "https://api.test:",
        "https://api.test:+80",
        "https://api test",
        "https://api.test\\evil",
        "ftp://api.test",
        "https://[::1",
        "https://ap%69.test",
        "https://grüße.test",
        "javascript://x",
    ] {
        assert!(api(address).is_err(), "{address:?} gives {:?}", api(address));
    }
}

#[test]
fn the_resource_may_have_a_path_and_the_sign_in_address_may_not() {
    let custom = |login: &str, resource: &str| Cloud::custom(login, resource, "https://a.test", "https://p.test");
    assert!(custom("https://login.test", "https://r.test/powerbi/api").is_ok());
    assert_eq!(
        custom("https://login.test/tenant", "https://r.test").unwrap_err(),
        "sign-in address: expected no path"
    );
    assert!(custom("https://login.test", "https://r.test/../api").is_err());
}
