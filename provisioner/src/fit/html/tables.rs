//! The services, and what becomes of them when a node is lost.

use std::fmt::Write as _;

use super::super::answer::{Answer, Service};
use super::super::words::{cores, gib, mib};
use super::parts::{colour, escape, prose, sentence};

pub(super) fn services(page: &mut String, answer: &Answer, groups: &[String]) {
    if answer.services.is_empty() {
        return;
    }
    let grows = answer
        .services
        .iter()
        .any(|service| service.largest_request.is_some() || service.largest_cpu.is_some());
    page.push_str("<section>\n<h2>Services</h2>\n");
    if grows {
        page.push_str(
            "<p class=\"podsof\">Could request: how far the service's requests could be raised, \
             one at a time, with everything still placed.</p>\n",
        );
    }
    page.push_str(
        "<div class=\"scroll\"><table>\n<thead><tr><th>Service</th>\
         <th>Verdict</th><th>Nodes</th><th class=\"n\">Requested</th><th class=\"n\">Limit</th>\
         <th class=\"n\">CPU</th><th class=\"n\">Volumes</th>",
    );
    if grows {
        page.push_str("<th class=\"n\">Could request</th><th class=\"n\">CPU</th>");
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for service in &answer.services {
        let why = service.reason.as_ref().map_or_else(String::new, |reason| {
            format!("<p class=\"why\">{}</p>", prose(&sentence(reason)))
        });
        let volumes = if service.volumes > 0 { gib(service.volumes) } else { "–".to_owned() };
        let room = service.largest_request.map_or_else(|| "–".to_owned(), mib);
        let most = service.largest_cpu.map_or_else(|| "–".to_owned(), cores);
        let (class, verdict) = verdict(answer, service);
        let _ = write!(
            page,
            "<tr><th scope=\"row\"><i class=\"g{}\"></i>{}{why}</th><td class=\"{class}\">{verdict}</td>\
             <td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{volumes}</td>",
            colour(groups, &service.group),
            escape(&service.title),
            escape(&service.nodes.join(", ")),
            mib(service.request),
            service.limit.map_or_else(|| "none".to_owned(), mib),
            cores(service.cpu),
        );
        if grows {
            let _ = write!(page, "<td class=\"n\">{room}</td><td class=\"n\">{most}</td>");
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n</section>\n");
}

/// The word of a service: one that is possible and has no node here has no room.
fn verdict(answer: &Answer, service: &Service) -> (&'static str, &'static str) {
    let left = answer.left.iter().any(|left| left.service == service.name);
    match service.verdict {
        "impossible" => ("impossible", "impossible"),
        _ if left => ("impossible", "no room"),
        verdict => (verdict, verdict),
    }
}

/// A sign for what becomes of a service, for who looks at the whole table.
fn sign(fate: &str) -> &'static str {
    match fate {
        "survives" => "●",
        "degraded" => "◐",
        _ => "○",
    }
}

/// Cells of a table that a browser still shows and somebody reads.
const CELLS_MAX: usize = 20_000;

pub(super) fn loss(page: &mut String, answer: &Answer) {
    if answer.loss.is_empty() {
        return;
    }
    page.push_str("<section>\n<h2>Losing a node</h2>\n<ul class=\"advice\">\n");
    for loss in &answer.loss {
        let _ = writeln!(
            page,
            "<li><span class=\"kind\">{}</span><span>{}</span></li>",
            escape(&loss.node),
            prose(&sentence(&loss.summary))
        );
    }
    page.push_str("</ul>\n");
    if answer.loss.len() * answer.services.len() > CELLS_MAX {
        page.push_str("</section>\n");
        return;
    }
    page.push_str("<div class=\"scroll\"><table class=\"loss\">\n<thead><tr><th>Service</th>");
    for loss in &answer.loss {
        let _ = write!(page, "<th>without {}</th>", escape(&loss.node));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for service in &answer.services {
        let _ = write!(page, "<tr><th scope=\"row\">{}</th>", escape(&service.title));
        for loss in &answer.loss {
            let (here, best) = loss
                .services
                .get(&service.name)
                .map_or(("survives", None), |fate| (fate.here, fate.best));
            let better = best
                .filter(|best| *best != here)
                .map_or_else(String::new, |best| format!(" <small>at best {best}</small>"));
            let _ = write!(
                page,
                "<td class=\"{}\"><span aria-hidden=\"true\">{}</span> {here}{better}</td>",
                here.replace(' ', "-"),
                sign(here)
            );
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n</section>\n");
}
