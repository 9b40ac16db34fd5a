//! Kafka: produce with `acks=all`, and read a compacted topic whole.

mod partition;

use std::collections::BTreeMap;
use std::time::Duration;

use rskafka::BackoffConfig;
use rskafka::chrono::DateTime;
use rskafka::client::error::Error as ClientError;
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder, Credentials, SaslConfig};
use rskafka::record::Record;

use crate::config;
use crate::secret::{Secret, SecretError};
use crate::time;
use partition::partition_of;

/// How long a request may take before the connection is given up. The client
/// itself waits without end for a broker that is silent.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long the client itself tries again before it says what is wrong.
const TRYING: Duration = Duration::from_secs(5);
/// Bytes asked for in one fetch, and the most one answer may have.
const FETCH: i32 = 256 * 1024;
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// How long a broker may gather an answer.
const GATHER_MS: i32 = 250;
/// Empty answers in a row after which nothing more is expected of a partition.
const EMPTY_MAX: u32 = 4;

/// A record to write, or one read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Decides over the partition and what compaction keeps.
    pub key: String,
    /// The bytes.
    pub value: Vec<u8>,
}

/// Why Kafka could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// User name or password cannot be had.
    #[error("cannot log in to Kafka")]
    Login(#[from] SecretError),
    /// The client library's error.
    #[error("cannot {action}")]
    Client {
        /// What was tried.
        action: String,
        /// What the library says.
        #[source]
        source: Box<ClientError>,
    },
    /// Nothing came back.
    #[error("cannot {action}: no answer for {} seconds", DEADLINE.as_secs())]
    Silent {
        /// What was tried.
        action: String,
    },
    /// There is no such topic, or this user may not see it.
    #[error("Kafka shows no topic {topic} to this user")]
    NoTopic {
        /// The topic.
        topic: String,
    },
}

/// A connection to Kafka, made when it is first needed and made anew after a
/// failure.
#[derive(Debug)]
pub struct Kafka {
    config: config::Kafka,
    client: Option<Client>,
    topics: BTreeMap<String, Vec<PartitionClient>>,
}

impl Kafka {
    /// Connects to nothing yet.
    pub fn new(config: config::Kafka) -> Self {
        Self { config, client: None, topics: BTreeMap::new() }
    }

    /// Writes the messages in their order; returns when all replicas that are
    /// in sync have them. A failure leaves unknown which of them were written.
    pub async fn produce(&mut self, topic: &str, messages: &[Message]) -> Result<(), KafkaError> {
        let now = DateTime::from_timestamp_millis(time::now()).unwrap_or_default();
        self.with(topic, format!("write to {topic}"), async |partitions| {
            let mut batches: Vec<Vec<Record>> = vec![Vec::new(); partitions.len()];
            for message in messages {
                let batch = partition_of(message.key.as_bytes(), partitions.len());
                batches[batch].push(Record {
                    key: Some(message.key.clone().into_bytes()),
                    value: Some(message.value.clone()),
                    headers: BTreeMap::new(),
                    timestamp: now,
                });
            }
            for (partition, batch) in partitions.iter().zip(batches) {
                partition.produce(batch, Compression::NoCompression).await?;
            }
            Ok(())
        })
        .await
    }

    /// All that `topic` holds, the oldest first in each partition.
    pub async fn read(&mut self, topic: &str) -> Result<Vec<Message>, KafkaError> {
        self.with(topic, format!("read {topic}"), async |partitions| {
            let mut messages = Vec::new();
            for partition in partitions {
                read_partition(partition, &mut messages).await?;
            }
            Ok(messages)
        })
        .await
    }

    /// How many records `topic` ever got.
    pub async fn written(&mut self, topic: &str) -> Result<u64, KafkaError> {
        self.with(topic, format!("ask for the end of {topic}"), async |partitions| {
            let mut sum = 0;
            for partition in partitions {
                sum += partition.get_offset(OffsetAt::Latest).await?.max(0).cast_unsigned();
            }
            Ok(sum)
        })
        .await
    }

    /// Runs `act` on the topic's partitions within the deadline.
    async fn with<T>(
        &mut self,
        topic: &str,
        action: String,
        act: impl AsyncFnOnce(&[PartitionClient]) -> Result<T, ClientError>,
    ) -> Result<T, KafkaError> {
        let work = async {
            let partitions = self.partitions(topic).await?;
            act(partitions).await.map_err(|source| KafkaError::Client {
                action: action.clone(),
                source: Box::new(source),
            })
        };
        let result = tokio::time::timeout(DEADLINE, work).await;
        let result = result.unwrap_or(Err(KafkaError::Silent { action }));
        if result.is_err() {
            // What is left of a broken connection helps nobody.
            self.topics.clear();
            self.client = None;
        }
        result
    }

    async fn partitions(&mut self, topic: &str) -> Result<&[PartitionClient], KafkaError> {
        if !self.topics.contains_key(topic) {
            let client = match self.client.take() {
                Some(client) => client,
                None => connect(&self.config).await?,
            };
            let partitions = open(&client, topic).await?;
            self.client = Some(client);
            self.topics.insert(topic.to_owned(), partitions);
        }
        Ok(self.topics.get(topic).map_or(&[], Vec::as_slice))
    }
}

async fn connect(config: &config::Kafka) -> Result<Client, KafkaError> {
    let mut builder = ClientBuilder::new(config.bootstrap.clone())
        .client_id("terrarium-source")
        .max_message_size(ANSWER_MAX)
        .backoff_config(BackoffConfig {
            init_backoff: Duration::from_millis(250),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
            deadline: Some(TRYING),
        });
    // Read at each connection: a password may have been changed.
    if let Some((user, password)) = &config.login {
        let (user, password) = (Secret::read(user)?, Secret::read(password)?);
        builder = builder.sasl_config(SaslConfig::ScramSha512(Credentials::new(
            user.reveal().to_owned(),
            password.reveal().to_owned(),
        )));
    }
    builder.build().await.map_err(|source| KafkaError::Client {
        action: format!("connect to Kafka at {}", config.bootstrap.join(", ")),
        source: Box::new(source),
    })
}

async fn open(client: &Client, topic: &str) -> Result<Vec<PartitionClient>, KafkaError> {
    let failed = |source| KafkaError::Client {
        action: format!("look up topic {topic}"),
        source: Box::new(source),
    };
    let topics = client.list_topics().await.map_err(failed)?;
    let found = topics.into_iter().find(|found| found.name == topic);
    let found = found.filter(|found| !found.partitions.is_empty());
    let Some(found) = found else {
        return Err(KafkaError::NoTopic { topic: topic.to_owned() });
    };
    let mut partitions = Vec::new();
    for partition in found.partitions {
        let unknown = UnknownTopicHandling::Error;
        let opened = client.partition_client(topic, partition, unknown).await.map_err(failed)?;
        partitions.push(opened);
    }
    Ok(partitions)
}

async fn read_partition(
    partition: &PartitionClient,
    messages: &mut Vec<Message>,
) -> Result<(), ClientError> {
    let mut next = partition.get_offset(OffsetAt::Earliest).await?;
    let end = partition.get_offset(OffsetAt::Latest).await?;
    let mut empty = 0;
    while next < end && empty < EMPTY_MAX {
        let (records, _) = partition.fetch_records(next, 1..FETCH, GATHER_MS).await?;
        let Some(last) = records.last() else {
            empty += 1;
            continue;
        };
        empty = 0;
        next = last.offset + 1;
        messages.extend(records.into_iter().filter_map(|found| {
            let key = String::from_utf8(found.record.key?).ok()?;
            Some(Message { key, value: found.record.value.unwrap_or_default() })
        }));
    }
    Ok(())
}
