//! The pool itself.

use super::*;

#[tokio::test(start_paused = true)]
async fn tags_alone_are_no_update_of_a_pool() {
    let mut world = full().await;
    world.converge().await;
    world.change("user_pool", |resource| {
        drop(
            of_pool(resource)
                .tags
                .insert("team".into(), "others".into()),
        );
    });
    assert_eq!(world.converge().await, ["update user_pool [tags]"]);
    let calls = world.all_calls();
    assert_eq!(calls.get("UpdateUserPool"), None, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn an_update_of_a_pool_keeps_what_others_set() {
    let mut world = full().await;
    world.converge().await;
    let (console, pool) = (console(&world), pool_id(&world).await);
    let tags = console
        .describe_user_pool()
        .user_pool_id(&pool)
        .send()
        .await
        .expect("a pool");
    let mut tags = tags
        .user_pool
        .and_then(|pool| pool.user_pool_tags)
        .expect("tags");
    tags.insert("cost".into(), "42".into());
    let template = aws::MessageTemplateType::builder()
        .email_message("{username} {####}")
        .build();
    let policy = aws::PasswordPolicyType::builder()
        .minimum_length(8)
        .require_lowercase(true)
        .require_uppercase(true)
        .require_numbers(true)
        .require_symbols(true)
        .password_history_size(3)
        .temporary_password_validity_days(7);
    console
        .update_user_pool()
        .user_pool_id(&pool)
        .set_user_pool_tags(Some(tags))
        .deletion_protection(aws::DeletionProtectionType::Active)
        .policies(
            aws::UserPoolPolicyType::builder()
                .password_policy(policy.build())
                .build(),
        )
        .lambda_config(
            aws::LambdaConfigType::builder()
                .pre_sign_up("arn:aws:lambda:eu-west-1:123456789012:function:a")
                .build(),
        )
        .auto_verified_attributes(aws::VerifiedAttributeType::Email)
        .user_attribute_update_settings(
            aws::UserAttributeUpdateSettingsType::builder()
                .attributes_require_verification_before_update(aws::VerifiedAttributeType::Email)
                .build(),
        )
        .sms_configuration(
            aws::SmsConfigurationType::builder()
                .sns_caller_arn("arn:aws:iam::123456789012:role/sms")
                .external_id("x")
                .build(),
        )
        .mfa_configuration(aws::UserPoolMfaType::Optional)
        .email_verification_message("Your code is {####}")
        .device_configuration(
            aws::DeviceConfigurationType::builder()
                .challenge_required_on_new_device(true)
                .build(),
        )
        .admin_create_user_config(
            aws::AdminCreateUserConfigType::builder()
                .allow_admin_create_user_only(true)
                .unused_account_validity_days(7)
                .invite_message_template(template)
                .build(),
        )
        .send()
        .await
        .expect("the console's update");
    assert_eq!(
        world.converge().await,
        [""; 0],
        "nothing of that is gatestack's"
    );
    let before = console
        .describe_user_pool()
        .user_pool_id(&pool)
        .send()
        .await
        .expect("a pool")
        .user_pool;

    world.change("user_pool", |resource| {
        of_pool(resource).password.min_length = 10;
        of_pool(resource).password.temporary_days = 9;
    });
    world.converge().await;

    let after = console
        .describe_user_pool()
        .user_pool_id(&pool)
        .send()
        .await
        .expect("a pool")
        .user_pool;
    let (mut before, mut after) = (before.expect("a pool"), after.expect("a pool"));
    let history = |pool: &aws::UserPoolType| {
        pool.policies
            .as_ref()
            .and_then(|policies| policies.password_policy.as_ref()?.password_history_size)
    };
    assert_eq!(history(&after), Some(3));
    for pool in [&mut before, &mut after] {
        pool.policies = None;
        pool.last_modified_date = None;
        // AWS shows the same number of days here too.
        let admin = pool
            .admin_create_user_config
            .as_mut()
            .expect("its settings");
        admin.unused_account_validity_days = 0;
    }
    assert_eq!(before, after);
    let unmanaged = &world.look().await.live[&Address::new("user_pool")].unmanaged;
    for words in [
        "Lambda triggers",
        "multi-factor authentication",
        "messages to users",
        "password history",
    ] {
        assert!(
            unmanaged.iter().any(|known| known == words),
            "{words} in {unmanaged:?}"
        );
    }
}

/// An AWS that is newer than this gatestack: its description of a pool has one member more.
#[derive(Clone, Debug)]
struct Newer(SharedHttpConnector);

impl HttpConnector for Newer {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let described = request
            .headers()
            .get("x-amz-target")
            .is_some_and(|target| target.ends_with(".DescribeUserPool"));
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            if described {
                let text = String::from_utf8(answer.body().bytes().unwrap_or_default().to_vec())
                    .expect("JSON");
                let text = text.replacen(
                    "{\"UserPool\":{",
                    "{\"UserPool\":{\"ReplicaConfiguration\":{\"On\":true},",
                    1,
                );
                assert!(text.contains("ReplicaConfiguration"), "{text}");
                answer.headers_mut().remove("content-length");
                *answer.body_mut() = SdkBody::from(text);
            }
            Ok(answer)
        })
    }
}

impl HttpClient for Newer {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn a_setting_nobody_knows_stops_nothing() {
    let mut world = full().await;
    world.converge().await;
    let observation = world.look().await;
    let address = Address::new("user_pool");
    world.change("user_pool", |resource| {
        of_pool(resource).password.min_length = 10
    });

    let plain = connector(world.service.clone());
    let settings = HttpConnectorSettings::builder().build();
    let components =
        aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder::for_tests()
            .build();
    let newer = SharedHttpClient::new(Newer(
        plain.http_connector(&settings, &components.expect("test components")),
    ));
    let clock = Clock::simulated("2026-11-21T10:00:00Z".parse().expect("a time"));
    let connection = Connection::open(Endpoint::InProcess(newer), "eu-west-1", &clock).await;
    let wanted = &world.desired.resources[&address].resource;
    wanted
        .update(
            &connection.writer(),
            &address,
            &observation.live[&address],
            &observation.book(),
            &["password.min_length"],
        )
        .await
        .expect("an update with a setting that AWS has added");
    assert_eq!(connection.tally().count().writes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_protected_pool_goes_once_the_protection_is_lifted() {
    let world = full().await;
    world.converge().await;
    delete(&world, DOMAIN).await;
    let observation = world.look().await;
    let address = Address::new("user_pool");
    let writer = world.connection.writer();
    let live = &observation.live[&address];
    let refused = live
        .delete(&writer, &address)
        .await
        .expect_err("a protected pool");
    assert!(refused.message.contains("deletion protection"), "{refused}");

    let unprotected = live.resource.unprotected().expect("a protected pool");
    let lifted = unprotected
        .update(
            &writer,
            &address,
            live,
            &observation.book(),
            &["deletion_protection"],
        )
        .await;
    lifted.expect("the protection to go");
    live.delete(&writer, &address)
        .await
        .expect("the pool to go");
    live.delete(&writer, &address)
        .await
        .expect("a pool that is gone to be as good as deleted");
    let observation = world.look().await;
    assert!(!observation.live.contains_key(&address));
}

#[tokio::test(start_paused = true)]
async fn a_renamed_pool_is_found_by_its_tag_and_a_pool_by_name_alone_is_not_ours() {
    let world = only_a_pool().await;
    let console = console(&world);
    let stranger = console
        .create_user_pool()
        .pool_name("XXX Users")
        .send()
        .await
        .expect("a pool");
    let obstacles = world.look().await.obstacles;
    assert_eq!(obstacles.len(), 1);
    assert!(
        obstacles[0].help.contains("--adopt 'user_pool'"),
        "{obstacles:?}"
    );

    let id = stranger.user_pool.and_then(|pool| pool.id).expect("an id");
    console
        .delete_user_pool()
        .user_pool_id(id)
        .send()
        .await
        .expect("it to go");
    world.converge().await;
    let id = pool_id(&world).await;
    let tags = console
        .describe_user_pool()
        .user_pool_id(&id)
        .send()
        .await
        .expect("a pool");
    console
        .update_user_pool()
        .user_pool_id(&id)
        .pool_name("Renamed by hand")
        .set_user_pool_tags(tags.user_pool.and_then(|pool| pool.user_pool_tags))
        .send()
        .await
        .expect("the console's update");
    assert_eq!(
        world.converge().await,
        ["update user_pool [name, deletion_protection, sign_up]"]
    );
    assert_eq!(pool_id(&world).await, id);
}

#[tokio::test(start_paused = true)]
async fn a_pool_made_by_hand_is_adopted_with_all_that_is_wanted_in_it() {
    let mut world = full().await;
    let console = console(&world);
    let pool = console
        .create_user_pool()
        .pool_name("XXX Users")
        .send()
        .await
        .expect("a pool");
    let pool = pool.user_pool.and_then(|pool| pool.id).expect("an id");
    let created = console
        .create_user_pool_domain()
        .user_pool_id(&pool)
        .domain("by-hand")
        .send()
        .await;
    created.expect("a domain");
    let created = console
        .create_resource_server()
        .user_pool_id(&pool)
        .identifier("xxx-api")
        .name("X")
        .send()
        .await;
    created.expect("a resource server");
    let created = console
        .create_resource_server()
        .user_pool_id(&pool)
        .identifier("another")
        .name("X")
        .send()
        .await;
    created.expect("a resource server");
    let client = create_unmarked(&console, &pool, "web", false).await;
    create_unmarked(&console, &pool, "theirs", false).await;

    world.desired.adopt = world.desired.adopt.and([Address::new("user_pool")]);
    let addresses: Vec<_> = world
        .look()
        .await
        .obstacles
        .into_iter()
        .map(|obstacle| obstacle.address.to_string())
        .collect();
    // The pool's name names its parts.
    assert_eq!(addresses, [SERVER, WEB]);

    world.desired.adopt = world.desired.adopt.and([SERVER, WEB].map(Address::new));
    let observation = world.look().await;
    assert_eq!(observation.obstacles, []);
    let mut neighbours: Vec<_> = observation
        .neighbours
        .iter()
        .map(|beside| (beside.kind.name, beside.count))
        .collect();
    neighbours.sort_unstable();
    assert_eq!(neighbours, [("app_client", 1), ("resource_server", 1)]);
    world.converge().await;
    world.desired.adopt = Default::default();
    assert_eq!(world.converge().await, [""; 0]);
    assert_eq!(output(&world.look().await, WEB, OutputName::Id), client);
    assert_eq!(marks_of(&world, &console).await.len(), 3);
}
