//! Against real OpenSSH servers on the loopback interface.
//!
//! Each test starts its own server with its own keys, so none disturbs
//! another. What involves sudo needs root, to create users for the time of
//! the run (see `users`), and the packages openssh-server and sudo; other login
//! shells are installed by `hardware/lab/bootstrap.sh`.
#![expect(
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "integration tests and their helpers"
)]

// Accounts that are known and cannot work, and login shells of all kinds.
mod accounts;
// Host certificates of authorities.
mod authority;
// Commands that run to their end: status, output, input, concurrency, counts.
mod commands;
// What breaks: signals, deadlines, dropped futures, dead and frozen links.
mod faults;
// Held commands, as used for locks.
mod held;
// Host keys: known, new, changed, revoked, of another algorithm.
mod hostkeys;
// Through other hosts, under other names, with certificates.
mod jump;
// Ways to log in, and what is said when there is none.
mod login;
// The OpenSSH servers the tests talk to.
mod node;
// What reads behind a login without being meant to.
mod readers;
// Becoming root.
mod sudo;
// Connections from the node to what it reaches.
mod tunnel;
// Users that exist for the time of the run.
mod users;
