use super::*;
use crate::fit::fixture::{self, made};

#[test]
fn a_page_says_when_and_by_what_it_was_made() {
    let page = page(&fixture::answer(), &made());
    let version = env!("CARGO_PKG_VERSION");
    let line = format!(
        "Made on 2026-01-31 12:00 UTC by provision {version}: <code>provision fit --html &lt;p&gt;</code>"
    );
    assert!(page.contains(&line), "{page}");
}

#[test]
fn what_to_change_comes_before_the_nodes() {
    let page = page(&fixture::answer(), &made());
    assert!(page.find("What to change").unwrap() < page.find("<h2>Nodes</h2>").unwrap());
}

#[test]
fn every_pod_is_named_outside_of_tooltips() {
    let answer = fixture::answer();
    let page = page(&answer, &made());
    for pod in answer.nodes.iter().flat_map(|node| &node.pods) {
        let most =
            pod.limit.map_or_else(|| "no limit".to_owned(), |limit| (limit >> 20).to_string());
        let listed = format!("{} <span>{} / {most}</span>", pod.service, pod.request >> 20);
        assert!(page.contains(&listed), "{listed}");
    }
}

/// The mark of the first node's heading.
fn first_mark(answer: &Answer) -> String {
    let page = page(answer, &made());
    let (_, article) = page.split_once("<article class=\"node ").unwrap();
    article.split('"').next().unwrap().to_owned()
}

#[test]
fn a_node_is_green_only_where_its_board_can_bear_every_limit() {
    let mut answer = fixture::answer();
    assert_eq!(first_mark(&answer), "fits");
    answer.nodes[0].limited = answer.nodes[0].memory.low;
    assert_eq!(first_mark(&answer), "tight");
    let mut answer = fixture::answer();
    answer.nodes[0].pods[1].limit = None;
    assert_eq!(first_mark(&answer), "tight");
}

#[test]
fn a_service_without_a_node_has_no_room_and_is_not_called_possible() {
    let mut answer = fixture::answer();
    let name = answer.services[0].name.clone();
    answer.services[0].verdict = "possible";
    answer.left = vec![crate::fit::answer::Left {
        pod: "terrarium/x-0".to_owned(),
        service: name,
        why: "no memory".to_owned(),
    }];
    assert!(page(&answer, &made()).contains("<td class=\"impossible\">no room</td>"));
}

#[test]
fn nothing_is_loaded_from_outside_the_page() {
    let page = page(&fixture::answer(), &made());
    for outside in ["http:", "https:", "//", "<script", "<link", "<img", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn names_from_manifests_are_text_and_never_markup() {
    let mut answer = fixture::answer();
    let hostile = "<script>alert('\"&')</script>";
    answer.nodes[0].name = hostile.to_owned();
    answer.nodes[0].pods[0].key = hostile.to_owned();
    answer.nodes[0].pods[0].group = hostile.to_owned();
    answer.services[0].title = hostile.to_owned();
    answer.reasons[0] = hostile.to_owned();
    answer.remarks[0].what = hostile.to_owned();
    answer.loss[0].node = hostile.to_owned();
    let page = page(&answer, &made());
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(&#39;&quot;&amp;&#39;)"), "{page}");
}

#[test]
fn every_node_pod_service_and_reason_is_on_the_page() {
    let answer = fixture::answer();
    let page = page(&answer, &made());
    let pods = answer.nodes.iter().flat_map(|node| &node.pods).map(|pod| &pod.key);
    let names = answer.nodes.iter().map(|node| &node.name);
    let titles = answer.services.iter().map(|service| &service.title);
    for text in pods.chain(names).chain(titles) {
        assert!(page.contains(&escape(text)), "{text}");
    }
    for reason in &answer.reasons {
        assert!(page.contains(&prose(reason)), "{reason}");
    }
    assert!(page.contains("Profile &lt;full&gt; on"));
}

#[test]
fn segments_fill_their_bar_and_never_more() {
    let page = page(&fixture::answer(), &made());
    for bar in page.split("<div class=\"bar\"").skip(1) {
        let (_, inside) = bar.split_once('>').unwrap();
        let inside = inside.split("</div>").next().unwrap();
        let widths = inside
            .split("width:")
            .skip(1)
            .map(|text| text.split('%').next().unwrap().parse::<f64>().unwrap());
        let sum: f64 = widths.sum();
        assert!(sum > 0.0 && sum <= 100.0, "{sum}: {inside}");
    }
}

#[test]
fn what_stands_between_backticks_is_code() {
    assert_eq!(prose("`a<b` has 5 %"), "<code>a&lt;b</code> has 5\u{a0}%");
    assert_eq!(prose("an open `end"), "an open <code>end</code>");
}
