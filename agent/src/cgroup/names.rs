//! Who a container is, as the node itself knows it.
//!
//! For each container the kubelet keeps a link
//! `/var/log/containers/<pod>_<namespace>_<container>-<id>.log` to
//! `/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restarts>.log`. Both
//! paths together say everything, and no log has to be readable: listing the
//! one folder is enough.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::place;
use crate::source::noted;

/// A container's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The container's name in the pod.
    pub container: String,
    /// How often it was started anew.
    pub restarts: u64,
}

/// The names by a container's identity.
pub type Book = BTreeMap<String, Names>;

/// A link's name and what it points to, read; `None` when that is not the
/// kubelet's way.
pub fn parse(link: &str, target: &Path) -> Option<(String, Names)> {
    let (_, id) = link.strip_suffix(".log")?.rsplit_once('-')?;
    let id = place::container_id(id)?;
    let mut parts = target.iter().rev().map(|part| part.to_str());
    let (restarts, container, pod) = (parts.next()??, parts.next()??, parts.next()??);
    let mut pod = pod.splitn(3, '_');
    let (namespace, name, _uid) = (pod.next()?, pod.next()?, pod.next()?);
    let names = Names {
        namespace: namespace.to_owned(),
        pod: name.to_owned(),
        container: container.to_owned(),
        restarts: restarts.strip_suffix(".log")?.parse().ok()?,
    };
    Some((id.to_owned(), names))
}

/// The folder of the links, below the host's root.
pub fn folder(rootfs: &Path) -> PathBuf {
    rootfs.join("var/log/containers")
}

/// All the links of the folder. One that goes while it is read is left out.
///
/// # Errors
/// When the folder cannot be listed.
pub fn read(folder: &Path) -> io::Result<Book> {
    let links = noted(std::fs::read_dir(folder))?.flatten();
    let read = links.filter_map(|link| {
        let target = std::fs::read_link(link.path()).ok()?;
        parse(link.file_name().to_str()?, &target)
    });
    Ok(read.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_and_its_target_tell_everything() {
        let id = "0123456789abcdef".repeat(4);
        let link = format!("redis-0_terrarium_redis-cache-{id}.log");
        let target = Path::new("/var/log/pods/terrarium_redis-0_0b1f6f3e/redis-cache/2.log");
        let names = Names {
            namespace: "terrarium".to_owned(),
            pod: "redis-0".to_owned(),
            container: "redis-cache".to_owned(),
            restarts: 2,
        };
        assert_eq!(parse(&link, target), Some((id.clone(), names)));
        for (link, target) in [
            ("redis.log", "/var/log/pods/a_b_c/d/0.log"),
            (&link[..], "/var/log/pods/a_b/d/0.log"),
            (&link, "/var/log/pods/a_b_c/d/zero.log"),
            (&link, "/var/log/pods/a_b_c/d/0.log.gz"),
            (&link, "0.log"),
            (&link, ""),
        ] {
            assert_eq!(parse(link, Path::new(target)), None, "{link} {target}");
        }
    }
}
