//! Secrets inside texts: in addresses, in connection strings, and in JSON that is a text.

use catalogue::hide_in_text;
use catalogue::hide_inside;
use serde_json::json;

/// Texts as they are sent, and as they are kept.
const TABLE: &[(&str, &str)] = &[
    // Who signs in at an address.
    ("https://ada:s3cret@host.example/x", "https://***@host.example/x"),
    ("https://ghp_s3cret@host.example", "https://***@host.example"),
    (
        "HTTPS://ada:s3%40cret@host.example:8443/?a=1",
        "HTTPS://***@host.example:8443/?a=1",
    ),
    ("https://ada:s3@cret@host.example/x@y", "https://***@host.example/x@y"),
    ("https://ada:s3/cr#et@host.example", "https://***@host.example"),
    ("https://ada:s3 'cret@host.example/x", "https://***@host.example/x"),
    ("//ada:s3cret@host.example/share", "//***@host.example/share"),
    (
        "postgres://ada:s3cret@db.example/sales?sslmode=require",
        "postgres://***@db.example/sales?sslmode=require",
    ),
    (
        "see http://a:s3cret@one.example and http://b:s3cret@two.example",
        "see http://***@one.example and http://***@two.example",
    ),
    ("abfss://files:s3cret@lake.example/x", "abfss://***@lake.example/x"),
    // Signatures and keys in its query.
    (
        "https://h.example/f?sv=2024&sig=s3cret%2Bx%3D&se=1",
        "https://h.example/f?sv=2024&sig=***&se=1",
    ),
    ("https://h.example/api?code=s3cret==", "https://h.example/api?code=***"),
    (
        "https://h.example/api?KEY=s3cret&b=2",
        "https://h.example/api?KEY=***&b=2",
    ),
    ("https://h.example/api?token=s3cret", "https://h.example/api?token=***"),
    (
        "https://h.example/api?a=1&password=s3;cret",
        "https://h.example/api?a=1&password=***",
    ),
    (
        "https://h.example/api?api-key=s3cret&x-functions-key=s3cret",
        "https://h.example/api?api-key=***&x-functions-key=***",
    ),
    ("https://h.example/api?%73ig=s3cret", "https://h.example/api?%73ig=***"),
    (
        "https://h.example/api?X-Amz-Signature=s3cret&x=1",
        "https://h.example/api?X-Amz-Signature=***&x=1",
    ),
    (
        "https://h.example/cb#access_token=s3cret&state=1",
        "https://h.example/cb#access_token=***&state=1",
    ),
    (
        "https://h.example/api?sig=s3 cret&x=1",
        "https://h.example/api?sig=***&x=1",
    ),
    ("sv=2024&sig=s3cret", "sv=2024&sig=***"),
    ("sig=s3cret", "sig=***"),
    // An address inside an address.
    (
        "https://h.example/go?to=https%3A%2F%2Fada%3As3cret%40i.example%2F%3Fsig%3Ds3cret&x=1",
        "https://h.example/go?to=https%3A%2F%2F***%40i.example%2F%3Fsig%3D***&x=1",
    ),
    // Connection strings.
    (
        "Server=db;Database=x;User Id=ada;Password=s3cret;Encrypt=true",
        "Server=db;Database=x;User Id=ada;Password=***;Encrypt=true",
    ),
    (
        "Data Source=db; PWD = {s3;cr}}et}; X=1",
        "Data Source=db; PWD =***; X=1",
    ),
    ("Password=\"s3;cr\"\"et\";Server=db", "Password=***;Server=db"),
    (
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=s3cret==;EndpointSuffix=core.windows.net",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=***;EndpointSuffix=core.windows.net",
    ),
    (
        "Endpoint=sb://h/;SharedAccessKeyName=n;SharedAccessKey=s3cret",
        "Endpoint=sb://h/;SharedAccessKeyName=n;SharedAccessKey=***",
    ),
    ("Server=db;Access Token=s3cret", "Server=db;Access Token=***"),
    (
        "jdbc:sqlserver://db.example;user=ada;password=s3cret",
        "jdbc:sqlserver://db.example;user=ada;password=***",
    ),
    (
        "host=db user=ada password=s3cret dbname=x",
        "host=db user=ada password=*** dbname=x",
    ),
    // JSON as a text.
    (
        r#"{"password":"s3cret","pin":1,"url":"https://ada:s3cret@h.example/?sig=s3cret"}"#,
        r#"{"password":"***","pin":1,"url":"https://***@h.example/?sig=***"}"#,
    ),
    (
        r#"{"url":"https:\/\/ada:s3cret@h.example"}"#,
        r#"{"url":"https://***@h.example"}"#,
    ),
    (r#""{\"password\":\"s3cret\"}""#, r#""{\"password\":\"***\"}""#),
    (r#"{"a":1} {"password": "s3cret"}"#, r#"{"a":1} {"password": "***"}"#),
    (
        r#"say {\"password\":\"s3cret\",\"a\":1}"#,
        r#"say {\"password\":\"***\",\"a\":1}"#,
    ),
    ("{'password': 's3cret', 'a': 1}", "{'password': '***', 'a': 1}"),
    // M, as dataflows hold it.
    (
        r#"Web.Contents("https://h.example/?code=s3cret", [Query=[sig="s3cret"]])"#,
        r#"Web.Contents("https://h.example/?code=***", [Query=[sig=***]])"#,
    ),
];

/// Texts that hold no secret, whatever they look like.
const PLAIN: &[&str] = &[
    "https://h.example:8443/a/b?x=1&y=2#z",
    "https://[::1]:8421/x",
    "ada@example.com",
    "https://h.example/mail/ada@example.com",
    "abfss://files@lake.dfs.core.windows.net/x",
    "Server=db;Database=keys;Integrated Security=true",
    "EVALUATE FILTER(Sales, Sales[Password] = \"x\" && Sales[Code]=\"a\")",
    "EVALUATE password",
    "DEFINE VAR token = 1 EVALUATE ROW(\"a\", token)",
    "principal.token == \"x\"",
    "Authentication=ActiveDirectoryPassword;Server=db",
    "https://h.example/list?continuationToken=abc&partition_key=3",
    "the key=value form",
    "password: as you like",
    "{\"url\":\"https://h.example\",\"tokenType\":\"Bearer\"}",
    "100% = all; 50%=half",
    "https://",
    "=",
    "//@",
    "?sig=",
    "É=ü;ß//é",
];

#[test]
fn secrets_inside_texts_are_hidden_and_the_rest_stays() {
    for (sent, kept) in TABLE {
        assert_eq!(hide_in_text(sent).as_deref(), Some(*kept), "{sent}");
        assert_eq!(hide_in_text(kept), None, "hidden twice: {kept}");
    }
    let all = json!({ "deep": [{ "url": TABLE[0].0 }, 7, null], TABLE[1].0: true });
    assert_eq!(
        hide_inside(&all),
        json!({ "deep": [{ "url": TABLE[0].1 }, 7, null], TABLE[1].1: true })
    );
}

#[test]
fn a_text_without_secrets_stays_as_it_is() {
    for text in PLAIN {
        assert_eq!(hide_in_text(text), None, "{text}");
    }
}

/// What is sent to make the search slow is searched in time that grows with its length alone.
#[test]
fn a_long_text_is_searched_in_one_go() {
    let before = std::time::Instant::now();
    for part in [
        "?sig=",
        "//a:b",
        "=",
        "\"token\":",
        "a",
        "%",
        "%3D",
        "&key=\"",
        ";pwd={",
        "é",
        "//",
        "\\\"",
        "x ",
    ] {
        let long = part.repeat(100_000 / part.len());
        for text in [long.clone(), format!("{long}@"), format!("x\"{long}=1")] {
            let _ = hide_in_text(&text);
        }
    }
    assert!(before.elapsed().as_secs() < 10, "{:?}", before.elapsed());
}
