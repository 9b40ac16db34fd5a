//! One SSH connection per node: commands as the user or as root, host keys,
//! login. The only crate that knows which SSH library is used.
//!
//! ```no_run
//! # async fn example(target: terrarium_ssh::Target) -> Result<(), Box<dyn std::error::Error>> {
//! use terrarium_ssh::{Command, Limits, Session};
//!
//! let (session, greeting) = Session::connect(&target, &Limits::default()).await?;
//! if let Some(fingerprint) = greeting.new_host_key {
//!     // Trust on first use: the user is told.
//!     eprintln!("{}: new host key {fingerprint}", target.node);
//! }
//! let output = session.run(Command::new("read the kernel log", "dmesg | tail -n 20").as_root()).await?;
//! assert!(output.success());
//! session.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! What is deliberately absent: host certificates, RSA private keys outside an
//! agent, and any way of switching host key checking off.

mod account;
mod auth;
mod bootstrap;
mod capture;
mod channel;
mod command;
pub mod config;
mod connect;
mod error;
mod exec;
mod exec_error;
mod handler;
mod held;
mod hostkey;
mod link;
mod look;
mod open;
mod opening;
mod outcome;
pub mod places;
mod proof;
mod question;
mod quote;
mod running;
mod secret;
mod session;
mod sudo;
mod target;
mod tunnel;

pub use account::{Turned, Unstarted};
pub use auth::{Attempt, AuthMethod, Outcome, Tried, Unlocked, agent_holds, is_locked};
pub use command::{Command, Output};
pub use connect::Greeting;
pub use error::{ConnectError, Source};
pub use exec_error::{ExecError, Origin};
pub use held::Held;
pub use hostkey::{
    ChangedHostKey, FirstContact, HostKey, NotPinned, RecordedKey, RevokedHostKey, UnknownHostKey,
};
pub use link::Lost;
pub use look::{Look, Standing, is_recorded, look, record};
pub use quote::quote;
pub use secret::Secret;
pub use session::{Session, Stats};
pub use sudo::{SudoError, SudoMode};
pub use target::{Limits, PORT, Place, Target};
pub use tunnel::{Far, Tunnel, TunnelError};
