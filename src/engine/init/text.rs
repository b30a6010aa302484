//! The stack file of a template with another name and Region; its comments and its layout stay.

use aws_facts::limits::cognito::RESERVED_IN_PREFIX;
use aws_facts::limits::elbv2::LONGEST_NAME;
use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::{NewStack, Template};

/// The schema that `#:schema` names, beside the stack file.
pub(super) const SCHEMA: &str = "stack.schema.json";

/// The longest name that is derived from another: that of a load balancer, which takes the stack's, is the shortest.
const LONGEST: usize = LONGEST_NAME;

/// The settings with the stack's name: what has to be unique in an account, and the tag that says which system it is.
const NAMED: [&[&str]; 4] = [
    &["stack", "name"],
    &["stack", "tags", "system"],
    &["user_pool", "name"],
    &["api", "name"],
];
const REGION: &[&str] = &["stack", "region"];
const DOMAIN: &[&str] = &["user_pool", "domain"];

impl Template {
    /// The name of its own stack.
    pub(super) fn stack_name(&self) -> String {
        self.value(NAMED[0])
    }

    /// The Region of its own stack.
    pub fn region(&self) -> String {
        self.value(REGION)
    }

    fn document(&self) -> DocumentMut {
        self.stack.parse().expect("the tests read every template")
    }

    fn value(&self, path: &[&str]) -> String {
        let mut document = self.document();
        let value = value(document.as_table_mut(), path);
        let text = value.and_then(|value| value.as_str().map(str::to_owned));
        text.expect("the tests read every template")
    }
}

impl NewStack<'_> {
    /// The stack file.
    pub(super) fn text(&self) -> String {
        let mut document = self.template.document();
        let table: &mut dyn TableLike = document.as_table_mut();
        for path in NAMED {
            put(table, path, |_| self.name.to_owned());
        }
        put(table, REGION, |_| self.region.to_owned());
        put(table, DOMAIN, |example| domain(self.name, example));
        let text = document.to_string();
        match text.split_once('\n') {
            Some((first, rest)) if first.starts_with("#:schema ") => {
                format!("#:schema ./{SCHEMA}\n{rest}")
            }
            _ => text,
        }
    }
}

/// A domain for this name: its prefix replaces the example's, in front of the account's id, which makes it unique.
fn domain(name: &str, example: &str) -> String {
    let mut prefix = slug(name);
    while let Some(word) = RESERVED_IN_PREFIX
        .into_iter()
        .find(|word| prefix.contains(word))
    {
        prefix = slug(&prefix.replacen(word, "", 1));
    }
    match example.split_once("${") {
        Some((_, rest)) if !prefix.is_empty() => format!("{prefix}-${{{rest}"),
        _ => example.to_owned(),
    }
}

/// A name of lower-case letters, digits and single `-` between them, which every part of a stack can have; may be empty.
pub(super) fn slug(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut slug = words.join("-");
    slug.truncate(LONGEST);
    slug.trim_end_matches('-').to_owned()
}

/// The value at this path of tables; `None` if the file has none.
fn value<'t>(table: &'t mut dyn TableLike, path: &[&str]) -> Option<&'t mut Value> {
    match path {
        [] => None,
        [key] => table.get_mut(key)?.as_value_mut(),
        [key, rest @ ..] => {
            let inner: &mut Item = table.get_mut(key)?;
            value(inner.as_table_like_mut()?, rest)
        }
    }
}

/// Replaces a text where there is one. What is around it, such as a comment behind it, stays.
fn put(table: &mut dyn TableLike, path: &[&str], with: impl FnOnce(&str) -> String) {
    if let Some(value) = value(table, path)
        && let Some(text) = value.as_str().map(with)
    {
        let around = value.decor().clone();
        *value = text.into();
        *value.decor_mut() = around;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::TEMPLATES;
    use super::*;

    fn text(template: &'static Template, name: &str, region: &str) -> String {
        let new = NewStack {
            template,
            name,
            region,
        };
        new.text()
    }

    /// The lines that differ, without those of the original.
    fn changed(template: &'static Template, name: &str, region: &str) -> String {
        let before: Vec<&str> = template.stack.lines().collect();
        let after = text(template, name, region);
        assert_eq!(before.len(), after.lines().count());
        let lines = after.lines().zip(before);
        let changed = lines.filter(|(after, before)| after != before);
        changed.map(|(after, _)| format!("{after}\n")).collect()
    }

    /// A comment behind a value stays.
    #[test]
    fn only_name_and_region_differ_from_the_example() {
        let [smallest, partner_api, m2m_lambda, petstore] = &TEMPLATES;
        insta::assert_snapshot!(changed(smallest, "claims", "eu-west-1"), @r#"
        name   = "claims"
        region = "eu-west-1"
        name   = "claims"
        domain = "claims-${account.id}"
        name     = "claims"
        "#);
        insta::assert_snapshot!(changed(partner_api, "claims", "eu-west-1"), @r##"
        #:schema ./stack.schema.json
        name   = "claims"
        region = "eu-west-1"
        tags   = { system = "claims" }
        name   = "claims"
        domain = "claims-${account.id}"          # prefixes are unique in a Region, so this contains the account's id
        name       = "claims"
        "##);
        insta::assert_snapshot!(changed(m2m_lambda, "claims", "eu-west-1"), @r##"
        #:schema ./stack.schema.json
        name   = "claims"
        region = "eu-west-1"
        name   = "claims"
        domain = "claims-${account.id}"
        name  = "claims"
        "##);
        insta::assert_snapshot!(changed(petstore, "claims", "eu-west-1"), @r##"
        #:schema ./stack.schema.json
        name   = "claims"
        region = "eu-west-1"
        name   = "claims"
        domain = "claims-${account.id}"
        name     = "claims"
        "##);
    }

    #[test]
    fn names_for_every_part_of_a_stack() {
        for (name, expected) in [
            ("claims", "claims"),
            ("My Claims.v2", "my-claims-v2"),
            ("2024_claims", "2024-claims"),
            ("--a--b--", "a-b"),
            ("Schäden", "sch-den"),
            ("...", ""),
            (
                "a-name-that-is-longer-than-a-load-balancers",
                "a-name-that-is-longer-than-a-loa",
            ),
            (
                "thirty-one-characters-and-then-x",
                "thirty-one-characters-and-then-x",
            ),
            (
                "thirty-one-characters-and-thens-x",
                "thirty-one-characters-and-thens",
            ),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    #[test]
    fn a_domain_has_no_reserved_word() {
        let example = "hello-${account.id}";
        for (name, expected) in [
            ("Claims", "claims-${account.id}"),
            ("aws-claims", "claims-${account.id}"),
            ("my-cognito-api", "my-api-${account.id}"),
            ("laws", "l-${account.id}"),
            ("aawsws", example),
            ("Amazon", example),
        ] {
            assert_eq!(domain(name, example), expected, "{name}");
        }
        assert_eq!(domain("claims", "fixed"), "fixed");
    }

    proptest! {
        #[test]
        fn a_name_of_any_text_is_one_of_every_part(text in any::<String>()) {
            let slug = slug(&text);
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            prop_assert!(slug.len() <= LONGEST && slug.chars().all(allowed));
            prop_assert!(!slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--"));
        }
    }
}
