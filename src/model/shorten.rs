//! Shortens texts from outside in messages, such as a name or value of megabytes.

/// The longest text that is not shortened, in characters.
const LONGEST_FOREIGN: usize = 300;

/// The length of a shortened text, in characters.
const SHORTENED: usize = 60;

/// The most characters of one message.
pub const LONGEST_MESSAGE: usize = 2_000;

/// The most names in a sentence.
const NAMED: usize = 5;

/// The first of these names, and how many more there are.
pub fn some_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let first: Vec<_> = names.iter().take(NAMED).copied().collect();
    let mut text = first.join(", ");
    if names.len() > NAMED {
        text.push_str(&format!(" and {} more", names.len() - NAMED));
    }
    text
}

/// A text from outside for a message: all of it, or its beginning.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_FOREIGN) {
        None => text.to_owned(),
        Some(_) => text.chars().take(SHORTENED).chain(['…']).collect(),
    }
}

/// A message of limited length. Text in backticks or quotes is shortened first, so that the statement about it stays.
pub fn message(text: String) -> String {
    if text.len() <= LONGEST_FOREIGN {
        return text;
    }
    let mut short = String::new();
    let mut rest = text.as_str();
    while let Some(open) = rest.find(['`', '"']) {
        let quote = &rest[open..=open];
        let inside = &rest[open + 1..];
        let end = inside.find(quote).unwrap_or(inside.len());
        short.push_str(&rest[..=open]);
        short.push_str(&shortened(&inside[..end]));
        rest = &inside[end..];
        if let Some(behind) = rest.strip_prefix(quote) {
            short.push_str(quote);
            rest = behind;
        }
        if short.len() > LONGEST_MESSAGE * 4 {
            break;
        }
    }
    short.push_str(rest);
    match short.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &short[..end]),
        None => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_of_others_are_told_by_their_beginning() {
        assert_eq!(shortened("acme"), "acme");
        assert_eq!(shortened(&"é".repeat(300)).chars().count(), 300);
        assert_eq!(shortened(&"é".repeat(301)).chars().count(), SHORTENED + 1);
        let name = "x".repeat(10 << 20);
        let said = message(format!(
            "`{name}` is no name, and \"{name}\" neither: say another"
        ));
        assert!(said.len() < 300, "{said}");
        assert!(said.ends_with("neither: say another"), "{said}");
        let unquoted = message(format!("{name} is no name"));
        assert_eq!(unquoted.chars().count(), LONGEST_MESSAGE + 1);
    }
}
