//! The Pi firmware's property mailbox, `/dev/vcio`.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// `_IOWR(100, 0, char *)`: the size of a pointer is part of the number, and the
/// kernel compares it with its own.
#[allow(clippy::cast_possible_wrap, reason = "the C library's type differs, the bits do not")]
const PROPERTY: libc::Ioctl =
    (if cfg!(target_pointer_width = "64") { 0xC008_6400_u32 } else { 0xC004_6400 }) as libc::Ioctl;

/// Sends a property buffer and has the answer written into it.
///
/// The first word has to be the buffer's length in bytes, as the firmware
/// expects it: that is checked, since the firmware writes as far as it says.
///
/// # Errors
/// `InvalidInput` for a buffer that does not tell its own length; what the
/// kernel says otherwise.
pub fn property(device: &File, buffer: &mut [u32]) -> io::Result<()> {
    let length = u32::try_from(size_of_val(buffer)).ok();
    if buffer.len() < 3 || buffer.first().copied() != length {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    #[expect(unsafe_code, reason = "a driver's own ioctl(2) has no safe wrapper")]
    // SAFETY: the descriptor is open for as long as `device` is borrowed. The
    // driver reads and writes as many bytes at the pointer as the first word
    // says, which is just the buffer's length, and any bytes are valid in it.
    let answer = unsafe { libc::ioctl(device.as_raw_fd(), PROPERTY, buffer.as_mut_ptr()) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_lies_about_its_length_is_not_sent() {
        let device = File::open("/dev/null").unwrap();
        for buffer in [&mut [][..], &mut [8, 0], &mut [16, 0, 0], &mut [400, 0, 0, 0]] {
            let refused = property(&device, buffer).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{buffer:?}");
        }
    }

    #[test]
    fn another_device_refuses() {
        let device = File::open("/dev/null").unwrap();
        let refused = property(&device, &mut [16, 0, 0, 0]).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(libc::ENOTTY));
    }
}
