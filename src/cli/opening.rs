//! Opens a stack with the values of variables from the command line, the environment and files.

use super::variables;
use crate::engine::{self, Behind, Calling, FirstLook, Invocation, Purpose, Session};
use crate::error::Error;
use crate::render::Ui;
use crate::stack::Checked;

/// Opens the stack.
///
/// # Errors
/// Those of [`Session::open`]; values of variables can't be read.
pub(super) async fn open(
    invocation: &Invocation,
    adopt: &[String],
    purpose: Purpose,
    first_look: FirstLook,
    ui: &mut Ui,
) -> Result<Session, Error> {
    let values = variables::given(invocation)?;
    Session::open(invocation, values, adopt, purpose, first_look, ui).await
}

/// Opens the stack to call it, or only its token endpoint without backends.
///
/// # Errors
/// Those of [`Calling::open`]; values of variables can't be read.
pub(super) async fn open_to_call(
    invocation: &Invocation,
    behind: Option<&Behind>,
    ui: &mut Ui,
) -> Result<Calling, Error> {
    let values = variables::given(invocation)?;
    Calling::open(invocation, values, behind, ui).await
}

/// Reads and checks the stack file, and prints warnings.
///
/// # Errors
/// Those of [`engine::load`]; values of variables can't be read.
pub(super) fn load(invocation: &Invocation, ui: &mut Ui) -> Result<Checked, Error> {
    engine::load(invocation, variables::given(invocation)?, ui)
}
