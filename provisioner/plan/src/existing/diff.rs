//! What becomes of a file that is written anew.

use crate::change::Replaced;

/// More lines than any such file has; beyond it all lines count as changed.
const LINES: usize = 2000;

/// The lines that go and those that come, in the order of the files.
pub(crate) fn replaced(path: &str, before: &str, after: &str) -> Replaced {
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    let mut lines = Vec::new();
    let (mut i, mut j) = (0, 0);
    if old.len() <= LINES && new.len() <= LINES {
        let common = common(&old, &new);
        while i < old.len() && j < new.len() {
            if old[i] == new[j] {
                (i, j) = (i + 1, j + 1);
            } else if common[i + 1][j] >= common[i][j + 1] {
                lines.push(format!("- {}", old[i]));
                i += 1;
            } else {
                lines.push(format!("+ {}", new[j]));
                j += 1;
            }
        }
    }
    lines.extend(old[i..].iter().map(|line| format!("- {line}")));
    lines.extend(new[j..].iter().map(|line| format!("+ {line}")));
    Replaced { path: path.to_owned(), lines }
}

/// How many lines the ends of both have in common, by where these begin.
fn common(old: &[&str], new: &[&str]) -> Vec<Vec<usize>> {
    let mut table = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            table[i][j] = if old[i] == new[j] {
                table[i + 1][j + 1] + 1
            } else {
                table[i + 1][j].max(table[i][j + 1])
            };
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_go_and_come_are_told_and_those_that_stay_are_not() {
        let lines = |before, after| replaced("/x", before, after).lines;
        assert_eq!(lines("a\nb\nc\n", "a\nc\nd\n"), ["- b", "+ d"]);
        assert_eq!(lines("", "a\n"), ["+ a"]);
        assert_eq!(lines("a\n", ""), ["- a"]);
        assert!(lines("a\nb\n", "a\nb\n").is_empty());
        let long = "x\n".repeat(LINES + 1);
        assert_eq!(lines(&long, "x\n").len(), LINES + 2);
    }
}
