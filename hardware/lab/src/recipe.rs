//! Things built from a folder of the source tree, rebuilt only when the folder
//! has changed.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use sha2::{Digest, Sha256};

use crate::command::logged;
use crate::{LabError, Paths, Progress, Result};

/// How to build one thing.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// Its name: in messages, of its log and of its stamp.
    pub(crate) name: &'static str,
    /// The script, given the output as its argument.
    pub(crate) script: PathBuf,
    /// The files and folders whose content decides whether to build again.
    pub(crate) inputs: Vec<PathBuf>,
    /// The output: the script's argument.
    pub(crate) output: PathBuf,
    /// The file that has to exist afterwards.
    pub(crate) product: PathBuf,
}

impl Recipe {
    /// Builds it unless what is there was made from the same inputs.
    pub(crate) fn ensure(&self, paths: &Paths, progress: Progress<'_>) -> Result<()> {
        let digest = digest(&self.inputs)?;
        let stamp = paths.cache.join(format!("{}.digest", self.name));
        let made = std::fs::read_to_string(&stamp).unwrap_or_default();
        if made == digest && self.product.exists() {
            return Ok(());
        }
        let name = self.name;
        progress(&format!("{name}: building (log: {})", paths.log(name).display()));
        let start = Instant::now();
        fs_err::create_dir_all(&paths.cache)?;
        if made != digest && stamp.exists() {
            fs_err::remove_file(&stamp)?;
        }
        let mut command = Command::new("nice");
        command.arg("bash").arg(&self.script).arg(&self.output);
        logged(&mut command, &paths.log(name))?;
        if !self.product.exists() {
            return Err(LabError::NotMade { recipe: name, path: self.product.clone() });
        }
        fs_err::write(&stamp, &digest)?;
        progress(&format!("{name}: built in {:.1} s", start.elapsed().as_secs_f64()));
        Ok(())
    }
}

/// One digest over the names and contents of the files and folders, as hex.
pub(crate) fn digest(inputs: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    for input in inputs {
        for file in files(input)? {
            let name = file.strip_prefix(input).unwrap_or(&file).to_string_lossy().into_owned();
            let content = fs_err::read(&file)?;
            hash.update(format!("{name}\0{}\0", content.len()));
            hash.update(content);
        }
    }
    Ok(hex(&hash.finalize()))
}

/// sha256 of a file, as hex.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let mut reader = BufReader::with_capacity(1 << 20, fs_err::File::open(path)?);
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(chunk);
        let read = chunk.len();
        reader.consume(read);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The files under a path, or the path itself, sorted.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs_err::read_dir(path)? {
        found.extend(files(&entry?.path())?);
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_follows_names_and_contents() {
        let dir = tempfile::tempdir().unwrap();
        let inputs = [dir.path().to_owned()];
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::fs::write(dir.path().join("sub/a"), "1").unwrap();
        let first = digest(&inputs).unwrap();
        assert_eq!(digest(&inputs).unwrap(), first);
        std::fs::write(dir.path().join("sub/a"), "2").unwrap();
        let second = digest(&inputs).unwrap();
        assert_ne!(second, first);
        std::fs::rename(dir.path().join("sub/a"), dir.path().join("sub/b")).unwrap();
        assert_ne!(digest(&inputs).unwrap(), second);
    }

    #[test]
    fn it_builds_once_and_again_after_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("build.sh");
        let output = dir.path().join("out");
        let recipe = Recipe {
            name: "thing",
            script: script.clone(),
            inputs: vec![script.clone()],
            output: output.clone(),
            product: output.clone(),
        };
        let mut said = Vec::new();
        std::fs::write(&script, "echo x >> \"$1\"\n").unwrap();
        let paths = Paths::under(dir.path());
        for _ in 0..2 {
            recipe.ensure(&paths, &mut |line| said.push(line.to_owned())).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&output).unwrap(), "x\n");
        assert_eq!(said.len(), 2, "{said:?}");
        std::fs::write(&script, "echo y >> \"$1\"\n").unwrap();
        recipe.ensure(&paths, &mut |_| {}).unwrap();
        assert_eq!(std::fs::read_to_string(&output).unwrap(), "x\ny\n");
    }

    #[test]
    fn a_recipe_that_makes_nothing_or_fails_is_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("build.sh");
        let output = dir.path().join("out");
        let recipe = Recipe {
            name: "thing",
            script: script.clone(),
            inputs: vec![script.clone()],
            output: output.clone(),
            product: output,
        };
        let paths = Paths::under(dir.path());
        std::fs::write(&script, "true\n").unwrap();
        let nothing = recipe.ensure(&paths, &mut |_| {}).unwrap_err();
        assert!(matches!(nothing, LabError::NotMade { .. }), "{nothing}");
        std::fs::write(&script, "echo broken; exit 1\n").unwrap();
        let failed = recipe.ensure(&paths, &mut |_| {}).unwrap_err();
        assert!(failed.to_string().contains("broken"), "{failed}");
        std::fs::write(&script, "touch \"$1\"\n").unwrap();
        recipe.ensure(&paths, &mut |_| {}).unwrap();
    }

    #[test]
    fn the_digest_of_a_file_is_its_sha256() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("abc");
        std::fs::write(&file, "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&file).unwrap(), expected);
    }
}
