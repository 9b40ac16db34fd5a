//! The two system calls the agent needs and no library wraps safely: reading
//! the kernel's clock discipline, and asking the Pi's firmware.
//!
//! Everything unsafe of the project is in this crate, a call a module.

mod mailbox;
mod timex;

pub use mailbox::property;
pub use timex::{Timex, timex};
