//! The few lines of POSIX shell that start every command on the node.
//!
//! They show that a shell runs them (see [`crate::proof`]), become root in the
//! way that works there, enforce the deadline there (a process outlives its SSH
//! channel), and say on both output streams where the script's own output
//! begins. What a login shell's start-up files, sudo's lecture or a missing host
//! name print comes before that line and is cut off.
//!
//! Which shell the login has is nobody's business here: csh knows no line break
//! between quotes, fish takes a backslash there for its own, csh an exclamation
//! mark, and the older csh no long word. So the login shell gets short words of
//! harmless characters between single quotes, which they all read alike, and
//! `/bin/sh` writes the rest out.
//!
//! Nothing is on standard input until that line is there, but for the password
//! after sudo's own question for it: no secret can reach a program that is not
//! meant to read it.

use std::fmt::Write as _;

use crate::proof::Proof;
use crate::sudo::SudoMode;

/// Opens the line that says why the script could not be started as root.
pub(crate) const NO_ROOT: &str = "terrarium:no-root:";

/// Linux refuses a single argument of 128 KiB (`MAX_ARG_STRLEN`); the rest is
/// left to the lines below.
pub(crate) const REQUEST_BYTES_MAX: usize = 120 << 10;

/// Puts the words together, each of its pieces (`+…`) and a dot, and runs the lines
/// below, the first of them, written out, with the words after it.
const OPEN: &str = r#"set +vx; n=$#; word=; while [ $n -gt 0 ]; do case $1 in .) set -- "$@" "$word"; word= ;; *) word=$word${1#+} ;; esac; shift; n=$((n-1)); done; lines=$1; shift; eval "$(printf %b "$lines")""#;

/// The longest piece: the older csh refuses longer words.
const PIECE_BYTES: usize = 900;

/// Runs as the final user: `$1` how, `$2` seconds (0: no limit), `$3` the
/// script, `$4` the answer that shows who speaks.
const INNER: &str = r#"
echo "terrarium:begin:$4:$1:$$"
echo "terrarium:begin:$4:$1:$$" >&2
unset SUDO_PROMPT
if [ "$2" != 0 ] && command -v timeout >/dev/null 2>&1; then exec timeout -k 5 "$2" sh -c "$3"; fi
exec sh -c "$3"
"#;

/// Runs as the login user: `$1` the way to root (`auto` finds it), `$2` the
/// seconds, `$3` the script and `$4` the lines above, both still to be written
/// out, `$5` to `$7` the sums, `$8` whether there is a password.
///
/// A shell told by its environment to print what it runs would print sudo's
/// question before sudo does: `set +vx`. The question is set by `SUDO_PROMPT`, not
/// by `-p`: the latter would also stand in place of what PAM asks for something
/// other than the password. sudo-rs keeps PAM's words behind it. sudo is taken from where only root can
/// put it, never from the login user's search path. `-k` keeps a password cached
/// by somebody else's sudo from looking like "no password needed".
const OUTER: &str = r#"
set +vx
export LC_ALL=C
answer=$(($5)).$(($6)).$(($7))
script=$(printf '%b.' "$3") inner=$(printf '%b.' "$4")
script=${script%.} inner=${inner%.}
echo "terrarium:hello:$answer" >&2
case $1 in user|root) exec /bin/sh -c "$inner" terrarium "$1" "$2" "$script" "$answer" ;; esac
why=
no_root() { echo "terrarium:no-root:$1" >&2; printf '%s\n' "$why" >&2; exit 125; }
if [ "$1" = auto ] && [ "$(id -u)" = 0 ]; then
  exec /bin/sh -c "$inner" terrarium root "$2" "$script" "$answer"
fi
sudo=
for file in /usr/bin/sudo /bin/sudo /run/wrappers/bin/sudo; do
  if [ -u "$file" ] && [ -x "$file" ]; then sudo=$file; break; fi
done
[ -n "$sudo" ] || no_root missing
case $1 in
passwordless) exec "$sudo" -n /bin/sh -c "$inner" terrarium "$1" "$2" "$script" "$answer" ;;
auto)
  if why=$("$sudo" -k -n /bin/sh -c : 2>&1 </dev/null); then
    exec "$sudo" -n /bin/sh -c "$inner" terrarium passwordless "$2" "$script" "$answer"
  fi
  [ "$8" = yes ] || no_root password-needed ;;
esac
case $("$sudo" -V 2>/dev/null </dev/null) in
sudo-rs*) SUDO_PROMPT=terrarium:password:$answer:rs ;;
*) SUDO_PROMPT=terrarium:password:$answer:sudo: ;;
esac
export SUDO_PROMPT
exec "$sudo" -S -k /bin/sh -c "$inner" terrarium password "$2" "$script" "$answer"
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

    /// Whether sudo may ask for the password on this way.
    pub(crate) fn may_ask(self) -> bool {
        matches!(self, Self::Discover | Self::Known(SudoMode::Password))
    }
}

/// The exec request: one line for the login shell, whichever it is.
///
/// `deadline_s` 0 sets no limit on the node; `has_password` says whether sudo's
/// question can be answered at all.
pub(crate) fn request(
    way: Way,
    deadline_s: u64,
    script: &str,
    proof: Proof,
    has_password: bool,
) -> String {
    let seconds = deadline_s.to_string();
    let [first, second, third] = proof.questions();
    let has_password = if has_password { "yes" } else { "no" };
    let words = [OUTER, way.word(), &seconds, script, INNER, &first, &second, &third, has_password]
        .map(pieces);
    format!("exec /bin/sh -c '{OPEN}' terrarium {}", words.join(" "))
}

/// The text in characters that no shell takes for its own between single quotes,
/// as `printf %b` reads them, in pieces. The decoder above has no others either.
fn pieces(text: &str) -> String {
    let mut pieces = String::with_capacity(text.len() + text.len() / 8);
    let mut length = 0;
    for byte in text.bytes() {
        if length == 0 {
            pieces.push_str("'+");
        }
        let before = pieces.len();
        match byte {
            b'\n' => pieces.push_str("\\n"),
            b'\t' => pieces.push_str("\\t"),
            b'\'' | b'\\' | b'!' | 0..=b'\x1f' | b'\x7f'.. => {
                // Writing into a string does not fail.
                let _ = write!(pieces, "\\0{byte:03o}");
            }
            _ => pieces.push(char::from(byte)),
        }
        length += pieces.len() - before;
        if length >= PIECE_BYTES {
            pieces.push_str("' ");
            length = 0;
        }
    }
    if length > 0 {
        pieces.push_str("' ");
    }
    pieces.push('.');
    pieces
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::quote::quote;

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

    fn proof() -> Proof {
        Proof::new().expect("random numbers")
    }

    /// The output after the line that marks its beginning.
    fn without_begin<'a>(output: &'a str, proof: Proof, mode: &str) -> &'a str {
        let output = output.strip_prefix(&proof.marks().hello).unwrap_or(output);
        let (line, rest) = output.split_once('\n').expect("a first line");
        let mark = format!("{}{mode}:", proof.marks().begin);
        let pid = line.strip_prefix(&mark).expect("the mark");
        assert!(pid.parse::<u32>().is_ok(), "{pid}");
        rest
    }

    #[test]
    fn the_script_sees_its_input_and_gives_its_status() {
        let script = "cat; echo \"it's $0\" >&2; exit 7";
        let proof = proof();
        let (stdout, stderr, code) =
            run(&request(Way::User, 30, script, proof, false), b"pay\\load\n");
        assert_eq!(without_begin(&stdout, proof, "user"), "pay\\load\n");
        assert!(stderr.starts_with(&proof.marks().hello), "{stderr}");
        assert_eq!(without_begin(&stderr, proof, "user"), "it's sh\n");
        assert_eq!(code, Some(7));
    }

    #[test]
    fn the_deadline_ends_the_script_and_what_it_started() {
        let (_, _, code) = run(&request(Way::User, 1, "sleep 60 | sleep 60", proof(), false), b"");
        assert_eq!(code, Some(124));
    }

    #[test]
    fn nothing_that_repeats_the_request_gives_an_answer() {
        let proof = proof();
        for way in [Way::User, Way::Discover, Way::Known(SudoMode::Password)] {
            let request = request(way, 30, "true", proof, true);
            for mark in [proof.marks().hello, proof.marks().prompt, proof.marks().begin] {
                assert!(!request.contains(mark.trim()), "{mark} in {request}");
            }
        }
    }

    #[test]
    fn every_shell_on_this_machine_gives_the_same_answer() {
        let proof = proof();
        let shells = [
            "/bin/sh",
            "/bin/dash",
            "/bin/bash",
            "/bin/busybox",
            "/bin/zsh",
            "/bin/ksh93",
            "/bin/mksh",
            "/bin/fish",
            "/bin/tcsh",
            "/bin/bsd-csh",
        ];
        let hard = r#"a\b \\ \n 'it' "is" !! !x $HOME `id` ~ # % ^a^b {a,b} é ☃"#;
        let script = format!("# {}\nprintf '%s' {}\necho", "long ".repeat(4000), quote(hard));
        for shell in shells.iter().filter(|shell| std::path::Path::new(shell).exists()) {
            let request = request(Way::User, 0, &script, proof, false);
            let mut command = Command::new(shell);
            if shell.ends_with("busybox") {
                command.arg("sh");
            }
            // A shell told to print what it runs shows no answer before its time.
            let output =
                command.args(["-c", &request]).env("SHELLOPTS", "xtrace").output().expect("runs");
            let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
            let (stdout, stderr) = (text(output.stdout), text(output.stderr));
            assert_eq!(stderr.matches(&proof.marks().hello).count(), 1, "{shell}: {stderr}");
            assert_eq!(without_begin(&stdout, proof, "user"), format!("{hard}\n"), "{shell}");
            assert!(stderr.contains(&format!("{}user:", proof.marks().begin)), "{shell}: {stderr}");
        }
    }
}
