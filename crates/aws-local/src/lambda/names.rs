//! How calls name a function: by name, ARN or partial ARN, with a qualifier in it or beside it.

use std::sync::LazyLock;

use regex::Regex;

use super::super::members::optional;
use super::super::operation::{Call, Refusal};
use super::super::state::Region;
use super::state::{Configuration, Function, LATEST};
use super::{invalid, no_function, not_found};

/// The parts of a name. The model's pattern was checked before.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\A(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:((?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_.]+)(?::(.+))?\z",
    )
    .expect("it is a pattern")
});

/// The function that a call is about.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: String,
    /// A version or an alias.
    pub(super) qualifier: Option<String>,
}

impl Named {
    /// From `FunctionName` and, where the operation has it, `Qualifier`.
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        let text = call.text("FunctionName");
        let parts = NAME.captures(text).ok_or_else(|| no_function(text))?;
        let part = |at: usize| parts.get(at).map(|part| part.as_str());
        if let Some(region) = part(1).filter(|region| *region != call.region) {
            let here = &call.region;
            return Err(not_found(format!(
                "Functions from '{region}' are not reachable in this region ('{here}')"
            )));
        }
        if part(2).is_some_and(|account| account != call.account) {
            // AWS says nothing more.
            return Err(Refusal::new(403, "AccessDeniedException", ""));
        }
        let own = part(4);
        let beside = optional(&call.input, "Qualifier");
        if let (Some(own), Some(beside)) = (own, beside)
            && own != beside
        {
            return Err(invalid(
                "The derived qualifier from the function name does not match the specified qualifier.",
            ));
        }
        Ok(Self {
            name: part(3).unwrap_or_default().to_owned(),
            qualifier: own.or(beside).map(str::to_owned),
        })
    }

    /// The same for an operation that is about functions as a whole.
    pub(super) fn unqualified(call: &Call) -> Result<Self, Refusal> {
        let named = Self::of(call)?;
        if named.qualifier.is_some() {
            return Err(invalid(
                "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.",
            ));
        }
        Ok(named)
    }

    /// The ARN of the function.
    pub(super) fn arn(&self, call: &Call) -> String {
        arn(call, &self.name, None)
    }

    /// The ARN with the qualifier.
    pub(super) fn qualified_arn(&self, call: &Call) -> String {
        arn(call, &self.name, self.qualifier.as_deref())
    }

    /// The function, whatever the qualifier.
    pub(super) fn function<'r>(
        &self,
        region: &'r Region,
        call: &Call,
    ) -> Result<&'r Function, Refusal> {
        let found = region.lambda.functions.get(&self.name);
        found.ok_or_else(|| no_function(&self.arn(call)))
    }

    pub(super) fn function_mut<'r>(
        &self,
        region: &'r mut Region,
        call: &Call,
    ) -> Result<&'r mut Function, Refusal> {
        let found = region.lambda.functions.get_mut(&self.name);
        found.ok_or_else(|| no_function(&self.arn(call)))
    }

    /// What the qualifier leads to.
    pub(super) fn configuration<'r>(
        &self,
        region: &'r Region,
        call: &Call,
    ) -> Result<(&'r Function, &'r Configuration), Refusal> {
        let missing = || no_function(&self.qualified_arn(call));
        let function = region
            .lambda
            .functions
            .get(&self.name)
            .ok_or_else(missing)?;
        let found = function.configuration(self.qualifier.as_deref());
        found.map(|found| (function, found)).ok_or_else(missing)
    }

    /// Whether the qualifier can only be the name of an alias.
    pub(super) fn is_alias(&self) -> bool {
        self.qualifier.as_deref().is_some_and(is_alias)
    }
}

/// Whether a qualifier can only be the name of an alias.
pub(super) fn is_alias(qualifier: &str) -> bool {
    qualifier != LATEST && !qualifier.contains('$') && qualifier.parse::<u64>().is_err()
}

/// The ARN of a function, a version or an alias.
pub(super) fn arn(call: &Call, name: &str, qualifier: Option<&str>) -> String {
    match qualifier {
        None => call.arn("lambda", format_args!("function:{name}")),
        Some(qualifier) => call.arn("lambda", format_args!("function:{name}:{qualifier}")),
    }
}
