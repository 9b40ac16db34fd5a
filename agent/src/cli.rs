//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::address::Address;
use crate::collector::Roots;

/// Serves this host's metrics to Prometheus.
#[derive(Debug, Clone, Parser)]
#[command(name = "terrarium-agent", version, about)]
pub struct Args {
    /// Where to listen: host:port (IPv6 in brackets), or :port for every address.
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = ":9100")]
    pub listen: Address,
    /// Where procfs is mounted.
    #[arg(long = "path.procfs", value_name = "DIR", default_value = "/proc")]
    pub procfs: PathBuf,
    /// Where sysfs is mounted.
    #[arg(long = "path.sysfs", value_name = "DIR", default_value = "/sys")]
    pub sysfs: PathBuf,
    /// Where the host's root file system is mounted.
    #[arg(long = "path.rootfs", value_name = "DIR", default_value = "/")]
    pub rootfs: PathBuf,
    /// A folder of files `*.prom` with metrics to pass on; none without it.
    #[arg(long = "collector.textfile.directory", value_name = "DIR")]
    pub textfiles: Option<PathBuf>,
}

impl Args {
    /// What the collectors read.
    pub fn roots(&self) -> Roots {
        Roots {
            procfs: self.procfs.clone(),
            sysfs: self.sysfs.clone(),
            rootfs: self.rootfs.clone(),
            textfiles: self.textfiles.clone(),
        }
    }
}
