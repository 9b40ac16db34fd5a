use super::*;

fn card(needs: &str) -> Vec<u8> {
    format!(
        "title = 'A'\nsummary = 'a'\ngroup = 'Cluster'\nicon = 'a'\nprofiles = ['core']\nneeds = [{needs}]\n"
    )
    .into_bytes()
}

fn folder(name: &str, needs: &str) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([
        (format!("{name}/service.toml"), card(needs)),
        (
            format!("{name}/Chart.yaml"),
            format!("name: {name}\nversion: 0.1.0\nappVersion: '1'\n").into_bytes(),
        ),
        (format!("{name}/values.yaml"), b"{}\n".to_vec()),
    ])
}

fn message(files: BTreeMap<String, Vec<u8>>) -> String {
    let error = Catalogue::from_files(files).expect_err("the services are wrong");
    match error {
        CatalogueError::Chart(source) => source.to_string(),
        other => other.to_string(),
    }
}

#[test]
fn the_embedded_services_are_those_of_the_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/charts");
    let loaded = Catalogue::load(Path::new(folder)).expect("the folder is right");
    let embedded = Catalogue::embedded().expect("the embedded services are right");
    let names: Vec<_> = embedded.names().collect();
    assert_eq!(names, loaded.names().collect::<Vec<_>>());
    assert!(names.contains(&"postgresql"), "{names:?}");
    for (id, service) in embedded.iter() {
        let same = loaded.get(id.as_str()).expect("loaded too");
        assert_eq!(service.card, same.card);
        assert_eq!(service.chart, same.chart);
        let library = "charts/terrarium-library/Chart.yaml";
        assert!(service.chart.files.contains_key(library) || id.as_str() == "foundation", "{id}");
        assert!(!service.chart.files.contains_key(CARD), "{id}: the card is no part of the chart");
    }
}

#[test]
fn a_service_that_is_wrong_is_told() {
    assert_eq!(
        message(folder("a", "'b'")),
        "service cards are wrong:\n  a/service.toml:1: `b` is no service: did you mean `a`?"
    );
    let mut misnamed = folder("a", "");
    misnamed
        .insert("a/Chart.yaml".to_owned(), b"name: b\nversion: 1.0.0\nappVersion: '1'\n".to_vec());
    assert_eq!(
        message(misnamed),
        "a/Chart.yaml names the chart `b`; a chart is named as its folder"
    );
    let mut bare = folder("a", "");
    bare.remove("a/values.yaml");
    assert_eq!(message(bare), "a/values.yaml is missing");
    let mut unlinked = folder("a", "");
    let manifest =
        "name: a\nversion: 1.0.0\nappVersion: '1'\ndependencies: [{name: terrarium-library}]\n";
    unlinked.insert("a/Chart.yaml".to_owned(), manifest.into());
    assert!(message(unlinked).starts_with("a/charts/terrarium-library holds no chart"));
}

#[test]
fn a_circle_of_links_ends() {
    let home = tempfile::tempdir().expect("a folder");
    let charts = home.path().join("charts");
    fs_err::create_dir(&charts).expect("a folder");
    std::os::unix::fs::symlink(&charts, charts.join("again")).expect("a link");
    assert!(matches!(Catalogue::load(&charts), Err(CatalogueError::TooDeep(_))));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = Catalogue::load(Path::new("/nowhere/charts")).expect_err("no such folder");
    assert_eq!(error.to_string(), "cannot read the charts in /nowhere/charts");
}
