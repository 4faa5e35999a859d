//! Bodies of requests that are refused before anybody reads them.

use std::time::Duration;

use bytes::Buf;
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};

const MOST_BYTES: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads a small body that nobody wants: a connection is closed upon an unread one, and clients that sign in after a 401
/// would lose their next request with it. Whoever dawdles or sends more loses the connection.
pub async fn read_away<B>(body: B)
where
    B: Body,
    B::Data: Buf,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let whole = Limited::new(body, MOST_BYTES).collect();
    let _ = tokio::time::timeout(PATIENCE, whole).await;
}
