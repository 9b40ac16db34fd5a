//! The clock, before anything signs a certificate: a Pi without a battery
//! wakes up in the past, and certificates made then are "not yet valid" later.

use terrarium_inventory::Node;

use crate::planner::Context;
use crate::{Action, Change, Facts};

/// Skew against the operator that certificates and logs bear well.
pub(crate) const SKEW_MS: i64 = 30_000;
const DEADLINE: u64 = 180;

/// Waits for NTP when the clock is off and nothing has said it is right.
/// A clock that agrees with the operator's is good enough: networks without
/// NTP exist. One that NTP vouches for is right, and the operator's is not;
/// that is a note, see [`off`].
pub(crate) fn plan(node: &Node, context: &Context<'_>) -> Option<Change> {
    let clock = &context.facts.clock;
    if clock.synchronized || !off(context.facts) {
        return None;
    }
    let reason =
        format!("{} s off the operator's clock, not synchronised by NTP", clock.skew_ms / 1000);
    let hint = format!(
        "check on {} that an NTP server answers (`timedatectl timesync-status`), or set the clock by hand: `sudo date -s '…'`",
        node.name
    );
    Some(
        Change::new("clock", "wait for the clock to be synchronised", reason)
            .act(Action::run("timedatectl set-ntp true 2>/dev/null || systemctl enable --now systemd-timesyncd.service"))
            .act(Action::Wait {
                what: "NTP to synchronise the clock".to_owned(),
                script: "[ \"$(timedatectl show -p NTPSynchronized --value)\" = yes ]".to_owned(),
                deadline: DEADLINE,
                hint,
            }),
    )
}

/// Whether node and operator disagree by more than certificates bear.
pub(crate) fn off(facts: &Facts) -> bool {
    facts.clock.skew_ms.abs() > SKEW_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;
    use crate::fixture::{context, facts, node};

    #[test]
    fn only_a_clock_that_is_off_is_waited_for() {
        for (skew_ms, synchronized, waits) in [
            (0, true, false),
            (4_000, false, false),
            (-29_999, false, false),
            (-3_600_000, false, true),
            (40_000, true, false),
        ] {
            let facts = Facts { clock: Clock { now: 0, synchronized, skew_ms }, ..facts() };
            context(&facts, |context| {
                assert_eq!(
                    plan(&node("pi-1"), context).is_some(),
                    waits,
                    "{skew_ms} {synchronized}"
                );
            });
        }
    }
}
