//! What hwmon has a name for, and what of it changes by itself.
//!
//! An alarm that is of one limit has `node_exporter`'s unit, which is that of
//! the limit: it is 0.001 when it is on.

use crate::encoder::Family;

/// A kind of attribute.
#[derive(Debug)]
pub struct Reading {
    /// The sensor's name less its number: `temp` of `temp1_input`.
    pub sensor: &'static str,
    /// What follows the number: `_input`.
    pub attribute: &'static str,
    /// How many places the point moves to give the family's unit.
    pub places: u8,
    /// Where it goes.
    pub family: Family,
    /// A limit or a setting: it is read when chips are looked for.
    pub constant: bool,
}

const fn now(
    sensor: &'static str,
    attribute: &'static str,
    places: u8,
    name: &'static str,
    help: &'static str,
) -> Reading {
    Reading { sensor, attribute, places, family: Family::gauge(name, help), constant: false }
}

const fn set(
    sensor: &'static str,
    attribute: &'static str,
    places: u8,
    name: &'static str,
    help: &'static str,
) -> Reading {
    Reading { constant: true, ..now(sensor, attribute, places, name, help) }
}

/// Every attribute shown, by the name of its family.
#[rustfmt::skip] // A table: a row a line.
pub const READINGS: [Reading; 94] = [
    now("curr", "_alarm", 0, "node_hwmon_curr_alarm", "1 when the current is not as it should be."),
    now("curr", "_input", 3, "node_hwmon_curr_amps", "Current."),
    now("curr", "_average", 3, "node_hwmon_curr_average_amps", "Average current."),
    set("curr", "_beep", 0, "node_hwmon_curr_beep_enabled", "1 if the alarm is to be heard."),
    now("curr", "_crit_alarm", 3, "node_hwmon_curr_crit_alarm_amps", "Above 0 when the current is critically high."),
    set("curr", "_crit", 3, "node_hwmon_curr_crit_amps", "Critical current."),
    now("curr", "_highest", 3, "node_hwmon_curr_highest_amps", "Highest current since the start."),
    now("curr", "_lcrit_alarm", 3, "node_hwmon_curr_lcrit_alarm_amps", "Above 0 when the current is critically low."),
    set("curr", "_lcrit", 3, "node_hwmon_curr_lcrit_amps", "Critically low current."),
    now("curr", "_lowest", 3, "node_hwmon_curr_lowest_amps", "Lowest current since the start."),
    now("curr", "_max_alarm", 3, "node_hwmon_curr_max_alarm_amps", "Above 0 when the current is too high."),
    set("curr", "_max", 3, "node_hwmon_curr_max_amps", "Highest current to allow."),
    now("curr", "_min_alarm", 3, "node_hwmon_curr_min_alarm_amps", "Above 0 when the current is too low."),
    set("curr", "_min", 3, "node_hwmon_curr_min_amps", "Lowest current to allow."),
    Reading { family: Family::counter("node_hwmon_energy_joule_total", "Energy used."), ..now("energy", "_input", 6, "", "") },
    now("fan", "_alarm", 0, "node_hwmon_fan_alarm", "1 when the fan is not as it should be."),
    set("fan", "_beep", 0, "node_hwmon_fan_beep_enabled", "1 if the alarm is to be heard."),
    set("fan", "_div", 0, "node_hwmon_fan_div", "Divisor of the measurement."),
    now("fan", "_fault", 0, "node_hwmon_fan_fault", "1 when the fan is broken."),
    now("fan", "_max_alarm", 0, "node_hwmon_fan_max_alarm", "1 when the fan is too fast."),
    set("fan", "_max", 0, "node_hwmon_fan_max_rpm", "Highest speed to allow."),
    now("fan", "_min_alarm", 0, "node_hwmon_fan_min_alarm", "1 when the fan is too slow."),
    set("fan", "_min", 0, "node_hwmon_fan_min_rpm", "Lowest speed to allow."),
    set("fan", "_pulses", 0, "node_hwmon_fan_pulses", "Pulses for each turn."),
    now("fan", "_input", 0, "node_hwmon_fan_rpm", "Revolutions per minute."),
    now("fan", "_target", 0, "node_hwmon_fan_target_rpm", "Speed it is to have."),
    now("in", "_alarm", 0, "node_hwmon_in_alarm", "1 when the voltage is not as it should be."),
    now("in", "_average", 3, "node_hwmon_in_average_volts", "Average voltage."),
    set("in", "_beep", 0, "node_hwmon_in_beep_enabled", "1 if the alarm is to be heard."),
    now("in", "_crit_alarm", 3, "node_hwmon_in_crit_alarm_volts", "Above 0 when the voltage is critically high."),
    set("in", "_crit", 3, "node_hwmon_in_crit_volts", "Critically high voltage."),
    now("in", "_highest", 3, "node_hwmon_in_highest_volts", "Highest voltage since the start."),
    now("in", "_lcrit_alarm", 3, "node_hwmon_in_lcrit_alarm_volts", "Above 0 when the voltage is critically low."),
    set("in", "_lcrit", 3, "node_hwmon_in_lcrit_volts", "Critically low voltage."),
    now("in", "_lowest", 3, "node_hwmon_in_lowest_volts", "Lowest voltage since the start."),
    now("in", "_max_alarm", 3, "node_hwmon_in_max_alarm_volts", "Above 0 when the voltage is too high."),
    set("in", "_max", 3, "node_hwmon_in_max_volts", "Highest voltage to allow."),
    now("in", "_min_alarm", 3, "node_hwmon_in_min_alarm_volts", "Above 0 when the voltage is too low."),
    set("in", "_min", 3, "node_hwmon_in_min_volts", "Lowest voltage to allow."),
    set("in", "_rated_max", 3, "node_hwmon_in_rated_max_volts", "Highest voltage the chip is made for."),
    set("in", "_rated_min", 3, "node_hwmon_in_rated_min_volts", "Lowest voltage the chip is made for."),
    now("in", "_input", 3, "node_hwmon_in_volts", "Voltage."),
    now("freq", "_input", 6, "node_hwmon_freq_freq_mhz", "Clock of a graphics chip, in megahertz."),
    now("humidity", "_input", 5, "node_hwmon_humidity", "Relative humidity, 1 being all the air can hold."),
    now("intrusion", "_alarm", 0, "node_hwmon_intrusion_alarm", "1 when the case was opened."),
    now("beep_enable", "", 0, "node_hwmon_beep_enabled", "1 if alarms are to be heard."),
    now("cpu", "_vid", 3, "node_hwmon_cpu_vid_volts", "Voltage the processor asks for."),
    now("vrm", "", 0, "node_hwmon_voltage_regulator_version", "Version of the voltage regulator's rules."),
    set("update_interval", "", 3, "node_hwmon_update_interval_seconds", "How often the chip measures."),
    set("power", "_accuracy", 6, "node_hwmon_power_accuracy", "How exact the meter is, as a ratio."),
    now("power", "_alarm", 0, "node_hwmon_power_alarm", "1 when the power is not as it should be."),
    now("power", "_average", 6, "node_hwmon_power_average_watt", "Average power."),
    set("power", "_average_interval", 3, "node_hwmon_power_average_interval_seconds", "What the average is taken over."),
    set("power", "_average_interval_max", 3, "node_hwmon_power_average_interval_max_seconds", "The most it may be taken over."),
    set("power", "_average_interval_min", 3, "node_hwmon_power_average_interval_min_seconds", "The least it may be taken over."),
    set("power", "_beep", 0, "node_hwmon_power_beep_enabled", "1 if the alarm is to be heard."),
    now("power", "_cap_alarm", 6, "node_hwmon_power_cap_alarm_watt", "Above 0 when the power is held down."),
    set("power", "_cap_max", 6, "node_hwmon_power_cap_max_watt", "Highest such limit."),
    set("power", "_cap_min", 6, "node_hwmon_power_cap_min_watt", "Lowest such limit."),
    set("power", "_cap", 6, "node_hwmon_power_cap_watt", "Power it is held to."),
    now("power", "_crit_alarm", 6, "node_hwmon_power_crit_alarm_watt", "Above 0 when the power is critical."),
    set("power", "_crit", 6, "node_hwmon_power_crit_watt", "Critical power."),
    now("power", "_input_highest", 6, "node_hwmon_power_input_highest_watt", "Highest power since the start."),
    now("power", "_input_lowest", 6, "node_hwmon_power_input_lowest_watt", "Lowest power since the start."),
    now("power", "_max_alarm", 6, "node_hwmon_power_max_alarm_watt", "Above 0 when the power is too high."),
    set("power", "_max", 6, "node_hwmon_power_max_watt", "Highest power to allow."),
    now("power", "_input", 6, "node_hwmon_power_watt", "Power."),
    now("pwm", "", 0, "node_hwmon_pwm", "Drive of the fan, 0 to 255."),
    now("pwm", "_enable", 0, "node_hwmon_pwm_enable", "Who drives the fan: 0 nobody, 1 by hand, more the chip itself."),
    set("pwm", "_freq", 0, "node_hwmon_pwm_freq", "Pulses a second."),
    set("pwm", "_mode", 0, "node_hwmon_pwm_mode", "How the fan is driven: 0 by voltage, 1 by pulses."),
    now("temp", "_alarm", 0, "node_hwmon_temp_alarm", "1 when the temperature is not as it should be."),
    set("temp", "_beep", 0, "node_hwmon_temp_beep_enabled", "1 if the alarm is to be heard."),
    now("temp", "_input", 3, "node_hwmon_temp_celsius", "Temperature."),
    now("temp", "_crit_alarm", 3, "node_hwmon_temp_crit_alarm_celsius", "Above 0 when the temperature is critical."),
    set("temp", "_crit", 3, "node_hwmon_temp_crit_celsius", "Critical temperature."),
    set("temp", "_crit_hyst", 3, "node_hwmon_temp_crit_hyst_celsius", "Temperature at which a critical one is over."),
    now("temp", "_emergency_alarm", 3, "node_hwmon_temp_emergency_alarm_celsius", "Above 0 when the temperature is beyond critical."),
    set("temp", "_emergency", 3, "node_hwmon_temp_emergency_celsius", "Temperature beyond critical."),
    set("temp", "_emergency_hyst", 3, "node_hwmon_temp_emergency_hyst_celsius", "Temperature at which an emergency is over."),
    now("temp", "_fault", 0, "node_hwmon_temp_fault", "1 when the sensor is broken."),
    now("temp", "_highest", 3, "node_hwmon_temp_highest_celsius", "Highest temperature since the start."),
    now("temp", "_lcrit_alarm", 3, "node_hwmon_temp_lcrit_alarm_celsius", "Above 0 when the temperature is critically low."),
    set("temp", "_lcrit", 3, "node_hwmon_temp_lcrit_celsius", "Critically low temperature."),
    set("temp", "_lcrit_hyst", 3, "node_hwmon_temp_lcrit_hyst_celsius", "Temperature at which a critically low one is over."),
    now("temp", "_lowest", 3, "node_hwmon_temp_lowest_celsius", "Lowest temperature since the start."),
    now("temp", "_max_alarm", 3, "node_hwmon_temp_max_alarm_celsius", "Above 0 when the temperature is too high."),
    set("temp", "_max", 3, "node_hwmon_temp_max_celsius", "Highest temperature to allow."),
    set("temp", "_max_hyst", 3, "node_hwmon_temp_max_hyst_celsius", "Temperature at which one too high is over."),
    now("temp", "_min_alarm", 3, "node_hwmon_temp_min_alarm_celsius", "Above 0 when the temperature is too low."),
    set("temp", "_min", 3, "node_hwmon_temp_min_celsius", "Lowest temperature to allow."),
    set("temp", "_min_hyst", 3, "node_hwmon_temp_min_hyst_celsius", "Temperature at which one too low is over."),
    set("temp", "_offset", 3, "node_hwmon_temp_offset_celsius", "What is added to the measured temperature."),
    set("temp", "_type", 0, "node_hwmon_temp_type", "Kind of the sensor, as the kernel numbers them."),
];

/// An attribute that is not in the table: it is shown as `node_exporter` shows
/// what it has no name for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Its family's name.
    pub name: String,
    /// How many places the point moves to give the family's unit.
    pub places: u8,
}

/// What a file of a chip's folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One of [`READINGS`].
    Known(usize),
    /// Something else of a kind of sensor that is known.
    Other(Other),
}

impl Kind {
    /// Whether it is read once a minute only.
    pub fn is_constant(&self) -> bool {
        match self {
            Self::Known(at) => READINGS[*at].constant,
            Self::Other(_) => true,
        }
    }
}

/// Kinds of sensors, and those of which a chip has one, without a number.
const SENSORS: [&str; 11] =
    ["cpu", "curr", "energy", "fan", "freq", "humidity", "in", "intrusion", "power", "pwm", "temp"];
const OF_THE_CHIP: [&str; 3] = ["beep_enable", "update_interval", "vrm"];

/// What a file of a chip's folder holds, and its sensor: `temp1`.
pub fn classify(file: &str) -> Option<(Kind, String)> {
    if let Some(sensor) = OF_THE_CHIP.iter().find(|sensor| **sensor == file) {
        let known = READINGS.iter().position(|reading| reading.sensor == *sensor)?;
        return Some((Kind::Known(known), format!("{sensor}0")));
    }
    let end = file.find(|letter: char| letter.is_ascii_digit())?;
    let kind = SENSORS.iter().find(|sensor| **sensor == &file[..end])?;
    let digits = file[end..].bytes().take_while(u8::is_ascii_digit).count();
    let (sensor, attribute) = file.split_at(end + digits);
    // A property follows a line, and is one letter at the least.
    if !(attribute.is_empty() || attribute.len() > 1 && attribute.starts_with('_')) {
        return None;
    }
    let known = READINGS
        .iter()
        .position(|reading| reading.sensor == *kind && reading.attribute == attribute);
    // A name for people is no number.
    let kind = match known {
        Some(known) => Kind::Known(known),
        None if attribute == "_label" => return None,
        None => Kind::Other(other(kind, attribute)),
    };
    Some((kind, sensor.to_owned()))
}

fn other(kind: &str, attribute: &str) -> Other {
    let property = clean(attribute);
    let (end, places) = match (kind, &*property) {
        (_, "alarm" | "fault") | ("temp", "type") => ("", 0),
        (_, "beep") => ("_enabled", 0),
        ("in" | "cpu", _) => ("_volts", 3),
        ("temp", _) => ("_celsius", 3),
        ("curr", _) => ("_amps", 3),
        ("energy", _) => ("_joule_total", 6),
        ("power", _) => ("_watt", 6),
        ("humidity", _) => ("", 5),
        _ => ("", 0),
    };
    let line = if property.is_empty() { "" } else { "_" };
    Other { name: format!("node_hwmon_{kind}{line}{property}{end}"), places }
}

/// As much of a word as may be in a metric's name.
pub(super) fn clean(word: &str) -> String {
    let legal = |letter: char| match letter {
        'a'..='z' | '0'..='9' | ':' => letter,
        _ => '_',
    };
    word.to_ascii_lowercase().chars().map(legal).collect::<String>().trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_told_by_their_names() {
        let family = |file| {
            classify(file).map(|(kind, sensor)| match kind {
                Kind::Known(at) => {
                    (READINGS[at].family.name.to_owned(), READINGS[at].places, sensor)
                }
                Kind::Other(other) => (other.name, other.places, sensor),
            })
        };
        for (file, name, places, sensor) in [
            ("temp1_input", "temp_celsius", 3, "temp1"),
            ("temp2_crit_hyst", "temp_crit_hyst_celsius", 3, "temp2"),
            ("in0_lcrit_alarm", "in_lcrit_alarm_volts", 3, "in0"),
            ("in0_alarm", "in_alarm", 0, "in0"),
            ("pwm1", "pwm", 0, "pwm1"),
            ("fan12_input", "fan_rpm", 0, "fan12"),
            ("energy1_input", "energy_joule_total", 6, "energy1"),
            ("humidity1_input", "humidity", 5, "humidity1"),
            ("update_interval", "update_interval_seconds", 3, "update_interval0"),
            ("beep_enable", "beep_enabled", 0, "beep_enable0"),
            ("vrm", "voltage_regulator_version", 0, "vrm0"),
            ("cpu0_vid", "cpu_vid_volts", 3, "cpu0"),
            ("pwm1_auto_point2_temp", "pwm_auto_point2_temp", 0, "pwm1"),
            ("pwm1_auto_channels_temp", "pwm_auto_channels_temp", 0, "pwm1"),
            ("fan1_manual", "fan_manual", 0, "fan1"),
            ("intrusion0_beep", "intrusion_beep_enabled", 0, "intrusion0"),
            ("temp1_rated_max", "temp_rated_max_celsius", 3, "temp1"),
            ("power1_average_interval_max", "power_average_interval_max_seconds", 3, "power1"),
            ("humidity1_min-hyst", "humidity_min_hyst", 5, "humidity1"),
        ] {
            let expected = (format!("node_hwmon_{name}"), places, sensor.to_owned());
            assert_eq!(family(file), Some(expected), "{file}");
        }
        for file in
            ["temp_input", "name", "input", "", "in0x_input", "temp1_label", "temp1_", "temp"]
        {
            assert_eq!(family(file), None, "{file}");
        }
    }

    #[test]
    fn no_two_attributes_have_one_name() {
        for (index, reading) in READINGS.iter().enumerate() {
            let same = READINGS.iter().position(|other| other.family.name == reading.family.name);
            assert_eq!(same, Some(index), "{}", reading.family.name);
        }
    }
}
