//! Between the whole numbers of sizes and the fractions other tools count in.

/// As a fraction. Exact up to 8 PiB.
#[expect(clippy::cast_precision_loss, reason = "no node has as many bytes as would be rounded")]
pub(super) fn float(value: u64) -> f64 {
    value as f64
}

/// Its whole part; 0 for what is negative or no number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "out of range it saturates, which is what is wanted"
)]
pub(super) fn whole(value: f64) -> u64 {
    value as u64
}
