//! The format of values, for the common types of record.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::name;

/// What is wrong with a value of this type, in Route 53's words.
pub(super) fn problem(kind: &str, value: &str) -> Option<String> {
    let fields = || value.split_whitespace();
    let is_name = |text: &str| name::normal(text).is_ok();
    let is_number = |text: &str| text.parse::<u16>().is_ok();
    let wrong = match kind {
        "A" if value.parse::<Ipv4Addr>().is_err() => {
            "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
        }
        "AAAA" if value.parse::<Ipv6Addr>().is_err() => {
            "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
        }
        "TXT" | "SPF" if !is_quoted(value) => {
            "InvalidCharacterString (Value should be enclosed in quotation marks)"
        }
        "CNAME" | "NS" | "PTR" if fields().count() != 1 || !is_name(value.trim()) => {
            "RRDATANotSingleField (Value must have a single field that is a domain name)"
        }
        "MX" if fields().count() != 2 => "MXRRDATANotTwoFields (Value must have two fields)",
        "MX" if !fields().next().is_some_and(is_number) => {
            "MXRRDATAIllegalPreference (The first field must be a number from 0 to 65535)"
        }
        "SRV" if fields().count() != 4 || !fields().take(3).all(is_number) => {
            "SRVRRDATANotFourFields (Value must be three numbers and a domain name)"
        }
        "CAA" if fields().count() < 3 => {
            "CAARRDATAIllegal (Value must be flags, a tag and a quoted text)"
        }
        _ => return None,
    };
    Some(format!("FATAL problem: {wrong} encountered with '{value}'"))
}

/// Whether a value is character strings in quotation marks, each of at most 255 characters.
fn is_quoted(value: &str) -> bool {
    let mut rest = value.trim();
    let mut any = false;
    while let Some(inside) = rest.strip_prefix('"') {
        let mut escaped = false;
        let end = inside.char_indices().find(|(_, character)| {
            let ends = *character == '"' && !escaped;
            escaped = *character == '\\' && !escaped;
            ends
        });
        match end {
            Some((at, _)) if at <= 255 => rest = inside[at + 1..].trim_start(),
            _ => return false,
        }
        any = true;
    }
    any && rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn values_have_the_form_of_their_type() {
        for (kind, good, bad) in [
            ("A", "192.0.2.1", "192.0.2"),
            ("AAAA", "2001:db8::1", "192.0.2.1"),
            ("TXT", r#""a" "b \" c""#, "a"),
            ("TXT", r#""""#, r#""a"#),
            ("CNAME", "a.example.com", "a b"),
            ("MX", "10 mail.example.com", "mail.example.com"),
            ("MX", "10 mail.example.com", "ten mail.example.com"),
            ("SRV", "1 2 3 a.example.com", "1 2 a.example.com"),
            ("CAA", r#"0 issue "amazon.com""#, "amazon.com"),
        ] {
            assert_eq!(problem(kind, good), None, "{kind} {good}");
            assert!(problem(kind, bad).is_some(), "{kind} {bad}");
        }
        assert!(problem("TXT", &format!("\"{}\"", "a".repeat(256))).is_some());
    }
}
