//! A wire between a gateway and PostgreSQL that a test can cut, stop or lead elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Open,
    /// Bytes vanish in both directions, and nobody is told: a partition.
    Swallow,
    /// Connections are closed, and further ones at once.
    Cut,
}

/// A listener on loopback that passes bytes on to a server.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    wire: watch::Sender<Wire>,
    /// Rises when every open connection ends.
    cuts: watch::Sender<u64>,
    server: Arc<watch::Sender<SocketAddr>>,
}

impl Proxy {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (wire, _) = watch::channel(Wire::Open);
        let (server, _) = watch::channel(server);
        let (cuts, _) = watch::channel(0);
        let it = Self {
            address: listener.local_addr().unwrap(),
            wire,
            cuts,
            server: Arc::new(server),
        };
        let (wire, cuts, server) = (it.wire.subscribe(), it.cuts.subscribe(), it.server.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let to = *server.borrow();
                let wire = wire.clone();
                let mut cut = cuts.clone();
                cut.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        () = pass_on(client, to, wire) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        it
    }

    /// A proxy to the server of a `database_url`, and that address led through it.
    pub(crate) async fn before(url: &str) -> (Self, String) {
        let parsed = url::Url::parse(url).unwrap();
        let host = parsed.host_str().unwrap();
        let server = (host, parsed.port().unwrap_or(5432));
        let server = tokio::net::lookup_host(server).await.unwrap().next().unwrap();
        let proxy = Self::to(server).await;
        let through = url.replacen(
            &format!("{host}:{}", server.port()),
            &format!("127.0.0.1:{}", proxy.address.port()),
            1,
        );
        assert_ne!(url, through);
        (proxy, through)
    }

    pub(crate) fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
        if wire == Wire::Cut {
            self.cuts.send_modify(|it| *it += 1);
        }
    }

    /// Closes every connection and leads further ones to another server.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        self.server.send_replace(server);
        self.set(Wire::Cut);
        self.set(Wire::Open);
    }
}

async fn pass_on(client: TcpStream, to: SocketAddr, wire: watch::Receiver<Wire>) {
    let now = *wire.borrow();
    match now {
        Wire::Cut => return,
        Wire::Swallow => std::future::pending().await,
        Wire::Open => {}
    }
    let Ok(server) = TcpStream::connect(to).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = copy(from_client, to_server, wire.clone()) => {}
        () = copy(from_server, to_client, wire) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: watch::Receiver<Wire>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let is_open = *wire.borrow() == Wire::Open;
        if is_open && to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
