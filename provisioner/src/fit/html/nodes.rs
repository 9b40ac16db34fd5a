//! The nodes: for each two bars of one scale, what the scheduler counts and
//! what the board bears.

use std::fmt::Write as _;

use terrarium_fit::k3s::SERVICE;

use super::super::answer::{Answer, Node, Word};
use super::super::words::{cores, gib, mib, mib_range, percent};
use super::parts::{
    bar, called, colour, escape, heading, legend, pods, prose, scale as ruler, segment, sentence,
    wide,
};

pub(super) fn section(page: &mut String, answer: &Answer, groups: &[String]) {
    page.push_str("<section>\n<h2>Nodes</h2>\n");
    let all = || answer.nodes.iter().flat_map(|node| &node.pods);
    let used = |group: &str| all().any(|pod| pod.group == group);
    legend(page, groups, used, ("over", "More than there is"));
    let scale = answer.nodes.iter().map(|node| node.memory.high.max(worst(node))).max();
    let scale = scale.unwrap_or(1).max(1);
    page.push_str("<div class=\"nodes\">\n");
    for node in &answer.nodes {
        article(page, node, groups, scale);
    }
    page.push_str("</div>\n");
    if !answer.left.is_empty() {
        page.push_str("<div class=\"left\">\n<h3>Without a node</h3>\n<ul>\n");
        for left in &answer.left {
            let (pod, why) = (escape(&left.pod), prose(&left.why));
            let _ = writeln!(page, "<li><b>{pod}</b> {why}</li>");
        }
        page.push_str("</ul>\n</div>\n");
    }
    page.push_str("</section>\n");
}

/// What a node would have to give if everything used all it may.
fn worst(node: &Node) -> u64 {
    node.limited + node.own.map_or(0, |own| own.total().high)
}

/// More than the node has, if everything used all it may.
fn over(node: &Node) -> u64 {
    worst(node).saturating_sub(node.memory.low)
}

/// The colour of a node: no green where its pods may take more than there is. k3s'
/// own pods have no limit on any node, and are counted with the system.
fn tone(node: &Node) -> Word {
    let boundless = node.pods.iter().any(|pod| pod.limit.is_none() && pod.service != SERVICE);
    match node.bears {
        Word::Fits if over(node) > 0 || boundless => Word::Tight,
        word => word,
    }
}

fn article(page: &mut String, node: &Node, groups: &[String], scale: u64) {
    let about: Vec<&str> = node.board.as_deref().into_iter().chain(node.role).collect();
    heading(page, tone(node), &node.name, &about);
    requests(page, node, groups, scale);
    limits(page, node, groups, scale);
    ruler(page, node.memory.low, scale);
    let alone = |service: &str| node.pods.iter().filter(|pod| pod.service == service).count() == 1;
    let figures = node.pods.iter().map(|pod| {
        let name = called(&pod.key, &pod.service, alone(&pod.service));
        let most = pod.limit.map_or_else(|| "no limit".to_owned(), short);
        (colour(groups, &pod.group), name, format!("{} / {most}", short(pod.request)))
    });
    if node.pods.is_empty() {
        page.push_str("<p class=\"podsof\">No pod.</p>\n");
    } else {
        pods(page, "Its pods: request / limit, MiB", figures);
    }
    let _ = write!(
        page,
        "<p class=\"reading\">{}</p>\n<dl>\n<div><dt>CPU requested</dt><dd>{} of {} \
         cores</dd></div>\n",
        prose(&sentence(&node.reading)),
        cores(node.requested_cpu),
        cores(node.allocatable_cpu),
    );
    if node.volumes > 0 {
        let free = node
            .disk_free
            .map_or_else(|| "disk unknown".to_owned(), |free| format!("{} free", gib(free)));
        let _ = writeln!(page, "<div><dt>Volumes</dt><dd>{}, {free}</dd></div>", gib(node.volumes));
    }
    page.push_str("</dl>\n</article>\n");
}

fn short(bytes: u64) -> String {
    (bytes >> 20).to_string()
}

/// Reserved, requested by each pod, free.
fn requests(page: &mut String, node: &Node, groups: &[String], scale: u64) {
    let kept = node.memory.low.saturating_sub(node.allocatable.low);
    let words = format!(
        "{} of {}, {} %",
        mib(node.requested),
        mib_range(node.allocatable),
        percent(node.requested, node.allocatable.low),
    );
    let _ = writeln!(page, "<div class=\"row\"><p><b>Requests</b> {}</p>", prose(&words));
    bar(page, &format!("requests of {}: {words}", node.name), &wide(node.memory.low, scale));
    if kept > 0 {
        segment(page, "own", kept, node.memory.low, "", &format!("reserved: {}", mib(kept)));
    }
    for pod in &node.pods {
        let title = format!("{}: {} requested", pod.key, mib(pod.request));
        let class = format!("g{}", colour(groups, &pod.group));
        segment(page, &class, pod.request, node.memory.low, &pod.service, &title);
    }
    page.push_str("</div></div>\n");
}

/// Used by the system itself, allowed to each pod, and what there is not.
fn limits(page: &mut String, node: &Node, groups: &[String], scale: u64) {
    let own = node.own.map_or(0, |own| own.total().high);
    let all = worst(node).max(node.memory.low);
    let over = over(node);
    let own_too = if own > 0 { ", with what the system uses itself" } else { "" };
    let words = format!("{} of {}{own_too}", mib(worst(node)), mib(node.memory.low));
    let _ = write!(page, "<div class=\"row\"><p><b>Limits</b> {words}</p>\n<div class=\"track\">");
    bar(page, &format!("limits of {}: {words}", node.name), &wide(all, scale));
    if own > 0 {
        let title = format!("system, k3s and agent: up to {}", mib(own));
        segment(page, "own", own, all, "", &title);
    }
    let mut end = own;
    for pod in &node.pods {
        let limit = pod.limit.unwrap_or(pod.request);
        let title = match pod.limit {
            Some(limit) => format!("{}: {} at most", pod.key, mib(limit)),
            None => format!("{}: no limit; {} requested", pod.key, mib(pod.request)),
        };
        let class = format!("g{}", colour(groups, &pod.group));
        end += limit;
        // Nobody reads a name through the hatching.
        let name = if end > node.memory.low { "" } else { pod.service.as_str() };
        segment(page, &class, limit, all, name, &title);
    }
    page.push_str("</div>");
    if over > 0 {
        let _ = write!(
            page,
            "<div class=\"over\" style=\"left:{}%;width:{}%\" title=\"{}\"></div>",
            wide(node.memory.low, scale),
            wide(over, scale),
            escape(&format!("{} more than the board has", mib(over))),
        );
    }
    page.push_str("</div></div>\n");
}
