//! The difference of a change of the state, as a JSON Patch (RFC 6902) of the state's document.
//!
//! The states before and after share all unchanged rows, so the cost grows with the change, not with the state.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Error, Value};

/// One operation of a patch. Only members of objects are added and removed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Operation {
    /// Adds or replaces a member.
    Add {
        /// A JSON Pointer.
        path: String,
        /// What is put there.
        value: Value,
    },
    /// Takes a member out.
    Remove {
        /// A JSON Pointer.
        path: String,
    },
}

/// The member that refers from an outline to a table.
const TABLE: &str = "\0table";

thread_local! {
    /// The tables found while an outline is written.
    static TABLES: RefCell<Option<Vec<Arc<dyn Rows>>>> = const { RefCell::new(None) };
}

/// A row before and after.
type Difference = (Arc<str>, Option<Outline>, Option<Outline>);

/// The rows of a table, whatever they are.
trait Rows: Any {
    fn differences(&self, before: &dyn Rows) -> Result<Vec<Difference>, Error>;
    fn whole(&self) -> Result<Value, Error>;
}

/// The rows of one table.
pub(crate) type RowsOf<T> = BTreeMap<Arc<str>, Arc<T>>;

impl<T: Serialize + 'static> Rows for RowsOf<T> {
    fn differences(&self, before: &dyn Rows) -> Result<Vec<Difference>, Error> {
        let none = Self::new();
        let before: &dyn Any = before;
        let before = before.downcast_ref::<Self>().unwrap_or(&none);
        let outline = |row: Option<&Arc<T>>| row.map(|row| Outline::of(row.as_ref())).transpose();
        let mut differences = Vec::new();
        // Both are in the order of their ids, so one walk over both finds every difference.
        let mut olds = before.iter().peekable();
        for (id, row) in self {
            while let Some((gone, was)) =
                olds.next_if(|(old, _)| !Arc::ptr_eq(old, id) && *old < id)
            {
                differences.push((gone.clone(), outline(Some(was))?, None));
            }
            let was = olds.next_if(|(old, _)| Arc::ptr_eq(old, id) || *old == id);
            let was = was.map(|(_, was)| was);
            if was.is_none_or(|was| !Arc::ptr_eq(was, row)) {
                differences.push((id.clone(), outline(was)?, outline(Some(row))?));
            }
        }
        for (gone, was) in olds {
            differences.push((gone.clone(), outline(Some(was))?, None));
        }
        Ok(differences)
    }

    fn whole(&self) -> Result<Value, Error> {
        let rows = self.iter();
        let rows = rows.map(|(id, row)| Ok((id.to_string(), serde_json::to_value(row.as_ref())?)));
        Ok(Value::Object(rows.collect::<Result<_, Error>>()?))
    }
}

/// Writes the rows of a table, or in an outline a reference to them.
///
/// # Errors
/// What the serializer says.
pub(crate) fn serialize<T: Serialize + 'static, S: Serializer>(
    rows: &Arc<RowsOf<T>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let place = TABLES.with_borrow_mut(|tables| {
        let tables = tables.as_mut()?;
        tables.push(Arc::clone(rows) as Arc<dyn Rows>);
        Some(tables.len() - 1)
    });
    match place {
        Some(place) => serializer.collect_map([(TABLE, place)]),
        None => serializer.collect_map(rows.iter().map(|(id, row)| (id.as_ref(), row.as_ref()))),
    }
}

/// Something as JSON, but for the rows of its tables.
struct Outline {
    value: Value,
    tables: Vec<Arc<dyn Rows>>,
}

impl Outline {
    fn of(what: &impl Serialize) -> Result<Self, Error> {
        TABLES.set(Some(Vec::new()));
        let value = serde_json::to_value(what);
        let tables = TABLES.take().unwrap_or_default();
        Ok(Self {
            value: value?,
            tables,
        })
    }

    fn table(&self, value: &Value) -> Option<&Arc<dyn Rows>> {
        let place = value.as_object()?.get(TABLE)?.as_u64()?;
        self.tables.get(usize::try_from(place).ok()?)
    }

    fn has_tables(&self, value: &Value) -> bool {
        let Value::Object(members) = value else {
            return false;
        };
        !self.tables.is_empty()
            && (self.table(value).is_some()
                || members.values().any(|member| self.has_tables(member)))
    }

    /// The same with its rows.
    fn whole(&self, value: &Value) -> Result<Value, Error> {
        if let Some(table) = self.table(value) {
            return table.whole();
        }
        match value {
            Value::Object(members) => {
                let members = members.iter();
                let members = members.map(|(name, value)| Ok((name.clone(), self.whole(value)?)));
                Ok(Value::Object(members.collect::<Result<_, Error>>()?))
            }
            Value::Array(items) => items.iter().map(|item| self.whole(item)).collect(),
            _ => Ok(value.clone()),
        }
    }
}

/// The patch from `before`, which is at this JSON Pointer, to `after`.
///
/// # Errors
/// One of them can't be written as JSON.
pub(crate) fn between<T: Serialize>(
    path: &str,
    before: &T,
    after: &T,
) -> Result<Vec<Operation>, Error> {
    let (before, after) = (Outline::of(before)?, Outline::of(after)?);
    let mut operations = Vec::new();
    compare(
        path,
        (&before, &before.value),
        (&after, &after.value),
        &mut operations,
    )?;
    Ok(operations)
}

fn compare(
    path: &str,
    (old, before): (&Outline, &Value),
    (new, after): (&Outline, &Value),
    operations: &mut Vec<Operation>,
) -> Result<(), Error> {
    let add = |path: String, value: &Value| {
        let value = new.whole(value)?;
        Ok::<_, Error>(Operation::Add { path, value })
    };
    if let (Some(rows_before), Some(rows_after)) = (old.table(before), new.table(after)) {
        if Arc::ptr_eq(rows_before, rows_after) {
            return Ok(());
        }
        for (id, was, is) in rows_after.differences(rows_before.as_ref())? {
            let path = below(path, &id);
            match (was, is) {
                (_, None) => operations.push(Operation::Remove { path }),
                (Some(was), Some(is)) => {
                    compare(&path, (&was, &was.value), (&is, &is.value), operations)?;
                }
                (None, Some(is)) => {
                    let value = is.whole(&is.value)?;
                    operations.push(Operation::Add { path, value });
                }
            }
        }
        return Ok(());
    }
    match (before, after) {
        (Value::Object(was), Value::Object(is))
            if new.has_tables(after) || old.has_tables(before) =>
        {
            let gone = was.keys().filter(|name| !is.contains_key(*name));
            operations.extend(gone.map(|name| Operation::Remove {
                path: below(path, name),
            }));
            for (name, after) in is {
                let path = below(path, name);
                match was.get(name) {
                    Some(before) => compare(&path, (old, before), (new, after), operations)?,
                    None => operations.push(add(path, after)?),
                }
            }
        }
        _ if before != after => operations.push(add(path.to_owned(), after)?),
        _ => {}
    }
    Ok(())
}

/// The pointer to a member of what another pointer refers to.
pub(crate) fn below(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Changes a document as a patch says.
///
/// # Errors
/// The patch is of another document.
pub(crate) fn apply(document: &mut Value, operations: Vec<Operation>) -> Result<(), Error> {
    for operation in operations {
        let (Operation::Add { path, .. } | Operation::Remove { path }) = &operation;
        let (parent, name) = path.rsplit_once('/').unwrap_or_default();
        let name = name.replace("~1", "/").replace("~0", "~");
        let members = document.pointer_mut(parent).and_then(Value::as_object_mut);
        let members = members.ok_or_else(|| Error::custom(format!("there is no {parent}")))?;
        match operation {
            Operation::Add { value, .. } => {
                members.insert(name, value);
            }
            Operation::Remove { .. } => {
                members.remove(&name);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    #[derive(Clone, Debug, Default, Deserialize, Serialize)]
    struct Shelf {
        label: String,
        notes: BTreeMap<String, String>,
        boxes: Table<Parcel>,
        #[serde(skip_serializing_if = "Option::is_none")]
        spare: Option<Table<Parcel>>,
    }

    #[derive(Clone, Debug, Default, Deserialize, Serialize)]
    struct Parcel {
        weight: u32,
        contents: Table<String>,
    }

    fn shelf() -> Shelf {
        let mut shelf = Shelf::default();
        for number in 0..50 {
            let mut parcel = Parcel::default();
            parcel.contents.insert("a/b~c", "first".to_owned());
            shelf.boxes.insert(format!("box{number}"), parcel);
        }
        shelf
    }

    /// Checks the patch of a change against the change; returns its length.
    fn patched(change: impl FnOnce(&mut Shelf)) -> usize {
        let before = shelf();
        let mut after = before.clone();
        change(&mut after);
        let patch = between("/shelf", &before, &after).unwrap();
        let mut document = serde_json::json!({ "shelf": before });
        let text = serde_json::to_string(&patch).unwrap();
        apply(&mut document, serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(document, serde_json::json!({ "shelf": after }), "{text}");
        text.len()
    }

    #[test]
    fn a_patch_makes_what_the_change_made() {
        let row = |shelf: &mut Shelf, change: fn(&mut Parcel)| {
            change(shelf.boxes.get_mut("box7").unwrap());
        };
        assert_eq!(patched(|_| {}), "[]".len());
        assert!(patched(|shelf| row(shelf, |parcel| parcel.weight = 3)) < 100);
        assert!(
            patched(|shelf| row(shelf, |parcel| parcel.contents.insert("n", "x".into()))) < 100
        );
        assert!(
            patched(|shelf| row(shelf, |parcel| {
                parcel.contents.remove("a/b~c");
            })) < 100
        );
        // A table instead of another one, empty or a copy of a third.
        patched(|shelf| row(shelf, |parcel| parcel.contents = Table::default()));
        patched(|shelf| {
            shelf.boxes.remove("box1");
            shelf.boxes = shelf.boxes.clone();
            shelf.spare = Some(shelf.boxes.clone());
            shelf.label = "new".into();
            shelf.notes.insert("a".into(), "b".into());
        });
        patched(|shelf| {
            shelf.boxes.remove("box1");
            shelf.boxes.insert("box1", Parcel::default());
            shelf.boxes.insert("box100", Parcel::default());
            shelf.boxes.remove("box2");
        });
        patched(|shelf| {
            shelf
                .boxes
                .iter_mut()
                .for_each(|(_, parcel)| parcel.weight += 1)
        });
        patched(|shelf| shelf.boxes.retain(|id, _| id.ends_with('1')));
    }

    #[test]
    fn a_member_with_a_table_can_go() {
        let mut before = shelf();
        before.spare = Some(before.boxes.clone());
        let mut after = before.clone();
        after.spare = None;
        let patch = between("", &before, &after).unwrap();
        let path = "/spare".to_owned();
        assert_eq!(patch, [Operation::Remove { path }]);
    }

    #[test]
    fn a_patch_of_another_document_is_refused() {
        let patch = vec![Operation::Remove {
            path: "/there/is/none".into(),
        }];
        assert!(apply(&mut serde_json::json!({}), patch).is_err());
    }
}
