//! Style sheet, script and icons, served under names that change with their content.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

#[derive(rust_embed::RustEmbed)]
#[folder = "assets"]
struct Assets;

struct Asset {
    file: String,
    /// File name with eight characters of its hash: `app-1a2b3c4d.css`.
    name: String,
    kind: &'static str,
    content: Vec<u8>,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| Assets::iter().filter_map(|file| load(&file)).collect());

fn load(file: &str) -> Option<Asset> {
    let (stem, extension) = file.rsplit_once('.')?;
    let kind = match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    let content = Assets::get(file)?.data.into_owned();
    let hash: String = digest(&SHA256, &content)
        .as_ref()
        .iter()
        .take(4)
        .map(|it| format!("{it:02x}"))
        .collect();
    Some(Asset {
        file: file.to_owned(),
        name: format!("{stem}-{hash}.{extension}"),
        kind,
        content,
    })
}

/// Where the browser finds an asset.
pub fn asset(file: &str) -> Option<String> {
    ASSETS
        .iter()
        .find(|it| it.file == file)
        .map(|it| format!("/assets/{}", it.name))
}

/// The same for templates; a test finds a name that does not exist.
pub(super) fn asset_or_nothing(file: &str) -> Result<String, minijinja::Error> {
    asset(file).ok_or_else(|| minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, format!("no asset {file}")))
}

/// Serves the assets. Exactly their names exist; nothing is looked up on disk by a name from outside.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{name}", get(serve))
}

async fn serve(Path(name): Path<String>) -> Response {
    match ASSETS.iter().find(|it| it.name == name) {
        Some(it) => {
            let headers = [
                (CONTENT_TYPE, it.kind),
                (CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, it.content.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
