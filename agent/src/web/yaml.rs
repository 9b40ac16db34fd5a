//! YAML's events put together to what a configuration is made of: mappings of
//! mappings of words, each with its line.
//!
//! Without serde: its YAML brings half a megabyte along, a fifth of the
//! program.

use std::collections::BTreeSet;

use granit_parser::{Event, Options, Parser, ScalarStyle, StrInput};

/// No configuration is nested deeper.
const DEEPEST: usize = 16;

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
    let mut reader = Reader { events, line: 1 };
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
            _ => self.fault("an alias; expected what it stands for, written out"),
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
            ("a: &x 1\nb: *x\n", 2),
            ("a: b\n---\nc: d\n", 2),
            ("a: 1\n? [b]\n: c\n", 2),
            ("a: [", 1),
            (&"[".repeat(100), 1),
        ] {
            assert_eq!(read(text).unwrap_err().line, line, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-a-c:{}\\[\\]\"'&*#|>?!%@~, \n\t]{0,60}") {
            let _ = read(&text);
        }
    }
}
