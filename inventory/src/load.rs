//! From the file to the inventory: reading, parsing, checking, resolving.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use toml::de::{DeTable, Deserializer};

use crate::check::images::images;
use crate::model::Inventory;
use crate::problem::{Problem, Problems};
use crate::raw::Raw;
use crate::schema::schema;
use crate::written::Written;
use crate::{habit, resolve, shape};

/// Bytes an inventory may have. A cluster of a hundred nodes takes ten thousand.
const SIZE_MAX: u64 = 1024 * 1024;

impl Inventory {
    /// Reads the inventory at `path`; relative paths in it are relative to its
    /// folder, `~` is this user's home.
    ///
    /// # Errors
    /// Everything that is wrong with the file, or why it cannot be read.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let text = read(path)?;
        let absolute = std::path::absolute(path)
            .map_err(|error| unreadable(path, &error.to_string(), "write the path in full"))?;
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        parse_as(&path.display().to_string(), &absolute, &text, home.as_deref())
    }

    /// Reads the inventory from elsewhere than a file: `name` is what messages call
    /// it, and `path` the file it stands for, in whose folder relative paths begin.
    ///
    /// # Errors
    /// Everything that is wrong with it, or why it cannot be read.
    pub fn read(name: &str, path: &Path, from: impl Read) -> Result<Self, Problems> {
        let named = Path::new(name);
        let text = text(named, from)?;
        let absolute = std::path::absolute(path)
            .map_err(|error| unreadable(named, &error.to_string(), "write the path in full"))?;
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        parse_as(name, &absolute, &text, home.as_deref())
    }

    /// The inventory that `text`, the content of the file at `path`, describes.
    /// Touches nothing outside its arguments: with a relative `path` the paths
    /// in the inventory stay relative to the same place; `home` stands for `~`.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn parse(path: &Path, text: &str, home: Option<&Path>) -> Result<Self, Problems> {
        parse_as(&path.display().to_string(), path, text, home)
    }
}

/// `name` is what messages call the file.
fn parse_as(
    name: &str,
    path: &Path,
    text: &str,
    home: Option<&Path>,
) -> Result<Inventory, Problems> {
    let failed = |mut problems: Vec<Problem>| match problems.pop() {
        Some(last) => Problems::in_text(name, text, last, problems),
        None => Problems::of_file(Problem::new("inventory::internal", "nothing was found wrong")),
    };
    let (mut file, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What was recovered from a broken file is no ground for more complaints.
        return Err(failed(habit::syntax(text, &errors)));
    }
    let mut problems = shape::check(&mut file, &schema());
    problems.extend(images(file.get_ref()));
    let raw = match Raw::deserialize(Deserializer::from(file)) {
        Ok(raw) => raw,
        Err(error) => {
            problems.push(unreadable_value(&error));
            return Err(failed(problems));
        }
    };
    match resolve::resolve(&raw, path, home) {
        Ok(inventory) if problems.is_empty() => {
            Ok(Inventory { written: Written::new(name, text), ..inventory })
        }
        Ok(_) => Err(failed(problems)),
        Err(found) => {
            problems.extend(found);
            Err(failed(problems))
        }
    }
}

/// What fits the schema and still cannot be read: schema and types are made
/// from one source, so this is a fault of ours, told rather than hidden.
fn unreadable_value(error: &toml::de::Error) -> Problem {
    Problem::new("inventory::value", format!("a value cannot be read: {}", error.message()))
        .at(error.span().unwrap_or(0..0), "here")
        .help("please report this line; until then, leave it out")
}

fn read(path: &Path) -> Result<String, Problems> {
    let cannot = |error| cannot(path, &error);
    let file = File::open(path).map_err(cannot)?;
    if file.metadata().map_err(cannot)?.is_dir() {
        let hint = format!("name the file in it: {}", path.join("pis.toml").display());
        return Err(unreadable(path, "it is a folder", &hint));
    }
    text(path, file)
}

fn cannot(path: &Path, error: &io::Error) -> Problems {
    match error.kind() {
        io::ErrorKind::NotFound => unreadable(
            path,
            "there is no such file",
            "name it with `--inventory`, or write one with `provision init`",
        ),
        io::ErrorKind::PermissionDenied => {
            unreadable(path, "permission denied", "make it readable for this user")
        }
        _ => unreadable(path, &error.to_string(), "check the path and the disk"),
    }
}

/// All of it, if it is an inventory's length of text.
fn text(path: &Path, from: impl Read) -> Result<String, Problems> {
    let mut bytes = Vec::new();
    from.take(SIZE_MAX + 1).read_to_end(&mut bytes).map_err(|error| cannot(path, &error))?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(unreadable(
            path,
            "it is larger than 1 MiB",
            "an inventory is a short text; is this another file?",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..good].split(|byte| *byte == b'\n').count();
        unreadable(
            path,
            &format!("it is not UTF-8 text: line {line}, byte {good} of the file"),
            "save it as UTF-8; is this another file?",
        )
    })
}

fn unreadable(path: &Path, why: &str, help: &str) -> Problems {
    let message = format!("cannot read the inventory {}: {why}", path.display());
    Problems::of_file(Problem::new("inventory::file", message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &Path) -> String {
        Inventory::load(path).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn files_that_cannot_be_read_are_named_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pis.toml");
        assert!(refused(&path).ends_with("pis.toml: there is no such file"));
        assert!(refused(folder.path()).ends_with(": it is a folder"));
        assert!(refused(&path.join("deeper")).contains("deeper: "));
        std::fs::write(&path, b"# ok\n# \xff\n").unwrap();
        assert!(refused(&path).ends_with("it is not UTF-8 text: line 2, byte 7 of the file"));
        std::fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        assert!(refused(&path).ends_with("it is larger than 1 MiB"));
        std::fs::write(&path, "").unwrap();
        assert_eq!(refused(&path), "the inventory lists no node");
    }

    #[test]
    fn a_loaded_inventory_is_absolute() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pis.toml");
        std::fs::write(&path, "[[node]]\nname = \"pi-1\"\nhost = \"10.0.0.11\"\n").unwrap();
        let inventory = Inventory::load(&path).unwrap();
        assert_eq!(inventory.path, path);
        assert_eq!(inventory.nodes[0].ssh.known_hosts, folder.path().join("known_hosts"));
        assert!(inventory.cluster.kubeconfig.is_absolute());
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let dotted = "a.".repeat(200_000) + "a = 1";
        let table = format!("[{}a]", "a.".repeat(200_000));
        let inline = "a = ".to_owned() + &"{ a = ".repeat(100_000);
        let arrays = "a = ".to_owned() + &"[".repeat(100_000);
        let inside = format!("a = {{ {}b = 1 }}", "b.".repeat(200_000));
        for text in [dotted, table, inline, arrays, inside] {
            assert!(Inventory::parse(Path::new("pis.toml"), &text, None).is_err());
        }
    }
}
