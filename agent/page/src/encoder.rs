//! A page of metrics, into one reused buffer: in the text format 0.0.4, or in
//! `OpenMetrics` 1.0.0 for who asks for it.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};

use crate::value::Value;

/// The two formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Prometheus' text exposition format.
    #[default]
    Text,
    /// Its stricter successor.
    OpenMetrics,
}

impl Format {
    /// The page's media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// What kind of series a family holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only ever grows, or starts over.
    Counter,
    /// Goes up and down.
    Gauge,
    /// `node_exporter` does not say which: the kernel's own tables.
    Untyped,
}

impl Kind {
    /// A name and its type, as `format` wants them announced: a counter's name
    /// there ends before `_total`, and one that ends otherwise is no counter.
    pub fn announced(self, name: &[u8], format: Format) -> (usize, &'static str) {
        let whole = name.len();
        match (format, self) {
            (_, Self::Gauge) => (whole, "gauge"),
            (Format::Text, Self::Counter) => (whole, "counter"),
            (Format::Text, Self::Untyped) => (whole, "untyped"),
            (Format::OpenMetrics, Self::Counter) if name.ends_with(b"_total") => {
                (whole - b"_total".len(), "counter")
            }
            (Format::OpenMetrics, Self::Counter | Self::Untyped) => (whole, "unknown"),
        }
    }
}

/// A metric family: everything about it but its samples.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The metric's name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// One line that says what it is; no line break or backslash in it.
    pub help: &'static str,
}

impl Family {
    /// A family of counters.
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Counter, help }
    }

    /// A family of gauges.
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Gauge, help }
    }
}

/// A label's name and value; any bytes will do for a value.
pub type Label<'a> = (&'static str, &'a [u8]);

/// A piece of more bytes is copied as a whole.
const LONG: usize = 64;

/// Writes families and samples.
#[derive(Debug, Default)]
pub struct Encoder {
    page: BytesMut,
    format: Format,
}

impl Encoder {
    /// An encoder with room for a page of `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { page: BytesMut::with_capacity(capacity), format: Format::Text }
    }

    /// Gives the page away. The memory is used again for the next page, once
    /// the reader has dropped this one.
    pub fn finish(&mut self) -> Bytes {
        if self.format == Format::OpenMetrics {
            self.put(b"# EOF\n");
        }
        self.page.split().freeze()
    }

    /// Starts a page and makes room for `expected` bytes: in the last page's
    /// memory if its reader has dropped it, in new memory if not.
    pub fn begin(&mut self, expected: usize, format: Format) {
        self.page.clear();
        self.page.reserve(expected);
        self.format = format;
    }

    /// An encoder for what comes next, in this page's memory; it is a part of
    /// the page once it was joined to it.
    #[must_use]
    pub fn part(&mut self) -> Self {
        Self { page: self.page.split_off(self.page.len()), format: self.format }
    }

    /// Adds a part.
    pub fn join(&mut self, part: Self) {
        self.page.unsplit(part.page);
        self.format = part.format;
    }

    /// Adds what another page has.
    pub fn append(&mut self, other: &Self) {
        self.put(&other.page);
    }

    /// The page so far.
    pub fn page(&self) -> &[u8] {
        &self.page
    }

    /// The page's format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Opens a family: its samples follow, no other family's in between.
    pub fn family(&mut self, family: &Family) {
        self.open(&[family.name.as_bytes()], family.kind, &[family.help.as_bytes()]);
    }

    /// Opens a family whose name and help are put together from parts. The
    /// caller vouches that the name's parts make a valid metric name.
    pub fn open(&mut self, name: &[&[u8]], kind: Kind, help: &[&[u8]]) {
        self.page.put_slice(b"# HELP ");
        self.announce(name, kind);
        self.page.put_u8(b' ');
        self.put_all(help);
        self.page.put_slice(b"\n# TYPE ");
        let word = self.announce(name, kind);
        self.page.put_u8(b' ');
        self.put(word.as_bytes());
        self.page.put_u8(b'\n');
    }

    /// A family's name as it is announced, and its type in words.
    fn announce(&mut self, name: &[&[u8]], kind: Kind) -> &'static str {
        let start = self.page.len();
        self.put_all(name);
        let (length, word) = kind.announced(&self.page[start..], self.format);
        self.page.truncate(start + length);
        word
    }

    /// One sample of the family opened last.
    #[inline]
    pub fn sample(&mut self, family: &Family, labels: &[Label<'_>], value: impl Into<Value>) {
        self.labelled(family.name, labels, value.into());
    }

    fn labelled(&mut self, name: &str, labels: &[Label<'_>], value: Value) {
        self.series(name, labels);
        self.value(value);
    }

    /// A sample's name and labels; its value follows.
    pub fn series(&mut self, name: &str, labels: &[(&str, &[u8])]) {
        self.put(name.as_bytes());
        let mut lead = b'{';
        for (label, value) in labels {
            self.page.put_u8(lead);
            self.put(label.as_bytes());
            self.page.put_slice(b"=\"");
            self.escaped(value);
            self.page.put_u8(b'"');
            lead = b',';
        }
        if !labels.is_empty() {
            self.page.put_u8(b'}');
        }
    }

    /// A family of one sample without labels.
    #[inline]
    pub fn single(&mut self, family: &Family, value: impl Into<Value>) {
        self.family(family);
        self.labelled(family.name, &[], value.into());
    }

    /// As [`Encoder::single`], for a family opened from parts.
    #[inline]
    pub fn bare(&mut self, name: &[&[u8]], value: impl Into<Value>) {
        self.put_all(name);
        self.value(value.into());
    }

    fn value(&mut self, value: Value) {
        value.with_line(|line| self.put(line));
    }

    /// A help text as others wrote it: without its last line break.
    pub fn help(&mut self, text: &str) {
        // Quotes are escaped in one of the formats only.
        let mut parts = text.split('"');
        self.escaped(parts.next().unwrap_or_default().as_bytes());
        for part in parts {
            self.put(if self.format == Format::OpenMetrics { b"\\\"" } else { b"\"" });
            self.escaped(part.as_bytes());
        }
    }

    /// Takes back what was written after the page had that length.
    pub fn take_back(&mut self, length: usize) {
        self.page.truncate(length);
    }

    /// A label value: escaped as the format asks; other than UTF-8 is replaced,
    /// and so is a zero, at which Prometheus stops to read.
    fn escaped(&mut self, value: &[u8]) {
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'\\' | b'"');
        if value.iter().all(is_plain) {
            return self.put(value);
        }
        for chunk in value.utf8_chunks() {
            let mut plain = chunk.valid().as_bytes();
            let special = |byte: &u8| matches!(byte, b'\\' | b'"' | b'\n' | 0);
            while let Some(at) = plain.iter().position(special) {
                self.put(&plain[..at]);
                self.put(match plain[at] {
                    b'\n' => b"\\n",
                    b'"' => b"\\\"",
                    0 => "\u{fffd}".as_bytes(),
                    _ => b"\\\\",
                });
                plain = &plain[at + 1..];
            }
            self.put(plain);
            if !chunk.invalid().is_empty() {
                self.put("\u{fffd}".as_bytes());
            }
        }
    }

    fn put_all(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.put(part);
        }
    }

    /// Next to all pieces are some ten bytes, for which the C library's copying
    /// takes longer to begin than to be done.
    fn put(&mut self, text: &[u8]) {
        if text.len() > LONG {
            return self.page.put_slice(text);
        }
        let (eights, rest) = text.as_chunks::<8>();
        for eight in eights {
            self.page.put_slice(eight);
        }
        let (fours, rest) = rest.as_chunks::<4>();
        for four in fours {
            self.page.put_slice(four);
        }
        for byte in rest {
            self.page.put_u8(*byte);
        }
    }
}

/// What other encoders write goes to the same page.
impl io::Write for Encoder {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.put(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WATTS: Family = Family::gauge("watts", "Power drawn.");
    const READS: Family = Family::counter("reads_total", "Reads.");

    fn text(out: &mut Encoder) -> String {
        String::from_utf8(out.finish().to_vec()).unwrap()
    }

    #[test]
    fn a_family_is_help_type_and_samples() {
        let mut out = Encoder::default();
        out.family(&WATTS);
        out.sample(&WATTS, &[("rail", b"3v3"), ("chip", b"pmic")], Value::scaled(1250, 3));
        out.single(&READS, 7);
        assert_eq!(
            text(&mut out),
            "# HELP watts Power drawn.\n# TYPE watts gauge\nwatts{rail=\"3v3\",chip=\"pmic\"} 1.25\n\
             # HELP reads_total Reads.\n# TYPE reads_total counter\nreads_total 7\n"
        );
    }

    #[test]
    fn open_metrics_announces_counters_without_their_ending_and_ends_with_a_mark() {
        let mut out = Encoder::default();
        out.begin(64, Format::OpenMetrics);
        out.single(&READS, 7);
        out.single(&Family::counter("odd", "No total."), 1);
        assert_eq!(
            text(&mut out),
            "# HELP reads Reads.\n# TYPE reads counter\nreads_total 7\n\
             # HELP odd No total.\n# TYPE odd unknown\nodd 1\n# EOF\n"
        );
    }

    #[test]
    fn label_values_are_escaped_and_made_utf8() {
        let mut out = Encoder::default();
        out.sample(&WATTS, &[("at", b"a\\b\"c\nd\xffe")], 1);
        assert_eq!(text(&mut out), "watts{at=\"a\\\\b\\\"c\\nd\u{fffd}e\"} 1\n");
    }

    #[test]
    fn the_page_s_memory_is_used_again() {
        let mut out = Encoder::with_capacity(1024);
        let mut seen = Vec::new();
        for _ in 0..4 {
            out.begin(1024, Format::Text);
            out.single(&WATTS, 1);
            seen.push(out.finish().as_ptr());
        }
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    }
}
