//! gatestack's description of a deployment, because AWS does not expose what a deployment contains.

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::Deployment as LiveDeployment;

use super::invoked::Invoked;

/// The contents of a deployment of ours: `gatestack STACK sha256:DIGEST number:3 links:abc123,def456 functions:LPJN:BQ`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Description {
    /// The digest of its configuration.
    pub(super) digest: String,
    /// The number of the deployment in the stack, from 1. AWS's dates have seconds, and two may be created in one.
    pub(super) number: u64,
    /// The ids of the VPC links of its routes; `None` if they were not recorded.
    pub(super) links: Option<BTreeSet<String>>,
    /// The functions that its methods invoke; `None` if they were not recorded, or were too many for a description.
    pub(super) invoked: Option<Invoked>,
    /// The name of a second stage that did not exist yet when it was created. After a run that dies in between, it is not a sign
    /// of a rollback.
    pub(super) first_of: Option<String>,
}

const FIRST_OF: &str = "first-of:";
const NUMBER: &str = "number:";
const LINKS: &str = "links:";
const NO_LINKS: &str = "none";
const FUNCTIONS: &str = "functions:";

/// The most characters of a description with functions: API Gateway documents no limit, and other descriptions have this one.
const MOST: usize = 255;

impl Description {
    /// The text. With less than a dozen links it is below the limit; functions are in it if it stays below.
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
        let text = format!(
            "{}{} {NUMBER}{}{links}{stage}",
            prefix(stack),
            self.digest,
            self.number
        );
        let functions = self.invoked.as_ref();
        let functions = functions.map(|invoked| format!("{text} {FUNCTIONS}{}", invoked.text()));
        functions.filter(|text| text.len() <= MOST).unwrap_or(text)
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
            invoked: None,
            first_of: None,
        };
        for word in words {
            if let Some(number) = word.strip_prefix(NUMBER) {
                description.number = number.parse().unwrap_or_default();
            } else if let Some(links) = word.strip_prefix(LINKS) {
                let ids = links.split(',').filter(|id| *id != NO_LINKS);
                description.links = Some(ids.map(str::to_owned).collect());
            } else if let Some(functions) = word.strip_prefix(FUNCTIONS) {
                description.invoked = Invoked::parse(functions);
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

    fn invoking(functions: usize) -> Option<Invoked> {
        let method = |number| (format!("GET /{number}"), Some(format!("arn:{number}")));
        Invoked::new(&(0..functions).map(method).collect())
    }

    #[test]
    fn what_is_written_is_read() {
        for (links, first_of, functions) in [
            (None, None, 0),
            (Some(vec![]), Some("v2"), 2),
            (Some(vec!["abc123", "def456"]), None, 12),
        ] {
            let description = Description {
                digest: "aa".into(),
                number: 7,
                links: links.map(|ids| ids.into_iter().map(str::to_owned).collect()),
                invoked: invoking(functions),
                first_of: first_of.map(str::to_owned),
            };
            assert_eq!(read(&description.text("claims")), Some(description));
        }
    }

    #[test]
    fn functions_that_do_not_fit_are_left_out() {
        let mut description = Description {
            digest: "0".repeat(64),
            number: 7,
            links: Some(BTreeSet::new()),
            invoked: invoking(60),
            first_of: None,
        };
        assert!(description.text("claims").len() <= MOST);
        let read = read(&description.text("claims"));
        description.invoked = None;
        assert_eq!(read, Some(description));
    }

    #[test]
    fn an_older_description_tells_no_links_and_others_tell_nothing() {
        let older = read("gatestack claims sha256:aa").unwrap();
        assert_eq!((older.number, older.links, older.invoked), (0, None, None));
        assert_eq!(read("gatestack claims-2 sha256:aa"), None);
        assert_eq!(read("by hand"), None);
    }
}
