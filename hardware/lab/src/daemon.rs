//! The Docker daemon: the machine's when it runs one, else one of our own that
//! leaves the machine's network and kernel settings alone.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::command::{capture, spawn_error, succeeds, tail};
use crate::docker::Engine;
use crate::wait::{Look, until};
use crate::{LabError, Paths, Progress, Result};

const START: Duration = Duration::from_mins(1);
const STOP: Duration = Duration::from_secs(45);

/// A daemon of our own.
#[derive(Debug)]
pub(crate) struct Daemon {
    run: PathBuf,
    data: PathBuf,
    log: PathBuf,
}

impl Daemon {
    pub(crate) fn new(paths: &Paths) -> Self {
        Self {
            run: paths.run.clone(),
            data: paths.cache.join("docker"),
            log: paths.cache.join("dockerd.log"),
        }
    }

    /// The engine that answers now: ours, else the machine's.
    pub(crate) fn running(&self) -> Result<Option<Engine>> {
        for engine in [Engine::at(&self.socket()), Engine::machine()] {
            if engine.answers()? {
                return Ok(Some(engine));
            }
        }
        Ok(None)
    }

    /// The engine that answers; ours is started when none does.
    pub(crate) fn ensure(&self, progress: Progress<'_>) -> Result<Engine> {
        if let Some(engine) = self.running()? {
            return Ok(engine);
        }
        progress("docker: no daemon answers; starting one for the lab");
        self.start()
    }

    /// Whether ours has ever held anything, so that it may still hold a lab.
    pub(crate) fn has_data(&self) -> bool {
        self.data.join("containers").is_dir()
    }

    fn start(&self) -> Result<Engine> {
        fs_err::create_dir_all(&self.run)?;
        fs_err::create_dir_all(&self.data)?;
        let mut child = if self.pid()?.is_some() { None } else { Some(self.spawn()?) };
        let engine = Engine::at(&self.socket());
        until("the lab's docker daemon answers", START, || {
            if engine.answers()? {
                return Ok(Look::Done(()));
            }
            let ended = child.as_mut().map(Child::try_wait).transpose()?.flatten();
            let log = fs_err::read(&self.log).unwrap_or_default();
            let log = tail(&String::from_utf8_lossy(&log));
            match ended {
                Some(status) => Err(LabError::Failed {
                    command: "dockerd".to_owned(),
                    status: status.to_string(),
                    output: log,
                }),
                None => Ok(Look::NotYet(log)),
            }
        })?;
        Ok(engine)
    }

    /// Starts it in a session of its own, so that it outlives this command.
    fn spawn(&self) -> Result<Child> {
        // A crash leaves these behind, and the daemon takes a reused process
        // id for another daemon, or its dying containerd for a live one.
        self.bury_containerd()?;
        for name in ["docker.pid", "docker.sock"] {
            let path = self.run.join(name);
            if path.symlink_metadata().is_ok() {
                fs_err::remove_file(path)?;
            }
        }
        let log = fs_err::File::create(&self.log)?.into_parts().0;
        let mut command = Command::new("setsid");
        command.arg("dockerd").args(self.args());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.spawn().map_err(|source| spawn_error(&command, source))
    }

    /// Ends the containerd of a daemon that crashed, and forgets it.
    fn bury_containerd(&self) -> Result<()> {
        let file = self.run.join("exec/containerd/containerd.pid");
        if !file.exists() {
            return Ok(());
        }
        if let Ok(pid) = fs_err::read_to_string(&file)?.trim().parse() {
            end(pid, "containerd", "the crashed daemon's containerd ends")?;
        }
        Ok(fs_err::remove_file(file)?)
    }

    fn args(&self) -> Vec<String> {
        let at = |path: PathBuf| path.to_string_lossy().into_owned();
        vec![
            format!("--host=unix://{}", self.socket()),
            format!("--pidfile={}", at(self.run.join("docker.pid"))),
            format!("--exec-root={}", at(self.run.join("exec"))),
            format!("--data-root={}", at(self.data.clone())),
            // The machine's network and kernel settings are none of ours.
            "--bridge=none".to_owned(),
            "--iptables=false".to_owned(),
            "--ip6tables=false".to_owned(),
            "--ip-forward=false".to_owned(),
            "--ip-masq=false".to_owned(),
            "--userland-proxy=false".to_owned(),
        ]
    }

    /// Stops ours, if it runs. Whether it did.
    pub(crate) fn stop(&self) -> Result<bool> {
        let Some(pid) = self.pid()? else { return Ok(false) };
        end(pid, "dockerd", "the lab's docker daemon ends")?;
        fs_err::remove_dir_all(&self.run)?;
        // It mounts its data over itself; after a crash one mount too many is left.
        while succeeds(Command::new("mountpoint").arg("-q").arg(&self.data))? {
            capture(Command::new("umount").arg(&self.data))?;
        }
        Ok(true)
    }

    /// Its process id, when the process of that id really is a daemon.
    fn pid(&self) -> Result<Option<u32>> {
        let path = self.run.join("docker.pid");
        if !path.exists() {
            return Ok(None);
        }
        let pid = fs_err::read_to_string(path)?.trim().parse().ok();
        Ok(pid.filter(|pid| runs(Path::new("/proc"), *pid, "dockerd")))
    }

    fn socket(&self) -> String {
        self.run.join("docker.sock").to_string_lossy().into_owned()
    }
}

/// Asks a process to end and waits until it has; fine when no process of that
/// id runs that program.
fn end(pid: u32, program: &str, what: &str) -> Result<()> {
    let proc = Path::new("/proc");
    if !runs(proc, pid, program) {
        return Ok(());
    }
    // It may end by itself in between, so it is the waiting that counts.
    succeeds(Command::new("kill").args(["-TERM", &pid.to_string()]))?;
    until(what, STOP, || {
        Ok(if runs(proc, pid, program) {
            Look::NotYet(format!("process {pid} still runs"))
        } else {
            Look::Done(())
        })
    })
}

/// Whether that process runs that program; one that ended and was not yet
/// collected by its parent runs nothing.
fn runs(proc: &Path, pid: u32, program: &str) -> bool {
    let stat = std::fs::read_to_string(proc.join(pid.to_string()).join("stat"));
    stat.is_ok_and(|stat| {
        let marker = format!("({program}) ");
        stat.split_once(&marker).is_some_and(|(_, rest)| !rest.starts_with('Z'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proc_with(pid: u32, stat: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let process = dir.path().join(pid.to_string());
        std::fs::create_dir(&process).unwrap();
        std::fs::write(process.join("stat"), stat).unwrap();
        dir
    }

    #[test]
    fn only_a_live_dockerd_counts() {
        let live = |stat| runs(proc_with(7, stat).path(), 7, "dockerd");
        assert!(live("7 (dockerd) S 1 7"));
        assert!(!live("7 (dockerd) Z 1 7"));
        assert!(!live("7 (bash) S 1 7"));
        assert!(!runs(proc_with(7, "7 (dockerd) S").path(), 8, "dockerd"));
    }

    #[test]
    fn a_stale_pidfile_is_no_daemon() {
        let dir = tempfile::tempdir().unwrap();
        let daemon = Daemon {
            run: dir.path().to_owned(),
            data: dir.path().join("data"),
            log: dir.path().join("log"),
        };
        assert_eq!(daemon.pid().unwrap(), None);
        std::fs::write(dir.path().join("docker.pid"), std::process::id().to_string()).unwrap();
        assert_eq!(daemon.pid().unwrap(), None);
        assert!(!daemon.stop().unwrap());
    }

    #[test]
    fn our_daemon_touches_neither_firewall_nor_forwarding() {
        let paths = Paths::under(Path::new("/x"));
        let args = Daemon::new(&paths).args();
        for wanted in ["--iptables=false", "--ip-forward=false", "--data-root=/x/cache/docker"] {
            assert!(args.iter().any(|arg| arg == wanted), "{wanted}");
        }
    }
}
