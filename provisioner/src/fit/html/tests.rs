use super::*;
use crate::fit::fixture;

#[test]
fn nothing_is_loaded_from_outside_the_page() {
    let page = page(&fixture::answer());
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
    let page = page(&answer);
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(&#39;&quot;&amp;&#39;)"), "{page}");
}

#[test]
fn every_node_pod_service_and_reason_is_on_the_page() {
    let answer = fixture::answer();
    let page = page(&answer);
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
    let page = page(&fixture::answer());
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
