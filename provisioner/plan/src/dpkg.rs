//! Debian's package manager, said in sh. It waits for whoever holds its lock,
//! mends what a power cut left half done, and runs as a transient unit that a
//! lost connection does not end.

use terrarium_k3s::sums::Sha256;

use crate::action::{TIDY, record};
use crate::shell::quote;
use crate::systemd::{UNANSWERED, patient};

/// Seconds to wait for another package manager, such as a first boot's unattended upgrade.
const LOCK: u64 = 900;

/// `w` runs a command as soon as nobody else has what it needs: apt waits by
/// itself for one lock of three, dpkg for none. `d` is dpkg, which asks nobody: of
/// two versions of a configuration file the one stays that somebody has edited.
/// Within a unit's command systemd takes `${…}` for its own: there is none.
const DPKG: &str = r#"export DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical LC_ALL=C
export APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 UCF_FORCE_CONFFOLD=1
w() {
  n=0
  until o=$("$@" 2>&1); do
    r=$?
    case $o in *"locked by another process"* | *"Could not get lock"*) [ "$n" -lt @LOCK@ ];; *) false;; esac || { echo "$o"; return "$r"; }
    n=$((n + 1)); sleep 1
  done
  echo "$o"
}
d() { w dpkg --force-confdef --force-confold "$@"; }
a() { w apt-get -q -o DPkg::Lock::Timeout=@LOCK@ -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"; }
"#;

/// Installs these packages and what they need from the node's own sources. What
/// apt complained of although it did it, it says on standard output.
pub(crate) fn packages(names: &[String]) -> String {
    let list = names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(" ");
    let digest = Sha256::of(list.as_bytes()).to_string();
    transient(&format!("terrarium-packages-{}.service", &digest[..8]), &install(&list))
}

fn install(list: &str) -> String {
    // apt does nothing while an installation that was cut short is unfinished. What
    // cannot be fetched anew may be known well enough from before.
    format!(
        "{}d --configure -a\na update || echo \"W: apt-get update ended with status $?\"\n\
         a -y --no-install-recommends install {list}",
        dpkg()
    )
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

/// Seconds without a sign of systemd, after which the installation is left to itself.
const SILENCE: u32 = 300;
/// Times in a row that systemd may refuse to start it.
const REFUSALS: u32 = 5;

/// What systemd says of a unit, as `s`; nothing when it said nothing of use.
/// A job that waits for its turn is as good as begun.
const STATE: &str = r#"state() {
  s=$(systemctl show -p ActiveState -p Job "$u" 2>/dev/null) || { [ "$?" != 127 ] || { echo "there is no systemd" >&2; exit 127; }; s=; }
  case $s in *Job=[1-9]*) s=activating ;; *ActiveState=*) s=${s##*ActiveState=} s=${s%%[!a-z]*} ;; *) s= ;; esac
}
"#;

/// Runs a script as a transient unit named after what it does: a second call
/// attaches to the first instead of starting another. One that has ended and was
/// not put away may be of any age, and what it did is done again.
///
/// Only the unit's own end ends the wait, for to give up means to stop dpkg
/// where it stands or to start another: a systemd that says nothing, or nonsense,
/// is asked again. The unit is put away when nothing runs in it any more, and not before.
fn transient(unit: &str, script: &str) -> String {
    let lines = format!(
        r#"u={unit}
{STATE}begin() {{
  [ "$s" != active ] || systemctl stop "$u"
  systemctl reset-failed "$u" 2>/dev/null
  busy systemd-run --quiet --no-block --unit="$u" -p Type=oneshot -p RemainAfterExit=yes sh -c {script}
}}
silent() {{
  [ "$(($(uptime_s) - heard))" -ge {SILENCE} ] || return 0
  echo "systemd has said nothing of $u for {SILENCE} s; what it does goes on without being watched" >&2
  exit {UNANSWERED}
}}
heard=$(uptime_s) refused=0
while :; do
  state
  case $s in
  activating | reloading) break ;;
  inactive | failed | active)
    heard=$(uptime_s)
    why=$(begin 2>&1) && break
    refused=$((refused + 1))
    [ "$refused" -lt {REFUSALS} ] || {{ echo "$why" >&2; exit 1; }} ;;
  deactivating) heard=$(uptime_s) ;;
  *) silent ;;
  esac
  sleep 1
done
while :; do
  state
  case $s in
  active | failed | inactive) break ;;
  activating | reloading | deactivating | maintenance | refreshing) heard=$(uptime_s) ;;
  *) silent ;;
  esac
  sleep 0.3
done
i=$(systemctl show -p InvocationID --value "$u" 2>/dev/null)
case $i in '' | *[!0-9a-f]*) i=_SYSTEMD_UNIT=$u ;; *) i=_SYSTEMD_INVOCATION_ID=$i ;; esac
if [ "$s" = active ]; then
  journalctl "$i" -o cat --no-pager 2>/dev/null | grep '^[EW]: ' | tail -n 6
  systemctl stop "$u" 2>/dev/null
else
  journalctl "$i" -n 25 -o cat --no-pager >&2
  rc=1
fi
systemctl reset-failed "$u" 2>/dev/null
exit "${{rc:-0}}""#,
        script = quote(script),
    );
    patient(&lines)
}

#[cfg(test)]
mod real;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;
    use crate::systemd::tests::Fakes;

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

    const LOCKED: &str = "dpkg: error: dpkg frontend lock was locked by another process with pid 7";
    const HELD: &str =
        "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)";

    #[test]
    fn who_holds_a_lock_is_waited_for_and_nothing_else_is() {
        for (call, lock) in
            [("d --install x.deb", LOCKED), ("a update", LOCKED), ("a update", HELD)]
        {
            let run = |last: &str| {
                let fakes = Fakes::new();
                for program in ["dpkg", "apt-get"] {
                    let say = |text: &str| format!("echo '{text}' >&2; exit 2\n");
                    fakes.answer(program, 1, &say(lock)).answer(program, 2, &say(lock));
                    fakes.answer(program, 3, last);
                }
                let output = fakes.run(&format!("{}{call}", dpkg()));
                (
                    output.status.code(),
                    fakes.calls().len(),
                    String::from_utf8(output.stdout).unwrap(),
                )
            };
            assert_eq!(run("exit 0"), (Some(0), 3, "\n".to_owned()), "{call}");
            let (code, calls, said) = run("echo 'dpkg: error: no space left' >&2; exit 2");
            assert_eq!((code, calls), (Some(2), 3), "{call}");
            assert!(said.contains("no space left"), "{said}");
        }
    }

    /// A systemd in which units run as long as they are looked at three times.
    const SYSTEMCTL: &str = r#"case $* in
*ActiveState*)
  if [ "$(cat "$d/state")" = activating ]; then
    echo x >>"$d/looks"
    [ "$(wc -l <"$d/looks")" -lt 3 ] || { echo "$END" >"$d/state"; echo ended >>"$d/log"; }
  fi
  echo "ActiveState=$(cat "$d/state")" ;;
*InvocationID*) echo 0123456789abcdef0123456789abcdef ;;
stop*)
  [ "$(cat "$d/state")" != activating ] || echo 'STOPPED AT ITS WORK' >>"$d/log"
  echo inactive >"$d/state" ;;
reset-failed*) echo 'Unit is not loaded.' >&2; exit 1 ;;
esac
"#;
    const SYSTEMD_RUN: &str = r#"[ "$(cat "$d/state")" = inactive ] || { echo 'Failed to start transient service unit: Unit already exists.' >&2; exit 1; }
rm -f "$d/looks"
echo activating >"$d/state"
echo begun >>"$d/log"
"#;

    fn systemd(state: &str, end: &str) -> Fakes {
        let fakes = Fakes::new();
        fakes.file("state", state).otherwise("systemctl", &SYSTEMCTL.replace("$END", end));
        fakes.otherwise("systemd-run", SYSTEMD_RUN);
        fakes.otherwise("journalctl", "echo \"E: words of $1\"\n");
        fakes
    }

    /// What is no answer: as systemd gives it while it starts itself anew, nothing, or nonsense.
    const FAULTS: [&str; 4] = [
        "echo 'Failed to get properties: Transport endpoint is not connected' >&2; exit 1",
        "echo 'Failed to connect to bus: Connection refused' >&2; exit 1",
        "exit 0",
        "echo '\u{7f}ActiveState'; exit 0",
    ];

    fn work(fakes: &Fakes) -> Vec<String> {
        let own = |line: &String| !line.contains("systemctl") && !line.contains("journalctl");
        fakes
            .calls()
            .into_iter()
            .filter(own)
            .filter(|line| !line.starts_with("systemd-run"))
            .collect()
    }

    #[test]
    fn whatever_call_systemd_does_not_answer_the_installation_is_begun_once_and_waited_for() {
        let script = packages(&["jq".to_owned()]);
        let honest = systemd("inactive", "active");
        assert!(honest.run(&script).status.success());
        for program in ["systemctl", "systemd-run", "journalctl"] {
            let calls = honest.calls().iter().filter(|call| call.starts_with(program)).count();
            assert!(calls > 0, "{program}");
            for call in 1..=calls {
                for (fault, times) in FAULTS.iter().zip([1, 7, 1, 1]) {
                    // A call that says well what it did not do is no fault of the bus.
                    if fault.contains("exit 0") && program == "systemd-run" {
                        continue;
                    }
                    let fakes = systemd("inactive", "active");
                    for time in call..call + times {
                        fakes.answer(program, time, fault);
                    }
                    let output = fakes.run(&script);
                    let at = format!("{program} {call}, {times} times: {fault}\n{output:?}");
                    assert!(output.status.success(), "{at}");
                    assert_eq!(work(&fakes), ["begun", "ended"], "{at}");
                }
            }
        }
    }

    #[test]
    fn a_run_that_is_under_way_is_attached_to_and_one_that_ended_is_made_again() {
        for (state, expected) in [
            ("activating", &["ended"][..]),
            ("active", &["begun", "ended"]),
            ("failed", &["begun", "ended"]),
        ] {
            let fakes = systemd(state, "active");
            // `reset-failed` makes a failed unit one that is not there.
            if state == "failed" {
                fakes.answer("systemctl", 2, "echo inactive >\"$d/state\"");
            }
            assert!(fakes.run(&packages(&["jq".to_owned()])).status.success(), "{state}");
            assert_eq!(work(&fakes), expected, "{state}");
        }
    }

    #[test]
    fn an_installation_that_fails_says_why_and_is_not_stopped() {
        let fakes = systemd("inactive", "failed");
        let output = fakes.run(&packages(&["jq".to_owned()]));
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("E: words of _SYSTEMD_INVOCATION_ID=0123"), "{said}");
        assert!(fakes.calls().iter().all(|call| !call.starts_with("systemctl stop")));
    }

    #[test]
    fn what_apt_complains_of_is_told_although_it_did_what_it_should() {
        let output = systemd("inactive", "active").run(&packages(&["jq".to_owned()]));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.starts_with("E: words of "), "{said}");
    }

    #[test]
    fn a_systemd_that_refuses_is_believed() {
        let fakes = systemd("inactive", "active");
        fakes.otherwise("systemd-run", "echo 'Failed to start: Access denied' >&2; exit 1");
        let output = fakes.run(&packages(&["jq".to_owned()]));
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stderr).unwrap().contains("Access denied"));
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
