//! Tables in as many columns as there are.

use std::fmt::Write as _;

use super::look::{Look, WIDTH};

/// Between two columns.
const GAP: usize = 2;

/// Behind a label that leaves fewer columns than this, a text stands below it.
const ROOM: usize = 24;

/// A column: its heading, how wide it usually is, and whether figures stand in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    title: &'static str,
    usual: usize,
    right: bool,
}

/// A column of words.
pub(crate) const fn words_under(title: &'static str, usual: usize) -> Head {
    Head { title, usual, right: false }
}

/// A column of figures.
pub(crate) const fn figures_under(title: &'static str) -> Head {
    Head { title, usual: 0, right: true }
}

/// A table's first line, and one text for each row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Laid {
    pub head: String,
    pub rows: Vec<String>,
}

/// A row as it is where there are the usual columns, and its cells.
pub(crate) type Row = (String, Vec<String>);

/// Rows as they are where there are the usual columns, under a first line; on a
/// narrower terminal in columns as narrow as they go, or cell below cell.
pub(crate) fn table(head: &str, heads: &[Head], rows: Vec<Row>) -> Laid {
    let width = Look::get().width;
    let (whole, cells): (Vec<String>, Vec<Vec<String>>) = rows.into_iter().unzip();
    if width >= WIDTH {
        let rows = whole.into_iter().map(|row| row + "\n").collect();
        return Laid { head: format!("{head}\n"), rows };
    }
    let mut laid = laid(heads, &cells, width);
    if laid.head.is_empty() {
        laid.head = heads.first().map_or_else(String::new, |head| format!("{}\n", head.title));
    }
    laid
}

/// Lays rows out under headings, each with the columns it has where there is room.
/// Where a row would not fit, each cell gets a line of its own behind its heading:
/// nothing is ever broken in the middle of a word.
pub(crate) fn laid(heads: &[Head], rows: &[Vec<String>], width: usize) -> Laid {
    let natural: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(at, head)| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            widest.max(head.title.chars().count())
        })
        .collect();
    let usual: Vec<usize> =
        natural.iter().zip(heads).map(|(natural, head)| *natural.max(&head.usual)).collect();
    let fits = |widths: &[usize]| widths.iter().sum::<usize>() + GAP * (heads.len() - 1) <= width;
    let line = |widths: &[usize], cells: &[&str]| {
        let mut line = String::new();
        for ((cell, width), head) in cells.iter().zip(widths).zip(heads) {
            // Writing to a string cannot fail.
            let _ = if head.right {
                write!(line, "{cell:>width$}{:GAP$}", "")
            } else {
                write!(line, "{cell:<width$}{:GAP$}", "")
            };
        }
        line.truncate(line.trim_end().len());
        line + "\n"
    };
    let Some(widths) = [usual, natural].into_iter().find(|widths| fits(widths)) else {
        return stacked(heads, rows, width);
    };
    let names: Vec<&str> = heads.iter().map(|head| head.title).collect();
    let rows = rows.iter().map(|row| {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        line(&widths, &cells)
    });
    Laid { head: line(&widths, &names), rows: rows.collect() }
}

/// The first cell of a row, and below it the others.
fn stacked(heads: &[Head], rows: &[Vec<String>], width: usize) -> Laid {
    let name = heads.iter().map(|head| head.title.chars().count()).max().unwrap_or(0);
    let rows = rows.iter().map(|row| {
        let mut text = String::new();
        let cells = row.iter().zip(heads).enumerate();
        for (at, (cell, head)) in cells.filter(|(_, (cell, _))| !cell.is_empty()) {
            let label = format!("  {:<name$}  ", head.title.to_lowercase());
            let label = if at == 0 { "" } else { &label };
            let _ = writeln!(text, "{}", wrapped(label, cell, width));
        }
        text
    });
    Laid { head: String::new(), rows: rows.collect() }
}

/// A text behind a label, or below it where a narrow terminal has no room beside it.
pub(super) fn wrapped(label: &str, text: &str, width: usize) -> String {
    let beside = label.chars().count();
    let room = width.saturating_sub(beside);
    let longest = text.split_ascii_whitespace().map(|word| word.chars().count()).max();
    // Hints below a text go where the text went.
    let sign = label.trim().chars().count() <= 1;
    let tight = room < ROOM && (sign || text.chars().count() > room) || longest > Some(room);
    let (head, first, indent) = match label.trim() {
        _ if width >= WIDTH || !tight || beside < BELOW.len() => {
            (String::new(), label.to_owned(), " ".repeat(beside))
        }
        // A sign is no line of its own.
        name if sign => {
            let first = format!("{BELOW}{name}{}", if name.is_empty() { "" } else { " " });
            let indent = " ".repeat(first.chars().count());
            (String::new(), first, indent)
        }
        name => {
            let lead = if label.starts_with(' ') { "  " } else { "" };
            (format!("{lead}{name}\n"), BELOW.to_owned(), BELOW.to_owned())
        }
    };
    let options = textwrap::Options::new(width).initial_indent(&first).subsequent_indent(&indent);
    let options = options.break_words(false).word_separator(textwrap::WordSeparator::AsciiSpace);
    let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation);
    head + &textwrap::fill(text, options)
}

/// Before a text that stands below its label.
const BELOW: &str = "    ";

/// A text whose lines are no wider than this where their words allow it: what a
/// terminal would break in the middle of a word goes on in the next line.
pub(super) fn broken(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let indent = line.len() - line.trim_start_matches(' ').len() + 2;
        let mut column = 0;
        for word in words(line) {
            let wide = word.trim_end().chars().count();
            // The first word stays where it is, however wide.
            if column + wide > width && column > indent {
                out.truncate(out.trim_end_matches(' ').len());
                // A long word stands further left than the others.
                column = indent.min(width.saturating_sub(wide).max(2));
                let _ = write!(out, "\n{:column$}", "");
            }
            out.push_str(word);
            column += word.chars().count();
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push_str(end);
    }
    out
}

/// Words, each with the blanks behind it; those before the first are its own.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut from = 0;
    let (mut word, mut blank) = (false, false);
    for (at, letter) in line.char_indices() {
        if letter == ' ' {
            blank = word;
        } else {
            if blank {
                words.push(&line[from..at]);
                from = at;
            }
            (word, blank) = (true, false);
        }
    }
    words.push(&line[from..]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: [Head; 3] =
        [words_under("NODE", 8), words_under("HOST", 10), words_under("READY", 5)];

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        vec![row(["pi-1", "192.168.1.11", "yes"]), row(["garage", "pi.local", "?"])]
    }

    #[test]
    fn a_table_has_its_usual_columns_then_narrow_ones_then_lines() {
        let at = |width| {
            let laid = laid(&HEADS, &rows(), width);
            laid.head + &laid.rows.concat()
        };
        assert_eq!(
            at(29),
            "NODE      HOST          READY\npi-1      192.168.1.11  yes\ngarage    pi.local      ?\n"
        );
        assert_eq!(
            at(27),
            "NODE    HOST          READY\npi-1    192.168.1.11  yes\ngarage  pi.local      ?\n"
        );
        assert_eq!(
            at(26),
            "pi-1\n  host   192.168.1.11\n  ready  yes\ngarage\n  host   pi.local\n  ready  ?\n"
        );
    }

    #[test]
    fn figures_stand_below_each_other_by_their_end() {
        let heads = [words_under("NODE", 0), figures_under("MOST"), words_under("IS", 0)];
        let rows = [["pi-1", "7", "fits"], ["pi-2", "1024", "tight"]];
        let rows: Vec<Vec<String>> = rows.map(|row| row.map(str::to_owned).to_vec()).to_vec();
        let Laid { head, rows } = laid(&heads, &rows, 40);
        assert_eq!(head + &rows.concat(), "NODE  MOST  IS\npi-1     7  fits\npi-2  1024  tight\n");
    }

    #[test]
    fn a_text_is_beside_its_label_or_below_it_where_there_is_no_room() {
        for (label, text, width, expected) in [
            ("note     ", "a text of some words", 40, "note     a text of some words"),
            ("a label of thirty columns:    ", "short", 40, "a label of thirty columns:    short"),
            (
                "a label of thirty columns:    ",
                "a text of some words",
                40,
                "a label of thirty columns:\n    a text of some words",
            ),
            (
                "  boot     ",
                "/boot/firmware/cmdline.txt.new",
                40,
                "  boot\n    /boot/firmware/cmdline.txt.new",
            ),
            ("                      → ", "look at the switch", 40, "    → look at the switch"),
            ("                      ", "look at the switch", 36, "    look at the switch"),
            (
                "- ",
                "/a/path/that/is/wider/than/the/terminal/is",
                40,
                "- /a/path/that/is/wider/than/the/terminal/is",
            ),
        ] {
            assert_eq!(wrapped(label, text, width), expected, "{label:?}");
        }
        // Where there are the usual columns all is beside.
        let label = " ".repeat(70);
        assert!(wrapped(&label, "some words more", WIDTH).starts_with(&format!("{label}some")));
    }

    #[test]
    fn long_lines_are_broken_between_words_alone() {
        for (text, width, expected) in [
            ("short\n", 10, "short\n"),
            ("one two three\n", 8, "one two\n  three\n"),
            ("  a  bb  cc dd\n", 9, "  a  bb\n    cc dd\n"),
            ("averyveryverylongword\n", 8, "averyveryverylongword\n"),
            ("x averyveryverylongword y", 8, "x averyveryverylongword\n  y"),
            ("a\n\nb\n", 4, "a\n\nb\n"),
            ("", 4, ""),
        ] {
            assert_eq!(broken(text, width), expected, "{text:?}");
        }
    }

    #[test]
    fn no_text_loses_a_word_or_gets_wider() {
        let text = "NODE            REQUESTED OF ALLOCATABLE      CPU          LIMITS   BOARD\n\
                    pi-1             1024 of  7000 MiB   14 %    0.5 of 4.0     2048 MiB   fits\n";
        for width in 40..90 {
            let broken = broken(text, width);
            assert!(broken.lines().all(|line| line.chars().count() <= width), "{broken}");
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&broken), words(text));
        }
        assert_eq!(broken(text, 90), text);
    }
}
