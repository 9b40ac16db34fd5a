//! What the agent needs and no library wraps safely: reading the kernel's clock
//! discipline, asking the Pi's firmware, and taking over what a parent left open.
//!
//! Everything unsafe of the project is in this crate, a call a module.

mod inherited;
mod mailbox;
mod timex;

pub use inherited::inherited;
pub use mailbox::property;
pub use timex::{Timex, timex};
