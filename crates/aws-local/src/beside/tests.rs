use super::*;

fn event(timestamp: i64, message: &str) -> Event {
    Event {
        timestamp,
        ingested: timestamp + 1,
        message: message.into(),
    }
}

/// Both ways to keep it.
fn both(test: impl Fn(&Beside)) {
    test(&Beside::in_memory());
    let folder = tempfile::TempDir::new().unwrap();
    test(&Beside::file(
        &folder.path().join("aws.json"),
        "123456789012",
    ));
}

#[test]
fn archives_are_found_by_their_digest_until_no_function_uses_them() {
    both(|beside| {
        let hello = beside.keep_code(b"hello").unwrap();
        // As `openssl dgst -sha256 -binary | base64` writes it.
        assert_eq!(hello, "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
        let other = beside.keep_code(b"other").unwrap();
        assert_eq!(beside.code(&hello).unwrap(), "hello");
        assert_eq!(beside.code("LPJN"), None);
        let copy = beside.shared();
        copy.keep_only([].into_iter()).unwrap();
        assert_eq!(copy.code(&other).unwrap(), "other");
        beside.keep_only([other.as_str()].into_iter()).unwrap();
        assert_eq!(beside.code(&hello), None);
        assert_eq!(beside.code(&other).unwrap(), "other");
    });
}

#[test]
fn events_are_read_by_stream_in_the_order_of_their_writing() {
    both(|beside| {
        let read = || beside.streams("eu-west-1", "/a/b").unwrap();
        assert_eq!(read(), []);
        assert!(
            beside
                .create_stream("eu-west-1", "/a/b", "empty", 5)
                .unwrap()
        );
        assert!(
            !beside
                .create_stream("eu-west-1", "/a/b", "empty", 6)
                .unwrap()
        );
        let append = |stream: &str, one: Event| {
            beside.append("eu-west-1", "/a/b", stream, &[one]).unwrap();
        };
        append("one", event(10, "first\nline"));
        append("two", event(11, "of two"));
        append("one", event(9, "second"));
        let streams = read();
        let names: Vec<_> = streams
            .iter()
            .map(|one| (one.name.as_str(), one.created))
            .collect();
        assert_eq!(names, [("empty", 5), ("one", 11), ("two", 12)]);
        assert_eq!(
            streams[1].events,
            [event(10, "first\nline"), event(9, "second")]
        );
        assert_eq!(beside.streams("eu-west-2", "/a/b").unwrap(), []);
        beside
            .shared()
            .remove_streams("eu-west-1", "/a/b", None)
            .unwrap();
        beside
            .remove_streams("eu-west-1", "/a/b", Some("one"))
            .unwrap();
        let left: Vec<_> = read().into_iter().map(|one| one.name).collect();
        assert_eq!(left, ["empty", "two"]);
        beside.remove_streams("eu-west-1", "/a/b", None).unwrap();
        assert_eq!(read(), []);
    });
}

#[test]
fn a_group_keeps_its_newest_events() {
    both(|beside| {
        let text = "x".repeat(1 << 20);
        for number in 0..20 {
            let one = event(number, &text);
            beside.append("eu-west-1", "a", "s", &[one]).unwrap();
            let events = &beside.streams("eu-west-1", "a").unwrap()[0].events;
            let times: Vec<_> = events.iter().map(|event| event.timestamp).collect();
            let least = if number < 7 { number + 1 } else { 3 };
            assert!(times.len() as i64 >= least && times.len() <= 8, "{times:?}");
            assert_eq!(times.last(), Some(&number));
            assert!(
                times.windows(2).all(|pair| pair[0] + 1 == pair[1]),
                "{times:?}"
            );
        }
    });
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_the_folder_and_half_a_line_loses_only_itself() {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = tempfile::TempDir::new().unwrap();
    let state = folder.path().join("aws.json");
    let beside = Beside::file(&state, "123456789012");
    beside
        .append("eu-west-1", "a", "s", &[event(1, "one")])
        .unwrap();
    beside.keep_code(b"hello").unwrap();
    let at = folder.path().join("aws.d");
    let mut seen = 0;
    let mut waiting = vec![at.clone()];
    while let Some(path) = waiting.pop() {
        let found = fs::metadata(&path).unwrap();
        let mode = if found.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(
            found.permissions().mode() & 0o777,
            mode,
            "{}",
            path.display()
        );
        if found.is_dir() {
            waiting.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            seen += 1;
        }
    }
    assert_eq!(seen, 3, "the lock, the group and the archive");
    let group = at
        .join("123456789012/logs")
        .join(place_of("eu-west-1", "a"));
    let mut cut = fs::read(&group).unwrap();
    cut.extend_from_slice(b"\n{\"s\":\"s\",\"t\":2,\"i\":3,\"m\":\"tw");
    fs::write(&group, cut).unwrap();
    beside
        .append("eu-west-1", "a", "s", &[event(3, "three")])
        .unwrap();
    let events = &beside.streams("eu-west-1", "a").unwrap()[0].events;
    assert_eq!(*events, [event(1, "one"), event(3, "three")]);
    // Another account of the same file has events of its own.
    let other = Beside::file(&state, "210987654321");
    assert_eq!(other.streams("eu-west-1", "a").unwrap(), []);

    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, folder.path().join("linked.d")).unwrap();
    let linked = Beside::file(&folder.path().join("linked.json"), "123456789012");
    linked.keep_code(b"hello").unwrap_err();
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}
