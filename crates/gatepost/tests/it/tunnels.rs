//! Raw requests to the whole gateway: no probe, upgrade or odd path gets round its doors (security rows PRX).

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::front::{read_to_end, status_of};
use crate::world::World;

/// PRX-20
#[tokio::test]
async fn a_probe_is_a_probe_by_its_path_alone() {
    let world = World::new().await;
    let get = |path: &str| world.http.get(format!("{}{path}", world.url));
    assert_eq!(
        get("/healthz")
            .header("host", "10.0.0.9")
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    for agent in ["kube-probe/1.33", "GoogleHC/1.0", "ELB-HealthChecker/2.0"] {
        let answer = get("/powerbi/v1.0/myorg/groups").header("user-agent", agent);
        assert_eq!(answer.send().await.unwrap().status(), 401, "{agent}");
        let call = world
            .http
            .post(format!("{}/mcp", world.url))
            .header("user-agent", agent)
            .body("{}");
        assert_eq!(call.send().await.unwrap().status(), 401, "{agent}");
    }
    let elsewhere = get("/powerbi/v1.0/myorg/groups").header("host", "10.0.0.9");
    assert_eq!(elsewhere.send().await.unwrap().status(), 421);
    let port = world.url.rsplit(':').next().unwrap();
    for target in [
        "/healthz/../mcp",
        "/healthz/%2e%2e/mcp",
        "/healthz//mcp",
        "/healthz;/mcp",
    ] {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(["400", "404"].contains(&status_of(&answer)), "{target}: {answer}");
        if status_of(&answer) == "400" {
            assert!(answer.contains("expected one Host"), "{target}: {answer}");
        }
    }
}

/// PRX-16
#[tokio::test]
async fn no_request_turns_into_a_tunnel() {
    let world = World::new().await;
    let port = world.url.rsplit(':').next().unwrap();
    let host = format!("Host: localhost:{port}\r\n");
    let smuggled = format!("GET /healthz HTTP/1.1\r\n{host}\r\n");
    let tunnels = [
        (
            format!("CONNECT localhost:{port} HTTP/1.1\r\n{host}\r\n"),
            &["400", "405", "501"][..],
        ),
        (
            format!("TRACE /mcp HTTP/1.1\r\n{host}Connection: close\r\n\r\n"),
            &["405", "501"],
        ),
        (
            format!("TRACE /powerbi/v1.0/myorg/groups HTTP/1.1\r\n{host}Connection: close\r\n\r\n"),
            &["405", "501"],
        ),
        (
            format!("GET /mcp HTTP/1.1\r\n{host}Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"),
            &["400", "405"],
        ),
    ];
    for (request, statuses) in tunnels {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
        stream
            .write_all(format!("{request}{smuggled}").as_bytes())
            .await
            .unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(statuses.contains(&status_of(&answer)), "{request}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request}: {answer}");
        assert!(!answer.contains("101 Switching"), "{answer}");
    }
}
