use super::*;
use crate::fit::fixture::made;
use crate::measured::judge::tests::both;

#[test]
fn what_is_wrong_with_a_board_comes_before_every_figure() {
    let answer = both();
    let page = page(&answer, &made());
    let first = page.find("What to mend first").unwrap();
    assert!(first < page.find("<h2>Nodes</h2>").unwrap());
    let causes = answer.nodes.iter().flat_map(|node| &node.causes).count();
    assert_eq!(page.matches("<li class=\"refusal\">").count(), causes);
    assert!(causes > 0);
}

#[test]
fn every_pod_is_named_outside_of_tooltips() {
    let answer = both();
    let page = page(&answer, &made());
    for pod in answer.nodes.iter().flat_map(|node| &node.pods) {
        assert!(page.contains(&format!("</i>{} <span>", pod.service)), "{}", pod.service);
    }
}

#[test]
fn nothing_is_loaded_from_outside_the_page() {
    let page = page(&both(), &made());
    for outside in ["http:", "https:", "//", "<script", "<link", "<img", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn names_of_the_cluster_are_text_and_never_markup() {
    let hostile = "<script>alert('\"&')</script>".to_owned();
    let mut answer = both();
    answer.title.clone_from(&hostile);
    answer.reasons[0].clone_from(&hostile);
    answer.notes[0].clone_from(&hostile);
    answer.silent[0].why.clone_from(&hostile);
    answer.left[0].pod.clone_from(&hostile);
    answer.services[0].title.clone_from(&hostile);
    answer.services[0].nodes.push(hostile.clone());
    answer.sizes[0].container.clone_from(&hostile);
    answer.sizes[0].workload.clone_from(&hostile);
    let node = &mut answer.nodes[1];
    for text in [&mut node.name, &mut node.reading, &mut node.reasons[0]] {
        text.clone_from(&hostile);
    }
    node.board = Some(hostile.clone());
    node.pods[0].key.clone_from(&hostile);
    node.pods[0].group.clone_from(&hostile);
    node.causes[0].what.clone_from(&hostile);
    node.causes[0].suffer.push(hostile.clone());
    node.first_killed[0].pod.clone_from(&hostile);
    let page = page(&answer, &made());
    assert!(!page.contains("<script"), "{page}");
}

#[test]
fn every_node_service_and_container_is_on_the_page() {
    let answer = both();
    let page = page(&answer, &made());
    let nodes = answer.nodes.iter().map(|node| &node.name);
    let silent = answer.silent.iter().map(|silent| &silent.node);
    let services = answer.services.iter().map(|service| &service.title);
    let containers = answer.sizes.iter().map(|sizing| &sizing.container);
    for text in nodes.chain(silent).chain(services).chain(containers) {
        assert!(page.contains(&escape(text)), "{text}");
    }
    for reason in &answer.reasons {
        assert!(page.contains(&prose(reason)), "{reason}");
    }
}

#[test]
fn bars_are_filled_and_never_more_than_that() {
    let page = page(&both(), &made());
    let mut bars = 0;
    for bar in page.split("<div class=\"bar\"").skip(1) {
        let (_, inside) = bar.split_once('>').unwrap();
        let inside = inside.split("</div>").next().unwrap();
        let widths = inside
            .split("width:")
            .skip(1)
            .map(|text| text.split('%').next().unwrap().parse::<f64>().unwrap());
        let sum: f64 = widths.sum();
        assert!(sum > 0.0 && sum <= 100.0, "{sum}: {inside}");
        bars += 1;
    }
    assert_eq!(bars, 4);
}
