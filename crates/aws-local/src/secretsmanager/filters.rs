//! Which secrets ListSecrets lists: the data type `Filter` in the API reference, and what is known of its words beside that.

use serde_json::{Map, Value};

use super::super::operation::{Call, Refusal};
use super::{Secret, invalid};

/// A filter: a secret has to match one of its values.
pub(super) struct Filter<'c> {
    key: &'c str,
    values: Vec<&'c str>,
}

/// How a value is compared.
enum Match {
    /// A text begins with it.
    Prefix,
    /// Each of its words begins a word of the texts, in capitals or not.
    Words,
}

impl<'c> Filter<'c> {
    /// The filters of a call, all of which a secret has to match.
    pub(super) fn all(call: &'c Call) -> Result<Vec<Self>, Refusal> {
        let filters = call.input.get("Filters").and_then(Value::as_array);
        let filters = filters.into_iter().flatten().filter_map(Value::as_object);
        filters.map(Self::of).collect()
    }

    fn of(filter: &'c Map<String, Value>) -> Result<Self, Refusal> {
        let key = filter.get("Key").and_then(Value::as_str);
        let values = filter.get("Values").and_then(Value::as_array);
        let key = key.ok_or_else(|| invalid("Invalid filter key"))?;
        if key == "owning-service" {
            // AWS does not publish what it is for the secrets that Cognito keeps.
            return Err(Refusal::not_implemented(
                "the filter owning-service of secretsmanager:ListSecrets",
            ));
        }
        let no_values = || invalid(format!("Invalid filter values for key: {key}"));
        let values = values.ok_or_else(no_values)?.iter();
        Ok(Self {
            key,
            values: values.filter_map(Value::as_str).collect(),
        })
    }

    pub(super) fn admits(&self, secret: &Secret) -> bool {
        let (texts, by) = self.searched(secret);
        self.values
            .iter()
            .any(|value| match value.strip_prefix('!') {
                Some(value) => !matches(&texts, value, &by),
                None => matches(&texts, value, &by),
            })
    }

    /// The texts that its key is about. No secret here is a replica.
    fn searched<'s>(&self, secret: &'s Secret) -> (Vec<&'s str>, Match) {
        let description = || secret.description.as_deref().into_iter();
        let keys = || secret.tags.keys().map(String::as_str);
        let values = || secret.tags.values().map(String::as_str);
        match self.key {
            "name" => (vec![&secret.name], Match::Prefix),
            "tag-key" => (keys().collect(), Match::Prefix),
            "tag-value" => (values().collect(), Match::Prefix),
            // The API reference says prefix; AWS compares words.
            "description" => (description().collect(), Match::Words),
            "all" => {
                let name = std::iter::once(secret.name.as_str());
                let all = name.chain(description()).chain(keys()).chain(values());
                (all.collect(), Match::Words)
            }
            _ => (Vec::new(), Match::Prefix),
        }
    }
}

fn matches(texts: &[&str], value: &str, by: &Match) -> bool {
    match by {
        Match::Prefix => texts.iter().any(|text| text.starts_with(value)),
        Match::Words => {
            let there: Vec<String> = texts.iter().flat_map(|text| words(text)).collect();
            let mut wanted = words(value).peekable();
            wanted.peek().is_some()
                && wanted.all(|word| there.iter().any(|there| there.starts_with(&word)))
        }
    }
}

/// The words of a text in small letters. A capital begins a word; of several, only the last does, and only before a small letter:
/// `SecretFTag` is three words, `COMPANY` one, and `COMPANYthings` is `COMPAN` and `Ythings`.
fn words(text: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = text.chars().collect();
    let mut words = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        let is = |at: Option<usize>, what: fn(&char) -> bool| {
            at.and_then(|at| letters.get(at)).is_some_and(what)
        };
        let after_small = !is(at.checked_sub(1), |c| c.is_uppercase());
        let before_small = is(Some(at + 1), |c| c.is_lowercase());
        let begins = letter.is_uppercase() && (after_small || before_small);
        if begins || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.into_iter().filter(|word| !word.is_empty())
}
