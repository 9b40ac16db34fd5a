//! What is asked of Kubernetes, through `k3s kubectl` on the server: the
//! operator needs no kubectl, and no port but SSH.

use std::time::{Duration, Instant};

use terrarium_k3s::nodes::{self, KubeNode};
use terrarium_k3s::paths;
use terrarium_plan::{State, quote};
use terrarium_ssh::{Command, Output};
use terrarium_untrusted::FromNode;

use super::Run;
use crate::error::{Code, Failure};
use crate::host::Host;
use crate::view::Reporter;

/// The exit status of a shell for a program that is not there.
const NO_PROGRAM: i32 = 127;

/// There is nothing to ask yet.
fn no_cluster(server: &str) -> Failure {
    let what = format!("there is no cluster yet: k3s is not installed on node `{server}`");
    Failure::plain(Code::Refused, what)
        .hint(Some("run `provision` first; `provision plan` shows what it would do".to_owned()))
}

/// Runs kubectl on the server and gives its standard output; a refusal of the
/// API is a failure.
pub(crate) async fn kubectl(
    server: &Host,
    args: &[String],
    deadline: u64,
) -> Result<FromNode<String>, Failure> {
    let label = format!("kubectl {}", args.join(" "));
    let output = ask(server, label, args, deadline).await?;
    if output.success() {
        return Ok(output.stdout_text());
    }
    // What a shell says that has no such program.
    if output.status == NO_PROGRAM {
        return Err(no_cluster(&server.node.name));
    }
    let mut failure = Failure::plain(
        Code::Change,
        format!(
            "node `{}`: `kubectl {}` ended with status {}",
            server.node.name,
            args.join(" "),
            output.status
        ),
    );
    let why = output.stderr.message();
    if why.contains("was refused") || why.contains("connection refused") {
        failure.hint = Some(
            "k3s does not answer there: `provision status` shows what is missing, `provision` \
             starts it"
                .to_owned(),
        );
    }
    failure.causes.push(why);
    Err(failure)
}

/// Runs kubectl on a server, whatever comes of it; `label` is what messages
/// call it.
pub(crate) async fn ask(
    server: &Host,
    label: String,
    args: &[String],
    deadline: u64,
) -> Result<Output, Failure> {
    let words = args.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    // Without a cache: who only looks writes nothing on the node.
    let script = format!("exec {} kubectl --cache-dir=/dev/null {words}", paths::BINARY);
    let command = Command::new(label, script)
        .as_root()
        .deadline(server.patient(Duration::from_secs(deadline)));
    server.run(command).await
}

/// Waits until Kubernetes calls the node Ready.
pub(super) async fn node_ready(
    run: &Run,
    node: &str,
    deadline: u64,
    reporter: &Reporter,
    change: &str,
) -> Result<(), Failure> {
    let server = server(run)?;
    let begun = Instant::now();
    let mut pause = Duration::from_millis(250);
    loop {
        let reason = match look(server, node).await? {
            Some(found) if found.ready => return Ok(()),
            Some(found) if !found.reason.is_empty() => found.reason,
            Some(_) => "no reason given".to_owned(),
            None => "the API does not know it".to_owned(),
        };
        if begun.elapsed() > Duration::from_secs(deadline) {
            return Err(Failure::plain(
                Code::Change,
                format!("node `{node}`: not Ready after {deadline} s: {reason}"),
            )
            .hint(Some(format!("on {}: kubectl describe node {node}", server.node.name))));
        }
        reporter.say(change, State::Progress(reason));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

async fn look(server: &Host, node: &str) -> Result<Option<KubeNode>, Failure> {
    let args = ["get", "nodes", "-o", "json"].map(str::to_owned);
    let output = ask(server, "list the nodes".to_owned(), &args, 30).await?;
    // An API that does not answer yet is one more reason to wait.
    let found = output.stdout_text().parse(|json| nodes::parse(json)).unwrap_or_default();
    Ok(found.into_iter().find(|found| found.name == node))
}

pub(super) fn server(run: &Run) -> Result<&Host, Failure> {
    run.server()
        .map(AsRef::as_ref)
        .ok_or_else(|| Failure::plain(Code::Internal, "the inventory has no server"))
}
