//! From text to values (RFC 8259), with nothing of it left open: no key twice, nothing before or after.

use serde_json::{Map, Value};

use super::{Bounds, Refused, number};

/// A text that is being read.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    bounds: Bounds,
    /// Values read so far.
    values: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, bounds: Bounds) -> Self {
        Self {
            text,
            at: 0,
            bounds,
            values: 0,
        }
    }

    /// The one value, and nothing after it.
    pub(super) fn whole(mut self) -> Result<Value, Refused> {
        let value = self.value(0)?;
        match self.next() {
            None => Ok(value),
            Some(_) => Err(Refused::NotJson),
        }
    }

    /// A value inside `depth` lists and objects.
    fn value(&mut self, depth: usize) -> Result<Value, Refused> {
        self.values += 1;
        if self.bounds.values < self.values {
            return Err(Refused::TooMany(self.bounds.values));
        }
        match self.next().ok_or(Refused::NotJson)? {
            b'{' => self.object(depth + 1),
            b'[' => self.list(depth + 1),
            b'"' => self.string().map(Value::String),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => {
                let (value, length) = number::read(&self.text[self.at..], self.bounds.long_numbers)?;
                self.at += length;
                Ok(value)
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Refused> {
        let mut members = Map::new();
        self.open(depth)?;
        if self.takes(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            if self.next() != Some(b'"') {
                return Err(Refused::NotJson);
            }
            let key = self.string()?;
            if members.contains_key(&key) {
                return Err(Refused::KeyTwice);
            }
            self.needs(b':')?;
            let value = self.value(depth)?;
            members.insert(key, value);
            if self.takes(b'}') {
                return Ok(Value::Object(members));
            }
            self.needs(b',')?;
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Refused> {
        let mut values = Vec::new();
        self.open(depth)?;
        if self.takes(b']') {
            return Ok(Value::Array(values));
        }
        loop {
            values.push(self.value(depth)?);
            if self.takes(b']') {
                return Ok(Value::Array(values));
            }
            self.needs(b',')?;
        }
    }

    /// Steps over the bracket that opens a list or an object.
    fn open(&mut self, depth: usize) -> Result<(), Refused> {
        self.at += 1;
        match self.bounds.depth < depth {
            true => Err(Refused::TooDeep(self.bounds.depth)),
            false => Ok(()),
        }
    }

    /// The text that begins here.
    fn string(&mut self) -> Result<String, Refused> {
        let quoted = &self.text[self.at..];
        let mut is_plain = true;
        let mut bytes = quoted.bytes().enumerate().skip(1);
        let end = loop {
            match bytes.next().ok_or(Refused::NotJson)? {
                (at, b'"') => break at,
                (_, b'\\') => {
                    is_plain = false;
                    bytes.next();
                }
                // RFC 8259 §7: control characters are escaped.
                (_, 0..0x20) => return Err(Refused::NotJson),
                _ => {}
            }
        };
        self.at += end + 1;
        match is_plain {
            true => Ok(quoted[1..end].to_owned()),
            false => serde_json::from_str(&quoted[..=end]).map_err(|_| Refused::NotJson),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Refused> {
        match self.text[self.at..].starts_with(word) {
            true => {
                self.at += word.len();
                Ok(value)
            }
            false => Err(Refused::NotJson),
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.next() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn needs(&mut self, byte: u8) -> Result<(), Refused> {
        match self.takes(byte) {
            true => Ok(()),
            false => Err(Refused::NotJson),
        }
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let blank = rest.iter().take_while(|it| b" \t\r\n".contains(it)).count();
        self.at += blank;
        rest.get(blank).copied()
    }
}
