//! The answer for people: the word and its reason first.

use std::fmt::Write as _;

use super::answer::{Answer, Node, Pressure, Service};
use super::words::{duration, megabytes, thousandths};
use crate::fit::words::{cores, listed, mib, percent};
use crate::report::columns::{self, Head, Laid, figures_under, words_under};
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

/// The name as far as its column goes; a longer one gets a line of its own, before.
fn fitted(name: &str, width: usize) -> (String, &str) {
    if name.chars().count() <= width {
        return (String::new(), name);
    }
    (format!("{name}\n"), "")
}

const NODES: [Head; 9] = [
    words_under("NODE", 0),
    figures_under("HALF"),
    figures_under("95 %"),
    figures_under("99 %"),
    figures_under("MOST"),
    figures_under("OF MiB"),
    figures_under("FREE"),
    words_under("CPU 95 %", 0),
    words_under("IS", 0),
];
const SERVICES: [Head; 9] = [
    words_under("SERVICE", 0),
    figures_under("REQUEST"),
    figures_under("LIMIT"),
    figures_under("HALF"),
    figures_under("95 %"),
    figures_under("99 %"),
    figures_under("MOST"),
    figures_under("CPU"),
    words_under("NODES", 0),
];

fn nodes(text: &mut String, answer: &Answer) {
    let row = |node: &Node| {
        let used = &node.used;
        let [half, most95, most99, most] = [used.p50, used.p95, used.p99, used.max].map(megabytes);
        let (of, free) = (megabytes(node.memory), (node.headroom >> 20).to_string());
        let cpu = node.used_cpu.map_or_else(|| "-".to_owned(), |cpu| cores(cpu.p95));
        let (cpus, word) = (node.cores / 1000, node.word.as_str());
        let (before, name) = fitted(&node.name, 12);
        let whole = format!(
            "{before}{name:<12} {half:>6} {most95:>6} {most99:>6} {most:>6} {of:>7} {free:>6}  {cpu:>4} of {cpus:<2} {word}"
        );
        let cpu = format!("{cpu} of {cpus}");
        let name = node.name.clone();
        (whole, vec![name, half, most95, most99, most, of, free, cpu, word.to_owned()])
    };
    let head = "NODE           HALF   95 %   99 %   MOST  OF MiB   FREE  CPU 95 %   IS";
    let Laid { head, rows } = columns::table(head, &NODES, answer.nodes.iter().map(row).collect());
    let _ = write!(text, "\n{head}");
    for (node, row) in answer.nodes.iter().zip(rows) {
        text.push_str(&row);
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
    let row = |service: &Service| {
        let figure = |of: Option<u64>| of.map_or_else(|| "-".to_owned(), megabytes);
        let used = service.used;
        let (request, limit) = (megabytes(service.request), figure(service.limit));
        let [half, most95, most99, most] = [
            used.map(|used| used.p50),
            used.map(|used| used.p95),
            used.map(|used| used.p99),
            used.map(|used| used.max),
        ]
        .map(figure);
        let cpu = service.used_cpu.map_or_else(|| "-".to_owned(), |cpu| cores(cpu.p95));
        let nodes =
            if service.nodes.is_empty() { "none".to_owned() } else { service.nodes.join(", ") };
        let (before, name) = fitted(&service.name, 17);
        let label = format!(
            "{name:<17} {request:>7} {limit:>6} {half:>6} {most95:>6} {most99:>6} {most:>6} {cpu:>5}   "
        );
        let whole = before + &wrapped(&label, &nodes);
        let name = service.name.clone();
        (whole, vec![name, request, limit, half, most95, most99, most, cpu, nodes])
    };
    let head = "SERVICE           REQUEST  LIMIT   HALF   95 %   99 %   MOST   CPU   NODES";
    let rows = answer.services.iter().map(row).collect();
    let Laid { head, rows } = columns::table(head, &SERVICES, rows);
    let _ = write!(text, "\n{head}");
    for (service, row) in answer.services.iter().zip(rows) {
        text.push_str(&row);
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
