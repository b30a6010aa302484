//! Checks by reading AWS.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan as _};

use super::case::{CheckName, Checked, Difference, Outcome};
use super::probe::is_temporary;
use crate::aws::{AwsError, Reader};
use crate::kinds::deployment::{self, Shows};
use crate::kinds::{Desired, Observation, Resource};
use crate::model::{Address, OutputName, Place, Value};
use crate::plan::{self, Action, Change};

/// When a certificate's expiry gets a remark: ACM renews its own sixty days before.
const EXPIRES_SOON_DAYS: i64 = 30;

/// Whether AWS has what the file says, and the stage serves it: each planned change is a difference, and so is what the file uses
/// of other stacks and AWS does not have.
pub fn applied(
    desired: &Desired,
    observation: &Observation,
    absent: impl Iterator<Item = (Address, Difference)>,
) -> Vec<Checked> {
    let different = |(about, difference)| Checked {
        outcome: Outcome::Different(vec![difference]),
        ..passed(CheckName::Applied, &about)
    };
    let absent = absent.map(different);
    let plan = match plan::plan(desired, observation, &plan::Options::default()) {
        Ok(plan) => plan,
        Err(problems) => {
            let problems = problems.into_iter().map(|problem| {
                let (what, help) = (problem.what, problem.help);
                different((problem.address, Difference { what, help }))
            });
            return absent.chain(problems).collect();
        }
    };
    let (left, changes): (Vec<_>, Vec<_>) = plan
        .changes
        .iter()
        .partition(|(address, _)| is_temporary(address));
    // A plan redeploys for every change. That is no difference of the stage itself as long as it serves the current
    // configuration.
    let shows = deployment::shows(observation);
    let as_configured = shows == Some(&Shows::Configured);
    let changes = changes
        .into_iter()
        .filter(|(_, change)| !(change.kind.snapshot && as_configured))
        .map(|(address, change)| differs(address, change, shows));
    let mut checked: Vec<Checked> = absent.chain(changes).collect();
    checked.extend(left.into_iter().map(|(address, _)| Checked {
        remarks: vec![
            "an earlier `verify --probe` died before it removed this; the next one does".into(),
        ],
        ..passed(CheckName::Applied, address)
    }));
    checked.extend(plan.kept.iter().map(|address| Checked {
        remarks: vec![
            "it is no longer in the file, and stays until --allow-delete names it".into(),
        ],
        ..passed(CheckName::Applied, address)
    }));
    let elsewhere = plan.notes.iter();
    let elsewhere = elsewhere.filter(|note| [plan::BESIDE, plan::CANARY].contains(&&*note.code));
    checked.extend(elsewhere.map(|note| Checked {
        outcome: Outcome::Different(vec![Difference {
            what: note.text.clone(),
            help: "calls may reach another API there than the file says".into(),
        }]),
        ..passed(CheckName::Deployed, &note.address)
    }));
    for (name, about) in [
        (CheckName::Applied, Place::Stack.address()),
        (CheckName::Deployed, Place::Deployment.address()),
    ] {
        let differs = |one: &Checked| one.name == name && one.outcome != Outcome::Passed;
        let exists = name == CheckName::Applied || desired.resources.contains_key(&about);
        if exists && !checked.iter().any(differs) {
            checked.push(passed(name, &about));
        }
    }
    checked
}

fn passed(name: CheckName, about: &Address) -> Checked {
    Checked {
        name,
        about: about.clone(),
        outcome: Outcome::Passed,
        fields: Vec::new(),
        remarks: Vec::new(),
    }
}

fn differs(address: &Address, change: &Change, shows: Option<&Shows>) -> Checked {
    let kind = change.kind;
    let meaning = kind.when_different;
    let title = kind.title;
    let what = match (change.action, shows) {
        (_, Some(Shows::Unknown { deployment, .. })) if kind.snapshot => {
            format!("the stage serves deployment {deployment}, which gatestack did not make")
        }
        _ if kind.snapshot => {
            let why = change.fields.iter().find_map(|field| match &field.before {
                Value::Text(why) => Some(format!(": {why}")),
                _ => None,
            });
            format!(
                "the stage is behind its configuration{}",
                why.unwrap_or_default()
            )
        }
        (Action::Create, _) => format!("AWS has no such {title}"),
        (Action::Delete, _) => format!("AWS has this {title}, and the file has not"),
        (Action::Update | Action::Replace, _) => {
            format!("AWS has another {title} than the file")
        }
    };
    Checked {
        name: if kind.snapshot {
            CheckName::Deployed
        } else {
            CheckName::Applied
        },
        about: address.clone(),
        outcome: Outcome::Different(vec![Difference {
            what,
            help: match change.action {
                _ if matches!(shows, Some(Shows::Unknown { .. })) && kind.snapshot => {
                    "it may serve anything: apply the file to deploy what it says, or go back with `gatestack rollback`"
                        .into()
                }
                Action::Delete => {
                    format!("apply the file to delete this {title}, or write it down")
                }
                _ => format!("{meaning}; apply the file, or write down what AWS has"),
            },
        }]),
        fields: match change.action {
            Action::Update | Action::Replace if !kind.snapshot => change.fields.clone(),
            _ => Vec::new(),
        },
        remarks: Vec::new(),
    }
}

/// Whether the API's custom domains are ready, and how long their certificates are valid.
///
/// # Errors
/// A read failed.
pub async fn domains(
    reader: &Reader,
    desired: &Desired,
    observation: &Observation,
    now: Timestamp,
) -> Result<Vec<Checked>, AwsError> {
    let book = observation.book();
    let mut domains: BTreeMap<String, Address> = BTreeMap::new();
    let mut certificates: BTreeSet<(String, Address)> = BTreeSet::new();
    for (address, wanted) in &desired.resources {
        match &wanted.resource {
            Resource::ApiDomain(props) => {
                domains.insert(props.name.clone(), address.clone());
            }
            Resource::BasePathMapping(props) => {
                if let Some(domain) = props.domain.resolve(&book) {
                    domains.entry(domain).or_insert_with(|| address.clone());
                }
            }
            Resource::UserPoolDomain(props) if book.get(address, OutputName::Id).is_some() => {
                let arn = props
                    .certificate
                    .as_ref()
                    .and_then(|arn| arn.resolve(&book));
                certificates.extend(arn.map(|arn| (arn, address.clone())));
            }
            _ => {}
        }
    }
    let mut checked = Vec::new();
    if !domains.is_empty() {
        let all = reader.domain_names().await?;
        for (name, address) in domains {
            let live = all
                .iter()
                .find(|live| live.domain_name.as_deref() == Some(&name));
            let status = live
                .and_then(|live| live.domain_name_status.as_ref())
                .map_or("gone", |status| status.as_str());
            checked.push(domain(&name, &address, status));
            let arn = live.and_then(|live| live.regional_certificate_arn.clone());
            certificates.extend(arn.map(|arn| (arn, address)));
        }
    }
    for (arn, address) in certificates {
        let found = reader.certificate(&arn).await?;
        let status = found
            .as_ref()
            .and_then(|found| found.status.as_ref())
            .map_or("gone", |status| status.as_str());
        let until = found
            .as_ref()
            .and_then(|found| found.not_after.as_ref())
            .and_then(|until| Timestamp::from_second(until.secs()).ok());
        checked.push(certificate(&address, status, until, now));
    }
    Ok(checked)
}

fn domain(name: &str, address: &Address, status: &str) -> Checked {
    let outcome = match status {
        "AVAILABLE" => Outcome::Passed,
        "gone" => Outcome::Different(vec![Difference {
            what: format!("API Gateway has no domain {name}"),
            help:
                "apply the file to make it again, and check that its DNS record points to the new one"
                    .into(),
        }]),
        status => Outcome::Different(vec![Difference {
            what: format!("the domain {name} is {status}"),
            help: "wait until API Gateway says AVAILABLE, which takes up to a quarter of an hour"
                .into(),
        }]),
    };
    Checked {
        outcome,
        ..passed(CheckName::Domain, address)
    }
}

fn certificate(
    address: &Address,
    status: &str,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Checked {
    let over = until.is_some_and(|until| until <= now);
    let different = |what: String| {
        Outcome::Different(vec![Difference {
            what,
            help: "callers are refused before they reach the API: name a valid certificate in the file and apply it".into(),
        }])
    };
    let outcome = match status {
        _ if over => {
            let on = until.map_or_else(String::new, |until| format!(" on {}", day(until)));
            different(format!("the certificate expired{on}"))
        }
        "ISSUED" => Outcome::Passed,
        "gone" => different("ACM has no such certificate any more".into()),
        status => different(format!("the certificate is {status}, not ISSUED")),
    };
    let soon = (EXPIRES_SOON_DAYS * 24).hours();
    let remarks = until
        .filter(|until| !over && now.checked_add(soon).is_ok_and(|soon| *until <= soon))
        .map(|until| format!("the certificate expires on {}", day(until)))
        .into_iter()
        .collect();
    Checked {
        outcome,
        remarks,
        ..passed(CheckName::Certificate, address)
    }
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate_until(status: &str, until: &str) -> Checked {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let until = format!("{until}T00:00:00Z").parse().unwrap();
        certificate(&Address::new("api.domain"), status, Some(until), now)
    }

    #[test]
    fn a_certificate_is_valid_for_a_while() {
        let told =
            |checked: &Checked| (checked.outcome == Outcome::Passed, checked.remarks.clone());
        assert_eq!(
            told(&certificate_until("ISSUED", "2027-06-01")),
            (true, vec![])
        );
        assert_eq!(
            told(&certificate_until("ISSUED", "2026-12-10")),
            (
                true,
                vec!["the certificate expires on 2026-12-10".to_owned()]
            )
        );
        assert_eq!(
            told(&certificate_until("EXPIRED", "2026-11-20")),
            (false, vec![])
        );
        assert_eq!(
            told(&certificate_until("REVOKED", "2027-06-01")),
            (false, vec![])
        );
    }
}
