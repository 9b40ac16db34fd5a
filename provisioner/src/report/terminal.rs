//! The only place that prints outside the event stream, and the sink of both:
//! [`shown`] makes of any text one that can be printed. Documents go to
//! standard output, errors to standard error; both fit 80 columns where the
//! content allows it.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;
use terrarium_plan::{Edit, Effect, Plan};
use terrarium_untrusted::visible;

use super::json;
use super::look::Look;
use super::secrets::masked;
use crate::command::prepare::Unseen;
use crate::command::status::{Status, Unwell};
use crate::error::Failure;

/// Whether errors are read by a person at a terminal.
pub(crate) fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Columns of the terminal that errors, else documents, are read at.
pub(crate) fn columns() -> Option<usize> {
    let of = |size: rustix::io::Result<rustix::termios::Winsize>| {
        size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
    };
    of(rustix::termios::tcgetwinsize(std::io::stderr()))
        .or_else(|| of(rustix::termios::tcgetwinsize(std::io::stdout())))
}

/// Whether documents are read by a person at a terminal.
pub(crate) fn output_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// How text is shown: without the secrets of this run, and with everything
/// written out that a terminal would act on. All that is printed passes here.
pub(crate) fn shown(text: &str) -> String {
    Look::get().letters(visible(&masked(text)).into_owned())
}

/// Prints text.
pub(crate) fn text(text: &str) {
    out(&shown(text));
}

/// Prints text in colours of ours. Whatever of it is not ours was made visible
/// before it was coloured.
pub(crate) fn coloured(text: &str) {
    out(&painted(text));
}

/// Prints passwords that were asked for; the only way to.
pub(crate) fn reveal(text: &str) {
    out(&visible(text));
}

/// Prints remarks for people.
pub(crate) fn remark(text: &str) {
    err(&shown(text));
}

/// Prints remarks in colours of ours; see [`coloured`].
pub(crate) fn coloured_remark(text: &str) {
    err(&painted(text));
}

fn out(text: &str) {
    // A reader that went away has read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn err(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// As [`shown`], but with colours, bold and underlined text. What hides text,
/// lets it blink or turns its colours round stays written out.
fn painted(text: &str) -> String {
    let text = masked(text);
    let mut done = String::new();
    let mut rest = text.as_str();
    while let Some((before, tail)) = rest.split_once("\u{1b}[") {
        done.push_str(&visible(before));
        let codes = tail.split_once('m').map(|(codes, _)| codes).filter(|codes| is_colour(codes));
        if let Some(codes) = codes {
            done.push_str("\u{1b}[");
            done.push_str(codes);
            done.push('m');
        } else {
            done.push_str(&visible("\u{1b}["));
        }
        rest = &tail[codes.map_or(0, |codes| codes.len() + 1)..];
    }
    done.push_str(&visible(rest));
    Look::get().letters(done)
}

/// Whether the numbers of a sequence set a colour, bold, underlined, or take
/// such back.
fn is_colour(codes: &str) -> bool {
    let numbers: Vec<&str> = codes.split(';').collect();
    let harmless = |code: &str| !["5", "6", "7", "8"].contains(&code);
    codes.bytes().all(|byte| byte.is_ascii_digit() || byte == b';')
        && (numbers[0] == "38" || numbers.iter().all(|code| harmless(code)))
}

/// Prints one line.
pub(crate) fn line(line: &str) {
    text(&format!("{line}\n"));
}

/// Prints a document.
pub(crate) fn json(document: &impl Serialize) -> Result<(), Failure> {
    out(&(json::pretty(document).map_err(no_json)? + "\n"));
    Ok(())
}

/// Prints a document on one line, as the last of a stream.
pub(crate) fn json_line(document: &impl Serialize) -> Result<(), Failure> {
    out(&(json::compact(document).map_err(no_json)? + "\n"));
    Ok(())
}

/// Prints a document with passwords that were asked for.
pub(crate) fn reveal_json(document: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(document).map_err(no_json)?;
    out(&(json::escaped(&json) + "\n"));
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn no_json(error: serde_json::Error) -> Failure {
    Failure::internal("cannot write JSON", &error)
}

/// Prints the one error a run may end with: headline, causes, hint.
pub(crate) fn failure(failure: &Failure) {
    if let Some(problems) = &failure.problems {
        coloured_remark(&problems.render(Look::get().style(is_terminal())));
    }
    let mut text = format!("{}\n", wrapped("error: ", &failure.what));
    for cause in &failure.causes {
        // What a node or helm said keeps its own lines.
        let _ = writeln!(text, "  caused by: {}", cause.replace('\n', "\n    "));
    }
    if let Some(hint) = &failure.hint {
        let _ = writeln!(text, "{}", wrapped("hint: ", hint));
    }
    remark(&text);
}

/// Columns of tables, whatever the terminal; wider only where a word is.
pub(crate) const WIDTH: usize = super::look::WIDTH;

/// A plan, node by node. `unseen` of the `nodes` did not answer.
pub(crate) fn plan(plan: &Plan, unseen: &[Unseen], nodes: usize) -> String {
    let mut text = String::new();
    for (kind, remarks) in [("refused", &plan.refusals), ("note", &plan.notes)] {
        for remark in remarks {
            let node = remark.node.as_deref().unwrap_or("cluster");
            text.push_str(&entry(
                &format!("{kind:<9}"),
                &format!("{node}: {}", remark.what),
                &remark.hint,
            ));
        }
    }
    for (node, changes) in plan.nodes.iter().filter(|(_, changes)| !changes.is_empty()) {
        let _ = writeln!(text, "{node}");
        for change in changes {
            let effect = match &change.effect {
                Effect::None => String::new(),
                Effect::Restarts(unit) => format!(" [restarts {unit}]"),
                Effect::Reboots => " [needs a restart of the node]".to_owned(),
            };
            let title = format!("{}{effect}", change.title);
            text.push_str(&entry(
                &format!("  {:<14} ", change.id),
                &title,
                &format!("because: {}", change.reason),
            ));
            text.extend(change.edits.iter().map(edit));
        }
    }
    if !plan.stack.is_empty() {
        let _ = writeln!(text, "stack");
        for change in &plan.stack {
            let title = format!("{} (wave {})", change.kind, change.wave);
            text.push_str(&entry(
                &format!("  {:<14} ", change.service),
                &title,
                &format!("because: {}", change.reason),
            ));
        }
    }
    text + &verdict(plan, unseen, nodes)
}

/// A line of a file that becomes another.
fn edit(edit: &Edit) -> String {
    let indent = " ".repeat(17);
    let of = |sign: char, text: &str| wrapped(&format!("{indent}{sign} "), text);
    format!(
        "{indent}line {} of {}:\n{}\n{}\n",
        edit.line,
        edit.path,
        of('-', &edit.before),
        of('+', &edit.after)
    )
}

fn verdict(plan: &Plan, unseen: &[Unseen], nodes: usize) -> String {
    let names: Vec<&str> = unseen.iter().map(|unseen| unseen.node.as_str()).collect();
    let names = names.join(", ");
    if !unseen.is_empty() && unseen.len() == nodes {
        return format!(
            "No node answered: {names}. Nothing is known of them, and nothing has been touched.\n"
        );
    }
    let (changes, refusals) = (plan.len(), plan.refusals.len());
    let what = match (changes, refusals) {
        (_, 1..) => format!("Refused for {}.", count(refusals, "reason")),
        (0, 0) if unseen.is_empty() => {
            return "Nothing to do: everything is as the inventory wishes.\n".to_owned();
        }
        (0, 0) => "Nothing to do on the nodes that answered.".to_owned(),
        _ => format!("{}.", count(changes, "change")),
    };
    let unseen =
        if unseen.is_empty() { String::new() } else { format!(" Not looked at: {names}.") };
    format!("{what}{unseen} Nothing has been touched.\n")
}

/// `1 change`, `2 changes`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A head and a tail under one label, both wrapped and indented behind it.
fn entry(label: &str, head: &str, tail: &str) -> String {
    let indent = " ".repeat(label.len());
    format!("{}\n{}\n", wrapped(label, head), wrapped(&indent, tail))
}

/// A text behind a label, its further lines indented by the label's width.
/// Broken at spaces only: paths, digests and addresses stay whole.
pub(crate) fn wrapped(label: &str, text: &str) -> String {
    let indent = " ".repeat(label.chars().count());
    let options =
        textwrap::Options::new(Look::get().width).initial_indent(label).subsequent_indent(&indent);
    let options = options.break_words(false).word_separator(textwrap::WordSeparator::AsciiSpace);
    textwrap::fill(text, options.word_splitter(textwrap::WordSplitter::NoHyphenation))
}

/// Stands for what could not be asked.
const UNKNOWN: &str = "?";

/// A status, one line a node.
pub(crate) fn status(status: &Status) -> String {
    let mut text =
        String::from("NODE       HOST              ROLE    K3S            READY  AGENT  CHANGES\n");
    let kube = status.nodes.iter().find_map(|node| node.facts.as_ref()?.cluster.as_ref());
    for node in &status.nodes {
        let ready =
            kube.and_then(|cluster| cluster.nodes.iter().find(|found| found.name == node.name));
        // What was not asked is not known: never a no, and never a nought.
        let version = match ready {
            Some(found) => found.version.as_str(),
            None if kube.is_some() => "-",
            None => UNKNOWN,
        };
        let word = |yes: bool| if yes { "yes" } else { "no" };
        let told = match ready {
            Some(found) => word(found.ready),
            None if kube.is_some() || (status.stack_seen && node.seen) => "no",
            None => UNKNOWN,
        };
        let role = match node.role {
            terrarium_inventory::Role::Server => "server",
            terrarium_inventory::Role::Agent => "agent",
        };
        let _ = writeln!(
            text,
            "{:<10} {:<17} {role:<7} {version:<14} {told:<6} {:<6} {}",
            node.name,
            node.host,
            node.agent_answers.map_or(UNKNOWN, word),
            node.changes.map_or_else(|| UNKNOWN.to_owned(), |changes| changes.to_string()),
        );
        if let Some(error) = &node.error {
            text.push_str(&wrapped("           not looked at: ", error));
            text.push('\n');
        }
        for Unwell { service, failure, seconds } in &node.unwell {
            let told = match seconds {
                None => format!("`{service}` is unhealthy: {failure}"),
                Some(since) => format!("`{service}` has been unhealthy for {since} s: {failure}"),
            };
            text.push_str(&wrapped("           ", &told));
            text.push('\n');
        }
    }
    if !status.plan.is_empty() || !status.plan.notes.is_empty() || !status.unseen.is_empty() {
        text.push('\n');
        text.push_str(&plan(&status.plan, &status.unseen, status.nodes.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use terrarium_plan::{Change, Refusal};

    use super::*;

    fn example() -> Plan {
        let long = "vm.max_map_count is 65530, wanted 262144; fs.inotify.max_user_instances is 128, wanted 512";
        let change = Change::new(
            "boot.cmdline",
            "add cgroup_enable=memory psi=1 to /boot/firmware/cmdline.txt",
            long,
        );
        Plan {
            nodes: [("pi-1".to_owned(), vec![change.effect(Effect::Reboots)])].into(),
            ..Plan::default()
        }
    }

    #[test]
    fn colours_pass_and_what_hides_text_does_not() {
        for (text, expected) in [
            ("\u{1b}[1;31ma\u{1b}[0m", "\u{1b}[1;31ma\u{1b}[0m"),
            ("\u{1b}[38;2;8;5;7ma\u{1b}[m", "\u{1b}[38;2;8;5;7ma\u{1b}[m"),
            ("\u{1b}[8ma\u{1b}[1;5m", "\\u{1b}[8ma\\u{1b}[1;5m"),
            ("\u{1b}[2Jm\u{1b}]0;m\u{7}", "\\u{1b}[2Jm\\u{1b}]0;m\\u{7}"),
            ("\u{1b}[3", "\\u{1b}[3"),
        ] {
            assert_eq!(painted(text), expected);
        }
    }

    #[test]
    fn a_plan_fits_eighty_columns() {
        let text = plan(&example(), &[], 3);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.ends_with("1 change. Nothing has been touched.\n"), "{text}");
    }

    #[test]
    fn a_line_that_becomes_another_is_shown_before_and_after() {
        let mut plan = example();
        for change in plan.nodes.values_mut().flatten() {
            change.edits.push(Edit {
                path: "/boot/firmware/cmdline.txt".to_owned(),
                line: 1,
                before: "root=x".to_owned(),
                after: "root=x psi=1".to_owned(),
            });
        }
        let text = super::plan(&plan, &[], 1);
        let lines = ["line 1 of /boot/firmware/cmdline.txt:", "- root=x", "+ root=x psi=1"];
        let indent = " ".repeat(17);
        assert!(text.contains(&lines.join(&format!("\n{indent}"))), "{text}");
    }

    #[test]
    fn nodes_that_did_not_answer_are_never_called_as_wished() {
        assert!(plan(&Plan::default(), &[], 3).starts_with("Nothing to do: everything"));
        let unseen = ["pi-2", "pi-3"]
            .map(|node| Unseen { node: node.to_owned(), reason: "it is away".to_owned() });
        let all = plan(&Plan::default(), &unseen, 2);
        assert!(
            all.starts_with("No node answered: pi-2, pi-3.") && !all.contains("to do"),
            "{all}"
        );
        let text = plan(&Plan::default(), &unseen, 3);
        assert!(
            text.contains("Not looked at: pi-2, pi-3.") && !text.contains("everything"),
            "{text}"
        );
    }

    #[test]
    fn a_refusal_comes_first_and_decides_the_verdict() {
        let mut refused = example();
        refused.refusals.push(Refusal::new(
            "pi-1",
            "architecture",
            "runs a 32-bit userland",
            "flash the 64-bit image",
        ));
        let text = plan(&refused, &[], 3);
        assert!(text.starts_with("refused  pi-1: runs"), "{text}");
        assert!(text.ends_with("Refused for 1 reason. Nothing has been touched.\n"), "{text}");
    }
}
