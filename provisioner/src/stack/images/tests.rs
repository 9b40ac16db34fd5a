use std::path::Path;
use std::sync::Mutex;

use jiff::civil::date;
use serde_json::{Value, json};

use super::*;
use crate::registry::tests::server::{Answer, Server};
use crate::stack::Stack;
use crate::view;

/// A registry whose images are called by these words.
struct Registry {
    server: Server,
    word: Arc<Mutex<String>>,
}

fn manifest(word: &str) -> Vec<u8> {
    let of = |machine: &str| json!({"platform": {"os": "linux", "architecture": machine}});
    json!({"schemaVersion": 2, "note": word, "manifests": [of("arm64"), of("amd64")]})
        .to_string()
        .into_bytes()
}

fn digest(word: &str) -> String {
    format!("sha256:{}", Sha256::of(&manifest(word)))
}

impl Registry {
    fn new() -> Self {
        let word = Arc::new(Mutex::new("one".to_owned()));
        let said = Arc::clone(&word);
        let server = Server::start(move |_, _| Answer::ok(manifest(&said.lock().unwrap())));
        Self { server, word }
    }
}

/// An inventory in a folder of its own.
struct Place {
    folder: tempfile::TempDir,
    text: String,
}

impl Place {
    fn new(registry: &str, more: &str) -> Self {
        let text = format!(
            "[images]\nmirrors = {{ '*' = '{registry}' }}\n{more}\n[stack]\nservices = ['redis']\n\
             [[node]]\nname = 'pi-1'\nhost = '10.0.0.1'\n"
        );
        Self { folder: tempfile::tempdir().unwrap(), text }
    }

    fn inventory(&self) -> Inventory {
        let path = self.folder.path().join("pis.toml");
        Inventory::parse(&path, &self.text, Some(Path::new("/x")))
            .unwrap_or_else(|problems| panic!("{problems}"))
    }

    fn lock(&self) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join("pis.lock.toml")).ok()
    }

    /// The digests and the wish with them, as a run would find them.
    async fn look(&self, ask: Ask) -> Result<(Pins, Wish), Failure> {
        let inventory = self.inventory();
        let mut wish = Stack::new(&inventory).unwrap().wish(&[], None);
        let (reporter, _done) = view::open(true, &[]);
        let arm = BTreeSet::from(["arm64".to_owned()]);
        let pins = Pins::of(&inventory, &wish, &arm, ask, 1.0, &reporter).await?;
        wish.pin(&pins);
        Ok((pins, wish))
    }
}

fn image(wish: &Wish) -> Value {
    let redis = wish.releases.iter().find(|release| release.name.as_str() == "redis").unwrap();
    redis.values["image"]["digest"].clone()
}

fn url(registry: &Registry) -> String {
    format!("http://{}", registry.server.host())
}

#[tokio::test]
async fn what_a_registry_said_first_is_recorded_and_stays_in_force() {
    let registry = Registry::new();
    let place = Place::new(&url(&registry), "");
    let (pins, wish) = place.look(Ask::Registries).await.unwrap();
    assert_eq!(image(&wish), digest("one"));
    assert_eq!(place.lock(), None, "looking writes nothing");
    let note = pins.note().unwrap();
    assert_eq!(note.what, "1 image is not in the lock file yet");

    pins.record(date(2026, 1, 2)).unwrap();
    let lock = place.lock().unwrap();
    assert!(lock.contains("[images.\"docker.io/library/redis:") && lock.contains(&digest("one")));
    assert!(lock.contains("2026-01-02"), "{lock}");

    // The tag now names something else: nobody asks, nobody takes it.
    "two".clone_into(&mut registry.word.lock().unwrap());
    let asked = registry.server.asked().len();
    let (pins, wish) = place.look(Ask::Registries).await.unwrap();
    assert_eq!(image(&wish), digest("one"));
    assert!(pins.note().is_none());
    assert_eq!(registry.server.asked().len(), asked);
    pins.record(date(2026, 1, 3)).unwrap();
    assert_eq!(place.lock().unwrap(), lock);
}

#[tokio::test]
async fn without_its_registry_a_recorded_image_is_deployed_and_another_is_not() {
    let registry = Registry::new();
    let place = Place::new(&url(&registry), "");
    place.look(Ask::Registries).await.unwrap().0.record(date(2026, 1, 2)).unwrap();
    let lock = place.lock().unwrap();

    let away = Place::new("http://127.0.0.1:1", "");
    let failure = away.look(Ask::Registries).await.unwrap_err();
    assert_eq!(failure.code, Code::Connection);
    assert!(failure.what.starts_with("http://127.0.0.1:1 says no digest of docker.io/library/"));
    assert!(failure.hint.unwrap().contains("`lock = false` in `[images]`"));
    assert_eq!(away.lock(), None);
    let (pins, wish) = away.look(Ask::Nobody).await.unwrap();
    assert_eq!((image(&wish), pins.note().is_none()), (Value::Null, true));

    std::fs::write(away.folder.path().join("pis.lock.toml"), lock).unwrap();
    let (_, wish) = away.look(Ask::Registries).await.unwrap();
    assert_eq!(image(&wish), digest("one"));
}

#[tokio::test]
async fn a_digest_given_by_hand_and_one_that_is_not_wanted_ask_nobody() {
    let by_hand = digest("mine");
    for (more, expected) in [
        (format!("[stack.values.redis.image]\ndigest = '{by_hand}'"), json!(by_hand)),
        ("lock = false".to_owned(), Value::Null),
    ] {
        let registry = Registry::new();
        let place = Place::new(&url(&registry), "");
        let text = if more.starts_with("lock") {
            place.text.replace("[images]\n", &format!("[images]\n{more}\n"))
        } else {
            format!("{}{more}\n", place.text)
        };
        let place = Place { text, ..place };
        let (pins, wish) = place.look(Ask::Registries).await.unwrap();
        assert_eq!(image(&wish), expected, "{more}");
        assert!(pins.note().is_none() && registry.server.asked().is_empty(), "{more}");
    }
}

#[tokio::test]
async fn what_two_runs_saw_differently_is_a_stop() {
    let registry = Registry::new();
    let place = Place::new(&url(&registry), "");
    let (one, _) = place.look(Ask::Registries).await.unwrap();
    "two".clone_into(&mut registry.word.lock().unwrap());
    let (other, _) = place.look(Ask::Registries).await.unwrap();
    one.record(date(2026, 1, 2)).unwrap();
    let failure = other.record(date(2026, 1, 2)).unwrap_err();
    assert_eq!(failure.code, Code::Refused);
    assert!(place.lock().unwrap().contains(&digest("one")));
}

#[tokio::test]
async fn a_lock_file_that_cannot_be_read_is_said_with_its_line() {
    let registry = Registry::new();
    let place = Place::new(&url(&registry), "");
    let file = place.folder.path().join("pis.lock.toml");
    std::fs::write(&file, "version = 1\n[images]\n\"docker.io/a:1\" = 7\n").unwrap();
    let failure = place.look(Ask::Registries).await.unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    assert!(failure.what.starts_with(&format!("{}:3", file.display())), "{}", failure.what);
}
