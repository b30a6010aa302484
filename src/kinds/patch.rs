//! API Gateway's patches: JSON-Patch with paths that name a thing's members, and values that are always text.

use aws_facts::limits::apigateway::MOST_PATCH_OPERATIONS;
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

    /// The operations, in order, for as many calls as they need. The rate and the burst of a throttle are in the same one: between two
    /// calls, or if the second one fails, callers would have the rate of one throttle and the burst of another.
    pub(super) fn in_calls(self) -> impl Iterator<Item = Vec<PatchOperation>> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let mut most = MOST_PATCH_OPERATIONS.min(rest.len());
            if most < rest.len() && are_one_throttle(&rest[most - 1], &rest[most]) {
                most -= 1;
            }
            let later = rest.split_off(most);
            let call = std::mem::replace(&mut rest, later);
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

/// Whether an operation sets the rate of a throttle, and the next one its burst.
fn are_one_throttle(one: &PatchOperation, next: &PatchOperation) -> bool {
    let of = |operation: &PatchOperation, member: &str| {
        let path = operation.path.as_deref()?;
        path.strip_suffix(member).map(str::to_owned)
    };
    let throttle = of(one, "/rateLimit");
    throttle.is_some() && throttle == of(next, "/burstLimit")
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
    fn a_throttle_is_in_one_call() {
        let mut patches = Patches::default();
        patches.replace("/name", "slow");
        for number in 0..60 {
            patches.replace(format!("/{number}/rateLimit"), 1);
            patches.replace(format!("/{number}/burstLimit"), 2);
        }
        let calls: Vec<_> = patches.in_calls().collect();
        let ends: Vec<_> = calls
            .iter()
            .map(|call| (call.len(), call[0].path.as_deref().unwrap()))
            .collect();
        assert_eq!(ends, [(79, "/name"), (42, "/39/rateLimit")]);
    }

    #[test]
    fn a_segment_has_no_slash() {
        assert_eq!(segment("application/json~x"), "application~1json~0x");
    }
}
