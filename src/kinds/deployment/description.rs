//! gatestack's description of a deployment, because AWS does not expose what a deployment contains.

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::Deployment as LiveDeployment;

/// The contents of a deployment of ours: `gatestack STACK sha256:DIGEST number:3 links:abc123,def456`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Description {
    /// The digest of its configuration.
    pub(super) digest: String,
    /// The number of the deployment in the stack, from 1. AWS's dates have seconds, and two may be created in one.
    pub(super) number: u64,
    /// The ids of the VPC links of its routes; `None` if they were not recorded.
    pub(super) links: Option<BTreeSet<String>>,
    /// The name of a second stage that did not exist yet when it was created. After a run that dies in between, it is not a sign
    /// of a rollback.
    pub(super) first_of: Option<String>,
}

const FIRST_OF: &str = "first-of:";
const NUMBER: &str = "number:";
const LINKS: &str = "links:";
const NO_LINKS: &str = "none";

impl Description {
    /// The text. API Gateway documents no limit; this stays below the 255 characters of other descriptions with less than a dozen
    /// links.
    pub(super) fn text(&self, stack: &str) -> String {
        let links = self.links.as_ref().map_or(String::new(), |links| {
            let ids: Vec<_> = links.iter().map(String::as_str).collect();
            let ids = if ids.is_empty() {
                NO_LINKS.to_owned()
            } else {
                ids.join(",")
            };
            format!(" {LINKS}{ids}")
        });
        let stage = self.first_of.as_ref();
        let stage = stage.map_or(String::new(), |stage| format!(" {FIRST_OF}{stage}"));
        format!(
            "{}{} {NUMBER}{}{links}{stage}",
            prefix(stack),
            self.digest,
            self.number
        )
    }

    /// The parsed description of a deployment, if this stack wrote it.
    pub(super) fn of(live: &LiveDeployment, stack: &str) -> Option<Self> {
        let text = live.description.as_deref()?.strip_prefix(&prefix(stack))?;
        let mut words = text.split_whitespace();
        let digest = words.next()?.to_owned();
        let mut description = Self {
            digest,
            number: 0,
            links: None,
            first_of: None,
        };
        for word in words {
            if let Some(number) = word.strip_prefix(NUMBER) {
                description.number = number.parse().unwrap_or_default();
            } else if let Some(links) = word.strip_prefix(LINKS) {
                let ids = links.split(',').filter(|id| *id != NO_LINKS);
                description.links = Some(ids.map(str::to_owned).collect());
            } else if let Some(stage) = word.strip_prefix(FIRST_OF) {
                description.first_of = Some(stage.to_owned());
            }
        }
        Some(description)
    }
}

fn prefix(stack: &str) -> String {
    format!("gatestack {stack} sha256:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Description> {
        let live = LiveDeployment::builder().description(text).build();
        Description::of(&live, "claims")
    }

    #[test]
    fn what_is_written_is_read() {
        for (links, first_of) in [
            (None, None),
            (Some(vec![]), Some("v2")),
            (Some(vec!["abc123", "def456"]), None),
        ] {
            let description = Description {
                digest: "aa".into(),
                number: 7,
                links: links.map(|ids| ids.into_iter().map(str::to_owned).collect()),
                first_of: first_of.map(str::to_owned),
            };
            assert_eq!(read(&description.text("claims")), Some(description));
        }
    }

    #[test]
    fn an_older_description_tells_no_links_and_others_tell_nothing() {
        let older = read("gatestack claims sha256:aa").unwrap();
        assert_eq!((older.number, older.links), (0, None));
        assert_eq!(read("gatestack claims-2 sha256:aa"), None);
        assert_eq!(read("by hand"), None);
    }
}
