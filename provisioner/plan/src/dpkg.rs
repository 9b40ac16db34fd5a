//! Debian's package manager, said in sh. It waits for whoever holds its lock,
//! mends what a power cut left half done, and runs as a transient unit that a
//! lost connection does not end.

use terrarium_k3s::sums::Sha256;

use crate::action::{TIDY, record};
use crate::shell::quote;

/// Seconds to wait for another package manager, such as a first boot's unattended upgrade.
const LOCK: u64 = 900;

/// `d` runs dpkg as soon as nobody else does: apt can wait by itself, dpkg cannot.
/// Within a unit's command systemd takes `${…}` for its own: there is none.
const DPKG: &str = r#"export DEBIAN_FRONTEND=noninteractive LC_ALL=C
d() {
  n=0
  until o=$(dpkg "$@" 2>&1); do
    case $o in *"locked by another process"*) [ "$n" -lt @LOCK@ ];; *) false;; esac || { echo "$o"; return 1; }
    n=$((n + 1)); sleep 1
  done
}
"#;

/// Installs these packages and what they need from the node's own sources.
pub(crate) fn packages(names: &[String]) -> String {
    let list = names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(" ");
    let digest = Sha256::of(list.as_bytes()).to_string();
    let apt = format!("apt-get -q -o DPkg::Lock::Timeout={LOCK}");
    // apt does nothing while an installation that was cut short is unfinished.
    let install = format!(
        "{}d --configure -a\n{apt} update\nexec {apt} -y --no-install-recommends install {list}",
        dpkg()
    );
    transient(&format!("terrarium-packages-{}.service", &digest[..8]), &install)
}

/// Installs the package that lies at `archive`, over whatever is there of it,
/// and takes the archive away. `program`, of this sha256, is what it leaves.
/// Sent once more because its answer was lost, it finds no archive and the
/// program: it was done.
pub(crate) fn package(archive: &str, program: &str, sha256: &str) -> String {
    let install = format!("{}d --install {}", dpkg(), quote(archive));
    format!(
        "a={archive}\nd={program}\nis() {{ s=$(sha256sum <\"$d\"); [ \"${{s%% *}}\" = {sha256} ]; }}\n\
         [ -e \"$a\" ] || {{ [ -e \"$d\" ] && is && exit 0; }}\n({run}) || exit\n{TIDY}\
         is || {{ echo \"$d: expected sha256 {sha256}, got ${{s%% *}} after the installation\" >&2; exit 65; }}\n\
         {record}sed -i \"\\| $a\\$|d\" \"$r\"\nrm -f \"$a\"",
        run = transient(&format!("terrarium-package-{}.service", &sha256[..8]), &install),
        archive = quote(archive),
        program = quote(program),
        record = record(sha256),
    )
}

fn dpkg() -> String {
    DPKG.replace("@LOCK@", &LOCK.to_string())
}

/// Runs a script as a transient unit named after what it does: a second call
/// attaches to the first instead of starting another.
fn transient(unit: &str, script: &str) -> String {
    format!(
        "u={unit}\nstate() {{ systemctl show -p ActiveState --value \"$u\"; }}\n\
         case $(state) in activating|active) ;; *)\n\
         systemctl reset-failed \"$u\" 2>/dev/null\n\
         systemd-run --quiet --no-block --unit=\"$u\" -p Type=oneshot -p RemainAfterExit=yes sh -c {} || exit\n\
         esac\n\
         s=activating\nwhile [ \"$s\" = activating ]; do sleep 0.3; s=$(state); done\n\
         [ \"$s\" = active ] || {{ journalctl -u \"$u\" -n 25 -o cat --no-pager >&2; rc=1; }}\n\
         systemctl stop \"$u\" 2>/dev/null\nsystemctl reset-failed \"$u\" 2>/dev/null\n\
         exit ${{rc:-0}}",
        quote(script),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::{Command, Output};

    use super::*;

    fn unit(script: &str) -> &str {
        script.lines().find_map(|line| line.split_once("u=")).unwrap().1
    }

    #[test]
    fn runs_for_one_thing_share_one_unit_and_others_do_not() {
        let names = ["jq", "nfs-common"].map(str::to_owned);
        assert_eq!(unit(&packages(&names)), unit(&packages(&names)));
        assert_ne!(unit(&packages(&names)), unit(&packages(&names[..1])));
        let [one, other] = ["a", "b"].map(|digit| package("/x.deb", "/x", &digit.repeat(64)));
        assert_eq!(unit(&one), unit(&one.clone()));
        assert_ne!(unit(&one), unit(&other));
    }

    #[test]
    fn the_scripts_are_shell_that_parses_and_leave_systemd_nothing_to_expand() {
        for script in [packages(&["jq".to_owned()]), package("/x y.deb", "/x", &"a".repeat(64))] {
            let parsed = Command::new("sh").args(["-n", "-c", &script]).status().unwrap();
            assert!(parsed.success(), "{script}");
        }
        assert!(!dpkg().contains("${") && !dpkg().contains("$$"), "{DPKG}");
    }

    /// Runs `d` with a dpkg that answers with `answers`, one a call, then well.
    fn d(answers: &[&str]) -> (Output, usize) {
        let folder = tempfile::tempdir().unwrap();
        for (number, answer) in answers.iter().enumerate() {
            fs::write(folder.path().join(format!("answer{number}")), answer).unwrap();
        }
        let dpkg_file = "#!/bin/sh\nd=${0%/*}; n=$(cat $d/calls)\necho $((n + 1)) >$d/calls\n\
                    [ ! -e $d/answer$n ] || { cat $d/answer$n >&2; exit 2; }\n";
        for (name, text) in [("dpkg", dpkg_file), ("sleep", "#!/bin/sh\n")] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let calls = folder.path().join("calls");
        fs::write(&calls, "0").unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let script = format!("{}d --install x.deb", dpkg());
        let output = Command::new("sh").args(["-c", &script]).env("PATH", path).output().unwrap();
        (output, fs::read_to_string(calls).unwrap().trim().parse().unwrap())
    }

    #[test]
    fn dpkg_waits_for_who_holds_the_lock_and_for_nothing_else() {
        let locked = "dpkg: error: dpkg frontend lock was locked by another process with pid 7";
        let (output, calls) = d(&[locked, locked]);
        assert!(output.status.success());
        assert_eq!(calls, 3);
        let (output, calls) = d(&[locked, "dpkg: error: no space left on device"]);
        assert_eq!((output.status.code(), calls), (Some(1), 2));
        assert!(String::from_utf8(output.stdout).unwrap().contains("no space left"));
    }

    #[test]
    fn an_installation_that_was_done_is_not_done_again_when_its_answer_was_lost() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::write(&program, "new").unwrap();
        let run = |sha256: &str| {
            let archive = folder.path().join("gone.deb");
            let script = package(archive.to_str().unwrap(), program.to_str().unwrap(), sha256);
            // Without systemd nothing else of it can end well.
            let mut sh = Command::new("/bin/sh");
            sh.args(["-c", &script]).env("PATH", folder.path());
            for tool in ["sha256sum", "sh"] {
                let _ = std::os::unix::fs::symlink(
                    format!("/usr/bin/{tool}"),
                    folder.path().join(tool),
                );
            }
            sh.output().unwrap().status.code()
        };
        assert_eq!(run(&Sha256::of(b"new").to_string()), Some(0));
        assert_ne!(run(&Sha256::of(b"another").to_string()), Some(0));
    }
}
