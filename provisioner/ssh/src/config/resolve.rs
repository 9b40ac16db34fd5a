//! From the files to what they say about one host.

use std::path::PathBuf;

use super::criteria::{self, Matched, Subject};
use super::keyword::{Kind, kind};
use super::token::{Around, Tokens, percent};
use super::value::{Said, error, family, flag, number, strict, time};
use super::words::{self, Line};
use super::{Agent, Asked, At, ConfigError, Files, Source, Way};
use crate::hostkey::wildcard;

/// How deep files may include each other, as OpenSSH has it.
const DEPTH_MAX: usize = 16;

/// What the files say about a host; an error for what cannot be followed.
pub fn resolve(
    asked: &Asked,
    sources: &[Source],
    around: &Around,
    files: &dyn Files,
) -> Result<Way, ConfigError> {
    let mut reader = Reader { asked, around, files, found: Found::default(), read: Vec::new() };
    for source in sources {
        reader.file(source, true, false, 0)?;
    }
    reader.way()
}

/// Words as written, and where; the first that is obtained wins.
#[derive(Default)]
struct Found {
    host_name: Option<Said>,
    user: Option<Said>,
    port: Option<Said>,
    identities: Vec<Said>,
    certificates: Vec<Said>,
    identities_only: Option<Said>,
    keys: Option<Said>,
    agent: Option<Said>,
    known_hosts: Option<Said>,
    global_known_hosts: Option<Said>,
    host_key_alias: Option<Said>,
    strict: Option<Said>,
    connect_timeout: Option<Said>,
    alive_interval: Option<Said>,
    alive_count: Option<Said>,
    family: Option<Said>,
    jump: Option<Said>,
    /// `ProxyCommand`, or `none`: a `ProxyJump` behind it does not count.
    no_jump: bool,
    ignored: Vec<String>,
}

struct Reader<'a> {
    asked: &'a Asked,
    around: &'a Around,
    files: &'a dyn Files,
    found: Found,
    read: Vec<PathBuf>,
}

impl Reader<'_> {
    /// Reads a file. `active` is whether its first lines count, `never` whether
    /// none of it can: it is included for other hosts.
    fn file(
        &mut self,
        source: &Source,
        active: bool,
        never: bool,
        depth: usize,
    ) -> Result<(), ConfigError> {
        let at = |line| At { file: source.file.clone(), line };
        if depth > DEPTH_MAX {
            return Err(error(
                at(1),
                format!("files include each other more than {DEPTH_MAX} times"),
            ));
        }
        let text = match self.files.read(&source.file) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(()),
            Err(why) => return Err(error(at(1), format!("it cannot be read: {why}"))),
        };
        self.read.push(source.file.clone());
        let mut active = active;
        for (index, line) in text.lines().enumerate() {
            let at = at(index + 1);
            let Some(line) = words::line(line).map_err(|why| error(at.clone(), why))? else {
                continue;
            };
            match line.keyword.as_str() {
                "host" if line.words.is_empty() => return Err(error(at, "`Host` needs a pattern")),
                "host" => active = !never && criteria::host(&line.words, &self.asked.host),
                "match" => active = self.matches(&line, &at)? && !never,
                "include" => {
                    for pattern in &line.words {
                        self.include(pattern, source, active, never || !active, depth, &at)?;
                    }
                }
                _ => self.keyword(line, at, active)?,
            }
        }
        Ok(())
    }

    fn include(
        &mut self,
        pattern: &str,
        source: &Source,
        active: bool,
        never: bool,
        depth: usize,
        at: &At,
    ) -> Result<(), ConfigError> {
        let path = match pattern.strip_prefix("~/") {
            Some(rest) => self.around.home.join(rest),
            None => source.folder.join(pattern),
        };
        let path = path.to_string_lossy();
        if path.starts_with('~') {
            return Err(error(
                at.clone(),
                format!("`Include {pattern}`: the home folder of another user"),
            ));
        }
        for file in self.files.glob(&path) {
            let included = Source { file, folder: source.folder.clone() };
            self.file(&included, active, never, depth + 1)?;
        }
        Ok(())
    }

    fn matches(&self, line: &Line, at: &At) -> Result<bool, ConfigError> {
        let host = self.host().map_err(|why| error(at.clone(), why))?;
        let subject = Subject {
            original: &self.asked.host,
            host: &host,
            user: self.user(),
            local_user: &self.around.user,
        };
        match criteria::matched(&line.words, &subject).map_err(|why| error(at.clone(), why))? {
            Matched::Yes => Ok(true),
            Matched::No => Ok(false),
            Matched::Depends(criterion) => Err(ConfigError {
                at: at.clone(),
                what: format!(
                    "`Match {criterion}` is not understood here, and may concern `{}`",
                    self.asked.host
                ),
                hint: format!(
                    "put `!originalhost {}` before it, or write the connection into the inventory, with \
                     `config = \"none\"` in [ssh]",
                    self.asked.host
                ),
            }),
        }
    }

    fn keyword(&mut self, line: Line, at: At, active: bool) -> Result<(), ConfigError> {
        let Line { keyword, words } = line;
        if keyword == "ignoreunknown" {
            let patterns = words.iter().flat_map(|word| word.split(','));
            self.found.ignored.extend(patterns.map(str::to_ascii_lowercase));
            return Ok(());
        }
        if !active {
            return Ok(());
        }
        let asked = &self.asked.host;
        let said = Said { words, at };
        match kind(&keyword) {
            Kind::Harmless => Ok(()),
            Kind::Unknown if self.found.ignored.iter().any(|it| wildcard(it, &keyword)) => Ok(()),
            Kind::Unknown => Err(ConfigError {
                what: format!("`{keyword}` is no keyword of ssh_config"),
                hint: format!("correct it, or write `IgnoreUnknown {keyword}` before it"),
                at: said.at,
            }),
            Kind::Refused(fine) => {
                let is_fine = fine.iter().any(|fine| said.first().eq_ignore_ascii_case(fine));
                // The first of the two that is obtained wins, and so does the inventory.
                let settled = keyword.starts_with("proxy")
                    && (self.found.jump.is_some() || self.found.no_jump || self.asked.has_jump);
                if keyword == "proxycommand" && is_fine && !settled {
                    self.found.no_jump = true;
                }
                if is_fine || settled {
                    return Ok(());
                }
                let hint = if keyword.starts_with("proxy") {
                    "write the way as `ProxyJump`, or as `jump` in the inventory, which wins"
                        .to_owned()
                } else {
                    format!(
                        "leave `{asked}` out of the block it stands in, or write `config = \"none\"` in [ssh]"
                    )
                };
                Err(ConfigError {
                    what: format!(
                        "`{keyword}` would change how `{asked}` is reached, and is not supported"
                    ),
                    at: said.at,
                    hint,
                })
            }
            Kind::Known => self.known(&keyword, said),
        }
    }

    fn known(&mut self, keyword: &str, said: Said) -> Result<(), ConfigError> {
        if said.words.is_empty() {
            return Err(said.wrong(format!("`{keyword}` needs a value")));
        }
        let found = &mut self.found;
        let slot = match keyword {
            "identityfile" | "certificatefile" => {
                let list = if keyword == "identityfile" {
                    &mut found.identities
                } else {
                    &mut found.certificates
                };
                if !list.iter().any(|other| other.first() == said.first()) {
                    list.push(said);
                }
                return Ok(());
            }
            "proxyjump" => {
                if found.jump.is_none() && !found.no_jump {
                    if said.first().eq_ignore_ascii_case("none") {
                        found.no_jump = true;
                    } else {
                        found.jump = Some(said);
                    }
                }
                return Ok(());
            }
            "hostname" => &mut found.host_name,
            "user" => &mut found.user,
            "port" => &mut found.port,
            "identitiesonly" => &mut found.identities_only,
            "pubkeyauthentication" => &mut found.keys,
            "identityagent" => &mut found.agent,
            "userknownhostsfile" => &mut found.known_hosts,
            "globalknownhostsfile" => &mut found.global_known_hosts,
            "hostkeyalias" => &mut found.host_key_alias,
            "stricthostkeychecking" => &mut found.strict,
            "connecttimeout" => &mut found.connect_timeout,
            "serveraliveinterval" => &mut found.alive_interval,
            "serveralivecountmax" => &mut found.alive_count,
            _ => &mut found.family,
        };
        slot.get_or_insert(said);
        Ok(())
    }

    /// The login name as far as it is known.
    fn user(&self) -> &str {
        let found = self.found.user.as_ref().map(Said::first);
        self.asked.user.as_deref().or(found).unwrap_or(&self.around.default_user)
    }

    /// The host as far as it is known.
    fn host(&self) -> Result<String, String> {
        match &self.found.host_name {
            None => Ok(self.asked.host.clone()),
            Some(said) => {
                percent(said.first(), |token| (token == 'h').then(|| self.asked.host.clone()))
            }
        }
    }

    fn way(self) -> Result<Way, ConfigError> {
        let found = &self.found;
        let host = match (self.host(), &found.host_name) {
            (Ok(host), _) => host,
            (Err(why), Some(said)) => return Err(said.wrong(why)),
            (Err(_), None) => self.asked.host.clone(),
        };
        let port = match &found.port {
            Some(said) => Some(number(said, "a port").and_then(|port: u16| {
                if port == 0 { Err(said.wrong("0 is no port")) } else { Ok(port) }
            })?),
            None => None,
        };
        let user = self.user().to_owned();
        let alias = found.host_key_alias.as_ref().map(|said| said.first().to_owned());
        let tokens = Tokens {
            around: self.around,
            original: &self.asked.host,
            host: &host,
            port: self.asked.port.or(port).unwrap_or(22),
            user: &user,
            alias: alias.as_deref().unwrap_or(&self.asked.host),
            jump: found.jump.as_ref().map_or("", Said::first),
        };
        let identities = match found.identities.as_slice() {
            [] => None,
            some => Some(each(&tokens, some)?),
        };
        Ok(Way {
            identities,
            certificates: each(&tokens, &found.certificates)?,
            identities_only: flag(found.identities_only.as_ref(), false)?,
            keys: flag(found.keys.as_ref(), true)?,
            agent: self.agent(&tokens)?,
            known_hosts: found.known_hosts.as_ref().map(|said| paths(&tokens, said)).transpose()?,
            global_known_hosts: match &found.global_known_hosts {
                Some(said) => paths(&tokens, said)?,
                None => vec![PathBuf::from("/etc/ssh/ssh_known_hosts")],
            },
            host_key_alias: alias,
            strict: found.strict.as_ref().map(strict).transpose()?,
            connect_timeout: found.connect_timeout.as_ref().map(time).transpose()?.flatten(),
            alive_interval: found
                .alive_interval
                .as_ref()
                .map(|said| Ok(time(said)?.unwrap_or_default()))
                .transpose()?,
            alive_count: found
                .alive_count
                .as_ref()
                .map(|said| number(said, "a number"))
                .transpose()?,
            family: found.family.as_ref().map(family).transpose()?.unwrap_or_default(),
            jump: found.jump.as_ref().map(|said| (said.first().to_owned(), said.at.clone())),
            user: found.user.as_ref().map(|said| said.first().to_owned()),
            port,
            host: host.clone(),
            files: self.read,
        })
    }

    fn agent(&self, tokens: &Tokens<'_>) -> Result<Agent, ConfigError> {
        let Some(said) = &self.found.agent else { return Ok(Agent::Environment) };
        Ok(match said.first() {
            "none" => Agent::None,
            "SSH_AUTH_SOCK" => Agent::Environment,
            text => match text.strip_prefix('$').filter(|name| !name.starts_with('{')) {
                Some(name) => match self.around.variables.get(name) {
                    Some(socket) => Agent::At(PathBuf::from(socket)),
                    None => Agent::None,
                },
                None => Agent::At(path(tokens, said, text)?),
            },
        })
    }
}

fn path(tokens: &Tokens<'_>, said: &Said, text: &str) -> Result<PathBuf, ConfigError> {
    tokens.path(text).map_err(|why| said.wrong(why))
}

/// The paths of one line, which may be `none`.
fn paths(tokens: &Tokens<'_>, said: &Said) -> Result<Vec<PathBuf>, ConfigError> {
    if said.words.len() == 1 && said.first().eq_ignore_ascii_case("none") {
        return Ok(Vec::new());
    }
    said.words.iter().map(|text| path(tokens, said, text)).collect()
}

/// The path of each line, but for those that are `none`.
fn each(tokens: &Tokens<'_>, lines: &[Said]) -> Result<Vec<PathBuf>, ConfigError> {
    let real = lines.iter().filter(|said| !said.first().eq_ignore_ascii_case("none"));
    real.map(|said| path(tokens, said, said.first())).collect()
}
