//! The lines of `/etc/fstab` that make the node swap, as `fstab(5)` has them:
//! fields between blanks, of which the last three may be missing.

use crate::bytes::{line, lines};

/// What a line of ours begins with.
const MARK: &[u8] = b"# terrarium: ";

/// Whether a line turns swap on at boot.
fn swaps(bytes: &[u8]) -> bool {
    let mut fields = line(bytes).split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let (what, _, kind) = (fields.next(), fields.next(), fields.next());
    let options = fields.next().unwrap_or_default();
    what.is_some_and(|what| !what.starts_with(b"#"))
        && kind == Some(b"swap")
        && !options.split(|byte| *byte == b',').any(|option| option == b"noauto")
}

/// What such lines swap to.
pub(super) fn found(fstab: &[u8]) -> Vec<String> {
    let what = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        line.split_ascii_whitespace().next().unwrap_or_default().to_owned()
    };
    lines(fstab).filter(|line| swaps(line)).map(what).collect()
}

/// The file with these lines as comments.
pub(super) fn without(fstab: &[u8]) -> Vec<u8> {
    let commented = |line| [if swaps(line) { MARK } else { b"" }, line].concat();
    lines(fstab).flat_map(commented).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_swap_become_comments_and_no_other_byte_changes() {
        for (line, swaps) in [
            ("/var/swap none swap sw 0 0", true),
            ("  /var/swap\tnone\tswap sw,pri=5 0 0", true),
            ("/var/swap none swap", true),
            ("UUID=1-2 swap swap defaults\r", true),
            ("LABEL=swap none swap defaults,nofail 0 0", true),
            ("/var/swap none swap noauto 0 0", false),
            ("#/var/swap none swap sw 0 0", false),
            ("  # /var/swap none swap sw 0 0", false),
            ("# terrarium: /var/swap none swap sw 0 0", false),
            ("/dev/sda1 /swap ext4 defaults 0 2", false),
            ("PARTUUID=1-02 / ext4 defaults,noatime 0 1", false),
            ("tmpfs none", false),
            ("", false),
        ] {
            let file = format!("proc /proc proc defaults 0 0\n{line}\n# caf\u{e9}");
            let file: Vec<u8> = file.bytes().chain(*b"\xff").collect();
            assert_eq!(found(&file).len(), usize::from(swaps), "{line:?}");
            let after = without(&file);
            let wanted = [MARK, line.as_bytes()].concat();
            let wanted = if swaps { wanted } else { line.into() };
            let all: Vec<&[u8]> = after.split(|byte| *byte == b'\n').collect();
            let kept = &file[file.iter().rposition(|byte| *byte == b'\n').unwrap() + 1..];
            assert_eq!(all, [b"proc /proc proc defaults 0 0", &wanted[..], kept], "{line:?}");
            assert_eq!(without(&after), after);
        }
    }
}
