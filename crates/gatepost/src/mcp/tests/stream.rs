//! Tests of answers that take long.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::response::IntoResponse as _;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header::ACCEPT;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::sync::watch;

use crate::mcp::stream;
use crate::mcp::stream::Ended;
use crate::mcp::stream::Feed;
use crate::mcp::stream::Told;
use crate::mcp::stream::Work;
use crate::tools::Step;

fn after(seconds: u64) -> Work {
    Box::pin(async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ended {
            answer: (StatusCode::IM_A_TEAPOT, "whole").into_response(),
            last_event: Bytes::from_static(b"{\"last\":1}"),
        }
    })
}

async fn text(answer: Response) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_quick_answer_is_no_stream() {
    let answer = stream::answer(after(1), None, true).await;
    assert_eq!(
        (answer.status(), text(answer).await.as_str()),
        (StatusCode::IM_A_TEAPOT, "whole")
    );
}

#[tokio::test(start_paused = true)]
async fn a_sender_who_does_not_read_streams_gets_none() {
    let answer = stream::answer(after(100), None, false).await;
    assert_eq!(
        (answer.status(), text(answer).await.as_str()),
        (StatusCode::IM_A_TEAPOT, "whole")
    );
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_is_a_stream_with_signs_of_life_that_ends_with_the_response() {
    let answer = stream::answer(after(40), None, true).await;
    assert_eq!(
        (answer.status(), &answer.headers()[CONTENT_TYPE]),
        (StatusCode::OK, &HeaderValue::from_static("text/event-stream"))
    );
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    assert_eq!(
        text(answer).await,
        ": still working\n\n: still working\n\nevent: message\ndata: {\"last\":1}\n\n"
    );
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_to_the_token_and_only_when_it_grows() {
    let (sender, steps) = watch::channel(None);
    let step = |done: f64, total| {
        Some(Step {
            done,
            total,
            message: "reading".to_owned(),
        })
    };
    let work: Work = Box::pin(async move {
        for (wait_s, step) in [
            (0, step(1.0, None)),
            (3, step(1.0, None)),
            (1, step(2.5, Some(4.0))),
            (1, step(2.0, None)),
        ] {
            tokio::time::sleep(Duration::from_secs(wait_s)).await;
            sender.send_replace(step);
        }
        after(2).await
    });
    let told = Told::Progress { token: json!(0), steps };
    let answer = text(stream::answer(work, Some(told), true).await).await;
    insta::assert_snapshot!(answer, @r#"
    event: message
    data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":0,"progress":1,"message":"reading"}}

    event: message
    data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":0,"progress":2.5,"message":"reading","total":4}}

    event: message
    data: {"last":1}
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_sender_who_goes_away_cancels_the_work() {
    let is_dropped = Arc::new(AtomicBool::new(false));
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let flag = Flag(is_dropped.clone());
    let work: Work = Box::pin(async move {
        let _flag = flag;
        after(1000).await
    });
    let answer = stream::answer(work, None, true).await;
    assert!(!is_dropped.load(Ordering::SeqCst));
    drop(answer);
    assert!(is_dropped.load(Ordering::SeqCst));
}

#[test]
fn only_a_sender_who_says_so_reads_streams() {
    let accepts = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT, HeaderValue::from_static(value));
        }
        stream::is_accepted(&headers)
    };
    assert!(
        accepts(&["application/json, text/event-stream"]) && accepts(&["application/json", "Text/Event-Stream; q=0.5"])
    );
    assert!(!accepts(&[]) && !accepts(&["*/*"]) && !accepts(&["application/json"]));
}

#[tokio::test(start_paused = true)]
async fn notes_are_sent_at_once_and_none_is_lost() {
    let (feed, told) = Feed::new(None, true);
    let work: Work = Box::pin(async move {
        feed.note("notifications/message", &json!({ "data": 1 }));
        tokio::time::sleep(Duration::from_millis(50)).await;
        feed.note("notifications/message", &json!({ "data": 2 }));
        feed.note("notifications/message", &json!({ "data": 3 }));
        after(0).await
    });
    let answer = text(stream::answer(work, told, true).await).await;
    insta::assert_snapshot!(answer, @r#"
    event: message
    data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":1}}

    event: message
    data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":2}}

    event: message
    data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":3}}

    event: message
    data: {"last":1}
    "#);
}
