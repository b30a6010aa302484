//! Plans to render: from one stack file to another.

use std::collections::BTreeMap;

use crate::kinds::lookups::{Lookups, Subnet};
use crate::kinds::{Desired, Live, Observation};
use crate::model::{Address, OutputName};
use crate::plan::{Options, Plan, Problem, plan};
use crate::stack::{CodeReading, LoadSettings, Source, expand, load};

pub(crate) const EXAMPLE: &str = include_str!("../../examples/partner-api/stack.toml");

pub(crate) fn desired(text: &str) -> Desired {
    let settings = LoadSettings {
        vars: BTreeMap::new(),
        env: &|_| None,
        read: &|_, _| Ok("#!/bin/sh\n".into()),
        code: CodeReading::Needed(&|_| Ok(None)),
    };
    let checked = load(Source::new("stack.toml", text), &settings)
        .unwrap_or_else(|found| panic!("{found:#?}"));
    let subnet = |zone: &str| Subnet {
        zone: format!("ap-southeast-1{zone}"),
        id: format!("subnet-{zone}"),
        vpc: "vpc-1".into(),
        public: false,
    };
    let lookups = Lookups {
        subnets: vec![subnet("a"), subnet("b")],
        digests: checked.files.digests.clone(),
        functions: checked.files.functions.clone(),
        ..Lookups::default()
    };
    expand(&checked.file, "123456789012", Default::default(), &lookups)
}

/// An AWS in which this file was applied.
pub(crate) fn applied(text: &str) -> Observation {
    let live = |(address, wanted): (Address, crate::kinds::Wanted)| {
        let output = |name| (name, format!("{name:?}-of-{address}"));
        let outputs = [OutputName::Id, OutputName::Arn, OutputName::RootId]
            .map(output)
            .into();
        let live = Live {
            resource: wanted.resource,
            outputs,
            was: None,
            unmanaged: Vec::new(),
            notices: Vec::new(),
            only_a_mark: false,
            broken: None,
        };
        (address, live)
    };
    Observation {
        live: desired(text).resources.into_iter().map(live).collect(),
        ..Observation::default()
    }
}

pub(crate) fn planned(
    text: &str,
    observation: &Observation,
    options: &Options,
) -> Result<Plan, Vec<Problem>> {
    plan(&desired(text), observation, options)
}

pub(crate) fn example(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(EXAMPLE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the example has no {from:?}");
        text.replace(from, to)
    })
}
