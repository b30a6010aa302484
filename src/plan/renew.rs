//! Computes a saved plan again. Its recorded changes, steps and consent are what was reviewed, so they are compared and never
//! executed: write access to the file includes its digest.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::{Change, How, Level, Moved, Plan, Problem, Saved, Step, moved, plan};
use crate::kinds::Observation;
use crate::model::{Address, Place};

/// Why a saved plan does not follow from its recorded inputs.
#[derive(Clone, Debug)]
pub enum Altered {
    /// The wanted resources can't come from a stack file, or another plan follows from them: what differs, by address.
    Differs(Vec<(Address, String)>),
    /// No plan follows from them.
    NoPlan(Vec<Problem>),
}

/// Why a saved plan doesn't follow from AWS's current state.
#[derive(Clone, Debug)]
pub enum Outdated {
    /// What moved since.
    Moved(Vec<Moved>),
    /// There is no plan any more.
    NoPlan(Vec<Problem>),
}

impl Saved {
    /// The plan that follows from the recorded inputs, which must be the recorded one.
    ///
    /// # Errors
    /// It is another one, or there is none.
    pub fn replanned(&self) -> Result<Plan, Altered> {
        let incoherences = self.desired.incoherences();
        if !incoherences.is_empty() {
            return Err(Altered::Differs(incoherences));
        }
        let anew = plan(&self.desired, &self.observation, &self.inputs.options())
            .map_err(Altered::NoPlan)?;
        let differences = differences(&self.plan, &anew);
        if differences.is_empty() {
            Ok(anew)
        } else {
            Err(Altered::Differs(differences))
        }
    }

    /// The same plan from AWS's current state: the one to execute.
    ///
    /// # Errors
    /// Something changed, or another plan follows from it.
    pub fn renewed(&self, recorded: &Plan, now: &Observation) -> Result<Plan, Outdated> {
        let moved = moved(recorded, &self.desired, &self.observation, now);
        if !moved.is_empty() {
            return Err(Outdated::Moved(moved));
        }
        let anew = plan(&self.desired, now, &self.inputs.options()).map_err(Outdated::NoPlan)?;
        let otherwise = otherwise(recorded, &anew);
        if otherwise.is_empty() {
            Ok(anew)
        } else {
            Err(Outdated::Moved(otherwise))
        }
    }
}

/// Every difference between a recorded plan and this one.
fn differences(recorded: &Plan, anew: &Plan) -> Vec<(Address, String)> {
    let steps = (ByAddress::of(recorded), ByAddress::of(anew));
    let mut found: Vec<(Address, String)> = addresses(recorded, anew)
        .into_iter()
        .filter_map(|address| {
            let what = match what_differs(recorded, anew, address) {
                Some(what) => what,
                None if value(&steps.0.steps(address)) == value(&steps.1.steps(address)) => {
                    return None;
                }
                None => "its steps are not those of the change that the plan shows",
            };
            Some((address.clone(), what.into()))
        })
        .collect();
    // The rest has no address: counts, notes, account and Region, the order of steps.
    if found.is_empty() && value(recorded) != value(anew) {
        let what = "its notes, counts or order of steps are not what comes of its wishes";
        found.push((Place::Stack.address(), what.into()));
    }
    found
}

fn what_differs(recorded: &Plan, anew: &Plan, address: &Address) -> Option<&'static str> {
    if value(&recorded.changes.get(address)) != value(&anew.changes.get(address)) {
        return Some("its change is not what comes of the wishes that the plan records");
    }
    (value(&recorded.missing_consent.get(address)) != value(&anew.missing_consent.get(address)))
        .then_some("the consent that it needs is not what the plan says")
}

/// Where a plan from the current state has other steps or warnings than the recorded one. Ids and unmanaged settings may differ:
/// where they matter, something changed.
fn otherwise(recorded: &Plan, anew: &Plan) -> Vec<Moved> {
    let changes = |plan: &Plan, address: &Address| {
        let reasons = Vec::new();
        plan.changes.get(address).map(|change| {
            value(&Change {
                reasons,
                ..change.clone()
            })
        })
    };
    let (of_recorded, of_anew) = (ByAddress::of(recorded), ByAddress::of(anew));
    let shapes = |of: &ByAddress<'_>, address: &Address| {
        let steps = of.steps(address).iter();
        steps
            .map(|step| (step.action(), step.carries.clone()))
            .collect::<Vec<_>>()
    };
    let kept = |plan: &Plan| plan.kept.iter().cloned().collect::<BTreeSet<_>>();
    let (kept_before, kept_now) = (kept(recorded), kept(anew));
    let none = BTreeSet::new();
    let warns_more = |address: &Address| {
        let before = of_recorded.warnings.get(address).unwrap_or(&none);
        let now = of_anew.warnings.get(address).unwrap_or(&none);
        !now.is_subset(before)
    };
    let how = |address: &Address| {
        if changes(recorded, address) != changes(anew, address) {
            return Some("planned anew, its change is another one");
        }
        if shapes(&of_recorded, address) != shapes(&of_anew, address) {
            return Some("planned anew, its change takes other steps");
        }
        if recorded.missing_consent.get(address) != anew.missing_consent.get(address) {
            return Some("planned anew, it needs another consent");
        }
        if kept_before.contains(address) != kept_now.contains(address) {
            return Some("planned anew, it is no longer decided whether it stays");
        }
        warns_more(address)
            .then_some("planned anew, there is a warning that the plan does not have")
    };
    addresses(recorded, anew)
        .into_iter()
        .filter_map(|address| {
            Some(Moved {
                address: address.clone(),
                how: How::PlannedOtherwise(how(address)?),
            })
        })
        .collect()
}

/// Every address in one of the two.
fn addresses<'a>(one: &'a Plan, other: &'a Plan) -> BTreeSet<&'a Address> {
    let of = |plan: &'a Plan| {
        let steps = plan.steps.iter().map(|step| &step.address);
        plan.changes
            .keys()
            .chain(steps)
            .chain(plan.missing_consent.keys())
            .chain(&plan.kept)
            .chain(plan.notes.iter().map(|note| &note.address))
    };
    of(one).chain(of(other)).collect()
}

/// The steps and the warnings of a plan by address: there may be tens of thousands of each.
struct ByAddress<'a> {
    steps: BTreeMap<&'a Address, Vec<&'a Step>>,
    warnings: BTreeMap<&'a Address, BTreeSet<&'a str>>,
}

impl<'a> ByAddress<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut by = Self {
            steps: BTreeMap::new(),
            warnings: BTreeMap::new(),
        };
        for step in &plan.steps {
            by.steps.entry(&step.address).or_default().push(step);
        }
        let warnings = plan.notes.iter();
        for note in warnings.filter(|note| note.level == Level::Warning) {
            let codes = by.warnings.entry(&note.address).or_default();
            codes.insert(&*note.code);
        }
        by
    }

    fn steps(&self, address: &Address) -> &[&'a Step] {
        self.steps.get(address).map_or(&[], Vec::as_slice)
    }
}

// Plans contain live resources, which can't be compared; their JSON can.
fn value(of: &impl Serialize) -> Option<Value> {
    serde_json::to_value(of).ok()
}
