//! The services, and the sizes of their containers.

use std::fmt::Write as _;

use terrarium_fit::sizing::{Advice, Method, Size};

use super::super::answer::{Answer, Service, Sizing};
use super::super::words::{duration, megabytes, reasons, thousandths};
use crate::fit::html::parts::{colour, escape, sentence};
use crate::fit::words::cores;

pub(super) fn services(page: &mut String, answer: &Answer, groups: &[String]) {
    if answer.services.is_empty() {
        return;
    }
    page.push_str(
        "<section>\n<h2>Services</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>Service, in \
         MiB</th><th class=\"n\">Requested</th><th class=\"n\">Half</th><th class=\"n\">95&nbsp;%\
         </th><th class=\"n\">99&nbsp;%</th><th class=\"n\">Most</th><th class=\"n\">Limit</th>\
         <th class=\"n\">CPU</th>\
         <th class=\"n\">Killed</th><th class=\"n\">Restarts</th><th>Nodes</th></tr></thead>\n\
         <tbody>\n",
    );
    for service in &answer.services {
        row(page, service, colour(groups, &service.group));
    }
    page.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn row(page: &mut String, service: &Service, colour: usize) {
    let figure = |of: Option<u64>| of.map_or_else(|| "–".to_owned(), megabytes);
    let used = service.used;
    let near = service.headroom.is_some_and(|left| left < 0) || service.oom_kills > 0;
    let throttled =
        service.throttled.filter(|share| *share > 0.0).map_or_else(String::new, |share| {
            let share = thousandths(share);
            format!("<p class=\"why\">Held back by its CPU limit in {share} of the periods.</p>")
        });
    let nodes = if service.nodes.is_empty() { "–".to_owned() } else { service.nodes.join(", ") };
    let _ = writeln!(
        page,
        "<tr><th scope=\"row\"><i class=\"g{colour}\"></i>{}{throttled}</th><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
         <td class=\"n{}\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
         <td class=\"n{}\">{}</td><td class=\"n\">{}</td>\
         <td>{}</td></tr>",
        escape(&service.title),
        megabytes(service.request),
        figure(used.map(|used| used.p50)),
        figure(used.map(|used| used.p95)),
        figure(used.map(|used| used.p99)),
        if near { " lost" } else { "" },
        figure(used.map(|used| used.max)),
        figure(service.limit),
        service.used_cpu.map_or_else(|| "–".to_owned(), |cpu| cores(cpu.p95)),
        if service.oom_kills > 0 { " lost" } else { "" },
        service.oom_kills,
        service.restarts,
        escape(&nodes),
    );
}

pub(super) fn sizes(page: &mut String, answer: &Answer) {
    if answer.sizes.is_empty() {
        return;
    }
    page.push_str(
        "<section>\n<h2>Right-sizing</h2>\n<div class=\"scroll\"><table>\n<thead><tr>\
         <th>Container</th><th class=\"n\">Request, MiB</th><th class=\"n\">Limit, MiB</th>\
         <th class=\"n\">CPU, m</th><th>Why</th></tr></thead>\n<tbody>\n",
    );
    for sizing in &answer.sizes {
        let name =
            format!("{} <small>{}</small>", escape(&sizing.container), escape(&sizing.workload));
        match &sizing.advice {
            Advice::Enough(size) => enough(page, &name, sizing, size),
            Advice::NotEnough { seconds, samples } => {
                let _ = writeln!(
                    page,
                    "<tr><th scope=\"row\">{name}</th><td colspan=\"3\" class=\"n\">not enough \
                     data</td><td>samples: {samples}, in {}</td></tr>",
                    duration(*seconds)
                );
            }
        }
        if let Some(other) = &sizing.other {
            let tool = match other.method {
                Method::Krr => "as krr",
                Method::Vpa => "as VPA",
                Method::Ours => "as ours",
            };
            if let Advice::Enough(size) = &other.advice {
                enough(page, &format!("<small>{tool}</small>"), sizing, size);
            }
        }
    }
    page.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn enough(page: &mut String, name: &str, sizing: &Sizing, size: &Size) {
    let memory = |of: Option<u64>| of.map_or_else(|| "–".to_owned(), megabytes);
    let milli = |of: Option<u64>| of.map_or_else(|| "–".to_owned(), |milli| milli.to_string());
    let change = |now: String, then: String| format!("{now} → <b>{then}</b>");
    let why: Vec<String> = reasons(size).iter().map(|why| escape(&sentence(why))).collect();
    let _ = writeln!(
        page,
        "<tr><th scope=\"row\">{name}</th><td class=\"n\">{}</td><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td><td class=\"why\">{}</td></tr>",
        change(memory(sizing.request.memory), memory(size.request.memory)),
        change(memory(sizing.limit.memory), memory(size.limit.memory)),
        change(milli(sizing.request.cpu), milli(size.request.cpu)),
        why.join("<br>"),
    );
}
