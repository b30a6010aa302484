//! The code that a plan uploads: packed, or built, before its first step.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use aws_facts::runtimes::{self, Runtime};

use super::listener::{Listener, Notice};
use super::session::Session;
use super::stack_file::load_quietly;
use crate::code::{self, Code, CodeFault};
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::Resource;
use crate::kinds::function::{self, Part};
use crate::model::Place;
use crate::plan::{Operation, Plan, Problem};
use crate::stack::{Build, CodeReading, FunctionCode};

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
/// All that can't be built or packed, and builds that change what they read. Nothing was written then.
pub fn provide(session: &Session, plan: &Plan, listener: &mut dyn Listener) -> Result<(), Error> {
    let store = session.connection.payloads();
    let what = "the code of functions can't be uploaded; nothing was written";
    let mut fault = Fault::new(FaultKind::Absent, what);
    let mut is_faulty = false;
    let mut run = Commands::new();
    for step in &plan.steps {
        let sent = step.operation.payloads().into_iter();
        for (_, digest) in sent.filter(|(_, digest)| store.get(digest).is_none()) {
            // What else is missing was told when the plan was read.
            let Some(code) = session.codes.get(digest) else {
                continue;
            };
            match packed(code, &mut run, listener) {
                Ok(bytes) => store.put_as(digest, bytes),
                Err(CodeFault { what, help, output }) => {
                    is_faulty = true;
                    let about = fault.about(step.address.clone(), what);
                    fault = about.printed(output).hint(help);
                }
            }
        }
    }
    if is_faulty {
        return Err(fault.into());
    }
    match run.is_empty() {
        true => Ok(()),
        false => unchanged(session),
    }
}

/// The builds changed nothing that they read: the plan has the digest from before, and the next one would differ again.
fn unchanged(session: &Session) -> Result<(), Error> {
    let given = session.given.clone().into_iter();
    let given = given.map(|(name, value)| (name, value.into())).collect();
    let code = CodeReading::Needed(&Code::read);
    let now = load_quietly(&session.invocation, given, code)?.files.codes;
    let mut changed = session
        .codes
        .iter()
        .filter(|(digest, _)| !now.contains_key(*digest))
        .peekable();
    if changed.peek().is_none() {
        return Ok(());
    }
    let what = "files that builds read changed during the builds, so this plan is stale; nothing was written";
    let fault = changed.fold(Fault::new(FaultKind::Stale, what), |fault, (_, code)| {
        let address = Place::Function(code.key.clone()).address();
        fault.about(address, "its `sources` are other ones now")
    });
    Err(fault
        .hint("plan again; if that repeats, keep what the build writes out of `sources` with .gatestackignore")
        .into())
}

/// The commands that were run, each with its folder.
type Commands = BTreeSet<(String, PathBuf)>;

fn packed(
    code: &FunctionCode,
    run: &mut Commands,
    listener: &mut dyn Listener,
) -> Result<Vec<u8>, CodeFault> {
    let files = match (&code.files, &code.build) {
        (Some(files), _) => Arc::clone(files),
        (None, Some(build)) => Arc::new(built(&code.key, build, run, listener)?),
        (None, None) => unreachable!("code is there or made by a build"),
    };
    files.archive()
}

/// What a build makes. A command that makes the code of several functions is run once.
fn built(
    key: &str,
    build: &Build,
    run: &mut Commands,
    listener: &mut dyn Listener,
) -> Result<Code, CodeFault> {
    let command = (build.command.clone(), build.folder.clone());
    if !run.contains(&command) {
        listener.tell(Notice::Building(key, &build.command));
        code::build(&build.command, &build.folder, |line| {
            listener.tell(Notice::BuildLine(key, line));
        })?;
        run.insert(command);
    }
    if let Some(path) = build.makes.path().filter(|path| !path.exists()) {
        return Err(CodeFault {
            what: format!("the build `{}` did not make {}", build.command, path.display()),
            help: "`source` names what the build makes, relative to the stack file: correct it, or the build".to_owned(),
            output: Vec::new(),
        });
    }
    let made = Code::read(&build.makes)?.expect("a build makes files");
    let made = made.without(|path| build.own_files.contain(path));
    code::check_architecture(&made, &build.architecture)?;
    if let Some(runtime) = runtimes::runtime(&build.runtime) {
        code::handler(runtime, Some(&build.handler), Some(&made), build.has_layers)?;
    }
    Ok(made)
}
