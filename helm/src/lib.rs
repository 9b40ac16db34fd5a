//! The services: their cards and charts, which of them an inventory asks for,
//! in which order, and how they get into a cluster.
//!
//! Everything is decided by pure functions over values; [`runner`] drives the
//! real `helm` and is, with [`catalogue::Catalogue::load`], the only part that
//! does I/O.
//!
//! ```text
//! charts/ ─▶ Catalogue ─┐
//! [stack] ──────────────┴▶ select ─▶ waves ─▶ derive ─▶ Release ─┐
//! kubectl get secrets ─▶ state ──────────────────────────────────┴▶ plan ─▶ runner
//!                                                 kubectl get pods ─▶ failure ◀─┘
//! edges/ ─▶ edge: the diagram's arrows, and how each is proven
//! ```

pub mod board;
pub mod card;
pub mod catalogue;
pub mod chart;
pub mod children;
pub mod derive;
pub mod diagnose;
pub mod diff;
pub mod drift;
pub mod edge;
pub mod failure;
pub mod fixed;
pub mod image;
mod objects;
pub mod overlay;
pub mod plan;
pub mod quantity;
mod reader;
pub mod release;
pub mod remove;
pub mod runner;
pub mod schema;
pub mod select;
pub mod state;
pub mod words;
