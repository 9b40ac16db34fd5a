//! What the operator sees while it happens: three readers of one stream.

mod json;
mod plain;
mod progress;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use terrarium_plan::{Event, Report, State};
use tokio::sync::mpsc::{
    UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel,
};
use tokio::task::JoinHandle;

use crate::clock;
use crate::error::Failure;
use crate::log;
use crate::report::look::Look;
use crate::report::terminal;

/// Where events go in. Cheap to clone; the stream ends when all are dropped.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    node: String,
    /// Whether anything was said to have failed.
    failed: Arc<AtomicBool>,
    events: UnboundedSender<Event>,
}

impl Reporter {
    /// The same stream, speaking for another node.
    pub(crate) fn of(&self, node: &str) -> Self {
        let (failed, events) = (Arc::clone(&self.failed), self.events.clone());
        Self { node: node.to_owned(), failed, events }
    }

    /// One thing happened.
    pub(crate) fn say(&self, change: &str, state: State) {
        if matches!(state, State::Failed(_)) {
            self.failed.store(true, Ordering::Relaxed);
        }
        let event = Event {
            time: clock::timestamp(),
            node: self.node.clone(),
            change: change.to_owned(),
            state,
        };
        // Nobody listens any more only when the run is being torn down.
        let _ = self.events.send(event);
    }
}

/// A reporter that does not keep the stream open: for what outlives it.
#[derive(Debug)]
pub(crate) struct Listener {
    node: String,
    failed: Arc<AtomicBool>,
    events: WeakUnboundedSender<Event>,
}

impl Listener {
    /// The reporter, while anybody else has the stream.
    pub(crate) fn reporter(&self) -> Option<Reporter> {
        let (node, failed) = (self.node.clone(), Arc::clone(&self.failed));
        self.events.upgrade().map(|events| Reporter { node, failed, events })
    }
}

impl Reporter {
    /// The same for somebody who may outlive the stream.
    pub(crate) fn listener(&self) -> Listener {
        let (node, failed) = (self.node.clone(), Arc::clone(&self.failed));
        Listener { node, failed, events: self.events.downgrade() }
    }

    /// A run that ends in a failure has said that something failed: this one,
    /// unless it was something before. So no summary calls such a run done.
    pub(crate) fn ended<T>(&self, result: &Result<T, Failure>) {
        if let Err(failure) = result
            && !self.failed.load(Ordering::Relaxed)
        {
            self.say("run", State::Failed(failure.line()));
        }
    }
}

/// How events are shown.
trait View: Send {
    /// Shows one event.
    fn show(&mut self, event: &Event);
    /// The stream has ended.
    fn finish(&mut self) {}
}

/// The log shows all of it.
struct Nothing;

impl View for Nothing {
    fn show(&mut self, _: &Event) {}
}

/// Opens the stream; the handle gives the folded report when it has ended.
pub(crate) fn open(json: bool, nodes: &[String]) -> (Reporter, JoinHandle<Report>) {
    let view: Box<dyn View> = if json {
        Box::new(json::Json)
    } else if log::is_shown() {
        Box::new(Nothing)
    } else if std::io::stderr().is_terminal() && Look::get().moves {
        Box::new(progress::Progress::new(nodes))
    } else {
        Box::new(plain::Plain)
    };
    let (sender, receiver) = unbounded_channel();
    let reporter = Reporter { node: "cluster".to_owned(), failed: Arc::default(), events: sender };
    (reporter, tokio::spawn(read(receiver, view)))
}

async fn read(mut events: UnboundedReceiver<Event>, mut view: Box<dyn View>) -> Report {
    let mut report = Report::default();
    let mut log = log::Events::default();
    while let Some(event) = events.recv().await {
        report.fold(&event);
        log.tell(&event);
        view.show(&event);
    }
    view.finish();
    report
}

/// An event as a line for people; `None` for those that are only for bars.
fn line(event: &Event) -> Option<String> {
    let (mark, text) = match &event.state {
        State::Started(_) | State::Progress(_) | State::Unchanged(_) => return None,
        State::Changed(text) => ("changed", text),
        State::Skipped(text) => ("skipped", text),
        State::Note(text) => ("note", text),
        State::Failed(text) => ("FAILED", text),
    };
    Some(columns(&event.node, mark, &event.change, text))
}

/// Node, mark and text in columns.
fn columns(node: &str, mark: &str, change: &str, text: &str) -> String {
    terminal::wrapped(&format!("{node:<8} {mark:<7} "), &format!("{change}: {text}"))
}
