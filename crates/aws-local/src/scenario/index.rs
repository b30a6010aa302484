//! The past states for a tagging API whose index lags.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::TaggingIndex;
use crate::state::State;

/// Past states, oldest first, as far as the index needs them. Copies of a state share what did not change.
#[derive(Clone, Debug)]
pub(crate) struct TaggedStates {
    rule: TaggingIndex,
    states: VecDeque<(Timestamp, State)>,
}

impl TaggedStates {
    /// An index that starts with this state, which counts as old.
    pub(crate) fn starting_with(rule: TaggingIndex, state: State) -> Self {
        let first = match rule {
            TaggingIndex::Empty => State::default(),
            TaggingIndex::Frozen | TaggingIndex::Behind(_) => state,
        };
        Self {
            rule,
            states: VecDeque::from([(Timestamp::MIN, first)]),
        }
    }

    /// Adds the state after a change.
    pub(crate) fn changed(&mut self, now: Timestamp, state: State) {
        if matches!(self.rule, TaggingIndex::Behind(_)) {
            self.states.push_back((now, state));
            self.forget(now);
        }
    }

    /// The index's current state.
    pub(crate) fn known(&mut self, now: Timestamp) -> State {
        self.forget(now);
        self.states
            .front()
            .map(|(_, state)| state.clone())
            .unwrap_or_default()
    }

    /// Drops the states that a later visible one supersedes.
    fn forget(&mut self, now: Timestamp) {
        let TaggingIndex::Behind(by) = self.rule else {
            return;
        };
        while self
            .states
            .get(1)
            .is_some_and(|(made, _)| *made + by <= now)
        {
            self.states.pop_front();
        }
    }
}
