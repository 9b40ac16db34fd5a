//! A kubelet's configuration from its command line, `kubelet-arg` in k3s.

use super::{KubeletConfig, Threshold};
use crate::model::Resources;
use crate::quantity;

/// An argument the kubelet would not start with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("kubelet-arg `{arg}`: {problem}")]
pub struct ArgError {
    /// The argument.
    pub arg: String,
    /// What was expected and what was found.
    pub problem: String,
}

/// What eviction may watch.
const SIGNALS: [&str; 9] = [
    "memory.available",
    "nodefs.available",
    "nodefs.inodesFree",
    "imagefs.available",
    "imagefs.inodesFree",
    "containerfs.available",
    "containerfs.inodesFree",
    "pid.available",
    "allocatableMemory.available",
];

impl KubeletConfig {
    /// k3s' defaults with these arguments, each `name=value`. Those that leave
    /// what pods may have as it is are passed over.
    ///
    /// # Errors
    /// [`ArgError`]: the first argument that is malformed.
    pub fn with_args(args: &[String]) -> Result<Self, ArgError> {
        let mut config = Self::default();
        let mut evicts = false;
        for arg in args {
            let wrong = |problem| ArgError { arg: arg.clone(), problem };
            let (name, value) = arg.trim_start_matches('-').split_once('=').unwrap_or((arg, ""));
            match name {
                "kube-reserved" => reserve(value, &mut config.kube_reserved).map_err(wrong)?,
                "system-reserved" => reserve(value, &mut config.system_reserved).map_err(wrong)?,
                "max-pods" => {
                    config.max_pods = value
                        .parse()
                        .map_err(|_| wrong(format!("expected a number, found `{value}`")))?;
                }
                "eviction-hard" => {
                    // The first one takes the place of all thresholds there are.
                    if !std::mem::replace(&mut evicts, true) {
                        (config.memory_available, config.nodefs_available) = (None, None);
                    }
                    for (signal, value) in pairs(value, '<').map_err(wrong)? {
                        let threshold = threshold(signal, value).map_err(wrong)?;
                        match signal {
                            "memory.available" => config.memory_available = threshold,
                            "nodefs.available" => config.nodefs_available = threshold,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(config)
    }
}

/// `a=1,b=2`, with `=` or what stands for it.
fn pairs(text: &str, between: char) -> Result<Vec<(&str, &str)>, String> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (key, value) = part
                .split_once(between)
                .ok_or_else(|| format!("expected name{between}value, found `{part}`"))?;
            Ok((key.trim(), value.trim()))
        })
        .collect()
}

fn reserve(text: &str, into: &mut Resources) -> Result<(), String> {
    for (name, value) in pairs(text, '=')? {
        let read = if name == "cpu" { quantity::milli(value) } else { quantity::units(value) };
        let amount = read.map_err(|error| error.to_string())?;
        match name {
            "cpu" => into.cpu_milli = amount,
            "memory" => into.memory_bytes = amount,
            "ephemeral-storage" => into.ephemeral_bytes = amount,
            // Processes are nothing pods ask for.
            "pid" => {}
            other => {
                return Err(format!(
                    "expected cpu, memory, ephemeral-storage or pid, found `{other}`"
                ));
            }
        }
    }
    Ok(())
}

/// The threshold of a signal; none when it is switched off.
pub(super) fn threshold(signal: &str, value: &str) -> Result<Option<Threshold>, String> {
    if !SIGNALS.contains(&signal) {
        return Err(format!("expected one of {}, found `{signal}`", SIGNALS.join(", ")));
    }
    if matches!(value, "0%" | "100%") {
        return Ok(None);
    }
    if value.ends_with('%') {
        let number: Option<f32> = value.trim_end_matches('%').parse().ok();
        return match number.map(|per_cent| per_cent / 100.0) {
            Some(share) if (0.0..=1.0).contains(&share) => Ok(Some(Threshold::Share(share))),
            _ => Err(format!("{signal}: expected 0% to 100%, found `{value}`")),
        };
    }
    match quantity::units(value) {
        Ok(0) => Err(format!("{signal}: expected more than nothing, found `{value}`")),
        Ok(bytes) => Ok(Some(Threshold::Amount(bytes))),
        Err(error) => Err(format!("{signal}: {error}")),
    }
}
