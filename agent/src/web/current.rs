//! The configuration in force: read again when one of its files changed, so
//! that certificates are renewed and passwords changed without a restart.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use prometheus::{Gauge, IntGauge, Registry};

use super::{Web, WebError};

/// How often the files are looked at, while there are requests. Without one
/// nothing is looked at: a quiet agent sleeps.
const INTERVAL: Duration = Duration::from_secs(1);

/// What tells one content of a file from the next; none while it is not there.
pub(super) type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// The configuration in force.
#[derive(Debug)]
pub struct Current {
    path: PathBuf,
    held: Mutex<Held>,
    successful: IntGauge,
    succeeded: Gauge,
}

#[derive(Debug)]
struct Held {
    web: Arc<Web>,
    looked: Instant,
    /// What the last attempt said, if it failed.
    fault: Option<String>,
}

/// Why there is nothing to begin with.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Web(#[from] WebError),
    /// Its metrics could not be registered.
    #[error("cannot register the web configuration's metrics")]
    Register(#[from] prometheus::Error),
}

impl Current {
    /// Loads the file, and registers how that goes.
    ///
    /// # Errors
    /// At the start a file that cannot be used is an error; later on the last
    /// one that could be stays in force.
    pub fn start(path: &Path, registry: &Registry) -> Result<Self, StartError> {
        let name = |end: &str| format!("terrarium_agent_web_config_last_reload_{end}");
        let successful = IntGauge::new(
            name("successful"),
            "1 if the web configuration could be used when it was read last.",
        )?;
        let succeeded = Gauge::new(
            name("success_timestamp_seconds"),
            "When the web configuration was read and used last, as Unix time.",
        )?;
        registry.register(Box::new(successful.clone()))?;
        registry.register(Box::new(succeeded.clone()))?;
        let web = Arc::new(Web::load(path)?);
        let held = Held { web, looked: Instant::now(), fault: None };
        let current = Self { path: path.to_owned(), held: Mutex::new(held), successful, succeeded };
        current.note_success();
        Ok(current)
    }

    /// The configuration for one connection or request.
    pub fn get(&self) -> Arc<Web> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.looked.elapsed() >= INTERVAL {
            held.looked = Instant::now();
            self.look(&mut held);
        }
        Arc::clone(&held.web)
    }

    /// Loads anew what changed, and what failed: the files that are wrong may
    /// be other than those in force.
    fn look(&self, held: &mut Held) {
        let same = held.web.files.iter().all(|(file, was)| stamp(file) == *was);
        if same && held.fault.is_none() {
            return;
        }
        match Web::load(&self.path) {
            Ok(web) => {
                held.web = Arc::new(web);
                held.fault = None;
                self.note_success();
            }
            Err(error) => {
                self.successful.set(0);
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                let said = format!("{error}{}", cause.unwrap_or_default());
                // Once for each fault: the journal is on flash.
                if held.fault.as_ref() != Some(&said) {
                    let _ = writeln!(
                        std::io::stderr(),
                        "the web configuration stays as it was: {said}"
                    );
                }
                held.fault = Some(said);
            }
        }
    }

    fn note_success(&self) {
        self.successful.set(1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.succeeded.set(now.as_secs_f64());
    }
}

/// Taken before a file is read: a change in between is seen the next time.
pub(super) fn stamp(file: &Path) -> Stamp {
    let about = fs::metadata(file).ok()?;
    Some((about.dev(), about.ino(), about.size(), about.mtime(), about.mtime_nsec()))
}
