//! The answer at 80 columns: the word and its reason first.

use std::fmt::Write as _;

use super::answer::{Answer, Node, Pressure};
use super::words::{duration, megabytes, thousandths};
use crate::fit::words::{cores, listed, mib, percent};
use crate::report::terminal::wrapped;

mod sizes;

/// All of it.
pub(crate) fn table(answer: &Answer) -> String {
    let mut text = String::new();
    let sources = listed(&answer.sources);
    let title = format!("{}, watched for {} ({sources})", answer.title, duration(answer.seconds));
    let _ = writeln!(text, "{}\n", wrapped("", &title));
    let word = answer.word.as_str().to_uppercase();
    let mut label = format!("{word:<13}");
    for reason in &answer.reasons {
        line(&mut text, &label, reason);
        label = " ".repeat(13);
    }
    if let Some(predicted) = answer.predicted {
        line(&mut text, "predicted    ", predicted.as_str());
    }
    nodes(&mut text, answer);
    services(&mut text, answer);
    sizes::sizes(&mut text, answer);
    if let Some(skipped) = answer.written.as_ref().map(|written| &written.skipped)
        && !skipped.is_empty()
    {
        let what = format!("no chart has a value for the size of {}", listed(skipped));
        line(&mut text, "not written  ", &what);
    }
    if !answer.notes.is_empty() {
        text.push_str("\nNOTES\n");
        for note in &answer.notes {
            line(&mut text, "- ", note);
        }
    }
    text
}

fn line(text: &mut String, label: &str, what: &str) {
    let _ = writeln!(text, "{}", wrapped(label, what));
}

/// The name as far as its column goes; a longer one gets a line of its own.
fn fitted<'n>(text: &mut String, name: &'n str, width: usize) -> &'n str {
    if name.chars().count() <= width {
        return name;
    }
    let _ = writeln!(text, "{name}");
    ""
}

fn nodes(text: &mut String, answer: &Answer) {
    text.push_str("\nNODE           HALF   95 %   99 %   MOST  OF MiB   FREE  CPU 95 %   IS\n");
    for node in &answer.nodes {
        let used = &node.used;
        let cpu = node.used_cpu.map_or_else(|| "-".to_owned(), |cpu| cores(cpu.p95));
        let name = fitted(text, &node.name, 12);
        let _ = writeln!(
            text,
            "{name:<12} {:>6} {:>6} {:>6} {:>6} {:>7} {:>6}  {:>4} of {:<2} {}",
            megabytes(used.p50),
            megabytes(used.p95),
            megabytes(used.p99),
            megabytes(used.max),
            megabytes(node.memory),
            node.headroom >> 20,
            cpu,
            node.cores / 1000,
            node.word.as_str(),
        );
        about(text, node);
    }
    for silent in &answer.silent {
        line(text, &format!("{:<12} ", silent.node), &format!("not measured: {}", silent.why));
    }
    for left in &answer.left {
        line(text, "no node for  ", &format!("{}: {}", left.pod, left.why));
    }
}

fn about(text: &mut String, node: &Node) {
    let names: Vec<&str> = node.board.as_deref().into_iter().chain(node.role).collect();
    let watched = format!("watched for {}", duration(node.seconds));
    line(text, "  ", &format!("{}, {watched}", names.join(", ")));
    if node.word != crate::fit::answer::Word::Fits {
        for reason in &node.reasons {
            line(text, "  ", reason);
        }
    }
    let pods = format!(
        "pods: {} requested, {} allocatable; {} used half of the time, {} at most; limits {}, {} % \
         of the memory",
        mib(node.requested),
        mib(node.allocatable),
        mib(node.pods_used.p50),
        mib(node.pods_used.max),
        mib(node.limited),
        percent(node.limited, node.memory),
    );
    line(text, "  ", &pods);
    line(text, "  ", &node.reading);
    if let Some(predicted) = &node.predicted {
        line(text, "  ", &predicted.difference);
    }
    if let Some(waits) = waits(&node.pressure) {
        line(text, "  ", &waits);
    }
    for cause in &node.causes {
        let suffer = if cause.suffer.is_empty() {
            "no service seems to suffer".to_owned()
        } else {
            format!("{} may suffer from it", listed(&cause.suffer))
        };
        line(
            text,
            &format!("  {:<9}", cause.about),
            &format!("{}; {suffer}; {}", cause.what, cause.hint),
        );
    }
    let first = victims(node);
    if !first.is_empty() {
        line(text, "  ", &format!("the kernel would kill first: {}", first.join(", then ")));
    }
}

/// `95 of 100 samples waited no more than 12 % of the time for a processor, …`
fn waits(pressure: &Pressure) -> Option<String> {
    let all = [
        (pressure.cpu, "for a processor"),
        (pressure.memory, "for memory"),
        (pressure.io, "for disks"),
    ];
    let said: Vec<String> = all
        .into_iter()
        .filter_map(|(share, what)| Some(format!("{} {what}", thousandths(share?.p95))))
        .collect();
    (!said.is_empty()).then(|| {
        let most = "of the time it waited, 95 of 100 samples at most";
        format!("{most}: {}", listed(&said))
    })
}

/// The pod, and which of its containers where it has several.
fn victims(node: &Node) -> Vec<String> {
    let several =
        |pod: &str| node.first_killed.iter().filter(|victim| victim.pod == pod).count() > 1;
    node.first_killed
        .iter()
        .map(|victim| {
            if several(&victim.pod) {
                format!("{} ({})", victim.pod, victim.container)
            } else {
                victim.pod.clone()
            }
        })
        .collect()
}

fn services(text: &mut String, answer: &Answer) {
    if answer.services.is_empty() {
        return;
    }
    text.push_str("\nSERVICE           REQUEST  LIMIT   HALF   95 %   99 %   MOST   CPU   NODES\n");
    for service in &answer.services {
        let figure = |of: Option<u64>| of.map_or_else(|| "-".to_owned(), megabytes);
        let used = service.used;
        let name = fitted(text, &service.name, 17);
        let label = format!(
            "{name:<17} {:>7} {:>6} {:>6} {:>6} {:>6} {:>6} {:>5}   ",
            megabytes(service.request),
            figure(service.limit),
            figure(used.map(|used| used.p50)),
            figure(used.map(|used| used.p95)),
            figure(used.map(|used| used.p99)),
            figure(used.map(|used| used.max)),
            service.used_cpu.map_or_else(|| "-".to_owned(), |cpu| cores(cpu.p95)),
        );
        let nodes =
            if service.nodes.is_empty() { "none".to_owned() } else { service.nodes.join(", ") };
        line(text, &label, &nodes);
        let mut more = Vec::new();
        if service.oom_kills > 0 {
            more.push(format!("killed for want of memory: {}", service.oom_kills));
        }
        if service.restarts > 0 {
            more.push(format!("started again: {}", service.restarts));
        }
        if let Some(share) = service.throttled.filter(|share| *share > 0.0) {
            more.push(format!("held back by its CPU limit: {} of periods", thousandths(share)));
        }
        if let Some(over) = service.headroom.filter(|left| *left < 0) {
            more.push(format!("above its limit by {}", mib(over.unsigned_abs())));
        }
        if !more.is_empty() {
            line(text, "  ", &more.join("; "));
        }
    }
}
