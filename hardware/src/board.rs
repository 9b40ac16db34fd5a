//! One board, as its file under `boards/` describes it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A value together with how we know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure<T> {
    /// The value; the field's name carries the unit.
    pub value: T,
    /// How well it is known.
    pub kind: Kind,
    /// Where it was read: a document, a thread, or the reasoning behind it.
    pub source: Cow<'static, str>,
}

/// How well a figure is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The maker says so.
    Documented,
    /// Somebody read it off this board.
    Measured,
    /// Derived or believed; nobody measured it on this board.
    Estimate,
}

impl Kind {
    /// The word used in board files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Measured => "measured",
            Self::Estimate => "estimate",
        }
    }
}

/// One board of the catalogue: a model with one size of memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// Its id in `pis.toml`, for example `pi5-8gb`.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// How `/proc/device-tree/model` begins on it. Boards that differ only in
    /// memory share their prefixes.
    pub model_prefixes: Figure<Vec<String>>,
    /// The system on chip.
    pub soc: Figure<String>,
    /// CPU cores.
    pub cores: Figure<u32>,
    /// The Arm architecture level its cores implement: `armv8.0-a`, `armv8.2-a`.
    pub arch_level: Figure<String>,
    /// Page sizes in bytes its kernels offer, the image's default first.
    pub page_sizes: Figure<Vec<u32>>,
    /// Memory as sold, in MiB.
    pub memory_mib: Figure<u32>,
    /// `MemTotal` under the image's default kernel, in MiB: what the firmware
    /// and the kernel's own structures leave.
    pub usable_mib: Figure<u32>,
}

impl Board {
    /// Whether a node whose device tree says `model` can be this board.
    ///
    /// The NUL that ends a device-tree string may still be there.
    pub fn has_model(&self, model: &str) -> bool {
        self.model_prefixes.value.iter().any(|prefix| model.starts_with(prefix.as_str()))
    }
}
