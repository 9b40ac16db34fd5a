//! A node whose PID 1 does not answer is busy, not wrong: while it starts itself
//! anew, which an upgrade of systemd makes it do, and while the node stands still,
//! `systemctl` ends with nothing but an error of the bus.

/// Seconds that one question is asked again for.
const WITHIN: u32 = 90;

/// What a script ends with that was not answered. None of the programs asked does.
pub const UNANSWERED: i32 = 75;

/// What a question ends with where there is no systemd, as where its programs are missing.
pub(crate) const NONE: i32 = 127;

/// Stands before a script: whatever it asks of systemd is asked until it answers.
/// Only what the bus says of itself counts as no answer; a refusal is passed on at
/// once. Words go by the time since boot: the clock may jump. `busy_until`, set
/// before, is the end of all waits together.
const PRELUDE: &str = r#"uptime_s() { read -r busy_up _ </proc/uptime; echo "${busy_up%%.*}"; }
busy() {
  busy_end=${busy_until:-$(($(uptime_s) + @WITHIN@))}
  while :; do
    { busy_why=$(LC_ALL=C command "$@" 2>&1 >&3 3>&-); busy_rc=$?; } 3>&1
    [ "$busy_rc" != 0 ] || return 0
    case $busy_why in
    *'not been booted with systemd'* | *'Host is down'*) busy_rc=@NONE@; break ;;
    *' bus'* | *'Transport endpoint'* | *'Connection refused'* | *'Connection reset'* | *'Connection timed out'*) ;;
    *'Connection terminated'* | *'peer disconnected'* | *'not receive a reply'*) ;;
    *'Failed to activate service'*'timed out'*) ;;
    *) break ;;
    esac
    if [ "$(uptime_s)" -ge "$busy_end" ]; then
      busy_why="systemd (PID 1) does not answer: $busy_why" busy_rc=@UNANSWERED@
      break
    fi
    sleep 0.5
  done
  [ -z "$busy_why" ] || printf '%s\n' "$busy_why" >&2
  return "$busy_rc"
}
systemctl() { busy systemctl "$@"; }
hostnamectl() { busy hostnamectl "$@"; }
timedatectl() { busy timedatectl "$@"; }
# The script:
"#;

/// The script, patient with systemd where it speaks to it.
pub fn patient(script: &str) -> String {
    let speaks = ["systemctl", "hostnamectl", "timedatectl"].iter().any(|it| script.contains(it));
    if speaks { format!("{}{script}", prelude()) } else { script.to_owned() }
}

fn prelude() -> String {
    PRELUDE
        .replace("@WITHIN@", &WITHIN.to_string())
        .replace("@UNANSWERED@", &UNANSWERED.to_string())
        .replace("@NONE@", &NONE.to_string())
}

#[cfg(test)]
pub(crate) mod tests;
