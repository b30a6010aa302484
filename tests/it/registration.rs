//! Sign-up and sign-in of a pool.

use aws_sdk_cognitoidentityprovider::types::UserPoolType;
use gatestack::model::Address;
use gatestack::plan::{Level, Options, Plan};

use crate::support::world::{World, stack_of, summary};

/// A stack whose pool has these lines, too.
fn with(lines: &str) -> String {
    stack_of(1, 1).replacen("[user_pool]\n", &format!("[user_pool]\n{lines}\n"), 1)
}

async fn pool(world: &World, text: &str) -> UserPoolType {
    let id = world.id(text, "user_pool").await;
    let describe = world.cognito().describe_user_pool().user_pool_id(id);
    let answer = describe.send().await.unwrap();
    answer.user_pool.unwrap()
}

async fn administrators_only(world: &World, text: &str) -> bool {
    let pool = pool(world, text).await;
    let config = pool.admin_create_user_config.unwrap();
    config.allow_admin_create_user_only
}

/// The fields of the pool that a plan changes, and its notes on the pool.
fn of_pool(plan: &Plan) -> (Vec<&'static str>, Vec<(Level, &str)>) {
    let address = Address::new("user_pool");
    let change = plan.changes.get(&address);
    let fields = change.map(|change| change.fields.iter().map(|field| field.name).collect());
    let notes = plan.notes.iter().filter(|note| note.address == address);
    let notes = notes.map(|note| (note.level, note.code.as_ref())).collect();
    (fields.unwrap_or_default(), notes)
}

#[tokio::test(start_paused = true)]
async fn a_pool_is_closed_for_registration_unless_the_file_opens_it() {
    let world = World::new();
    let (closed, open) = (with(""), with("sign_up = true"));
    world.apply(&closed).await;
    assert!(administrators_only(&world, &closed).await);
    assert!(world.plan(&closed).await.is_empty());

    let plan = world.apply(&open).await;
    assert_eq!(summary(&plan), ["update user_pool"]);
    assert_eq!(
        of_pool(&plan),
        (vec!["sign_up"], vec![(Level::Warning, "GS140")])
    );
    assert!(!administrators_only(&world, &open).await);
    assert!(world.plan(&open).await.is_empty());

    // Another change leaves it as the file has it.
    let longer = format!("{open}\n[user_pool.password]\nmin_length = 12\n");
    assert_eq!(
        of_pool(&world.apply(&longer).await),
        (vec!["password.min_length"], vec![])
    );
    assert!(!administrators_only(&world, &longer).await);

    let plan = world.apply(&closed).await;
    assert_eq!(
        of_pool(&plan),
        (
            vec!["sign_up", "password.min_length"],
            vec![(Level::Warning, "GS141")]
        )
    );
    assert!(administrators_only(&world, &closed).await);
    assert!(world.plan(&closed).await.is_empty());
}

/// As every pool was that an earlier gatestack made.
#[tokio::test(start_paused = true)]
async fn an_open_pool_whose_file_says_nothing_is_closed_and_the_plan_says_so() {
    let world = World::new();
    let text = with("");
    world.apply(&text).await;
    let before = pool(&world, &text).await;
    let update = world
        .cognito()
        .update_user_pool()
        .set_user_pool_id(before.id)
        .set_policies(before.policies)
        .set_deletion_protection(before.deletion_protection)
        .set_user_pool_tags(before.user_pool_tags);
    update.send().await.unwrap();

    let plan = world.apply(&text).await;
    assert_eq!(summary(&plan), ["update user_pool"]);
    assert_eq!(
        of_pool(&plan),
        (vec!["sign_up"], vec![(Level::Warning, "GS141")])
    );
    let note = plan.notes.iter().find(|note| note.code == "GS141").unwrap();
    assert!(note.text.contains("sign_up = true"), "{}", note.text);
    assert!(administrators_only(&world, &text).await);
}

#[tokio::test(start_paused = true)]
async fn a_new_pool_that_is_open_says_so() {
    let world = World::new();
    let plan = world
        .plan(&with("sign_up = true\nsign_in = [\"email\"]"))
        .await;
    assert_eq!(of_pool(&plan).1, [(Level::Warning, "GS140")]);
    // User names can't be changed to addresses later, which matters for sign-up.
    let plan = world.plan(&with("sign_up = true")).await;
    assert_eq!(
        of_pool(&plan).1,
        [(Level::Warning, "GS140"), (Level::Info, "GS142")]
    );
    assert_eq!(of_pool(&world.plan(&with("")).await).1, []);
}

#[tokio::test(start_paused = true)]
async fn what_users_sign_in_with_is_made_with_the_pool_and_never_changed() {
    for (list, instead, beside) in [
        (r#"["email"]"#, &["email"][..], &[][..]),
        (r#"["phone"]"#, &["phone_number"], &[]),
        (r#"["email", "phone"]"#, &["email", "phone_number"], &[]),
        (r#"["username"]"#, &[], &[]),
        (
            r#"["email", "phone", "preferred_username", "username"]"#,
            &[],
            &["email", "phone_number", "preferred_username"],
        ),
    ] {
        let world = World::new();
        let text = with(&format!("sign_in = {list}"));
        world.apply(&text).await;
        let made = pool(&world, &text).await;
        let names = |names: Option<Vec<String>>| {
            let mut names = names.unwrap_or_default();
            names.sort();
            names
        };
        let attributes = made
            .username_attributes
            .map(|it| it.iter().map(|it| it.to_string()).collect());
        assert_eq!(names(attributes), instead, "{list}");
        let aliases = made
            .alias_attributes
            .map(|it| it.iter().map(|it| it.to_string()).collect());
        assert_eq!(names(aliases), beside, "{list}");
        assert!(world.plan(&text).await.is_empty(), "{list}");

        // Without the line it stays unchanged, and counts as unmanaged.
        let silent = with("");
        let observation = world.look(&silent).await;
        assert!(world.plan(&silent).await.is_empty(), "{list}");
        let words = "sign-in by e-mail address or phone number".to_owned();
        let plain = instead.is_empty() && beside.is_empty();
        let unmanaged = |observation: &gatestack::kinds::Observation| {
            observation.live[&Address::new("user_pool")]
                .unmanaged
                .contains(&words)
        };
        assert_eq!(unmanaged(&observation), !plain, "{list}");
        assert!(!unmanaged(&world.look(&text).await), "{list}");

        let other = if list == r#"["username"]"# {
            r#"["email"]"#
        } else {
            r#"["username"]"#
        };
        let changed = with(&format!("sign_in = {other}"));
        let problems = world
            .plan_with(&changed, &Options::default())
            .await
            .unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        let told = format!("it is {list}, and the file says {other}");
        assert!(problems[0].what.contains(&told), "{}", problems[0].what);
        assert!(
            problems[0].help.contains("second pool"),
            "{}",
            problems[0].help
        );
    }
}
