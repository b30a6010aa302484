//! Which deployments of an API gatestack created, in which order, and what a stage with one of them serves.

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::{Deployment as LiveDeployment, Stage as LiveStage};
use jiff::Timestamp;

use super::{Description, Shows};

/// How many of our deployments are kept for rollbacks.
const KEPT: usize = 5;

/// The deployments of an API that gatestack created for a stack.
pub(super) struct Ours<'a>(pub(super) Vec<(&'a LiveDeployment, Description)>);

impl<'a> Ours<'a> {
    /// Ours of these, if a stage serves that one. A description can be copied: of several with one number the first is ours, and
    /// of those created in the same second the one that is not served, since ours was served when it was created. If several
    /// remain, it can't be decided.
    pub(super) fn of(deployments: &'a [LiveDeployment], stack: &str, served: Option<&str>) -> Self {
        let described = described(deployments, stack);
        let is_ours = |(live, ours): &(&LiveDeployment, Description)| {
            let same = || {
                let others = described.iter();
                others.filter(|(_, other)| ours.number != 0 && other.number == ours.number)
            };
            let first = same().map(|(live, _)| made(live)).min();
            let firsts = || same().filter(|(live, _)| Some(made(live)) == first);
            let unserved = || firsts().filter(|(live, _)| live.id.as_deref() != served);
            match (firsts().count(), unserved().count()) {
                (0, _) => true,
                (1, _) => Some(made(live)) == first,
                (_, 1) => Some(made(live)) == first && live.id.as_deref() != served,
                _ => false,
            }
        };
        Self(
            described
                .iter()
                .filter(|one| is_ours(one))
                .cloned()
                .collect(),
        )
    }

    /// gatestack's description of one, if it created it.
    pub(super) fn get(&self, id: Option<&str>) -> Option<&(&'a LiveDeployment, Description)> {
        self.0.iter().find(|(live, _)| live.id.as_deref() == id)
    }

    pub(super) fn newest(&self) -> Option<&(&'a LiveDeployment, Description)> {
        self.0.iter().max_by_key(|one| place(one))
    }
}

/// Every deployment with a description of gatestack for this stack, copies included.
pub(super) fn described<'a>(
    deployments: &'a [LiveDeployment],
    stack: &str,
) -> Vec<(&'a LiveDeployment, Description)> {
    let described = deployments.iter();
    described
        .filter_map(|live| Some((live, Description::of(live, stack)?)))
        .collect()
}

/// What a stage with this deployment serves.
pub(super) fn what_shows(
    deployments: &[LiveDeployment],
    stack: &str,
    served: &str,
    configured: &str,
    to_come: Option<&str>,
) -> Shows {
    let ours = Ours::of(deployments, stack, Some(served));
    let Some((live, description)) = ours.get(Some(served)) else {
        let mut deployments = deployments.iter();
        let live = deployments.find(|live| live.id.as_deref() == Some(served));
        return Shows::Unknown {
            deployment: served.to_owned(),
            made: live.map(made),
        };
    };
    if description.digest == configured {
        return Shows::Configured;
    }
    // Every deployment of ours was served when it was created, so if the stage serves an older one, it was rolled back; except
    // for one that was created for a stage that does not exist yet.
    let newest = ours
        .newest()
        .filter(|(_, ours)| to_come.is_none() || ours.first_of.as_deref() != to_come);
    match newest {
        Some((newest, _)) if newest.id != live.id => Shows::HeldBack {
            deployment: served.to_owned(),
            made: made(live),
        },
        _ => Shows::Behind,
    }
}

/// Our deployments beyond the newest ones, without those that a stage serves or has just served, for another rollback.
pub(super) fn outdated(ours: &Ours<'_>, stages: &[LiveStage], current: &str) -> Vec<String> {
    let served: BTreeSet<&str> = stages
        .iter()
        .filter_map(|live| live.deployment_id.as_deref())
        .chain(
            stages
                .iter()
                .filter_map(|live| live.canary_settings.as_ref()?.deployment_id.as_deref()),
        )
        .chain([current])
        .collect();
    let others = ours.0.iter();
    let mut others: Vec<_> = others
        .filter(|(live, _)| live.id.as_deref() != Some(current))
        .collect();
    others.sort_by_key(|one| std::cmp::Reverse(place(one)));
    others
        .iter()
        .skip(KEPT - 1)
        .filter_map(|(live, _)| live.id.clone())
        .filter(|id| !served.contains(id.as_str()))
        .collect()
}

/// The sort key of our deployments, oldest first. Numbers decide: AWS's dates have seconds, and several may be created in one.
/// Those without a number are older than all with one.
fn place((live, ours): &(&LiveDeployment, Description)) -> (u64, Timestamp) {
    (ours.number, made(live))
}

/// When a deployment was created, to the second.
pub(super) fn made(live: &LiveDeployment) -> Timestamp {
    let seconds = live.created_date.as_ref().map_or(0, |date| date.secs());
    Timestamp::from_second(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_sdk_apigateway::types::CanarySettings;
    use aws_smithy_types::DateTime;

    use super::*;

    fn deployment(id: &str, second: i64, description: &str) -> LiveDeployment {
        LiveDeployment::builder()
            .id(id)
            .created_date(DateTime::from_secs(second))
            .description(description)
            .build()
    }

    #[test]
    fn five_of_ours_stay_and_so_does_whatever_a_stage_serves() {
        let mut deployments: Vec<_> = (1..=9)
            .map(|n| deployment(&format!("d{n}"), n, &format!("gatestack claims sha256:{n}")))
            .collect();
        deployments.push(deployment("theirs", 0, "made by hand"));
        deployments.push(deployment("other", 0, "gatestack others sha256:1"));
        let stages = [
            LiveStage::builder()
                .stage_name("prod")
                .deployment_id("d3")
                .build(),
            LiveStage::builder()
                .stage_name("old")
                .deployment_id("d1")
                .canary_settings(CanarySettings::builder().deployment_id("d4").build())
                .build(),
        ];
        // d10 is the one just created; with d9 to d6 these are five. `prod` was pinned to d3.
        assert_eq!(
            outdated(&Ours::of(&deployments, "claims", None), &stages, "d10"),
            ["d5", "d2"]
        );
    }

    #[test]
    fn an_old_deployment_that_is_served_again_is_not_outdated() {
        let deployments: Vec<_> = (1..=7)
            .map(|n| deployment(&format!("d{n}"), n, &format!("gatestack claims sha256:{n}")))
            .collect();
        let ours = Ours::of(&deployments, "claims", None);
        assert_eq!(outdated(&ours, &[], "d1"), ["d3", "d2"]);
    }

    #[test]
    fn what_a_stage_shows_by_which_deployment_it_serves() {
        let deployments = [
            deployment("one", 1, "gatestack claims sha256:aa number:1"),
            deployment("two", 2, "gatestack claims sha256:bb number:2"),
            deployment("three", 2, "gatestack claims sha256:cc number:3"),
            deployment("theirs-before", 0, "by hand"),
            deployment("theirs-beside", 2, "by hand"),
            deployment("theirs-after", 3, "by hand"),
            deployment("other-stack", 4, "gatestack others sha256:cc number:9"),
        ];
        let shown = |id, configured| match what_shows(&deployments, "claims", id, configured, None)
        {
            Shows::HeldBack { deployment, .. } => format!("held back at {deployment}"),
            Shows::Unknown { deployment, made } => {
                format!(
                    "unknown {deployment} {}",
                    made.map_or(-1, |made| made.as_second())
                )
            }
            other => format!("{other:?}"),
        };
        for (served, configured, wanted) in [
            // The newest of ours.
            ("three", "cc", "Configured"),
            ("three", "dd", "Behind"),
            ("three", "aa", "Behind"),
            // An earlier one of ours, in the same second as the newest too.
            ("two", "cc", "held back at two"),
            ("one", "dd", "held back at one"),
            ("one", "aa", "Configured"),
            // A foreign one, whenever it was created and whatever is configured.
            ("theirs-before", "cc", "unknown theirs-before 0"),
            ("theirs-beside", "cc", "unknown theirs-beside 2"),
            ("theirs-after", "cc", "unknown theirs-after 3"),
            ("theirs-after", "dd", "unknown theirs-after 3"),
            ("other-stack", "cc", "unknown other-stack 4"),
            ("not-listed", "cc", "unknown not-listed -1"),
        ] {
            assert_eq!(shown(served, configured), wanted, "{served} {configured}");
        }
    }

    #[test]
    fn what_was_made_for_a_stage_to_come_leads_nobody_back() {
        let deployments = [
            deployment("served", 1, "gatestack claims sha256:aa number:1"),
            deployment("made", 2, "gatestack claims sha256:bb number:2 first-of:v2"),
        ];
        let shows = |to_come| what_shows(&deployments, "claims", "served", "bb", to_come);
        assert_eq!(shows(Some("v2")), Shows::Behind);
        for to_come in [None, Some("v3")] {
            assert!(
                matches!(shows(to_come), Shows::HeldBack { .. }),
                "{to_come:?}"
            );
        }
    }

    #[test]
    fn a_copied_description_is_not_ours() {
        let deployments = [
            deployment("first", 1, "gatestack claims sha256:aa number:1"),
            deployment("ours", 2, "gatestack claims sha256:bb number:2"),
            deployment("copy", 3, "gatestack claims sha256:bb number:2"),
            deployment("altered", 3, "gatestack claims sha256:00 number:2"),
            deployment("ours-too", 4, "gatestack claims sha256:cc number:3"),
            deployment("same-second", 4, "gatestack claims sha256:cc number:3"),
        ];
        let ours = |among: &[LiveDeployment], served| -> Vec<String> {
            let ours = Ours::of(among, "claims", Some(served)).0.into_iter();
            ours.filter_map(|(live, _)| live.id.clone()).collect()
        };
        for served in ["copy", "altered", "first", "ours"] {
            assert_eq!(ours(&deployments[..4], served), ["first", "ours"]);
        }
        let with = |last| ["first", "ours", last];
        assert_eq!(ours(&deployments, "same-second"), with("ours-too"));
        assert_eq!(ours(&deployments, "copy"), ["first", "ours"]);
        for served in ["copy", "altered", "same-second"] {
            let shows = what_shows(&deployments, "claims", served, "bb", None);
            assert!(matches!(shows, Shows::Unknown { .. }), "{shows:?}");
        }
    }

    #[test]
    fn numbers_sort_ours_whatever_the_clock_says() {
        let deployments = [
            deployment("late", 5, "gatestack claims sha256:aa number:1"),
            deployment("early", 4, "gatestack claims sha256:bb number:2"),
            deployment("before-numbers", 9, "gatestack claims sha256:cc"),
        ];
        let ours = Ours::of(&deployments, "claims", None);
        let (newest, _) = ours.newest().unwrap();
        assert_eq!(newest.id.as_deref(), Some("early"));
    }
}
