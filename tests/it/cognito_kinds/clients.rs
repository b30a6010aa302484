//! App clients, a partner's too.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_client_that_is_changed_in_much_stays_the_same_one() {
    let mut world = full().await;
    world.converge().await;
    let before = output(&world.look().await, WEB, OutputName::Id);
    world.change(WEB, |resource| {
        let client = of_client(resource);
        client.flows.clear();
        client.scopes.clear();
        client.callback_urls.clear();
    });
    assert_eq!(
        world.converge().await,
        ["update app_clients.web [flows, scopes, callback_urls]"]
    );
    assert_eq!(world.converge().await, [""; 0]);
    assert_eq!(output(&world.look().await, WEB, OutputName::Id), before);
    world.forget(WEB);
    assert_eq!(world.converge().await, ["delete app_clients.web"]);
    assert!(!marks_of(&world, &console(&world)).await.contains_key(WEB));
}

#[tokio::test(start_paused = true)]
async fn an_update_of_a_client_keeps_what_others_set() {
    let mut world = full().await;
    world.converge().await;
    let (console, pool) = (console(&world), pool_id(&world).await);
    let client = output(&world.look().await, WEB, OutputName::Id);
    let describe = || async {
        let described = console
            .describe_user_pool_client()
            .user_pool_id(&pool)
            .client_id(&client)
            .send()
            .await;
        described
            .expect("a client")
            .user_pool_client
            .expect("a client")
    };
    let providers = describe().await.supported_identity_providers;
    assert_eq!(
        providers,
        Some(vec!["COGNITO".to_owned()]),
        "a login page without a provider turns everybody away"
    );
    console
        .update_user_pool_client()
        .user_pool_id(&pool)
        .client_id(&client)
        .client_name("web")
        .allowed_o_auth_flows(aws::OAuthFlowType::Code)
        .allowed_o_auth_flows_user_pool_client(true)
        .allowed_o_auth_scopes("openid")
        .callback_urls("https://app.example.com/callback")
        .default_redirect_uri("https://app.example.com/callback")
        .explicit_auth_flows(aws::ExplicitAuthFlowsType::AllowRefreshTokenAuth)
        .supported_identity_providers("COGNITO")
        .prevent_user_existence_errors(aws::PreventUserExistenceErrorTypes::Enabled)
        .enable_token_revocation(false)
        .auth_session_validity(5)
        .read_attributes("email")
        .write_attributes("email")
        .send()
        .await
        .expect("the console's update");
    assert_eq!(
        world.converge().await,
        [""; 0],
        "nothing of that is gatestack's"
    );
    let mut before = describe().await;
    world.change(WEB, |resource| {
        of_client(resource).access_token_seconds = 600
    });
    world.converge().await;
    let mut after = describe().await;
    assert_eq!(
        after.access_token_validity,
        Some(10),
        "600 seconds are 10 minutes"
    );
    for client in [&mut before, &mut after] {
        client.access_token_validity = None;
        client.id_token_validity = None;
        client.token_validity_units = None;
        client.last_modified_date = None;
    }
    assert_eq!(before, after);
    assert_eq!(
        world.look().await.live[&Address::new(WEB)].unmanaged.len(),
        6
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_made_a_moment_before_the_run_died_is_gone_on_with() {
    let mut world = full().await;
    let console = console(&world);
    // The pool is made with its marks, and then the run dies right after CreateUserPoolClient.
    let address = Address::new("user_pool");
    let pool = &world.desired.resources[&address].resource;
    let made = pool
        .create(&world.connection.writer(), &address, &Book::default(), None)
        .await
        .expect("a pool");
    let half_made = create_unmarked(&console, &made[&OutputName::Id], "web", false).await;
    create_unmarked(&console, &made[&OutputName::Id], "theirs", false).await;
    // It has none of the file's settings, so its name alone does not make it the run's.
    world.desired.adopt = world.desired.adopt.and([Address::new(WEB)]);

    let steps = world.converge().await;
    assert!(
        steps
            .iter()
            .any(|step| step.starts_with("update app_clients.web [mark")),
        "{steps:?}"
    );
    assert_eq!(world.converge().await, [""; 0]);
    assert_eq!(output(&world.look().await, WEB, OutputName::Id), half_made);
    assert_eq!(marks_of(&world, &console).await[WEB], half_made);
}

#[tokio::test(start_paused = true)]
async fn two_half_made_clients_are_not_picked_by_chance() {
    let world = full().await;
    let console = console(&world);
    let address = Address::new("user_pool");
    let pool = &world.desired.resources[&address].resource;
    let made = pool
        .create(&world.connection.writer(), &address, &Book::default(), None)
        .await
        .expect("a pool");
    for _ in 0..2 {
        create_unmarked(&console, &made[&OutputName::Id], "web", false).await;
    }
    let observation = world.look().await;
    let obstacles: Vec<_> = observation
        .obstacles
        .iter()
        .map(|obstacle| obstacle.address.as_str())
        .collect();
    assert_eq!(obstacles, [WEB]);
}

#[tokio::test(start_paused = true)]
async fn a_partners_client_is_known_by_its_keys_tag() {
    let mut world = full().await;
    world.converge().await;
    let (console, pool) = (console(&world), pool_id(&world).await);
    let client = output(&world.look().await, CLIENT, OutputName::Id);

    let by_hand = create_unmarked(&console, &pool, "acme", true).await;
    let observation = world.look().await;
    assert_eq!(
        observation.obstacles,
        [],
        "a namesake of what we have is somebody else's"
    );
    assert_eq!(observation.neighbours[0].count, 1);

    console
        .delete_user_pool_client()
        .user_pool_id(&pool)
        .client_id(&client)
        .send()
        .await
        .expect("it to go");
    assert_eq!(
        world.look().await.obstacles[0].address.as_str(),
        CLIENT,
        "now it may be meant"
    );
    console
        .delete_user_pool_client()
        .user_pool_id(&pool)
        .client_id(&by_hand)
        .send()
        .await
        .expect("it to go");
    assert_eq!(world.converge().await, ["create partners.acme/client"]);
    assert_eq!(world.converge().await, [""; 0]);

    world.forget(CLIENT);
    world.forget(KEY);
    let steps = world.converge().await;
    assert_eq!(
        steps,
        ["delete partners.acme/key", "delete partners.acme/client"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_partners_half_made_client_gets_its_mark() {
    let mut world = full().await;
    announce_the_client(&mut world);
    world.forget(CLIENT);
    world.converge().await;
    let (console, pool) = (console(&world), pool_id(&world).await);
    let half_made = create_unmarked(&console, &pool, "acme", true).await;
    world.want(CLIENT, partner_client("acme", KEY));
    world.desired.adopt = world.desired.adopt.and([Address::new(CLIENT)]);
    let live: Live = world
        .look()
        .await
        .live
        .remove(&Address::new(CLIENT))
        .expect("a half-made client");
    assert_eq!(live.outputs[&OutputName::Id], half_made);
    let address = Address::new(CLIENT);
    let book = world.look().await.book();
    let wanted = &world.desired.resources[&address].resource;
    wanted
        .update(
            &world.connection.writer(),
            &address,
            &live,
            &book,
            &["mark"],
        )
        .await
        .expect("a mark");
    let fields = world.look().await.live[&address].resource.fields(&book);
    let mark = fields
        .iter()
        .find(|(field, _)| field.name == "mark")
        .map(|(_, value)| value.clone());
    assert_eq!(
        mark,
        Some(output(&world.look().await, KEY, OutputName::Id).into())
    );
}

#[tokio::test(start_paused = true)]
async fn a_moved_partner_keeps_its_client() {
    let mut world = full().await;
    world.converge().await;
    let client = output(&world.look().await, CLIENT, OutputName::Id);
    world.forget(CLIENT);
    world.forget(KEY);
    let renamed = key(&world, "acme-re", "partners.acme-re/key");
    world.want("partners.acme-re/key", renamed);
    world.want(
        "partners.acme-re/client",
        partner_client("acme-re", "partners.acme-re/key"),
    );
    world.desired.moved = vec![(
        Address::new("partners.acme"),
        Address::new("partners.acme-re"),
    )];
    let steps = world.converge().await;
    assert_eq!(
        steps,
        [
            "update partners.acme-re/key [name, tags]",
            "update partners.acme-re/client [name]"
        ]
    );
    world.desired.moved.clear();
    assert_eq!(world.converge().await, [""; 0]);
    assert_eq!(
        output(
            &world.look().await,
            "partners.acme-re/client",
            OutputName::Id
        ),
        client
    );
}
