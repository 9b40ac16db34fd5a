//! The verdict as an answer: the scheduler's reading, the board's beside it,
//! and one word over both.

use std::collections::BTreeMap;

use terrarium_fit::change::{Dimension, largest_of};
use terrarium_fit::model::Pod;
use terrarium_fit::reading::{self, Load, Reading};
use terrarium_fit::simulate::{Compiled, Run, simulate};
use terrarium_fit::verdict::{self, Budget, Kind, Verdict};
use terrarium_fit::{k3s, scheduler};

use super::answer::{
    Answer, Certificate, Left, Node, Range, Remark, Service, Share, Subject, VERSION, Weight, Word,
};
use super::problem::{Asked, reasons};
use super::words::{listed, mib};
use super::{advice, around, loss, sure};
use terrarium_inventory::Role;

/// How an answer is to be made.
#[derive(Debug)]
pub(crate) struct Terms<'a> {
    pub subject: Subject,
    pub budget: Budget,
    pub stock: bool,
    pub prices: &'a [(String, u64)],
    /// Services that run on none of the boards.
    pub refused: Vec<Remark>,
    pub notes: Vec<Remark>,
}

/// Both readings, and the word over them.
struct Weighed {
    verdict: Verdict,
    run: Run,
    nodes: Vec<Node>,
    remarks: Vec<Remark>,
    word: Word,
    reasons: Vec<String>,
}

fn weigh(asked: &Asked, budget: &Budget, refused: &[Remark], stock: bool) -> Weighed {
    let verdict = scheduler::judge_interval(&asked.low, &asked.high, budget);
    let run = placed(asked, &verdict);
    let nodes = nodes(asked, &run, stock);
    let mut remarks = refused.to_vec();
    remarks.extend(around::remarks(asked, &run.placed, stock));
    let (word, reasons) = word(&verdict, &nodes, &remarks);
    Weighed { verdict, run, nodes, remarks, word, reasons }
}

/// The word and its reasons alone, for who does not ask for more.
pub(crate) fn glance(asked: &Asked, budget: &Budget) -> (Word, Vec<String>) {
    let weighed = weigh(asked, budget, &[], false);
    (weighed.word, weighed.reasons)
}

/// Judges what is asked.
pub(crate) fn judge(asked: &Asked, terms: Terms<'_>) -> Answer {
    let weighed = weigh(asked, &terms.budget, &terms.refused, terms.stock);
    let Weighed { verdict, run, nodes, mut remarks, word, reasons } = weighed;
    let placement: Vec<(usize, usize)> =
        run.placed.iter().enumerate().filter_map(|(pod, node)| Some((pod, (*node)?))).collect();
    let complete = run.left.is_empty();
    remarks.extend(terms.notes);
    let mut change = Vec::new();
    if matches!(verdict.verdict, Kind::Impossible | Kind::Unknown) {
        change = advice::to_fit(asked, terms.prices, terms.stock);
    } else if verdict.verdict == Kind::Possible {
        change = sure::to_be_sure(asked, &placement);
    }
    let refused = !terms.refused.is_empty();
    Answer {
        version: VERSION,
        verdict: if refused { "impossible" } else { kind(verdict.verdict) },
        word,
        reasons,
        subject: terms.subject,
        placement: placement
            .iter()
            .map(|&(pod, node)| (asked.low.pods[pod].key(), asked.low.nodes[node].name.clone()))
            .collect(),
        left: left(asked, &run),
        share: Some(share(&verdict)),
        certificate: certificate(&verdict, &terms.refused),
        services: services(asked, &verdict, &run, &terms.refused, complete),
        remarks,
        change,
        loss: if complete { loss::losses(asked, &placement) } else { Vec::new() },
        nodes,
    }
}

/// The placement of the verdict; where there is none, that of one run, for the
/// picture.
fn placed(asked: &Asked, verdict: &Verdict) -> Run {
    let problem = &asked.low;
    if verdict.placement.is_empty() {
        let order: Vec<usize> = (0..problem.pods.len()).collect();
        return simulate(&Compiled::new(problem), &order, 1);
    }
    let node = |pod: &Pod| asked.node(verdict.placement.get(&pod.key())?);
    Run { placed: problem.pods.iter().map(node).collect(), left: Vec::new() }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Impossible => "impossible",
        Kind::Guaranteed => "guaranteed",
        Kind::Possible => "possible",
        Kind::Unknown => "unknown",
    }
}

/// One word over both readings and what no scheduler checks, with its reasons.
fn word(verdict: &Verdict, nodes: &[Node], remarks: &[Remark]) -> (Word, Vec<String>) {
    let mut found: Vec<(Word, String)> = Vec::new();
    for remark in remarks.iter().filter(|remark| remark.weight == Weight::Refusal) {
        found.push((Word::DoesNotFit, remark.what.clone()));
    }
    let scheduler = match verdict.word {
        verdict::Word::Fits => Word::Fits,
        verdict::Word::Tight => Word::Tight,
        verdict::Word::DoesNotFit => Word::DoesNotFit,
    };
    found.push((scheduler, verdict.reason.clone()));
    for node in nodes.iter().filter(|node| node.bears != Word::Fits) {
        found.push((node.bears, format!("{}: {}", node.name, node.reading)));
    }
    for remark in remarks {
        if remark.weight == Weight::Warning && matches!(remark.about, "disk" | "start" | "update") {
            found.push((Word::Tight, remark.what.clone()));
        }
    }
    let word = found.iter().map(|(word, _)| *word).max().unwrap_or(Word::Fits);
    let reasons = found.into_iter().filter(|(of, _)| *of == word).map(|(_, why)| why);
    (word, reasons.take(3).collect())
}

fn share(verdict: &Verdict) -> Share {
    let runs = verdict.runs.as_ref();
    let all = |of: fn(&terrarium_fit::share::Runs) -> u32| {
        runs.map_or(0, |runs| u64::from(of(&runs.modelled)) + u64::from(of(&runs.shuffled)))
    };
    Share {
        low: verdict.share.low,
        high: verdict.share.high,
        runs: all(|runs| runs.runs),
        complete: all(|runs| runs.complete),
    }
}

fn certificate(verdict: &Verdict, refused: &[Remark]) -> Option<Certificate> {
    if let Some(refusal) = refused.first() {
        let proof = serde_json::json!({"kind": "board", "service": refusal.service});
        return Some(Certificate { sentence: refusal.what.clone(), proof });
    }
    let found = verdict.certificate.as_ref()?;
    let proof = serde_json::to_value(found).unwrap_or_default();
    Some(Certificate { sentence: found.to_string(), proof })
}

fn left(asked: &Asked, run: &Run) -> Vec<Left> {
    run.left
        .iter()
        .map(|(pod, why)| {
            let pod = &asked.low.pods[*pod];
            Left { pod: pod.key(), service: pod.service.clone(), why: reasons(why) }
        })
        .collect()
}

fn nodes(asked: &Asked, run: &Run, stock: bool) -> Vec<Node> {
    (0..asked.low.nodes.len()).map(|place| node(asked, run, place, stock)).collect()
}

fn node(asked: &Asked, run: &Run, place: usize, stock: bool) -> Node {
    let (low, high) = (&asked.low.nodes[place], &asked.high.nodes[place]);
    let site = asked.sites.get(place);
    let here = asked.low.pods.iter().zip(&run.placed).filter(|(_, at)| **at == Some(place));
    let mut pods: Vec<&Pod> = here.map(|(pod, _)| pod).collect();
    pods.sort_by_key(|pod| (asked.about(&pod.service).group, pod.service.clone(), pod.key()));
    let lasting = |pod: &&&Pod, silent: fn(&terrarium_fit::model::Container) -> bool| {
        pod.containers.iter().any(|container| !container.init && silent(container))
    };
    let load = Load {
        requested: pods.iter().map(|pod| pod.requests.memory_bytes).sum(),
        limited: pods
            .iter()
            .map(|pod| pod.memory_limit().unwrap_or(pod.requests.memory_bytes))
            .sum(),
        without_request: pods.iter().filter(|p| lasting(p, |c| c.memory_request.is_none())).count(),
        without_limit: pods.iter().filter(|p| lasting(p, |c| c.memory_limit.is_none())).count(),
    };
    let memory = Range { low: low.capacity.memory_bytes, high: high.capacity.memory_bytes };
    let servers = asked.sites.iter().filter(|site| site.role == Role::Server).count();
    let own = site.map(|site| site.own(servers > 1));
    let (bears, text) = read(memory, own.map(|own| own.total()), &load, stock);
    Node {
        name: low.name.clone(),
        board: site.and_then(|site| site.title.clone()),
        role: site.map(|site| match site.role {
            Role::Server => "server",
            Role::Agent => "agent",
        }),
        memory,
        allocatable: Range {
            low: low.allocatable.memory_bytes,
            high: high.allocatable.memory_bytes,
        },
        allocatable_cpu: low.allocatable.cpu_milli,
        requested: load.requested,
        requested_cpu: pods.iter().map(|pod| pod.requests.cpu_milli).sum(),
        limited: load.limited,
        without_request: load.without_request,
        without_limit: load.without_limit,
        own,
        bears,
        reading: text,
        volumes: pods.iter().flat_map(|pod| &pod.claims).map(|claim| claim.bytes).sum(),
        disk_free: site.and_then(|site| site.disk_free),
        pods: pods
            .into_iter()
            .map(|pod| super::answer::Pod {
                key: pod.key(),
                service: pod.service.clone(),
                group: asked.about(&pod.service).group,
                request: pod.requests.memory_bytes,
                limit: pod.memory_limit(),
            })
            .collect(),
    }
}

/// The board's reading, in a word and a sentence.
pub(crate) fn read(memory: Range, own: Option<Range>, load: &Load, stock: bool) -> (Word, String) {
    let range = |range: Range| reading::Range { low: range.low, high: range.high };
    let used = own.unwrap_or(Range { low: 0, high: 0 });
    let (word, mut text) = match reading::read(range(memory), range(used), load) {
        Reading::Roomy { spare } => {
            (Word::Fits, format!("were every limit used at once, {} would be left", mib(spare)))
        }
        Reading::Overcommitted { spare, missing } => (
            Word::Fits,
            format!(
                "the requests leave {}; were every limit used at once, {} would be missing",
                mib(spare),
                mib(missing)
            ),
        ),
        Reading::Tight { missing } => (
            Word::Tight,
            format!(
                "the requests, k3s and the system may need {} more than there is",
                mib(missing)
            ),
        ),
        Reading::Short { missing } => (
            Word::DoesNotFit,
            format!("the requests, k3s and the system need {} more than there is", mib(missing)),
        ),
    };
    if own.is_none() {
        text.push_str(", not counting what k3s and the system use: the board is unknown");
    } else if stock {
        text.push_str("; nothing is reserved, so the kernel decides what is killed");
    }
    let mut silent = Vec::new();
    for (number, what) in [(load.without_request, "request"), (load.without_limit, "limit")] {
        if number > 0 {
            let pods = if number == 1 { "1 pod has" } else { &format!("{number} pods have") };
            silent.push(format!("{pods} no memory {what}"));
        }
    }
    if !silent.is_empty() {
        text.push_str("; ");
        text.push_str(&listed(&silent));
    }
    (word, text)
}

fn services(
    asked: &Asked,
    verdict: &Verdict,
    run: &Run,
    refused: &[Remark],
    complete: bool,
) -> Vec<Service> {
    let mut services: BTreeMap<&str, Service> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for (place, pod) in asked.low.pods.iter().enumerate() {
        let name = pod.service.as_str();
        let about = asked.about(name);
        let found = verdict.services.get(name);
        let service = services.entry(name).or_insert_with(|| {
            order.push(name);
            Service {
                name: name.to_owned(),
                title: about.title,
                group: about.group,
                verdict: found.map_or("guaranteed", |found| kind(found.verdict)),
                reason: found.and_then(|found| found.certificate.as_ref()).map(ToString::to_string),
                request: 0,
                limit: 0,
                cpu: 0,
                volumes: 0,
                nodes: Vec::new(),
                largest_request: None,
                largest_cpu: None,
            }
        });
        service.request += pod.requests.memory_bytes;
        service.limit += pod.memory_limit().unwrap_or(pod.requests.memory_bytes);
        service.cpu += pod.requests.cpu_milli;
        service.volumes += pod.claims.iter().map(|claim| claim.bytes).sum::<u64>();
        if let Some(node) = run.placed[place] {
            let node = &asked.low.nodes[node].name;
            if !service.nodes.contains(node) {
                service.nodes.push(node.clone());
            }
        }
    }
    let mut all: Vec<Service> = order.iter().filter_map(|name| services.remove(name)).collect();
    for service in all.iter_mut().filter(|service| complete && service.name != k3s::SERVICE) {
        let largest = |of| largest_of(of, &asked.low, &service.name, advice::STEPS);
        service.largest_request = largest(Dimension::Memory);
        service.largest_cpu = largest(Dimension::Cpu);
    }
    for refusal in refused {
        let name = refusal.service.clone().unwrap_or_default();
        all.push(Service {
            title: name.clone(),
            name,
            group: "Cluster".to_owned(),
            verdict: "impossible",
            reason: Some(refusal.what.clone()),
            request: 0,
            limit: 0,
            cpu: 0,
            volumes: 0,
            nodes: Vec::new(),
            largest_request: None,
            largest_cpu: None,
        });
    }
    all
}

#[cfg(test)]
mod tests;
