//! One board, as its file under `boards/` describes it.

use serde::{Deserialize, Serialize};

use crate::figure::{Figure, Interval};

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
    /// Memory as sold, in MiB.
    pub memory_mib: Figure<u32>,
    /// The current its power supply has to give at 5 V, in mA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_milliamperes: Option<Figure<u32>>,
    /// Power drawn with nothing to do, in mW.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_milliwatts: Option<Interval>,
    /// Power drawn with all cores busy, in mW; disks and other USB devices add
    /// their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_milliwatts: Option<Interval>,
    /// How it gets on the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Figure<String>>,
    /// What it can boot from and keep volumes on, as fast as its bus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<Figure<Vec<String>>>,
    /// The kernels that boot on it, the image's default first; never empty.
    pub kernels: Vec<Kernel>,
}

/// A kernel of the board's image: it decides on pages, addresses and memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kernel {
    /// Its file on the boot partition, for example `kernel8.img`.
    pub image: String,
    /// Page size in bytes.
    pub page_bytes: Figure<u32>,
    /// Width of a process's addresses. Some allocators assume 48.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_address_bits: Option<Figure<u32>>,
    /// `MemTotal`, in MiB: what the firmware and the kernel's own structures
    /// leave.
    pub usable_mib: Interval,
}

impl Board {
    /// Whether a node whose device tree says `model` can be this board.
    ///
    /// The NUL that ends a device-tree string may still be there.
    pub fn has_model(&self, model: &str) -> bool {
        self.model_prefixes.value.iter().any(|prefix| model.starts_with(prefix.as_str()))
    }

    /// `MemTotal` in MiB under the image's default kernel.
    pub fn usable_mib(&self) -> &Interval {
        &self.kernels[0].usable_mib
    }

    /// As a board file.
    pub fn to_toml(&self) -> String {
        // Strings, numbers and tables of them: there is nothing TOML cannot say.
        toml::to_string(self).unwrap_or_else(|error| unreachable!("not TOML: {error}"))
    }

    /// Every interval, with the field it stands in.
    pub(crate) fn intervals(&self) -> impl Iterator<Item = (&'static str, &Interval)> {
        let usable = self.kernels.iter().map(|kernel| ("kernels.usable_mib", &kernel.usable_mib));
        let idle = self.idle_milliwatts.iter().map(|idle| ("idle_milliwatts", idle));
        let load = self.load_milliwatts.iter().map(|load| ("load_milliwatts", load));
        usable.chain(idle).chain(load)
    }
}
