//! Runs over domains that die at any call.

use super::*;

/// Kills the run at every call; the next one continues, with the same result as an undisturbed one.
async fn dies_at_every_call(options: Options, stacks: impl Fn(&Account) -> (Option<Says>, Says)) {
    let shape = |observation: &Observation| -> Vec<String> {
        observation.live.keys().map(ToString::to_string).collect()
    };
    let mut calls = 1;
    loop {
        let account = Account::new().await;
        account
            .put_by_hand("example.com", "example.com", dns::RrType::A, "192.0.2.1")
            .await;
        let (before, after) = stacks(&account);
        if let Some(before) = before {
            account.apply(&before).await;
        }
        let plan = account.try_plan(&after, &options, &[]).await.unwrap();
        let dying = Wire::dying_after(calls, &account.world);
        let done = account
            .world
            .carry_out(&plan, dying)
            .await
            .failures
            .is_empty();
        let rest = account.try_plan(&after, &options, &[]).await;
        let rest = rest.unwrap_or_else(|problems| panic!("died after call {calls}: {problems:#?}"));
        account.carry_out(&rest).await;
        let again = account.try_plan(&after, &options, &[]).await.unwrap();
        assert_eq!(summary(&again), [""; 0], "died after call {calls}");
        let left = shape(&account.look(&after).await);
        let wanted: Vec<String> = match options.destroy {
            true => Vec::new(),
            false => account
                .desired(&after)
                .await
                .resources
                .keys()
                .map(ToString::to_string)
                .collect(),
        };
        assert_eq!(left, wanted, "died after call {calls}");
        let records = account.records("example.com").await.len()
            + account.records("api.example.com").await.len();
        let kept = wanted
            .iter()
            .filter(|address| address.ends_with("/record"))
            .count();
        assert_eq!(records, kept + 1, "died after call {calls}");
        let domains = wanted
            .iter()
            .filter(|address| *address == "api.domain")
            .count();
        assert_eq!(
            account.domains().await.len(),
            domains,
            "died after call {calls}"
        );
        if done {
            break;
        }
        calls += 1;
    }
    assert!(calls > 1, "the run never got going");
}

#[tokio::test(start_paused = true)]
async fn making_a_domain_can_die_anywhere() {
    dies_at_every_call(agreed(), |account| {
        let says = account.own(API, "zone = \"example.com\"\nbase_paths = [\"v1\", \"v2\"]");
        let pool = account.pool("auth.example.com", "example.com").pool;
        (None, Says { pool, ..says })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn moving_domains_can_die_anywhere() {
    dies_at_every_call(agreed(), |account| {
        let before = Says {
            pool: account.pool("auth.example.com", "example.com").pool,
            ..account.own(API, "zone = \"example.com\"")
        };
        let after = Says {
            pool: account.pool("login.example.com", "example.com").pool,
            ..account.own(
                "rest.example.com",
                "zone = \"example.com\"\nbase_paths = [\"v1\"]",
            )
        };
        (Some(before), after)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn changing_zones_can_die_anywhere() {
    dies_at_every_call(agreed(), |account| {
        let before = account.own(API, "zone = \"example.com\"");
        (Some(before), account.own(API, "zone = \"api.example.com\""))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn destroying_domains_can_die_anywhere() {
    dies_at_every_call(destroying(), |account| {
        let says = Says {
            pool: account.pool("auth.example.com", "example.com").pool,
            ..account.own(API, "zone = \"example.com\"")
        };
        (Some(says.clone()), says)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn making_base_paths_with_levels_can_die_anywhere() {
    dies_at_every_call(agreed(), |account| {
        let says = account.own(API, "base_paths = [\"v1/orders\", \"v2\"]");
        (None, says)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn changing_base_paths_with_levels_can_die_anywhere() {
    dies_at_every_call(agreed(), |account| {
        let before = account.own(API, "base_paths = [\"v1/orders\", \"v1/new\", \"v2\"]");
        let after = Says {
            api: "stage = \"live\"",
            ..account.own(API, "base_paths = [\"v1/orders\", \"v3/a/b\", \"v4\"]")
        };
        (Some(before), after)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn destroying_base_paths_with_levels_can_die_anywhere() {
    dies_at_every_call(destroying(), |account| {
        let says = account.own(API, "base_paths = [\"v1/orders\", \"v1\"]");
        (Some(says.clone()), says)
    })
    .await;
}
