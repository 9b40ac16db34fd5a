//! The operator's kubeconfig, which belongs to the operator.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::world::{World, succeeded};

/// Longer than ours, so that a file that is not cut would keep a tail.
const OTHER: &str = "\
apiVersion: v1
kind: Config
preferences: {}
clusters:
- name: office
  cluster:
    server: https://office.example:6443
    insecure-skip-tls-verify: true
users:
- name: office-admin
  user:
    token: not-a-real-token
contexts:
- name: office
  context:
    cluster: office
    user: office-admin
    namespace: payroll
current-context: office
";

pub(crate) fn merge(world: &mut World) {
    world.provisioned();
    let file = world.file("kubeconfig");
    let padded = format!("{OTHER}# {}\n", "x".repeat(20_000));
    fs::write(&file, &padded).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();

    succeeded(&world.provision(&[]));

    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "the file now holds an administrator's key");
    assert_eq!(fs::read_to_string(world.file("kubeconfig.bak")).unwrap(), padded);
    let ask = |arguments: &[&str]| {
        let output = Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(&file)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(ask(&["config", "current-context"]), "office");
    assert_eq!(ask(&["config", "get-contexts", "-o", "name"]), "lab\noffice");
    let office = "jsonpath={.contexts[?(@.name==\"office\")].context.namespace} {.users[?(@.name==\"office-admin\")].user.token}";
    assert_eq!(ask(&["config", "view", "--raw", "-o", office]), "payroll not-a-real-token");
    let nodes = ask(&["--context", "lab", "get", "nodes", "-o", "name"]);
    assert_eq!(nodes, "node/pi-1\nnode/pi-2\nnode/pi-3");

    let written = fs::metadata(&file).unwrap().modified().unwrap();
    succeeded(&world.provision(&[]));
    assert_eq!(
        fs::metadata(&file).unwrap().modified().unwrap(),
        written,
        "written again without need"
    );
}
