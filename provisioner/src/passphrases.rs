//! Passphrases of private keys, asked for on the terminal as `ssh` does: once for
//! each key that is to be used and that no agent has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use terrarium_ssh::{Target, Unlocked, agent_holds, is_locked};

use crate::cancel::Cancel;
use crate::error::Failure;
use crate::host::Host;
use crate::prompt;

/// How often one key is asked about.
const TRIES: usize = 3;

/// Asks, where there is somebody to ask.
pub(crate) async fn ask(hosts: &mut [Host], cancel: &Cancel) -> Result<(), Failure> {
    if !prompt::is_possible() {
        return Ok(());
    }
    let mut asked: BTreeMap<PathBuf, Option<Unlocked>> = BTreeMap::new();
    for host in hosts {
        let target = host.target_mut();
        let mut jumps = std::mem::take(&mut target.jumps);
        for target in jumps.iter_mut().chain([&mut *target]) {
            for path in wanted(target) {
                if !asked.contains_key(&path) {
                    let held = match &target.agent_socket {
                        Some(socket) => agent_holds(socket, &path).await,
                        None => false,
                    };
                    let key = if held { None } else { unlock(&path, cancel).await? };
                    asked.insert(path.clone(), key);
                }
                target.unlocked.extend(asked.get(&path).cloned().flatten());
            }
        }
        host.target_mut().jumps = jumps;
    }
    Ok(())
}

/// The locked keys that are to be used: those that were named, or the usual ones
/// where there is no other way in.
fn wanted(target: &Target) -> Vec<PathBuf> {
    let files = if !target.identities.is_empty() {
        target.identities.clone()
    } else if target.password.is_some() || target.agent_socket.is_some() {
        Vec::new()
    } else {
        let usual = ["id_ed25519", "id_ecdsa"];
        let folder = target.usual_keys.iter();
        folder.flat_map(|folder| usual.map(|name| folder.join(name))).collect()
    };
    files.into_iter().filter(|file| is_locked(file)).collect()
}

async fn unlock(path: &Path, cancel: &Cancel) -> Result<Option<Unlocked>, Failure> {
    let mut question = format!("passphrase of the key {}: ", path.display());
    for _ in 0..TRIES {
        let (asked, cancel, file) = (question.clone(), cancel.clone(), path.to_owned());
        let asking = tokio::task::spawn_blocking(move || {
            let passphrase = prompt::passphrase(&asked, &cancel)?;
            Ok::<_, Failure>(passphrase.map(|it| Unlocked::with(&file, &it)))
        });
        let answer =
            asking.await.map_err(|error| Failure::internal("the question ended", &error))??;
        match answer {
            None => return Ok(None),
            Some(Some(key)) => return Ok(Some(key)),
            Some(None) => {
                question = format!("that is not it; passphrase of the key {}: ", path.display());
            }
        }
    }
    Ok(None)
}
