//! Domains and resource servers.

use super::*;
use crate::support::certificates::issued;

#[tokio::test(start_paused = true)]
async fn a_prefix_is_replaced_and_its_mark_with_it() {
    let mut world = full().await;
    world.converge().await;
    world.change(DOMAIN, |resource| {
        *resource = domain(DOMAIN, "xxx-other", None)
    });
    assert_eq!(
        world.converge().await,
        ["replace user_pool/domain [domain]"]
    );
    assert_eq!(world.converge().await, [""; 0]);
    assert_eq!(
        marks_of(&world, &console(&world)).await[DOMAIN],
        "xxx-other"
    );
}

#[tokio::test(start_paused = true)]
async fn a_domain_of_ones_own_keeps_its_place_when_its_certificate_changes() {
    let mut world = full().await;
    let first = issued(&world.service, "us-east-1", "auth.example.com").await;
    let second = issued(&world.service, "us-east-1", "auth.example.com").await;
    world.want(
        OWN_DOMAIN,
        domain(OWN_DOMAIN, "auth.example.com", Some(&first)),
    );
    world.converge().await;
    assert_eq!(world.converge().await, [""; 0]);
    let observation = world.look().await;
    assert!(output(&observation, OWN_DOMAIN, OutputName::Target).ends_with(".cloudfront.net"));
    assert!(
        !observation.live[&Address::new(DOMAIN)]
            .outputs
            .contains_key(&OutputName::Target)
    );

    world.change(OWN_DOMAIN, |resource| {
        *resource = domain(OWN_DOMAIN, "auth.example.com", Some(&second))
    });
    assert_eq!(
        world.converge().await,
        ["update user_pool/own_domain [certificate]"]
    );
    assert_eq!(world.converge().await, [""; 0]);
    world.forget(OWN_DOMAIN);
    assert_eq!(world.converge().await, ["delete user_pool/own_domain"]);
    assert!(
        !marks_of(&world, &console(&world))
            .await
            .contains_key(OWN_DOMAIN)
    );
}

#[tokio::test(start_paused = true)]
async fn a_domain_of_another_pool_stands_in_the_way() {
    let world = full().await;
    let console = console(&world);
    let pool = console
        .create_user_pool()
        .pool_name("Others")
        .send()
        .await
        .expect("a pool");
    let pool = pool.user_pool.and_then(|pool| pool.id).expect("an id");
    let taken = console
        .create_user_pool_domain()
        .user_pool_id(&pool)
        .domain("xxx-123456789012")
        .send()
        .await;
    taken.expect("a domain");
    let obstacles = world.look().await.obstacles;
    assert_eq!(obstacles.len(), 1, "{obstacles:?}");
    assert!(obstacles[0].what.contains(&pool), "{obstacles:?}");
}

#[tokio::test(start_paused = true)]
async fn scopes_change_in_place_and_an_identifier_makes_another_server() {
    let mut world = full().await;
    world.converge().await;
    world.change(SERVER, |resource| {
        drop(
            of_server(resource)
                .scopes
                .insert("write".into(), "write".into()),
        )
    });
    assert_eq!(
        world.converge().await,
        ["update resource_servers.xxx-api [scopes]"]
    );
    world.change(SERVER, |resource| {
        of_server(resource).name = "Another".into()
    });
    assert_eq!(
        world.converge().await,
        ["update resource_servers.xxx-api [name]"]
    );
    world.change(SERVER, |resource| {
        of_server(resource).identifier = "https://api.example.com/prod".into()
    });
    world.change(CLIENT, |resource| {
        of_client(resource).scopes = set(&["https://api.example.com/prod/read"])
    });
    let steps = world.converge().await;
    assert_eq!(
        steps,
        [
            "replace resource_servers.xxx-api [identifier]",
            "update partners.acme/client [scopes]"
        ]
    );
    assert_eq!(world.converge().await, [""; 0]);
    let marks = marks_of(&world, &console(&world)).await;
    assert_eq!(marks[SERVER], "https://api.example.com/prod");
    assert_eq!(marks.len(), 3, "{marks:?}");
}

#[tokio::test(start_paused = true)]
async fn a_replaced_server_is_deleted_by_the_next_run_when_this_one_dies() {
    let mut world = full().await;
    world.converge().await;
    world.change(SERVER, |resource| {
        of_server(resource).identifier = "another".into()
    });
    let observation = world.look().await;
    let address = Address::new(SERVER);
    let wanted = &world.desired.resources[&address].resource;
    wanted
        .create(
            &world.connection.writer(),
            &address,
            &observation.book(),
            None,
        )
        .await
        .expect("the new one");

    world.change(CLIENT, |resource| {
        of_client(resource).scopes = set(&["another/read"])
    });
    let steps = world.converge().await;
    assert_eq!(
        steps,
        [
            "delete resource_servers.xxx-api/old",
            "update partners.acme/client [scopes]"
        ]
    );
    assert_eq!(world.converge().await, [""; 0]);
    assert_eq!(marks_of(&world, &console(&world)).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_moved_server_keeps_its_scopes_and_changes_its_mark() {
    let mut world = full().await;
    world.converge().await;
    world.forget(SERVER);
    world.want(
        "resource_servers.\"the api\"",
        server("resource_servers.\"the api\"", "xxx-api"),
    );
    world.desired.moved = vec![(
        Address::new(SERVER),
        Address::new("resource_servers.\"the api\""),
    )];
    assert_eq!(
        world.converge().await,
        ["update resource_servers.\"the api\" [mark]"]
    );
    assert_eq!(world.converge().await, [""; 0]);
    world.desired.moved.clear();
    assert_eq!(world.converge().await, [""; 0]);
    assert!(
        !marks_of(&world, &console(&world))
            .await
            .contains_key(SERVER)
    );
}

#[tokio::test(start_paused = true)]
async fn a_mark_without_its_server_is_made_good_or_cleaned_up() {
    let mut world = full().await;
    world.converge().await;
    let (console, pool) = (console(&world), pool_id(&world).await);
    let remove = || {
        console
            .delete_resource_server()
            .user_pool_id(&pool)
            .identifier("xxx-api")
            .send()
    };
    remove().await.expect("it to go");
    assert_eq!(world.converge().await, ["create resource_servers.xxx-api"]);
    remove().await.expect("it to go");
    world.forget(SERVER);
    assert!(world.look().await.live[&Address::new(SERVER)].only_a_mark);
    assert_eq!(world.converge().await, ["delete resource_servers.xxx-api"]);
    assert!(!marks_of(&world, &console).await.contains_key(SERVER));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_domain_is_waited_for_because_the_pool_cannot_go_before() {
    let clock = Clock::simulated("2026-11-21T10:00:00Z".parse().expect("a time"));
    let options = Options {
        clock: clock.clone(),
        pace: Pace::Realistic { time_scale: 1.0 },
        ..Options::default()
    };
    let service = Service::in_memory(options);
    let connection =
        Connection::open(Endpoint::InProcess(connector(service)), "eu-west-1", &clock).await;
    let writer = connection.writer();
    let world = full().await;
    let (pool, domain) = (Address::new("user_pool"), Address::new(DOMAIN));
    let wanted = |address: &Address| world.desired.resources[address].resource.clone();

    let mut book = Book::default();
    let unprotected = wanted(&pool).unprotected().expect("a protected pool");
    book.insert(
        pool.clone(),
        unprotected
            .create(&writer, &pool, &book, None)
            .await
            .expect("a pool"),
    );
    let outputs = wanted(&domain)
        .create(&writer, &domain, &book, None)
        .await
        .expect("a domain");
    let live = |resource: Resource, outputs| Live {
        resource,
        outputs,
        was: None,
        unmanaged: vec![],
        notices: vec![],
        only_a_mark: false,
        broken: None,
    };
    let Resource::UserPoolDomain(mut props) = wanted(&domain) else {
        panic!("not a domain")
    };
    props.user_pool = props.user_pool.resolve(&book).expect("an id").into();

    live(Resource::UserPoolDomain(props), outputs)
        .delete(&writer, &domain)
        .await
        .expect("the domain to go");
    let outputs = book.outputs(&pool).expect("its outputs").clone();
    live(unprotected, outputs)
        .delete(&writer, &pool)
        .await
        .expect("the pool to go");
}
