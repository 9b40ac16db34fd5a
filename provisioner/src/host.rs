//! One node as the executor holds it: a connection that is made again when it
//! is lost, and a count of what went over it.

use std::fmt::Write as _;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::{OnceLock, PoisonError};
use std::time::{Duration, Instant};

use terrarium_inventory::Node;
use terrarium_plan::State;
use terrarium_ssh::places::Rule;
use terrarium_ssh::{Command, Greeting, Held, Limits, Output, Secret, Session, Target};
use tokio::sync::Mutex;

use crate::error::{Code, Failure};
use crate::executor::lock;
use crate::hostkeys::{self, HostKeys};
use crate::log;
use crate::password;
use crate::places;
use crate::prompt;
use crate::reach;
use crate::settings::Settings;
use crate::view::{Listener, Reporter};

mod silence;
mod unconnected;

use silence::Silence;
use unconnected::Unconnected;
pub(crate) use unconnected::failed;

/// How long a node that went away may take to come back in mid-step.
pub(crate) const BACK_WITHIN: Duration = Duration::from_mins(2);
/// How long a node may take to answer at all.
const UP_WITHIN: Duration = Duration::from_secs(8);
/// How often a connection is looked at while something runs over it.
const LOOK: Duration = Duration::from_secs(2);
/// How often a connection that is not to be had is said to be so.
const SAY_EVERY: Duration = Duration::from_secs(30);
const BACKOFF_MIN: Duration = Duration::from_millis(250);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// One node and the connection to it.
#[derive(Debug)]
pub(crate) struct Host {
    pub node: Node,
    target: Target,
    /// Whether somebody is asked about a host key at the first contact, for each host of
    /// the way.
    asks: Vec<bool>,
    session: Mutex<Option<Session>>,
    /// The node's lock, held for as long as the connection lives.
    lock: Mutex<Option<Held>>,
    /// The address of the latest connection, where it is known.
    answered: std::sync::Mutex<Option<IpAddr>>,
    /// In whose name the lock was taken: a new connection takes it again.
    operator: OnceLock<String>,
    /// Handshakes and round trips of connections that are gone.
    past: Mutex<(u64, u64)>,
    /// Of those who work over the connection, who makes it anew.
    turn: Mutex<()>,
    /// What waits for the node are multiplied by.
    patience: f64,
    /// Who is told how the connection is.
    listener: std::sync::Mutex<Option<Listener>>,
    /// What has been said of its silence.
    silence: Silence,
}

impl Host {
    /// A host that is not connected yet.
    pub(crate) fn new(
        node: &Node,
        password: Option<Secret>,
        host_keys: Option<HostKeys>,
        settings: &Settings,
        patience: f64,
    ) -> Result<Self, Failure> {
        hold(node, settings)?;
        let password = match &node.ssh.password_file {
            Some(file) => {
                places::hold("the password file", file, Rule::Secret, &settings.me)?;
                Some(password::of_file(file)?)
            }
            None => password,
        };
        let (mut target, stricts) = reach::reached(node, password, settings)?;
        Ok(Self {
            node: node.clone(),
            asks: hostkeys::settle(&mut target, stricts, host_keys, prompt::is_possible())?,
            target,
            session: Mutex::new(None),
            lock: Mutex::new(None),
            answered: std::sync::Mutex::new(None),
            operator: OnceLock::new(),
            past: Mutex::new((0, 0)),
            turn: Mutex::new(()),
            patience,
            listener: std::sync::Mutex::default(),
            silence: Silence::default(),
        })
    }

    /// Whom the connection goes to, within which limits.
    pub(crate) fn limits(&self) -> Limits {
        Limits::default().patient(self.patience)
    }

    /// What waits for the node are multiplied by.
    pub(crate) fn patience(&self) -> f64 {
        self.patience
    }

    /// Whether this run changes the node, and has its lock for that.
    pub(crate) fn is_worked_on(&self) -> bool {
        self.operator.get().is_some()
    }

    /// What work on the node may take, which patience makes longer and never shorter.
    pub(crate) fn patient(&self, usual: Duration) -> Duration {
        usual.mul_f64(self.patience.max(1.0))
    }

    /// From now on it is said through this one how the connection is.
    pub(crate) fn tell(&self, reporter: &Reporter) {
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(reporter.listener());
    }

    fn note(&self, text: String) {
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reporter) = listener.as_ref().and_then(Listener::reporter) {
            reporter.say("connection", State::Note(text));
        }
    }

    /// Work over a connection. A node that falls silent meanwhile is said to be so
    /// while it lasts, whether the connection is lost of it or not.
    pub(crate) async fn watch<T>(&self, session: &Session, work: impl Future<Output = T>) -> T {
        let mut work = Box::pin(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(LOOK) => self.look(session.silent_for()),
            }
        }
    }

    fn look(&self, silent_for: Duration) {
        if let Some(turn) = self.silence.turn(silent_for) {
            self.note(turn);
        }
    }

    /// Whom the connection goes to, before the first one, to complete it.
    pub(crate) fn target_mut(&mut self) -> &mut Target {
        &mut self.target
    }

    /// The command a person logs in with.
    pub(crate) fn by_hand(&self) -> String {
        let Target { user, host, port, jumps, .. } = &self.target;
        let mut command = "ssh".to_owned();
        if *port != terrarium_ssh::PORT {
            let _ = write!(command, " -p {port}");
        }
        if !jumps.is_empty() {
            let hops: Vec<String> = jumps
                .iter()
                .map(|Target { user, host, port, .. }| format!("{user}@{host}:{port}"))
                .collect();
            let _ = write!(command, " -J {}", hops.join(","));
        }
        format!("{command} {user}@{host}")
    }

    /// The first host on the way, or the node itself, that somebody has to be asked
    /// about: no key of it is known.
    pub(crate) fn stranger(&self) -> Option<Target> {
        // A file that cannot be read is the connection's to tell.
        let unknown =
            |target: &Target| terrarium_ssh::is_recorded(target).is_ok_and(|recorded| !recorded);
        let mut stops = self.target.way().into_iter().zip(&self.asks);
        stops.find(|(target, asks)| **asks && unknown(target)).map(|(target, _)| target)
    }

    /// Connects, unless connected; the greeting is there only for a new connection.
    async fn connect(&self) -> Result<Option<Greeting>, Unconnected> {
        let _turn = self.turn.lock().await;
        match self.current().await {
            Some(_) => Ok(None),
            None => self.establish().await.map(Some),
        }
    }

    /// The connection there is.
    async fn current(&self) -> Option<Session> {
        self.session.lock().await.clone()
    }

    /// A new connection, and the node's lock over it when this run had that
    /// before: nobody gets to use a connection without. Whoever calls this has
    /// the turn.
    async fn establish(&self) -> Result<Greeting, Unconnected> {
        let Target { user, host, port, .. } = &self.target;
        let connected = Box::pin(Session::connect(&self.target, &self.limits())).await;
        let how = connected.as_ref().map_or_else(ToString::to_string, |_| "connected".to_owned());
        log::line(&self.node.name, &format!("connection as {user} to {host}:{port}: {how}"));
        let (session, greeting) = connected.map_err(Unconnected::Ssh)?;
        if let Some(operator) = self.operator.get() {
            lock::take(self, &session, operator).await.map_err(Unconnected::Lock)?;
        }
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = greeting.address;
        *self.session.lock().await = Some(session);
        Ok(greeting)
    }

    /// The first connection of a run: a node that was switched on a moment ago
    /// gets a little time, and one that says so itself as long as one that was
    /// restarted.
    pub(crate) async fn greet(&self, reporter: &Reporter) -> Result<Option<Greeting>, Failure> {
        let start = Instant::now();
        let mut told = false;
        loop {
            let error = match self.connect().await {
                Ok(greeting) => return Ok(greeting),
                Err(error) => error,
            };
            if start.elapsed() > error.worth_waiting().mul_f64(self.patience) {
                return Err(error.into_failure());
            }
            if let Unconnected::Ssh(error) = &error
                && error.is_not_up()
                && !told
            {
                told = true;
                let text = format!("{error}; waiting until it does");
                reporter.say("observe", State::Note(text));
            }
            tokio::time::sleep(BACKOFF_MAX).await;
        }
    }

    /// Drops the connection, keeping its counts.
    pub(crate) async fn disconnect(&self) {
        self.lock.lock().await.take();
        if let Some(session) = self.session.lock().await.take() {
            let stats = session.stats();
            let mut past = self.past.lock().await;
            past.0 += stats.handshakes;
            past.1 += stats.round_trips;
            drop(past);
            session.close().await;
        }
    }

    /// Keeps the node's lock until the connection ends.
    pub(crate) async fn keep(&self, lock: Held, operator: &str) {
        self.operator.get_or_init(|| operator.to_owned());
        *self.lock.lock().await = Some(lock);
    }

    /// Handshakes and round trips so far.
    pub(crate) async fn counts(&self) -> (u64, u64) {
        let past = *self.past.lock().await;
        let stats = self.session.lock().await.as_ref().map(Session::stats);
        stats.map_or(past, |stats| (past.0 + stats.handshakes, past.1 + stats.round_trips))
    }

    /// The connection, made when there is none.
    pub(crate) async fn session(&self) -> Result<Session, Failure> {
        if let Some(session) = self.current().await {
            return Ok(session);
        }
        self.connect().await.map_err(Unconnected::into_failure)?;
        self.current().await.ok_or_else(|| {
            Failure::plain(Code::Connection, format!("node `{}`: connection lost", self.node.name))
        })
    }

    /// Connects anew, with back-off, until the deadline. A node that boots answers
    /// on port 22 before it lets anyone in, so a refused login is no reason to
    /// give up here: this login has worked before.
    pub(crate) async fn reconnect(&self, within: Duration) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        self.again(within).await
    }

    /// Connects again after `lost` was lost in mid-step, unless somebody else,
    /// who works over the same connection, has done so meanwhile.
    pub(crate) async fn come_back(&self, lost: &Session) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        if self.current().await.is_some_and(|now| !now.is_same(lost)) {
            return Ok(());
        }
        let why = lost.lost().map_or_else(|| "it has ended".to_owned(), |why| why.to_string());
        self.note(format!("lost: {why}; connecting again"));
        self.silence.forget();
        let begun = Instant::now();
        self.again(BACK_WITHIN.mul_f64(self.patience)).await?;
        self.note(format!("there again after {} s", begun.elapsed().as_secs()));
        Ok(())
    }

    async fn again(&self, within: Duration) -> Result<(), Failure> {
        self.disconnect().await;
        let start = Instant::now();
        let (mut pause, mut said) = (BACKOFF_MIN, start);
        loop {
            match self.establish().await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_final() || start.elapsed() > within => {
                    return Err(error.into_failure());
                }
                Err(error) if said.elapsed() > SAY_EVERY => {
                    said = Instant::now();
                    let (since, why) = (start.elapsed().as_secs(), error.into_failure().line());
                    self.note(format!("not to be had for {since} s: {why}"));
                }
                // Gone again already: a node on its way down.
                Err(_) => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BACKOFF_MAX);
        }
    }

    /// Runs a command; when the link is lost on the way, connects again and
    /// runs it once more: every command here may be repeated.
    pub(crate) async fn run(&self, command: Command) -> Result<Output, Failure> {
        let mut losses = 0;
        loop {
            let session = self.session().await?;
            let asked = log::Asked::of(&self.node.name, &command);
            let result = self.watch(&session, session.run(command.clone())).await;
            asked.ended(&result);
            match result {
                Ok(output) => return Ok(output),
                Err(error) if error.retryable() && losses < 3 => {
                    losses += 1;
                    self.come_back(&session).await?;
                }
                Err(error) => return Err(failed(&error)),
            }
        }
    }

    /// The node's address: the one that answered, or the one behind its host as the
    /// operator resolves it.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        let answered = *self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.or_else(|| self.resolved())
    }

    fn resolved(&self) -> Option<IpAddr> {
        let host = self.node.host.as_str();
        host.parse().ok().or_else(|| {
            (host, self.node.ssh.port).to_socket_addrs().ok()?.next().map(|address| address.ip())
        })
    }
}

/// Refuses keys that others may read and records of host keys that others may
/// write.
pub(crate) fn hold(node: &Node, settings: &Settings) -> Result<(), Failure> {
    for key in &node.ssh.identities {
        places::hold("the private key", key, Rule::Secret, &settings.me)?;
    }
    for known in std::iter::once(&node.ssh.known_hosts).chain(&settings.user_known_hosts) {
        places::hold("the record of host keys", known, Rule::Shared, &settings.me)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
