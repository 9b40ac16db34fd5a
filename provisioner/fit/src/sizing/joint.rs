//! New sizes for all containers at once, so that the stack still fits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Resource, Size};

/// What all get together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Joint {
    /// The size each gets, by the container's place, in the order wanted.
    pub sizes: Vec<(usize, Size)>,
    /// Those that get less than they want.
    pub short: Vec<Short>,
    /// A placement of every pod with these sizes, `namespace/name` to node; none
    /// when none was found, with or without the new sizes.
    pub placement: Option<BTreeMap<String, String>>,
}

/// Who gets less than it wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// The service.
    pub service: String,
    /// Its container.
    pub container: String,
    /// What its request lacks, in each pod.
    pub by: Resource,
}
