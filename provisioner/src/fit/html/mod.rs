//! The answer as one page that loads nothing: nodes as stacked bars, services
//! coloured by group.

mod nodes;
pub(crate) mod parts;
mod tables;

use std::fmt::Write as _;

use terrarium_helm::card::GROUPS;

use super::answer::{Answer, Weight};
use super::words;
use parts::{Made, begin, capital, class, end, escape, mark, prose, sentence};

/// The page: the word, what to change, then what both stand on.
pub(crate) fn page(answer: &Answer, made: &Made) -> String {
    let groups = groups(answer);
    let mut page = begin(answer.word, &answer.subject.title);
    head(&mut page, answer);
    changes(&mut page, answer);
    nodes::section(&mut page, answer, &groups);
    remarks(&mut page, answer);
    tables::services(&mut page, answer, &groups);
    tables::loss(&mut page, answer);
    let legend = format!(
        "A request is what the scheduler sets aside for a pod; a limit is what the pod may use at \
         most. Memory in MiB, CPU in cores. {}",
        match answer.subject.source {
            "stand-in" =>
                "The budgets are stand-ins, estimated for services whose charts may not exist yet.",
            "manifests" => "The manifests are judged as they were given.",
            _ => "The figures are those of the charts, rendered for these boards.",
        }
    );
    page.push_str(&end(made, &legend));
    page
}

fn head(page: &mut String, answer: &Answer) {
    let _ = write!(
        page,
        "<header class=\"{class}\">\n<p class=\"subject\">{title}</p>\n\
         <h1><span class=\"mark\" aria-hidden=\"true\">{mark}</span>{word}</h1>\n",
        class = class(answer.word),
        title = escape(&answer.subject.title),
        mark = mark(answer.word),
        word = capital(answer.word.as_str()),
    );
    let mut reasons = answer.reasons.iter();
    if let Some(first) = reasons.next() {
        let _ = writeln!(page, "<p class=\"reason\">{}</p>", prose(first));
    }
    for reason in reasons {
        let _ = writeln!(page, "<p class=\"also\">{}</p>", prose(reason));
    }
    for left_out in answer.untold() {
        let _ = writeln!(page, "<p class=\"also\">{}</p>", prose(left_out));
    }
    let proof = match (answer.verdict, answer.share) {
        ("guaranteed", _) => {
            "In whatever order the pods arrive, the scheduler places all of them: proven."
                .to_owned()
        }
        ("impossible", _) => match &answer.certificate {
            Some(proof) if !answer.reasons.contains(&proof.sentence) => {
                format!("No placement exists: {}", proof.sentence)
            }
            _ => "No placement exists: proven.".to_owned(),
        },
        ("possible", Some(share)) => {
            format!("A placement exists. {}", sentence(&words::simulated(share, answer.any_order)))
        }
        ("possible", None) => "A placement exists.".to_owned(),
        _ => "The time given was not enough to find a placement or to rule one out.".to_owned(),
    };
    let _ = write!(
        page,
        "<p class=\"proof\"><span class=\"verdict\">{}</span> {}</p>\n</header>\n",
        answer.verdict,
        prose(&proof)
    );
}

fn changes(page: &mut String, answer: &Answer) {
    if answer.change.is_empty() {
        return;
    }
    page.push_str("<section>\n<h2>What to change</h2>\n<ul class=\"advice\">\n");
    for change in &answer.change {
        let _ = writeln!(
            page,
            "<li><span class=\"kind\">{}</span><span>{}</span></li>",
            change.kind,
            prose(&change.what)
        );
    }
    page.push_str("</ul>\n</section>\n");
}

fn remarks(page: &mut String, answer: &Answer) {
    if answer.remarks.is_empty() {
        return;
    }
    page.push_str("<section>\n<h2>What no scheduler checks</h2>\n<ul class=\"advice\">\n");
    for remark in &answer.remarks {
        let weight = match remark.weight {
            Weight::Refusal => "refusal",
            Weight::Warning => "warning",
            Weight::Note => "note",
        };
        let hint = remark.hint.as_ref().map_or_else(String::new, |hint| {
            format!(" <span class=\"hint\">{}</span>", prose(&sentence(hint)))
        });
        let _ = writeln!(
            page,
            "<li class=\"{weight}\"><span class=\"kind\">{}</span><span>{}{hint}</span></li>",
            remark.about,
            prose(&sentence(&remark.what)),
        );
    }
    page.push_str("</ul>\n</section>\n");
}

/// The groups there are, in the order they are shown: those of the cards first.
fn groups(answer: &Answer) -> Vec<String> {
    let found = || answer.nodes.iter().flat_map(|node| &node.pods).map(|pod| pod.group.as_str());
    let services = answer.services.iter().map(|service| service.group.as_str());
    let mut other: Vec<&str> =
        found().chain(services).filter(|group| !GROUPS.contains(group)).collect();
    other.sort_unstable();
    other.dedup();
    GROUPS.into_iter().chain(other).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
