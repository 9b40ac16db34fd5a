//! Words a person mistyped.

/// The candidate closest to `word`, when one is close enough to be meant.
pub(crate) fn meant<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    among
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean `x`?` or, when nothing is close, what there is.
pub fn advice<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = Vec::new();
    for word in among {
        if !known.contains(&word) {
            known.push(word);
        }
    }
    match meant(word, known.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None if known.is_empty() => "there is none".to_owned(),
        None => format!("known are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["postgresql", "prometheus", "redis"];
        for (word, expected) in [
            ("postgres", Some("postgresql")),
            ("PostgreSQL", Some("postgresql")),
            ("reids", Some("redis")),
            ("kafka", None),
            ("", None),
        ] {
            assert_eq!(meant(word, known), expected, "{word}");
        }
        assert_eq!(advice("kafka", known), "known are postgresql, prometheus, redis");
        // A service that is known and deployed is one.
        let twice = known.into_iter().chain(["redis", "postgresql"]);
        assert_eq!(advice("kafka", twice), "known are postgresql, prometheus, redis");
        assert_eq!(advice("kafka", []), "there is none");
    }
}
