//! What the agent is asked to collect, and from where.

use std::path::PathBuf;

use regex_lite::Regex;

/// Everything the collectors are told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where procfs is mounted.
    pub procfs: PathBuf,
    /// Where sysfs is mounted.
    pub sysfs: PathBuf,
    /// The host's root file system; mount points and the kubelet's folders are
    /// looked up below it.
    pub rootfs: PathBuf,
    /// The folders in which others leave metrics, or patterns for them.
    pub textfiles: Vec<PathBuf>,
    /// Which collectors run.
    pub switches: Switches,
    /// Interfaces, for both collectors of them.
    pub interfaces: Filter,
    /// Block devices.
    pub disks: Filter,
    /// Mount points.
    pub mounts: Filter,
    /// Types of file systems.
    pub fstypes: Filter,
    /// systemd's units.
    pub units: Filter,
}

impl Default for Settings {
    /// This host, with the collectors that are on by default.
    fn default() -> Self {
        Self {
            procfs: PathBuf::from("/proc"),
            sysfs: PathBuf::from("/sys"),
            rootfs: PathBuf::from("/"),
            textfiles: Vec::new(),
            switches: Switches::default(),
            interfaces: Filter::default(),
            disks: Filter::default(),
            mounts: Filter::default(),
            fstypes: Filter::default(),
            units: Filter::default(),
        }
    }
}

/// Collectors switched on and off by name.
#[derive(Debug, Clone, Default)]
pub struct Switches {
    /// Those on by default are off unless switched on.
    pub disable_defaults: bool,
    /// Switched on.
    pub on: Vec<&'static str>,
    /// Switched off.
    pub off: Vec<&'static str>,
}

impl Switches {
    /// Whether a collector runs that by itself is `by_default`.
    pub fn runs(&self, name: &str, by_default: bool) -> bool {
        self.on.contains(&name) || by_default && !self.disable_defaults && !self.off.contains(&name)
    }
}

/// Which devices are shown: what the operator said, or the collector's own mind.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those that match.
    pub include: Option<Regex>,
    /// Not those that match.
    pub exclude: Option<Regex>,
}

impl Filter {
    /// Whether a device is shown; `own` decides where the operator said nothing.
    pub fn keeps(&self, name: &[u8], own: impl FnOnce() -> bool) -> bool {
        if self.include.is_none() && self.exclude.is_none() {
            return own();
        }
        let Ok(name) = str::from_utf8(name) else { return false };
        let included = self.include.as_ref().is_none_or(|include| include.is_match(name));
        included && !self.exclude.as_ref().is_some_and(|exclude| exclude.is_match(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_one_collector_wins_over_what_is_said_of_all() {
        let mut switches = Switches { on: vec!["cpu"], off: vec!["time"], ..Switches::default() };
        let runs = |switches: &Switches| {
            [("cpu", false), ("stat", true), ("stat", false), ("time", true)]
                .map(|(name, by_default)| switches.runs(name, by_default))
        };
        assert_eq!(runs(&switches), [true, true, false, false]);
        switches.disable_defaults = true;
        assert_eq!(runs(&switches), [true, false, false, false]);
    }

    #[test]
    fn a_filter_replaces_the_collectors_own_mind() {
        let regex = |text| Some(Regex::new(text).unwrap());
        let exclude = Filter { include: None, exclude: regex("^(veth|cali)") };
        let include = Filter { include: regex("^eth"), exclude: None };
        for (name, own, by_exclude, by_include) in
            [("eth0", false, true, true), ("veth1", true, false, false), ("lo", true, true, false)]
        {
            assert_eq!(Filter::default().keeps(name.as_bytes(), || own), own, "{name}");
            assert_eq!(exclude.keeps(name.as_bytes(), || own), by_exclude, "{name}");
            assert_eq!(include.keeps(name.as_bytes(), || own), by_include, "{name}");
        }
        assert!(!exclude.keeps(b"\xff", || true));
    }
}
