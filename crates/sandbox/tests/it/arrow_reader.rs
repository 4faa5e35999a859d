//! A small reader of Arrow IPC streams, written from the format's description alone.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

/// One stream: notes of its schema, its columns with their types, and its rows.
#[derive(Debug, Default)]
pub(crate) struct Rowset {
    pub(crate) notes: BTreeMap<String, String>,
    pub(crate) columns: Vec<(String, u8)>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// The streams of an answer, one behind the other.
pub(crate) fn read(bytes: &[u8]) -> Vec<Rowset> {
    let (mut all, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let mut rowset = Rowset::default();
        loop {
            assert_eq!(&bytes[at..at + 4], [0xff; 4], "the mark of a message");
            let length = u32_at(bytes, at + 4);
            at += 8;
            if length == 0 {
                break;
            }
            assert_eq!(length % 8, 0);
            let head = &bytes[at..at + length];
            at += length;
            let message = Table::root(head);
            assert_eq!(message.i16(0), 4, "the fifth version of the metadata");
            let body_length = usize::try_from(message.i64(3)).unwrap();
            let body = &bytes[at..at + body_length];
            at += body_length;
            match message.u8(1) {
                1 => rowset.read_schema(&message.table(2)),
                3 => rowset.read_batch(&message.table(2), body),
                other => panic!("no message of the kind {other} is expected"),
            }
        }
        all.push(rowset);
    }
    all
}

impl Rowset {
    fn read_schema(&mut self, schema: &Table) {
        let column = |field: &Table| (field.text(0), field.u8(2));
        self.columns = schema.tables(1).iter().map(column).collect();
        let note = |note: &Table| (note.text(0), note.text(1));
        self.notes = schema.tables(2).iter().map(note).collect();
    }

    fn read_batch(&mut self, batch: &Table, body: &[u8]) {
        let length = usize::try_from(batch.i64(0)).unwrap();
        let buffers = batch.pairs(2);
        let mut buffers = buffers.iter().map(|(offset, length)| {
            assert_eq!(offset % 8, 0);
            &body[*offset..offset + length]
        });
        let mut columns = Vec::new();
        for ((_, kind), (count, nulls)) in self.columns.iter().zip(batch.pairs(1)) {
            assert_eq!(count, length);
            let present = buffers.next().unwrap();
            let values = buffers.next().unwrap();
            let texts = if *kind == 5 { buffers.next().unwrap() } else { &[] };
            let cells: Vec<Value> = (0..length)
                .map(|row| cell(*kind, present, values, texts, row))
                .collect();
            assert_eq!(cells.iter().filter(|cell| cell.is_null()).count(), nulls);
            columns.push(cells);
        }
        self.rows
            .extend((0..length).map(|row| columns.iter().map(|column| column[row].clone()).collect()));
    }
}

fn cell(kind: u8, present: &[u8], values: &[u8], texts: &[u8], row: usize) -> Value {
    let bit = |bits: &[u8]| bits[row / 8] >> (row % 8) & 1 == 1;
    if !present.is_empty() && !bit(present) {
        return Value::Null;
    }
    let eight = || -> [u8; 8] { values[8 * row..8 * row + 8].try_into().unwrap() };
    match kind {
        2 | 10 => json!(i64::from_le_bytes(eight())),
        3 => json!(f64::from_le_bytes(eight())),
        5 => json!(std::str::from_utf8(&texts[u32_at(values, 4 * row)..u32_at(values, 4 * row + 4)]).unwrap()),
        6 => json!(bit(values)),
        other => panic!("no column of the type {other} is expected"),
    }
}

/// A table of a `FlatBuffers` buffer.
struct Table<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Table<'b> {
    fn root(bytes: &'b [u8]) -> Table<'b> {
        Table {
            bytes,
            at: u32_at(bytes, 0),
        }
    }

    fn member(&self, id: usize) -> Option<usize> {
        let back = i32::from_le_bytes(self.bytes[self.at..self.at + 4].try_into().unwrap());
        let list = usize::try_from(i64::try_from(self.at).unwrap() - i64::from(back)).unwrap();
        let short = |at: usize| usize::from(u16::from_le_bytes(self.bytes[at..at + 2].try_into().unwrap()));
        let offset = if 4 + 2 * id < short(list) {
            short(list + 4 + 2 * id)
        } else {
            0
        };
        (offset > 0).then_some(self.at + offset)
    }

    fn u8(&self, id: usize) -> u8 {
        self.member(id).map_or(0, |at| self.bytes[at])
    }

    fn i16(&self, id: usize) -> i16 {
        self.member(id)
            .map_or(0, |at| i16::from_le_bytes(self.bytes[at..at + 2].try_into().unwrap()))
    }

    fn i64(&self, id: usize) -> i64 {
        self.member(id)
            .map_or(0, |at| i64::from_le_bytes(self.bytes[at..at + 8].try_into().unwrap()))
    }

    fn target(&self, id: usize) -> Option<usize> {
        self.member(id).map(|at| at + u32_at(self.bytes, at))
    }

    fn table(&self, id: usize) -> Table<'b> {
        Table {
            bytes: self.bytes,
            at: self.target(id).unwrap(),
        }
    }

    fn text(&self, id: usize) -> String {
        let at = self.target(id).unwrap();
        let length = u32_at(self.bytes, at);
        String::from_utf8(self.bytes[at + 4..at + 4 + length].to_vec()).unwrap()
    }

    fn tables(&self, id: usize) -> Vec<Table<'b>> {
        let Some(at) = self.target(id) else {
            return Vec::new();
        };
        let place = |number: usize| at + 4 + 4 * number;
        let all = (0..u32_at(self.bytes, at)).map(|number| Table {
            bytes: self.bytes,
            at: place(number) + u32_at(self.bytes, place(number)),
        });
        all.collect()
    }

    fn pairs(&self, id: usize) -> Vec<(usize, usize)> {
        let at = self.target(id).unwrap();
        let number =
            |at: usize| usize::try_from(i64::from_le_bytes(self.bytes[at..at + 8].try_into().unwrap())).unwrap();
        (0..u32_at(self.bytes, at))
            .map(|place| (number(at + 4 + 16 * place), number(at + 12 + 16 * place)))
            .collect()
    }
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}
