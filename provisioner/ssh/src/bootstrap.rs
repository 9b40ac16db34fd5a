//! The few lines of POSIX shell that start every command on the node.
//!
//! They become root in the way that works there, enforce the deadline there
//! (a process outlives its SSH channel), and say on both output streams where
//! the script's own output begins. What a login shell's start-up files, sudo's
//! lecture or a missing host name print comes before that line and is cut off.

use crate::quote::quote;
use crate::secret::Secret;
use crate::sudo::SudoMode;

/// Opens the line after which the script's own output begins; the way it
/// became root follows, a colon, its process id (which `exec` keeps), and a
/// line break.
pub(crate) const BEGIN: &str = "terrarium:begin:";
/// Opens the line that says why the script could not be started as root.
pub(crate) const NO_ROOT: &str = "terrarium:no-root:";
/// Ends the lines that may only be read by sudo, never by the script.
const PAYLOAD: &str = "terrarium:payload";

/// Linux refuses a single argument of 128 KiB (`MAX_ARG_STRLEN`); the rest is
/// left to the lines below.
pub(crate) const REQUEST_BYTES_MAX: usize = 120 << 10;

/// Runs as the final user: `$1` how, `$2` seconds (0: no limit), `$3` the
/// script, `$4` `skip` when lines meant for sudo may still be on stdin.
/// `read` takes single bytes from a pipe, so what follows stays for the script.
const INNER: &str = r#"
if [ "$4" = skip ]; then
  while IFS= read -r line && [ "$line" != terrarium:payload ]; do :; done
  unset line
fi
echo "terrarium:begin:$1:$$"
echo "terrarium:begin:$1:$$" >&2
if [ "$2" != 0 ] && command -v timeout >/dev/null 2>&1; then exec timeout -k 5 "$2" sh -c "$3"; fi
exec sh -c "$3"
"#;

/// Runs as the login user: `$1` the way to root (`auto` finds it), `$2` and
/// `$3` as above, `$4` the lines above.
///
/// `auto` reads the password once for itself. It is validated with nothing
/// else on stdin, so that a wrong one is a single attempt and no line of the
/// payload can be taken for another. `-k` keeps a password cached by somebody
/// else's sudo from looking like "no password needed".
const OUTER: &str = r#"
export LC_ALL=C
no_root() { echo "terrarium:no-root:$1" >&2; printf "%s\n" "$why" >&2; exit 125; }
case $1 in
user|root) exec sh -c "$4" terrarium "$1" "$2" "$3" no ;;
passwordless) exec sudo -n sh -c "$4" terrarium "$1" "$2" "$3" no ;;
password) exec sudo -S -k -p "" sh -c "$4" terrarium "$1" "$2" "$3" skip ;;
esac
IFS= read -r password
why=
if [ "$(id -u)" = 0 ]; then exec sh -c "$4" terrarium root "$2" "$3" skip; fi
command -v sudo >/dev/null 2>&1 || no_root missing
if why=$(sudo -k -n sh -c : 2>&1 </dev/null); then exec sudo -n sh -c "$4" terrarium passwordless "$2" "$3" skip; fi
[ -n "$password" ] || no_root password-needed
why=$(printf "%s\n" "$password" | sudo -S -k -p "" sh -c : 2>&1) || no_root refused
unset password
exec sudo -S -k -p "" sh -c "$4" terrarium password "$2" "$3" skip
"#;

/// Who a script is to run as, as far as it is known beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The login user.
    User,
    /// Root, in a way already found.
    Known(SudoMode),
    /// Root, in a way this command finds out.
    Discover,
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Known(mode) => mode.word(),
            Self::Discover => "auto",
        }
    }
}

/// The exec request: one line for the login shell, whichever it is.
///
/// `deadline_s` 0 sets no limit on the node.
pub(crate) fn request(way: Way, deadline_s: u64, script: &str) -> String {
    let words = [OUTER, "terrarium", way.word(), &deadline_s.to_string(), script, INNER].map(quote);
    format!("exec sh -c {}", words.join(" "))
}

/// What goes to stdin ahead of the payload: the lines sudo reads.
///
/// In the known password mode sudo reads the first line. Should the password
/// have been changed meanwhile, its second and third attempt (the default
/// limit) read the fillers, not the payload.
pub(crate) fn prelude(way: Way, password: Option<&Secret>) -> Vec<u8> {
    let password = password.map(Secret::expose).unwrap_or_default();
    match way {
        Way::User | Way::Known(SudoMode::Root | SudoMode::Passwordless) => Vec::new(),
        Way::Known(SudoMode::Password) => format!("{password}\n\n{PAYLOAD}\n").into_bytes(),
        // Once for the lines above, once for sudo itself.
        Way::Discover => format!("{password}\n{password}\n\n{PAYLOAD}\n").into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    /// Runs a request as the login shell would, with the given stdin.
    fn run(request: &str, stdin: &[u8]) -> (String, String, Option<i32>) {
        let mut child = Command::new("sh")
            .args(["-c", request])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh runs");
        child.stdin.take().expect("piped").write_all(stdin).expect("written");
        let output = child.wait_with_output().expect("ended");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (text(output.stdout), text(output.stderr), output.status.code())
    }

    /// The output after the line that marks its beginning.
    fn without_begin<'a>(output: &'a str, mode: &str) -> &'a str {
        let (line, rest) = output.split_once('\n').expect("a first line");
        let pid = line.strip_prefix(&format!("{BEGIN}{mode}:")).expect("the mark");
        assert!(pid.parse::<u32>().is_ok(), "{pid}");
        rest
    }

    #[test]
    fn the_script_sees_its_input_and_gives_its_status() {
        let script = "cat; echo \"it's $0\" >&2; exit 7";
        let (stdout, stderr, code) = run(&request(Way::User, 30, script), b"pay\\load\n");
        assert_eq!(without_begin(&stdout, "user"), "pay\\load\n");
        assert_eq!(without_begin(&stderr, "user"), "it's sh\n");
        assert_eq!(code, Some(7));
    }

    #[test]
    fn the_lines_for_sudo_are_skipped_wherever_sudo_left_off() {
        let payload = b"first\nsecond";
        // Whether sudo has read its line or not, the script gets the payload only.
        for consumed in 0..=2 {
            let mut stdin = prelude(Way::Discover, Some(&Secret::new("pass word\\")));
            for _ in 0..consumed {
                let end = stdin.iter().position(|&byte| byte == b'\n').expect("a line");
                stdin.drain(..=end);
            }
            stdin.extend_from_slice(payload);
            let words = [INNER, "terrarium", "password", "30", "cat", "skip"].map(quote);
            let (stdout, _, _) = run(&format!("sh -c {}", words.join(" ")), &stdin);
            assert_eq!(without_begin(&stdout, "password"), "first\nsecond");
        }
    }

    #[test]
    fn the_deadline_ends_the_script_and_what_it_started() {
        let (_, _, code) = run(&request(Way::User, 1, "sleep 60 | sleep 60"), b"");
        assert_eq!(code, Some(124));
    }

    #[test]
    fn no_password_is_part_of_a_request() {
        let secret = Secret::new("hunter2");
        assert!(!request(Way::Discover, 30, "true").contains("hunter2"));
        assert!(prelude(Way::Discover, Some(&secret)).starts_with(b"hunter2\nhunter2\n"));
        assert!(prelude(Way::Known(SudoMode::Passwordless), Some(&secret)).is_empty());
    }
}
