//! Whose cluster it is that a command about to ask it would ask.

use std::time::Duration;

use terrarium_k3s::{paths, told};
use terrarium_ssh::Command;

use super::prepare::Ground;
use crate::error::{Code, Failure};

/// Refuses a cluster that an inventory with another name has noted as its own: what
/// is removed from it, proven in it or told of it would be somebody else's. A cluster
/// without a note is of a version that wrote none, or none of ours.
pub(super) async fn hold(ground: &Ground) -> Result<(), Failure> {
    let server = ground.server()?;
    let read = format!("cat {}", paths::CLUSTER_MARK);
    let command = Command::new("look whose cluster it is", read)
        .as_root()
        .deadline(server.patient(Duration::from_secs(30)));
    let output = server.run(command).await?;
    if !output.success() || server.node.adopt {
        return Ok(());
    }
    let noted = output.stdout_text().parse(|text| told::marked(text));
    let own = &ground.inventory.cluster.name;
    let Some(noted) = noted.filter(|noted| noted != own) else { return Ok(()) };
    let node = &server.node.name;
    let what = format!(
        "node `{node}` belongs to the cluster `{noted}`, and this inventory is of `{own}`: \
         nothing was asked of it"
    );
    Err(Failure::plain(Code::Refused, what).hint(Some(format!(
        "use the inventory of `{noted}`; or, if it is the same cluster by another name, write \
         `adopt = true` into the [[node]] of {node}, or `name = \"{noted}\"` into [cluster]"
    ))))
}
