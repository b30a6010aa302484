//! API Gateway's patches: JSON-Patch with paths that name a thing's members, and values that are always text.

use aws_sdk_apigateway::types::{Op, PatchOperation};

/// The patches of one call.
#[derive(Debug, Default)]
pub(super) struct Patches(Vec<PatchOperation>);

impl Patches {
    /// Sets a member.
    pub(super) fn replace(&mut self, path: impl Into<String>, value: impl ToString) {
        self.push(Op::Replace, path, Some(value.to_string()));
    }

    /// Adds an element to a member, or an entry to a map.
    pub(super) fn add(&mut self, path: impl Into<String>, value: impl ToString) {
        self.push(Op::Add, path, Some(value.to_string()));
    }

    /// Takes an element out of a member.
    pub(super) fn remove_value(&mut self, path: impl Into<String>, value: impl ToString) {
        self.push(Op::Remove, path, Some(value.to_string()));
    }

    /// Unsets a member.
    pub(super) fn remove(&mut self, path: impl Into<String>) {
        self.push(Op::Remove, path, None);
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What to send, in the order in which it was written down.
    pub(super) fn operations(self) -> Option<Vec<PatchOperation>> {
        Some(self.0)
    }

    fn push(&mut self, op: Op, path: impl Into<String>, value: Option<String>) {
        self.0.push(
            PatchOperation::builder()
                .op(op)
                .path(path)
                .set_value(value)
                .build(),
        );
    }
}

/// A name as one segment of a patch's path.
pub(super) fn segment(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_no_slash() {
        assert_eq!(segment("application/json~x"), "application~1json~0x");
    }
}
