//! `devices`, and `devices --once`.

use std::sync::Arc;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::{Failure, metrics, serving};
use crate::config::Config;
use crate::devices::{device, event, marked};
use crate::sink::Sink;
use crate::topic::Topic;

/// Writes a record now and then, going on where the topic ends.
pub(super) async fn flow(config: Config) -> Result<(), Failure> {
    let metrics = metrics()?;
    let mut sink = Sink::new(&config, Arc::clone(&metrics));
    let devices = config.devices.clone();
    let kept = Arc::clone(&metrics);
    let work = async move {
        sink.register(&[Topic::Devices]).await;
        let mut number = sink.written(Topic::Devices).await;
        kept.wait_for(None);
        let mut ticks = interval_at(Instant::now(), devices.every);
        // After a pause of Kafka's, what was missed is not made up for.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            sink.send(&[event(&device(devices.seed, number))]).await;
            number += 1;
        }
    };
    serving(&config, metrics, Box::pin(work)).await
}

/// Writes one record of this owner's.
pub(super) async fn once(config: Config, owner: &str) -> Result<(), Failure> {
    let mut sink = Sink::new(&config, metrics()?);
    sink.try_send(&[event(&marked(owner))]).await.map_err(Failure::Write)
}
