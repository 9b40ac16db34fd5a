//! What pods and their containers use, under cAdvisor's names.
//!
//! The series are of containers; a pod's own would count everything twice for
//! whoever sums them up.

mod devices;
mod families;

use super::Collector;
use crate::cgroup::{Index, Pod, Shared};
use crate::encoder::Encoder;
use crate::failure::Failure;
use crate::settings::Settings;
use devices::Devices;
pub use families::{CONTAINERS, FAILURES, IO, NETWORK};

/// Encodes what was read of the pods.
pub fn encode<'n>(
    pods: &[Pod],
    device: impl Fn((u32, u32)) -> Option<&'n [u8]>,
    out: &mut Encoder,
) {
    let containers = || pods.iter().flat_map(|pod| &pod.containers).filter(|found| found.present);
    for (family, value) in &CONTAINERS {
        let mut opened = false;
        for container in containers() {
            let Some(value) = value(container) else { continue };
            families::open_once(&mut opened, family, out);
            out.bare(&[family.name.as_bytes(), &container.labels], value);
        }
    }
    let mut opened = false;
    for container in containers() {
        let Some(parts) = container.readings.memory_parts else { continue };
        families::open_once(&mut opened, &FAILURES, out);
        for (kind, number) in [(&b"pgfault"[..], parts.faults), (b"pgmajfault", parts.major_faults)]
        {
            let kind: [&[u8]; 3] = [b",failure_type=\"", kind, b"\",scope=\"hierarchy\"}"];
            families::with_more(&FAILURES, &container.labels, kind, number, out);
        }
    }
    for (family, value) in &IO {
        let mut opened = false;
        for container in containers() {
            for io in &container.readings.io {
                let Some(name) = device(io.device) else { continue };
                families::open_once(&mut opened, family, out);
                let more: [&[u8]; 3] = [b",device=\"/dev/", name, b"\"}"];
                families::with_more(family, &container.labels, more, value(io), out);
            }
        }
    }
    for (index, family) in NETWORK.iter().enumerate() {
        let mut opened = false;
        for interface in pods.iter().flat_map(|pod| &pod.network.interfaces) {
            families::open_once(&mut opened, family, out);
            out.bare(&[family.name.as_bytes(), &interface.labels], interface.counters[index]);
        }
    }
}

/// The collector.
#[derive(Debug)]
pub struct Pods {
    index: Shared,
    devices: Devices,
}

impl Pods {
    /// Shows what is in the index, which it keeps current.
    pub fn new(settings: &Settings, index: &Shared) -> Self {
        Self { index: Shared::clone(index), devices: Devices::new(&settings.sysfs) }
    }

    fn collect_from(
        &mut self,
        index: &mut Index,
        scratch: &mut Vec<u8>,
        out: &mut Encoder,
    ) -> Result<(), Failure> {
        let current = index.refresh();
        let read = index.read(scratch);
        let containers = index.pods().iter().flat_map(|pod| &pod.containers);
        let used = containers.flat_map(|container| &container.readings.io);
        self.devices.learn(used.map(|io| io.device));
        encode(index.pods(), |device| self.devices.name(device), out);
        current.and(read)
    }
}

impl Collector for Pods {
    fn name(&self) -> &'static str {
        "pods"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let index = Shared::clone(&self.index);
        // Whoever panicked with the index has left numbers, no more.
        let mut index = index.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.collect_from(&mut index, scratch, out)
    }
}
