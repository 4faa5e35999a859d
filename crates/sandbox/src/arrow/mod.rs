//! Answers of queries as Arrow IPC streams: a schema, batches of rows, an end.

mod column;
mod flat;

use crate::arrow::column::Kind;
use crate::arrow::flat::Member;
use crate::arrow::flat::Node;
use crate::dax::Cell;
use crate::dax::ResultSet;

/// The content type of such streams.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.apache.arrow.stream";
/// Rows of one batch.
const BATCH_ROWS: usize = 65_536;
/// `MetadataVersion.V5` of Arrow's `Schema.fbs`.
const VERSION: i16 = 4;
const SCHEMA: u8 = 1;
const RECORD_BATCH: u8 = 3;

/// Writes rows, or their schema alone, behind what is there; `notes` go into the schema.
pub(crate) fn write(bytes: &mut Vec<u8>, result: &ResultSet, notes: &[(&str, &str)], schema_only: bool) {
    let kinds: Vec<Kind> = (0..result.columns.len())
        .map(|place| Kind::of(result.rows.iter().map(|row| &row[place])))
        .collect();
    message(bytes, SCHEMA, schema(&result.columns, &kinds, notes), &[]);
    let rows: &[Vec<Cell>] = if schema_only { &[] } else { &result.rows };
    for rows in rows.chunks(BATCH_ROWS) {
        let mut body = Vec::new();
        let header = batch(rows, &kinds, &mut body);
        message(bytes, RECORD_BATCH, header, &body);
    }
    // The end of a stream: the mark of a message, and no length.
    bytes.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
}

/// One message: its mark, the length of its head, the head, the body.
fn message(bytes: &mut Vec<u8>, kind: u8, header: Node, body: &[u8]) {
    let head = flat::buffer(vec![
        Member::I16(VERSION),
        Member::U8(kind),
        Member::Link(header),
        Member::I64(body.len() as i64),
    ]);
    bytes.extend_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    bytes.extend_from_slice(&u32::try_from(head.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(body);
}

fn schema(names: &[String], kinds: &[Kind], notes: &[(&str, &str)]) -> Node {
    let field = |(name, kind): (&String, &Kind)| {
        let (number, table) = kind.written();
        Node::Table(vec![
            Member::Link(Node::Text(name.clone())),
            // Nullable.
            Member::U8(1),
            Member::U8(number),
            Member::Link(Node::Table(table)),
            Member::Absent,
            // Readers want the list of inner fields even where there are none.
            Member::Link(Node::Nodes(Vec::new())),
        ])
    };
    let note = |(key, value): &(&str, &str)| {
        let text = |text: &str| Member::Link(Node::Text(text.to_owned()));
        Node::Table(vec![text(key), text(value)])
    };
    let notes = match notes {
        [] => Member::Absent,
        notes => Member::Link(Node::Nodes(notes.iter().map(note).collect())),
    };
    Node::Table(vec![
        Member::I16(0),
        Member::Link(Node::Nodes(names.iter().zip(kinds).map(field).collect())),
        notes,
    ])
}

/// The head of a batch, and its columns one behind the other in `body`.
fn batch(rows: &[Vec<Cell>], kinds: &[Kind], body: &mut Vec<u8>) -> Node {
    let (mut nodes, mut buffers) = (Vec::new(), Vec::new());
    for (place, kind) in kinds.iter().enumerate() {
        let column = kind.column(rows.iter().map(|row| &row[place]));
        nodes.push((rows.len() as i64, column.nulls));
        for buffer in column.buffers {
            buffers.push((body.len() as i64, buffer.len() as i64));
            body.extend_from_slice(&buffer);
            body.resize(body.len().next_multiple_of(8), 0);
        }
    }
    Node::Table(vec![
        Member::I64(rows.len() as i64),
        Member::Link(Node::Pairs(nodes)),
        Member::Link(Node::Pairs(buffers)),
    ])
}
