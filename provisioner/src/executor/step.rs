//! Actions that are one script and perhaps one file.

use std::path::Path;
use std::time::Duration;

use terrarium_k3s::sums::Sha256;
use terrarium_k3s::token::JoinToken;
use terrarium_k3s::{paths, unit};
use terrarium_plan::{Action, AgentPage, Content, State, Step};
use terrarium_ssh::{Command, Output};
use terrarium_untrusted::FromNode;

use super::{Run, kube};
use crate::error::{Code, Failure};
use crate::host::{Host, failed};
use crate::log;
use crate::login::Login;
use crate::report::secrets;
use crate::view::Reporter;

const MIB: u64 = 1024 * 1024;

/// Carries one action out on one node.
pub(super) async fn perform(
    run: &Run,
    host: &Host,
    action: &Action,
    reporter: &Reporter,
    change: &str,
) -> Result<(), Failure> {
    let output = match action {
        Action::Write { content: Content::Artifact(binary), path, .. } => {
            let local = run.binaries.get(binary).ok_or_else(|| {
                Failure::plain(
                    Code::Internal,
                    format!("node `{}`: nothing was fetched for {path}", host.node.name),
                )
            })?;
            let step = action.step(run.artifacts.sha256(binary));
            upload(host, step, local, action, reporter, change).await?
        }
        Action::Write { content: Content::Login(part), .. } => {
            let text = login(run).await?.part(*part);
            let step = action.step(Some(&digest(text.as_bytes())));
            send(host, step, text.to_owned().into_bytes(), action).await?
        }
        Action::Write { content: Content::JoinToken, .. } => {
            let token = join_token(run).await?;
            let step = action.step(Some(&token.digest().to_string()));
            send(host, step, token.reveal().to_owned().into_bytes(), action).await?
        }
        Action::Write { content: Content::JoinTokenMark, .. } => {
            let mark = unit::token_mark(&join_token(run).await?.digest());
            let step = action.step(Some(&digest(mark.as_bytes())));
            send(host, step, mark.into_bytes(), action).await?
        }
        Action::Write { content: Content::Text(text), .. } => {
            let step = action.step(Some(&digest(text.as_bytes())));
            send(host, step, text.clone().into_bytes(), action).await?
        }
        Action::Write { content: Content::Bytes(bytes), .. } => {
            let step = action.step(Some(&digest(&bytes.0)));
            send(host, step, bytes.0.clone(), action).await?
        }
        Action::Wait { .. } => return carry_out(host, action).await,
        _ => send(host, action.step(None), Vec::new(), action).await?,
    };
    succeeded(host, action, &output)?;
    // What apt complains of while it does what it should.
    if let Action::Packages { .. } = action {
        for line in output.stdout.message().lines() {
            reporter.say(change, State::Note(format!("apt-get says: {line}")));
        }
    }
    Ok(())
}

async fn send(
    host: &Host,
    step: Option<Step>,
    stdin: Vec<u8>,
    action: &Action,
) -> Result<Output, Failure> {
    host.run(command(host, step, stdin, action)?).await
}

fn command(
    host: &Host,
    step: Option<Step>,
    stdin: Vec<u8>,
    action: &Action,
) -> Result<Command, Failure> {
    let step = step.ok_or_else(|| {
        Failure::plain(
            Code::Internal,
            format!("node `{}`: {action:?} is not a script", host.node.name),
        )
    })?;
    Ok(Command::new(label(action), step.script)
        .as_root()
        .stdin(stdin)
        .deadline(Duration::from_secs(step.deadline)))
}

/// Streams a binary; a lost link starts it over, and the digest is checked on the node.
async fn upload(
    host: &Host,
    step: Option<Step>,
    local: &Path,
    action: &Action,
    reporter: &Reporter,
    change: &str,
) -> Result<Output, Failure> {
    let command = command(host, step, Vec::new(), action)?;
    let unreadable = |error: &std::io::Error| {
        Failure::new(Code::Internal, format!("cannot read {}", local.display()), error)
    };
    let mut losses = 0;
    loop {
        let file = tokio::fs::File::open(local).await.map_err(|error| unreadable(&error))?;
        let size = file.metadata().await.map_err(|error| unreadable(&error))?.len();
        let mut shown = 0;
        let (reporter, change) = (reporter.clone(), change.to_owned());
        let progress = move |sent: u64| {
            // Ten lines a transfer are enough for a bar, and what is small needs none.
            if sent.saturating_sub(shown) > (size / 10).max(MIB) {
                shown = sent;
                reporter.say(
                    &change,
                    State::Progress(format!("{} of {} MiB sent", sent / MIB, size / MIB)),
                );
            }
        };
        let session = host.session().await?;
        let sending = session.stream(command.clone(), file, progress);
        let asked = log::Asked::of(&host.node.name, &command);
        let result = host.watch(&session, sending).await;
        asked.ended(&result);
        match result {
            Ok(output) => return Ok(output),
            Err(error) if error.retryable() && losses < 3 => {
                losses += 1;
                host.come_back(&session).await?;
            }
            Err(error) => return Err(failed(&error)),
        }
    }
}

/// The agents' login. Like the token, it goes from node to node through this
/// process' memory.
async fn login(run: &Run) -> Result<&Login, Failure> {
    let AgentPage::Login(told) = &run.artifacts.agent_page else {
        return Err(Failure::plain(Code::Internal, "a login was planned where there is none"));
    };
    run.login.get_or_try_init(async || Login::of_server(kube::server(run)?, told).await).await
}

/// The token that agent nodes join by; it goes from node to node through this
/// process' memory and nowhere else. Anything else that the server has there is
/// refused: its own token must not reach another node.
async fn join_token(run: &Run) -> Result<JoinToken, Failure> {
    let server = kube::server(run)?;
    let (name, path) = (&server.node.name, paths::AGENT_TOKEN);
    let command = Command::new("read the join token", format!("cat {path}"))
        .as_root()
        .deadline(server.patient(Duration::from_secs(30)));
    let output = server.run(command).await?;
    if output.status != 0 {
        let what = format!("node `{name}`: {path} cannot be read");
        return Err(Failure::plain(Code::Change, what).hint(Some(
            "the server writes it at every start: see `journalctl -u k3s` there".to_owned(),
        )));
    }
    let said = output.stdout_text();
    said.parse(|said| secrets::hide(said));
    said.parse(|said| JoinToken::parse(said)).map_err(|error| {
        let what = format!("node `{name}`: {path} cannot be given to agent nodes");
        Failure::new(Code::Change, what, &error).hint(Some(format!(
            "the server has to be started with `agent-token-file: {}`: look for files on it that \
             set another, /etc/rancher/k3s/config.yaml.d and K3S_AGENT_TOKEN in its environment",
            paths::AGENT_SECRET
        )))
    })
}

/// Waits for something outside of a plan, as long as patience makes it.
pub(crate) async fn wait(host: &Host, action: &Action) -> Result<(), Failure> {
    carry_out(host, &action.patient(host.patience())).await
}

async fn carry_out(host: &Host, action: &Action) -> Result<(), Failure> {
    let Action::Wait { what, deadline, hint, .. } = action else { return Ok(()) };
    let waited = send(host, action.step(None), Vec::new(), action).await;
    match waited {
        Ok(output) if output.status == 0 => Ok(()),
        Err(failure) if failure.code == Code::Connection => Err(failure),
        _ => Err(Failure::plain(
            Code::Change,
            format!("node `{}`: waited {deadline} s for {what} without success", host.node.name),
        )
        .hint(Some(hint.clone()))),
    }
}

fn succeeded(host: &Host, action: &Action, output: &Output) -> Result<(), Failure> {
    if output.status == 0 {
        return Ok(());
    }
    let said = [&output.stderr, &output.stdout].map(FromNode::<Vec<u8>>::message);
    let said = said.iter().find(|said| !said.is_empty()).map_or("", String::as_str);
    // The last lines of a failed command carry the reason.
    let lines: Vec<&str> = said.trim().lines().collect();
    let said = lines[lines.len().saturating_sub(6)..].join("\n");
    let mut failure = Failure::plain(
        Code::Change,
        format!(
            "node `{}`: `{}` ended with status {}",
            host.node.name,
            label(action),
            output.status
        ),
    );
    if !said.is_empty() {
        failure.causes.push(said);
    }
    Err(failure.hint(Some("fix the cause on the node, then run the same command again".to_owned())))
}

/// What an action is called in errors.
fn label(action: &Action) -> String {
    match action {
        Action::Write { path, .. } => format!("write {path}"),
        Action::Packages { names } => format!("apt-get install {}", names.join(" ")),
        Action::Package { archive, .. } => format!("dpkg --install {archive}"),
        Action::Wait { what, .. } => format!("wait for {what}"),
        Action::Run { script, .. } => script.lines().next().unwrap_or_default().to_owned(),
        other => format!("{other:?}"),
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::of(bytes).to_string()
}
