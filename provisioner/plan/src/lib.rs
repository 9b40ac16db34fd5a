//! Facts in, changes out: what a node is found to be, what it should be, and
//! the ordered set of changes between the two.
//!
//! Everything here is pure. There is no network, no clock and no randomness:
//! equal inputs give byte-equal plans. The one probe's script and the parser
//! of its reply live here too, because they are the two halves of one format.

mod action;
mod agent;
mod bytes;
mod certificates;
mod change;
mod dpkg;
mod event;
mod existing;
mod facts;
mod gate;
mod image;
mod join;
mod k3s;
mod labels;
mod measured;
mod namespace;
mod os;
mod planner;
pub mod probe;
mod shell;
mod systemd;
mod undone;
mod upgrade;

#[cfg(test)]
mod fixture;

pub use action::{Action, Content, Stdin, Step, UnitWait};
pub use agent::DROP_IN as AGENT_DROP_IN;
pub use agent::login::{
    AgentPage, LoginDigests, LoginPart, NAME as AGENT_NAME, SECRET as LOGIN_SECRET, login_of,
    web as web_configuration,
};
pub use bytes::Bytes;
pub use certificates::ingress_ends;
pub use change::{Barrier, Change, Edit, Effect, Plan, Refusal, Replaced, StackChange};
pub use event::{Event, Outcome, Report, State};
pub use existing::Existing;
pub use facts::{
    AgentSecret, Certificate, Clock, CloudInit, Cluster, Facts, FileFact, Ingress, Interface,
    ModuleState, Mount, StackObjects, Swap, SwapService, SwapUnit, UnitFact, Validity,
};
pub use image::{FORMER_REPOSITORY, REPOSITORY as IMAGE_REPOSITORY};
pub use labels::{board, level, node_labels};
pub use measured::{NoBoard, measured_board};
pub use namespace::NAMESPACE;
pub use os::cloud::cloud_init_is_done;
pub use os::reboot::RESTART_SECONDS;
pub use planner::{Artifacts, Binary, Context, Image, Package, plan};
pub use shell::quote;
pub use systemd::{UNANSWERED, patient};
