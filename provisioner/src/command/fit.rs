//! `provision fit`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use terrarium_fit::limit;
use terrarium_fit::verdict::Budget;
use terrarium_helm::catalogue::Catalogue;
use terrarium_helm::words::advice;
use terrarium_inventory::{Example, Inventory, Role};
use terrarium_plan::Facts;

use super::prepare::Ground;
use super::{code, load, made, write_page};
use crate::cancel::Cancel;
use crate::cli::{Common, Fit};
use crate::error::{Code, Failure};
use crate::fit::allowance::Allowance;
use crate::fit::answer::{Remark, Subject};
use crate::fit::judge::{Terms, judge, undecided};
use crate::fit::problem::{Asked, of_manifests, of_parts};
use crate::fit::site::{self, Site};
use crate::fit::stack::{Parts, charts, stand_in};
use crate::fit::{boards, files, html, profile, table};
use crate::report::terminal;
use crate::settings::Settings;
use crate::stack::{Stack, helm};
use crate::trust::Keep;
use crate::{observe, view};

/// Seconds of work that [`Budget::default`] stands for, and `--prove`.
const USUAL: u32 = 2;
const PROVE: u32 = 60;
const GIB: u64 = 1024 * 1024 * 1024;

/// Judges; exit code 6 when it does not fit.
pub(super) async fn run(common: &Common, settings: &Settings, fit: &Fit) -> Result<Code, Failure> {
    for (board, _) in &fit.price {
        boards::find(board, board)?;
    }
    let seconds = if fit.prove { PROVE } else { fit.budget };
    let allowance = Allowance::new(Duration::from_secs(seconds.into()), &settings.cancel);
    let Question { asked, subject, parts, again } = match &fit.nodes {
        Some(nodes) => tokio::task::block_in_place(|| {
            manifests(nodes, &fit.manifests, &allowance, &settings.cancel)
        })?,
        None => stack(common, settings, fit, &allowance).await?,
    };
    let terms = Terms {
        subject,
        budget: budget(seconds),
        stock: fit.stock_k3s,
        prices: &fit.price,
        refused: parts.refused,
        notes: parts.notes,
        again: again.as_deref(),
        allowance: &allowance,
    };
    let answer = tokio::task::block_in_place(|| match &asked {
        Some(asked) => judge(asked, &terms),
        None => undecided(&terms),
    });
    settings.cancel.check()?;
    write_page(fit.html.as_deref(), || html::page(&answer, &made()))?;
    if common.json {
        terminal::json(&answer)?;
    } else {
        terminal::text(&table::table(&answer));
        if let Some(path) = &fit.html {
            terminal::remark(&format!("wrote {}\n", path.display()));
        }
    }
    Ok(code(answer.word))
}

/// The budget for so many seconds of a usual laptop.
fn budget(seconds: u32) -> Budget {
    let usual = Budget::default();
    let scaled = |steps: u64| steps.saturating_mul(u64::from(seconds)) / u64::from(USUAL);
    Budget {
        search: scaled(usual.search),
        proof: scaled(usual.proof),
        // More runs narrow the interval; they find no proof.
        runs: usual.runs,
        seed: usual.seed,
    }
}

struct Question {
    /// What is asked; none when the allowance did not last for reading it.
    asked: Option<Asked>,
    subject: Subject,
    parts: Parts,
    /// How it is asked of other nodes.
    again: Option<Retry>,
}

type Retry = Box<dyn Fn(&[Site]) -> Option<(Asked, Vec<Remark>)> + Send + Sync>;

fn manifests(
    nodes: &PathBuf,
    manifests: &[PathBuf],
    allowance: &Allowance,
    cancel: &Cancel,
) -> Result<Question, Failure> {
    let texts = files::texts(manifests, cancel)?;
    let nodes = files::texts(std::slice::from_ref(nodes), cancel)?;
    let asked = reading(allowance, || of_manifests(&nodes, &texts))?;
    let title = asked.as_ref().map_or_else(
        || "manifests".to_owned(),
        |asked| {
            format!(
                "{} on {}",
                terminal::count(asked.low.pods.len(), "pod"),
                terminal::count(asked.low.nodes.len(), "node")
            )
        },
    );
    let subject = Subject { title, source: "manifests" };
    Ok(Question { asked, subject, parts: Parts::default(), again: None })
}

/// Reads within the allowance.
fn reading(
    allowance: &Allowance,
    read: impl FnOnce() -> Result<Asked, Failure>,
) -> Result<Option<Asked>, Failure> {
    let read = allowance.spend(|| limit::stage("the reading of the manifests", read));
    read.flatten().transpose()
}

/// The inventory's stack or a profile, on its nodes or on boards.
async fn stack(
    common: &Common,
    settings: &Settings,
    fit: &Fit,
    allowance: &Allowance,
) -> Result<Question, Failure> {
    let disk = fit.disk.map(|gib| gib.saturating_mul(GIB));
    let (mut inventory, sites, server) = match &fit.boards {
        Some(text) => {
            let wanted = boards::parse(text)?;
            let sites: Vec<Site> =
                wanted.iter().map(|wanted| Site::of_board(wanted, disk)).collect();
            let inventory = on_boards(common, settings, fit, &sites)?;
            let sites = sites.into_iter().map(|site| site.configured(&inventory.k3s)).collect();
            (inventory, sites, None)
        }
        None => of_inventory(common, settings, fit, disk).await?,
    };
    let stand = fit.profile.as_deref().filter(|name| profile::is_one(name));
    if let (Some(profile), None) = (&fit.profile, stand) {
        known(profile)?;
        inventory.stack.profile = Some(profile.clone());
        inventory.stack.services.clear();
        inventory.stack.without.clone_from(&fit.without);
    }
    let (parts, source) = match stand {
        Some(name) => (stand_in(name, &fit.without, &sites)?, "stand-in"),
        None => (rendered(&inventory, &sites, server.as_ref(), common, settings).await?, "charts"),
    };
    let what = match (&fit.profile, &inventory.stack.profile) {
        (Some(name), _) | (None, Some(name)) => format!("profile {name}"),
        (None, None) => "the stack".to_owned(),
    };
    let title = format!("{what} on {}{}", hardware(&sites), stock(fit));
    let (disabled, stock) = (inventory.k3s.disable.clone(), fit.stock_k3s);
    let asked = reading(allowance, || of_parts(&parts, sites, &disabled, stock))?;
    // A stand-in is made anew for other boards in no time; a chart takes helm.
    let again = stand.map(|name| -> Retry {
        let (name, without) = (name.to_owned(), fit.without.clone());
        Box::new(move |sites| {
            let parts = stand_in(&name, &without, sites).ok()?;
            let asked = of_parts(&parts, sites.to_vec(), &disabled, stock).ok()?;
            Some((asked, parts.refused))
        })
    });
    Ok(Question { asked, subject: Subject { title, source }, parts, again })
}

/// The inventory's stack as it would be deployed on these nodes.
async fn rendered(
    inventory: &Inventory,
    sites: &[Site],
    server: Option<&Facts>,
    common: &Common,
    settings: &Settings,
) -> Result<Parts, Failure> {
    let stack = Stack::new(inventory)?;
    let boards: Vec<_> = sites.iter().map(Site::board).collect();
    let (reporter, done) = view::open(false, &[]);
    let helm = helm(inventory, common.patience, settings, Keep::Look, &reporter).await;
    drop(reporter);
    done.await.map_err(|error| Failure::internal("the view ended", &error))?;
    let parts = charts(&stack, &stack.wish(&boards, None), &helm?).await?;
    Ok(parts.in_cluster(inventory, server))
}

/// Whether there are charts of that profile.
fn known(profile: &str) -> Result<(), Failure> {
    let catalogue = Catalogue::embedded()
        .map_err(|error| Failure::internal("the charts of this program cannot be read", &error))?;
    let charts = catalogue.profiles();
    if charts.contains(profile) {
        return Ok(());
    }
    let all: Vec<String> =
        charts.into_iter().map(str::to_owned).chain(profile::names().map(str::to_owned)).collect();
    let advice = advice(profile, all.iter().map(String::as_str));
    let what = format!("--profile: neither charts nor a stand-in make `{profile}`: {advice}");
    Err(Failure::plain(Code::Usage, what)
        .hint(Some("parts of stand-ins are joined by +, as in full+openmetadata".to_owned())))
}

fn stock(fit: &Fit) -> &'static str {
    if fit.stock_k3s { ", with k3s as it comes" } else { "" }
}

/// `3x Raspberry Pi 5, 8 GB`.
fn hardware(sites: &[Site]) -> String {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for site in sites {
        let name = site.title.clone().unwrap_or_else(|| "a node of no known board".to_owned());
        match counted.iter_mut().find(|(known, _)| *known == name) {
            Some((_, number)) => *number += 1,
            None => counted.push((name, 1)),
        }
    }
    let all: Vec<String> =
        counted.into_iter().map(|(name, number)| format!("{number}x {name}")).collect();
    all.join(" and ")
}

/// The inventory with these boards for its nodes; without a file, one that says
/// nothing else.
fn on_boards(
    common: &Common,
    settings: &Settings,
    fit: &Fit,
    sites: &[Site],
) -> Result<Inventory, Failure> {
    let there = common.is_there();
    if !there && fit.profile.is_none() {
        return Err(Failure::plain(
            Code::Usage,
            "there is no inventory and no --profile: what is to fit?",
        )
        .hint(Some("for example: provision fit --boards 3xpi5-8gb --profile core".to_owned())));
    }
    let mut inventory = if there {
        load(common, settings)?
    } else {
        let home = std::env::home_dir().unwrap_or_else(std::env::temp_dir);
        let text = Example { addresses: &["192.0.2.1"], ..Example::default() }.text();
        let text = text.map_err(|error| Failure::of(Code::Internal, &error))?;
        Inventory::parse(Path::new("/boards"), &text, Some(&home))
            .map_err(|problems| Failure::plain(Code::Internal, problems.to_string()))?
    };
    let Some(first) = inventory.nodes.first().cloned() else {
        return Err(Failure::plain(Code::Internal, "the inventory has no node"));
    };
    inventory.nodes = sites
        .iter()
        .map(|site| terrarium_inventory::Node {
            name: site.name.clone(),
            role: site.role,
            board: site.board.clone(),
            labels: BTreeMap::new(),
            adopt: false,
            ..first.clone()
        })
        .collect();
    debug_assert!(inventory.nodes.iter().any(|node| node.role == Role::Server));
    Ok(inventory)
}

/// The inventory and its nodes, and what the server said: asked, unless that is not
/// wanted.
async fn of_inventory(
    common: &Common,
    settings: &Settings,
    fit: &Fit,
    disk: Option<u64>,
) -> Result<(Inventory, Vec<Site>, Option<Facts>), Failure> {
    if fit.offline {
        let inventory = load(common, settings)?;
        let sites = site::of_inventory(&inventory, &BTreeMap::new(), disk)?;
        return Ok((inventory, sites, None));
    }
    let ground = Ground::new(common, settings).await?;
    let (reporter, done) = view::open(false, &ground.names());
    let observation = observe::all(&ground.inventory, &ground.hosts, None, None, &reporter).await;
    for (name, failure) in &observation.failures {
        let text = format!("not asked, judged by its board: {}", failure.line());
        reporter.of(name).say("observe", terrarium_plan::State::Note(text));
    }
    drop(reporter);
    done.await.map_err(|error| Failure::internal("the view ended", &error))?;
    let inventory = (*ground.inventory).clone();
    let sites = site::of_inventory(&inventory, &observation.facts, disk);
    let server = observation.facts.get(&inventory.server().name).cloned();
    match (sites, observation.failures.into_iter().next()) {
        (Ok(sites), _) => Ok((inventory, sites, server)),
        // Why it was not reached is worth more than that it names no board.
        (Err(unknown), Some((_, failure))) => {
            Err(Failure { causes: vec![failure.line()], ..unknown })
        }
        (Err(unknown), None) => Err(unknown),
    }
}
