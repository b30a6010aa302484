//! Two runs on one stack: the lock excludes one, its holder is shown, and a dead holder's lock is taken over.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use aws_local::Service;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use gatestack::apply::{self, Interrupt};
use gatestack::aws::{Cause, Connection, Endpoint};
use gatestack::clock::Clock;
use gatestack::kinds;
use gatestack::lock::{self, Asked, Holder, Lock, Taken};
use gatestack::plan::{self, Options};

use crate::support::program::{Folder, Ran};
use crate::support::wire::{Fate, Wire};
use crate::support::world::{World, counted, desired, stack_of};

const REFUSED: &str = "another run holds the lock on the stack claims";

/// A world whose clock moves by hand, and with it AWS's.
fn world() -> World {
    let clock = Clock::manual("2026-11-21T09:00:00Z".parse().unwrap());
    let options = aws_local::Options {
        clock: clock.clone(),
        ..aws_local::Options::default()
    };
    World {
        service: Service::in_memory(options),
        clock,
        payloads: Default::default(),
    }
}

/// A run on another machine, known only by its lock.
fn elsewhere(command: &str, clock: &Clock) -> Holder {
    let env = |name: &str| (name == "USER").then(|| "ann".to_owned());
    Holder {
        host: Some("build-7".into()),
        process: None,
        ..Holder::this(command, clock.now(), &env)
    }
}

/// A connection whose requests are paced by the machine's clock.
async fn connection(client: SharedHttpClient) -> Connection {
    Connection::open(Endpoint::InProcess(client), "eu-west-1", &Clock::system()).await
}

async fn ask(world: &World, holder: &Holder) -> Asked {
    let connection = connection(world.line()).await;
    let parameters = connection.lock_parameters(&world.clock);
    lock::ask(&parameters, "/gatestack/lock/claims", holder)
        .await
        .unwrap()
}

async fn ours(world: &World, holder: &Holder) -> Lock {
    match ask(world, holder).await {
        Asked::Ours(lock) => *lock,
        Asked::Taken(taken) => panic!("{taken:?}"),
    }
}

async fn taken(world: &World, holder: &Holder) -> Taken {
    match ask(world, holder).await {
        Asked::Ours(lock) => panic!("{lock:?}"),
        Asked::Taken(taken) => *taken,
    }
}

fn parameters(world: &World) -> aws_sdk_ssm::Client {
    let config = aws_sdk_ssm::Config::builder()
        .behavior_version(aws_sdk_ssm::config::BehaviorVersion::latest())
        .region(aws_sdk_ssm::config::Region::new("eu-west-1"))
        .credentials_provider(aws_sdk_ssm::config::Credentials::new(
            "someone", "else", None, None, "test",
        ))
        .http_client(world.line())
        .build();
    aws_sdk_ssm::Client::from_conf(config)
}

/// The names of the lock's parameters that are there.
async fn left(world: &World, tokens: &[&Holder]) -> Vec<String> {
    let names = tokens
        .iter()
        .map(|holder| format!("/gatestack/lock/claims/takeover/{}", holder.token))
        .chain(["/gatestack/lock/claims".to_owned()]);
    let mut there = Vec::new();
    for name in names {
        let read = parameters(world).get_parameter().name(&name).send().await;
        if read.is_ok() {
            there.push(name);
        }
    }
    there
}

#[tokio::test]
async fn one_of_two_has_the_lock_and_the_other_knows_which() {
    let world = world();
    let (first, second) = (
        elsewhere("apply", &world.clock),
        elsewhere("destroy", &world.clock),
    );
    let lock = ours(&world, &first).await.keep().unwrap();
    world.clock.advance(Duration::from_secs(30));
    let other = taken(&world, &second).await;
    assert_eq!(other.holder, Some(first.clone()));
    assert_eq!(other.unrenewed_for, Duration::from_secs(30));
    assert_eq!(other.ends_in(), Some(Duration::from_secs(150)));
    lock.release().await.unwrap();
    assert!(left(&world, &[&first]).await.is_empty());
    ours(&world, &second).await;
}

#[tokio::test]
async fn a_lock_is_taken_over_once_its_holder_has_not_renewed_it_for_long() {
    let world = world();
    let (dead, next) = (
        elsewhere("apply", &world.clock),
        elsewhere("apply", &world.clock),
    );
    let held = ours(&world, &dead).await;
    world.clock.advance(Duration::from_secs(100));
    held.renew().await.unwrap();
    world.clock.advance(Duration::from_secs(179));
    taken(&world, &next).await;
    world.clock.advance(Duration::from_secs(1));
    let lock = ours(&world, &next).await;
    assert_eq!(
        left(&world, &[&dead, &next]).await,
        ["/gatestack/lock/claims"]
    );
    // It wakes up again.
    held.renew().await.unwrap();
    lock.renew().await.unwrap();
    lock.keep().unwrap().release().await.unwrap();
    assert!(left(&world, &[&dead, &next]).await.is_empty());
}

#[tokio::test]
async fn the_lock_of_a_process_of_this_machine_that_is_gone_is_taken_over_at_once() {
    let world = world();
    let gone = {
        let this = Holder::this("apply", world.clock.now(), &|_| None);
        let text = serde_json::to_value(&this).unwrap();
        let mut text = text.to_string();
        let pid = format!("\"id\":{}", std::process::id());
        assert!(text.contains(&pid), "{text}");
        text = text.replace(&pid, "\"id\":4194305");
        serde_json::from_str::<Holder>(&text).unwrap()
    };
    ours(&world, &gone).await;
    ours(&world, &elsewhere("apply", &world.clock)).await;
}

#[tokio::test]
async fn of_two_that_take_over_one_has_the_lock() {
    for first in 1..=6 {
        let world = world();
        let dead = elsewhere("apply", &world.clock);
        ours(&world, &dead).await;
        world.clock.advance(Duration::from_secs(600));
        // The first of them stops after so many requests, while the second goes through.
        let (slow, fast) = (
            elsewhere("apply", &world.clock),
            elsewhere("apply", &world.clock),
        );
        let wire = Wire::to(&world, move |number, _| {
            if number > first {
                Fate::Takes(Duration::from_millis(300))
            } else {
                Fate::Arrives
            }
        });
        let connection = connection(wire).await;
        let clock = world.clock.clone();
        let slow = tokio::spawn(async move {
            let parameters = connection.lock_parameters(&clock);
            lock::ask(&parameters, "/gatestack/lock/claims", &slow).await
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let fast = ask(&world, &fast).await;
        let slow = slow.await.unwrap();
        let winners = [
            matches!(fast, Asked::Ours(_)),
            matches!(slow, Ok(Asked::Ours(_))),
        ];
        assert_eq!(
            winners.iter().filter(|won| **won).count(),
            1,
            "after {first}: {fast:?} {slow:?}"
        );
    }
}

#[tokio::test]
async fn a_run_that_died_while_it_took_over_keeps_nothing() {
    for last in 1..=8 {
        let world = world();
        let dead = elsewhere("apply", &world.clock);
        ours(&world, &dead).await;
        world.clock.advance(Duration::from_secs(600));
        let dies = elsewhere("apply", &world.clock);
        let connection = connection(Wire::dying_after(last, &world)).await;
        let asked = connection.lock_parameters(&world.clock);
        let _ = lock::ask(&asked, "/gatestack/lock/claims", &dies).await;
        world.clock.advance(Duration::from_secs(600));
        let next = elsewhere("apply", &world.clock);
        let lock = ours(&world, &next).await;
        lock.keep().unwrap().release().await.unwrap();
        let left = left(&world, &[&dead, &dies, &next]).await;
        assert!(left.is_empty(), "after {last}: {left:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_no_other_run() {
    let world = world();
    let wire = Wire::to(&world, |number, _| match number {
        1 => Fate::Broken,
        _ => Fate::Arrives,
    });
    let parameters = connection(wire).await.lock_parameters(&world.clock);
    let holder = elsewhere("apply", &world.clock);
    let asked = lock::ask(&parameters, "/gatestack/lock/claims", &holder).await;
    assert!(matches!(asked, Ok(Asked::Ours(_))), "{asked:?}");
}

/// Applies the stack on a connection that holds the lock; what happens to it when the API is made?
async fn run_that_loses_its_lock(lose: impl Fn(&World)) {
    let world = world();
    let text = stack_of(1, 1);
    let wanted = desired(&text);
    let connection = connection(world.line()).await;
    let parameters = connection.lock_parameters(&world.clock);
    let holder = elsewhere("apply", &world.clock);
    let asked = lock::ask(&parameters, "/gatestack/lock/claims", &holder).await;
    let Ok(Asked::Ours(lock)) = asked else {
        panic!("{asked:?}")
    };
    let seen = kinds::observe(&connection.reader(), &wanted).await.unwrap();
    let plan = plan::plan(&wanted, &seen, &Options::default()).unwrap();
    let mut done = 0;
    lose(&world);
    if world.clock.now() == holder.since {
        // Another run removed the lock, or took it.
        lock.renew().await.unwrap();
    }
    let outcome = apply::run(
        &plan,
        &connection.writer(),
        &Clock::system(),
        &Interrupt::new(),
        &mut |_| done += 1,
    )
    .await;
    assert!(
        outcome.done == 0 && !outcome.failures.is_empty(),
        "{outcome:#?}"
    );
    for failure in &outcome.failures {
        assert_eq!(failure.error.cause, Cause::Unlocked, "{failure:?}");
        assert!(failure.error.message.contains("not sent: "), "{failure:?}");
    }
    let now = kinds::observe(&connection.reader(), &wanted).await.unwrap();
    assert!(now.live.is_empty());
}

#[tokio::test]
async fn a_run_whose_lock_is_over_writes_nothing() {
    run_that_loses_its_lock(|world| world.clock.advance(Duration::from_secs(120))).await;
}

#[tokio::test]
async fn a_run_whose_lock_was_removed_writes_nothing() {
    run_that_loses_its_lock(|world| {
        let delete = serde_json::json!({"Name": "/gatestack/lock/claims"}).to_string();
        let request = http::Request::post("http://ssm.eu-west-1.amazonaws.com/")
            .header("x-amz-target", "AmazonSSM.DeleteParameter")
            .header("content-type", "application/x-amz-json-1.1")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=a/20261121/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=0",
            )
            .body(delete.into())
            .unwrap();
        assert_eq!(world.service.call(request).status(), 200);
    })
    .await;
}

#[tokio::test]
async fn a_run_whose_lock_was_deleted_tells_the_next_that_it_was_there() {
    // The only run throughout.
    let there = world();
    let holder = elsewhere("apply", &there.clock);
    let lock = ours(&there, &holder).await;
    lock.renew().await.unwrap();
    lock.renew().await.unwrap();
    assert!(lock.keep().unwrap().release().await.unwrap());
    // It notices while it renews its lock, or only when it releases it.
    for renews in [true, false] {
        let there = world();
        let (first, second) = (
            elsewhere("apply", &there.clock),
            elsewhere("apply", &there.clock),
        );
        let lost = ours(&there, &first).await;
        let delete = parameters(&there).delete_parameter();
        delete.name("/gatestack/lock/claims").send().await.unwrap();
        let has = ours(&there, &second).await;
        has.renew().await.unwrap();
        if renews {
            lost.renew().await.unwrap();
        }
        assert!(!lost.keep().unwrap().release().await.unwrap());
        // The other run still has its lock, and knows.
        let third = taken(&there, &elsewhere("apply", &there.clock)).await;
        assert_eq!(third.holder, Some(second.clone()));
        has.renew().await.unwrap();
        assert!(!has.keep().unwrap().release().await.unwrap(), "{renews}");
        assert!(left(&there, &[&first, &second]).await.is_empty());
    }
}

#[test]
fn a_stacks_lock_has_a_name_that_a_parameter_can_have() {
    assert_eq!(lock::name("claims"), "/gatestack/lock/claims");
    assert_eq!(lock::name("a b@c_d"), "/gatestack/lock/a_20b_40c_5fd");
}

// The real program, two or three of it at once.

/// Starts all of these at once, and waits for them.
fn together(folder: &Folder, runs: &[Vec<&str>]) -> Vec<Ran> {
    let started: Vec<_> = runs.iter().map(|run| folder.start(run)).collect();
    let ended = started
        .into_iter()
        .map(|run| run.wait_with_output().unwrap());
    ended.map(Ran::from).collect()
}

/// Each has succeeded or was refused by the lock, and at least one has succeeded.
fn whole_or_refused(runs: &[Ran]) {
    for ran in runs {
        let refused = ran.code == 1 && ran.stderr.contains(REFUSED);
        assert!(ran.code == 0 || refused, "{}{}", ran.stdout, ran.stderr);
        if refused {
            assert!(ran.stderr.contains("--wait-for-lock 10m"), "{}", ran.stderr);
        }
    }
    assert!(runs.iter().any(|ran| ran.code == 0));
}

/// Ways to reach the folder's AWS: in the process, and over HTTP.
fn everywhere(text: &str, scene: impl Fn(&Folder, &[&str])) {
    let folder = Folder::with(text);
    scene(&folder, &["--local"]);
    let folder = Folder::with(text);
    folder.served(&[], |url| scene(&folder, &["--endpoint-url", url]));
}

const ROUNDS: usize = 3;

#[test]
fn two_first_applies_make_one_stack() {
    everywhere(&stack_of(2, 1), |folder, at| {
        let apply = [at, &["apply", "--yes"]].concat();
        let destroy = [
            at,
            &["destroy", "--confirm", "claims", "--wait-for-lock", "1m"],
        ]
        .concat();
        for _ in 0..ROUNDS {
            whole_or_refused(&together(folder, &[apply.clone(), apply.clone()]));
            assert_eq!(counted(folder), [1, 2, 1, 2, 1]);
            let plan = folder.run(&[at, &["plan", "--detailed-exitcode"]].concat());
            assert_eq!(plan.code, 0, "{}{}", plan.stdout, plan.stderr);
            assert_eq!(folder.run(&destroy).code, 0);
            assert_eq!(counted(folder), [0; 5]);
        }
    });
}

#[test]
fn a_partner_that_two_runs_add_is_there_once() {
    everywhere(&stack_of(1, 1), |folder, at| {
        let apply = [at, &["apply", "--yes"]].concat();
        assert_eq!(folder.run(&apply).code, 0);
        for partners in 2..2 + ROUNDS {
            folder.write(&stack_of(partners, 1));
            whole_or_refused(&together(folder, &[apply.clone(), apply.clone()]));
            assert_eq!(counted(folder), [1, partners, 1, partners, 1]);
            let plan = folder.run(&[at, &["plan", "--detailed-exitcode"]].concat());
            assert_eq!(plan.code, 0, "{}{}", plan.stdout, plan.stderr);
        }
    });
}

#[test]
fn an_apply_beside_a_destroy_leaves_a_whole_stack_or_none() {
    everywhere(&stack_of(2, 1), |folder, at| {
        let apply = [at, &["apply", "--yes"]].concat();
        let destroy = [at, &["destroy", "--confirm", "claims"]].concat();
        for _ in 0..ROUNDS {
            let ran = folder.run(&[&apply[..], &["--allow-delete", "*"]].concat());
            assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
            folder.write(&stack_of(3, 2));
            whole_or_refused(&together(folder, &[destroy.clone(), apply.clone()]));
            let there = counted(folder);
            assert!([[0; 5], [1, 3, 1, 3, 1]].contains(&there), "{there:?}");
            folder.write(&stack_of(2, 1));
        }
    });
}

#[test]
fn three_at_once_wait_for_each_other() {
    everywhere(&stack_of(1, 1), |folder, at| {
        let apply = [at, &["apply", "--yes", "--wait-for-lock", "2m"]].concat();
        for _ in 0..ROUNDS {
            let ran = together(folder, &vec![apply.clone(); 3]);
            for ran in &ran {
                assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
            }
            let waited = ran
                .iter()
                .filter(|ran| ran.stderr.contains("waiting for the lock, held by apply"));
            assert!(waited.count() >= 1);
            assert_eq!(counted(folder), [1, 1, 1, 1, 1]);
            let destroy = [at, &["destroy", "--confirm", "claims"]].concat();
            whole_or_refused(&together(
                folder,
                &[destroy.clone(), destroy.clone(), destroy.clone()],
            ));
            assert_eq!(counted(folder), [0; 5]);
        }
    });
}

/// A server that responds like AWS to credentials that may not write parameters.
fn without_parameters() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut bytes = [0; 4096];
            let whole = |request: &[u8]| {
                let text = String::from_utf8_lossy(request).to_ascii_lowercase();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    return false;
                };
                let length = head.split("content-length: ").nth(1);
                let length = length.and_then(|rest| rest.split("\r\n").next()?.parse().ok());
                body.len() >= length.unwrap_or(0)
            };
            while !whole(&request) {
                let read = stream.read(&mut bytes).unwrap();
                request.extend_from_slice(&bytes[..read]);
            }
            let text = String::from_utf8_lossy(&request);
            let (status, body) = if text.contains("GetCallerIdentity") {
                (
                    "200 OK",
                    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
                )
            } else {
                assert!(text.contains("AmazonSSM.PutParameter"), "{text}");
                (
                    "400 Bad Request",
                    r#"{"__type": "AccessDeniedException", "message": "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ssm:PutParameter"}"#,
                )
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\nx-amzn-requestid: 1-2-3\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn an_account_that_forbids_the_lock_is_told_apart_and_never_silently_unlocked() {
    let folder = Folder::with(&stack_of(1, 1));
    let url = without_parameters();
    let ran = folder.run(&["--endpoint-url", &url, "apply", "--yes"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "can't lock the stack claims: PutParameter: AccessDeniedException",
        "1-2-3",
        "ssm:PutParameter, ssm:GetParameter and ssm:DeleteParameter",
        "/gatestack/lock/claims",
        "lock = false",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let ran = folder.run(&["--endpoint-url", &url, "apply", "--yes", "--json"]);
    assert!(ran.stdout.contains(r#""code":"lock""#), "{}", ran.stdout);
}

#[test]
fn without_the_lock_nothing_is_written_beside_the_stack_and_every_run_says_so() {
    let folder = Folder::with(&stack_of(1, 1).replace("[stack]", "[stack]\nlock = false"));
    let ran = folder.apply(&[]);
    assert!(
        ran.stderr.contains("no lock: `[stack] lock` is false"),
        "{}",
        ran.stderr
    );
    let state = std::fs::read_to_string(folder.path().join(".gatestack/local.json")).unwrap();
    assert!(!state.contains("/gatestack/lock"));
}

#[test]
fn a_run_that_ends_in_any_way_leaves_no_lock_and_a_killed_one_does_not_keep_it() {
    let folder = Folder::with(&stack_of(2, 1));
    let state = || std::fs::read_to_string(folder.path().join(".gatestack/local.json")).unwrap();
    // Not confirmed.
    assert_eq!(folder.local(&["apply"]).code, 1);
    assert!(!state().contains("/gatestack/lock"));
    // Killed at once, and in between.
    for wait in [0, 20, 40, 80, 160] {
        let mut run = folder.start(&["--local", "apply", "--yes"]);
        std::thread::sleep(Duration::from_millis(wait));
        run.kill().unwrap();
        run.wait().unwrap();
    }
    folder.apply(&[]);
    assert_eq!(counted(&folder), [1, 2, 1, 2, 1]);
    assert!(!state().contains("/gatestack/lock"));
}

#[test]
fn a_state_that_another_process_holds_is_not_waited_for_in_silence() {
    let folder = Folder::with(&stack_of(1, 1));
    folder.apply(&[]);
    let held = std::fs::File::open(folder.path().join(".gatestack/local.lock")).unwrap();
    held.lock().unwrap();
    let run = folder.start(&["--local", "plan"]);
    std::thread::sleep(Duration::from_secs(3));
    held.unlock().unwrap();
    let ran = Ran::from(run.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let said = "local.json, which another process holds";
    assert_eq!(ran.stderr.matches(said).count(), 1, "{}", ran.stderr);
}
