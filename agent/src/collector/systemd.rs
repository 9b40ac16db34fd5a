//! systemd's units: which failed, how often services were started again, who
//! knocked at sockets.
//!
//! Off by default: systemd has to be asked over D-Bus, a question for every
//! service and socket. It is asked at the scrape, for a second at most; after a
//! failure it is left alone for a minute.

pub mod bus;
mod told;
pub mod wire;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use regex_lite::Regex;

use self::bus::Bus;
pub use self::told::{Socket, Told, Unit, encode};
use self::wire::{Listed, Property, Target, property, units};
use super::Collector;
use super::rescan::Rescan;
use crate::encoder::Encoder;
use crate::failure::Failure;
use crate::settings::Settings;

/// How long a page waits.
const PATIENCE: Duration = Duration::from_secs(1);

const SYSTEMD: &str = "org.freedesktop.systemd1";
const MANAGER: &str = "/org/freedesktop/systemd1";
const SOCKET: &str = "run/dbus/system_bus_socket";

/// Not shown unless asked for: there are many, and mounts and devices are
/// shown by what is on them.
const LEFT_OUT: [&str; 5] = [".automount", ".device", ".mount", ".scope", ".slice"];

/// The collector.
#[derive(Debug)]
pub struct Systemd {
    path: PathBuf,
    include: Option<Regex>,
    exclude: Option<Regex>,
    bus: Option<Bus>,
    /// When a bus that failed is tried again.
    again: Rescan,
}

impl Systemd {
    /// Asks the bus of the host.
    pub fn new(settings: &Settings) -> Self {
        // As every D-Bus client: the variable names a bus elsewhere.
        let named = std::env::var("DBUS_SYSTEM_BUS_ADDRESS").ok();
        let named = named.as_deref().and_then(|address| address.strip_prefix("unix:path="));
        let path = named.map(|path| PathBuf::from(path.split(',').next().unwrap_or(path)));
        Self {
            path: path.unwrap_or_else(|| settings.rootfs.join(SOCKET)),
            include: whole(settings.units.include.as_ref()),
            exclude: whole(settings.units.exclude.as_ref()),
            bus: None,
            again: Rescan::default(),
        }
    }

    fn shows(&self, name: &str) -> bool {
        let included = self.include.as_ref().is_none_or(|include| include.is_match(name));
        let excluded = match &self.exclude {
            Some(exclude) => exclude.is_match(name),
            None => LEFT_OUT.iter().any(|ending| name.ends_with(ending)),
        };
        included && !excluded
    }
}

/// An expression for a unit's whole name, as `node_exporter` takes it.
fn whole(part: Option<&Regex>) -> Option<Regex> {
    // What is an expression by itself is one in brackets, too.
    Regex::new(&format!("^(?:{})$", part?.as_str())).ok()
}

/// A property of an object; `None` when systemd has no such one.
fn get<'b>(
    bus: &'b mut Bus,
    path: &str,
    interface: &str,
    name: &str,
) -> io::Result<Option<Property<'b>>> {
    let target = Target {
        destination: SYSTEMD,
        path,
        interface: "org.freedesktop.DBus.Properties",
        member: "Get",
    };
    Ok(bus.call(&target, &[&format!("{SYSTEMD}.{interface}"), name])?.and_then(property))
}

fn number(bus: &mut Bus, path: &str, interface: &str, name: &str) -> io::Result<Option<u64>> {
    Ok(match get(bus, path, interface, name)? {
        Some(Property::Number(number)) => Some(number),
        _ => None,
    })
}

fn text(bus: &mut Bus, path: &str, interface: &str, name: &str) -> io::Result<Option<String>> {
    Ok(match get(bus, path, interface, name)? {
        Some(Property::Text(text)) => Some(text.to_owned()),
        _ => None,
    })
}

/// What systemd says of one unit of its list.
fn unit(bus: &mut Bus, listed: &Listed<'_>) -> io::Result<Unit> {
    let Listed { name, active, path, .. } = *listed;
    let mut unit = Unit { name: name.to_owned(), state: active.to_owned(), ..Unit::default() };
    match name.rsplit_once('.').map(|(_, kind)| kind) {
        Some("service") => {
            unit.kind = text(bus, path, "Service", "Type")?.unwrap_or_default();
            unit.restarts = number(bus, path, "Service", "NRestarts")?;
        }
        Some("mount") => unit.kind = text(bus, path, "Mount", "Type")?.unwrap_or_default(),
        Some("timer") => unit.triggered = number(bus, path, "Timer", "LastTriggerUSec")?,
        Some("socket") => {
            unit.socket = Some(Socket {
                accepted: number(bus, path, "Socket", "NAccepted")?,
                open: number(bus, path, "Socket", "NConnections")?,
                refused: number(bus, path, "Socket", "NRefused")?,
            });
        }
        _ => {}
    }
    Ok(unit)
}

/// Everything there is to tell.
fn ask(bus: &mut Bus, shows: impl Fn(&str) -> bool) -> io::Result<Told> {
    let mut told = Told {
        version: text(bus, MANAGER, "Manager", "Version")?.unwrap_or_default(),
        running: text(bus, MANAGER, "Manager", "SystemState")?.as_deref() == Some("running"),
        ..Told::default()
    };
    let list = Target {
        destination: SYSTEMD,
        path: MANAGER,
        interface: "org.freedesktop.systemd1.Manager",
        member: "ListUnits",
    };
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "expected a list of units");
    let body = bus.call(&list, &[])?.ok_or_else(invalid)?.to_vec();
    for listed in units(&body).ok_or_else(invalid)? {
        told.count(listed.active);
        if listed.load == "loaded" && shows(listed.name) {
            told.units.push(unit(bus, &listed)?);
        }
    }
    Ok(told)
}

impl Collector for Systemd {
    fn name(&self) -> &'static str {
        "systemd"
    }

    fn collect(&mut self, _: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        let fail = |source| Failure::Read { path: self.path.as_path().into(), source };
        let kept = self.bus.take();
        if kept.is_none() && !self.again.due() {
            return Err(fail(io::ErrorKind::NotConnected.into()));
        }
        let mut bus = kept.map_or_else(|| Bus::connect(&self.path, deadline), Ok).map_err(fail)?;
        bus.set_deadline(deadline);
        let told = ask(&mut bus, |name| self.shows(name)).map_err(fail)?;
        // Only a bus that answered to the end is asked again.
        self.bus = Some(bus);
        encode(&told, out);
        Ok(())
    }
}
