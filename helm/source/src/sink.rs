//! The way of events into Kafka: their schema registered, framed, written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::avro::framed;
use crate::config::Config;
use crate::kafka::{Kafka, KafkaError, Message};
use crate::log;
use crate::metrics::Metrics;
use crate::registry::{Registry, RegistryError};
use crate::topic::Topic;

/// How long to wait before what failed is tried again; doubled each time.
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Something that happened, as Kafka will have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where it goes.
    pub topic: Topic,
    /// Equal for all that is told about one thing.
    pub key: String,
    /// When it happened, in milliseconds since 1970.
    pub at: i64,
    /// Avro, not framed yet.
    pub value: Vec<u8>,
}

/// Why events could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// Kafka did not take them.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// Their schema has no number yet.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl SinkError {
    fn at(&self) -> &'static str {
        match self {
            Self::Kafka(_) => "kafka",
            Self::Registry(_) => "registry",
        }
    }
}

/// Kafka and the registry together.
#[derive(Debug)]
pub struct Sink {
    kafka: Kafka,
    registry: Registry,
    metrics: Arc<Metrics>,
}

impl Sink {
    /// Connects to nothing yet.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        Self {
            kafka: Kafka::new(config.kafka.clone()),
            registry: Registry::new(&config.registry),
            metrics,
        }
    }

    /// Writes the events, and returns when Kafka has them all. One try.
    pub async fn try_send(&mut self, events: &[Event]) -> Result<(), SinkError> {
        let mut batches: BTreeMap<Topic, Vec<Message>> = BTreeMap::new();
        for event in events {
            let value = framed(self.registry.schema(event.topic).await?, &event.value);
            let batch = batches.entry(event.topic).or_default();
            batch.push(Message { key: event.key.clone(), value });
        }
        for (topic, batch) in batches {
            self.kafka.produce(topic.name(), &batch).await?;
            let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
            self.metrics.events.with_label_values(&[topic.name()]).inc_by(count);
        }
        Ok(())
    }

    /// Writes the events, trying until Kafka has them all.
    pub async fn send(&mut self, events: &[Event]) {
        self.patiently(async |sink| sink.try_send(events).await).await;
    }

    /// Writes one record that has no schema.
    pub async fn put(&mut self, topic: &str, message: Message) {
        let batch = [message];
        self.patiently(async |sink| Ok(sink.kafka.produce(topic, &batch).await?)).await;
    }

    /// All that `topic` holds.
    pub async fn read(&mut self, topic: &str) -> Vec<Message> {
        self.patiently(async |sink| Ok(sink.kafka.read(topic).await?)).await
    }

    /// How many records `topic` ever got.
    pub async fn written(&mut self, topic: Topic) -> u64 {
        self.patiently(async |sink| Ok(sink.kafka.written(topic.name()).await?)).await
    }

    /// Registers the schemas of `topics`.
    pub async fn register(&mut self, topics: &[Topic]) {
        for topic in topics {
            self.patiently(async |sink| Ok(sink.registry.schema(*topic).await?)).await;
        }
    }

    /// Tries until it succeeds: what waits to be written is not lost, and
    /// nothing more is asked of GitHub meanwhile.
    async fn patiently<T>(
        &mut self,
        mut act: impl AsyncFnMut(&mut Self) -> Result<T, SinkError>,
    ) -> T {
        let mut pause = PAUSE;
        let mut told = String::new();
        loop {
            match act(self).await {
                Ok(done) => {
                    if !told.is_empty() {
                        log::line(format_args!("Kafka and the registry answer again"));
                        self.metrics.wait_for(None);
                    }
                    return done;
                }
                Err(error) => {
                    self.metrics.failures.with_label_values(&[error.at()]).inc();
                    let reason = log::chain(&error);
                    if reason != told {
                        log::line(format_args!("{reason}; trying again"));
                        self.metrics.wait_for(Some(reason.clone()));
                        told = reason;
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}
