//! The configuration as it is in force: read at the start, and again when the
//! agent is told to (SIGHUP). A file that is broken changes nothing.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::{Gauge, IntGauge, Registry};

use super::Config;
use crate::probe::Prober;

/// The file, and what it set in motion.
#[derive(Debug)]
pub struct Live {
    path: PathBuf,
    prober: Prober,
    successful: IntGauge,
    timestamp: Gauge,
}

impl Live {
    /// Nothing is read yet; whether it was, is told in `registry`.
    ///
    /// # Errors
    /// Only when two metrics have the same name.
    pub fn new(
        path: PathBuf,
        prober: Prober,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        let successful = IntGauge::new(
            "terrarium_agent_config_last_reload_successful",
            "1 if the configuration was in order when it was read last.",
        )?;
        let timestamp = Gauge::new(
            "terrarium_agent_config_last_reload_success_timestamp_seconds",
            "When the configuration in force was read, in seconds since 1970.",
        )?;
        registry.register(Box::new(successful.clone()))?;
        registry.register(Box::new(timestamp.clone()))?;
        Ok(Self { path, prober, successful, timestamp })
    }

    /// Reads the file. If it is in order, it is in force; else one line says
    /// why it is not. Wants a runtime.
    pub fn reload(&mut self) {
        let read = Config::read(&self.path);
        self.successful.set(read.is_ok().into());
        match read {
            Ok(config) => {
                self.prober.set(config.probes);
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                self.timestamp.set(now.map_or(0.0, |now| now.as_secs_f64()));
            }
            Err(error) => {
                // With standard error gone there is nobody left to tell.
                let _ = writeln!(
                    std::io::stderr(),
                    "{error}; the earlier configuration, if any, stays in force"
                );
            }
        }
    }

    /// The probes that are made.
    pub fn prober(&self) -> &Prober {
        &self.prober
    }
}
