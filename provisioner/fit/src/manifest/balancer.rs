//! Services of type `LoadBalancer`, which k3s' own load balancer serves by taking
//! their ports of every node: two on one port, or one beside a pod that has the port
//! itself, and the later waits without end. Another load balancer takes no ports, and
//! which there is the manifests do not say.

use std::collections::BTreeMap;

use super::{ManifestError, Manifests, Object, Why};

/// Names what would be in each other's way.
pub(super) fn collisions(objects: &[Object], found: &mut Manifests) -> Result<(), ManifestError> {
    let mut holders: BTreeMap<(u64, String), Vec<String>> = BTreeMap::new();
    for object in objects.iter().filter(|object| object.kind.is("Service")) {
        let spec = object.at().get("spec");
        // One of a class is for the controller of that class.
        if spec.get("type").text_or("")? != "LoadBalancer"
            || !spec.get("loadBalancerClass").is_null()
        {
            continue;
        }
        for port in spec.get("ports").items()? {
            let number = port.get("port").number_or(0)?;
            let key = (number, port.get("protocol").text_or("TCP")?.to_owned());
            holders.entry(key).or_default().push(format!("{}/{}", object.namespace, object.name));
        }
    }
    for ((port, protocol), services) in &holders {
        crate::limit::check();
        let taken = found.pods.iter().find(|pod| {
            let held = |held: &crate::model::HostPort| {
                u64::from(held.port) == *port && held.protocol == *protocol
            };
            pod.host_ports.iter().any(held)
        });
        let mut all = services.clone();
        all.extend(taken.map(|pod| format!("pod {}", pod.key())));
        if all.len() > 1 {
            let what = format!("port {port}/{protocol} for all of {}", all.join(" and "));
            found.leave(Why::Balancers, what, 1);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::manifest::{nodes, pods};

    fn told(text: &str) -> Vec<String> {
        let nodes = nodes("kind: Node\nmetadata: {name: a}\nstatus: {capacity: {cpu: 1}}").unwrap();
        pods(text, &nodes).unwrap().unjudged.into_keys().map(|(_, what)| what).collect()
    }

    #[test]
    fn load_balancers_on_one_port_are_named() {
        let service = |name: &str, port: &str, more: &str| {
            format!(
                "kind: Service\nmetadata: {{name: {name}}}\nspec: {{type: LoadBalancer, {more} \
                 ports: [{{{port}}}]}}\n---\n"
            )
        };
        let pod = "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i, ports: \
                   [{containerPort: 80, hostPort: 80}]}]}\n---\n";
        let (one, two) = (service("one", "port: 80", ""), service("two", "port: 80", ""));
        let both = "port 80/TCP for all of default/one and default/two";
        assert_eq!(told(&format!("{one}{two}")), [both]);
        assert_eq!(
            told(&format!("{one}{pod}")),
            ["port 80/TCP for all of default/one and pod default/p"]
        );
        for other in [
            service("two", "port: 81", ""),
            service("two", "port: 80, protocol: UDP", ""),
            service("two", "port: 80", "loadBalancerClass: x.y/z,"),
            two.replace("LoadBalancer", "ClusterIP"),
        ] {
            assert_eq!(told(&format!("{one}{other}")), Vec::<String>::new(), "{other}");
        }
    }
}
