//! Running commands over a session.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::ChannelWriteHalf;
use russh::client::Msg;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::oneshot::error::RecvError;
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::task::JoinError;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::bootstrap::{self, REQUEST_BYTES_MAX, Way};
use crate::channel::{Collected, Hooks, OnBegan, Start};
use crate::command::{Command, Output};
use crate::exec_error::{ExecError, Origin};
use crate::held::Held;
use crate::link::Lost;
use crate::opening::{Patience, Stalled, until_begun};
use crate::outcome::{self, NoOutput, Run};
use crate::proof::Proof;
use crate::running::{Killer, Running};
use crate::session::Session;
use crate::sudo::{self, SudoError, SudoMode};

/// Time beyond a command's deadline for the node to end it, and for the answer
/// to travel.
const GRACE: Duration = Duration::from_secs(15);
/// Bytes read and sent at once while streaming; SSH's packets hold 32 KiB.
const CHUNK_BYTES: usize = 64 << 10;

/// Held by the command that finds out the way to root.
type GateKey = OwnedMutexGuard<Option<SudoError>>;

/// What a command is to be started for.
#[derive(Debug)]
enum Purpose {
    /// To run to its end, within so many seconds on the node.
    Run { deadline_s: u64 },
    /// To be kept, after its first line of output.
    Hold { first_line: oneshot::Sender<String> },
}

/// A command under way, as far as judging its end needs to know.
#[derive(Debug)]
pub(crate) struct Started {
    way: Way,
    at: Instant,
    /// The limit set on the node in seconds; 0 for none.
    deadline_s: u64,
    /// Sent to the script's standard input before anything else.
    input: Vec<u8>,
    /// Ours to write on while this command finds out the way to root.
    key: Arc<Mutex<Option<GateKey>>>,
}

impl Session {
    /// Runs a command to its end. Whatever its exit status, a command that
    /// ended is `Ok`.
    ///
    /// Dropping the future ends the command on the node, in the background:
    /// as long as the runtime and the connection live.
    pub async fn run(&self, command: Command) -> Result<Output, ExecError> {
        self.stream(command, tokio::io::empty(), |_| {}).await
    }

    /// Like [`run`](Self::run), and sends `input` after the command's own
    /// `stdin`. `progress` is told the bytes of `input` handed over so far.
    ///
    /// When the link fails midway, the script on the node sees the end of its
    /// input: it must check what it got (length, sha256) before using it.
    pub async fn stream(
        &self,
        mut command: Command,
        input: impl AsyncRead + Unpin + Send,
        progress: impl FnMut(u64) + Send,
    ) -> Result<Output, ExecError> {
        let purpose = Purpose::Run { deadline_s: command.deadline_s() };
        let (mut started, mut running) = self.start(&mut command, purpose).await?;
        self.open(&command, &started, &mut running).await?;
        let Some((write, collector)) = running.split() else {
            return Err(self.connection_lost(&command));
        };
        let feeding = feed(write, std::mem::take(&mut started.input), input, progress);
        tokio::pin!(feeding);
        let mut fed = false;
        let until = Instant::now() + command.deadline + GRACE;
        let collected = loop {
            tokio::select! {
                // A command that does not read its input ends the feeding.
                collected = &mut *collector => break collected,
                result = &mut feeding, if !fed => {
                    fed = true;
                    result.map_err(|source| ExecError::Input { origin: self.origin(&command), source })?;
                }
                () = sleep_until(until) => return Err(self.no_answer(&command)),
            }
        };
        self.judge(&command, &started, collected)
    }

    /// Starts a long-lived command, waits for its first line of standard
    /// output and keeps it running, its standard input open, until the
    /// returned value is closed or dropped.
    ///
    /// The deadline is for that first line only. A held command takes one of
    /// the session's channels ([`Limits::channels`](crate::Limits)) for as
    /// long as it lives, and is expected to end when its input does.
    pub async fn hold(&self, mut command: Command) -> Result<Held, ExecError> {
        let (tell, line) = oneshot::channel();
        let (mut started, mut running) =
            self.start(&mut command, Purpose::Hold { first_line: tell }).await?;
        self.open(&command, &started, &mut running).await?;
        let until = Instant::now() + command.deadline;
        let input = std::mem::take(&mut started.input);
        let line = match running.split() {
            Some((write, _)) => first_line(write, input, line, until).await,
            None => return Err(self.connection_lost(&command)),
        };
        match line {
            Some(Ok(first_line)) => {
                return Ok(Held::new(first_line, running, self.clone(), command, started));
            }
            None => return Err(self.no_answer(&command)),
            // The collector has dropped its end: the command is over already.
            Some(Err(_)) => {}
        }
        let Some((_, collector)) = running.split() else {
            return Err(self.connection_lost(&command));
        };
        let collected = collector.await;
        let output = self.judge(&command, &started, collected)?;
        Err(ExecError::EndedEarly { origin: self.origin(&command), output: Box::new(output) })
    }

    /// Gets a channel and puts the command on it.
    async fn start(
        &self,
        command: &mut Command,
        purpose: Purpose,
    ) -> Result<(Started, Running), ExecError> {
        let inner = &self.inner;
        let until = Instant::now() + command.deadline + GRACE;
        let in_time = |_| self.no_answer(command);
        let (way, key) = timeout_at(until, self.way(command)).await.map_err(in_time)??;
        let (deadline_s, first_line) = match purpose {
            Purpose::Run { deadline_s } => (deadline_s, None),
            Purpose::Hold { first_line } => (0, Some(first_line)),
        };
        let proof = Proof::new()
            .map_err(|source| ExecError::Random { origin: self.origin(command), source })?;
        let has_password = inner.password.is_some();
        let request = bootstrap::request(way, deadline_s, &command.script, proof, has_password);
        if request.len() > REQUEST_BYTES_MAX {
            let (bytes, limit) = (request.len(), REQUEST_BYTES_MAX);
            return Err(ExecError::ScriptTooLong { origin: self.origin(command), bytes, limit });
        }
        let slot =
            timeout_at(until, Arc::clone(&inner.slots).acquire_owned()).await.map_err(in_time)?;
        let slot = slot.map_err(|_| self.connection_lost(command))?;

        let key = Arc::new(Mutex::new(key));
        let start = Start {
            handle: Arc::clone(&inner.handle),
            request,
            marks: proof.marks(),
            ends_with_input: first_line.is_some(),
            hooks: Hooks { began: Some(self.on_began(&key)), first_line },
            caps: (inner.limits.stdout_bytes, inner.limits.stderr_bytes),
            retry: inner.limits.open_retry,
            killer: Some(Killer {
                handle: Arc::clone(&inner.handle),
                password: inner.password.clone(),
                patience: self.patience(),
            }),
        };
        let asked = Instant::now();
        // A node may answer keepalives and never a question for a channel.
        let opened = timeout_at(until, start.start(Some(slot))).await;
        let running =
            opened.map_err(|_| self.no_answer(command))?.map_err(|error| match error {
                russh::Error::ChannelOpenFailure(_) => ExecError::ChannelRefused {
                    origin: self.origin(command),
                    waited: asked.elapsed(),
                    source: Box::new(error),
                },
                _ => self.connection_lost(command),
            })?;
        inner.channels.fetch_add(1, Ordering::Relaxed);
        let input = std::mem::take(&mut command.stdin);
        Ok((Started { way, at: Instant::now(), deadline_s, input, key }, running))
    }

    fn patience(&self) -> Patience {
        let limits = &self.inner.limits;
        Patience { start: limits.start, sudo: limits.sudo }
    }

    /// Waits until the script begins, or has ended without that.
    async fn open(
        &self,
        command: &Command,
        started: &Started,
        running: &mut Running,
    ) -> Result<(), ExecError> {
        let (Some(mut progress), Some((write, _))) = (running.progress(), running.split()) else {
            return Err(self.connection_lost(command));
        };
        let password = self.inner.password.as_ref().filter(|_| started.way.may_ask());
        let opened = until_begun(write, &mut progress, password, self.patience()).await;
        opened.map_err(|stalled| match stalled {
            Stalled::InSudo(said) => {
                let said = self.inner.password.as_ref().map_or(said.clone(), |it| it.mask(&said));
                self.no_root(command, started, sudo::stalled(&said))
            }
            // Nothing was sent, so nothing of it can be in there.
            Stalled::NoShell(said) => ExecError::NoShell {
                origin: self.origin(command),
                waited: self.inner.limits.start,
                said: said.replace('\n', "; "),
            },
        })
    }

    /// There is no way to root. The command that was to find one keeps that for
    /// those after it.
    fn no_root(&self, command: &Command, started: &Started, error: SudoError) -> ExecError {
        if let Some(mut key) = started.key.lock().unwrap_or_else(PoisonError::into_inner).take() {
            *key = Some(error.clone());
        }
        self.sudo_error(command, error)
    }

    /// The way to root: known, or to be found by the one command that gets the key.
    async fn way(&self, command: &Command) -> Result<(Way, Option<GateKey>), ExecError> {
        if !command.root {
            return Ok((Way::User, None));
        }
        if let Some(mode) = self.sudo() {
            return Ok((Way::Known(mode), None));
        }
        let key = Arc::clone(&self.inner.gate).lock_owned().await;
        if let Some(mode) = self.sudo() {
            return Ok((Way::Known(mode), None));
        }
        match &*key {
            Some(error) => Err(self.sudo_error(command, error.clone())),
            None => Ok((Way::Discover, Some(key))),
        }
    }

    /// Remembers the way to root and lets the next root command pass.
    fn on_began(&self, key: &Arc<Mutex<Option<GateKey>>>) -> OnBegan {
        let (key, sudo) = (Arc::clone(key), Arc::clone(&self.inner.sudo));
        Box::new(move |word| {
            let key = key.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let (Some(_), Some(mode)) = (&key, SudoMode::from_word(word)) {
                // Only the holder of the key gets here, so it was not set before.
                let _ = sudo.set(mode);
            }
        })
    }

    /// What became of the command.
    pub(crate) fn judge(
        &self,
        command: &Command,
        started: &Started,
        collected: Result<Collected, JoinError>,
    ) -> Result<Output, ExecError> {
        // The task neither panics nor is aborted while somebody waits for it.
        let collected = collected.map_err(|_| self.connection_lost(command))?;
        let run = Run {
            origin: self.origin(command),
            user: self.inner.user.clone(),
            way: started.way,
            deadline: command.deadline,
            deadline_s: started.deadline_s,
            elapsed: started.at.elapsed(),
            lost: self.inner.link.lost(),
            password: self.inner.password.clone(),
        };
        outcome::judge(run, collected).map_err(|problem| match problem {
            NoOutput::Failed(error) => error,
            NoOutput::NoRoot(error) => self.no_root(command, started, error),
        })
    }

    fn origin(&self, command: &Command) -> Origin {
        Origin { place: Arc::clone(&self.inner.place), label: command.label.clone() }
    }

    pub(crate) fn no_answer(&self, command: &Command) -> ExecError {
        ExecError::Deadline {
            origin: self.origin(command),
            after: command.deadline,
            ended_on_node: false,
        }
    }

    pub(crate) fn connection_lost(&self, command: &Command) -> ExecError {
        let source = self.inner.link.lost().unwrap_or(Lost::Closed);
        ExecError::ConnectionLost { origin: self.origin(command), source }
    }

    fn sudo_error(&self, command: &Command, source: SudoError) -> ExecError {
        ExecError::Sudo { origin: self.origin(command), user: self.inner.user.clone(), source }
    }
}

/// Sends the input and waits for the first line; `None` when it does
/// not come in time, an error when it will never come.
async fn first_line(
    write: &ChannelWriteHalf<Msg>,
    input: Vec<u8>,
    mut line: oneshot::Receiver<String>,
    until: Instant,
) -> Option<Result<String, RecvError>> {
    // A dead link shows in the collector.
    let sending = write.data_bytes(input);
    tokio::pin!(sending);
    let mut sent = false;
    loop {
        tokio::select! {
            line = &mut line => return Some(line),
            _ = &mut sending, if !sent => sent = true,
            () = sleep_until(until) => return None,
        }
    }
}

/// Sends the command's own bytes, then the input, then its end. Only reading the
/// input can fail here: a dead link shows in what is collected.
async fn feed(
    write: &ChannelWriteHalf<Msg>,
    own: Vec<u8>,
    mut input: impl AsyncRead + Unpin,
    mut progress: impl FnMut(u64),
) -> io::Result<()> {
    if write.data_bytes(own).await.is_err() {
        return Ok(());
    }
    let mut sent = 0;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let count = input.read_buf(&mut chunk).await?;
        if count == 0 {
            break;
        }
        if write.data_bytes(chunk).await.is_err() {
            return Ok(());
        }
        sent += count as u64;
        progress(sent);
    }
    let _ = write.eof().await;
    Ok(())
}
