//! What a chart's own text tells a pod.

use std::fs;
use std::path::Path;

fn text(file: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts").join(file);
    fs::read_to_string(file).expect("text")
}

/// The text that a chart's template defines under a name.
pub(crate) fn defined(template: &str, name: &str) -> String {
    let text = text(template);
    let begin = format!("{{{{- define \"{name}\" -}}}}\n");
    let (_, after) = text.split_once(&begin).expect("there");
    after.split_once("{{- end }}").expect("its end").0.to_owned()
}

/// The environment of a template's one container, with other words in the place of
/// some of the template's.
pub(crate) fn environment(template: &str, words: &[(&str, &str)]) -> Vec<(String, String)> {
    let text = text(template);
    let (_, after) = text.split_once("          env:\n").expect("there");
    let (text, _) = after.split_once("          ports:\n").expect("its end");
    let text = words.iter().fold(text.to_owned(), |text, (word, other)| text.replace(word, other));
    assert!(!text.contains("{{"), "{text}");
    let pairs = text.split("- name: ").skip(1).map(|pair| {
        let (name, value) = pair.split_once("value: ").expect("a value");
        let value = value.lines().next().unwrap_or_default();
        (name.trim().to_owned(), value.trim_matches('"').to_owned())
    });
    pairs.collect()
}
