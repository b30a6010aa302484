//! `[stack]`: its name, Region, account and tags, and the names of the tables.

use std::sync::LazyLock;

use aws_facts::limits::tags::{LONGEST_TAG_KEY, LONGEST_TAG_VALUE, MOST_TAGS};
use aws_facts::{patterns, regions};
use regex::Regex;

use super::Judge;
use super::names::{KEY, TAG_KEY, TAG_VALUE};
use crate::kinds::{marks, tags};
use crate::model::Table;
use crate::stack::diagnostic::Code;
use crate::stack::spans::KeyPath;

/// `gatestack:stack` and `gatestack:key`.
pub(super) const OWN_TAGS: usize = 2;

pub(super) fn check(judge: &mut Judge<'_>) {
    let stack = &judge.file.stack;
    let path = KeyPath::from(["stack"]);
    judge.name(&path.join("name"), &stack.name, &KEY);
    region(judge, &path.join("region"), &stack.region);
    if let Some(account) = &stack.account {
        let path = path.join("account");
        if !(account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())) {
            let message = format!("`{account}` is not an AWS account: it has 12 digits");
            judge.error(
                Code::BadGround,
                &path,
                message,
                "`aws sts get-caller-identity` shows yours",
            );
        }
    }
    tags(judge, &path.join("tags"));
    table_names(judge);
}

fn region(judge: &mut Judge<'_>, path: &KeyPath, region: &str) {
    static REGION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(patterns::REGION).expect("the pattern is constant"));
    if regions::known().any(|known| known == region) {
        return;
    }
    if REGION.is_match(region) && regions::is_plausible(region) {
        let message = format!("this version of gatestack does not know the Region `{region}`");
        let help = "check its spelling; `aws ec2 describe-regions --all-regions` lists them";
        judge.warning(Code::BadGround, path, message, help);
        return;
    }
    let without_zone = region.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let help = if without_zone != region && REGION.is_match(without_zone) {
        format!("that is an Availability Zone; its Region is `{without_zone}`")
    } else {
        judge.did_you_mean(
            region,
            regions::known(),
            "a Region looks like `eu-central-1`; `aws ec2 describe-regions` lists them",
        )
    };
    judge.error(
        Code::BadGround,
        path,
        format!("`{region}` is not an AWS Region"),
        help,
    );
    // Texts that contain the Region are not reported.
    judge.findings.follows_from_another(path);
}

fn tags(judge: &mut Judge<'_>, path: &KeyPath) {
    for (key, value) in &judge.file.stack.tags {
        judge.named(Code::BadTag, &path.join(key), value, &TAG_VALUE);
    }
    let keys = judge.names(path);
    for key in &keys {
        let path = path.join(key);
        if let Some((message, help)) = TAG_KEY.refusal(key) {
            judge.key_error(Code::BadTag, &path, message, help);
        }
        let lower = key.to_ascii_lowercase();
        if lower.starts_with("aws:") {
            let message =
                format!("AWS keeps tags that start with `aws:` to itself, as `{key}` does");
            judge.key_error(Code::BadTag, &path, message, "use another prefix");
        } else if lower.starts_with("gatestack:") {
            let message = format!(
                "gatestack finds its resources by tags that start with `gatestack:`, as `{key}` does"
            );
            judge.key_error(Code::BadTag, &path, message, "use another prefix");
        }
    }
    if keys.len() + OWN_TAGS > MOST_TAGS {
        let message = format!(
            "{} tags and gatestack's own {OWN_TAGS} are more than AWS's {MOST_TAGS}",
            keys.len()
        );
        judge.error(
            Code::TooMany,
            path,
            message,
            format!("keep {} at most", MOST_TAGS - OWN_TAGS),
        );
    }
}

fn table_names(judge: &mut Judge<'_>) {
    for table in Table::ALL {
        let path = KeyPath::from([table.name()]);
        for name in judge.names(&path) {
            if let Some((message, help)) = KEY.refusal(&name) {
                judge.key_error(Code::BadName, &path.join(&name), message, help);
                continue;
            }
            let (length, most) = length_in_tag(table, &name);
            if length > most {
                let message = format!("`{name}` takes {length} characters in a tag");
                let help = format!(
                    "AWS allows {most}; shorten it, or leave spaces and punctuation out, which take three characters each"
                );
                judge.key_error(Code::BadName, &path.join(&name), message, help);
            }
        }
    }
}

/// The length of the longest tag with this address, and the limit.
fn length_in_tag(table: Table, name: &str) -> (usize, usize) {
    let address = table.entry(name).address();
    match table {
        Table::AppClients | Table::ResourceServers => {
            (marks::key(address.former().as_str()).len(), LONGEST_TAG_KEY)
        }
        Table::Partners | Table::ApiKeys | Table::Plans | Table::Functions => {
            let value = tags::escape(address.key().as_str());
            (value.len(), LONGEST_TAG_VALUE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::length_in_tag;
    use crate::model::Table;
    use crate::stack::diagnostic::{Code, Diagnostic};
    use crate::stack::testing::{codes, edited, read};

    fn stack(line: &str) -> Vec<Code> {
        codes(&edited(
            "region = \"eu-central-1\"",
            &format!("region = \"eu-central-1\"\n{line}"),
        ))
    }

    fn region(region: &str) -> Vec<Code> {
        codes(&edited("eu-central-1", region))
    }

    #[test]
    fn regions_have_a_shape() {
        for good in [
            "eu-central-1",
            "us-gov-west-1",
            "ap-southeast-7",
            "eusc-de-east-1",
        ] {
            assert_eq!(region(good), [], "{good}");
        }
        for bad in [
            "eu-central",
            "eu-central-1a",
            "Frankfurt",
            "",
            "eu_central_1",
        ] {
            assert_eq!(region(bad), [Code::BadGround], "{bad}");
        }
    }

    #[test]
    fn a_misspelled_region_is_an_error_and_a_new_one_a_warning() {
        let told = |region: &str| {
            let (is_valid, told) = match read(&edited("eu-central-1", region)) {
                Ok(checked) => (true, checked.warnings),
                Err(diagnostics) => (false, diagnostics),
            };
            let help = |one: &Diagnostic| one.help.clone().unwrap_or_default();
            let told: Vec<String> = told.list().iter().map(help).collect();
            (is_valid, told.join("\n"))
        };
        assert_eq!(
            told("eu-centrl-1"),
            (false, "did you mean `eu-central-1`?".to_owned())
        );
        assert_eq!(told("eu-central"), told("eu-centrl-1"));
        for new in ["us-west-3", "nz-southwest-1"] {
            let (is_valid, help) = told(new);
            assert!(is_valid && help.starts_with("check its spelling"), "{help}");
        }
        assert_eq!(told("eu-west-1"), (true, String::new()));
    }

    #[test]
    fn an_account_has_twelve_digits() {
        assert_eq!(stack("account = \"123456789012\""), []);
        assert_eq!(stack("account = \"1234-5678-9012\""), [Code::BadGround]);
    }

    #[test]
    fn tags_are_those_aws_takes_and_not_gatestacks() {
        assert_eq!(stack("tags = { team = \"claims\", \"a:b/c\" = \"\" }"), []);
        for bad in [
            "\"aws:x\" = \"\"",
            "\"gatestack:key\" = \"\"",
            "\"a#\" = \"\"",
            "a = \"<\"",
        ] {
            assert_eq!(
                stack(&format!("tags = {{ {bad} }}")),
                [Code::BadTag],
                "{bad}"
            );
        }
        let long = "v".repeat(257);
        assert_eq!(
            stack(&format!("tags = {{ a = \"{long}\" }}")),
            [Code::BadTag]
        );
    }

    #[test]
    fn a_resource_carries_fifty_tags() {
        let tags = |count: usize| {
            (0..count)
                .map(|n| format!("t{n} = \"\""))
                .collect::<Vec<_>>()
                .join(", ")
        };
        // 46 tags, gatestack's 2, and marks for a domain and a resource server.
        assert_eq!(stack(&format!("tags = {{ {} }}", tags(46))), []);
        assert_eq!(
            stack(&format!("tags = {{ {} }}", tags(47))),
            [Code::TooMany]
        );
        assert_eq!(
            stack(&format!("tags = {{ {} }}", tags(49))),
            [Code::TooMany]
        );
    }

    #[test]
    fn names_of_tables_become_tags() {
        assert_eq!(
            codes(&edited("[partners.acme]", "[partners.\"Acme & Co\"]")),
            [Code::BadName]
        );
        assert_eq!(
            codes(&edited(
                "[partners.acme]",
                "[partners.\"acme@example.com\"]"
            )),
            []
        );
    }

    #[test]
    fn a_name_fits_into_the_tags_that_hold_it() {
        let named =
            |table: Table, name: &str| length_in_tag(table, name).0 <= length_in_tag(table, name).1;
        assert!(named(Table::ResourceServers, &"a".repeat(97)));
        assert!(!named(Table::ResourceServers, &"a".repeat(98)));
        assert!(named(Table::Partners, &"a".repeat(100)));
        assert!(!named(Table::Partners, &" ".repeat(90)));
        assert!(!named(Table::AppClients, &"a.".repeat(50)));
    }
}
