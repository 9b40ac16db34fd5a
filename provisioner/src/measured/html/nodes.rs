//! The nodes: for each two bars of one scale, what is used most of the time and
//! what is requested.

use std::fmt::Write as _;

use super::super::answer::{Answer, Node, Share};
use super::super::words::{megabytes, thousandths};
use crate::fit::html::parts::{
    bar, called, colour, escape, heading, legend, pods, prose, scale as ruler, segment, sentence,
    wide,
};
use crate::fit::words::{cores, mib, percent};

pub(super) fn section(page: &mut String, answer: &Answer, groups: &[String]) {
    page.push_str("<section>\n<h2>Nodes</h2>\n");
    let all = || answer.nodes.iter().flat_map(|node| &node.pods);
    let used = |group: &str| all().any(|pod| pod.group == group);
    legend(page, groups, used, ("peak", "The most that was used"));
    let scale = answer.nodes.iter().map(|node| node.memory).max().unwrap_or(1).max(1);
    page.push_str("<div class=\"nodes\">\n");
    for node in &answer.nodes {
        article(page, node, groups, scale);
    }
    page.push_str("</div>\n");
    for (title, rows) in [
        ("Not measured", pairs(answer.silent.iter().map(|s| (&s.node, &s.why)))),
        ("Without a node", pairs(answer.left.iter().map(|l| (&l.pod, &l.why)))),
    ] {
        if !rows.is_empty() {
            let _ =
                write!(page, "<div class=\"left\">\n<h3>{title}</h3>\n<ul>\n{rows}</ul>\n</div>\n");
        }
    }
    page.push_str("</section>\n");
}

fn pairs<'a>(rows: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let mut text = String::new();
    for (name, why) in rows {
        let _ = writeln!(text, "<li><b>{}</b> {}</li>", escape(name), prose(why));
    }
    text
}

fn article(page: &mut String, node: &Node, groups: &[String], scale: u64) {
    let about: Vec<&str> = node.board.as_deref().into_iter().chain(node.role).collect();
    heading(page, node.word, &node.name, &about);
    used(page, node, groups, scale);
    requested(page, node, groups, scale);
    ruler(page, node.memory, scale);
    let alone = |service: &str| node.pods.iter().filter(|pod| pod.service == service).count() == 1;
    let figures = node.pods.iter().map(|pod| {
        let name = called(&pod.key, &pod.service, alone(&pod.service));
        let used = pod.used.map_or_else(|| "–".to_owned(), |used| (used.max >> 20).to_string());
        let figures = format!("{used} / {}", pod.request >> 20);
        (colour(groups, &pod.group), name, figures)
    });
    if !node.pods.is_empty() {
        pods(page, "Its pods: the most that was used / request, MiB", figures);
    }
    for reason in &node.reasons {
        let _ = writeln!(page, "<p class=\"reading\">{}</p>", prose(&sentence(reason)));
    }
    let _ = writeln!(page, "<p class=\"reading\">{}</p>", prose(&sentence(&node.reading)));
    if let Some(predicted) = &node.predicted {
        let _ =
            writeln!(page, "<p class=\"reading\">{}</p>", prose(&sentence(&predicted.difference)));
    }
    facts(page, node);
    page.push_str("</article>\n");
}

/// Half of the time: the system's own, each pod's; and how far it ever went.
fn used(page: &mut String, node: &Node, groups: &[String], scale: u64) {
    let own = node.used.p50.saturating_sub(node.pods_used.p50).min(node.memory);
    let words = format!(
        "{} half of the time, {} of {} at most",
        mib(node.used.p50),
        mib(node.used.max),
        mib(node.memory)
    );
    let _ = write!(page, "<div class=\"row\"><p><b>Used</b> {words}</p>\n<div class=\"track\">");
    bar(page, &format!("memory used on {}: {words}", node.name), &wide(node.memory, scale));
    segment(page, "own", own, node.memory, "", &format!("system, k3s and agent: {}", mib(own)));
    let mut room = node.memory.saturating_sub(own);
    for pod in &node.pods {
        let Some(used) = pod.used else { continue };
        // Page cache may be counted for the pod and as free at once.
        let part = used.p50.min(room);
        room -= part;
        let title =
            format!("{}: {} half of the time, {} at most", pod.key, mib(used.p50), mib(used.max));
        let class = format!("g{}", colour(groups, &pod.group));
        segment(page, &class, part, node.memory, &pod.service, &title);
    }
    let _ = writeln!(
        page,
        "</div><div class=\"peak\" style=\"left:{}%\" title=\"{}\"></div></div></div>",
        wide(node.used.max.min(node.memory), scale),
        escape(&format!("at most {}", mib(node.used.max))),
    );
}

/// Reserved, requested by each pod, free.
fn requested(page: &mut String, node: &Node, groups: &[String], scale: u64) {
    let kept = node.memory.saturating_sub(node.allocatable);
    let words = format!(
        "{} of {} allocatable, {} %; limits {}, {} % of the memory",
        mib(node.requested),
        mib(node.allocatable),
        percent(node.requested, node.allocatable),
        mib(node.limited),
        percent(node.limited, node.memory),
    );
    let _ = write!(
        page,
        "<div class=\"row\"><p><b>Requested</b> {}</p>\n<div class=\"track\">",
        prose(&words)
    );
    bar(page, &format!("memory requested on {}: {words}", node.name), &wide(node.memory, scale));
    segment(page, "own", kept, node.memory, "", &format!("reserved: {}", mib(kept)));
    for pod in &node.pods {
        let title = format!("{}: {} requested", pod.key, mib(pod.request));
        let class = format!("g{}", colour(groups, &pod.group));
        segment(page, &class, pod.request, node.memory, &pod.service, &title);
    }
    page.push_str("</div></div></div>\n");
}

fn facts(page: &mut String, node: &Node) {
    page.push_str("<dl>\n");
    let mut fact = |term: &str, what: &str| {
        let _ = writeln!(page, "<div><dt>{term}</dt><dd>{}</dd></div>", escape(what));
    };
    if let Some(cpu) = node.used_cpu {
        let of = cores(node.cores);
        fact("CPU", &format!("{} of {of} cores, 95 of 100 samples", cores(cpu.p95)));
    }
    let pressure = &node.pressure;
    for (term, share) in [
        ("Waits for a processor", pressure.cpu),
        ("for memory", pressure.memory),
        ("for disks", pressure.io),
    ] {
        if let Some(Share { p95, .. }) = share {
            fact(term, &thousandths(p95));
        }
    }
    fact("Always free", &format!("{} MiB", node.headroom >> 20));
    fact("System and k3s", &format!("{} MiB", megabytes(node.own.high)));
    let first: Vec<&str> = node.first_killed.iter().map(|victim| victim.pod.as_str()).collect();
    if let Some(first) = first.first() {
        fact("Would be killed first", first);
    }
    page.push_str("</dl>\n");
}
