//! Which inventory is meant.

use std::path::{Path, PathBuf};

use super::Common;

/// The usual name of an inventory.
pub(crate) const INVENTORY: &str = "pis.toml";

/// What stands for standard input, and for standard output of `init`.
const STANDARD: &str = "-";

/// Who said which inventory is meant.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// `--inventory`, or nobody: it is the usual one in this folder.
    #[default]
    Here,
    /// `TERRARIUM_INVENTORY`.
    Environment,
    /// It lies in a folder above.
    Above,
    /// It comes on standard input.
    Input,
}

impl Common {
    /// Settles which inventory is meant: `fallback` is the environment's, `folder`
    /// where the search upwards begins.
    pub(crate) fn settle(&mut self, fallback: Option<&Path>, folder: Option<&Path>) {
        let here = PathBuf::from(INVENTORY);
        // What is a broken link, or may not be read, is there: it is told later.
        let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
        let above = || {
            let above = folder.into_iter().flat_map(Path::ancestors).skip(1);
            above.map(|folder| folder.join(INVENTORY)).find(is_there)
        };
        (self.inventory, self.found) = match (self.named.as_deref(), fallback) {
            // What lies beside an inventory lies in this folder then.
            (Some(name), _) | (None, Some(name)) if name == Path::new(STANDARD) => {
                (here, Found::Input)
            }
            (Some(name), _) => (name.to_owned(), Found::Here),
            (None, Some(name)) => (name.to_owned(), Found::Environment),
            (None, None) if is_there(&here) => (here, Found::Here),
            (None, None) => {
                above().map_or((here, Found::Here), |inventory| (inventory, Found::Above))
            }
        };
    }

    /// Where a new inventory goes, never into a folder above; `None` is standard
    /// output.
    pub(crate) fn fresh(&self, fallback: Option<&Path>) -> Option<PathBuf> {
        let named = self.named.as_deref().or(fallback);
        let path = named.map_or_else(|| PathBuf::from(INVENTORY), Path::to_owned);
        (path != Path::new(STANDARD)).then_some(path)
    }

    /// Whether there is an inventory.
    pub(crate) fn is_there(&self) -> bool {
        self.found == Found::Input || self.inventory.exists()
    }

    /// Which inventory is used, where it is not the one everybody would expect.
    pub(crate) fn remark(&self) -> Option<String> {
        let path = self.inventory.display();
        match self.found {
            Found::Here | Found::Input => None,
            Found::Environment => Some(format!("inventory: {path} (TERRARIUM_INVENTORY)")),
            Found::Above => Some(format!("inventory: {path} (found in a folder above)")),
        }
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
            (cli.common.inventory, cli.common.found)
        };
        let of = |path: &str, found| (folder.path().join(path), found);
        let named = |path: &str, found| (PathBuf::from(path), found);
        assert_eq!(settled(&[], None), named("pis.toml", Found::Here));
        std::fs::write(folder.path().join("pis.toml"), "").unwrap();
        assert_eq!(settled(&[], None), of("pis.toml", Found::Above));
        std::fs::write(folder.path().join("a/pis.toml"), "").unwrap();
        assert_eq!(settled(&[], None), of("a/pis.toml", Found::Above));
        assert_eq!(settled(&[], Some("/x/y.toml")), named("/x/y.toml", Found::Environment));
        let words = ["plan", "-i", "z.toml"];
        assert_eq!(settled(&words, Some("/x/y.toml")), named("z.toml", Found::Here));
        // What lies beside it lies here.
        assert_eq!(settled(&["-i", "-"], Some("/x/y.toml")), named("pis.toml", Found::Input));
        assert_eq!(settled(&[], Some("-")), named("pis.toml", Found::Input));
    }
}
