//! Tables in as many columns as there are.

use std::fmt::Write as _;

/// Between two columns.
const GAP: usize = 2;

/// A table's first line, and one text for each row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Laid {
    pub head: String,
    pub rows: Vec<String>,
}

/// Lays rows out under headings, each with the columns it has where there is room.
/// Where a row would not fit, each cell gets a line of its own behind its heading:
/// nothing is ever broken in the middle of a word.
pub(super) fn laid(heads: &[(&str, usize)], rows: &[Vec<String>], width: usize) -> Laid {
    let natural: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(at, (head, _))| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(head.len())
        })
        .collect();
    let usual: Vec<usize> =
        natural.iter().zip(heads).map(|(natural, (_, usual))| *natural.max(usual)).collect();
    let fits = |widths: &[usize]| widths.iter().sum::<usize>() + GAP * (heads.len() - 1) <= width;
    let line = |widths: &[usize], cells: &[&str]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            // Writing to a string cannot fail.
            let _ = write!(line, "{cell:<width$}{:GAP$}", "");
        }
        line.truncate(line.trim_end().len());
        line + "\n"
    };
    let Some(widths) = [usual, natural].into_iter().find(|widths| fits(widths)) else {
        return stacked(heads, rows);
    };
    let names: Vec<&str> = heads.iter().map(|(head, _)| *head).collect();
    let rows = rows.iter().map(|row| {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        line(&widths, &cells)
    });
    Laid { head: line(&widths, &names), rows: rows.collect() }
}

/// The first cell of a row, and below it the others.
fn stacked(heads: &[(&str, usize)], rows: &[Vec<String>]) -> Laid {
    let name = heads.iter().map(|(head, _)| head.len()).max().unwrap_or(0);
    let rows = rows.iter().map(|row| {
        let mut text = String::new();
        for (at, (cell, (head, _))) in row.iter().zip(heads).enumerate() {
            let _ = if at == 0 {
                writeln!(text, "{cell}")
            } else {
                writeln!(text, "  {:<name$}  {cell}", head.to_lowercase())
            };
        }
        text
    });
    Laid { head: String::new(), rows: rows.collect() }
}

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
                let _ = write!(out, "\n{:indent$}", "");
                column = indent;
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

    const HEADS: [(&str, usize); 3] = [("NODE", 8), ("HOST", 10), ("READY", 5)];

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
