use std::io::Write as _;

use super::*;

fn open(path: &Path) -> Store {
    Store::at_file(path, "123456789012", None).unwrap()
}

fn shared(store: &mut Store) -> &mut Shared {
    match store {
        Store::File(shared) => shared,
        Store::Memory(_) => unreachable!("it was opened at a file"),
    }
}

/// Makes so many Regions, each by a change of its own.
fn make(store: &mut Store, regions: std::ops::Range<usize>) {
    for region in regions {
        let made = store.change(|state| {
            state.regions.entry(&format!("region-{region}"));
            Ok(())
        });
        assert!(made.unwrap().is_ok());
    }
}

fn regions(store: &mut Store) -> usize {
    store.read(|state| state.regions.len()).unwrap()
}

#[test]
fn twice_the_changes_write_twice_the_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let written = |changes| {
        let mut store = open(&folder.path().join(format!("{changes}.json")));
        make(&mut store, 0..changes);
        shared(&mut store).written
    };
    let (once, twice) = (written(400), written(800));
    assert!(twice <= 2 * once + 2 * WRITTEN_WHOLE, "{once} and {twice}");
}

#[test]
fn a_change_is_on_disk_before_the_process_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.json");
    let journal = path.with_extension("journal");
    let mut first = open(&path);
    shared(&mut first).written_whole = 0;
    let mut second = open(&path);
    make(&mut first, 0..1);
    let size = path.metadata().unwrap().len();
    make(&mut first, 1..2);
    assert_eq!(
        path.metadata().unwrap().len(),
        size,
        "only the journal grew"
    );
    assert_eq!(regions(&mut second), 2);
    // A process that is killed drops nothing.
    std::mem::forget(first);
    assert_eq!(regions(&mut open(&path)), 2);
    assert!(journal.exists(), "who only reads leaves it");
    // The change of a line that a crash cut off was never answered.
    let mut cut_off = files::append(&journal).unwrap();
    cut_off.write_all(br#"[{"op":"add","path":"#).unwrap();
    assert_eq!(regions(&mut second), 2);
    shared(&mut second).written_whole = 0;
    make(&mut second, 2..4);
    assert_eq!(regions(&mut open(&path)), 4);
    drop(second);
    assert!(!journal.exists());
    assert_eq!(regions(&mut open(&path)), 4);
}

/// How many Regions are in a file before there is a journal: a journal larger than its file is written into it.
const BEFORE: usize = 20;

/// A file whose journal has so many changes, as a crash leaves both.
fn left(folder: &Path, name: &str, changes: usize) -> PathBuf {
    let path = folder.join(name);
    let mut store = open(&path);
    make(&mut store, 0..BEFORE);
    shared(&mut store).written_whole = 0;
    make(&mut store, BEFORE..BEFORE + changes);
    std::mem::forget(store);
    path
}

fn refused(path: &Path) -> WrongJournal {
    match Store::at_file(path, "123456789012", None) {
        Err(StoreError::Journal { source, .. }) => source,
        other => panic!("{:?}", other.map(|_| "it opened")),
    }
}

#[test]
fn a_journal_without_its_file_is_no_empty_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = left(folder.path(), "local.json", 1);
    fs::remove_file(&path).unwrap();
    assert!(matches!(refused(&path), WrongJournal::NoState));
    fs::remove_file(path.with_extension("journal")).unwrap();
    assert_eq!(regions(&mut open(&path)), 0);
}

#[test]
fn a_journal_over_another_file_is_refused_and_one_that_a_crash_left_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let ours = left(folder.path(), "ours.json", 2);
    let theirs = left(folder.path(), "theirs.json", 2);
    let journal = |path: &Path| path.with_extension("journal");
    let before = fs::read(journal(&ours)).unwrap();
    fs::copy(journal(&theirs), journal(&ours)).unwrap();
    assert!(matches!(refused(&ours), WrongJournal::OtherState));
    // The file is written before its journal goes, so a crash between the two leaves changes that it holds.
    fs::write(journal(&ours), &before).unwrap();
    let mut store = open(&ours);
    shared(&mut store).written_whole = usize::MAX as u64;
    make(&mut store, 90..91);
    assert!(!journal(&ours).exists());
    fs::write(journal(&ours), &before).unwrap();
    assert_eq!(regions(&mut open(&ours)), BEFORE + 3);
    let more = [&before[..], b"3 0000000000000000 []\n"].concat();
    fs::write(journal(&ours), more).unwrap();
    assert!(matches!(refused(&ours), WrongJournal::OtherState));
}

#[test]
fn what_is_missing_or_changed_in_a_journal_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = left(folder.path(), "local.json", 3);
    let journal = path.with_extension("journal");
    let whole = fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let [head, first, second, third] = lines[..] else {
        panic!("{whole}");
    };
    let with = |lines: &[&str]| fs::write(&journal, lines.concat()).unwrap();
    for out_of_order in [
        &[head, first, third][..],
        &[head, second],
        &[head, first, first],
    ] {
        with(out_of_order);
        let wrong = refused(&path);
        assert!(matches!(wrong, WrongJournal::OutOfOrder { .. }), "{wrong}");
    }
    for changed in [
        second.replace("region-21", "region-29"),
        second.replace("2 ", "2  "),
    ] {
        with(&[head, first, &changed, third]);
        let wrong = refused(&path);
        assert!(
            matches!(wrong, WrongJournal::Changed { line: 3 }),
            "{wrong}"
        );
    }
    // What a crash cut off was never answered.
    with(&[head, first, second, &third[..third.len() - 2]]);
    assert_eq!(regions(&mut open(&path)), BEFORE + 2);
    // Earlier versions wrote the patch alone, and a journal goes on in the form of today.
    let alone = |line: &str| line.splitn(3, ' ').nth(2).unwrap().to_owned();
    with(&[head, &alone(first), &alone(second)]);
    let mut store = open(&path);
    assert_eq!(regions(&mut store), BEFORE + 2);
    shared(&mut store).written_whole = 0;
    make(&mut store, 90..91);
    std::mem::forget(store);
    assert!(fs::read_to_string(&journal).unwrap().contains("\n3 "));
    assert_eq!(regions(&mut open(&path)), BEFORE + 3);
}
