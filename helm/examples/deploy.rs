#![allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason
)]
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use terrarium_helm::*;
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let kc = args[0].clone();
    let catalogue = catalogue::Catalogue::embedded().unwrap();
    let mut values: BTreeMap<String, toml::Table> = BTreeMap::new();
    if let Some(text) = args.get(2) {
        values = toml::from_str(text).unwrap();
    }
    let stack =
        terrarium_inventory::Stack { profile: Some(args[1].clone()), services: vec![], values };
    let ids = select::select(&stack, &catalogue).unwrap();
    println!("waves {:?}", select::waves(&ids, &catalogue).unwrap());
    let wanted = release::releases(&ids, &catalogue, &stack, "pis.lan");
    let kubectl = |a: Vec<String>| {
        let kc = kc.clone();
        async move {
            let o = tokio::process::Command::new("kubectl")
                .args(&a)
                .env("KUBECONFIG", kc)
                .output()
                .await
                .map_err(|e| diagnose::KubectlError::from(e))?;
            if !o.status.success() {
                return Err(diagnose::KubectlError::from(
                    String::from_utf8_lossy(&o.stderr).into_owned(),
                ));
            }
            Ok(String::from_utf8(o.stdout).unwrap())
        }
    };
    let out = kubectl(state::KUBECTL_ARGS.iter().map(|s| s.to_string()).collect()).await.unwrap();
    let deployed = state::parse(&out).unwrap();
    println!("deployed {deployed:?}");
    let helm = runner::Helm {
        program: PathBuf::from(std::env::var("TERRARIUM_HELM").unwrap()),
        kubeconfig: kc.clone().into(),
        context: None,
        cache: "/tmp/hm-cache".into(),
        timeout: Duration::from_secs(
            std::env::var("T").ok().and_then(|t| t.parse().ok()).unwrap_or(120),
        ),
    };
    for change in plan::plan(&wanted, &deployed) {
        let t = std::time::Instant::now();
        println!("{} {:?}: {}", change.release.name, change.kind, change.reason);
        match helm.apply(&change).await {
            Ok(()) => println!("  ok {:.1?}", t.elapsed()),
            Err(e) => {
                println!("  {e} {:.1?}", t.elapsed());
                println!(
                    "  {:#?}",
                    diagnose::diagnose(release::NAMESPACE, change.release.name.as_str(), &kubectl)
                        .await
                );
            }
        }
    }
}
