//! What systemd told, on the page.

use crate::encoder::{Encoder, Family};
use crate::scan;
use crate::value::Value;

const VERSION: Family = Family::gauge("node_systemd_version", "systemd's version.");
const RUNNING: Family = Family::gauge(
    "node_systemd_system_running",
    "1 if the system is up and no unit failed, as systemctl is-system-running says.",
);
const UNITS: Family = Family::gauge("node_systemd_units", "Units in each state.");
const STATE: Family = Family::gauge("node_systemd_unit_state", "1 for the state the unit is in.");
const RESTARTS: Family = Family::counter(
    "node_systemd_service_restart_total",
    "Times systemd started the service again.",
);
const TRIGGERED: Family =
    Family::gauge("node_systemd_timer_last_trigger_seconds", "When the timer last ran out.");
const ACCEPTED: Family = Family::counter(
    "node_systemd_socket_accepted_connections_total",
    "Connections the socket accepted.",
);
const OPEN: Family =
    Family::gauge("node_systemd_socket_current_connections", "Connections open at the socket.");
const REFUSED: Family = Family::gauge(
    "node_systemd_socket_refused_connections_total",
    "Connections the socket refused.",
);

/// The states shown, of those there are.
const STATES: [&str; 5] = ["active", "activating", "deactivating", "inactive", "failed"];

/// What a socket counted; what an old systemd does not count is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Socket {
    /// Connections so far.
    pub accepted: Option<u64>,
    /// Connections now.
    pub open: Option<u64>,
    /// Connections there was no room for.
    pub refused: Option<u64>,
}

/// A unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    /// `k3s.service`
    pub name: String,
    /// `active`, `failed`, …
    pub state: String,
    /// A service's type or a mount's file system; empty for others.
    pub kind: String,
    /// Of a service: how often it was started again.
    pub restarts: Option<u64>,
    /// Of a timer: when it last ran out, in microseconds since 1970.
    pub triggered: Option<u64>,
    /// Of a socket.
    pub socket: Option<Socket>,
}

/// Everything systemd told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// `257.8-1~deb13u2`
    pub version: String,
    /// The system is up and nothing failed.
    pub running: bool,
    /// Units in each of the states, those not shown included.
    pub summary: [u64; STATES.len()],
    /// The units shown.
    pub units: Vec<Unit>,
}

impl Told {
    /// Counts a unit's state in.
    pub fn count(&mut self, state: &str) {
        if let Some(at) = STATES.iter().position(|known| *known == state) {
            self.summary[at] += 1;
        }
    }
}

/// The number in a version: `257.8` of `257.8-1~deb13u2`.
fn version(text: &str) -> Option<Value> {
    let start = text.find(|letter: char| letter.is_ascii_digit())?;
    let number = &text[start..];
    let end = number.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let number = &number[..end.unwrap_or(number.len())];
    let mut parts = number.splitn(3, '.');
    let (whole, fraction) = (parts.next()?, parts.next().filter(|part| !part.is_empty()));
    match fraction {
        Some(fraction) => scan::decimal(format!("{whole}.{fraction}").as_bytes()),
        None => scan::decimal(whole.as_bytes()),
    }
}

/// Encodes it.
pub fn encode(told: &Told, out: &mut Encoder) {
    if let Some(number) = version(&told.version) {
        out.family(&VERSION);
        out.sample(&VERSION, &[("version", told.version.as_bytes())], number);
    }
    out.single(&RUNNING, told.running);
    out.family(&UNITS);
    for (state, units) in STATES.iter().zip(told.summary) {
        out.sample(&UNITS, &[("state", state.as_bytes())], units);
    }
    if !told.units.is_empty() {
        out.family(&STATE);
    }
    for unit in &told.units {
        for state in STATES {
            let labels = [
                ("name", unit.name.as_bytes()),
                ("state", state.as_bytes()),
                ("type", unit.kind.as_bytes()),
            ];
            out.sample(&STATE, &labels, unit.state == state);
        }
    }
    by_unit(told, &RESTARTS, 0, |unit| unit.restarts, out);
    by_unit(told, &TRIGGERED, 6, |unit| unit.triggered, out);
    by_unit(told, &ACCEPTED, 0, |unit| unit.socket?.accepted, out);
    by_unit(told, &OPEN, 0, |unit| unit.socket?.open, out);
    by_unit(told, &REFUSED, 0, |unit| unit.socket?.refused, out);
}

/// A family of the units that have a number for it.
fn by_unit(
    told: &Told,
    family: &Family,
    places: u8,
    number: fn(&Unit) -> Option<u64>,
    out: &mut Encoder,
) {
    let having = told.units.iter().filter_map(|unit| Some((unit, number(unit)?)));
    for (nth, (unit, number)) in having.enumerate() {
        if nth == 0 {
            out.family(family);
        }
        out.sample(family, &[("name", unit.name.as_bytes())], Value::scaled(number, places));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_with_what_follows_left_out() {
        for (text, number) in [
            ("257.8-1~deb13u2", Some(Value::scaled(2578, 1))),
            ("252", Some(Value::from(252))),
            ("v258.2.1", Some(Value::scaled(2582, 1))),
            ("256~rc1", Some(Value::from(256))),
            ("257.", Some(Value::from(257))),
            ("main", None),
            ("", None),
        ] {
            assert_eq!(version(text), number, "{text}");
        }
    }
}
