//! Reads the probe's reply.

use std::collections::BTreeMap;
use std::net::IpAddr;

use terrarium_k3s::nodes;
use terrarium_k3s::storage::Storage;
use terrarium_k3s::sums::Sha256;
use terrarium_untrusted::{is_line, is_word};
use thiserror::Error;

use super::{existing, places};
use crate::bytes::Bytes;
use crate::{
    AgentSecret, Certificate, Cluster, Facts, FileFact, Ingress, Interface, ModuleState, UnitFact,
    Validity,
};

/// Why a reply is of no use.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The reply ends before its last line.
    #[error("the probe's reply is cut off after {lines} lines")]
    Truncated {
        /// Lines that came.
        lines: usize,
    },
    /// A value is not of the expected shape.
    #[error("the probe's reply has `{value}` for `{key}`, expected {expected}")]
    Value {
        /// Which fact.
        key: String,
        /// What came.
        value: String,
        /// What should have come.
        expected: &'static str,
    },
}

/// Reads a reply; `operator_ms` is the operator's clock when it came, in
/// milliseconds since the epoch.
///
/// # Errors
/// When the reply is cut off or a value has the wrong shape. Unknown keys are
/// ignored: a newer probe may know more.
pub fn parse(reply: &str, operator_ms: Option<i64>) -> Result<Facts, ProbeError> {
    let mut facts = Facts::default();
    let mut whole = false;
    for line in reply.lines() {
        let Some((key, value)) = line.split_once('\t') else { continue };
        let value = value.trim_end();
        match key.split_once(' ') {
            Some((kind, name)) => about(&mut facts, kind, name, value)?,
            None if key == "now" => {
                let now: i64 = number(key, value)?;
                // Further than any clock may be, and no further than can be reckoned with.
                let now = now.clamp(-NOW_MAX, NOW_MAX);
                facts.clock.now = now;
                // In the middle of its second.
                let now_ms = now.saturating_mul(1000).saturating_add(500);
                facts.clock.skew_ms =
                    operator_ms.map_or(0, |operator| now_ms.saturating_sub(operator));
                whole = true;
            }
            None => fact(&mut facts, key, value)?,
        }
    }
    if whole { Ok(facts) } else { Err(ProbeError::Truncated { lines: reply.lines().count() }) }
}

fn fact(facts: &mut Facts, key: &str, value: &str) -> Result<(), ProbeError> {
    match key {
        "machine" => facts.machine = word(key, value, "")?,
        "bits" => facts.userland_bits = number(key, value)?,
        "kernel" => facts.kernel = word(key, value, "+~")?,
        "page_size" => facts.page_size = number(key, value)?,
        "model" => facts.model = seen(key, value)?,
        "os" => facts.os = seen(key, value)?,
        "memory_kib" => facts.memory_bytes = number::<u64>(key, value)?.saturating_mul(1024),
        "disk_kib" => facts.disk_free_bytes = number::<u64>(key, value)?.saturating_mul(1024),
        "data_device" => facts.data_device = word(key, value, "/:")?,
        "cpu_features" => facts.cpu_features = words(&seen(key, value)?),
        "cpus" => facts.cpus = number(key, value)?,
        "hostname" => facts.hostname = word(key, value, "")?,
        "static_hostname" => facts.static_hostname = Some(word(key, value, "")?),
        "kernel_cmdline" => facts.kernel_cmdline = seen(key, value)?,
        "machine_id" => facts.machine_id = word(key, value, "")?,
        "boot" => facts.boot = word(key, value, "/")?,
        "boot_time" => facts.boot_time = number(key, value)?,
        "controllers" => {
            facts.cgroup_controllers = Some(words(&seen(key, value)?));
        }
        "pressure" => facts.pressure = value == "yes",
        "ntp" => facts.clock.synchronized = value == "yes",
        "timezone" => facts.timezone = word(key, value, "/+")?,
        "address" => facts.interfaces.extend(interface(value)),
        "cloud_busy" => facts.cloud_init.get_or_insert_default().busy = value == "yes",
        "cloud_says" => {
            facts.cloud_init.get_or_insert_default().user_data.push(word(key, value, "")?);
        }
        "ufw" => facts.firewall = value == "active",
        "throttled" => facts.throttled = hex(value),
        "k3s" => facts.k3s_version = Some(seen(key, value)?),
        "package" => facts.packages.push(word(key, value, "+:")?),
        "image" => facts.images.push(word(key, value, "/:@")?),
        "token" => facts.token_sha256 = Some(sha256(key, value)?),
        "agent_secret" => facts.agent_secret = Some(agent_secret(key, value)?),
        "ingress" => facts.ingress = ingress(value),
        "handed_out" => facts.handed_out = value == "yes",
        "server_token" => facts.server_tokens.push(seen(key, value)?),
        "foreign_token" => facts.foreign_tokens.push(seen(key, value)?),
        "nodes" => listed(facts.cluster.get_or_insert_default(), &decoded(key, value)?)?,
        "namespace" => facts.cluster.get_or_insert_default().namespace = labels(&seen(key, value)?),
        "agent_login" => {
            let (password, certificate) = value.split_once(' ').unwrap_or((value, ""));
            let login = (sha256(key, password)?, sha256(key, certificate)?);
            facts.cluster.get_or_insert_default().agent_login = Some(login);
        }
        "namespace_ends" => {
            facts.cluster.get_or_insert_default().namespace_ends = Some(seen(key, value)?);
        }
        "made" => {
            let objects = &mut facts.cluster.get_or_insert_default().objects;
            objects.get_or_insert_default().made = decoded(key, value)?;
        }
        "objects" => {
            let objects = &mut facts.cluster.get_or_insert_default().objects;
            objects.get_or_insert_default().there = decoded(key, value)?;
        }
        "releases" => facts.cluster.get_or_insert_default().releases = decoded(key, value)?,
        _ => {
            existing::fact(facts, key, value)?;
            return places::fact(facts, key, value);
        }
    }
    Ok(())
}

/// A fact about one named thing.
fn about(facts: &mut Facts, kind: &str, name: &str, value: &str) -> Result<(), ProbeError> {
    let name_owned = seen(kind, name)?;
    let mut words = value.split_whitespace();
    let mut word = || words.next().unwrap_or_default().to_owned();
    match kind {
        "cloud" => {
            let cloud = facts.cloud_init.get_or_insert_default();
            cloud.config.insert(name_owned, decoded(name, value)?);
        }
        "zone" => {
            facts.zones.insert(name_owned, zone(name, value)?);
        }
        "undone_by" => facts.undone_by.push((name_owned, seen(name, value)?)),
        "file" => {
            seen(name, value)?;
            let (digest, mode, owner) = (word(), word(), word());
            let sha256 = sha256(name, &digest)
                .map_err(|_| wrong(name, value, "a sha256, mode, owner and time"))?;
            let modified = number(name, &word())?;
            facts.files.insert(name_owned, FileFact { sha256, mode, owner, modified });
        }
        "unit" => {
            seen(name, value)?;
            let (active, enabled, reload) = (word(), word(), word());
            let generation = Some(word()).filter(|generation| !generation.is_empty());
            let unit = UnitFact {
                active,
                enabled,
                needs_reload: reload == "yes",
                generation,
                token: None,
                age: None,
            };
            facts.units.insert(name_owned, unit);
        }
        "unit_age" => {
            let age = number(name, value)?;
            facts.units.entry(name_owned).and_modify(|unit| unit.age = Some(age));
        }
        "certificate" if facts.certificates.len() < CERTIFICATES => {
            let end = validity(value);
            facts.certificates.push(Certificate { path: name_owned, end });
        }
        "unit_token" => {
            let digest = sha256(name, value)?;
            facts.units.entry(name_owned).and_modify(|unit| unit.token = Some(digest));
        }
        "sysctl" => {
            // Settings of several numbers have tabs between them.
            facts.sysctls.insert(name_owned, seen(name, &value.replace('\t', " "))?);
        }
        "boot_sysctl" => {
            facts.boot_sysctls.insert(name_owned, seen(name, &value.replace('\t', " "))?);
        }
        "module" => {
            let state = match value {
                "built-in" => ModuleState::BuiltIn,
                "loaded" => ModuleState::Loaded,
                "available" => ModuleState::Available,
                "missing" => ModuleState::Missing,
                _ => return Err(wrong(name, value, "built-in, loaded, available or missing")),
            };
            facts.modules.insert(name_owned, state);
        }
        _ => {
            existing::about(facts, kind, name, value)?;
            return places::about(facts, kind, name, value);
        }
    }
    Ok(())
}

/// What a name of a time zone is resolved to, if it is known.
fn zone(name: &str, value: &str) -> Result<Option<String>, ProbeError> {
    Ok(Some(word(name, value, "/+")?).filter(|zone| zone != "missing"))
}

/// The labels of an object: its name, then `key=value` for each. `None` when
/// there is no such object.
fn labels(value: &str) -> Option<BTreeMap<String, String>> {
    let mut words = value.split_whitespace();
    words.next()?;
    let label =
        |word: &str| word.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    Some(words.filter_map(label).collect())
}

/// Seconds since the epoch, or before.
const NOW_MAX: i64 = 10_000_000_000_000_000;

/// More than k3s has on a server with etcd.
const CERTIFICATES: usize = 64;

/// The first certificate of a file in PEM, in base64.
fn validity(value: &str) -> Option<Validity> {
    use base64::Engine as _;
    let pem = base64::engine::general_purpose::STANDARD.decode(value).ok()?;
    let (_, block) = x509_parser::pem::parse_x509_pem(&pem).ok()?;
    let certificate = block.parse_x509().ok()?;
    let end = certificate.validity().not_after.timestamp();
    Some(Validity { end, authority: certificate.is_ca() })
}

/// The certificate of a Secret, and from when on another is made.
fn ingress(value: &str) -> Option<Ingress> {
    let mut words = value.split_whitespace();
    let Validity { end, .. } = validity(words.next()?)?;
    Some(Ingress { end, renew_after: words.next().and_then(|word| word.parse().ok()) })
}

/// A digest as `sha256sum` prints it.
fn sha256(key: &str, value: &str) -> Result<String, ProbeError> {
    Sha256::parse(value)
        .map(|digest| digest.to_string())
        .map_err(|_| wrong(key, value, "a sha256 in hex"))
}

fn agent_secret(key: &str, value: &str) -> Result<AgentSecret, ProbeError> {
    match value {
        "missing" => Ok(AgentSecret::Missing),
        "pending" => Ok(AgentSecret::Pending),
        "in-force" => Ok(AgentSecret::InForce),
        _ => Err(wrong(key, value, "missing, pending or in-force")),
    }
}

/// Letters, digits and `-_.`, and what else the value may have.
pub(super) fn word(key: &str, value: &str, more: &str) -> Result<String, ProbeError> {
    if is_word(value, more) {
        return Ok(value.to_owned());
    }
    Err(wrong(key, value, "a word without spaces or signs"))
}

/// One line of visible characters.
pub(super) fn seen(key: &str, value: &str) -> Result<String, ProbeError> {
    if is_line(value) {
        return Ok(value.to_owned());
    }
    Err(wrong(key, value, "a line of visible characters"))
}

fn hex(value: &str) -> Option<u32> {
    u32::from_str_radix(value.trim_start_matches("0x"), 16).ok()
}

fn words(value: &str) -> Vec<String> {
    value.split_whitespace().map(str::to_owned).collect()
}

fn interface(value: &str) -> Option<Interface> {
    let mut words = value.split_whitespace();
    // The name goes into k3s' configuration.
    let name = words.next()?.split('@').next().filter(|name| is_word(name, ":"))?.to_owned();
    let address: IpAddr = words.next()?.parse().ok()?;
    let mac = words.next().unwrap_or_default();
    is_word(mac, ":").then(|| Interface { name, address, mac: mac.to_owned() })
}

pub(super) fn number<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, ProbeError> {
    value.parse().map_err(|_| wrong(key, value, "a number"))
}

fn wrong(key: &str, value: &str, expected: &'static str) -> ProbeError {
    let value: String = value.chars().take(80).collect();
    ProbeError::Value { key: key.to_owned(), value, expected }
}

/// Standard base64, as `base64 -w0` writes it.
pub(super) fn bytes(key: &str, value: &str) -> Result<Bytes, ProbeError> {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    engine.decode(value).map(Bytes).map_err(|_| wrong(key, value, "base64"))
}

/// Nodes, and in the same list volumes, claims and classes. What of those cannot be read
/// decides about no pod's place.
fn listed(cluster: &mut Cluster, json: &str) -> Result<(), ProbeError> {
    let nodes = nodes::parse(json);
    cluster.nodes = nodes.map_err(|_| wrong("nodes", "…", "the JSON of a list of nodes"))?;
    cluster.storage = Storage::parse(json).ok();
    Ok(())
}

fn decoded(key: &str, value: &str) -> Result<String, ProbeError> {
    bytes(key, value).map(|bytes| bytes.text())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REPLY: &str = "machine\taarch64\nbits\t64\npage_size\t16384\nmemory_kib\t1024\n\
        controllers\tcpu memory pids\npressure\tyes\nboot\tabc/77\nboot_time\t1700\n\
        cmdline /boot/firmware/cmdline.txt\tcm9vdHdhaXQK\nhosts\tMTI3LjAuMC4xIGxvY2FsaG9zdAo=\n\
        address\teth0 10.0.0.1 aa:bb\naddress\teth0 fd00::1 aa:bb\nswap_by\trpi-swap\nswap\t/dev/zram0\n\
        file /etc/x y\t0000000000000000000000000000000000000000000000000000000000000000 644 root:root 12\n\
        unit k3s.service\tactive enabled no 0123456789abcdef\nunit x.service\tinactive disabled yes \n\
        sysctl vm.max_map_count\t65530\nmodule overlay\tavailable\npackage\tjq\nthrottled\t0x50000\nnow\t5\n";

    #[test]
    fn a_whole_reply_becomes_facts() {
        let facts = parse(REPLY, Some(4_000)).unwrap();
        assert_eq!(facts.memory_bytes, 1024 * 1024);
        assert!(facts.memory_cgroup() && facts.pressure);
        assert_eq!(facts.cmdlines["/boot/firmware/cmdline.txt"], "rootwait\n".into());
        assert_eq!(facts.hosts, "127.0.0.1 localhost\n".into());
        assert_eq!(facts.interfaces.len(), 2);
        assert_eq!(facts.files["/etc/x y"].modified, 12);
        assert_eq!(facts.units["k3s.service"].generation.as_deref(), Some("0123456789abcdef"));
        assert!(
            facts.units["x.service"].needs_reload && facts.units["x.service"].generation.is_none()
        );
        assert_eq!(facts.modules["overlay"], ModuleState::Available);
        assert_eq!(facts.throttled, Some(0x50000));
        assert_eq!((facts.clock.now, facts.clock.skew_ms), (5, 1_500));
    }

    #[test]
    fn a_reply_that_is_cut_off_is_not_taken_for_the_truth() {
        let cut = &REPLY[..REPLY.rfind("now").unwrap()];
        assert!(
            matches!(parse(cut, None), Err(ProbeError::Truncated { lines: 21 })),
            "{:?}",
            parse(cut, None)
        );
    }

    #[test]
    fn a_value_of_the_wrong_shape_is_named() {
        for (line, message) in [
            ("bits\tmany", "`many` for `bits`"),
            ("file /etc/x\tnothing", "`nothing` for `/etc/x`"),
            ("module overlay\tperhaps", "`perhaps` for `overlay`"),
            ("hosts\t***", "`***` for `hosts`"),
            ("token\tK10abc::node:x", "for `token`"),
            ("agent_secret\tsoon", "`soon` for `agent_secret`"),
        ] {
            let error = parse(&format!("{line}\nnow\t1\n"), None).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_reply_makes_it_panic(reply in "(?s).{0,400}", value in "[\\PC\t]{0,80}") {
            let _ = parse(&reply, Some(i64::MAX));
            for key in ["now", "nodes", "throttled", "address", "file x", "unit x", "unit_token x", "unit_age x", "certificate x", "ingress", "token", "memory_kib"] {
                let _ = parse(&format!("{key}\t{value}\nnow\t-1\n"), Some(i64::MIN));
            }
        }
    }
}
