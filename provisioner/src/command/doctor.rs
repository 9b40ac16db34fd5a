//! `provision doctor`

use std::path::Path;

use serde::Serialize;
use terrarium_plan::{Artifacts, plan};

use super::prepare::Ground;
use crate::cli::Common;
use crate::doctor::{self, Check, HERE, bundle, local, node};
use crate::error::{Code, Failure};
use crate::report::{self, terminal};
use crate::settings::Settings;
use crate::{observe, view};

/// What `doctor --json` prints.
#[derive(Serialize)]
struct Document<'a> {
    /// Version of this document.
    version: u32,
    /// Whether nothing failed.
    well: bool,
    checks: &'a [Check],
}

/// Looks whether all that a run needs is there; changes nothing.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    file: Option<&Path>,
) -> Result<Code, Failure> {
    let mut texts = Vec::new();
    let checks = look(common, settings, &mut texts).await?;
    let well = doctor::code(&checks) == Code::Done;
    let document = Document { version: 1, well, checks: &checks };
    let table = doctor::table(&checks);
    if common.json {
        terminal::json(&document)?;
    } else {
        terminal::text(&table);
    }
    if let Some(file) = file {
        texts.push(("doctor.txt".to_owned(), table));
        texts.push(("doctor.json".to_owned(), report::pretty(&document)?));
        bundle::write(file, &texts, settings.logs.as_deref()).map_err(|error| {
            Failure::new(Code::Usage, "cannot write the bundle", &error)
                .hint(Some("name another file with --bundle".to_owned()))
        })?;
        terminal::remark(&format!(
            "wrote {}; passwords and keys are left out, names and addresses of your network are not: \
             read it before you give it away\n",
            file.display()
        ));
    }
    Ok(doctor::code(&checks))
}

/// All checks, in order. What the nodes say is kept for a bundle.
async fn look(
    common: &Common,
    settings: &Settings,
    texts: &mut Vec<(String, String)>,
) -> Result<Vec<Check>, Failure> {
    let ground = match Ground::new(common, settings).await {
        Ok(ground) => ground,
        Err(failure) if failure.code == Code::Interrupted => return Err(failure),
        // Without it nothing else can be looked at.
        Err(failure) => return Ok(vec![Check::of(HERE, "inventory", &failure)]),
    };
    let inventory = &ground.inventory;
    let mut checks = local::program(common, inventory);
    checks.extend(local::machine(inventory, common, settings));
    let (reporter, done) = view::open(false, &ground.names());
    let observation = observe::all(inventory, &ground.hosts, None, None, &reporter).await;
    drop(reporter);
    done.await.map_err(|error| Failure::internal("the view ended", &error))?;
    // Without artifacts no change of k3s or the agent is known, and none is needed.
    let plan = plan(inventory, &observation.facts, &Artifacts::default());
    for host in &ground.hosts {
        let name = &host.node.name;
        if let Some(facts) = observation.facts.get(name) {
            checks.extend(node::found(&host.node, facts, &plan, &host.by_hand()));
            texts.push((format!("facts/{name}.json"), report::pretty(facts)?));
        }
        let failed = observation.failures.iter().find(|(failed, _)| failed == name);
        checks.extend(failed.map(|(_, failure)| node::away(&host.node, failure)));
    }
    let server = observation.facts.get(&inventory.server().name);
    checks.extend(node::cluster(inventory, server, &plan));
    texts.push(("plan.json".to_owned(), report::pretty(&plan)?));
    Ok(checks)
}
