//! Tests of the framing of requests: one reading, however the bytes arrive.

use bytes::BytesMut;

use super::framing::{Framing, Step};

/// What hyper would see of `input` if it arrived in pieces of `size` bytes.
fn judged_in(input: &[u8], size: usize) -> Vec<u8> {
    let (mut framing, mut raw, mut judged) = (Framing::default(), BytesMut::new(), BytesMut::new());
    for piece in input.chunks(size) {
        raw.extend_from_slice(piece);
        while framing.step(&mut raw, &mut judged) == Step::Passed {}
    }
    judged.to_vec()
}

fn judged(input: &str) -> String {
    let whole = judged_in(input.as_bytes(), usize::MAX);
    for size in [1, 2, 3, 7] {
        assert_eq!(
            judged_in(input.as_bytes(), size),
            whole,
            "{input:?} in pieces of {size}"
        );
    }
    String::from_utf8(whole).unwrap()
}

#[test]
fn well_formed_requests_pass_unchanged() {
    let inputs = [
        "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: caf\u{e9}\ttab\r\n\r\n",
    ];
    for input in inputs {
        assert_eq!(judged(input), input);
    }
}

#[test]
fn an_empty_line_before_a_request_is_passed_over() {
    assert_eq!(
        judged("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    );
}

#[test]
fn http2_is_left_alone_after_its_preface() {
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0";
    assert_eq!(judged(preface), preface);
    assert_eq!(judged("PRI * HTTP/2.0\r\n\r\nXX"), "\0\r\n\r\n");
    assert_eq!(judged("PRI * HTT"), "", "it is not known yet");
}

#[test]
fn whatever_has_two_readings_is_replaced_and_nothing_after_it_is_read() {
    let smuggled = "GET /secret HTTP/1.1\r\nHost: x\r\n\r\n";
    let heads = [
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\x0bchunked\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\nHost: x\n\n",
        "GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: \0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        "GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: x\r\n\r\n",
        "GET /\r\n\r\n",
        "get / HTTP/1.1\r\nHost: x\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    for head in heads {
        assert_eq!(judged(&format!("{head}{smuggled}")), "\0\r\n\r\n", "{head:?}");
    }
    // A path with two readings becomes one that the filter answers with words, whatever the head was.
    for target in ["//y/", "/a#b", "/a/../b", "/%2e%2e/b", "/a%5cb"] {
        let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        let replaced = "GET // HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n";
        assert_eq!(judged(&format!("{head}{smuggled}")), replaced, "{target}");
    }
}

#[test]
fn odd_chunks_are_replaced() {
    let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cases = [
        ("3\r\nabcX", "3\r\nabc"),
        ("3;a=b\r\nabc\r\n", ""),
        ("3\nabc\r\n", ""),
        ("0x3\r\nabc\r\n", ""),
        ("+3\r\nabc\r\n", ""),
        ("\r\n", ""),
        ("-1\r\n", ""),
        ("ffffffffffffffffff\r\n", ""),
        ("0\r\nTrailer: x\r\n\r\n", "0\r\n"),
        ("0\r\nGET /secret HTTP/1.1\r\nHost: x\r\n\r\n", "0\r\n"),
    ];
    for (body, passed) in cases {
        assert_eq!(
            judged(&format!("{head}{body}")),
            format!("{head}{passed}\0\r\n\r\n"),
            "{body:?}"
        );
    }
}

#[test]
fn a_large_head_is_answered_as_such() {
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "a: b\r\n".repeat(200));
    let large = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(40_000));
    let endless = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(40_000));
    for input in [many, large, endless] {
        let seen = judged_in(input.as_bytes(), 4096);
        assert!(seen.starts_with(b"GET / HTTP/1.1\r\na:b\r\n") && seen.ends_with(b"\r\n\r\n"));
    }
}

proptest::proptest! {
    /// However bytes are cut into pieces, hyper sees the same, and never a byte that did not come.
    #[test]
    fn pieces_do_not_matter(input in "(GET|POST) /a HTTP/1.1\r\n(Host: x\r\n|Content-Length: [0-9]\r\n|Transfer-Encoding: chunked\r\n|[ -~\r\n]{0,9}){0,4}\r\n[0-9a-f\r\n ]{0,20}", size in 1_usize..9) {
        proptest::prop_assert_eq!(judged_in(input.as_bytes(), size), judged_in(input.as_bytes(), usize::MAX));
    }
}
