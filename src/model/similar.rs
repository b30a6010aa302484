//! “Did you mean”: the most similar valid word.

use std::cell::Cell;

/// The longest words that are compared: the time is the product of two words' lengths.
pub const LONGEST: usize = 100;

/// The candidate that `word` is most likely a misspelling of, if any. Never `word` itself.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    closest_within(word, candidates, &Cell::new(usize::MAX))
}

/// The most pairs of words that are worth comparing for one file with very many mistakes.
pub const MOST_COMPARED: usize = 50_000;

/// The same within a limit of comparisons.
pub fn closest_within<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    may_compare: &Cell<usize>,
) -> Option<&'a str> {
    if word.len() > LONGEST || may_compare.get() == 0 {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted = plain(word);
    candidates
        .into_iter()
        .take_while(|_| match may_compare.get().checked_sub(1) {
            Some(left) => {
                may_compare.set(left);
                true
            }
            None => false,
        })
        .filter(|candidate| *candidate != word && candidate.len() <= LONGEST)
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &plain(candidate)),
                candidate,
            )
        })
        // A third of the letters wrong is a typo; more is another word.
        .filter(|(distance, candidate)| {
            *distance <= (word.chars().count().max(candidate.chars().count()) / 3).max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Whether at least half of two words is the same: enough if one of them is required and missing.
pub fn resembles(word: &str, wanted: &str) -> bool {
    if word.len() > LONGEST {
        return false;
    }
    let distance = strsim::damerau_levenshtein(word, wanted);
    distance <= word.chars().count().max(wanted.chars().count()) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_nearest_word_is_found() {
        assert_eq!(closest("sope", ["scopes", "stage"]), Some("scopes"));
        assert_eq!(
            closest("Call-back_urls", ["callback_urls", "logout_urls"]),
            Some("callback_urls")
        );
        assert_eq!(closest("Stage", ["stage"]), Some("stage"));
        assert_eq!(closest("price", ["scopes", "stage"]), None);
    }

    proptest! {
        #[test]
        fn a_word_is_never_its_own_suggestion(word in "[a-z_]{1,8}", others in proptest::collection::vec("[a-z_]{1,8}", 0..5)) {
            let mut candidates: Vec<&str> = others.iter().map(String::as_str).collect();
            candidates.push(&word);
            prop_assert_ne!(closest(&word, candidates), Some(word.as_str()));
        }
    }
}
