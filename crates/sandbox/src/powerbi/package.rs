//! Report files of the sandbox: a pbix is a zip with the pages and the schema, an rdl is XML with a query.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Cursor;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;
use zip::CompressionMethod;
use zip::ZipArchive;
use zip::ZipWriter;
use zip::read::read_zipfile_from_stream;
use zip::write::SimpleFileOptions;

use crate::spool::Spool;
use crate::world::model::Model;
use crate::world::report::Page;
use crate::world::report::RdlParameter;
use crate::world::report::Report;
use crate::world::report::ReportKind;
use crate::world::report::Visual;

/// The largest entry of an uploaded zip that is read.
const ENTRY_BYTES: u64 = 8 * 1024 * 1024;
/// The entries of an uploaded zip that are read.
const READ: [&str; 2] = ["Report/Layout", "Connections"];
/// The size of the pieces in which padding is written.
const PADDING_BYTES: usize = 64 * 1024;

/// What a pbix holds that the sandbox understands.
#[derive(Debug, Default)]
pub(super) struct Package {
    /// Pages of the report; empty in a file that the sandbox did not write.
    pub(super) pages: Vec<Page>,
    /// The model whose rows the file was made with.
    pub(super) model: Option<Uuid>,
}

/// The entries of a pbix, by name.
pub(super) type Entries = Vec<(&'static str, String)>;

/// The entries of a report's pbix; the model may stay behind.
pub(super) fn entries(report: &Report, model: Option<&Model>) -> Entries {
    let pages = match &report.kind {
        ReportKind::Interactive { pages } => pages.as_slice(),
        ReportKind::Paginated { .. } => &[],
    };
    let layout = json!({"sections": pages.iter().map(page_json).collect::<Vec<_>>()});
    let connection = json!({"sandboxModel": report.model});
    let mut parts = vec![
        ("Version", "\"1.28\"".to_owned()),
        ("Report/Layout", layout.to_string()),
        ("Connections", connection.to_string()),
    ];
    if let Some(model) = model {
        parts.push(("DataModelSchema", schema(model).to_string()));
    }
    parts
}

/// Writes a pbix.
pub(super) fn write_pbix(entries: &Entries) -> Bytes {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    write_entries(&mut zip, entries).expect("writing to memory cannot fail");
    zip.finish()
        .expect("finishing a zip in memory cannot fail")
        .into_inner()
        .into()
}

/// Writes a pbix with an entry of so many made-up bytes, piece by piece.
pub(super) fn write_padded_pbix(entries: &Entries, padding_bytes: u64, into: impl Write) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(into);
    write_entries(&mut zip, entries)?;
    let stored = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(true);
    zip.start_file("DataModel", stored)?;
    let block = padding();
    let mut left = padding_bytes;
    while left > 0 {
        let piece = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
        zip.write_all(&block[..piece])?;
        left -= piece as u64;
    }
    zip.finish()?.into_inner().flush()
}

fn write_entries<W: Write + Seek>(zip: &mut ZipWriter<W>, entries: &Entries) -> io::Result<()> {
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default())?;
        zip.write_all(content.as_bytes())?;
    }
    Ok(())
}

/// Bytes that do not compress, the same at every call.
fn padding() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..PADDING_BYTES / 8).flat_map(|_| next()).collect()
}

fn page_json(page: &Page) -> Value {
    let visual = |visual: &Visual| json!({"name": visual.name, "title": visual.title, "table": visual.table, "orderBy": visual.order_by});
    let visuals: Vec<Value> = page.visuals.iter().map(visual).collect();
    json!({"name": page.name, "displayName": page.title, "visibility": i32::from(page.hidden), "visualContainers": visuals})
}

fn schema(model: &Model) -> Value {
    let table = |table: &crate::data::Table| {
        let columns: Vec<Value> = table
            .columns
            .iter()
            .map(|column| json!({"name": column.name, "dataType": column.kind.rest_name()}))
            .collect();
        json!({"name": table.name, "columns": columns})
    };
    let measures: Vec<Value> = model
        .data
        .measures
        .iter()
        .map(|measure| json!({"table": measure.table, "name": measure.name, "expression": measure.expression}))
        .collect();
    json!({"name": model.name, "tables": model.data.tables.iter().map(table).collect::<Vec<_>>(), "measures": measures})
}

/// Reads a pbix; `None` if it is not a zip at all.
pub(super) fn read_pbix(file: &Spool) -> Option<Package> {
    let mut found = match ZipArchive::new(BufReader::new(file.open().ok()?)) {
        Ok(zip) => by_directory(zip),
        // Something behind the zip hides its directory; the entries in front can be read one after another.
        Err(_) => from_the_start(BufReader::new(file.open().ok()?))?,
    };
    let [layout, connection] = found.each_mut().map(Value::take);
    let pages = layout["sections"]
        .as_array()
        .map(|pages| pages.iter().filter_map(page_of).collect());
    let model = connection["sandboxModel"]
        .as_str()
        .and_then(|id| Uuid::try_parse(id).ok());
    Some(Package {
        pages: pages.unwrap_or_default(),
        model,
    })
}

/// The two entries that matter, by the zip's directory.
fn by_directory(mut zip: ZipArchive<BufReader<File>>) -> [Value; 2] {
    READ.map(|name| zip.by_name(name).ok().and_then(read_entry).unwrap_or_default())
}

/// The same two entries, by going through the zip; `None` if it does not begin like one.
fn from_the_start(mut file: BufReader<File>) -> Option<[Value; 2]> {
    let mut found = [Value::Null, Value::Null];
    let mut entries = 0;
    while let Ok(Some(entry)) = read_zipfile_from_stream(&mut file) {
        entries += 1;
        let place = READ.iter().position(|name| *name == entry.name());
        if let Some(place) = place {
            found[place] = read_entry(entry).unwrap_or_default();
        }
        if found.iter().all(|value| !value.is_null()) {
            break;
        }
    }
    (entries > 0).then_some(found)
}

/// One entry as JSON. Files of the real product hold UTF-16, which is passed over.
fn read_entry(entry: impl Read) -> Option<Value> {
    let mut text = Vec::new();
    entry.take(ENTRY_BYTES).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn page_of(page: &Value) -> Option<Page> {
    let text = |value: &Value, name: &str| value[name].as_str().map(str::to_owned);
    let visual = |value: &Value| {
        Some(Visual {
            name: text(value, "name")?,
            title: text(value, "title")?,
            table: text(value, "table")?,
            order_by: text(value, "orderBy"),
        })
    };
    let visuals = page["visualContainers"]
        .as_array()
        .map(|visuals| visuals.iter().filter_map(visual).collect());
    Some(Page {
        name: text(page, "name")?,
        title: text(page, "displayName")?,
        hidden: page["visibility"] == 1,
        visuals: visuals.unwrap_or_default(),
    })
}

/// Writes a paginated report as rdl.
pub(super) fn write_rdl(report: &Report) -> Bytes {
    let ReportKind::Paginated {
        table,
        parameters,
        source,
    } = &report.kind
    else {
        return Bytes::new();
    };
    let parameter = |parameter: &RdlParameter| {
        let values = |tag: &str, values: &[String]| {
            values
                .iter()
                .map(|value| format!("<{tag}>{}</{tag}>", escape(value)))
                .collect::<String>()
        };
        format!(
            "<ReportParameter Name=\"{}\"><DataType>{}</DataType><DefaultValue>{}</DefaultValue><ValidValues>{}</ValidValues></ReportParameter>",
            escape(&parameter.name),
            if parameter.is_number { "Float" } else { "String" },
            values("Value", &parameter.default),
            values("Label", &parameter.allowed),
        )
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Report xmlns=\"http://schemas.microsoft.com/sqlserver/reporting/2016/01/reportdefinition\">\
         <DataSources><DataSource Name=\"DataSource1\"><ConnectString>Data Source={};Initial Catalog={};Model={}</ConnectString></DataSource></DataSources>\
         <DataSets><DataSet Name=\"DataSet1\"><CommandText>{}</CommandText></DataSet></DataSets><ReportParameters>{}</ReportParameters></Report>\n",
        escape(&source.server),
        escape(&source.database),
        report.model.unwrap_or_default(),
        escape(table),
        parameters.iter().map(parameter).collect::<String>(),
    );
    text.into()
}

/// What an rdl file says: table expression, parameters and the model it reads. `None` if it is no report definition.
pub(super) fn read_rdl(file: &[u8]) -> Option<(String, Vec<RdlParameter>, Option<Uuid>)> {
    let text = std::str::from_utf8(file).ok()?.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with('<') || !text.contains("<Report") {
        return None;
    }
    let parameter = |part: &str| {
        let name = part.split_once('"')?.0;
        let inner = part.split_once("</ReportParameter>")?.0;
        Some(RdlParameter {
            name: unescape(name),
            is_number: ["Float", "Integer"].contains(&between(inner, "<DataType>", "</DataType>").unwrap_or_default()),
            default: all_between(
                between(inner, "<DefaultValue>", "</DefaultValue>").unwrap_or_default(),
                "Value",
            ),
            allowed: all_between(
                between(inner, "<ValidValues>", "</ValidValues>").unwrap_or_default(),
                "Label",
            ),
        })
    };
    let parameters = text
        .split("<ReportParameter Name=\"")
        .skip(1)
        .filter_map(parameter)
        .collect();
    let model = between(text, "Model=", "<").and_then(|id| Uuid::try_parse(id.trim_end_matches(';')).ok());
    Some((
        unescape(between(text, "<CommandText>", "</CommandText>").unwrap_or_default()),
        parameters,
        model,
    ))
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.split_once(open)?.1.split_once(close).map(|(inner, _)| inner)
}

fn all_between(text: &str, tag: &str) -> Vec<String> {
    let close = format!("</{tag}>");
    text.split(&format!("<{tag}>"))
        .skip(1)
        .filter_map(|part| part.split_once(&close))
        .map(|(inner, _)| unescape(inner))
        .collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&amp;", "&")
}

/// Pages as a report holds them.
pub(super) fn interactive(pages: Vec<Page>) -> ReportKind {
    ReportKind::Interactive { pages: Arc::new(pages) }
}
