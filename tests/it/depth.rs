//! How many consecutive round trips to AWS an observation waits for: each request takes ten seconds of simulated time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_local::Pace;
use aws_local::scenario::TaggingIndex;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use gatestack::aws::Connection;
use gatestack::engine::{Purpose, Session};
use gatestack::plan::Options;
use jiff::Timestamp;

use crate::support::example::Example;
use crate::support::program;
use crate::support::wire::{Fate, Wire};
use crate::support::world::{World, plan_of};

const ROUND_TRIP: Duration = Duration::from_secs(10);

/// The requests by the round trip in which they were on their way.
type Trips = BTreeMap<u64, Vec<String>>;

/// A connection on which each request takes a round trip.
struct Slow {
    connection: Connection,
    sent: Arc<Mutex<Vec<(Timestamp, String)>>>,
}

impl Slow {
    async fn to(example: &Example) -> Self {
        let connect = async |wire| example.connection_through(wire).await;
        Self::by(&example.world, connect).await
    }

    async fn to_world(world: &World) -> Self {
        Self::by(world, async |wire| world.connection_through(wire).await).await
    }

    async fn by(world: &World, connect: impl AsyncFn(SharedHttpClient) -> Connection) -> Self {
        let sent: Arc<Mutex<Vec<(Timestamp, String)>>> = Arc::default();
        let (noted, clock) = (sent.clone(), world.clock.clone());
        let wire = Wire::to(world, move |_, operation| {
            let sent = (clock.now(), operation.to_owned());
            noted.lock().unwrap().push(sent);
            Fate::Takes(ROUND_TRIP)
        });
        Self {
            connection: connect(wire).await,
            sent,
        }
    }

    /// What was sent since this was asked last.
    fn trips(&self) -> Trips {
        let mut trips = Trips::new();
        let mut sent = self.sent.lock().unwrap();
        let began = sent[0].0;
        for (at, operation) in sent.drain(..) {
            let since = at.duration_since(began).unsigned_abs();
            let trip = since.as_secs() / ROUND_TRIP.as_secs() + 1;
            trips.entry(trip).or_default().push(operation);
        }
        trips
    }
}

/// A plan that changes nothing, and the look after somebody was asked.
async fn looks(example: &Example) -> [Trips; 2] {
    let slow = Slow::to(example).await;
    let identity = slow.connection.reader();
    identity.account().await.unwrap();
    let session = Box::pin(example.session_over(slow.connection.clone())).await;
    looks_of(&slow, &session).await
}

async fn looks_of(slow: &Slow, session: &Session) -> [Trips; 2] {
    let mut looks = [(); 2].map(|()| Trips::new());
    for trips in &mut looks {
        let plan = Box::pin(plan_of(session, &Options::default())).await;
        let plan = plan.unwrap();
        assert!(plan.is_empty(), "{:#?}", plan.changes);
        *trips = slow.trips();
    }
    looks
}

fn reads(trips: &Trips) -> usize {
    trips.values().map(Vec::len).sum()
}

/// Sees that a look waits for no more round trips and sends no more reads.
fn at_most(trips: &Trips, deep: usize, most: usize) {
    let (depth, reads) = (trips.len(), reads(trips));
    assert!(
        depth <= deep && reads <= most,
        "{reads} reads in {depth}: {trips:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_3_partners_and_a_private_route() {
    let example = Box::pin(Example::of(3, 1)).await;
    let [first, second] = looks(&example).await;
    at_most(&first, 6, 36);
    at_most(&second, 5, 32);
}

#[tokio::test(start_paused = true)]
async fn own_domains_and_their_records_are_no_detour() {
    let example = Box::pin(Example::under(TaggingIndex::Behind(Duration::ZERO), true)).await;
    let _applied = Box::pin(example.apply_with(&Options::default())).await;
    let [first, second] = looks(&example).await;
    at_most(&first, 6, 41);
    at_most(&second, 5, 35);
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_a_tagging_index_that_knows_nothing() {
    let example = Box::pin(Example::under(TaggingIndex::Empty, false)).await;
    let _applied = Box::pin(example.apply_with(&Options::default())).await;
    let [first, second] = looks(&example).await;
    at_most(&first, 6, 36);
    at_most(&second, 5, 32);
}

#[tokio::test(start_paused = true)]
async fn a_first_plan_reads_little_and_at_once() {
    let example = Example::at(Pace::Immediate);
    let slow = Slow::to(&example).await;
    slow.connection.reader().account().await.unwrap();
    let session = Box::pin(example.session_over(slow.connection.clone())).await;
    let plan = Box::pin(plan_of(&session, &Options::default())).await;
    assert!(!plan.unwrap().is_empty());
    at_most(&slow.trips(), 5, 18);
}

#[tokio::test(start_paused = true)]
async fn what_goes_along_with_a_stack_is_asked_beside_each_other() {
    let example = Box::pin(Example::of(3, 1)).await;
    let slow = Slow::to(&example).await;
    let session = Box::pin(example.session_for(Purpose::Destroy, slow.connection.clone())).await;
    let options = Options {
        destroy: true,
        ..Options::default()
    };
    let plan = Box::pin(plan_of(&session, &options)).await;
    assert!(!plan.unwrap().is_empty());
    at_most(&slow.trips(), 6, 44);
}

/// The example with a function, in the Region of these worlds, with its code in the repository.
fn m2m() -> String {
    let text = program::example("m2m-lambda").replace("eu-central-1", "eu-west-1");
    text.replace("\"hello\"\nenv", "\"examples/m2m-lambda/hello\"\nenv")
}

#[tokio::test(start_paused = true)]
async fn functions_are_no_detour() {
    let world = World::new();
    Box::pin(world.apply(&m2m())).await;
    let slow = Slow::to_world(&world).await;
    slow.connection.reader().account().await.unwrap();
    let connection = slow.connection.clone();
    let text = m2m();
    let session = Box::pin(world.open_to_read_over(connection, &text, Purpose::Make)).await;
    let [first, second] = looks_of(&slow, &session).await;
    at_most(&first, 6, 28);
    at_most(&second, 5, 27);
}
