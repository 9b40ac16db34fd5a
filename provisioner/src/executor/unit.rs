//! Starting a unit and watching it come up. k3s is `Type=notify`: a blocking
//! start hangs for ever when it cannot join, so it is started without blocking
//! and its journal is read while it tries.

use std::time::{Duration, Instant};

use terrarium_k3s::journal::{self, Diagnosis, Kind};
use terrarium_plan::{State, UnitWait, patient, quote};
use terrarium_ssh::{Command, Output};

use crate::error::{Code, Failure};
use crate::host::Host;
use crate::view::Reporter;

/// How long one look lasts on the node when nothing happens: long enough to
/// spare round trips, short enough to show a fatal line soon.
const LOOK: &str = "for i in 1 1 1 1 1 1 1 1; do s=$(systemctl show -p ActiveState --value \"$u\" 2>/dev/null); case $s in active|failed) break;; esac; sleep 0.5; done";
/// What a look may take, and seconds of it that a busy systemd is waited for.
const WITHIN: Duration = Duration::from_mins(2);
const BUSY_S: u32 = 60;
/// What systemd says of a unit that is neither up nor given up; `unknown` when it
/// says nothing.
const ON_ITS_WAY: [&str; 7] =
    ["activating", "reloading", "deactivating", "inactive", "maintenance", "refreshing", "unknown"];

/// How long a fatal line is held for one that may pass, when it is repeated: k3s
/// asks every few seconds, and an agent node that is refused never gives up.
const BELIEVED_AFTER: Duration = Duration::from_secs(5);

/// Starts the unit and waits until it is active. `server` is whom it joins.
pub(super) async fn start(
    host: &Host,
    server: Option<&Host>,
    wait: &UnitWait,
    reporter: &Reporter,
    change: &str,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let deadline = Duration::from_secs(wait.deadline);
    let mut since = begin(host, wait).await?;
    // A start that an earlier run began has a count of its own.
    let mut before = since.restarts;
    let mut fatal_since = None;
    loop {
        let Look { state, restarts: counted, time, journal: lines } = since;
        before = before.or(counted);
        let restarts = counted.unwrap_or_default().saturating_sub(before.unwrap_or_default());
        if state == "active" {
            return Ok(());
        }
        if let Some(diagnosis) = journal::classify(&lines) {
            // k3s restarts by itself after a fatal error, or asks again; the same
            // error is worth one more try before it is believed, unless it is failed.
            let first = *fatal_since.get_or_insert_with(Instant::now);
            let repeated =
                first.elapsed() >= BELIEVED_AFTER && journal::count(&lines, diagnosis.kind) > 1;
            if diagnosis.fatal && (restarts > 1 || state == "failed" || repeated)
                || begun.elapsed() > deadline
            {
                return Err(failure(host, wait, diagnosis.meaning, &diagnosis.line)
                    .hint(Some(hint(host, server, &diagnosis))));
            }
            if !diagnosis.fatal {
                fatal_since = None;
            }
            reporter.say(change, State::Progress(diagnosis.meaning.to_owned()));
        }
        if state == "failed" || restarts > 5 || begun.elapsed() > deadline {
            let what = if begun.elapsed() > deadline {
                format!("is still {state} after {} s", wait.deadline)
            } else {
                format!("does not stay up (state {state}, {restarts} restarts)")
            };
            let last = lines.lines().last().unwrap_or("its journal is empty").to_owned();
            let hint = format!("on {}: journalctl -u {}", host.node.name, wait.unit);
            return Err(failure(host, wait, &what, &last).hint(Some(hint)));
        }
        // What is no answer changes nothing.
        let known = Look { state, restarts: counted, time, journal: lines };
        since = look(host, wait, &known.time).await?.unwrap_or(known);
    }
}

/// What to do, with the whole command where there is one.
fn hint(host: &Host, server: Option<&Host>, diagnosis: &Diagnosis) -> String {
    let (Kind::NodePassword, Some(server)) = (diagnosis.kind, server) else {
        return diagnosis.hint.to_owned();
    };
    let name = &host.node.name;
    format!(
        "if `{name}` was flashed anew, forget its former password and run the same command again: `{} sudo k3s kubectl \
         --namespace kube-system delete secret {name}.node-password.k3s`; if two machines have this name, give each its own",
        server.by_hand()
    )
}

fn failure(host: &Host, wait: &UnitWait, what: &str, line: &str) -> Failure {
    let mut failure =
        Failure::plain(Code::Change, format!("node `{}`: {}: {what}", host.node.name, wait.unit));
    failure.causes.push(format!("journal: {}", line.trim()));
    failure
}

#[derive(Debug, PartialEq, Eq)]
struct Look {
    state: String,
    /// Unless systemd did not say.
    restarts: Option<u32>,
    time: String,
    journal: String,
}

/// Starts the unit and looks at it. That it was started is no longer to be seen
/// by who is told nothing: this one has to be answered.
async fn begin(host: &Host, wait: &UnitWait) -> Result<Look, Failure> {
    let said = look_at(host, wait, None).await?;
    if let Some(look) = said.stdout_text().parse(|text| Look::read(text)) {
        return Ok(look);
    }
    let mut failure = Failure::plain(
        Code::Change,
        format!("node `{}`: {} cannot be started", host.node.name, wait.unit),
    );
    failure.causes.push(said.stderr.message());
    Err(failure.hint(Some(format!("on {}: systemctl status {}", host.node.name, wait.unit))))
}

/// One look since that time; nothing when what came is no answer.
async fn look(host: &Host, wait: &UnitWait, since: &str) -> Result<Option<Look>, Failure> {
    let said = look_at(host, wait, Some(since)).await?;
    Ok(said.stdout_text().parse(|text| Look::read(text)))
}

/// The first look, without a time, also starts the unit, unless it is already on
/// its way up with the wanted inputs.
async fn look_at(host: &Host, wait: &UnitWait, since: Option<&str>) -> Result<Output, Failure> {
    let command = Command::new(format!("start {}", wait.unit), script(wait, since))
        .as_root()
        .deadline(host.patient(WITHIN));
    host.run(command).await
}

fn script(wait: &UnitWait, since: Option<&str>) -> String {
    let unit = quote(&wait.unit);
    // One that waits with an earlier join token waits in vain.
    let token = wait.token.as_ref().map_or_else(String::new, |path| {
        format!(" && has \"TERRARIUM_TOKEN=$(sha256sum <{} | cut -d' ' -f1)\"", quote(path))
    });
    let begin = match since {
        Some(time) => format!("t={}", quote(time)),
        None => format!(
            "t=$(date +%s)\nsystemctl unmask --quiet \"$u\"\nsystemctl daemon-reload || exit\nsystemctl enable --quiet \"$u\" || exit\n\
             p=$(systemctl show -p MainPID --value \"$u\")\n\
             has() {{ tr '\\0' '\\n' 2>/dev/null <\"/proc/$p/environ\" | grep -qx \"$1\"; }}\n\
             if [ \"$(systemctl show -p ActiveState --value \"$u\")\" = activating ] && has TERRARIUM_GENERATION={}{token}; then :\n\
             else systemctl reset-failed \"$u\" 2>/dev/null; systemctl restart --no-block \"$u\" || exit; fi",
            wait.generation
        ),
    };
    patient(&format!(
        "u={unit}\nbusy_until=$(($(uptime_s) + {BUSY_S}))\n{{\n{begin}\n}} >/dev/null\n{LOOK}\n\
         n=$(systemctl show -p NRestarts --value \"$u\" 2>/dev/null)\n\
         case $s in '' | *[!a-z]*) s=unknown ;; esac\n\
         case $n in '' | *[!0-9]*) n=unknown ;; esac\n\
         echo \"$s $n $t\"\n\
         [ \"$s\" = active ] || journalctl -u \"$u\" --since \"@$t\" -n 60 -o cat --no-pager"
    ))
}

impl Look {
    fn read(text: &str) -> Option<Self> {
        let (head, journal) = text.split_once('\n').unwrap_or((text, ""));
        let mut words = head.split_whitespace();
        let (state, restarts, time) = (words.next()?, words.next()?, words.next()?);
        // State and time go into messages and into the next look's script.
        let known = ON_ITS_WAY.contains(&state) || ["active", "failed"].contains(&state);
        (known && time.parse::<u64>().is_ok()).then_some(())?;
        Some(Self {
            state: state.to_owned(),
            restarts: restarts.parse().ok(),
            time: time.to_owned(),
            journal: journal.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
