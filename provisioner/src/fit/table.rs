//! The answer for people: the word and its reason first.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::answer::{Answer, Loss, Node, Service, Weight};
use super::words::{cores, gib, listed, percent, simulated};
use crate::report::columns::{self, Head, Laid, figures_under, words_under};
use crate::report::terminal::wrapped;

/// Services that are told by name before the rest is counted.
const NAMES_MAX: usize = 12;

/// All of it.
pub(crate) fn table(answer: &Answer) -> String {
    let mut text = format!("{}\n\n", wrapped("", &answer.subject.title));
    head(&mut text, answer);
    nodes(&mut text, answer);
    services(&mut text, answer);
    remarks(&mut text, answer);
    changes(&mut text, answer);
    loss(&mut text, answer);
    if answer.subject.source == "stand-in" {
        line(
            &mut text,
            "",
            "The budgets are stand-ins: estimates for services whose charts may not exist yet.",
        );
    }
    text
}

fn line(text: &mut String, label: &str, what: &str) {
    let _ = writeln!(text, "{}", wrapped(label, what));
}

/// The word with its reasons, then the verdict with its proof.
fn head(text: &mut String, answer: &Answer) {
    let word = answer.word.as_str().to_uppercase();
    let mut label = format!("{word:<13}");
    for reason in &answer.reasons {
        line(text, &label, reason);
        label = " ".repeat(13);
    }
    let proof = match (answer.verdict, &answer.certificate, answer.share) {
        ("guaranteed", ..) => {
            "in whatever order the pods arrive, all are placed: proven".to_owned()
        }
        ("impossible", Some(proof), _) if !answer.reasons.contains(&proof.sentence) => {
            proof.sentence.clone()
        }
        ("impossible", ..) => "no placement exists: proven".to_owned(),
        ("possible", _, Some(found)) => {
            format!("a placement exists; {}", simulated(found, answer.any_order))
        }
        ("possible", ..) => "a placement exists".to_owned(),
        _ => "the budget was spent before a placement was found or ruled out".to_owned(),
    };
    line(text, &format!("{:<13}", answer.verdict), &proof);
    for left_out in answer.untold() {
        line(text, &" ".repeat(13), left_out);
    }
}

const NODES: [Head; 5] = [
    words_under("NODE", 0),
    words_under("REQUESTED", 0),
    words_under("CPU", 0),
    figures_under("LIMITS"),
    words_under("BOARD", 0),
];
const SERVICES: [Head; 6] = [
    words_under("SERVICE", 0),
    figures_under("REQUEST"),
    figures_under("LIMIT"),
    figures_under("ROOM TO"),
    figures_under("CPU TO"),
    words_under("NODES", 0),
];

fn nodes(text: &mut String, answer: &Answer) {
    let row = |node: &Node| {
        let mib = |bytes: u64| bytes / (1024 * 1024);
        let (asked, has) = (mib(node.requested), mib(node.allocatable.low));
        let share = percent(node.requested, node.allocatable.low);
        let (cpu, cpus) = (cores(node.requested_cpu), cores(node.allocatable_cpu));
        let (limits, word) = (mib(node.limited), node.bears.as_str());
        let whole = format!(
            "{:<15} {asked:>5} of {has:>5} MiB {share:>4} %  {cpu:>5} of {cpus:<5} {limits:>6} MiB   {word}",
            node.name
        );
        let requested = format!("{asked} of {has} MiB, {share} %");
        let cpu = format!("{cpu} of {cpus}");
        (whole, vec![node.name.clone(), requested, cpu, format!("{limits} MiB"), word.to_owned()])
    };
    let head = "NODE            REQUESTED OF ALLOCATABLE      CPU          LIMITS   BOARD";
    let Laid { head, rows } = columns::table(head, &NODES, answer.nodes.iter().map(row).collect());
    let _ = write!(text, "\n{head}");
    for (node, row) in answer.nodes.iter().zip(rows) {
        text.push_str(&row);
        let about: Vec<&str> = node.board.as_deref().into_iter().chain(node.role).collect();
        if !about.is_empty() {
            line(text, "  ", &about.join(", "));
        }
        line(text, "  ", &node.reading);
        if node.volumes > 0 {
            let free = node.disk_free.map_or_else(
                || "how much is free is unknown".to_owned(),
                |b| format!("{} free", gib(b)),
            );
            line(text, "  ", &format!("volumes: {}; {free}", gib(node.volumes)));
        }
    }
    for left in &answer.left {
        line(text, "no node for     ", &format!("{}: {}", left.pod, left.why));
    }
}

fn services(text: &mut String, answer: &Answer) {
    if answer.services.is_empty() {
        return;
    }
    let lines = grouped(&answer.services);
    let row = |&(service, alike): &(&Service, usize)| {
        let mib = |bytes: u64| (bytes / (1024 * 1024)).to_string();
        let room = service.largest_request.map_or_else(|| "-".to_owned(), mib);
        let cpu = service.largest_cpu.map_or_else(|| "-".to_owned(), cores);
        let place = match (service.verdict, service.nodes.as_slice()) {
            ("impossible", _) => "none: impossible".to_owned(),
            (_, []) => "none".to_owned(),
            (_, nodes) if alike == 0 => nodes.join(", "),
            (_, nodes) => nodes.join(", ") + ", …",
        };
        let name = match alike {
            0 => service.name.clone(),
            more => format!("{} and {more} like it", service.name),
        };
        let request = mib(service.request);
        let limit = service.limit.map_or_else(|| "none".to_owned(), mib);
        let label = format!("{name:<19} {request:>7} {limit:>6} {room:>8} {cpu:>7}   ");
        (wrapped(&label, &place), vec![name, request, limit, room, cpu, place])
    };
    let head = "SERVICE             REQUEST  LIMIT  ROOM TO  CPU TO   NODES";
    let rows = lines.iter().map(row).collect();
    let Laid { head, rows } = columns::table(head, &SERVICES, rows);
    let _ = write!(text, "\n{head}");
    for ((service, _), row) in lines.iter().zip(rows) {
        text.push_str(&row);
        if let Some(reason) = &service.reason {
            line(text, "  ", reason);
        }
    }
}

/// Services beyond which equal ones make one line.
const LINES_MAX: usize = 60;

/// The services, each with how many of the others are like it: where there are many,
/// such as bare pods, nobody reads a line for each.
fn grouped(services: &[Service]) -> Vec<(&Service, usize)> {
    if services.len() <= LINES_MAX {
        return services.iter().map(|service| (service, 0)).collect();
    }
    let mut known: HashMap<_, usize> = HashMap::new();
    let mut lines: Vec<(&Service, usize)> = Vec::new();
    for service in services {
        let amounts = (service.request, service.limit, service.cpu, service.volumes);
        let kind = (&service.group, service.verdict, &service.reason, service.nodes.len(), amounts);
        if let Some((_, more)) = known.get(&kind).and_then(|&line| lines.get_mut(line)) {
            *more += 1;
        } else {
            known.insert(kind, lines.len());
            lines.push((service, 0));
        }
    }
    lines
}

fn remarks(text: &mut String, answer: &Answer) {
    if answer.remarks.is_empty() {
        return;
    }
    text.push_str("\nWHAT NO SCHEDULER CHECKS\n");
    for remark in &answer.remarks {
        let weight = match remark.weight {
            Weight::Refusal => "refused",
            Weight::Warning => "warning",
            Weight::Note => "note",
        };
        let label = format!("{weight:<8} {:<12}", remark.about);
        let hint = remark.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
        line(text, &label, &format!("{}{hint}", remark.what));
    }
}

fn changes(text: &mut String, answer: &Answer) {
    if answer.change.is_empty() {
        return;
    }
    text.push_str("\nWHAT TO CHANGE\n");
    for change in &answer.change {
        line(text, &format!("{:<12}", change.kind), &change.what);
    }
}

fn loss(text: &mut String, answer: &Answer) {
    if answer.loss.is_empty() {
        return;
    }
    text.push_str("\nLOSING A NODE\n");
    for loss in &answer.loss {
        line(text, &format!("{:<12}", loss.node), &loss.summary);
        for (fate, names) in fates(loss) {
            let shown = if names.len() > NAMES_MAX {
                format!("{} and {} more", names[..NAMES_MAX].join(", "), names.len() - NAMES_MAX)
            } else {
                listed(&names)
            };
            line(text, &format!("  {fate:<28}"), &shown);
        }
    }
}

/// The services that do not simply survive, by what becomes of them and what
/// could at best.
fn fates(loss: &Loss) -> BTreeMap<String, Vec<&str>> {
    let mut fates: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (service, fate) in &loss.services {
        let best = fate.best.filter(|best| *best != fate.here);
        if fate.here != "survives" || best.is_some() {
            let better = best.map_or_else(String::new, |best| format!(", at best {best}"));
            fates.entry(format!("{}{better}", fate.here)).or_default().push(service);
        }
    }
    fates
}
