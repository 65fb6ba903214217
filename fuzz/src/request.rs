//! A request written as people write one: the provider, then a header a line, an empty line, the body. Text, so that
//! recorded requests are seeds, and a crash can be read.

use waybill_providers::{Headers, Request};

use crate::sources::{Source, source};

pub struct Raw<'a> {
    pub source: &'static Source,
    headers: Vec<(String, &'a [u8])>,
    query: &'a str,
    pub body: &'a [u8],
}

impl<'a> Raw<'a> {
    /// Reads the bytes; absent where they name no provider. A line that begins with `?` is the query.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
        let mut lines = bytes[..end].split(|byte| *byte == b'\n');
        let source = source(std::str::from_utf8(lines.next()?).ok()?)?;
        let mut raw = Self { source, headers: Vec::new(), query: "", body: &bytes[end + 2..] };
        for line in lines {
            raw.take(line);
        }
        Some(raw)
    }

    fn take(&mut self, line: &'a [u8]) {
        if let [b'?', query @ ..] = line {
            self.query = std::str::from_utf8(query).unwrap_or_default();
            return;
        }
        let colon = line
            .iter()
            .position(|byte| *byte == b':')
            .unwrap_or(line.len());
        let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
        let value = line.get(colon + 1..).unwrap_or_default();
        self.headers.push((name, value.trim_ascii()));
    }

    pub fn request(&self) -> Request<'_> {
        let headers: Headers<'_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        Request { headers, query: self.query, body: self.body }
    }
}
