use super::*;

const OLD: &str = "---
# Source: redis/templates/redis.yaml
apiVersion: v1
kind: Secret
metadata:
  name: redis
  annotations:
    helm.sh/resource-policy: keep
data:
  password: aHVudGVyMg==
  same: b25l
---
# Source: redis/templates/redis.yaml
apiVersion: v1
kind: Service
metadata:
  name: redis
spec:
  ports:
    - port: 6379
";

fn changes(old: &str, new: &str) -> Vec<(String, Change)> {
    let name = |found: Difference| (format!("{}/{}", found.kind, found.name), found.change);
    compare(old, new).into_iter().map(name).collect()
}

#[test]
fn equal_manifests_do_not_differ_wherever_they_are_from() {
    assert_eq!(compare(OLD, OLD), []);
    assert_eq!(compare(OLD, &OLD.replace("# Source: redis/", "# Source: other/")), []);
}

#[test]
fn a_difference_is_shown_as_diff_shows_it() {
    let new = OLD.replace("port: 6379", "port: 6380");
    let found = compare(OLD, &new);
    assert_eq!(found.len(), 1);
    insta::assert_snapshot!(found[0].diff, @"
    --- Service/redis deployed
    +++ Service/redis wished
    @@ -4,4 +4,4 @@
       name: redis
     spec:
       ports:
    -    - port: 6379
    +    - port: 6380
    ");
}

#[test]
fn what_is_new_and_what_is_gone_is_told_apart() {
    let new = OLD.replace("name: redis\nspec", "name: other\nspec");
    assert_eq!(
        changes(OLD, &new),
        [
            ("Service/other".to_owned(), Change::Create),
            ("Service/redis".to_owned(), Change::Delete)
        ]
    );
    let service =
        OLD.split_once("---\n# Source: redis/templates/redis.yaml\napiVersion: v1\nkind: Service");
    assert_eq!(changes(OLD, &format!("kind: Service{}", service.unwrap().1))[0].1, Change::Keep);
}

#[test]
fn no_value_of_a_secret_is_shown_in_any_style() {
    for (new, expected) in [
        (OLD.replace("aHVudGVyMg==", "c3dvcmRmaXNo"), "*** (differs)"),
        (
            OLD.replace("  same: b25l\n", "  same: b25l\n  third: c3dvcmRmaXNo\n"),
            "\"third\": \"***",
        ),
        (
            OLD.replace(
                "data:\n  password: aHVudGVyMg==",
                "stringData: {password: swordfish}\ndata:",
            ),
            "***",
        ),
        (OLD.replace("aHVudGVyMg==", "|-\n    c3dvcmRmaXNo"), "*** (differs)"),
    ] {
        for (from, to) in [(OLD, new.as_str()), (new.as_str(), OLD), ("", new.as_str())] {
            let text = format!("{:?}", compare(from, to));
            assert!(
                !text.contains("aHVu") && !text.contains("c3dv") && !text.contains("swordfish"),
                "{text}"
            );
        }
        let text = &compare(OLD, &new)[0].diff;
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_not_shown() {
    let broken = "kind: Secret\n data: [hunter2\n";
    let found = compare("", broken);
    assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
}

#[test]
fn objects_are_counted_by_kind() {
    let two = format!("{OLD}---\n{}", OLD.replace("name: redis", "name: other"));
    assert_eq!(kinds(&two), [("Secret".to_owned(), 2), ("Service".to_owned(), 2)].into());
    assert!(kinds("---\n# only a remark\n---\n").is_empty());
}
