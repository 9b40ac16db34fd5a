//! Boards: what each one is and what it leaves for workloads.
//!
//! One file per board under `boards/`, compiled in. Every figure says where it
//! comes from and how well it is known, so that a judgement built on it can
//! say the same. Nothing here reads a node: [`identify`] is given what a probe
//! found.

mod board;
mod catalogue;
mod figure;
mod needs;
mod reference;

pub use board::{Board, Kernel};
pub use catalogue::{BoardError, board, boards, identify, parse};
pub use figure::{Figure, Interval, Kind};
pub use needs::{
    AGENT_MIB, K3S_AGENT_MIB, K3S_SERVER_ETCD_MIB, K3S_SERVER_MIB, OPERATING_SYSTEM_MIB,
};
pub use reference::reference;
