//! Container images written under `[stack.values]`: what they are called decides
//! who can say what runs.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Complaint;
use crate::problem::Problem;
use crate::words::quote;

/// The table of a chart's values that names an image.
const IMAGE: &str = "image";
/// Earlier versions called their own image this; nobody of this project owns the
/// name on a public registry.
const FORMER: [&str; 3] = ["docker.io/terrarium/", "index.docker.io/terrarium/", "terrarium/"];

/// Everything wrong with the images under `[stack.values]`.
pub(crate) fn images(file: &DeTable<'_>) -> Vec<Problem> {
    let values = table(file, "stack").and_then(|stack| table(stack, "values"));
    let mut problems = Vec::new();
    for (_, value) in values.into_iter().flatten() {
        below(value.get_ref(), &mut problems);
    }
    problems
}

fn table<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<&'t DeTable<'i>> {
    match table.get(key).map(Spanned::get_ref) {
        Some(DeValue::Table(table)) => Some(table),
        _ => None,
    }
}

fn below(value: &DeValue<'_>, problems: &mut Vec<Problem>) {
    let DeValue::Table(table) = value else { return };
    for (key, value) in table {
        if let (IMAGE, DeValue::Table(image)) = (&**key.get_ref(), value.get_ref()) {
            for (part, check) in PARTS {
                let Some(written) = image.get(part) else { continue };
                if let DeValue::String(text) = written.get_ref()
                    && let Err(complaint) = check(text)
                {
                    problems.push(complaint.at(written.span()));
                }
            }
        }
        below(value.get_ref(), problems);
    }
}

type Check = fn(&str) -> Result<(), Complaint>;

const PARTS: [(&str, Check); 3] = [("repository", repository), ("tag", tag), ("digest", digest)];

fn complaint(what: String, why: &str, help: &str) -> Complaint {
    Complaint {
        code: "inventory::image",
        message: what,
        why: why.to_owned(),
        help: help.to_owned(),
    }
}

fn repository(text: &str) -> Result<(), Complaint> {
    if FORMER.iter().any(|former| text.starts_with(former)) {
        return Err(complaint(
            format!("{} is a name that nobody of this project owns", quote(text)),
            "anybody may register it",
            "leave it out: the services name the image that `provision` brings",
        ));
    }
    // A colon after the last slash; one before it is the registry's port.
    if text.rsplit('/').next().is_some_and(|last| last.contains([':', '@'])) {
        return Err(complaint(
            format!("{} is more than a repository", quote(text)),
            "it has a tag or a digest",
            "write these as `tag` and `digest`, beside `repository`",
        ));
    }
    Ok(())
}

fn tag(text: &str) -> Result<(), Complaint> {
    const HELP: &str = "write the tag of one version, for example `17.11-alpine3.24`";
    match text {
        "" => Err(complaint("an image has an empty tag".to_owned(), "no tag", HELP)),
        "latest" => Err(complaint(
            "`latest` is no version of an image".to_owned(),
            "another image on another day",
            HELP,
        )),
        _ => Ok(()),
    }
}

fn digest(text: &str) -> Result<(), Complaint> {
    let hex = text.strip_prefix("sha256:");
    let is_one = hex.is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    if text.is_empty() || is_one {
        return Ok(());
    }
    Err(complaint(
        format!("{} is no digest of an image", quote(text)),
        "not `sha256:` and 64 hexadecimal digits",
        "copy it from the registry, or leave it out: `provision` records it at the first run",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(values: &str) -> usize {
        let (file, errors) = DeTable::parse_recoverable(values);
        assert!(errors.is_empty(), "{errors:?}");
        images(file.get_ref()).len()
    }

    #[test]
    fn an_image_is_one_version_of_what_somebody_owns() {
        for (written, problems) in [
            ("stack.values.redis.image = { tag = '8.6.6-alpine' }", 0),
            ("stack.values.redis.image.tag = 'latest'", 1),
            ("stack.values.redis.image.tag = ''", 1),
            ("[stack.values.mongodb.ferretdb.image]\ntag = 'latest'", 1),
            ("[stack.values.a.image]\nrepository = 'docker.io/terrarium/source'", 1),
            ("[stack.values.a.image]\nrepository = 'terrarium/source'\ntag = 'latest'", 2),
            ("[stack.values.a.image]\nrepository = 'terrarium.invalid/source'", 0),
            ("[stack.values.a.image]\nrepository = 'ghcr.io/terrarium/source'", 0),
            ("[stack.values.a.image]\nrepository = 'reg.lan:5000/a'", 0),
            ("[stack.values.a.image]\nrepository = 'reg.lan/a:latest'", 1),
            ("[stack.values.a.image]\nrepository = 'reg.lan/a@sha256:00'", 1),
            ("stack.values.a.image.digest = ''", 0),
            ("stack.values.a.image.digest = 'sha256:0123'", 1),
            ("stack.values.a.image.digest = 'md5:0123'", 1),
            ("stack.values.a.tag = 'latest'", 0),
            ("stack.values.a.image = 'latest'", 0),
            ("stack = 1", 0),
        ] {
            assert_eq!(codes(written), problems, "{written}");
        }
        let whole = format!("stack.values.a.image.digest = 'sha256:{}'", "a".repeat(64));
        assert_eq!(codes(&whole), 0);
        assert_eq!(codes(&whole.replace("aaaa", "AAAA")), 1);
    }
}
