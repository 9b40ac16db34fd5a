//! Running programs and telling what went wrong with them.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::{LabError, Result};

/// How many lines of a failed program's output an error carries.
const TAIL: usize = 12;

/// Runs the command and gives what it printed on its standard output.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let mut printed = String::from_utf8_lossy(&output.stderr).into_owned();
    if printed.trim().is_empty() {
        printed = String::from_utf8_lossy(&output.stdout).into_owned();
    }
    Err(failure(command, &output.status.to_string(), &printed))
}

/// Whether the command ends well; what it prints is dropped.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool> {
    Ok(output(command)?.status.success())
}

/// Runs the command with its output in a file, which is what an error quotes.
pub(crate) fn logged(command: &mut Command, log: &Path) -> Result<()> {
    if let Some(parent) = log.parent() {
        fs_err::create_dir_all(parent)?;
    }
    let file = fs_err::File::create(log)?.into_parts().0;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let status = command.status().map_err(|source| spawn_error(command, source))?;
    if status.success() {
        return Ok(());
    }
    let printed = fs_err::read(log)?;
    let printed = tail(&String::from_utf8_lossy(&printed));
    let printed = format!("{printed}\n(all of it: {})", log.display());
    Err(failure(command, &status.to_string(), &printed))
}

/// The last lines of a text, without empty ends.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let first = lines.len().saturating_sub(TAIL);
    lines.get(first..).unwrap_or_default().join("\n")
}

fn output(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null()).output().map_err(|source| spawn_error(command, source))
}

pub(crate) fn spawn_error(command: &Command, source: std::io::Error) -> LabError {
    LabError::Spawn { program: command.get_program().to_string_lossy().into_owned(), source }
}

fn failure(command: &Command, status: &str, printed: &str) -> LabError {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    LabError::Failed { command: line.join(" "), status: status.to_owned(), output: tail(printed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_its_status_and_its_last_words() {
        let error = capture(Command::new("sh").args(["-c", "echo lost >&2; exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("sh -c") && text.contains("exit status: 3") && text.contains("lost"),
            "{text}"
        );
    }

    #[test]
    fn a_missing_program_is_told_apart() {
        let error = capture(&mut Command::new("no-such-program")).unwrap_err();
        assert!(matches!(error, LabError::Spawn { program, .. } if program == "no-such-program"));
    }

    #[test]
    fn the_tail_is_the_end() {
        let text: String = (0..40).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
        let tail = tail(&text);
        assert!(tail.starts_with("line 28\n") && tail.ends_with("line 39"), "{tail}");
    }

    #[test]
    fn output_goes_to_the_log_and_the_error_quotes_it() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("logs/x.log");
        let error = logged(Command::new("sh").args(["-c", "echo why; exit 1"]), &log).unwrap_err();
        assert!(error.to_string().contains("why"), "{error}");
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "why\n");
    }
}
