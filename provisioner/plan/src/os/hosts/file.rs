//! The file as our block and the lines of others.

use std::net::IpAddr;
use std::ops::Range;

use super::numbered;
use crate::bytes::line;

const BEGIN: &[u8] = b"# BEGIN terrarium";
const END: &[u8] = b"# END terrarium";

/// A read file.
pub(super) struct File<'a> {
    /// Lines of others with their numbers and ends.
    pub(super) theirs: Vec<(usize, &'a [u8])>,
    /// Before which of them the block stands, when there is one.
    place: Option<usize>,
    /// Name and address of each line of the block.
    block: Vec<(String, IpAddr)>,
}

impl<'a> File<'a> {
    /// Takes a file apart. Within the block only lines of our own form are ours: what
    /// somebody wrote there, or what follows a block whose end is gone, is theirs.
    pub(super) fn read(file: &'a [u8]) -> Self {
        let all: Vec<(usize, &[u8])> = numbered(file).collect();
        let mut read = Self { theirs: Vec::new(), place: None, block: Vec::new() };
        // Up to where lines of our form are ours.
        let mut ours = 0;
        for (at, (number, bytes)) in all.iter().enumerate() {
            let entry = entry(bytes);
            match bytes.trim_ascii() {
                BEGIN => {
                    read.place.get_or_insert(read.theirs.len());
                    ours = end(&all, at + 1);
                }
                END => {}
                _ if at < ours && entry.is_some() => read.block.extend(entry),
                _ => read.theirs.push((*number, bytes)),
            }
        }
        read
    }

    pub(super) fn marked(&self) -> bool {
        self.place.is_some()
    }

    /// The file with these lines of others, and a block with these nodes.
    pub(super) fn with(&self, theirs: &[Vec<u8>], addresses: &[(String, String)]) -> Vec<u8> {
        let (above, below) = theirs.split_at(self.place.unwrap_or(theirs.len()).min(theirs.len()));
        let mut text = above.concat();
        if text.last().is_some_and(|byte| *byte != b'\n') {
            text.push(b'\n');
        }
        let nodes = addresses.iter().filter_map(|(name, address)| {
            address.parse::<IpAddr>().ok().map(|address| format!("{address}\t{name}"))
        });
        let mark = |mark: &[u8]| String::from_utf8_lossy(mark).into_owned();
        for line in [mark(BEGIN)].into_iter().chain(nodes).chain([mark(END)]) {
            text.extend(line.bytes());
            text.push(b'\n');
        }
        text.extend(below.concat());
        text
    }
}

/// Where the block that begins before `start` ends: at its mark, or, when that is
/// gone, behind the lines of our form that follow at once.
fn end(all: &[(usize, &[u8])], start: usize) -> usize {
    let rest = all.get(start..).unwrap_or_default();
    let is = |mark: &'static [u8]| move |(_, line): &(usize, &[u8])| line.trim_ascii() == mark;
    let closed = rest.iter().position(is(END));
    let again = rest.iter().position(is(BEGIN)).unwrap_or(rest.len());
    start
        + closed
            .filter(|closed| *closed < again)
            .unwrap_or_else(|| rest.iter().take_while(|(_, line)| entry(line).is_some()).count())
}

/// A line as we write it: an address, a tab, one name.
fn entry(bytes: &[u8]) -> Option<(String, IpAddr)> {
    let text = std::str::from_utf8(line(bytes)).ok()?;
    let (address, name) = text.split_once('\t')?;
    let plain = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '#');
    Some((name.to_owned(), address.parse().ok()?)).filter(|_| plain)
}

/// The addresses that a block of ours has, by name.
pub(crate) fn known(file: &[u8]) -> Vec<(String, IpAddr)> {
    File::read(file).block
}

/// What comes before a comment.
fn said(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == b'#').next().unwrap_or_default()
}

fn words(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let said = said(line);
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + said[at..].iter().position(|byte| !byte.is_ascii_whitespace())?;
        at = start + said[start..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        Some(start..at)
    })
}

/// The address of a line.
pub(super) fn address(line: &[u8]) -> Option<&[u8]> {
    words(line).next().map(|range| &line[range])
}

pub(super) fn ip(word: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// Where the names of a line are.
pub(super) fn names(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    words(line).skip(1)
}

/// The line with this name before its others.
pub(super) fn with_first(line: &[u8], name: &str) -> Vec<u8> {
    let end = words(line).next().map_or(0, |range| range.end);
    let first = names(line).next().map(|range| range.start);
    let (before, after) = line.split_at(first.unwrap_or(end));
    let name = if first.is_some() { format!("{name} ") } else { format!("\t{name}") };
    [before, name.as_bytes(), after].concat()
}
