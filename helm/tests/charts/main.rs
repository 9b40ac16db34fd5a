//! The charts under the real helm: they lint, they render to what is committed,
//! their schemas refuse what is wrong, every pod keeps the house rules, and the
//! profile `core` hangs together on the boards it is for.
//!
//! Helm is `$TERRARIUM_HELM`, or the lab's (`hardware/lab/helm.sh`), or the one
//! on the `PATH`; `promtool` is the one on the `PATH` or in `$TERRARIUM_PROMTOOL`;
//! the judge of pods is `$TERRARIUM_PODSECURITY`, or the lab's
//! (`hardware/lab/podsecurity/build.sh`).

#![expect(clippy::expect_used, reason = "a test says what it expects")]

mod clients;
mod core;
mod each;
mod helm;
mod passwords;
mod security;
mod sizes;
mod traefik;
