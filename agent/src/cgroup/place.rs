//! What the folders of pods are called, by either of the kubelet's drivers.
//!
//! systemd: `kubepods-burstable-pod<uid>.slice/cri-containerd-<id>.scope`, the
//! uid with `_` for `-`; cgroupfs: `kubepods/burstable/pod<uid>/<id>`.

/// Characters of a container's identity, a SHA-256 in hexadecimal.
const ID: usize = 64;

/// Whether all pods are below this folder of the root or of a folder in it: a
/// kubelet that does not have the host for itself has its own name before.
pub fn is_top(name: &str) -> bool {
    let name = name.strip_suffix(".slice").unwrap_or(name);
    name == "kubepods" || name.ends_with("-kubepods")
}

/// Whether pods of one class of service are below this folder of the top.
pub fn is_class(name: &str) -> bool {
    let name = name.strip_suffix(".slice").unwrap_or(name);
    let name = name.rsplit('-').next().unwrap_or(name);
    matches!(name, "besteffort" | "burstable" | "guaranteed")
}

/// The uid of the pod whose folder this is, as the API writes it.
pub fn pod_uid(name: &str) -> Option<String> {
    let name = name.strip_suffix(".slice").unwrap_or(name);
    let start = name.rfind("pod").filter(|at| *at == 0 || name[..*at].ends_with('-'))?;
    let uid = name[start + "pod".len()..].replace('_', "-");
    let plain = uid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    // A static pod's has no dashes.
    (plain && matches!(uid.len(), 32 | 36)).then_some(uid)
}

/// The identity of the container whose folder this is.
pub fn container_id(name: &str) -> Option<&str> {
    let name = name.strip_suffix(".scope").unwrap_or(name);
    let (runtime, id) = name.rsplit_once('-').unwrap_or(("", name));
    // CRI-O's monitor of a container is beside it, in a group named likewise.
    (!runtime.ends_with("conmon")).then_some(())?;
    let plain = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (plain && id.len() == ID).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "0b1f6f3e-2c5a-4b7d-9e8f-a1b2c3d4e5f6";

    #[test]
    fn folders_of_both_drivers_are_known() {
        let underscores = UID.replace('-', "_");
        for name in [
            format!("pod{UID}"),
            format!("kubepods-pod{underscores}.slice"),
            format!("kubepods-burstable-pod{underscores}.slice"),
            format!("kubelet-kubepods-besteffort-pod{underscores}.slice"),
        ] {
            assert_eq!(pod_uid(&name).as_deref(), Some(UID), "{name}");
        }
        let hash = "f".repeat(32);
        assert_eq!(pod_uid(&format!("pod{hash}")), Some(hash));
        for name in ["pod", "kubepods", "kubepods.slice", "podman", "xpod", "burstable", "", "-pod"]
        {
            assert_eq!(pod_uid(name), None, "{name}");
        }
    }

    #[test]
    fn containers_are_told_by_their_identity() {
        let id = "0123456789abcdef".repeat(4);
        for name in [
            id.clone(),
            format!("cri-containerd-{id}.scope"),
            format!("crio-{id}.scope"),
            format!("docker-{id}.scope"),
        ] {
            assert_eq!(container_id(&name), Some(id.as_str()), "{name}");
        }
        let monitor = format!("crio-conmon-{id}.scope");
        for name in ["", "init.scope", "cri-containerd-.scope", &id[1..], &"g".repeat(64), &monitor]
        {
            assert_eq!(container_id(name), None, "{name}");
        }
    }

    #[test]
    fn the_way_down_is_known() {
        for top in ["kubepods", "kubepods.slice", "kubelet-kubepods.slice"] {
            assert!(is_top(top), "{top}");
        }
        for class in ["burstable", "kubepods-besteffort.slice", "kubelet-kubepods-burstable.slice"]
        {
            assert!(is_class(class) && !is_top(class), "{class}");
        }
        for other in ["system.slice", "init.scope", "user.slice", "mykubepods", ""] {
            assert!(!is_top(other) && !is_class(other), "{other}");
        }
    }
}
