//! The Pi's own troubles, and who suffers from them: a service is slow where its
//! board is, and no figure of Kubernetes says so.

use super::answer::Cause;
use super::join::PodUse;
use super::snapshot::{Disk, Flag, Probe, Snapshot};
use crate::fit::words::mib;

/// Degrees from which a Pi slows itself down.
const HOT: f64 = 80.0;
/// A card that takes longer for a write, on average, is what all wait for.
const SLOW_WRITE: f64 = 0.05;
/// A card that has used up more of its life should be replaced soon.
const WORN: f64 = 0.8;
/// Swap in use that is worth a word.
const SWAP: f64 = 64.0 * 1024.0 * 1024.0;
/// Shares of time a container waits from which on it is called suffering.
const WAITS: f64 = 0.2;
const WAITS_FOR_MEMORY: f64 = 0.05;
/// Seconds from which on an answer is late.
const LATE: f64 = 1.0;

/// What containers wait for where the cause is at work.
#[derive(Debug, Clone, Copy)]
enum Effect {
    Cpu,
    Io,
    Memory,
}

/// The troubles of a node with these pods.
pub(crate) fn causes(snapshot: &Snapshot, pods: &[&PodUse]) -> Vec<Cause> {
    let cause = |about, effect, what: String, hint: &str| Cause {
        about,
        what,
        hint: hint.to_owned(),
        suffer: suffer(effect, &snapshot.probes, pods),
    };
    let node = &snapshot.node;
    let mut causes = Vec::new();
    if let Some(what) = flagged(snapshot, &[Flag::UnderVoltage], "too little voltage") {
        let hint = "use a stronger power supply and a shorter cable";
        causes.push(cause("voltage", Effect::Cpu, what, hint));
    }
    let slowed = [Flag::Throttled, Flag::FrequencyCapped, Flag::SoftTemperatureLimit];
    let heat = flagged(snapshot, &slowed, "the firmware slows it down");
    let degrees = node.pi.temperature_celsius.filter(|degrees| *degrees >= HOT);
    match (heat, degrees) {
        (None, None) => {}
        (heat, degrees) => {
            let degrees = degrees.map(|degrees| format!("it has {degrees:.0} °C"));
            let what: Vec<String> = heat.into_iter().chain(degrees).collect();
            let hint = "cool it: a heat sink or a fan";
            causes.push(cause("heat", Effect::Cpu, what.join("; "), hint));
        }
    }
    for disk in &node.disks {
        causes.extend(card(disk).map(|(what, hint)| cause("card", Effect::Io, what, hint)));
    }
    let swap = node.history.as_ref().and_then(|history| history.swap_bytes);
    if let Some(swap) = swap.filter(|swap| swap.p95 >= SWAP) {
        let what = format!("{} are swapped out", mib(super::snapshot::whole(swap.p95)));
        causes.push(cause("swap", Effect::Memory, what, "leave something out, or move it"));
    }
    causes
}

/// Says when a flag of the firmware is set: now, or since the node started.
fn flagged(snapshot: &Snapshot, flags: &[Flag], what: &str) -> Option<String> {
    let set = |list: &Option<Vec<Flag>>| list.iter().flatten().any(|flag| flags.contains(flag));
    let pi = &snapshot.node.pi;
    if set(&pi.throttled_now) {
        Some(format!("{what}, now"))
    } else {
        set(&pi.throttled_since_boot).then(|| format!("{what}, at times since it was switched on"))
    }
}

fn card(disk: &Disk) -> Option<(String, &'static str)> {
    let name = if disk.kind == "sd" { "the card" } else { "the disk" };
    let worn = disk.life_used.filter(|used| *used >= WORN);
    let slow = disk.write_latency_seconds.filter(|seconds| *seconds >= SLOW_WRITE);
    let worn = worn.map(|used| format!("{:.0} % of its life are used up", used * 100.0));
    let slow = slow.map(|seconds| format!("a write takes {:.0} ms", seconds * 1000.0));
    let hint = match (&worn, disk.kind.as_str()) {
        (Some(_), _) => "copy it to a new one before it fails",
        (None, "sd") => "put volumes on an SSD, or take an A2 card",
        (None, _) => "see what else writes to it",
    };
    let what: Vec<String> = slow.into_iter().chain(worn).collect();
    (!what.is_empty()).then(|| (format!("{name} {}: {}", disk.device, what.join("; ")), hint))
}

/// The services among them that wait for what the cause makes scarce, or whose
/// probes fail or answer late.
fn suffer(effect: Effect, probes: &[Probe], pods: &[&PodUse]) -> Vec<String> {
    let waits = |pod: &PodUse| {
        let (pressure, least) = match effect {
            Effect::Cpu => (pod.pressure.cpu, WAITS),
            Effect::Io => (pod.pressure.io, WAITS),
            Effect::Memory => (pod.pressure.memory, WAITS_FOR_MEMORY),
        };
        pressure.is_some_and(|(p95, _)| p95 >= least)
    };
    let late = |service: &str| {
        probes.iter().any(|probe| {
            probe.service == service && (!probe.success || probe.duration_seconds >= LATE)
        })
    };
    let mut services: Vec<String> = pods
        .iter()
        .filter(|pod| waits(pod) || late(&pod.pod.service))
        .map(|pod| pod.pod.service.clone())
        .collect();
    services.sort_unstable();
    services.dedup();
    services
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::snapshot;

    fn snapshot(node: &str, probes: &str) -> Snapshot {
        let json = format!(r#"{{"version":1,"node":{{"cpus":4,{node}}},"probes":[{probes}]}}"#);
        snapshot::parse(json.as_bytes()).unwrap()
    }

    fn pod(service: &str, cpu: f64, io: f64) -> PodUse {
        let mut pod = PodUse::default();
        pod.pod.service = service.to_owned();
        pod.pressure.cpu = Some((cpu, cpu));
        pod.pressure.io = Some((io, io));
        pod
    }

    fn told(node: &str, probes: &str) -> Vec<(&'static str, String, Vec<String>)> {
        let pods = [pod("kafka", 0.0, 0.5), pod("redis", 0.3, 0.0), pod("grafana", 0.0, 0.0)];
        let pods: Vec<&PodUse> = pods.iter().collect();
        let found = causes(&snapshot(node, probes), &pods);
        found.into_iter().map(|cause| (cause.about, cause.what, cause.suffer)).collect()
    }

    #[test]
    fn each_trouble_names_the_services_that_suffer_from_it() {
        let voltage = r#""pi":{"throttled_now":["under_voltage"],"throttled_since_boot":[]}"#;
        let (about, what, suffer) = told(voltage, "").remove(0);
        assert_eq!((about, what.as_str()), ("voltage", "too little voltage, now"));
        assert_eq!(suffer, ["redis"]);

        let hot = r#""pi":{"temperature_celsius":83.4,"throttled_since_boot":["throttled"]}"#;
        let (about, what, _) = told(hot, "").remove(0);
        assert_eq!(about, "heat");
        let expected =
            "the firmware slows it down, at times since it was switched on; it has 83 °C";
        assert_eq!(what, expected);

        let card = r#""disks":[{"device":"mmcblk0","kind":"sd","write_latency_seconds":0.12,
            "life_used":0.9}]"#;
        let probe = r#"{"name":"grafana","service":"grafana","success":true,
            "duration_seconds":2.5,"failure":null}"#;
        let (about, what, suffer) = told(card, probe).remove(0);
        assert_eq!(about, "card");
        assert_eq!(what, "the card mmcblk0: a write takes 120 ms; 90 % of its life are used up");
        assert_eq!(suffer, ["grafana", "kafka"]);
    }

    #[test]
    fn a_node_that_is_well_has_no_troubles() {
        let well = r#""pi":{"temperature_celsius":55.0,"throttled_now":[],
            "throttled_since_boot":[]},"disks":[{"device":"nvme0n1","kind":"nvme",
            "write_latency_seconds":0.0004}]"#;
        assert_eq!(told(well, ""), []);
        assert_eq!(told(r#""pi":{"throttled_now":null}"#, ""), []);
    }
}
