//! The secrets in environments of functions: read for the functions that a plan creates or whose environment it changes, before its
//! first step.

use super::given_values::value;
use super::session::Session;
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::Resource;
use crate::kinds::function::{self, Part, Variable};
use crate::plan::{Operation, Plan};

/// Reads them for the connection's writers.
///
/// # Errors
/// Every value that can't be read. Nothing was written then.
pub(super) async fn read(session: &Session, plan: &Plan) -> Result<(), Error> {
    let credentials = session.connection.credentials();
    let written = plan.steps.iter().filter_map(|step| match &step.operation {
        Operation::Create(Resource::Function(want)) => Some((&step.address, want)),
        Operation::Update {
            want: Resource::Function(want),
            fields,
            ..
        } if function::has_part(fields, &[Part::Environment]) => Some((&step.address, want)),
        _ => None,
    });
    let what = "values of functions' environments can't be used; nothing was written";
    let mut fault = Fault::new(FaultKind::Absent, what);
    let mut is_bad = false;
    let store = session.connection.given_secrets();
    for (address, want) in written {
        for source in want.environment.values().filter_map(Variable::source) {
            if store.get(source).is_some() {
                continue;
            }
            match value(session, &credentials, source).await {
                Ok(secret) => store.put(source, secret),
                Err((what, help)) => {
                    is_bad = true;
                    fault = fault.about(address.clone(), what).hint(help);
                }
            }
        }
    }
    match is_bad {
        true => Err(fault.into()),
        false => Ok(()),
    }
}
