//! The cache's first start, with the chart's own configuration.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::chart::defined;
use crate::pod::{ADDRESS, PATH, Pod, id};

const READY: &str = "Ready to accept connections";
const PASSWORD: &str = "first-start";

struct Volume(TempDir);

impl Volume {
    fn new() -> Self {
        let volume = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(volume.path("data")).expect("made");
        let users = format!("user default on >{PASSWORD} ~* &* +@all\n");
        fs::write(volume.path("users.acl"), users).expect("written");
        fs::write(volume.path("redis.conf"), volume.configuration()).expect("written");
        fs::write(volume.path("start.sh"), "exec redis-server \"$1\"\n").expect("written");
        let [user, group] = ["-u", "-g"].map(|kind| id(kind, "redis"));
        for path in ["", "data"].map(|name| volume.path(name)) {
            chown(&path, Some(user), Some(group)).expect("root may");
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
        }
        volume
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The chart's, with the places of this volume and its default sizes.
    fn configuration(&self) -> String {
        let conf = defined("redis/templates/_config.tpl", "redis.conf")
            .replace("{{ .Values.maxmemory }}", "32mb")
            .replace("{{ .Values.maxmemoryPolicy }}", "allkeys-lru")
            .replace("dir /data", &format!("dir {}", self.path("data").display()))
            .replace("/run/secrets/redis", self.0.path().to_str().expect("text"));
        assert!(!conf.contains("{{"), "{conf}");
        conf
    }

    fn start(&self) -> Pod {
        let conf = self.path("redis.conf");
        let arguments = [conf.to_str().expect("text")];
        Pod::start("redis", &self.path("start.sh"), &arguments, &[("PATH", PATH)], &[])
    }

    /// What a client in another pod is answered.
    fn ask(pod: &Pod, words: &[&str]) -> String {
        let output = pod
            .client(Path::new("redis-cli"))
            .args(["-h", ADDRESS])
            .args(words)
            .env("REDISCLI_AUTH", PASSWORD)
            .output()
            .expect("redis-cli runs");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }
}

#[test]
fn redis_cut_off_at_any_line_of_its_first_start_takes_and_keeps_what_it_is_told() {
    let lines = Volume::new().start().until(READY).len();
    assert!(lines > 3, "{lines}");
    for cut in 0..lines {
        let volume = Volume::new();
        let told = volume.start().cut_off(cut);
        {
            let mut pod = volume.start();
            pod.until(READY);
            assert_eq!(Volume::ask(&pod, &["SET", "key", "kept"]), "OK", "{told}");
        }
        let mut pod = volume.start();
        pod.until(READY);
        assert_eq!(Volume::ask(&pod, &["GET", "key"]), "kept", "{told}");
    }
}
