//! YAML's events put together to what a configuration is made of: mappings of
//! mappings of words, each with its line.
//!
//! Without serde: its YAML brings half a megabyte along, a fifth of the
//! program.

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Options, Parser, ScalarStyle, StrInput};

/// No configuration is nested deeper.
const DEEPEST: usize = 16;

/// Values in all, with those that aliases stand for: they could stand for each
/// other, and for more than there is memory.
const MOST: usize = 10_000;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// Nothing, `~` or `null`.
    Nothing,
    /// A word, a number, a text.
    Scalar(String),
    /// Keys and values.
    Mapping(Vec<Entry>),
    /// A list: nothing here takes one, so what is in it does not matter.
    Sequence,
}

impl Node {
    /// The values in it.
    fn size(&self) -> usize {
        match self {
            Self::Mapping(entries) => {
                1 + entries.iter().map(|entry| entry.value.size()).sum::<usize>()
            }
            _ => 1,
        }
    }
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) value: Node,
}

/// Where reading came to an end, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) said: String,
}

/// The text's one document.
pub(super) fn read(text: &str) -> Result<Node, Fault> {
    // Comments are a feature of the parser's: whoever else is built beside us may switch it on.
    let mut options = Options::default();
    options.set_emit_comments(false);
    let events = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { events, line: 1, anchors: BTreeMap::new(), left: MOST };
    let mut document = Node::Nothing;
    let mut documents = 0;
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(document),
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return reader.fault("a second document; expected one");
                }
            }
            Event::StreamStart | Event::DocumentEnd => {}
            event => document = reader.node(event, 0)?,
        }
    }
}

struct Reader<'t> {
    events: Parser<'t, StrInput<'t>>,
    line: usize,
    /// What aliases may stand for, by the parser's number.
    anchors: BTreeMap<usize, Node>,
    /// Values that there may still be.
    left: usize,
}

impl<'t> Reader<'t> {
    /// The next event, and its line.
    fn next(&mut self) -> Result<Event<'t>, Fault> {
        match self.events.next() {
            Some(Ok((event, span))) => {
                self.line = span.start.line();
                Ok(event)
            }
            Some(Err(error)) => Err(Fault { line: error.marker().line(), said: error.info() }),
            None => Ok(Event::StreamEnd),
        }
    }

    fn fault<T>(&self, said: &str) -> Result<T, Fault> {
        Err(Fault { line: self.line, said: said.to_owned() })
    }

    /// The node that begins with `event`.
    fn node(&mut self, event: Event<'t>, depth: usize) -> Result<Node, Fault> {
        if depth > DEEPEST {
            return self.fault("nested too deep");
        }
        self.count(1)?;
        let anchor = match &event {
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(_, anchor, _)
            | Event::MappingStart(_, anchor, _) => *anchor,
            _ => 0,
        };
        let node = self.plain(event, depth)?;
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, values: usize) -> Result<(), Fault> {
        match self.left.checked_sub(values) {
            Some(left) => self.left = left,
            None => return self.fault("more values than a configuration has"),
        }
        Ok(())
    }

    fn plain(&mut self, event: Event<'t>, depth: usize) -> Result<Node, Fault> {
        match event {
            Event::Scalar(text, ScalarStyle::Plain, ..)
                if matches!(&*text, "" | "~" | "null" | "Null" | "NULL") =>
            {
                Ok(Node::Nothing)
            }
            Event::Scalar(text, ..) => Ok(Node::Scalar(text.into_owned())),
            Event::SequenceStart(..) => loop {
                match self.next()? {
                    Event::SequenceEnd => return Ok(Node::Sequence),
                    event => self.node(event, depth + 1)?,
                };
            },
            Event::MappingStart(..) => self.mapping(depth),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return self.fault("an alias for what is not there before it");
                };
                self.count(node.size())?;
                Ok(node)
            }
            _ => self.fault("no value"),
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Node, Fault> {
        let (mut entries, mut seen) = (Vec::new(), BTreeSet::new());
        loop {
            let key = match self.next()? {
                Event::MappingEnd => return Ok(Node::Mapping(entries)),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return self.fault("a key that is no word"),
            };
            let line = self.line;
            if !seen.insert(key.clone()) {
                return self.fault(&format!("{key} a second time"));
            }
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            entries.push(Entry { line, key, value });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_have_their_values_and_lines() {
        let text = "# c\na:\n  b: \"x: y\" # c\n  'c d': $2y$10$e/f.g\ne: ~\nf: {g: [1, {h: i}]}\n";
        let entry = |line, key: &str, value| Entry { line, key: key.to_owned(), value };
        let scalar = |text: &str| Node::Scalar(text.to_owned());
        let a = vec![entry(3, "b", scalar("x: y")), entry(4, "c d", scalar("$2y$10$e/f.g"))];
        assert_eq!(
            read(text),
            Ok(Node::Mapping(vec![
                entry(2, "a", Node::Mapping(a)),
                entry(5, "e", Node::Nothing),
                entry(6, "f", Node::Mapping(vec![entry(6, "g", Node::Sequence)])),
            ]))
        );
        assert_eq!(read(""), Ok(Node::Nothing));
        assert_eq!(read("# c\n---\n"), Ok(Node::Nothing));
    }

    #[test]
    fn what_is_no_configuration_is_a_fault_with_its_line() {
        for (text, line) in [
            ("a: b\nc: d: e\n", 2),
            ("a: 1\na: 2\n", 2),
            ("a: 1\nb: *x\n", 2),
            ("a: b\n---\nc: d\n", 2),
            ("a: 1\n? [b]\n: c\n", 2),
            ("a: [", 1),
            (&"[".repeat(100), 1),
        ] {
            assert_eq!(read(text).unwrap_err().line, line, "{text}");
        }
    }

    #[test]
    fn an_alias_is_what_it_stands_for() {
        assert_eq!(
            read("a: &x {k: v}\nb: *x\n"),
            read("a: {k: v}\nb:\n  {k: v}\n").map(|node| {
                let Node::Mapping(mut entries) = node else { unreachable!() };
                // The line is that of the anchor.
                entries[1].line = 2;
                if let Node::Mapping(inner) = &mut entries[1].value {
                    inner[0].line = 1;
                }
                Node::Mapping(entries)
            })
        );
        // Each twice the one before: nobody's memory is filled by it.
        let mut text = String::from("a0: &a0 {x: y}\n");
        for at in 1..30 {
            use std::fmt::Write as _;
            let before = at - 1;
            let _ = writeln!(text, "a{at}: &a{at} {{x: *a{before}, y: *a{before}}}");
        }
        assert!(read(&text).unwrap_err().said.contains("more values"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-a-c:{}\\[\\]\"'&*#|>?!%@~, \n\t]{0,60}") {
            let _ = read(&text);
        }
    }
}
