//! A value, and how it is known.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A value that is one and the same on every board of its kind.
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

/// A quantity that differs from one board, system or release to the next:
/// what to expect, and between which bounds it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// What to expect; the field's name carries the unit.
    pub value: u32,
    /// The least that was seen or is believed.
    pub low: u32,
    /// The most that was seen or is believed.
    pub high: u32,
    /// How well `value` is known.
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

impl Interval {
    /// Whether the bounds enclose the value.
    pub const fn is_sound(&self) -> bool {
        self.low <= self.value && self.value <= self.high
    }
}
