//! Histories whose truth is known: counted minute by minute, not by quantiles.

use super::*;

mod example;
mod histories;
mod properties;
pub(super) mod table;
