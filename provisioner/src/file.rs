//! Files that are replaced as a whole.

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The mode of a file that everybody may read.
const READABLE: u32 = 0o644;

/// Writes beside the file and then in its place: whoever reads sees the old text
/// or the new one, and a full disk keeps the old one and nothing else. A file
/// that is there keeps its mode; a new one may be read by everybody.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    write(path, text.as_bytes(), None)
}

/// The same, with this mode whatever there was.
pub(crate) fn replace_as(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    write(path, text.as_bytes(), Some(mode))
}

/// The same for what is no text.
pub(crate) fn replace_bytes(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write(path, bytes, Some(mode))
}

/// Writes a new file, whole or not at all, and never over one that is there.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<()> {
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
    };
    let mut file = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(READABLE))
        .tempfile_in(folder(path))
        .map_err(named)?;
    file.write_all(text.as_bytes()).map_err(named)?;
    file.as_file().sync_all().map_err(named)?;
    file.persist_noclobber(path).map_err(|error| named(error.error))?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    let path = target(path)?;
    let present = match fs_err::metadata(&path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if present.as_ref().is_some_and(|metadata| !metadata.is_file()) {
        // A terminal or a pipe has no old text to keep; a directory says so itself.
        return fs_err::OpenOptions::new().write(true).open(&path)?.write_all(bytes);
    }
    let kept = present.map(|metadata| metadata.permissions().mode() & 0o777);
    let folder = folder(&path);
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot write in {}: {error}", folder.display()))
    };
    // Whoever may not see the file sees nothing of it while it is made either.
    let mut file = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(folder)
        .map_err(named)?;
    file.write_all(bytes).map_err(named)?;
    let mode = std::fs::Permissions::from_mode(mode.or(kept).unwrap_or(READABLE));
    file.as_file().set_permissions(mode).map_err(named)?;
    file.as_file().sync_all().map_err(named)?;
    file.persist(&path).map_err(|error| named(error.error))?;
    // The rename itself is on the disk once the folder is.
    fs_err::File::open(folder)?.sync_all()
}

/// Where a link leads: the link stays one. A path nothing is at is itself.
pub(crate) fn target(path: &Path) -> io::Result<PathBuf> {
    match fs_err::canonicalize(path) {
        Ok(target) => Ok(target),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs_err::read_link(path) {
            // A link to a file that is still to be made.
            Ok(target) => Ok(folder(path).join(target)),
            Err(_) => Ok(path.to_owned()),
        },
        Err(error) => Err(error),
    }
}

/// The folder a file is in.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_keeps_its_mode_and_its_link() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        std::os::unix::fs::symlink("real", &link).unwrap();
        let mode = || std::fs::metadata(&real).unwrap().permissions().mode() & 0o777;
        replace(&link, "one").unwrap();
        assert_eq!((std::fs::read_to_string(&real).unwrap().as_str(), mode()), ("one", 0o644));
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
        replace(&link, "two").unwrap();
        assert_eq!((std::fs::read_to_string(&real).unwrap().as_str(), mode()), ("two", 0o640));
        replace_as(&link, "three", 0o600).unwrap();
        assert_eq!((std::fs::read_to_string(&real).unwrap().as_str(), mode()), ("three", 0o600));
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_new_file_is_never_written_over_one_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new");
        create(&path, "one").unwrap();
        let error = create(&path, "two").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(error.to_string().contains("/new: "), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_file_is_written_to_and_stays() {
        replace(Path::new("/dev/null"), "gone").unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
        let dir = tempfile::tempdir().unwrap();
        assert!(replace(dir.path(), "text").is_err());
        assert!(replace(&dir.path().join("missing/file"), "text").is_err());
    }
}
