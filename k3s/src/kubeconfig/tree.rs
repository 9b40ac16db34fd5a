//! A kubeconfig as it is written: every value with its place in the text, and plain
//! scalars by their letters. A parser of YAML makes a number of `00123`, and kubectl
//! may make a password of it.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use crate::yaml::Value;

/// One value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Bytes of the text, from the first letter to the last; empty for a value that
    /// is left out.
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
    /// Others may stand for it, or it for another.
    pub(super) shared: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar(Value),
    Seq { flow: bool, items: Vec<Node> },
    Map { flow: bool, entries: Vec<(Node, Node)> },
}

impl Node {
    /// The only document of the text; `None` where it is not understood.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut events = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.ok()?;
            let at = |marker: usize| bytes.get(marker).copied().unwrap_or(text.len());
            let span = at(span.start.index())..at(span.end.index());
            match event {
                Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd
                | Event::Alias(_) => events.push((event, span)),
                _ => {}
            }
        }
        let mut reader = Reader { text, events: events.into_iter(), anchors: BTreeMap::new() };
        let node = reader.node()?;
        reader.events.next().is_none().then_some(node)
    }

    pub(super) fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::Seq { items, .. } => Value::Seq(items.iter().map(Self::value).collect()),
            Kind::Map { entries, .. } => {
                Value::Map(entries.iter().map(|(key, value)| (key.key(), value.value())).collect())
            }
        }
    }

    /// The letters of a key.
    pub(super) fn key(&self) -> String {
        match &self.kind {
            Kind::Scalar(Value::Str(text) | Value::Plain(text)) => text.clone(),
            _ => String::new(),
        }
    }

    pub(super) fn entry(&self, name: &str) -> Option<&(Node, Node)> {
        match &self.kind {
            Kind::Map { entries, .. } => entries.iter().find(|(key, _)| key.key() == name),
            _ => None,
        }
    }

    /// Whether an anchor or an alias is in it.
    pub(super) fn is_shared(&self) -> bool {
        self.shared
            || match &self.kind {
                Kind::Scalar(_) => false,
                Kind::Seq { items, .. } => items.iter().any(Self::is_shared),
                Kind::Map { entries, .. } => {
                    entries.iter().any(|(key, value)| key.is_shared() || value.is_shared())
                }
            }
    }
}

struct Reader<'t, E> {
    text: &'t str,
    events: E,
    anchors: BTreeMap<usize, Node>,
}

impl<'i, E: Iterator<Item = (Event<'i>, Range<usize>)>> Reader<'_, E> {
    fn node(&mut self) -> Option<Node> {
        let (event, span) = self.events.next()?;
        self.of(event, span)
    }

    fn of(&mut self, event: Event<'i>, span: Range<usize>) -> Option<Node> {
        let (kind, end, anchor) = match event {
            Event::Alias(id) => {
                let node = self.anchors.get(&id)?.clone();
                return Some(Node { span, shared: true, ..node });
            }
            Event::Scalar(text, style, anchor, tag) => {
                let written = self.text.get(span.clone())?;
                // Of several lines or with a tag, its letters are not its value.
                let plain = style == ScalarStyle::Plain && tag.is_none() && !written.contains('\n');
                let value = if plain {
                    Value::Plain(written.trim().to_owned())
                } else if tag.is_some() {
                    return None;
                } else {
                    Value::Str(text.into_owned())
                };
                (Kind::Scalar(value), span.end, anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                let mut items = Vec::new();
                let end = loop {
                    match self.events.next()? {
                        (Event::SequenceEnd, span) => break span.end,
                        (event, span) => items.push(self.of(event, span)?),
                    }
                };
                let flow = style == StructureStyle::Flow;
                let last = items.last().map_or(span.end, |item| item.span.end);
                tag.is_none().then_some(())?;
                (Kind::Seq { flow, items }, if flow { end } else { last }, anchor)
            }
            Event::MappingStart(style, anchor, tag) => {
                let mut entries = Vec::new();
                let end = loop {
                    match self.events.next()? {
                        (Event::MappingEnd, span) => break span.end,
                        (event, span) => {
                            let key = self.of(event, span)?;
                            entries.push((key, self.node()?));
                        }
                    }
                };
                let flow = style == StructureStyle::Flow;
                let last = entries
                    .last()
                    .map_or(span.end, |(key, value)| value.span.end.max(key.span.end));
                tag.is_none().then_some(())?;
                (Kind::Map { flow, entries }, if flow { end } else { last }, anchor)
            }
            _ => return None,
        };
        let start = match &kind {
            Kind::Map { flow: false, entries } => entries.first()?.0.span.start,
            Kind::Seq { flow: false, items } => items.first().map_or(span.start, |i| i.span.start),
            _ => span.start,
        };
        let node = Node { span: start..end.max(start), kind, shared: anchor != 0 };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Some(node)
    }
}
