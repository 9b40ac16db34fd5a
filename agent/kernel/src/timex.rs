//! adjtimex(2), for reading only.

use std::io;
use std::mem::MaybeUninit;

/// What the kernel tells of its clock, in its own units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timex {
    /// `TIME_ERROR` is 5: not synchronised.
    pub state: i32,
    /// Bits `STA_*`.
    pub status: i32,
    /// In nanoseconds if `STA_NANO` is set, in microseconds if not.
    pub offset: i64,
    /// Parts per million, 16 bits below the point.
    pub frequency: i64,
    /// Microseconds.
    pub max_error: i64,
    /// Microseconds.
    pub estimated_error: i64,
    /// Of the loop that disciplines the clock.
    pub constant: i64,
    /// Microseconds between ticks.
    pub tick: i64,
    /// Of a pulse a second, as `frequency`.
    pub pps_frequency: i64,
    /// Of a pulse a second, as `offset`.
    pub pps_jitter: i64,
    /// Of a pulse a second, as a power of two, in seconds.
    pub pps_shift: i32,
    /// Of a pulse a second, as `frequency`.
    pub pps_stability: i64,
    /// Pulses whose jitter was too large.
    pub pps_jitter_exceeded: i64,
    /// Intervals of calibration.
    pub pps_calibrations: i64,
    /// Calibration errors.
    pub pps_errors: i64,
    /// Times the stability was exceeded.
    pub pps_stability_exceeded: i64,
    /// International atomic time less UTC, in seconds.
    pub tai: i32,
}

/// Asks the kernel; nothing is changed.
///
/// # Errors
/// What the kernel says, for example where a sandbox forbids the call.
pub fn timex() -> io::Result<Timex> {
    let mut asked = MaybeUninit::<libc::timex>::zeroed();
    #[expect(unsafe_code, reason = "adjtimex(2) has no safe wrapper")]
    // SAFETY: the pointer is to a whole `timex` that lives through the call; all
    // bytes zero are valid for it, being integers, and `modes` 0 only reads.
    let (state, told) = unsafe { (libc::adjtimex(asked.as_mut_ptr()), asked.assume_init()) };
    if state < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Timex {
        state,
        status: told.status,
        offset: told.offset,
        frequency: told.freq,
        max_error: told.maxerror,
        estimated_error: told.esterror,
        constant: told.constant,
        tick: told.tick,
        pps_frequency: told.ppsfreq,
        pps_jitter: told.jitter,
        pps_shift: told.shift,
        pps_stability: told.stabil,
        pps_jitter_exceeded: told.jitcnt,
        pps_calibrations: told.calcnt,
        pps_errors: told.errcnt,
        pps_stability_exceeded: told.stbcnt,
        tai: told.tai,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kernel_answers() {
        let told = super::timex().unwrap();
        assert!((0..=5).contains(&told.state), "{told:?}");
        assert!((9_000..=11_000).contains(&told.tick), "{told:?}");
    }
}
