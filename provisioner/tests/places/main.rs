//! Files and folders that other users could change or read, with real other users:
//! the program is run as one user while the files are another's. And a disk that
//! is full. Needs root, for both.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod full;
mod home;
mod shared;
mod world;
