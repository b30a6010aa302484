//! Log streams and events.

use super::*;

fn call(aws: &Aws, operation: &str, input: Value) -> Answer {
    aws.json("logs", &format!("Logs_20140328.{operation}"), input)
}

/// A group with a stream.
fn with_stream() -> Aws {
    let aws = Aws::new();
    assert_eq!(
        call(&aws, "CreateLogGroup", json!({"logGroupName": "/a/b"})).0,
        200
    );
    assert_eq!(call(&aws, "CreateLogStream", stream("one")).0, 200);
    aws
}

fn stream(name: &str) -> Value {
    json!({"logGroupName": "/a/b", "logStreamName": name})
}

/// The time of the clock, in milliseconds.
fn now(aws: &Aws) -> i64 {
    aws.clock.now().as_millisecond()
}

/// An input with these events: so many milliseconds from now, and their texts.
fn events(aws: &Aws, name: &str, events: &[(i64, &str)]) -> Value {
    let mut input = stream(name);
    let events = events.iter();
    let events =
        events.map(|(at, message)| json!({"timestamp": now(aws) + at, "message": message}));
    input["logEvents"] = events.collect();
    input
}

fn put(aws: &Aws, name: &str, sent: &[(i64, &str)]) -> Value {
    let (status, answer) = call(aws, "PutLogEvents", events(aws, name, sent));
    assert_eq!(status, 200, "{answer}");
    answer
}

fn messages(answer: &Answer) -> Vec<&str> {
    let events = answer.1["events"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:?}"));
    events
        .iter()
        .map(|event| event["message"].as_str().unwrap())
        .collect()
}

/// Evidence: recorded, LocalStack `test_create_and_delete_log_stream`, `test_create_log_stream_duplicate_error` and
/// `test_describe_log_streams_with_log_group_identifier`.
#[test]
fn streams_are_listed_as_aws_lists_them() {
    let aws = with_stream();
    let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/a/b";
    let shown = json!({"logStreams": [{
        "logStreamName": "one",
        "creationTime": now(&aws),
        "arn": format!("{arn}:log-stream:one"),
        "storedBytes": 0,
    }]});
    for input in [
        json!({"logGroupName": "/a/b"}),
        json!({"logGroupIdentifier": "/a/b"}),
        json!({"logGroupIdentifier": arn}),
    ] {
        assert_eq!(
            call(&aws, "DescribeLogStreams", input),
            (200, shown.clone())
        );
    }
    let both = json!({"logGroupName": "/a/b", "logGroupIdentifier": arn});
    let words_of_both = "LogGroup name and LogGroup ARN are mutually exclusive parameters.";
    let refused = call(&aws, "DescribeLogStreams", both);
    assert_eq!(words(&refused), ("ValidationException", words_of_both));
    let again = call(&aws, "CreateLogStream", stream("one"));
    let twice = (
        "ResourceAlreadyExistsException",
        "The specified log stream already exists",
    );
    assert_eq!(words(&again), twice);
    assert_eq!(call(&aws, "DeleteLogStream", stream("one")).0, 200);
    let none = call(&aws, "DescribeLogStreams", json!({"logGroupName": "/a/b"}));
    assert_eq!(none.1, json!({"logStreams": []}));
    let missing = (
        "ResourceNotFoundException",
        "The specified log stream does not exist.",
    );
    assert_eq!(
        words(&call(&aws, "DeleteLogStream", stream("one"))),
        missing
    );
    // Evidence: recorded, LocalStack `test_resource_does_not_exist`.
    let input = json!({"logGroupName": "/absent", "logStreamName": "one"});
    let missing = (
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    );
    assert_eq!(words(&call(&aws, "GetLogEvents", input)), missing);
}

/// Evidence: documented, "DescribeLogStreams" in the API reference.
#[test]
fn streams_are_ordered_by_name_or_by_their_last_event() {
    let aws = with_stream();
    for name in ["two", "three"] {
        assert_eq!(call(&aws, "CreateLogStream", stream(name)).0, 200);
    }
    put(&aws, "two", &[(-50, "a"), (-5, "b")]);
    put(&aws, "one", &[(-10, "c")]);
    let list = |more: Value| {
        let mut input = json!({"logGroupName": "/a/b"});
        for (member, value) in more.as_object().unwrap() {
            input[member] = value.clone();
        }
        let (_, answer) = call(&aws, "DescribeLogStreams", input);
        let streams = answer["logStreams"].as_array().unwrap().iter();
        let names: Vec<_> = streams
            .map(|one| one["logStreamName"].as_str().unwrap())
            .collect();
        (names.join(" "), answer.clone())
    };
    assert_eq!(list(json!({})).0, "one three two");
    assert_eq!(
        list(json!({"logStreamNamePrefix": "t", "descending": true})).0,
        "two three"
    );
    let (names, answer) = list(json!({"orderBy": "LastEventTime", "descending": true}));
    assert_eq!(names, "two one three");
    let two = &answer["logStreams"][0];
    assert_eq!(two["firstEventTimestamp"], now(&aws) - 50);
    assert_eq!(two["lastEventTimestamp"], now(&aws) - 5);
    assert_eq!(two["lastIngestionTime"], now(&aws));
    let (names, answer) = list(json!({"orderBy": "LastEventTime", "descending": true, "limit": 2}));
    assert_eq!(names, "two one");
    let next =
        json!({"orderBy": "LastEventTime", "descending": true, "nextToken": answer["nextToken"]});
    assert_eq!(list(next).0, "three");
    let input =
        json!({"logGroupName": "/a/b", "orderBy": "LastEventTime", "logStreamNamePrefix": "t"});
    let wrong = "Cannot order by LastEventTime with a logStreamNamePrefix.";
    let refused = call(&aws, "DescribeLogStreams", input);
    assert_eq!(words(&refused), ("InvalidParameterException", wrong));
}

/// Evidence: recorded, LocalStack `test_put_log_events_to_invalid_stream`, `test_put_log_events_wrong_order`,
/// `test_put_log_events_too_old` and `test_put_log_events_too_new`.
#[test]
fn events_that_aws_does_not_take() {
    const DAY: i64 = 86_400_000;
    let aws = with_stream();
    let refused = |name: &str, sent: &[(i64, &str)]| {
        let answer = call(&aws, "PutLogEvents", events(&aws, name, sent));
        let (code, message) = words(&answer);
        (code.to_owned(), message.to_owned())
    };
    let invalid = "InvalidParameterException".to_owned();
    let missing = (
        "ResourceNotFoundException".to_owned(),
        "The specified log stream does not exist.".to_owned(),
    );
    assert_eq!(refused("absent", &[(0, "a")]), missing);
    let order = "Log events in a single PutLogEvents request must be in chronological order.";
    assert_eq!(
        refused("one", &[(0, "a"), (-1, "b")]),
        (invalid.clone(), order.to_owned())
    );
    let old = put(&aws, "one", &[(-15 * DAY, "old"), (-15 * DAY, "too")]);
    assert_eq!(
        old["rejectedLogEventsInfo"],
        json!({"tooOldLogEventEndIndex": 2})
    );
    let new = put(&aws, "one", &[(0, "now"), (3 * 3_600_000, "new")]);
    assert_eq!(
        new["rejectedLogEventsInfo"],
        json!({"tooNewLogEventStartIndex": 1})
    );
    // Evidence: documented, "PutLogEvents" in the API reference.
    let span =
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
    assert_eq!(
        refused("one", &[(-DAY - 1, "a"), (0, "b")]),
        (invalid.clone(), span.to_owned())
    );
    let size = "Upload too large: 1048577 bytes exceeds limit of 1048576".to_owned();
    assert_eq!(
        refused("one", &[(0, &"x".repeat((1 << 20) - 25))]),
        (invalid, size)
    );
    put(&aws, "one", &[(0, &"x".repeat((1 << 20) - 26))]);
    let keep = json!({"logGroupName": "/a/b", "retentionInDays": 1});
    assert_eq!(call(&aws, "PutRetentionPolicy", keep).0, 200);
    let expired = put(&aws, "one", &[(-DAY - 5, "expired"), (-DAY + 5, "kept")]);
    assert_eq!(
        expired["rejectedLogEventsInfo"],
        json!({"expiredLogEventEndIndex": 1})
    );
    let read = call(
        &aws,
        "FilterLogEvents",
        json!({"logGroupName": "/a/b", "filterPattern": "?kept ?now ?old"}),
    );
    assert_eq!(messages(&read), ["kept", "now"]);
    aws.after(60);
    let read = call(
        &aws,
        "FilterLogEvents",
        json!({"logGroupName": "/a/b", "filterPattern": "?kept ?now ?old"}),
    );
    assert_eq!(messages(&read), ["now"], "the others are a day old");
}

/// Evidence: recorded, LocalStack `test_get_log_events_basic`, `test_get_log_events_start_from_head` and
/// `test_get_log_events_invalid_token`.
#[test]
fn a_stream_is_read_from_either_end() {
    let aws = with_stream();
    put(&aws, "one", &[(-30, "a"), (-20, "b"), (-10, "c")]);
    put(&aws, "one", &[(-25, "between")]);
    let get = |more: Value| {
        let mut input = stream("one");
        for (member, value) in more.as_object().unwrap() {
            input[member] = value.clone();
        }
        call(&aws, "GetLogEvents", input)
    };
    let all = get(json!({}));
    assert_eq!(messages(&all), ["a", "between", "b", "c"]);
    let first = json!({"timestamp": now(&aws) - 30, "message": "a", "ingestionTime": now(&aws)});
    assert_eq!(all.1["events"][0], first);
    let last = get(json!({"limit": 2}));
    assert_eq!(messages(&last), ["b", "c"]);
    let before = get(json!({"limit": 2, "nextToken": last.1["nextBackwardToken"]}));
    assert_eq!(messages(&before), ["a", "between"]);
    let head = get(json!({"limit": 3, "startFromHead": true}));
    assert_eq!(messages(&head), ["a", "between", "b"]);
    let end = get(json!({"nextToken": head.1["nextForwardToken"]}));
    assert_eq!(messages(&end), ["c"]);
    // Evidence: documented, "GetLogEvents" in the API reference: at the end it returns the token that was passed.
    let beyond = get(json!({"nextToken": end.1["nextForwardToken"]}));
    assert_eq!(messages(&beyond), [""; 0]);
    assert_eq!(beyond.1["nextForwardToken"], end.1["nextForwardToken"]);
    put(&aws, "one", &[(0, "new")]);
    let new = get(json!({"nextToken": end.1["nextForwardToken"]}));
    assert_eq!(messages(&new), ["new"]);
    let between = json!({"startTime": now(&aws) - 25, "endTime": now(&aws) - 10});
    assert_eq!(messages(&get(between)), ["between", "b"]);
    let refused = get(json!({"nextToken": "invalid"}));
    let wrong = "The specified nextToken is invalid.";
    assert_eq!(words(&refused), ("InvalidParameterException", wrong));
}

/// Evidence: recorded, LocalStack `test_filter_log_events_interleaved`, `test_filter_log_events_with_log_stream_names` and
/// `test_filter_log_events_pagination`.
#[test]
fn events_of_all_streams_are_found_in_order() {
    let aws = with_stream();
    assert_eq!(call(&aws, "CreateLogStream", stream("two")).0, 200);
    put(&aws, "one", &[(-30, "hello a"), (-10, "hello c")]);
    put(&aws, "two", &[(-20, "hello b"), (-5, "bye")]);
    let filter = |more: Value| {
        let mut input = json!({"logGroupName": "/a/b"});
        for (member, value) in more.as_object().unwrap() {
            input[member] = value.clone();
        }
        call(&aws, "FilterLogEvents", input)
    };
    let all = filter(json!({}));
    assert_eq!(messages(&all), ["hello a", "hello b", "hello c", "bye"]);
    let events = all.1["events"].as_array().unwrap();
    let names: Vec<_> = events.iter().map(|event| &event["logStreamName"]).collect();
    assert_eq!(names, ["one", "two", "one", "two"]);
    let mut ids: Vec<_> = events
        .iter()
        .map(|event| event["eventId"].as_str().unwrap())
        .collect();
    ids.dedup();
    assert!(
        ids.len() == 4 && ids.is_sorted() && ids.iter().all(|id| id.len() == 56),
        "{ids:?}"
    );
    assert_eq!(
        messages(&filter(json!({"filterPattern": "hello"}))).len(),
        3
    );
    assert_eq!(
        messages(&filter(json!({"logStreamNames": ["two"]}))),
        ["hello b", "bye"]
    );
    assert_eq!(
        messages(&filter(json!({"logStreamNamePrefix": "o"}))),
        ["hello a", "hello c"]
    );
    let first = filter(json!({"limit": 3, "interleaved": true}));
    assert_eq!(messages(&first).len(), 3);
    let next = filter(json!({"limit": 3, "nextToken": first.1["nextToken"]}));
    assert_eq!(messages(&next), ["bye"]);
    assert_eq!(next.1.get("nextToken"), None);
    // Evidence: recorded, LocalStack `test_filter_log_events_unknown_token`.
    let refused = filter(json!({"nextToken": "unknown"}));
    let wrong = "The specified nextToken is invalid.";
    assert_eq!(words(&refused), ("InvalidParameterException", wrong));
    let json = filter(json!({"filterPattern": "{ $.a = 1 }"}));
    assert_eq!(json.0, 501);
    assert_eq!(
        call(&aws, "DeleteLogGroup", json!({"logGroupName": "/a/b"})).0,
        200
    );
    // What is beside the state without its group is none of a new group's.
    let stray = crate::beside::Event {
        timestamp: now(&aws),
        ingested: now(&aws),
        message: "stray".into(),
    };
    let beside = aws.service.beside();
    beside.append("eu-west-1", "/a/b", "one", &[stray]).unwrap();
    assert_eq!(
        call(&aws, "CreateLogGroup", json!({"logGroupName": "/a/b"})).0,
        200
    );
    assert_eq!(
        messages(&filter(json!({}))),
        [""; 0],
        "they went with their group"
    );
}
