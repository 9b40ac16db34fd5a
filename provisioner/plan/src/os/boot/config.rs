//! `config.txt`: which file the firmware takes the kernel's command line from.
//!
//! Only what decides that is read: `cmdline`, `os_prefix`, `include` and the
//! filters in brackets. A filter that a node cannot be held against (a serial
//! number, a pin, a display) leaves it open whether its lines count; then there
//! may be several files, and the answer is all of them.

use std::collections::{BTreeMap, BTreeSet};

use terrarium_untrusted::is_word;

use crate::bytes::Bytes;

/// How deep files may name each other.
const DEEP: usize = 8;

/// Whether a line counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counts {
    No,
    Perhaps,
    Yes,
}

/// The filters in force: those of one kind replace each other, and all must hold.
#[derive(Debug, Clone, Copy)]
struct Filters {
    none: bool,
    model: Counts,
    tryboot: Counts,
    other: Counts,
}

const ALL: Filters =
    Filters { none: false, model: Counts::Yes, tryboot: Counts::Yes, other: Counts::Yes };

impl Filters {
    fn enter(&mut self, name: &str, model: &str) {
        match name {
            "all" => *self = ALL,
            "none" => self.none = true,
            // The node runs what was started without it.
            "tryboot" => self.tryboot = Counts::No,
            _ => match is_model(name, model) {
                Some(true) => self.model = Counts::Yes,
                Some(false) => self.model = Counts::No,
                None => self.other = Counts::Perhaps,
            },
        }
    }

    fn count(self) -> Counts {
        let least = self.model.min(self.tryboot).min(self.other);
        // Whether a filter behind `[none]` ends it is not written down anywhere.
        let after_none = self.model != Counts::Yes || self.other != Counts::Yes;
        match (self.none, after_none) {
            (true, true) => least.min(Counts::Perhaps),
            (true, false) => Counts::No,
            (false, _) => least,
        }
    }
}

/// Whether a filter of boards means this one; `None` for a filter of another kind.
fn is_model(filter: &str, model: &str) -> Option<bool> {
    let board = model.strip_prefix("Raspberry Pi ").unwrap_or(model);
    let is = |names: &[&str]| names.iter().any(|name| followed(board, name));
    let of = match filter {
        "pi0" => is(&["Zero"]),
        "pi0w" => is(&["Zero W"]),
        "pi02" => is(&["Zero 2"]),
        "pi1" => {
            board.starts_with("Model ")
                || is(&["Compute Module"]) && !board.contains(char::is_numeric)
        }
        "pi2" => is(&["2"]),
        "pi3" => is(&["3", "Compute Module 3"]),
        "pi3+" => board.starts_with('3') && board.contains("Plus"),
        "pi4" => is(&["4", "400", "Compute Module 4", "Compute Module 4S"]),
        "pi400" => is(&["400"]),
        "pi5" => is(&["5", "500", "500+", "Compute Module 5"]),
        "pi500" => is(&["500", "500+"]),
        "cm1" => is(&["Compute Module"]) && !board.contains(char::is_numeric),
        "cm3" => is(&["Compute Module 3"]) && !board.contains("Plus"),
        "cm3+" => is(&["Compute Module 3"]) && board.contains("Plus"),
        "cm4" => is(&["Compute Module 4"]),
        "cm4s" => is(&["Compute Module 4S"]),
        "cm5" => is(&["Compute Module 5"]),
        _ => return None,
    };
    // Where there is no board to be told, nothing is told by it.
    (!board.is_empty()).then_some(of)
}

/// The board's name begins with these words.
fn followed(board: &str, name: &str) -> bool {
    board.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// What was found for one key: each value that may be the one in force.
#[derive(Debug, Default)]
struct Values(BTreeSet<String>);

impl Values {
    fn one(value: &str) -> Self {
        Self([value.to_owned()].into())
    }

    fn take(&mut self, value: &str, counts: Counts) {
        match counts {
            Counts::No => return,
            Counts::Yes => self.0.clear(),
            Counts::Perhaps => {}
        }
        self.0.insert(value.to_owned());
    }
}

/// The files that may be the one, below `folder`, by what `config.txt` there says.
/// `prefix` is the one that the firmware used at the last start, where it tells.
pub(super) fn names(
    configs: &BTreeMap<String, Bytes>,
    folder: &str,
    model: &str,
    prefix: Option<&str>,
) -> BTreeSet<String> {
    let mut found = Reader {
        configs,
        folder,
        model,
        filters: ALL,
        cmdline: Values::one("cmdline.txt"),
        prefix: Values::one(""),
    };
    found.read("config.txt", Counts::Yes, DEEP);
    let Reader { cmdline, prefix: mut prefixes, .. } = found;
    match prefix {
        Some(used) if prefixes.0.contains(used) => prefixes = Values::one(used),
        // The next start may be another one than the last.
        Some(used) => prefixes.take(used, Counts::Perhaps),
        None => {}
    }
    let both = prefixes
        .0
        .iter()
        .flat_map(|prefix| cmdline.0.iter().map(move |name| format!("{prefix}{name}")));
    both.collect()
}

struct Reader<'a> {
    configs: &'a BTreeMap<String, Bytes>,
    folder: &'a str,
    model: &'a str,
    filters: Filters,
    cmdline: Values,
    prefix: Values,
}

impl Reader<'_> {
    fn read(&mut self, name: &str, counts: Counts, deep: usize) {
        let Some(file) = self.configs.get(&format!("{}/{name}", self.folder)) else { return };
        let text = file.text();
        for line in text.lines().map(str::trim) {
            let section = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            if let Some((filter, _)) = section {
                self.filters.enter(filter.trim(), self.model);
                continue;
            }
            let counts = self.filters.count().min(counts);
            let include = line.strip_prefix("include").filter(|rest| rest.starts_with([' ', '\t']));
            match (line.split_once('='), include) {
                (_, Some(file)) if deep > 0 => self.read(file.trim(), counts, deep - 1),
                (Some((key, value)), _) => self.set(key, value, counts),
                _ => {}
            }
        }
    }

    fn set(&mut self, key: &str, value: &str, counts: Counts) {
        // With blanks around the sign it is not said what the firmware makes of it.
        let plain = key.trim_end() == key && value.trim_start() == value;
        let counts = if plain { counts } else { counts.min(Counts::Perhaps) };
        let value = value.trim();
        if !is_word(value, "/") || value.split('/').any(|part| part == "..") {
            return;
        }
        match key.trim_end() {
            "cmdline" => self.cmdline.take(value, counts),
            "os_prefix" => self.prefix.take(value, counts),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PI_5: &str = "Raspberry Pi 5 Model B Rev 1.0";

    fn named(model: &str, files: &[(&str, &str)], prefix: Option<&str>) -> Vec<String> {
        let configs = files
            .iter()
            .map(|(name, text)| (format!("/boot/firmware/{name}"), Bytes::from(*text)))
            .collect();
        names(&configs, "/boot/firmware", model, prefix).into_iter().collect()
    }

    #[test]
    fn the_file_is_the_one_that_config_txt_names_for_this_board() {
        for (text, expected) in [
            ("", "cmdline.txt"),
            ("cmdline=own.txt\n", "own.txt"),
            ("cmdline=own.txt\r\n[all]\r\n", "own.txt"),
            ("#cmdline=own.txt\n", "cmdline.txt"),
            // As Ubuntu writes it.
            (
                "[all]\nkernel=vmlinuz\ncmdline=cmdline.txt\nos_prefix=current/\n[tryboot]\nos_prefix=new/\n[all]\n",
                "current/cmdline.txt",
            ),
            ("os_prefix=test-\n", "test-cmdline.txt"),
            ("[pi4]\ncmdline=four.txt\n[pi5]\ncmdline=five.txt\n", "five.txt"),
            ("[pi4]\ncmdline=four.txt\n[all]\ngpu_mem=16\n", "cmdline.txt"),
            ("[pi5]\n[tryboot]\ncmdline=try.txt\n", "cmdline.txt"),
            ("[none]\ncmdline=never.txt\n", "cmdline.txt"),
            ("[gpio4=1]\ncmdline=pin.txt\n[all]\ncmdline=own.txt\n", "own.txt"),
            ("cmdline=../../etc/shadow\n", "cmdline.txt"),
            ("cmdline=first.txt\ncmdline=last.txt\n", "last.txt"),
        ] {
            assert_eq!(named(PI_5, &[("config.txt", text)], None), [expected], "{text}");
        }
    }

    #[test]
    fn a_filter_nobody_here_can_judge_leaves_several_files() {
        for text in [
            "[gpio4=1]\ncmdline=pin.txt\n",
            "[0x12345678]\ncmdline=pin.txt\n",
            "[EDID=x]\n[pi5]\ncmdline=pin.txt\n",
            "cmdline = pin.txt\n",
            "[none]\n[pi5]\ncmdline=pin.txt\n[gpio4=1]\ncmdline=pin.txt\n",
        ] {
            let names = named(PI_5, &[("config.txt", text)], None);
            assert_eq!(names, ["cmdline.txt", "pin.txt"], "{text}");
        }
        // One for another board is out of the question all the same.
        let text = "[gpio4=1]\n[pi4]\ncmdline=pin.txt\n";
        assert_eq!(named(PI_5, &[("config.txt", text)], None), ["cmdline.txt"]);
        // What the firmware tells of its last start decides among them.
        let text = "[gpio4=1]\nos_prefix=pin/\n";
        let config = [("config.txt", text)];
        assert_eq!(named(PI_5, &config, Some("pin/")), ["pin/cmdline.txt"]);
        assert_eq!(named(PI_5, &config, Some("")), ["cmdline.txt"]);
        assert_eq!(named(PI_5, &config, Some("else/")).len(), 3);
    }

    #[test]
    fn included_files_are_read_where_they_are_named() {
        let files = [
            ("config.txt", "cmdline=a.txt\ninclude more.txt\n[pi4]\ninclude four.txt\n"),
            ("more.txt", "include more.txt\ncmdline=b.txt\n"),
            ("four.txt", "cmdline=c.txt\n"),
        ];
        assert_eq!(named(PI_5, &files, None), ["b.txt"]);
        assert_eq!(named("Raspberry Pi 4 Model B Rev 1.4", &files, None), ["c.txt"]);
    }

    #[test]
    fn boards_answer_to_their_filters() {
        for (model, filters) in [
            (PI_5, "pi5"),
            ("Raspberry Pi 500 Rev 1.0", "pi5 pi500"),
            ("Raspberry Pi Compute Module 5 Rev 1.0", "pi5 cm5"),
            ("Raspberry Pi 4 Model B Rev 1.4", "pi4"),
            ("Raspberry Pi 400 Rev 1.0", "pi4 pi400"),
            ("Raspberry Pi Compute Module 4 Rev 1.1", "pi4 cm4"),
            ("Raspberry Pi 3 Model B Plus Rev 1.3", "pi3 pi3+"),
            ("Raspberry Pi Zero 2 W Rev 1.0", "pi0 pi02"),
        ] {
            let all = [
                "pi0", "pi0w", "pi02", "pi1", "pi2", "pi3", "pi3+", "pi4", "pi400", "pi5", "pi500",
                "cm1", "cm3", "cm3+", "cm4", "cm4s", "cm5",
            ];
            let own: Vec<_> =
                all.into_iter().filter(|filter| is_model(filter, model) == Some(true)).collect();
            assert_eq!(own.join(" "), filters, "{model}");
        }
    }
}
