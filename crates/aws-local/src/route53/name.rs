//! DNS names in Route 53's format: small letters, a dot at the end, and everything unusual as an octal escape (`\052` for `*`).

/// What is wrong with a name, in Route 53's words for a problem with a record.
pub(super) type Problem = String;

/// A normalized name.
///
/// # Errors
/// When a label is empty or too long, or the name is.
pub(super) fn normal(name: &str) -> Result<String, Problem> {
    let problem = |what: &str| Err(format!("FATAL problem: {what} encountered with '{name}'"));
    let mut normal = String::new();
    for character in name.chars() {
        match character.to_ascii_lowercase() {
            letter @ ('a'..='z' | '0'..='9' | '-' | '_' | '.' | '\\') => normal.push(letter),
            other => {
                let mut bytes = [0; 4];
                for byte in other.encode_utf8(&mut bytes).bytes() {
                    normal.push_str(&format!("\\{byte:03o}"));
                }
            }
        }
    }
    if !normal.ends_with('.') {
        normal.push('.');
    }
    let labels = normal[..normal.len() - 1].split('.');
    for label in labels {
        // An escape is one octet in four characters.
        let length = label.len() - 3 * label.matches('\\').count();
        if length == 0 {
            return problem("DomainLabelEmpty (Domain label is empty)");
        }
        if length > 63 {
            return problem("DomainLabelTooLong (Domain label is too long)");
        }
    }
    if normal.len() > 255 {
        return problem("DomainTooLong (Domain name is too long)");
    }
    Ok(normal)
}

/// The labels from the last to the first, `com.example.www.`: what Route 53 sorts by.
pub(super) fn reversed(normal: &str) -> String {
    let mut labels: Vec<_> = normal.trim_end_matches('.').split('.').collect();
    labels.reverse();
    format!("{}.", labels.join("."))
}

/// Whether a name is the zone's own or below it.
pub(super) fn is_within(name: &str, zone: &str) -> bool {
    name == zone || name.ends_with(&format!(".{zone}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_in_one_form() {
        assert_eq!(normal("WWW.Example.com").unwrap(), "www.example.com.");
        assert_eq!(normal("*.example.com.").unwrap(), "\\052.example.com.");
        assert_eq!(normal("\\052.example.com").unwrap(), "\\052.example.com.");
        assert!(normal("a..b").unwrap_err().contains("DomainLabelEmpty"));
        assert!(normal("").is_err());
        assert!(
            normal(&"a".repeat(64))
                .unwrap_err()
                .contains("DomainLabelTooLong")
        );
        assert!(normal(&"a".repeat(63)).is_ok());
    }

    #[test]
    fn they_sort_by_their_last_label_first() {
        assert_eq!(reversed("www.example.com."), "com.example.www.");
        assert!(is_within("a.b.c.", "b.c.") && is_within("b.c.", "b.c."));
        assert!(!is_within("ab.c.", "b.c."));
    }
}
