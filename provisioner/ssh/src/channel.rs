//! One command's channel: opened, and drained to its end.
//!
//! The output is drained by a task of its own: a reader that stops reading
//! would stall every other channel of the connection.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, Sig};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::time::{Instant, sleep};

use crate::bootstrap::{self, Way};
use crate::capture::{Began, Capture, Stage};
use crate::handler::Watcher;
use crate::proof::{Marks, Proof};
use crate::running::{Killer, Open, Running};

/// First pause before a refused channel is asked for again; it doubles.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MOST: Duration = Duration::from_secs(1);
/// Seconds for ending another command: to get a channel, and to run.
const KILL_S: u64 = 10;
/// The one kind of "extended data" SSH defines.
const STDERR: u32 = 1;

/// Takes the word for how a script became who it runs as.
pub(crate) type OnBegan = Box<dyn FnOnce(&str) + Send>;

/// Told while the output comes in.
#[derive(Default)]
pub(crate) struct Hooks {
    /// Called once, when the script begins.
    pub(crate) began: Option<OnBegan>,
    /// Gets the script's first line of standard output.
    pub(crate) first_line: Option<oneshot::Sender<String>>,
}

/// What the collector has learnt so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    pub(crate) began: Option<Began>,
    /// How far it has come before that.
    pub(crate) stage: Stage,
    /// The end of what was printed before that.
    pub(crate) said: String,
    /// Whether the command or the connection has ended.
    pub(crate) ended: bool,
}

/// All a command's channel said until it was closed.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) stdout: Capture,
    pub(crate) stderr: Capture,
    pub(crate) status: Option<u32>,
    pub(crate) signal: Option<String>,
    pub(crate) refused: bool,
}

impl Collected {
    /// The end of what was printed although the script has not begun.
    pub(crate) fn last_words(&self) -> String {
        let (stdout, stderr) = (self.stdout.last_words(), self.stderr.last_words());
        format!("{stdout} {stderr}").trim().to_owned()
    }
}

/// A command about to be started.
pub(crate) struct Start {
    pub(crate) handle: Arc<Handle<Watcher>>,
    /// The exec request.
    pub(crate) request: String,
    /// What the request makes our script print.
    pub(crate) marks: Marks,
    pub(crate) hooks: Hooks,
    /// Bytes kept of standard output and standard error.
    pub(crate) caps: (usize, usize),
    /// How long a refused channel is asked for again.
    pub(crate) retry: Duration,
    /// Ends the command when nobody wants it any more.
    pub(crate) killer: Option<Killer>,
    /// Whether the command ends by itself when its input does.
    pub(crate) ends_with_input: bool,
}

impl Start {
    /// The command that ends another one.
    pub(crate) fn to_kill(handle: Arc<Handle<Watcher>>, way: Way, pid: u32, proof: Proof) -> Self {
        let script = format!("kill -TERM {pid}");
        Self {
            handle,
            request: bootstrap::request(way, KILL_S, &script, proof, true),
            marks: proof.marks(),
            hooks: Hooks::default(),
            caps: (0, 0),
            retry: Duration::from_secs(KILL_S),
            killer: None,
            ends_with_input: false,
        }
    }

    /// Opens a channel and starts the command on it.
    ///
    /// Runs in a task of its own, because a caller that goes away while the
    /// node confirms the channel would otherwise leave it open for good.
    pub(crate) async fn start(
        self,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Result<Running, russh::Error> {
        let (tell, told) = oneshot::channel();
        tokio::spawn(async move {
            let opened = match open(&self.handle, self.retry).await {
                Ok(channel) => Ok(self.run(channel, slot).await),
                Err(error) => Err(error),
            };
            // When nobody waits any more, the value comes back and its drop ends the command.
            drop(tell.send(opened));
        });
        told.await.unwrap_or(Err(russh::Error::Disconnect))
    }

    async fn run(self, channel: Channel<Msg>, slot: Option<OwnedSemaphorePermit>) -> Running {
        let (read, write) = channel.split();
        let collected = Collected {
            stdout: Capture::new(self.marks.clone(), self.caps.0),
            stderr: Capture::new(self.marks, self.caps.1),
            status: None,
            signal: None,
            refused: false,
        };
        let (tell, progress) = watch::channel(Progress::default());
        let collector = tokio::spawn(collect(read, collected, self.hooks, tell));
        // An error means that the link is gone, which the collector finds as well.
        let _ = write.exec(true, self.request).await;
        Running::new(Open {
            write,
            collector,
            progress,
            slot,
            killer: self.killer,
            ends_with_input: self.ends_with_input,
            runtime: tokio::runtime::Handle::current(),
        })
    }
}

/// sshd frees the places of ended commands late, so a refusal is no verdict yet.
async fn open(handle: &Handle<Watcher>, retry: Duration) -> Result<Channel<Msg>, russh::Error> {
    let deadline = Instant::now() + retry;
    let mut pause = RETRY_FIRST;
    loop {
        match handle.channel_open_session().await {
            Err(russh::Error::ChannelOpenFailure(_)) if Instant::now() < deadline => {
                sleep(pause).await;
                pause = (pause * 2).min(RETRY_MOST);
            }
            result => return result,
        }
    }
}

/// Reads until the channel is closed: data may follow both the end-of-file
/// and the exit status.
async fn collect(
    mut read: ChannelReadHalf,
    mut collected: Collected,
    mut hooks: Hooks,
    progress: watch::Sender<Progress>,
) -> Collected {
    while let Some(message) = read.wait().await {
        match message {
            ChannelMsg::Data { data } => collected.stdout.push(&data),
            ChannelMsg::ExtendedData { data, ext: STDERR } => collected.stderr.push(&data),
            ChannelMsg::ExitStatus { exit_status } => collected.status = Some(exit_status),
            ChannelMsg::ExitSignal { signal_name, .. } => {
                collected.signal = Some(signal(&signal_name));
            }
            ChannelMsg::Failure => {
                collected.refused = true;
                break;
            }
            ChannelMsg::Close => break,
            _ => continue,
        }
        if progress.borrow().began.is_none() {
            let began = collected.stderr.began();
            if let Some(began) = began
                && let Some(told) = hooks.began.take()
            {
                told(&began.mode);
            }
            progress.send_modify(|progress| {
                progress.began = began.cloned();
                progress.stage = collected.stderr.stage();
                progress.said = collected.last_words();
            });
        }
        if let Some(line) = collected.stdout.first_line()
            && let Some(first_line) = hooks.first_line.take()
        {
            // A caller that no longer waits needs no line.
            let _ = first_line.send(String::from_utf8_lossy(line).into_owned());
        }
    }
    progress.send_modify(|progress| progress.ended = true);
    collected
}

/// `TERM`, `KILL`, …
fn signal(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => name.clone(),
        named => format!("{named:?}"),
    }
}
