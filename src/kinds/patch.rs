//! API Gateway's patches: JSON-Patch with paths that name a thing's members, and values that are always text.

use aws_sdk_apigateway::types::{Op, PatchOperation};

use super::Task;

/// Adds a field's patches to those of the one call, from the wanted and the live properties: the parts of an update of a resource
/// that API Gateway changes by one patch and that has no tags.
#[derive(Debug)]
pub struct Write<P: 'static>(pub fn(&mut Patches, &Task<'_, P>, &P));

impl<P> Clone for Write<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Write<P> {}

/// The patches of the fields that differ.
pub(super) fn written<P>(task: &Task<'_, P>, held: &P, changed: &[Write<P>]) -> Patches {
    let mut patches = Patches::default();
    for Write(write) in changed {
        write(&mut patches, task, held);
    }
    patches
}

/// The parts of an update of a resource that API Gateway changes by one patch, with separate calls for tags.
#[derive(Debug)]
pub enum Part<P: 'static> {
    /// Adds a field's patches to those of the one call, from the wanted and the live properties.
    Patch(fn(&mut Patches, &Task<'_, P>, &P)),
    /// The tags.
    Tags,
    /// No call: it changes by itself, and the next step waits.
    Wait,
}

impl<P> Clone for Part<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Part<P> {}

/// The patches of the fields that differ, and whether the tags differ.
pub(super) fn patches<P>(task: &Task<'_, P>, held: &P, changed: &[Part<P>]) -> (Patches, bool) {
    let (mut patches, mut tags) = (Patches::default(), false);
    for part in changed {
        match part {
            Part::Patch(write) => write(&mut patches, task, held),
            Part::Tags => tags = true,
            Part::Wait => {}
        }
    }
    (patches, tags)
}

/// The most operations that API Gateway takes in one call: it documents no limit, and the plug-in
/// serverless-api-gateway-throttling sends no more.
const MOST_IN_CALL: usize = 80;

/// The patches of one call.
#[derive(Debug, Default)]
pub struct Patches(Vec<PatchOperation>);

impl Patches {
    /// Sets a member.
    pub(super) fn replace(&mut self, path: impl Into<String>, value: impl ToString) {
        self.push(Op::Replace, path, Some(value.to_string()));
    }

    /// Adds an element to a member, or an entry to a map.
    pub(super) fn add(&mut self, path: impl Into<String>, value: impl ToString) {
        self.push(Op::Add, path, Some(value.to_string()));
    }

    /// Adds an element that is the end of the path itself.
    pub(super) fn add_member(&mut self, path: impl Into<String>) {
        self.push(Op::Add, path, None);
    }

    /// Removes an element of a member.
    pub(super) fn remove_value(&mut self, path: impl Into<String>, value: impl ToString) {
        self.push(Op::Remove, path, Some(value.to_string()));
    }

    /// Sets a member to nothing, where API Gateway takes no removal.
    pub(super) fn clear(&mut self, path: impl Into<String>) {
        self.push(Op::Replace, path, None);
    }

    /// Unsets a member.
    pub(super) fn remove(&mut self, path: impl Into<String>) {
        self.push(Op::Remove, path, None);
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The operations, in order, for as many calls as they need.
    pub(super) fn in_calls(self) -> impl Iterator<Item = Vec<PatchOperation>> {
        let mut rest = self.0.into_iter();
        std::iter::from_fn(move || {
            let call: Vec<_> = rest.by_ref().take(MOST_IN_CALL).collect();
            (!call.is_empty()).then_some(call)
        })
    }

    /// The operations, in order.
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
    fn many_operations_are_several_calls() {
        let calls = |count: usize| {
            let mut patches = Patches::default();
            (0..count).for_each(|number| patches.remove(format!("/{number}")));
            let calls = patches.in_calls();
            calls.map(|call| call.len()).collect::<Vec<_>>()
        };
        assert_eq!(calls(0), [0_usize; 0]);
        assert_eq!(calls(80), [80]);
        assert_eq!(calls(161), [80, 80, 1]);
    }

    #[test]
    fn a_segment_has_no_slash() {
        assert_eq!(segment("application/json~x"), "application~1json~0x");
    }
}
