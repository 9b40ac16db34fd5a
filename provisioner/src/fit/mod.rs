//! Does the stack fit the boards: what is asked, and how the answer is shown.
//! The judgement itself is `terrarium-fit`'s.
//!
//! ```text
//! --boards, pis.toml ─▶ site ─┐
//! charts, stand-ins ─▶ stack ─┴▶ problem ─▶ judge ─▶ answer ─▶ table, JSON, html
//! ```

mod advice;
pub(crate) mod allowance;
pub(crate) mod answer;
mod around;
pub(crate) mod boards;
pub(crate) mod files;
mod followed;
pub(crate) mod gate;
mod hazard;
mod headroom;
pub(crate) mod html;
pub(crate) mod judge;
mod kubelet;
mod loss;
mod never;
mod nowhere;
pub(crate) mod problem;
pub(crate) mod profile;
mod rollout;
mod room;
pub(crate) mod site;
pub(crate) mod stack;
mod sure;
pub(crate) mod table;
pub(crate) mod words;

#[cfg(test)]
pub(crate) mod fixture;
