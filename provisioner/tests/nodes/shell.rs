//! The login shell of a made-up node. What `provision` asks to be executed is
//! really executed, up to the script itself: so the lines that look for a way to
//! root, read the password and set the deadline are the product's own, whatever
//! they are. `sudo` and `id` are stand-ins, and the innermost `sh -c <script>`
//! does not run the script but hands it to the model, and its input after it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use crate::server::{Out, Stream};

/// Says on both output streams that a script has begun. On standard output the
/// script follows, a NUL, and then whatever the script was given to read.
const MARK: &[u8] = b"\x01made-up node\x01";

/// Called with nothing but `-c <script>` it is the script's own shell. The lock
/// is taken for real, in a folder of this node's own; so is what is asked to be.
const SH: &str = r#"#!/bin/sh
[ "$#" = 2 ] && [ "$1" = -c ] || exec /bin/sh "$@"
really=
case $2 in */run/terrarium*) really=yes ;; esac
[ -n "$NODE_REALLY" ] && case $2 in *"$NODE_REALLY"*) really=yes ;; esac
printf '\001made-up node\001%s\000' "$2"
printf '\001made-up node\001' >&2
[ -n "$really" ] || exec cat
exec /bin/sh -c "$(printf %s "$2" | sed "s,/run/terrarium,$NODE_ROOT/run/terrarium,g")"
"#;

/// As far as it is used: `-V`, `-n`, `-S`, `-k`, `SUDO_PROMPT`, three attempts.
const SUDO: &str = r#"#!/bin/sh
asks=yes prompt=${SUDO_PROMPT:-'[sudo] password for pi: '}
while :; do
  case $1 in
  -n) asks=no; shift ;;
  -S | -k) shift ;;
  -V) echo 'Sudo version 1.9.16p2'; exit ;;
  *) break ;;
  esac
done
[ "$NODE_SUDO" = passwordless ] && exec "$@"
[ $asks = yes ] || { echo 'sudo: a password is required' >&2; exit 1; }
for try in 1 2 3; do
  printf %s "$prompt" >&2
  IFS= read -r line || { echo 'sudo: no password was provided' >&2; exit 1; }
  [ "$line" = "$NODE_PASSWORD" ] && exec "$@"
  echo 'Sorry, try again.' >&2
done
echo 'sudo: 3 incorrect password attempts' >&2
exit 1
"#;

const ID: &str = "#!/bin/sh\n[ \"$NODE_SUDO\" = root ] && echo 0 || echo 1000\n";

/// How a node's user becomes root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sudo {
    Root,
    Passwordless,
    Password(String),
}

/// What a shell needs to be started.
#[derive(Debug)]
pub(crate) struct Shell {
    root: PathBuf,
}

/// What a shell said first.
pub(super) enum Begun {
    /// It handed a script over; the bytes are the beginning of its input.
    Script { script: String, input: Vec<u8>, really: bool },
    /// It ended without one.
    Ended,
}

impl Shell {
    /// Lays the stand-ins down in the node's own folder.
    pub(super) fn new(root: &Path) -> Self {
        std::fs::create_dir_all(root.join("bin")).unwrap();
        std::fs::create_dir_all(root.join("run")).unwrap();
        for (name, text) in [("sh", SH), ("sudo", SUDO), ("id", ID)] {
            let path = root.join("bin").join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { root: root.to_owned() }
    }

    /// What stands for `/run/terrarium`.
    pub(super) fn run_dir(&self) -> PathBuf {
        self.root.join("run/terrarium")
    }

    /// Starts a request as the login shell would.
    pub(super) fn start(&self, request: &str, sudo: &Sudo, really: &str) -> Child {
        let path = format!("{}/bin:/usr/sbin:/usr/bin:/sbin:/bin", self.root.display());
        let (word, password) = match sudo {
            Sudo::Root => ("root", ""),
            Sudo::Passwordless => ("passwordless", ""),
            Sudo::Password(password) => ("password", password.as_str()),
        };
        Command::new("/bin/sh")
            .args(["-c", request])
            .env_clear()
            .env("PATH", path)
            .env("NODE_ROOT", &self.root)
            .env("NODE_REALLY", really)
            .env("NODE_SUDO", word)
            .env("NODE_PASSWORD", password)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }
}

/// Reads up to the mark, giving away what comes before it. What was read beyond
/// it is the value; `None` at the end of the stream.
pub(super) async fn up_to_mark(
    stream: &mut (impl AsyncRead + Unpin),
    out: &Out,
    which: Stream,
) -> Option<Vec<u8>> {
    let mut held: Vec<u8> = Vec::new();
    loop {
        if let Some(at) = held.windows(MARK.len()).position(|window| window == MARK) {
            let rest = held.split_off(at + MARK.len());
            held.truncate(at);
            out.give(which, held).await;
            return Some(rest);
        }
        // The end of what was read may be the beginning of a mark. Nothing else is
        // kept back: it may be a question that is waited for.
        let begun = (1..MARK.len()).rev().find(|length| held.ends_with(&MARK[..*length]));
        let sure = held.len() - begun.unwrap_or(0);
        if sure > 0 {
            out.give(which, held.drain(..sure).collect()).await;
        }
        if stream.read_buf(&mut held).await.unwrap_or(0) == 0 {
            out.give(which, held).await;
            return None;
        }
    }
}

/// The script after the mark on standard output.
pub(super) async fn script(
    stream: &mut (impl AsyncRead + Unpin),
    mut held: Vec<u8>,
    really: &str,
) -> Begun {
    loop {
        if let Some(at) = held.iter().position(|byte| *byte == 0) {
            let input = held.split_off(at + 1);
            held.truncate(at);
            let script = String::from_utf8(held).unwrap();
            let really =
                script.contains("/run/terrarium") || !really.is_empty() && script.contains(really);
            return Begun::Script { script, input, really };
        }
        if stream.read_buf(&mut held).await.unwrap_or(0) == 0 {
            return Begun::Ended;
        }
    }
}

/// Splits a line of our own scripts into words: quotes of both kinds and
/// backslashes, no expansion.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' => words.extend(word.take()),
            quote @ ('\'' | '"') => {
                let quoted = characters.by_ref().take_while(|c| *c != quote);
                word.get_or_insert_default().extend(quoted);
            }
            '\\' => word.get_or_insert_default().extend(characters.next()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}
