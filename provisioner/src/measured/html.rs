//! The answer as one page that loads nothing, in the looks of `provision fit`'s.

mod nodes;
mod tables;

use std::fmt::Write as _;

use terrarium_helm::card::GROUPS;

use super::answer::Answer;
use super::words::duration;
use crate::fit::html::parts::{Made, begin, capital, class, end, escape, mark, prose, sentence};
use crate::fit::words::listed;

/// The page: the word and what is wrong with the boards, then what was measured.
pub(crate) fn page(answer: &Answer, made: &Made) -> String {
    let groups = groups(answer);
    let mut page = begin(answer.word, &answer.title);
    head(&mut page, answer);
    troubles(&mut page, answer);
    nodes::section(&mut page, answer, &groups);
    tables::services(&mut page, answer, &groups);
    tables::sizes(&mut page, answer);
    notes(&mut page, answer);
    page.push_str(&end(
        made,
        "Half, 95&nbsp;% and most are what half of the samples, 95 of 100, and all of them stay \
         below; a service's are the sums of its pods', which need not have been high at the same \
         time.",
    ));
    page
}

/// What is wrong with the boards themselves. It comes first: a card that dies or a
/// supply that sags is more urgent than any figure.
fn troubles(page: &mut String, answer: &Answer) {
    let causes =
        || answer.nodes.iter().flat_map(|node| node.causes.iter().map(move |cause| (node, cause)));
    if causes().next().is_none() {
        return;
    }
    page.push_str("<section>\n<h2>What to mend first</h2>\n<ul class=\"advice\">\n");
    for (node, cause) in causes() {
        let suffer = if cause.suffer.is_empty() {
            String::new()
        } else {
            format!(" {} may suffer from it.", listed(&cause.suffer))
        };
        let _ = writeln!(
            page,
            "<li class=\"refusal\"><span class=\"kind\">{} {}</span><span>{}{} \
             <span class=\"hint\">{}</span></span></li>",
            escape(&node.name),
            cause.about,
            prose(&sentence(&cause.what)),
            escape(&suffer),
            prose(&sentence(&cause.hint)),
        );
    }
    page.push_str("</ul>\n</section>\n");
}

fn head(page: &mut String, answer: &Answer) {
    let _ = write!(
        page,
        "<header class=\"{class}\">\n<p class=\"subject\">{title}, watched for {time}, by \
         {sources}</p>\n<h1><span class=\"mark\" aria-hidden=\"true\">{mark}</span>{word}</h1>\n",
        class = class(answer.word),
        title = escape(&capital(&answer.title)),
        time = duration(answer.seconds),
        sources = listed(&answer.sources),
        mark = mark(answer.word),
        word = capital(answer.word.as_str()),
    );
    for (index, reason) in answer.reasons.iter().enumerate() {
        let class = if index == 0 { "reason" } else { "also" };
        let _ = writeln!(page, "<p class=\"{class}\">{}</p>", prose(reason));
    }
    if let Some(predicted) = answer.predicted {
        let _ = writeln!(
            page,
            "<p class=\"proof\"><span class=\"verdict\">predicted</span> {}</p>",
            predicted.as_str()
        );
    }
    page.push_str("</header>\n");
}

fn notes(page: &mut String, answer: &Answer) {
    if answer.notes.is_empty() {
        return;
    }
    page.push_str("<section>\n<h2>Notes</h2>\n<ul class=\"advice\">\n");
    for note in &answer.notes {
        let _ = writeln!(page, "<li class=\"whole\">{}</li>", prose(&sentence(note)));
    }
    page.push_str("</ul>\n</section>\n");
}

/// The groups there are: those of the cards first.
fn groups(answer: &Answer) -> Vec<String> {
    let pods = answer.nodes.iter().flat_map(|node| &node.pods).map(|pod| pod.group.as_str());
    let services = answer.services.iter().map(|service| service.group.as_str());
    let mut other: Vec<&str> =
        pods.chain(services).filter(|group| !GROUPS.contains(group)).collect();
    other.sort_unstable();
    other.dedup();
    GROUPS.into_iter().chain(other).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
