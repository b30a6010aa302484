//! The code that a plan uploads: packed, or built, before its first step.

use std::sync::Arc;

use aws_facts::runtimes::{self, Runtime};

use super::listener::{Listener, Notice};
use super::session::Session;
use crate::code::{self, Code, CodeFault};
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::Resource;
use crate::kinds::function::{self, Part};
use crate::plan::{Operation, Plan, Problem};
use crate::stack::{Build, FunctionCode};

/// The parts of an update that Lambda refuses for a runtime that has ended.
const SET_UP: &[Part] = &[Part::Code, Part::Configuration, Part::Environment];

/// What AWS would refuse of a plan on this day, `2026-11-30`: code that it uploads for a runtime that has ended.
pub(super) fn refusals(plan: &Plan, day: &str) -> Vec<Problem> {
    let refused = plan.steps.iter().filter_map(|step| {
        let (want, what, is_blocked): (_, _, fn(&Runtime, &str) -> bool) = match &step.operation {
            Operation::Create(Resource::Function(want)) => {
                (want, "makes no function", Runtime::blocks_creates)
            }
            Operation::Update {
                want: Resource::Function(want),
                fields,
                ..
            } if function::has_part(fields, SET_UP) => {
                (want, "changes no function", Runtime::blocks_updates)
            }
            _ => return None,
        };
        let runtime = runtimes::runtime(&want.runtime)?;
        is_blocked(runtime, day).then(|| Problem {
            address: step.address.clone(),
            what: format!("Lambda {what} with the runtime {} any more", runtime.id),
            help: format!(
                "move to {}, and see that the code runs with it",
                runtime.newest().id
            ),
        })
    });
    refused.collect()
}

/// Packs the code of the functions that a plan creates or changes, for the connection's writers; what a build makes is built first.
///
/// # Errors
/// All that can't be built or packed. Nothing was written then.
pub(super) fn provide(
    session: &Session,
    plan: &Plan,
    listener: &mut dyn Listener,
) -> Result<(), Error> {
    let store = session.connection.payloads();
    let what = "the code of functions can't be uploaded; nothing was written";
    let mut fault = Fault::new(FaultKind::Absent, what);
    let mut is_faulty = false;
    for step in &plan.steps {
        let sent = step.operation.payloads().into_iter();
        for (_, digest) in sent.filter(|(_, digest)| store.get(digest).is_none()) {
            // What else is missing was told when the plan was read.
            let Some(code) = session.codes.get(digest) else {
                continue;
            };
            match packed(code, listener) {
                Ok(bytes) => store.put_as(digest, bytes),
                Err(CodeFault { what, help, output }) => {
                    is_faulty = true;
                    let what = match output.is_empty() {
                        true => what,
                        false => format!("{what}:\n{}", output.join("\n")),
                    };
                    fault = fault.about(step.address.clone(), what).hint(help);
                }
            }
        }
    }
    match is_faulty {
        true => Err(fault.into()),
        false => Ok(()),
    }
}

fn packed(code: &FunctionCode, listener: &mut dyn Listener) -> Result<Vec<u8>, CodeFault> {
    let files = match (&code.files, &code.build) {
        (Some(files), _) => Arc::clone(files),
        (None, Some(build)) => Arc::new(built(&code.key, build, listener)?),
        (None, None) => unreachable!("code is there or made by a build"),
    };
    files.archive()
}

/// What a build makes.
fn built(key: &str, build: &Build, listener: &mut dyn Listener) -> Result<Code, CodeFault> {
    listener.tell(Notice::Building(key, &build.command));
    code::build(&build.command, &build.folder, |line| {
        listener.tell(Notice::BuildLine(key, line));
    })?;
    let made = Code::read(&build.makes)?.expect("a build makes files");
    code::check_architecture(&made, &build.architecture)?;
    if let Some(runtime) = runtimes::runtime(&build.runtime) {
        code::handler(runtime, Some(&build.handler), Some(&made), build.has_layers)?;
    }
    Ok(made)
}
