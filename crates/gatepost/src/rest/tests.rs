//! Tests of the pure parts of the REST face.

use super::download::disposition;
use super::error::words;
use super::split;

#[test]
fn the_raw_path_is_split_and_never_decoded() {
    assert_eq!(
        split("/powerbi/v1.0/myorg/groups", "/powerbi"),
        Some((None, "/v1.0/myorg/groups"))
    );
    assert_eq!(
        split("/e/dev/powerbi/v1.0/x%2Fy", "/powerbi"),
        Some((Some("dev"), "/v1.0/x%2Fy"))
    );
    assert_eq!(split("/powerbi//v1.0", "/powerbi"), Some((None, "//v1.0")));
    assert_eq!(split("/powerbix/v1.0", "/powerbi"), None);
    assert_eq!(split("/e/dev/mcp", "/powerbi"), None);
    assert_eq!(split("/e/dev/powerbi", "/powerbi"), None);
    assert_eq!(split("/e/a/b/powerbi/v1.0", "/powerbi"), None);
}

#[test]
fn words_in_headers_cannot_end_the_header() {
    assert_eq!(words("a\r\nSet-Cookie: x=1"), "a??Set-Cookie: x=1");
    assert_eq!(words(&"ü".repeat(1000)).len(), 500);
}

#[test]
fn a_file_name_of_any_letters_becomes_a_safe_header() {
    assert_eq!(
        disposition("Kunden \"Aufträge\".pdf"),
        "attachment; filename=\"Kunden _Auftr_ge_.pdf\"; filename*=UTF-8''Kunden%20%22Auftr%C3%A4ge%22.pdf"
    );
    assert_eq!(
        disposition("a\r\nb"),
        "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"
    );
}
