//! Allocations of a scrape, by who makes them.

use std::path::Path;

use terrarium_agent::agent::Agent;
use terrarium_agent::encoder::Format;
use terrarium_agent::selection::Selection;
use terrarium_agent::settings::{Settings, Switches};

use crate::subject::Subject;
use crate::{HOST_SET, counted, host_set};

/// Times a scrape of the host set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allocations {
    /// For the host's metrics.
    pub(crate) collecting: f64,
    /// For what is counted over time, through its registry.
    pub(crate) registered: f64,
    /// For the connection, the request and the answer.
    pub(crate) http: f64,
}

impl Allocations {
    /// Counts them: in this process what the agent's own code does, and in
    /// `program` all there are.
    pub(crate) fn of(program: &Path) -> Self {
        let switches = Switches { disable_defaults: true, on: HOST_SET.to_vec(), off: Vec::new() };
        let mut agent = Agent::new(&Settings { switches, ..Settings::default() }).unwrap();
        let mut render = || drop(agent.render(&Selection::All, Format::Text));
        render();
        let page = times(&mut render);
        let collecting = times(|| {
            agent.collect(&Selection::All, Format::Text);
        });
        let all = counted::allocations(&Subject::agent(program).with(&host_set()));
        Self { collecting, registered: page - collecting, http: all - page }
    }
}

fn times(act: impl FnOnce()) -> f64 {
    let count = allocation_counter::measure(act).count_total;
    f64::from(u32::try_from(count).unwrap())
}
