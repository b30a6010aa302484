//! Which step may start: each as soon as everything it needs is done, one at a time in each lane. The cost is linear in the steps
//! and edges.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::Lane;
use crate::plan::{Operation, Step};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
}

/// A step for the schedule.
#[derive(Clone, Copy, Debug)]
struct Entry {
    lane: Option<Lane>,
    /// Whether it only polls.
    settles: bool,
    state: State,
    /// How many of the steps that it needs are not done yet.
    open: usize,
}

/// The steps of a plan by index, and their progress.
#[derive(Debug)]
pub(super) struct Schedule {
    entries: Vec<Entry>,
    /// By step, those that need it, in their order.
    users: Vec<Vec<usize>>,
    /// The steps that can start, by lane.
    ready: BTreeMap<Option<Lane>, BTreeSet<usize>>,
    taken: BTreeSet<Lane>,
    running: BTreeSet<usize>,
    busy: usize,
    /// How many steps were visited so far.
    #[cfg(test)]
    looks: std::cell::Cell<usize>,
}

impl Schedule {
    pub(super) fn new(steps: &[Step]) -> Self {
        let settles = |step: &Step| matches!(step.operation, Operation::Settle(_));
        Self::of(
            steps
                .iter()
                .map(|step| (&step.needs, step.lane, settles(step))),
        )
    }

    fn of<'a>(
        steps: impl Iterator<Item = (&'a BTreeSet<usize>, Option<Lane>, bool)> + Clone,
    ) -> Self {
        let mut users = vec![Vec::new(); steps.clone().count()];
        for (place, (needs, ..)) in steps.clone().enumerate() {
            for need in needs {
                users[*need].push(place);
            }
        }
        let entries = steps.map(|(needs, lane, settles)| Entry {
            lane,
            settles,
            state: State::Waiting,
            open: needs.len(),
        });
        let entries: Vec<Entry> = entries.collect();
        let mut ready: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
        for (place, entry) in entries.iter().enumerate() {
            let of_lane = ready.entry(entry.lane).or_default();
            if entry.open == 0 {
                of_lane.insert(place);
            }
        }
        Self {
            entries,
            users,
            ready,
            taken: BTreeSet::new(),
            running: BTreeSet::new(),
            busy: 0,
            #[cfg(test)]
            looks: std::cell::Cell::default(),
        }
    }

    fn looked_at(&self, _steps: usize) {
        #[cfg(test)]
        self.looks.update(|looks| looks + _steps);
    }

    /// The first step that may start.
    pub(super) fn next(&self) -> Option<usize> {
        self.looked_at(self.ready.len());
        let free = |lane: &Option<Lane>| lane.is_none_or(|lane| !self.taken.contains(&lane));
        let ready = self.ready.iter().filter(|(lane, _)| free(lane));
        ready
            .filter_map(|(_, places)| places.first())
            .min()
            .copied()
    }

    /// A step runs.
    pub(super) fn start(&mut self, place: usize) {
        let Entry { lane, settles, .. } = self.entries[place];
        self.entries[place].state = State::Running;
        self.ready.entry(lane).or_default().remove(&place);
        self.running.insert(place);
        self.taken.extend(lane);
        self.busy += usize::from(!settles);
    }

    fn stop(&mut self, place: usize, state: State) {
        let Entry { lane, settles, .. } = self.entries[place];
        self.entries[place].state = state;
        self.running.remove(&place);
        if let Some(lane) = lane {
            self.taken.remove(&lane);
        }
        self.busy -= usize::from(!settles);
    }

    /// A running step is done: those that waited only for it may start.
    pub(super) fn done(&mut self, place: usize) {
        self.stop(place, State::Done);
        self.looked_at(self.users[place].len());
        for user in &self.users[place] {
            let entry = &mut self.entries[*user];
            entry.open -= 1;
            if entry.open == 0 {
                self.ready.entry(entry.lane).or_default().insert(*user);
            }
        }
    }

    /// A running step was cancelled, and could start again.
    pub(super) fn give_up(&mut self, place: usize) {
        self.stop(place, State::Waiting);
        let lane = self.entries[place].lane;
        self.ready.entry(lane).or_default().insert(place);
    }

    /// A running step failed; returns the skipped steps that need it, in order.
    pub(super) fn fail(&mut self, place: usize) -> Vec<usize> {
        self.stop(place, State::Failed);
        let mut left_out = Vec::new();
        // Steps come after everything they need.
        let mut next: BTreeSet<usize> = self.users[place].iter().copied().collect();
        while let Some(user) = next.pop_first() {
            self.looked_at(1);
            if self.entries[user].state == State::Waiting {
                self.entries[user].state = State::Skipped;
                next.extend(&self.users[user]);
                left_out.push(user);
            }
        }
        left_out
    }

    /// Skips everything that did not start; returns it in order.
    pub(super) fn skip_the_rest(&mut self) -> Vec<usize> {
        self.looked_at(self.entries.len());
        let entries = self.entries.iter_mut().enumerate();
        let waiting = entries.filter(|(_, entry)| entry.state == State::Waiting);
        let skipped = waiting.map(|(place, entry)| {
            entry.state = State::Skipped;
            place
        });
        skipped.collect()
    }

    /// How many running steps send requests continuously; those that only poll don't count.
    pub(super) fn busy(&self) -> usize {
        self.busy
    }

    /// What runs, in order.
    pub(super) fn running(&self) -> impl Iterator<Item = usize> {
        self.running.iter().copied()
    }

    /// How many steps have this state.
    pub(super) fn count(&self, state: State) -> usize {
        let entries = self.entries.iter();
        entries.filter(|entry| entry.state == state).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan for this many partners: a key, a client in the pool's lane, a plan membership; everything needs the first step.
    fn partners(count: usize) -> Vec<(BTreeSet<usize>, Option<Lane>, bool)> {
        let mut steps = vec![(BTreeSet::new(), Some(Lane::UserPool), false)];
        steps.extend((0..count).map(|_| (BTreeSet::from([0]), None, false)));
        let keys = 1..=count;
        let client = |key| (BTreeSet::from([0, key]), Some(Lane::UserPool), false);
        steps.extend(keys.clone().map(client));
        steps.extend(keys.map(|key| (BTreeSet::from([key]), None, false)));
        steps
    }

    fn schedule(steps: &[(BTreeSet<usize>, Option<Lane>, bool)]) -> Schedule {
        Schedule::of(
            steps
                .iter()
                .map(|(needs, lane, settles)| (needs, *lane, *settles)),
        )
    }

    /// Executes all of it, ten steps at a time; returns how many steps were visited.
    fn looks(partners: usize) -> usize {
        let mut schedule = schedule(&self::partners(partners));
        loop {
            while schedule.busy() < 10
                && let Some(next) = schedule.next()
            {
                schedule.start(next);
            }
            let Some(running) = schedule.running().next() else {
                break;
            };
            schedule.done(running);
        }
        assert!(schedule.skip_the_rest().is_empty());
        schedule.looks.get()
    }

    #[test]
    fn twice_the_steps_are_twice_the_looks() {
        let (once, twice) = (looks(200), looks(400));
        assert!(twice <= 2 * once + 100, "{once} and {twice}");
    }

    /// How many steps are visited if this many fail that others need.
    fn looks_of_failures(partners: usize) -> usize {
        let steps = self::partners(partners);
        let mut schedule = schedule(&steps);
        schedule.start(0);
        schedule.done(0);
        let mut left_out = 0;
        for key in 1..=partners {
            schedule.start(key);
            left_out += schedule.fail(key).len();
        }
        assert_eq!(left_out, 2 * partners);
        schedule.looks.get()
    }

    #[test]
    fn twice_the_failures_are_twice_the_looks() {
        let (once, twice) = (looks_of_failures(200), looks_of_failures(400));
        assert!(twice <= 2 * once + 100, "{once} and {twice}");
    }

    #[test]
    fn a_lane_is_taken_by_one_step_and_free_again_after_it() {
        let lane = Some(Lane::RestApi);
        let none = BTreeSet::new();
        let steps = [
            (&none, lane, true),
            (&none, lane, false),
            (&none, None, false),
        ];
        let mut schedule = Schedule::of(steps.into_iter());
        schedule.start(0);
        assert_eq!((schedule.busy(), schedule.next()), (0, Some(2)));
        schedule.start(2);
        assert_eq!((schedule.busy(), schedule.next()), (1, None));
        schedule.give_up(0);
        assert_eq!(schedule.next(), Some(0));
        schedule.start(0);
        schedule.done(0);
        assert_eq!(schedule.next(), Some(1));
        assert_eq!(schedule.skip_the_rest(), [1]);
        assert_eq!(schedule.count(State::Done), 1);
    }
}
