use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ArgError, KubeletConfig, Threshold, allocatable, exceeded, reserved};
use crate::model::Resources;
use crate::quantity::{milli, units};
use crate::tables::{differences, table};

const MIB: u64 = 1024 * 1024;

type Amounts = BTreeMap<String, String>;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    capacity: Amounts,
    kube_reserved: Amounts,
    system_reserved: Amounts,
    eviction_hard: BTreeMap<String, String>,
    /// What is kept, of what the capacity has.
    reserved: Option<Amounts>,
    allocatable: Option<Amounts>,
    starts: Option<bool>,
    /// Those that keep something; null when they are refused.
    thresholds: Option<BTreeMap<String, Kept>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kept {
    Bytes(u64),
    Share(f32),
}

fn resources(amounts: &Amounts) -> Resources {
    let get = |name: &str| amounts.get(name).map_or("0", String::as_str);
    Resources {
        cpu_milli: milli(get("cpu")).unwrap(),
        memory_bytes: units(get("memory")).unwrap(),
        ephemeral_bytes: units(get("ephemeral-storage")).unwrap(),
        ..Resources::default()
    }
}

/// The configuration as its flags say it.
fn config(case: &Case) -> Result<KubeletConfig, ArgError> {
    let joined = |pairs: &BTreeMap<String, String>, between: &str| {
        let pairs: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}{between}{value}")).collect();
        pairs.join(",")
    };
    KubeletConfig::with_args(&[
        format!("kube-reserved={}", joined(&case.kube_reserved, "=")),
        format!("system-reserved={}", joined(&case.system_reserved, "=")),
        format!("eviction-hard={}", joined(&case.eviction_hard, "<")),
    ])
}

fn difference(case: &Case) -> Option<String> {
    let capacity = resources(&case.capacity);
    let config = config(case);
    if case.capacity.is_empty() {
        let get = |name: &str| -> Option<Threshold> {
            case.thresholds.as_ref()?.get(name).map(|kept| match *kept {
                Kept::Bytes(bytes) => Threshold::Amount(bytes),
                Kept::Share(share) => Threshold::Share(share),
            })
        };
        let expected = case.thresholds.as_ref();
        let expected = expected.map(|_| (get("memory.available"), get("nodefs.available")));
        let seen = config.ok().map(|config| (config.memory_available, config.nodefs_available));
        return (seen != expected).then(|| format!("expected {expected:?}, seen {seen:?}"));
    }
    let config = config.unwrap();
    let starts = exceeded(&capacity, &config).is_none();
    if case.starts.is_some_and(|expected| expected != starts) {
        return Some(format!("starts: {starts}"));
    }
    let wrong = |expected: &Option<Amounts>, seen: &Resources| {
        let expected = expected.as_ref().map(resources)?;
        let mut names = case.capacity.keys();
        names
            .find(|name| expected.get(name) != seen.get(name))
            .map(|name| format!("{name}: expected {}, seen {}", expected.get(name), seen.get(name)))
    };
    wrong(&case.reserved, &reserved(&capacity, &config))
        .or_else(|| wrong(&case.allocatable, &allocatable(&capacity, &config)))
}

#[test]
fn the_kubelets_own_tables_agree() {
    let table = table(include_str!("../../tests/tables/kubelet.json"));
    let wrong = differences(&table, |case: &Case| (case.name.clone(), difference(case)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn args(args: &[&str]) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).collect()
}

#[test]
fn k3s_hands_out_all_memory_until_told_otherwise() {
    let capacity = Resources {
        cpu_milli: 4000,
        memory_bytes: 8000 * MIB,
        ephemeral_bytes: 100_000,
        pods: 110,
        ..Resources::default()
    };
    for (given, memory_mib, ephemeral, pods) in [
        (vec![], 8000, 95_000, 110),
        (vec!["eviction-hard=memory.available<100Mi"], 7900, 100_000, 110),
        (vec!["eviction-hard=memory.available<1%,nodefs.available<10%"], 7920, 90_000, 110),
        // Given twice, both count; given at all, what k3s had is gone.
        (
            vec!["eviction-hard=memory.available<100Mi", "eviction-hard=nodefs.available<1k"],
            7900,
            99_000,
            110,
        ),
        (vec!["system-reserved=memory=250Mi,pid=100", "max-pods=60"], 7750, 95_000, 60),
        (
            vec!["--kube-reserved=memory=1Gi", "eviction-soft=memory.available<2Gi"],
            6976,
            95_000,
            110,
        ),
        (vec!["kube-reserved=memory=9Gi"], 0, 95_000, 110),
    ] {
        let config = KubeletConfig::with_args(&args(&given)).unwrap();
        let seen = allocatable(&capacity, &config);
        assert_eq!(
            (seen.memory_bytes / MIB, seen.ephemeral_bytes, seen.pods),
            (memory_mib, ephemeral, pods),
            "{given:?}"
        );
    }
}

#[test]
fn huge_pages_are_taken_from_memory() {
    let mut capacity = Resources { memory_bytes: 1000 * MIB, ..Resources::default() };
    capacity.extended.insert("hugepages-2Mi".to_owned(), 200 * MIB);
    let seen = allocatable(&capacity, &KubeletConfig::default());
    assert_eq!((seen.memory_bytes, seen.get("hugepages-2Mi")), (800 * MIB, 200 * MIB));
}

#[test]
fn a_malformed_argument_is_named_with_what_was_expected() {
    for (arg, problem) in [
        ("max-pods=many", "expected a number, found `many`"),
        ("kube-reserved=memory", "expected name=value, found `memory`"),
        ("kube-reserved=disk=1Gi", "expected cpu, memory, ephemeral-storage or pid, found `disk`"),
        ("eviction-hard=memory.available=1Gi", "expected name<value, found `memory.available=1Gi`"),
        (
            "eviction-hard=memory.available<0",
            "memory.available: expected more than nothing, found `0`",
        ),
    ] {
        let error = KubeletConfig::with_args(&args(&[arg])).unwrap_err();
        assert_eq!(error.to_string(), format!("kubelet-arg `{arg}`: {problem}"));
    }
}
