//! The clock, before anything signs a certificate: a Pi without a battery
//! wakes up in the past, and certificates made then are "not yet valid" later.

use terrarium_inventory::Node;

use crate::planner::Context;
use crate::{Action, Change, Facts};

/// Skew against the operator that certificates and logs bear well.
pub(crate) const SKEW_MS: i64 = 30_000;
const DEADLINE: u64 = 180;

/// No clock of a node that `provision` was made for shows less, or so much: 2025
/// and 2125. What vouches for such a time has no part in it.
const EARLIEST: i64 = 1_735_689_600;
const LATEST: i64 = 4_891_363_200;

fn can_be(time: i64) -> bool {
    (EARLIEST..LATEST).contains(&time)
}

/// Waits for NTP when the clock is off and nothing has said it is right.
/// A clock that agrees with the operator's is good enough: networks without
/// NTP exist. One that NTP vouches for is right, and the operator's is not;
/// that is a note, see [`off`]. One that cannot be right is wrong whoever vouches
/// for it, and if it is the operator's there is nothing to wait for.
pub(crate) fn plan(node: &Node, context: &Context<'_>) -> Option<Change> {
    let facts = context.facts;
    let clock = &facts.clock;
    if !off(facts) || can_be(clock.now) && (clock.synchronized || !can_be(operator(facts))) {
        return None;
    }
    let by = apart(facts);
    let reason = if can_be(clock.now) {
        format!("{by} off the operator's clock, not synchronised by NTP")
    } else if clock.synchronized {
        format!(
            "shows a time that cannot be, {by} off the operator's, and calls it synchronised by NTP"
        )
    } else {
        format!("shows a time that cannot be, {by} off the operator's")
    };
    let hint = format!(
        "check on {} that an NTP server answers with the right time (`timedatectl timesync-status`), or set the clock by hand: `sudo date -s '…'`",
        node.name
    );
    let script = format!(
        "[ \"$(timedatectl show -p NTPSynchronized --value)\" = yes ] && [ \"$(date +%s)\" -ge {EARLIEST} ] && [ \"$(date +%s)\" -lt {LATEST} ]"
    );
    Some(
        Change::new("clock", "wait for the clock to be synchronised", reason)
            .act(Action::run("timedatectl set-ntp true 2>/dev/null || systemctl enable --now systemd-timesyncd.service"))
            .act(Action::Wait {
                what: "NTP to synchronise the clock".to_owned(),
                script,
                deadline: DEADLINE,
                hint,
            }),
    )
}

/// Whether node and operator disagree by more than certificates bear.
pub(crate) fn off(facts: &Facts) -> bool {
    facts.clock.skew_ms.unsigned_abs() > SKEW_MS.unsigned_abs()
}

/// The operator's clock when the node was looked at.
fn operator(facts: &Facts) -> i64 {
    facts.clock.now.saturating_sub(facts.clock.skew_ms / 1000)
}

/// Who is to look at the clock of this machine: the node's can be right, and this
/// one cannot, or NTP vouches for the other.
pub(crate) fn operator_is_off(facts: &Facts) -> bool {
    off(facts) && can_be(facts.clock.now) && (facts.clock.synchronized || !can_be(operator(facts)))
}

/// By how much the clocks differ, in the unit in which that is a small number.
pub(crate) fn apart(facts: &Facts) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
    let seconds = facts.clock.skew_ms.unsigned_abs() / 1000;
    UNITS
        .into_iter()
        .find(|(size, _)| seconds >= 2 * size)
        .map_or_else(|| format!("{seconds} s"), |(size, unit)| format!("{} {unit}", seconds / size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;
    use crate::fixture::{context, facts, node};

    const NOW: i64 = 1_800_000_000;

    /// Why the clock is waited for, and whether the operator's is to be looked at.
    fn judged(now: i64, operator: i64, synchronized: bool) -> (Option<String>, bool) {
        let skew_ms = now.saturating_sub(operator).saturating_mul(1000);
        let facts = Facts { clock: Clock { synchronized, now, skew_ms }, ..facts() };
        let mut reason = None;
        context(&facts, |context| {
            reason = plan(&node("pi-1"), context).map(|change| change.reason);
        });
        (reason, operator_is_off(&facts))
    }

    #[test]
    fn only_a_clock_that_is_off_is_waited_for() {
        for (skew, synchronized, waits, operators) in [
            (0, true, None, false),
            (4, false, None, false),
            (-29, false, None, false),
            (
                -3_600,
                false,
                Some("60 minutes off the operator's clock, not synchronised by NTP"),
                false,
            ),
            (40, false, Some("40 s off the operator's clock, not synchronised by NTP"), false),
            (40, true, None, true),
        ] {
            let judged = judged(NOW + skew, NOW, synchronized);
            assert_eq!(
                (judged.0.as_deref(), judged.1),
                (waits, operators),
                "{skew} {synchronized}"
            );
        }
    }

    #[test]
    fn a_time_that_cannot_be_is_believed_of_nobody() {
        for now in
            [0, 7, 1_600_000_000, 17_960_305_696, 1_796_030_569_621_045, i64::MAX, i64::MIN, -1]
        {
            for synchronized in [true, false] {
                let (reason, operators) = judged(now, NOW, synchronized);
                let reason = reason.unwrap_or_default();
                assert!(reason.starts_with("shows a time that cannot be, "), "{now}: {reason}");
                assert_eq!(reason.contains("synchronised by NTP"), synchronized, "{now}: {reason}");
                assert!(!operators, "{now}");
            }
            // The other way round there is nothing to wait for.
            assert_eq!(judged(NOW, now, false), (None, true), "{now}");
        }
    }

    #[test]
    fn what_is_waited_for_is_a_time_that_can_be() {
        let fakes = crate::systemd::tests::Fakes::new();
        fakes.otherwise("timedatectl", "echo yes");
        for (shown, right) in [
            ("0", false),
            ("1800000000", true),
            ("179603056962", false),
            ("1796030569621045", false),
        ] {
            fakes.otherwise("date", &format!("echo {shown}"));
            let facts = Facts {
                clock: Clock { synchronized: true, now: 0, skew_ms: -NOW * 1000 },
                ..facts()
            };
            context(&facts, |context| {
                let change = plan(&node("pi-1"), context).unwrap();
                let Some(Action::Wait { script, .. }) = change.actions.last() else {
                    panic!("{change:?}")
                };
                assert_eq!(fakes.run(script).status.success(), right, "{shown}");
            });
        }
    }
}
