//! How large a request may be.

/// The largest value from `now` up to `most` that still fits, to within
/// `step`; none when not even `now` does. An undecided probe counts as no, so
/// the answer errs on the small side.
pub fn largest(
    now: u64,
    most: u64,
    step: u64,
    fits: &mut dyn FnMut(u64) -> Option<bool>,
) -> Option<u64> {
    if fits(now) != Some(true) {
        return None;
    }
    let step = step.max(1);
    let (mut good, mut steps) = (0, most.saturating_sub(now) / step + 1);
    // `good` steps fit, `steps` do not or are beyond the end.
    while steps - good > 1 {
        let middle = good + (steps - good) / 2;
        if fits(now + middle * step) == Some(true) { good = middle } else { steps = middle }
    }
    Some(now + good * step)
}
