//! What source files look like.

/// Lines a file has at most: more, and it is about more than one thing.
const LINES: usize = 400;

/// Our source, generated files and what is no program left out.
fn source(endings: &[&str]) -> Vec<String> {
    let is_one = |file: &String| {
        endings
            .iter()
            .any(|ending| file.rsplit('/').next().is_some_and(|name| name.ends_with(ending)))
    };
    let files: Vec<String> = crate::files("").into_iter().filter(is_one).collect();
    assert!(files.len() > 10, "source is looked for in the wrong place: {files:?}");
    files
}

/// Cases and tables of tests: they grow with what they check.
fn is_test(file: &str) -> bool {
    file.contains("/tests/") || file.ends_with("/tests.rs") || file.ends_with("_test.go")
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<String> = source(&[".rs"])
        .into_iter()
        // The names of tests say what they show.
        .filter(|file| !is_test(file) && !crate::read(file).starts_with("//! "))
        .collect();
    assert_eq!(silent, [""; 0], "begin with a line `//! …`");
}

#[test]
fn nothing_is_put_off() {
    // In pieces, or this file would be found as well.
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("#[ig", "nore")];
    let endings = [".rs", ".go", ".py", ".sh", ".toml", ".yaml", ".yml", ".tpl", ".md", "Makefile"];
    let mut found = Vec::new();
    for file in source(&endings) {
        for (index, line) in crate::read(&file).lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{file}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    assert_eq!(found, [""; 0]);
}

#[test]
fn no_file_is_long() {
    let long: Vec<String> = source(&[".rs", ".go", ".py", ".sh"])
        .into_iter()
        .filter(|file| !is_test(file))
        .map(|file| (crate::read(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > LINES)
        .map(|(lines, file)| format!("{file}: {lines} lines"))
        .collect();
    assert_eq!(long, [""; 0], "split what has more than {LINES} lines");
}
