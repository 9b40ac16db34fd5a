//! How far each listing was read, kept in a compacted topic.

use std::collections::BTreeMap;

use crate::kafka::Message;
use crate::log;
use crate::sink::Sink;
use crate::topic::OFFSETS;

use super::Repository;
use super::feed::Feed;

/// The cursors as Kafka has them.
#[derive(Debug, Default)]
pub struct Offsets {
    stored: BTreeMap<String, Vec<u8>>,
}

impl Offsets {
    /// Reads all that Kafka has; of each key the last one counts.
    pub async fn load(sink: &mut Sink) -> Self {
        let messages = sink.read(OFFSETS).await;
        let stored = messages.into_iter().map(|message| (message.key, message.value)).collect();
        Self { stored }
    }

    /// Where reading goes on; the beginning where nothing usable is known.
    pub fn get<F: Feed>(&self, repository: &Repository) -> F {
        let key = key::<F>(repository);
        let Some(stored) = self.stored.get(&key) else { return F::default() };
        serde_json::from_slice(stored).unwrap_or_else(|error| {
            log::line(format_args!("the offset {key} cannot be read and is begun anew: {error}"));
            F::default()
        })
    }

    /// Keeps where reading goes on; returns when Kafka has it.
    pub async fn put<F: Feed>(&mut self, sink: &mut Sink, repository: &Repository, cursor: &F) {
        let key = key::<F>(repository);
        let value = match serde_json::to_vec(cursor) {
            Ok(value) => value,
            Err(error) => {
                log::line(format_args!("the offset {key} cannot be written: {error}"));
                return;
            }
        };
        if self.stored.get(&key) == Some(&value) {
            return;
        }
        sink.put(OFFSETS, Message { key: key.clone(), value: value.clone() }).await;
        self.stored.insert(key, value);
    }
}

/// By GitHub's number, so that a renamed repository goes on.
fn key<F: Feed>(repository: &Repository) -> String {
    format!("{}/{}", repository.id, F::LISTING)
}
