//! What fits where, worked out once for all proofs.

use std::collections::HashMap;

use crate::limit;
use crate::pack::Packing;

/// Which class fits which empty node, and which nodes are alike.
pub(super) struct Grid {
    /// By class and node.
    fits: Vec<Vec<bool>>,
    /// Nodes that differ in nothing but their name and their neighbours share a number.
    kinds: Vec<usize>,
}

impl Grid {
    pub(super) fn new(packing: &Packing) -> Self {
        let all = 0..packing.nodes.len();
        let fits: Vec<Vec<bool>> = (0..packing.classes.len())
            .map(|class| all.clone().map(|node| packing.fits(class, node)).collect())
            .collect();
        let mut known: HashMap<(&[u64], Vec<bool>), usize> = HashMap::new();
        let kinds = all
            .map(|node| {
                limit::check();
                let takes = fits.iter().map(|nodes| nodes[node]).collect();
                *known.entry((packing.nodes[node].room.as_slice(), takes)).or_insert(node)
            })
            .collect();
        Self { fits, kinds }
    }

    pub(super) fn fits(&self, class: usize, node: usize) -> bool {
        self.fits[class][node]
    }

    pub(super) fn kind(&self, node: usize) -> usize {
        self.kinds[node]
    }
}
