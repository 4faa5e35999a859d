//! Several writers, a lost answer of the database, and checks while gateways write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gatepost::audit::Audit;
use gatepost::clock::Clock;
use gatepost::store::{Db, audit};

use super::log::{Log, entry};

/// AUD-06 (half)
#[tokio::test(flavor = "multi_thread")]
async fn several_writers_make_one_chain_without_gap_or_fork() {
    let log = Log::of(1).await;
    let writers: Vec<Audit> = (0..4)
        .map(|_| {
            Audit::start(
                log.db.clone(),
                Clock::real(),
                log.signer.clone(),
                Some(log.outside.clone()),
            )
        })
        .collect();
    let mut tasks = Vec::new();
    for writer in &writers {
        for task in 0..25 {
            let writer = writer.clone();
            tasks.push(tokio::spawn(async move {
                let mut seqs = Vec::new();
                for at in 0..10 {
                    seqs.push(writer.append(entry(task * 100 + at)).await.unwrap());
                }
                seqs
            }));
        }
    }
    let mut seqs: Vec<i64> = Vec::new();
    for task in tasks {
        seqs.extend(task.await.unwrap());
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (2..=1001).collect::<Vec<i64>>());
    let report = log.verify().await;
    assert_eq!((report.entries, report.faults), (1001, vec![]));
}

/// Gateways write while the log is checked: what comes meanwhile is not taken for tampering.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_while_gateways_write_never_says_tampered() {
    let log = Arc::new(Log::of(1).await);
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..2)
        .map(|_| {
            let audit = Audit::start(
                log.db.clone(),
                Clock::real(),
                log.signer.clone(),
                Some(log.outside.clone()),
            );
            let done = done.clone();
            tokio::spawn(async move {
                let mut written = 0;
                while !done.load(Ordering::Relaxed) {
                    audit.append(entry(written)).await.unwrap();
                    written += 1;
                }
                written
            })
        })
        .collect();
    let mut last = 0;
    for _ in 0..30 {
        let report = log.verify().await;
        assert_eq!(report.faults, vec![]);
        assert!(last <= report.entries);
        last = report.entries;
    }
    done.store(true, Ordering::Relaxed);
    for writer in writers {
        assert!(0 < writer.await.unwrap());
    }
}

/// A way to the PostgreSQL server on which, once armed, the answer to the next commit is lost with its connection.
async fn lossy_way(server: &str, armed: Arc<AtomicBool>) -> String {
    let mut way = url::Url::parse(server).unwrap();
    let behind = format!("{}:{}", way.host_str().unwrap(), way.port().unwrap_or(5432));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    way.set_host(Some("127.0.0.1")).unwrap();
    way.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = tokio::net::TcpStream::connect(&behind).await.unwrap();
            tokio::spawn(pass(client, server, armed.clone()));
        }
    });
    way.to_string()
}

async fn pass(mut client: tokio::net::TcpStream, mut server: tokio::net::TcpStream, armed: Arc<AtomicBool>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (mut asked, mut told) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Some(bytes) = read.ok().filter(|it| 0 < *it).map(|it| asked[..it].to_vec()) else { return };
                let is_commit = bytes.windows(6).any(|it| it == b"COMMIT");
                if server.write_all(&bytes).await.is_err() {
                    return;
                }
                if is_commit && armed.swap(false, Ordering::SeqCst) {
                    // It is done by the time the server answers.
                    let _ = server.read(&mut told).await;
                    return;
                }
            }
            read = server.read(&mut told) => {
                let Some(length) = read.ok().filter(|it| 0 < *it) else { return };
                if client.write_all(&told[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// AUD-11: an entry whose commit was done, and whose answer was lost, is looked for before it would be written again.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the test command names the database here")]
async fn a_commit_whose_answer_is_lost_leaves_one_entry() {
    let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
        return;
    };
    let armed = Arc::new(AtomicBool::new(false));
    let schema = crate::world::fresh_schema(&server).await;
    let way = lossy_way(&server, armed.clone()).await;
    let db = Db::postgres(&way, Some(&schema)).await.unwrap();
    gatepost::store::migrate::run(&db).await.unwrap();
    let signer = Arc::new(gatepost::audit::Signer::new(&[7; 32]));
    let audit = Audit::start(db.clone(), Clock::real(), signer.clone(), None);
    assert_eq!(audit.append(entry(0)).await.unwrap(), 1);
    armed.store(true, Ordering::SeqCst);
    assert_eq!(audit.append(entry(1)).await.unwrap(), 2);
    assert!(!armed.load(Ordering::SeqCst), "the answer was lost");
    assert_eq!(audit.append(entry(2)).await.unwrap(), 3);
    let traces: Vec<String> = audit::after(&db, 0, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|it| it.trace)
        .collect();
    assert_eq!(traces, ["t0", "t1", "t2"]);
    let report = gatepost::audit::verify(&db, &signer.public_key(), None).await.unwrap();
    assert_eq!(report.faults, vec![]);
}

/// AUD-07, AUD-11: whatever an entry holds, it is one entry, and its neighbours are there once.
#[tokio::test]
async fn an_odd_entry_is_stored_once_and_so_are_its_neighbours() {
    let log = Log::of(1).await;
    let odd = [
        "line\nbreak\r\n2026-11-30 INFO forged",
        "\u{1b}[2J\u{1b}[31mred",
        "\"},{\"kind\":\"forged\"}",
        "\u{202e}gpj.exe\u{2066}",
        "nul\u{0}nul",
        "'; DROP TABLE audit_entries; --",
        "=HYPERLINK(\"http://x\")",
    ];
    let all = odd.iter().enumerate().map(|(at, text)| {
        let mut it = entry(at);
        it.details = serde_json::json!({ "text": text, (*text): text.repeat(1000) });
        if text.starts_with('=') {
            it.trace = (*text).to_owned();
        }
        log.audit.append(it)
    });
    for stored in futures_util::future::join_all(all).await {
        stored.unwrap();
    }
    log.audit.flush().await;
    let rows = audit::after(&log.db, 1, 100).await.unwrap();
    assert_eq!(rows.len(), odd.len());
    for row in &rows {
        let line = gatepost::audit::json_line(row);
        assert_eq!(line.matches('\n').count(), 1, "one line of JSON each");
        assert!(!line.trim_end().chars().any(char::is_control));
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(std::io::Cursor::new(gatepost::audit::csv_line(row)));
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!((records.len(), records[0].len()), (1, 8), "one record each");
        let is_run = |it: &str| it.starts_with(['=', '+', '-', '@']);
        assert!(!records[0].iter().any(is_run), "a spreadsheet runs none: {records:?}");
    }
    assert_eq!(log.verify().await.faults, vec![]);
}

/// The head is signed with each batch and written out within a second, and at once when the gateway stops.
#[tokio::test]
async fn the_newest_head_is_outside_the_database_within_a_second_and_at_stop() {
    let log = Log::of(3).await;
    let newest = |log: &Log| {
        let text = std::fs::read_to_string(log.folder.path().join("checkpoints.head")).unwrap();
        text.split(' ').next().unwrap().parse::<i64>().unwrap()
    };
    assert_eq!(newest(&log), 3, "at stop");
    log.audit.append(entry(4)).await.unwrap();
    let since = std::time::Instant::now();
    while newest(&log) != 4 {
        assert!(since.elapsed().as_secs() < 5, "the head is not written out");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
