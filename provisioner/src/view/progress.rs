//! One bar a node: its step and how long it has been at it. Lines that stay
//! are printed above the bars.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use terrarium_plan::{Event, State};

use super::{View, line};
use crate::report::terminal;

pub(super) struct Progress {
    all: MultiProgress,
    bars: BTreeMap<String, ProgressBar>,
    width: usize,
}

impl Progress {
    /// A bar for each node, in the inventory's order.
    pub(super) fn new(nodes: &[String]) -> Self {
        let width = nodes.iter().map(String::len).max().unwrap_or(0).max("cluster".len());
        let mut view = Self { all: MultiProgress::new(), bars: BTreeMap::new(), width };
        for node in nodes {
            view.bar(node);
        }
        view
    }

    fn bar(&mut self, node: &str) -> &ProgressBar {
        let (all, width) = (&self.all, self.width);
        self.bars.entry(node.to_owned()).or_insert_with(|| {
            let bar = all.add(ProgressBar::new_spinner());
            let style = ProgressStyle::with_template(&format!(
                "{{spinner}} {{prefix:<{width}}} {{elapsed:>4}} {{wide_msg}}"
            ))
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
            bar.set_style(style);
            bar.set_prefix(node.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        })
    }
}

/// A bar has one line.
fn message(change: &str, text: &str) -> String {
    terminal::shown(&format!("{change}: {text}")).replace(['\n', '\t'], " ")
}

impl View for Progress {
    fn show(&mut self, event: &Event) {
        if let Some(text) = line(event) {
            // A terminal that refuses a line gets no bars either.
            let _ = self.all.println(terminal::shown(&text));
        }
        let bar = self.bar(&event.node);
        match &event.state {
            State::Started(text) => {
                bar.reset_elapsed();
                bar.set_message(message(&event.change, text));
            }
            State::Progress(text) | State::Unchanged(text) => {
                bar.set_message(message(&event.change, text));
            }
            State::Failed(_) => bar.abandon_with_message(message(&event.change, "failed")),
            State::Changed(_) | State::Skipped(_) | State::Note(_) => {}
        }
    }

    fn finish(&mut self) {
        for bar in self.bars.values() {
            bar.finish_and_clear();
        }
    }
}
