use crate::model::{Book, Value};

/// One field of a kind: the diff, the graph's edges, the update and the documentation all read this.
///
/// `P` is the kind's properties, `T` the parts of its update ([`Kind::Part`](super::Kind::Part)).
#[derive(Debug)]
pub struct Field<P, T> {
    /// Its description.
    pub info: FieldInfo,
    /// Its value. With an empty book, it shows the resources it depends on.
    pub get: fn(&P, &Book) -> Value,
    /// The part of the update that changes it in place. A field that can change and has none does not compile.
    pub part: Option<T>,
}

/// Checks at compile time that a field names a part of the update if and only if it is changed in place.
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

/// The description of a field, for any kind.
#[derive(Debug)]
pub struct FieldInfo {
    /// The name in a plan: the stack file's word if there is one.
    pub name: &'static str,
    /// What it means, its units, and its default.
    pub doc: &'static str,
    /// What a difference means.
    pub on_change: OnChange,
    /// How the two sides are compared.
    pub compare: Compare,
    /// Whether a change takes effect at once although the kind needs a redeployment.
    pub live_at_once: bool,
    /// The usual value (this, or empty), which plans don't show.
    pub always: Option<bool>,
    /// How plans show that it is not set; `(none)` if they don't say it otherwise.
    pub unset: Option<&'static str>,
    /// Whether what it refers to must be ready, not only created.
    pub when_ready: bool,
    /// Whether a change of it leaves the resource ready, so that no step waits.
    pub works_on: bool,
    /// The kind of the resource whose id this is, if the value orders deletes.
    pub refers_to: Option<&'static str>,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OnChange {
    /// AWS changes it in place.
    InPlace,
    /// The resource is replaced, because of this.
    Replace(&'static str),
    /// It can't be changed without an unwanted loss: the plan stops and shows these alternatives.
    Refuse(&'static str),
    /// The parent; it can't differ, and plans don't show it.
    Place,
}

/// How the two sides are compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Compare {
    /// Both sides have to be the same.
    Exactly,
    /// Only the wanted keys; others are left alone.
    WantedKeys,
    /// The live value must contain the wanted one.
    Among,
    /// Both sides must be equal, unless nothing is wanted: then the live value stays.
    WhenWanted,
}

impl<P, T> Field<P, T>
where
    T: Copy,
{
    /// A field that AWS changes in place, by the part of [`Field::by`]; or otherwise, by [`Field::on_change`].
    pub const fn new(name: &'static str, doc: &'static str, get: fn(&P, &Book) -> Value) -> Self {
        let info = FieldInfo {
            name,
            doc,
            on_change: OnChange::InPlace,
            compare: Compare::Exactly,
            live_at_once: false,
            always: None,
            unset: None,
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

    /// The field with the id of its parent, a `kind`.
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

    /// With another handling of a difference.
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

    /// The live value only has to contain the wanted one.
    #[must_use]
    pub const fn among(mut self) -> Self {
        self.info.compare = Compare::Among;
        self
    }

    /// Comparing only where something is wanted.
    #[must_use]
    pub const fn when_wanted(mut self) -> Self {
        self.info.compare = Compare::WhenWanted;
        self
    }

    /// In effect without a redeployment.
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

    /// Shown with this word when it is not set.
    #[must_use]
    pub const fn unset(mut self, shown: &'static str) -> Self {
        self.info.unset = Some(shown);
        self
    }

    /// Waiting until what it refers to is ready.
    #[must_use]
    pub const fn when_ready(mut self) -> Self {
        self.info.when_ready = true;
        self
    }

    /// Changed without a wait until the resource is ready.
    #[must_use]
    pub const fn works_on(mut self) -> Self {
        self.info.works_on = true;
        self
    }

    /// Containing the id of a resource of this kind.
    #[must_use]
    pub const fn refers_to(mut self, kind: &'static str) -> Self {
        self.info.refers_to = Some(kind);
        self
    }
}
