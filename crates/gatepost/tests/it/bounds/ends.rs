//! What runs ends within a second once the access under which it began is taken back, at every face and in every way.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use gatepost::admin;
use gatepost::caller::{Caller, Role};
use gatepost::policy::{Action, Form, Source};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use reqwest::Method;
use serde_json::json;
use tokio::time::timeout;

use super::EXECUTE;
use crate::rest::problem;
use crate::rest::upstream::{Answer, Upstream, text};
use crate::waiting::{eventually, until};
use crate::world::{BO, World};

const EXPORT: &str = "/powerbi/v1.0/myorg/reports/5a4db0c5-0012-4000-8000-000000000001/Export";
const IMPORT: &str = "/powerbi/v1.0/myorg/imports?datasetDisplayName=large.pbix";
const PIECE: usize = 64 * 1024;
/// Nothing here ends by itself before.
const LONG: Duration = Duration::from_secs(60);
/// A second, and what a busy machine adds.
const SOON: Duration = Duration::from_secs(20);

/// Pieces that come one by one for as long as anybody takes them.
fn dripping() -> impl futures_util::Stream<Item = Bytes> + Send {
    stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Bytes::from(vec![b'x'; PIECE]), ()))
    })
}

/// A file without an end, a query that takes long, an import that takes all that comes.
async fn endless(request: Request<Incoming>) -> Answer {
    match request.uri().path() {
        path if path.ends_with("/Export") => {
            let body = StreamBody::new(Box::pin(dripping().map(|it| Ok(Frame::data(it)))));
            Response::new(body.boxed_unsync())
        }
        path if path.ends_with("/imports") => {
            let mut body = request.into_body();
            while let Some(Ok(_)) = body.frame().await {}
            text(202, &[("content-type", "application/json")], "{\"id\":\"i-1\"}")
        }
        path if path.ends_with("/executeQueries") => {
            tokio::time::sleep(LONG).await;
            text(200, &[("content-type", "application/json")], "{\"results\":[]}")
        }
        _ => text(200, &[("content-type", "application/json")], "{\"value\":[]}"),
    }
}

/// Takes the access of `key` back in one of the ways there are.
async fn take_back(world: &World, how: &str) {
    let (app, owner) = (&world.app, world.owner_caller());
    let wanted = crate::listed::first();
    let keys = gatepost::store::api_keys::page(&app.db, &world.environment, None, &wanted);
    let key = keys.await.unwrap().rows.remove(0).key;
    let person = key.person_id.clone().unwrap();
    match how {
        "the key is revoked" => admin::revoke_key(app, &owner, &key.id).await.unwrap(),
        "the person is locked" => admin::save_locked(app, &owner, &person, true).await.unwrap(),
        "the account is disconnected" => {
            let caller = Caller {
                person: person.clone(),
                role: Role::Person,
                ..owner
            };
            let all = gatepost::store::connections::of_person(&app.db, &person).await.unwrap();
            gatepost::connections::disconnect(app, &caller, &all[0].id)
                .await
                .unwrap();
        }
        _ => {
            let form = Form::about("Nothing any more", Action::Deny, &[]);
            let input = admin::PolicyInput {
                name: "Nothing any more".into(),
                enabled: true,
                source: Source::Form(form),
            };
            admin::create_policy(app, &owner, input).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_queries_and_uploads_end_when_the_access_under_which_they_began_is_taken_back() {
    for how in [
        "the key is revoked",
        "the person is locked",
        "the account is disconnected",
        "everything is denied",
    ] {
        let upstream = Upstream::start(endless).await;
        let (world, key) = upstream.world(BO).await;
        crate::every_operation::allow_everything(&world).await;
        let mut download = world.ask(Method::GET, &key, EXPORT).send().await.unwrap();
        assert_eq!(download.status(), 200);
        assert!(download.chunk().await.unwrap().is_some(), "the download is under way");
        let body = json!({ "queries": [{ "query": "EVALUATE {1}" }] });
        let query = tokio::spawn(world.ask(Method::POST, &key, EXECUTE).json(&body).send());
        let pieces = dripping().map(Ok::<_, std::io::Error>);
        let upload = world
            .ask(Method::POST, &key, IMPORT)
            .header("content-type", "multipart/form-data; boundary=gate")
            .body(reqwest::Body::wrap_stream(Box::pin(pieces)));
        let upload = tokio::spawn(upload.send());
        until("all three reach Power BI", async || 3 <= upstream.seen().len()).await;

        take_back(&world, how).await;
        let at = Instant::now();
        let (downloaded, query, upload) = timeout(LONG, async {
            let downloaded = async {
                loop {
                    match download.chunk().await {
                        Ok(Some(_)) => {}
                        other => return other,
                    }
                }
            };
            tokio::join!(downloaded, query, upload)
        })
        .await
        .expect("everything ends");
        let took = at.elapsed();
        assert!(took < SOON, "{how}: it took {took:?}");
        assert!(downloaded.is_err(), "{how}: a part is not taken for the whole");
        let found = problem(query.unwrap().unwrap()).await;
        assert_eq!(
            (found.0, found.1.as_str()),
            (401, "access_taken_back"),
            "{how}: {}",
            found.2
        );
        // Whoever still sends may only see the connection close.
        if let Ok(answer) = upload.unwrap() {
            assert_eq!(problem(answer).await.1, "access_taken_back", "{how}");
        }
        let streamed = eventually("the end of the stream is on record", async || {
            world.entries_of("call.streamed").await.pop()
        })
        .await;
        assert_eq!(streamed["details"]["whole"], false, "{how}");
    }
}

/// Whoever waits in the line of their own calls is not forgotten there.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_wait_in_line_end_when_the_key_is_revoked() {
    let upstream = Upstream::start(endless).await;
    let (world, key) = upstream.world(BO).await;
    let body = json!({ "queries": [{ "query": "EVALUATE {1}" }] });
    let calls: Vec<_> = (0..80)
        .map(|_| tokio::spawn(world.ask(Method::POST, &key, EXECUTE).json(&body).send()))
        .collect();
    until("all places are taken", async || 64 <= upstream.seen().len()).await;
    take_back(&world, "the key is revoked").await;
    let at = Instant::now();
    for call in calls {
        assert_eq!(problem(call.await.unwrap().unwrap()).await.0, 401);
    }
    assert!(at.elapsed() < SOON, "it took {:?}", at.elapsed());
    assert_eq!(upstream.seen().len(), 64, "nothing more was sent");
}
