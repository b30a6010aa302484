use crate::model::{Book, Value};

/// One field of a kind: the diff, the graph's edges, the update and the documentation all read this.
///
/// `P` is the kind's properties, `T` the parts of its update ([`Kind::Part`](super::Kind::Part)).
#[derive(Debug)]
pub struct Field<P, T> {
    /// What is known of it.
    pub info: FieldInfo,
    /// Its value. With an empty book, what it waits for names the resources it depends on.
    pub get: fn(&P, &Book) -> Value,
    /// The part of the update that changes it in place. A field that can change and has none does not compile.
    pub part: Option<T>,
}

/// Sees at compile time that each field says how it is changed, exactly where it can be.
///
/// # Panics
/// When a field that AWS changes in place names no part of the update, or one that it does not change names one.
pub(super) const fn check<P, T>(fields: &[Field<P, T>]) {
    let mut at = 0;
    while at < fields.len() {
        let in_place = matches!(fields[at].info.on_change, OnChange::InPlace);
        assert!(
            in_place == fields[at].part.is_some(),
            "a field that changes in place says by which part of the update, and no other does"
        );
        at += 1;
    }
}

/// What is known of a field, whatever kind has it.
#[derive(Debug)]
pub struct FieldInfo {
    /// The name people see in a plan: the stack file's word where there is one.
    pub name: &'static str,
    /// What it means, its units, and what it is when the file leaves it out.
    pub doc: &'static str,
    /// What a difference means.
    pub on_change: OnChange,
    /// How the two sides are compared.
    pub compare: Compare,
    /// Whether callers see a change at once although the kind needs a redeployment.
    pub live_at_once: bool,
    /// What it is of every thing that gatestack makes (this, or empty), where plans show it only when it is something else.
    pub always: Option<bool>,
    /// Whether what it refers to has to be at work, not only made.
    pub when_ready: bool,
    /// Whether a thing is as much at work after a change of it as before, so that nobody waits.
    pub works_on: bool,
    /// The kind this field's value is the id of, where the value orders deletes.
    pub refers_to: Option<&'static str>,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OnChange {
    /// AWS changes it in place.
    InPlace,
    /// A new one takes the place of the old one, because of this.
    Replace(&'static str),
    /// Nothing changes it without a loss nobody asked for: the plan stops and says these ways out.
    Refuse(&'static str),
    /// It says where the thing stands (its parent); it can't differ, and plans don't show it.
    Place,
}

/// How the two sides are compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Compare {
    /// Both sides have to be the same.
    Exactly,
    /// Only the keys that are wanted; others are somebody else's and stay.
    WantedKeys,
    /// Both sides have to be the same, unless nothing is wanted: then the thing keeps what it has.
    WhenWanted,
}

impl<P, T> Field<P, T>
where
    T: Copy,
{
    /// A field that AWS changes in place, by the part that [`Field::by`] names; or that is something else, by [`Field::on_change`].
    pub const fn new(name: &'static str, doc: &'static str, get: fn(&P, &Book) -> Value) -> Self {
        let info = FieldInfo {
            name,
            doc,
            on_change: OnChange::InPlace,
            compare: Compare::Exactly,
            live_at_once: false,
            always: None,
            when_ready: false,
            works_on: false,
            refers_to: None,
        };
        Self {
            info,
            get,
            part: None,
        }
    }

    /// The field that says where the thing stands: the id of its parent, a `kind`.
    pub const fn place(
        name: &'static str,
        kind: &'static str,
        get: fn(&P, &Book) -> Value,
    ) -> Self {
        Self::new(name, "Where it stands.", get)
            .on_change(OnChange::Place)
            .refers_to(kind)
    }

    /// Changed in place by this part of the update.
    #[must_use]
    pub const fn by(mut self, part: T) -> Self {
        self.part = Some(part);
        self
    }

    /// With another meaning of a difference.
    #[must_use]
    pub const fn on_change(mut self, on_change: OnChange) -> Self {
        self.info.on_change = on_change;
        self
    }

    /// Comparing only the keys that are wanted.
    #[must_use]
    pub const fn wanted_keys(mut self) -> Self {
        self.info.compare = Compare::WantedKeys;
        self
    }

    /// Comparing only where something is wanted.
    #[must_use]
    pub const fn when_wanted(mut self) -> Self {
        self.info.compare = Compare::WhenWanted;
        self
    }

    /// Seen by callers without a redeployment.
    #[must_use]
    pub const fn live_at_once(mut self) -> Self {
        self.info.live_at_once = true;
        self
    }

    /// Shown only when it is not this, or empty.
    #[must_use]
    pub const fn always(mut self, value: bool) -> Self {
        self.info.always = Some(value);
        self
    }

    /// Waiting until what it refers to is at work.
    #[must_use]
    pub const fn when_ready(mut self) -> Self {
        self.info.when_ready = true;
        self
    }

    /// Changed without a wait for the thing to be at work.
    #[must_use]
    pub const fn works_on(mut self) -> Self {
        self.info.works_on = true;
        self
    }

    /// Holding the id of a resource of this kind.
    #[must_use]
    pub const fn refers_to(mut self, kind: &'static str) -> Self {
        self.info.refers_to = Some(kind);
        self
    }
}
