//! The operating system: one concern a file, each a pure function from wish
//! and facts to changes.

pub(crate) mod boot;
pub(crate) mod clock;
pub(crate) mod cloud;
pub(crate) mod hostname;
pub(crate) mod hosts;
pub(crate) mod modules;
pub(crate) mod packages;
pub(crate) mod reboot;
pub(crate) mod storage;
pub(crate) mod swap;
pub(crate) mod sysctl;
pub(crate) mod timezone;
