//! `gatepost sandbox`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use sandbox::Sandbox;

use super::{bind, say, stop_signal};

/// Options of `gatepost sandbox`.
#[derive(Args)]
pub(super) struct Options {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8421", value_name = "ADDRESS:PORT")]
    listen: String,
    /// The sandbox's own address, if it is not http(s)://localhost:PORT
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Serve https with a certificate made now; its authority is written to FOLDER/ca.pem
    #[arg(long, value_name = "FOLDER")]
    tls_dir: Option<PathBuf>,
}

pub(super) async fn run(options: Options) -> anyhow::Result<()> {
    let listener = bind(&options.listen).await?;
    let port = listener.local_addr()?.port();
    let scheme = if options.tls_dir.is_some() { "https" } else { "http" };
    let url = options
        .public_url
        .unwrap_or_else(|| format!("{scheme}://localhost:{port}"));
    let pretend = Sandbox::new(sandbox::Options {
        url: url.clone(),
        start: None,
        seed: 1,
    });
    say(&format!(
        "A pretend Microsoft Entra ID and Power BI at {url}\nIt explains itself there. Ctrl-C ends it."
    ));
    match options.tls_dir {
        Some(folder) => sandbox::server::serve_tls(pretend, listener, &folder, stop_signal())
            .await
            .context("https cannot be served"),
        None => {
            sandbox::server::serve(pretend, listener, stop_signal()).await;
            Ok(())
        }
    }
}
