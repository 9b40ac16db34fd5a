//! The nodes: for each two bars of one scale, what the scheduler counts and
//! what the board bears.

use std::fmt::Write as _;

use super::super::answer::{Answer, Node};
use super::super::words::{cores, gib, mib, mib_range, percent};
use super::parts::{colour, escape, heading, legend, prose, segment, sentence, wide};

pub(super) fn section(page: &mut String, answer: &Answer, groups: &[String]) {
    page.push_str("<section>\n<h2>Nodes</h2>\n");
    let pods = || answer.nodes.iter().flat_map(|node| &node.pods);
    let used = |group: &str| pods().any(|pod| pod.group == group);
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

fn article(page: &mut String, node: &Node, groups: &[String], scale: u64) {
    let about: Vec<&str> = node.board.as_deref().into_iter().chain(node.role).collect();
    heading(page, node.bears, &node.name, &about);
    scheduler(page, node, groups, scale);
    board(page, node, groups, scale);
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

/// Reserved, requested by each pod, free.
fn scheduler(page: &mut String, node: &Node, groups: &[String], scale: u64) {
    let kept = node.memory.low.saturating_sub(node.allocatable.low);
    let _ = write!(
        page,
        "<div class=\"row\"><p><b>Scheduler</b> {} of {} requested, {} %</p>\n\
         <div class=\"bar\" style=\"width:{}%\">",
        mib(node.requested),
        mib_range(node.allocatable),
        percent(node.requested, node.allocatable.low),
        wide(node.memory.low, scale),
    );
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
fn board(page: &mut String, node: &Node, groups: &[String], scale: u64) {
    let own = node.own.map_or(0, |own| own.total().high);
    let all = worst(node).max(node.memory.low);
    let over = worst(node).saturating_sub(node.memory.low);
    let words = if over > 0 {
        format!("{} too little if all pods used their limits", mib(over))
    } else {
        format!("{} to spare if all pods used their limits", mib(node.memory.low - worst(node)))
    };
    let _ = write!(
        page,
        "<div class=\"row\"><p><b>Board</b> {words}</p>\n<div class=\"track\">\
         <div class=\"bar\" style=\"width:{}%\">",
        wide(all, scale),
    );
    if own > 0 {
        let title = format!("system, k3s and agent: up to {}", mib(own));
        segment(page, "own", own, all, "", &title);
    }
    for pod in &node.pods {
        let limit = pod.limit.unwrap_or(pod.request);
        let title = match pod.limit {
            Some(limit) => format!("{}: {} at most", pod.key, mib(limit)),
            None => format!("{}: no limit; {} requested", pod.key, mib(pod.request)),
        };
        let class = format!("g{}", colour(groups, &pod.group));
        segment(page, &class, limit, all, &pod.service, &title);
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
