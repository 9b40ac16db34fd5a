//! The schema registry, over its Confluent-compatible API.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::topic::Topic;

/// How long the registry may take to answer.
const DEADLINE: Duration = Duration::from_secs(20);
/// Bytes an answer may have.
const ANSWER_MAX: u64 = 64 * 1024;

/// Why a schema could not be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry cannot be reached.
    #[error("cannot ask the schema registry at {url}")]
    Ask {
        /// What was asked.
        url: String,
        /// What the HTTP client says.
        #[source]
        source: Box<ureq::Error>,
    },
    /// It refuses the schema.
    #[error("the schema registry at {url} answers {status}: {message}")]
    Refused {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// The beginning of the answer.
        message: String,
    },
    /// It answers something else than a number.
    #[error("the schema registry at {url} answers without the schema's number")]
    Answer {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The thread that asked is gone.
    #[error("asking the schema registry was interrupted")]
    Interrupted,
}

#[derive(Deserialize)]
struct Registered {
    id: u32,
}

/// The numbers the registry gave to the topics' schemas.
#[derive(Debug)]
pub struct Registry {
    url: String,
    agent: ureq::Agent,
    known: BTreeMap<Topic, u32>,
}

impl Registry {
    /// Asks nothing yet.
    pub fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(DEADLINE))
            .user_agent(crate::github::USER_AGENT)
            .build();
        Self { url: url.to_owned(), agent: config.into(), known: BTreeMap::new() }
    }

    /// The number of the topic's schema. Registering what is registered gives
    /// the same number again.
    pub async fn schema(&mut self, topic: Topic) -> Result<u32, RegistryError> {
        if let Some(id) = self.known.get(&topic) {
            return Ok(*id);
        }
        let url = format!("{}/subjects/{}-value/versions", self.url, topic.name());
        let agent = self.agent.clone();
        let asked = tokio::task::spawn_blocking(move || register(&agent, &url, topic)).await;
        let id = asked.map_err(|_| RegistryError::Interrupted)??;
        self.known.insert(topic, id);
        Ok(id)
    }
}

fn register(agent: &ureq::Agent, url: &str, topic: Topic) -> Result<u32, RegistryError> {
    let failed = |source| RegistryError::Ask { url: url.to_owned(), source: Box::new(source) };
    let body = serde_json::json!({ "schema": topic.schema(), "schemaType": "AVRO" }).to_string();
    let request = agent.post(url).header("Content-Type", "application/vnd.schemaregistry.v1+json");
    let mut response = request.send(body).map_err(failed)?;
    let status = response.status();
    let body = response.body_mut().with_config().limit(ANSWER_MAX).read_to_string();
    let body = body.map_err(failed)?;
    if !status.is_success() {
        let message: String = body.chars().filter(|c| !c.is_control()).take(300).collect();
        let (url, status) = (url.to_owned(), status.as_u16());
        return Err(RegistryError::Refused { url, status, message });
    }
    let registered: Registered = serde_json::from_str(&body)
        .map_err(|source| RegistryError::Answer { url: url.to_owned(), source })?;
    Ok(registered.id)
}
