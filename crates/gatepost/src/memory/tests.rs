//! What is given out comes back, and nobody takes everybody's.

use super::*;

const KIB: usize = 1024;

fn person(name: &str) -> PersonId {
    PersonId(name.to_owned())
}

#[tokio::test(start_paused = true)]
async fn one_person_never_holds_what_others_need() {
    let memory = Memory::new(1024 * KIB, 512 * KIB);
    let mut first = memory.hold(&person("a"), 300 * KIB).await.unwrap();
    assert_eq!(
        memory.hold(&person("a"), 300 * KIB).await.unwrap_err(),
        Full::Person { most: 512 * KIB }
    );
    assert!(!first.try_grow(213 * KIB) && first.try_grow(212 * KIB));
    assert!(
        memory.hold(&person("b"), 300 * KIB).await.is_ok(),
        "that is another person"
    );
    assert_eq!(
        memory.hold(&person("b"), 513 * KIB).await.unwrap_err(),
        Full::TooLarge { most: 512 * KIB }
    );
    drop(first);
    assert!(memory.hold(&person("a"), 512 * KIB).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn small_requests_find_room_beside_large_ones() {
    let memory = Memory::new(1024 * KIB, 512 * KIB);
    let _large = (
        memory.hold(&person("a"), 512 * KIB).await.unwrap(),
        memory.hold(&person("b"), 384 * KIB).await.unwrap(),
    );
    assert_eq!(
        memory.hold(&person("c"), 65 * KIB).await.unwrap_err(),
        Full::Process { most: 1024 * KIB }
    );
    let small = memory.hold(&person("c"), 64 * KIB).await.unwrap();
    let other = memory.hold(&person("d"), 64 * KIB).await.unwrap();
    assert_eq!(
        memory.hold(&person("e"), KIB).await.unwrap_err(),
        Full::Process { most: 1024 * KIB }
    );
    drop((small, other));
    assert!(memory.hold(&person("e"), KIB).await.is_ok());
}

#[tokio::test]
async fn bytes_hold_their_memory_until_the_last_reader_is_done() {
    let memory = Memory::new(1024 * KIB, 64 * KIB);
    let bytes = memory
        .hold(&person("a"), 64 * KIB)
        .await
        .unwrap()
        .with(Bytes::from_static(b"abc"));
    let part = bytes.slice(1..);
    drop(bytes);
    assert!(!memory.nothing(&person("a")).try_grow(1));
    assert_eq!(part, "bc");
    drop(part);
    assert!(memory.nothing(&person("a")).try_grow(64 * KIB));
}

#[tokio::test]
async fn a_request_waits_for_what_another_gives_back() {
    let memory = Memory::new(1024 * KIB, 64 * KIB);
    let first = memory.hold(&person("a"), 64 * KIB).await.unwrap();
    let (name, asked) = (person("a"), memory.clone());
    let second = tokio::spawn(async move { asked.hold(&name, 64 * KIB).await.is_ok() });
    tokio::task::yield_now().await;
    drop(first);
    assert!(second.await.unwrap());
}
