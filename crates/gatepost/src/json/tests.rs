//! What is read, what is refused, and that nobody else would read it differently.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::*;

fn strict(text: &str) -> Result<Value, Refused> {
    read(text.as_bytes(), Bounds::default())
}

fn as_sent(text: &str) -> Result<Value, Refused> {
    let bounds = Bounds {
        long_numbers: LongNumbers::AsText,
        ..Bounds::default()
    };
    read(text.as_bytes(), bounds)
}

#[test]
fn what_everybody_reads_alike_is_read() {
    for good in [
        r#"{"a":1,"b":[{"a":2}],"c":{}}"#,
        " [ ] ",
        "\"x\"",
        "\t[true , false,\r\nnull]\n",
        r#"{"big":18446744073709551615,"small":-9223372036854775808}"#,
        r#"["\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t","é😀"]"#,
        "[0,-0,0.5,-1.25e-7,1E+2,123e2]",
        "{\"\":\"\"}",
    ] {
        let known: Value = serde_json::from_str(good).unwrap();
        assert_eq!(strict(good), Ok(known), "{good}");
    }
}

#[test]
fn what_readers_could_read_differently_is_refused() {
    for bad in [
        "",
        " ",
        "{",
        "[",
        "\"",
        "[1",
        "[1,",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{} {}",
        "{}x",
        "\u{feff}{}",
        "{/* */}",
        "[1 2]",
        "[01]",
        "[1.]",
        "[.5]",
        "[+1]",
        "[1e]",
        "[1e+]",
        "[-]",
        "[NaN]",
        "[Infinity]",
        "[0x1]",
        "tru",
        "nulll",
        "[\"\\x\"]",
        "[\"\\ud800\"]",
        "[\"\n\"]",
        "[\"\\\"]",
        "\"a\\",
    ] {
        assert_eq!(strict(bad), Err(Refused::NotJson), "{bad}");
    }
    assert_eq!(read(b"[\"\xff\"]", Bounds::default()), Err(Refused::NotJson));
    for twice in [r#"{"a":1,"a":2}"#, r#"{"a":{"b":1,"\u0062":2}}"#] {
        assert_eq!(strict(twice), Err(Refused::KeyTwice), "{twice}");
    }
}

#[test]
fn a_number_is_kept_to_its_last_digit_or_not_taken_as_one() {
    for long in [
        "12345678901234567890123",
        "0.12345678901234567891",
        "-9223372036854775809",
        "79228162514264337593543950335",
    ] {
        assert_eq!(as_sent(long), Ok(json!(long)));
        assert_eq!(strict(long), Err(Refused::LongNumber(long.into())));
    }
    // So many digits name one float, whoever wrote them.
    for (kept, float) in [
        ("0.10000000000000001", 0.1),
        ("1e2", 100.0),
        ("5e-324", 5e-324),
        ("1.50", 1.5),
    ] {
        assert_eq!(strict(kept), Ok(json!(float)), "{kept}");
    }
    for extreme in ["1e400", "-1e400", "1e-400", "1e99999999999999999999", &"9".repeat(65)] {
        assert_eq!(as_sent(extreme), Err(Refused::ExtremeNumber), "{extreme}");
    }
}

#[test]
fn what_is_too_deep_or_too_much_is_refused_before_anything_is_built() {
    let nested = |levels: usize| ["[".repeat(levels), "]".repeat(levels)].concat();
    assert!(strict(&nested(DEPTH_MAX)).is_ok());
    for levels in [DEPTH_MAX + 1, 10_000, 5_000_000] {
        assert_eq!(strict(&nested(levels)), Err(Refused::TooDeep(DEPTH_MAX)));
    }
    // Without an end, too: a reader that only looked at whole texts would never say so.
    assert_eq!(strict(&"[".repeat(100)), Err(Refused::TooDeep(DEPTH_MAX)));
    let list = |values: usize| format!("[{}1]", "1,".repeat(values - 2));
    assert!(strict(&list(VALUES_MAX - 1)).is_ok());
    assert_eq!(strict(&list(VALUES_MAX + 1)), Err(Refused::TooMany(VALUES_MAX)));
    let keys: Vec<String> = (0..1_000_000).map(|at| format!("\"{at}\":0")).collect();
    assert_eq!(
        strict(&format!("{{{}}}", keys.join(","))),
        Err(Refused::TooMany(VALUES_MAX))
    );
    // Brackets and commas in a text count for nothing.
    assert!(strict(&format!("[\"{}\\\"[\"]", "[,".repeat(100_000))).is_ok());
}

#[test]
fn a_text_weighs_at_least_what_is_built_of_it() {
    fn built(value: &Value) -> usize {
        1 + match value {
            Value::Array(list) => list.iter().map(built).sum(),
            Value::Object(members) => members.values().map(built).sum::<usize>(),
            _ => 0,
        }
    }
    for text in [
        r#"{"a":[1,2,{"b":[]}],"c":{"d":{}}}"#,
        "1",
        "[[],[],[]]",
        r#"["\",[",1]"#,
    ] {
        assert!(built(&strict(text).unwrap()) <= weigh(text.as_bytes()).values, "{text}");
    }
}

#[test]
fn a_body_in_another_charset_is_no_body() {
    let of = |text: &'static str| media_type(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(text))]));
    for good in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "application/json; odata.metadata=minimal; charset=utf8",
    ] {
        assert_eq!(of(good), Ok(MediaType("application/json".into())), "{good}");
    }
    for bad in [
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json; CHARSET = \"utf-7\"",
        "application/json; charset=utf-8; charset=utf-16le",
        "application/json; charset=",
    ] {
        assert_eq!(of(bad), Err(MediaProblem::Charset), "{bad}");
    }
    assert_eq!(media_type(&HeaderMap::new()), Ok(MediaType(String::new())));
}
