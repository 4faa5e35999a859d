//! Downloading a report with its definition, as pbix or rdl.

use std::io;
use std::io::BufWriter;
use std::io::Write;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::package;
use crate::powerbi::package::Entries;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::report::ReportKind;

const ZIP: &str = "application/zip";
const MIB: u64 = 1024 * 1024;
/// The size of the pieces in which a large download is sent.
const PIECE_BYTES: usize = 64 * 1024;
/// How many of them may wait to be sent.
const PIECES_AHEAD: usize = 4;

pub(super) fn download(call: &Call) -> Result<Answer, Refusal> {
    let live = match call.query("downloadType") {
        None | Some("IncludeModel") => false,
        Some("LiveConnect") => true,
        Some(_) => return Err(Refusal::bad("downloadType must be IncludeModel or LiveConnect")),
    };
    let world = call.world();
    let (report, _) = rights::report(call, &world, Need::Write)?;
    if report.rebound {
        return Err(Refusal::coded(
            "ExportData_DisabledForRebound",
            "a report that was rebound to another semantic model cannot be downloaded",
        ));
    }
    let model = report.model.and_then(|id| world.model(id));
    if let ReportKind::Paginated { .. } = report.kind {
        let bytes = report.file.clone().unwrap_or_else(|| package::write_rdl(report));
        return Ok(Answer::file(
            bytes,
            "application/octet-stream",
            &format!("{}.rdl", report.name),
        ));
    }
    let name = format!("{}.pbix", report.name);
    if let Some(file) = &report.file {
        return Ok(Answer::file(file.clone(), ZIP, &name));
    }
    let entries = package::entries(report, model.filter(|_| !live));
    match report.padding_bytes.max(world.settings.download_mib * MIB) {
        0 => Ok(Answer::file(package::write_pbix(&entries), ZIP, &name)),
        padding_bytes => Ok(Answer::file(padded(entries, padding_bytes), ZIP, &name)),
    }
}

/// A pbix of any size, made while it is sent: no more than a few pieces of it are in memory at any time.
fn padded(entries: Entries, padding_bytes: u64) -> Body {
    let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
    // The writer stops at the first piece that nobody takes, so that it ends with the download.
    tokio::task::spawn_blocking(move || {
        let pieces = BufWriter::with_capacity(PIECE_BYTES, Pieces(sender));
        package::write_padded_pbix(&entries, padding_bytes, pieces)
    });
    Body::from_stream(stream::unfold(receiver, |mut receiver| async {
        let piece: Bytes = receiver.recv().await?;
        Some((Ok::<Bytes, io::Error>(piece), receiver))
    }))
}

/// Passes on what is written.
struct Pieces(mpsc::Sender<Bytes>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Bytes::copy_from_slice(bytes));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
