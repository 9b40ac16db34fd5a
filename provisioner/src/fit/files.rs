//! Files of manifests as people have them: folders, standard input, compressed, with
//! a mark of byte order or in UTF-16.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::cancel::Cancel;
use crate::error::{Code, Failure};
use crate::input;

/// Bytes of a file somebody passes by mistake, also of what a compressed one holds.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Files of a folder.
const FILES_MAX: usize = 20_000;
const ENDINGS: [&str; 5] = ["yaml", "yml", "json", "yaml.gz", "json.gz"];
/// Stands for standard input.
const INPUT: &str = "-";

/// The texts of these files, each with its name. A folder stands for the manifests
/// below it, in the order of their names.
pub(crate) fn texts(paths: &[PathBuf], cancel: &Cancel) -> Result<Vec<(String, String)>, Failure> {
    let mut texts = Vec::new();
    for path in paths {
        if path.as_os_str() == INPUT {
            let bytes = all(input::standard(cancel), "standard input")?;
            texts.push(("standard input".to_owned(), text("standard input", bytes)?));
        } else if path.is_dir() {
            let mut found = Vec::new();
            walk(path, &mut found)?;
            if found.is_empty() {
                let what = format!("there are no manifests below {}", path.display());
                let hint = format!("they end in {}", ENDINGS.join(", "));
                return Err(Failure::plain(Code::Usage, what).hint(Some(hint)));
            }
            for path in found {
                cancel.check()?;
                texts.push(file(&path)?);
            }
        } else {
            texts.push(file(path)?);
        }
    }
    Ok(texts)
}

fn file(path: &Path) -> Result<(String, String), Failure> {
    let name = path.display().to_string();
    let file = fs_err::File::open(path).map_err(|error| unreadable(&error))?;
    let bytes = all(file, &name)?;
    Ok((name.clone(), text(&name, bytes)?))
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new(Code::Usage, "cannot read the manifests", error)
}

fn all(from: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    from.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > BYTES_MAX {
        let what = format!("{name} has more than {BYTES_MAX} bytes, which no manifests have");
        let hint = "name the files with the workloads alone";
        return Err(Failure::plain(Code::Usage, what).hint(Some(hint.to_owned())));
    }
    Ok(bytes)
}

/// Manifests below a folder, those of hidden folders left out, as git's own are.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let mut entries: Vec<PathBuf> = fs_err::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|error| unreadable(&error))?;
    entries.sort();
    for path in entries {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with('.') {
            continue;
        }
        // A link may lead in a circle.
        if path.is_dir() && !path.is_symlink() {
            walk(&path, found)?;
        } else if ENDINGS.iter().any(|ending| name.ends_with(&format!(".{ending}"))) {
            found.push(path);
        }
        if found.len() > FILES_MAX {
            let what =
                format!("there are more than {FILES_MAX} manifests below {}", folder.display());
            return Err(Failure::plain(Code::Usage, what)
                .hint(Some("name a folder further down".to_owned())));
        }
    }
    Ok(())
}

/// Bytes as text: compressed or not, in UTF-8 or, as PowerShell writes it, in UTF-16.
fn text(name: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        all(MultiGzDecoder::new(bytes.as_slice()), name)?
    } else {
        bytes
    };
    let wide = |order: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|pair| order([pair[0], pair[1]]));
        let whole = bytes.len().is_multiple_of(2);
        char::decode_utf16(units).collect::<Result<String, _>>().ok().filter(|_| whole)
    };
    let read = match bytes.as_slice() {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    };
    read.ok_or_else(|| {
        let what = format!("{name} is no text: expected UTF-8 or UTF-16");
        let hint = "`kubectl get -o yaml` and `helm template` print manifests";
        Failure::plain(Code::Usage, what).hint(Some(hint.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(bytes: &[u8]) -> Result<String, Failure> {
        text("f", bytes.to_vec())
    }

    #[test]
    fn a_file_is_read_in_every_form_that_tools_write() {
        let plain = "kind: Pod # ä\n";
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(plain.as_bytes()).unwrap();
        let units = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            std::iter::once(0xfeff).chain(plain.encode_utf16()).flat_map(order).collect()
        };
        for bytes in [
            plain.as_bytes().to_vec(),
            packed.finish().unwrap(),
            units(u16::to_le_bytes),
            units(u16::to_be_bytes),
        ] {
            assert_eq!(read(&bytes).unwrap(), plain);
        }
        for bytes in [&[0xff, 0xfe, 0x41][..], &[0x80, 0x81], &[0x1f, 0x8b, 0, 0]] {
            assert_eq!(read(bytes).unwrap_err().code, Code::Usage);
        }
    }

    #[test]
    fn a_folder_stands_for_the_manifests_below_it() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.yaml", "a/c.yml", ".git/d.yaml", "README.md", "a/e.json"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "kind: Pod\n").unwrap();
        }
        let found = texts(&[folder.path().to_owned()], &Cancel::default()).unwrap();
        let names: Vec<&str> =
            found.iter().map(|(name, _)| name.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, ["c.yml", "e.json", "b.yaml"]);
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        let failure = texts(&[folder.path().join("empty")], &Cancel::default()).unwrap_err();
        assert!(failure.what.contains("no manifests below"), "{}", failure.line());
    }
}
