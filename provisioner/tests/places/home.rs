//! The cache.

use std::os::unix::fs::PermissionsExt as _;

use crate::world::{OPERATOR, STRANGER, World, names};

/// What renders charts needs helm, and with it the cache.
const NEEDS_CACHE: [&str; 2] = ["fit", "--offline"];
/// What comes next when the cache is in order: the mirror has no helm.
const WENT_ON: &str = "/nowhere/helm/";

#[test]
fn without_a_home_there_is_no_cache_and_nothing_shared_takes_its_place() {
    let mut world = World::new();
    world.inventory("[cluster]\nkubeconfig = \"kubeconfig\"\n");
    world.put("work/key", "", 0o600);
    let text = std::fs::read_to_string(world.path("work/pis.toml")).unwrap();
    world.put("work/pis.toml", &text.replace("~/.ssh/key", "key"), 0o644);
    world.environment.clear();
    let shared = std::env::temp_dir().join("terrarium");
    let before = names(&shared);
    world
        .run(&NEEDS_CACHE)
        .ended(2, &["the home directory is not known", "HOME", "TERRARIUM_CACHE"]);
    assert_eq!(names(&shared), before);
    // Who needs no cache needs no home.
    world.run(&["targets"]).ended(0, &["192.0.2.1:9100"]);
    let cache = world.path("work/cache");
    world.environment.insert("TERRARIUM_CACHE", cache);
    world.run(&NEEDS_CACHE).ended(3, &[WENT_ON]);
}

#[test]
fn the_cache_is_made_for_its_owner_alone() {
    let world = World::new();
    world.run(&NEEDS_CACHE).ended(3, &[WENT_ON]);
    for folder in ["home/.cache", "home/.cache/terrarium"] {
        let mode = std::fs::metadata(world.path(folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{folder}");
    }
}

#[test]
fn a_cache_that_others_made_or_may_write_is_not_used() {
    for (what, user, mode, says) in [
        ("another user's", STRANGER, 0o755, "belongs to another user (54322)"),
        ("another user's, open", STRANGER, 0o777, "belongs to another user (54322)"),
        ("everybody's", OPERATOR, 0o777, "chmod go-w"),
        ("a group's", OPERATOR, 0o775, "chmod g-w"),
        ("everybody's and sticky", STRANGER, 0o1777, "belongs to another user (54322)"),
    ] {
        for folder in ["home/.cache/terrarium", "home/.cache", "home/.cache/terrarium/downloads"] {
            let world = World::new();
            std::fs::create_dir_all(world.path("home/.cache/terrarium/downloads")).unwrap();
            for part in ["home/.cache", "home/.cache/terrarium", "home/.cache/terrarium/downloads"]
            {
                world.give(part, OPERATOR, 0o755);
            }
            world.give(folder, user, mode);
            let ran = world.run(&NEEDS_CACHE);
            assert_eq!(ran.code, Some(2), "{what} {folder}: {}", ran.text);
            ran.ended(2, &["the cache", "is not used", says, folder.rsplit('/').next().unwrap()]);
        }
    }
}

#[test]
fn a_sticky_folder_above_is_as_good_as_its_owner_and_what_is_in_it() {
    let mut world = World::new();
    std::fs::create_dir(world.path("tmp")).unwrap();
    world.give("tmp", 0, 0o1777);
    let cache = world.path("tmp/mine");
    world.environment.insert("TERRARIUM_CACHE", cache.clone());
    world.run(&NEEDS_CACHE).ended(3, &[WENT_ON]);
    // Somebody was quicker.
    std::fs::remove_dir_all(&cache).unwrap();
    std::fs::create_dir(&cache).unwrap();
    world.give("tmp/mine", STRANGER, 0o777);
    world.run(&NEEDS_CACHE).ended(2, &["belongs to another user (54322)"]);
    // So was somebody with a link.
    std::fs::remove_dir(&cache).unwrap();
    std::os::unix::fs::symlink(world.path("home"), &cache).unwrap();
    std::os::unix::fs::lchown(&cache, Some(STRANGER), Some(STRANGER)).unwrap();
    world.run(&NEEDS_CACHE).ended(2, &["belongs to another user (54322)"]);
}
