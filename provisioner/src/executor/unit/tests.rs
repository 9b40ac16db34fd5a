use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::*;

/// A systemd whose unit comes up at the third look; `FAULTY` calls from `FROM` on
/// are answered as `FAULT` says.
const SYSTEMCTL: &str = r#"#!/bin/sh
d=${0%/*}
echo x >>"$d/calls"
n=$(wc -l <"$d/calls")
if [ "$n" -ge "$FROM" ] && [ "$n" -lt "$((FROM + FAULTY))" ]; then eval "$FAULT"; exit; fi
echo "$*" >>"$d/log"
case $* in
*ActiveState*)
  echo x >>"$d/looks"
  if [ ! -e "$d/told" ]; then echo inactive
  elif [ "$(wc -l <"$d/looks")" -gt 3 ]; then echo active
  else echo activating; fi ;;
*MainPID*) echo 0 ;;
*NRestarts*) echo 0 ;;
restart*) : >"$d/told" ;;
reset-failed*) echo 'Unit k3s.service not loaded.' >&2; exit 1 ;;
esac
"#;

/// What the first look says, how often systemd was asked, and what it was told.
fn first_look(fault: &str, from: usize, times: usize) -> (Option<Look>, usize, String) {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    put("systemctl", SYSTEMCTL);
    put("sleep", "#!/bin/sh\n");
    put("journalctl", "#!/bin/sh\necho a line\n");
    put("calls", "");
    let wait = UnitWait {
        unit: "k3s.service".to_owned(),
        generation: "0123".to_owned(),
        token: None,
        deadline: 10,
    };
    let output = Command::new("sh")
        .args(["-c", &script(&wait, None)])
        .env("PATH", format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap()))
        .env("FROM", from.to_string())
        .env("FAULTY", times.to_string())
        .env("FAULT", fault)
        .output()
        .unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let look = Look::read(&String::from_utf8_lossy(&output.stdout));
    (look, read("calls").lines().count(), read("log"))
}

#[test]
fn a_unit_is_started_and_seen_to_be_up_whichever_call_systemd_does_not_answer() {
    let (look, calls, _) = first_look("", 1000, 0);
    assert_eq!(look.unwrap().state, "active");
    for call in 1..=calls {
        for fault in [
            "echo 'Failed to get properties: Transport endpoint is not connected' >&2; false",
            "echo 'Failed to connect to bus: Connection refused' >&2; false",
        ] {
            for times in [1, 6] {
                let (look, _, told) = first_look(fault, call, times);
                let at = format!("call {call}, {times} times: {fault}\n{told}");
                assert_eq!(look.expect(&at).state, "active", "{at}");
                for line in ["daemon-reload", "enable --quiet k3s.service", "restart --no-block"] {
                    assert!(told.contains(line), "{at}: {line}");
                }
            }
        }
    }
}

#[test]
fn an_answer_that_is_none_is_no_end() {
    let (_, calls, _) = first_look("", 1000, 0);
    for call in 1..=calls {
        for fault in ["true", "echo; true", "echo 'nonsense of 3 words'; true"] {
            let (look, ..) = first_look(fault, call, 1);
            let state = look.map_or_else(String::new, |look| look.state);
            let sound = state == "active" || ON_ITS_WAY.contains(&state.as_str());
            assert!(sound, "call {call}, {fault}: {state:?}");
        }
    }
}

#[test]
fn only_what_says_how_the_unit_is_counts_as_a_look() {
    for (text, state, restarts) in [
        ("active 0 17\n", Some("active"), Some(0)),
        ("activating 3 17\na line\n", Some("activating"), Some(3)),
        ("unknown unknown 17\n", Some("unknown"), None),
        ("activating  17\n", None, None),
        (" 0 17\n", None, None),
        ("nonsense 0 17\n", None, None),
        ("active 0 yesterday\n", None, None),
        ("", None, None),
    ] {
        let look = Look::read(text);
        assert_eq!(look.as_ref().map(|look| look.state.as_str()), state, "{text}");
        assert_eq!(look.and_then(|look| look.restarts), restarts, "{text}");
    }
}
