//! The node agent's Debian package, looked into: what it will leave on a node,
//! so that a node's files are compared with these and not with a version.

use std::io::{self, Read as _};

use flate2::read::GzDecoder;
use terrarium_k3s::sums::Sha256;
use terrarium_plan::Package;

use crate::binaries::Local;
use crate::error::{Code, Failure};

/// The package's files, compressed as `agent/deb/build.sh` does.
const FILES: &[u8] = b"data.tar.gz";
/// Many times the agent's size.
const LIMIT_BYTES: u64 = 64 << 20;

/// The digests of the package and of what is in it.
pub(crate) fn look_into(local: &Local) -> Result<Package, Failure> {
    let files = fs_err::File::open(&local.path).and_then(files);
    let [program, unit] = files.map_err(|error| {
        let what = format!("cannot look into {}", local.path.display());
        Failure::new(Code::Usage, what, &error).hint(Some("build it with `make dist`".to_owned()))
    })?;
    Ok(Package { sha256: local.sha256.clone(), program, unit })
}

/// The digests of program and unit.
fn files(package: impl io::Read) -> io::Result<[String; 2]> {
    let mut members = ar::Archive::new(package);
    while let Some(member) = members.next_entry() {
        let member = member?;
        if member.header().identifier() == FILES {
            return digests(tar::Archive::new(GzDecoder::new(member)));
        }
    }
    Err(missing("data.tar.gz"))
}

fn digests(mut files: tar::Archive<impl io::Read>) -> io::Result<[String; 2]> {
    const WANTED: [&str; 2] = [Package::PROGRAM, Package::UNIT];
    let mut found = WANTED.map(|_| None);
    for file in files.entries()? {
        let file = file?;
        let place = {
            let name = file.path_bytes();
            let name = name.strip_prefix(b"./").unwrap_or(&name);
            WANTED.iter().position(|path| path.strip_prefix('/').map(str::as_bytes) == Some(name))
        };
        if let Some(place) = place {
            let mut bytes = Vec::new();
            file.take(LIMIT_BYTES).read_to_end(&mut bytes)?;
            found[place] = Some(Sha256::of(&bytes).to_string());
        }
    }
    let [program, unit] = found;
    Ok([program.ok_or_else(|| missing(WANTED[0]))?, unit.ok_or_else(|| missing(WANTED[1]))?])
}

fn missing(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("expected {name} in it, found none"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::binaries;
    use crate::settings::Settings;

    /// A package with these files.
    fn package(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, Path::new(path), text.as_bytes()).unwrap();
        }
        let data = tar.into_inner().unwrap().finish().unwrap();
        let mut package = Vec::new();
        let mut members = ar::Builder::new(&mut package);
        for (name, bytes) in [("debian-binary", &b"2.0\n"[..]), ("data.tar.gz", &data)] {
            let header = ar::Header::new(name.into(), bytes.len() as u64);
            members.append(&header, bytes).unwrap();
        }
        package
    }

    const PROGRAM: (&str, &str) = ("./usr/bin/terrarium-agent", "program");
    const UNIT: (&str, &str) = ("./usr/lib/systemd/system/terrarium-agent.service", "[Unit]");

    #[test]
    fn program_and_unit_are_known_by_their_digests() {
        let whole = package(&[("./usr/share/doc/x", "x"), UNIT, PROGRAM]);
        let digest = |text: &str| Sha256::of(text.as_bytes()).to_string();
        assert_eq!(files(&whole[..]).unwrap(), [digest("program"), digest("[Unit]")]);
    }

    #[test]
    fn what_the_build_makes_can_be_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent");
        fs_err::create_dir(folder.path().join("aarch64")).unwrap();
        fs_err::write(folder.path().join("aarch64/terrarium-agent"), "program").unwrap();
        let mut build = std::process::Command::new(agent.join("deb/build.sh"));
        let built = build.arg(folder.path()).arg("aarch64").output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

        let settings =
            Settings { agent_dir: Some(folder.path().to_owned()), ..Settings::from_environment() };
        let found = binaries::agents(["aarch64"].into_iter(), &settings).unwrap();
        let Package { program, unit, .. } = look_into(&found["aarch64"]).unwrap();
        assert_eq!(program, Sha256::of(b"program").to_string());
        let text = fs_err::read(agent.join("unit/terrarium-agent.service")).unwrap();
        assert_eq!(unit, Sha256::of(&text).to_string());
    }

    #[test]
    fn a_package_that_is_not_one_says_what_was_expected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terrarium-agent.deb");
        let whole = package(&[UNIT, PROGRAM]);
        for (bytes, said) in [
            (package(&[PROGRAM]), Package::UNIT),
            (package(&[UNIT]), Package::PROGRAM),
            (whole[..whole.len() / 2].to_vec(), "terrarium-agent.deb"),
            (b"<html>".to_vec(), "terrarium-agent.deb"),
            (Vec::new(), "terrarium-agent.deb"),
        ] {
            fs_err::write(&path, &bytes).unwrap();
            let local = Local { path: path.clone(), sha256: String::new() };
            let failure = look_into(&local).unwrap_err();
            assert_eq!(failure.code, Code::Usage);
            let line = failure.line();
            assert!(line.contains(said) && line.contains("make dist"), "{line}");
        }
    }
}
