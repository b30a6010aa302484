//! The code that a plan uploads: packed, or built, before its first step.

use super::listener::{Listener, Notice};
use super::session::Session;
use crate::code::{self, Code, CodeFault};
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::{Resource, function};
use crate::model::{Address, Place};
use crate::plan::{Operation, Plan};
use crate::stack::FunctionCode;

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
    let mut faults: Vec<(Address, CodeFault)> = Vec::new();
    for digest in uploaded(plan) {
        if store.get(digest).is_some() {
            continue;
        }
        let Some(code) = session.codes.get(digest) else {
            continue;
        };
        match packed(code, listener) {
            Ok(bytes) => store.put_as(digest, bytes),
            Err(fault) => {
                let address = Place::Function(code.key.clone()).address();
                faults.push((address, fault));
            }
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let what = "the code of functions can't be uploaded; nothing was written";
    let fault = faults.into_iter().fold(
        Fault::new(FaultKind::Absent, what),
        |fault, (address, CodeFault { what, help, output })| {
            let fault = match output.is_empty() {
                true => fault.about(address, what),
                false => fault.about(address, format!("{what}:\n{}", output.join("\n"))),
            };
            fault.hint(help)
        },
    );
    Err(fault.into())
}

/// The digests of the code that a plan uploads.
fn uploaded(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.steps.iter().filter_map(|step| match &step.operation {
        Operation::Create(Resource::Function(want)) => Some(want.code.as_str()),
        Operation::Update {
            want: Resource::Function(want),
            fields,
            ..
        } if fields.iter().any(|field| function::is_of_code(field)) => Some(want.code.as_str()),
        _ => None,
    })
}

fn packed(code: &FunctionCode, listener: &mut dyn Listener) -> Result<Vec<u8>, CodeFault> {
    let built;
    let files = match (&code.files, &code.build) {
        (Some(files), _) => &**files,
        (None, Some(build)) => {
            listener.tell(Notice::Building(&code.key, &build.command));
            code::build(&build.command, &build.folder, |line| {
                listener.tell(Notice::BuildLine(&code.key, line));
            })?;
            let made = Code::read(&build.makes)?;
            let made = made.expect("a build makes files");
            code::check_architecture(&made, &build.architecture)?;
            let runtime = aws_facts::runtimes::runtime(&build.runtime);
            if let Some(runtime) = runtime {
                code::handler(runtime, build.handler.as_deref(), Some(&made), false)?;
            }
            built = made;
            &built
        }
        (None, None) => unreachable!("code is there or made by a build"),
    };
    Ok(files.archive()?.bytes)
}
