//! A descriptor that the parent process left open.

use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};

/// A descriptor of the same open file as the one of that number, which stays
/// open; closed in programs that are started.
///
/// # Errors
/// When nothing is open there.
pub fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    #[expect(unsafe_code, reason = "a number is no descriptor of Rust's")]
    // SAFETY: the call reads or writes no memory of this process.
    let own = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) };
    if own < 0 {
        return Err(io::Error::last_os_error());
    }
    #[expect(unsafe_code, reason = "a number is no descriptor of Rust's")]
    // SAFETY: the kernel has just opened it for this call: nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(own) })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn what_is_open_is_taken_over_and_what_is_not_is_refused() {
        let (mut reader, mut writer) = io::pipe().unwrap();
        let mut own = io::PipeWriter::from(inherited(writer.as_raw_fd()).unwrap());
        own.write_all(b"a").unwrap();
        writer.write_all(b"b").unwrap();
        drop((own, writer));
        let mut text = String::new();
        io::Read::read_to_string(&mut reader, &mut text).unwrap();
        assert_eq!(text, "ab");
        assert!(inherited(-1).is_err() && inherited(1_000_000).is_err());
    }
}
