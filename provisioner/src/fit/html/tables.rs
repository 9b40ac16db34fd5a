//! The services, and what becomes of them when a node is lost.

use std::fmt::Write as _;

use super::super::answer::Answer;
use super::super::words::{cores, gib, mib};
use super::parts::{colour, escape, prose, sentence};

pub(super) fn services(page: &mut String, answer: &Answer, groups: &[String]) {
    if answer.services.is_empty() {
        return;
    }
    page.push_str(
        "<section>\n<h2>Services</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>Service</th>\
         <th>Verdict</th><th>Nodes</th><th class=\"n\">Requested</th><th class=\"n\">Limit</th>\
         <th class=\"n\">CPU</th><th class=\"n\">Volumes</th><th class=\"n\">Room up to</th>\
         <th class=\"n\">CPU up to</th></tr></thead>\n<tbody>\n",
    );
    for service in &answer.services {
        let why = service.reason.as_ref().map_or_else(String::new, |reason| {
            format!("<p class=\"why\">{}</p>", prose(&sentence(reason)))
        });
        let volumes = if service.volumes > 0 { gib(service.volumes) } else { "–".to_owned() };
        let room = service.largest_request.map_or_else(|| "–".to_owned(), mib);
        let most = service.largest_cpu.map_or_else(|| "–".to_owned(), cores);
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\"><i class=\"g{}\"></i>{}{why}</th><td class=\"{}\">{}</td>\
             <td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{volumes}</td><td class=\"n\">{room}</td><td class=\"n\">{most}</td></tr>",
            colour(groups, &service.group),
            escape(&service.title),
            service.verdict,
            service.verdict,
            escape(&service.nodes.join(", ")),
            mib(service.request),
            mib(service.limit),
            cores(service.cpu),
        );
    }
    page.push_str("</tbody>\n</table></div>\n</section>\n");
}

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
    page.push_str(
        "</ul>\n<div class=\"scroll\"><table class=\"loss\">\n<thead><tr><th>Service</th>",
    );
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
            let _ = write!(page, "<td class=\"{}\">{here}{better}</td>", here.replace(' ', "-"));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n</section>\n");
}
