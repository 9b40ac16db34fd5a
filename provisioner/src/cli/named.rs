//! Which inventory is meant.

use std::path::{Path, PathBuf};

use super::Common;

/// The usual name of an inventory.
pub(crate) const INVENTORY: &str = "pis.toml";

impl Common {
    /// Settles which inventory is meant: `fallback` is the environment's, `folder`
    /// where the search upwards begins.
    pub(crate) fn settle(&mut self, fallback: Option<&Path>, folder: Option<&Path>) {
        let named = self.named.as_deref().or(fallback).map(Path::to_owned);
        self.inventory = named.unwrap_or_else(|| {
            let here = PathBuf::from(INVENTORY);
            // What is a broken link, or may not be read, is there: it is told later.
            let is_there = |path: &Path| path.symlink_metadata().is_ok();
            let above = folder.into_iter().flat_map(Path::ancestors).skip(1);
            let found = above.map(|folder| folder.join(INVENTORY)).find(|path| is_there(path));
            if is_there(&here) { here } else { found.unwrap_or(here) }
        });
    }

    /// Where a new inventory goes: never into a folder above.
    pub(crate) fn fresh(&self, fallback: Option<&Path>) -> PathBuf {
        let named = self.named.as_deref().or(fallback);
        named.map_or_else(|| PathBuf::from(INVENTORY), Path::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn the_inventory_is_the_named_one_else_the_environments_else_the_nearest() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        let settled = |words: &[&str], fallback: Option<&str>| {
            let words = ["provision"].iter().chain(words);
            let mut cli = Cli::try_parse_from(words).unwrap();
            cli.common.settle(fallback.map(Path::new), Some(&deep));
            cli.common.inventory
        };
        assert_eq!(settled(&[], None), Path::new("pis.toml"));
        std::fs::write(folder.path().join("pis.toml"), "").unwrap();
        assert_eq!(settled(&[], None), folder.path().join("pis.toml"));
        std::fs::write(folder.path().join("a/pis.toml"), "").unwrap();
        assert_eq!(settled(&[], None), folder.path().join("a/pis.toml"));
        assert_eq!(settled(&[], Some("/x/y.toml")), Path::new("/x/y.toml"));
        assert_eq!(settled(&["plan", "-i", "z.toml"], Some("/x/y.toml")), Path::new("z.toml"));
    }
}
