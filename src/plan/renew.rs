//! A saved plan, planned anew. What it records as changes, steps and consent is what its reader saw, so it is compared and never
//! carried out: anybody who can write the file can write its digest too.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::{Change, How, Level, Moved, Plan, Problem, Saved, Step, moved, plan};
use crate::kinds::Observation;
use crate::model::Address;

/// Why a saved plan does not follow from the wishes and the look at AWS that it records.
#[derive(Clone, Debug)]
pub enum Altered {
    /// The wishes can't have come from a stack file, or another plan comes of them: what differs, by address.
    Differs(Vec<(Address, String)>),
    /// No plan comes of them.
    NoPlan(Vec<Problem>),
}

/// Why a saved plan can't be made again from a new look at AWS.
#[derive(Clone, Debug)]
pub enum Outdated {
    /// What moved since.
    Moved(Vec<Moved>),
    /// There is no plan any more.
    NoPlan(Vec<Problem>),
}

impl Saved {
    /// The plan that comes of what is recorded, which is the recorded one.
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

    /// The same plan from a new look at AWS: the one to carry out.
    ///
    /// # Errors
    /// Something moved, or another plan comes of it.
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

/// Everything in which a recorded plan is another one than this.
fn differences(recorded: &Plan, anew: &Plan) -> Vec<(Address, String)> {
    let mut found: Vec<(Address, String)> = addresses(recorded, anew)
        .into_iter()
        .filter_map(|address| {
            Some((
                address.clone(),
                what_differs(recorded, anew, address)?.into(),
            ))
        })
        .collect();
    // The rest has no address: counts, notes, where the stack is, in which order the steps stand.
    if found.is_empty() && value(recorded) != value(anew) {
        let what = "its notes, counts or order of steps are not what comes of its wishes";
        found.push((Address::new("stack"), what.into()));
    }
    found
}

fn what_differs(recorded: &Plan, anew: &Plan, address: &Address) -> Option<&'static str> {
    if value(&recorded.changes.get(address)) != value(&anew.changes.get(address)) {
        return Some("its change is not what comes of the wishes that the plan records");
    }
    if value(&steps(recorded, address)) != value(&steps(anew, address)) {
        return Some("its steps are not those of the change that the plan shows");
    }
    (value(&recorded.missing_consent.get(address)) != value(&anew.missing_consent.get(address)))
        .then_some("the consent that it needs is not what the plan says")
}

/// In which a plan from a new look does other things than the recorded one, or hurts in other ways. Ids and settings that the
/// file does not manage may be told differently: where they matter, something moved.
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
    let shapes = |plan: &Plan, address: &Address| {
        let shape = |step: &Step| (step.action(), step.carries.clone());
        steps(plan, address)
            .into_iter()
            .map(shape)
            .collect::<Vec<_>>()
    };
    let warnings = |plan: &Plan, address: &Address| {
        let notes = plan.notes.iter();
        let of_this = notes.filter(|note| note.level == Level::Warning && note.address == *address);
        of_this
            .map(|note| note.code.clone())
            .collect::<BTreeSet<_>>()
    };
    let how = |address: &Address| {
        if changes(recorded, address) != changes(anew, address) {
            return Some("planned anew, its change is another one");
        }
        if shapes(recorded, address) != shapes(anew, address) {
            return Some("planned anew, its change takes other steps");
        }
        if recorded.missing_consent.get(address) != anew.missing_consent.get(address) {
            return Some("planned anew, it needs another consent");
        }
        if recorded.kept.contains(address) != anew.kept.contains(address) {
            return Some("planned anew, it is no longer decided whether it stays");
        }
        (!warnings(anew, address).is_subset(&warnings(recorded, address)))
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

/// Everything that one of the two says something of.
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

fn steps<'a>(plan: &'a Plan, address: &Address) -> Vec<&'a Step> {
    let steps = plan.steps.iter();
    steps.filter(|step| step.address == *address).collect()
}

// Plans hold live things, which have no equality of their own; what is written of them has.
fn value(of: &impl Serialize) -> Option<Value> {
    serde_json::to_value(of).ok()
}
