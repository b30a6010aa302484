//! Records in Route 53: whose they are, and what takes one over.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_record_follows_the_domain_from_zone_to_zone() {
    let account = Account::new().await;
    account
        .apply(&account.own(API, "zone = \"example.com\""))
        .await;
    let target = account.domain(API).await.regional_domain_name.unwrap();
    let line = format!("{API}. A {target}.");
    assert_eq!(
        account.records("example.com").await,
        std::slice::from_ref(&line)
    );
    account
        .apply(&account.own(API, "zone = \"api.example.com\""))
        .await;
    assert_eq!(account.records("example.com").await, [""; 0]);
    assert_eq!(account.records("api.example.com").await, [line]);
    let done = account.apply(&account.own(API, "")).await;
    assert_eq!(done, ["delete api.domain/record"]);
    assert_eq!(account.records("api.example.com").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_leads_elsewhere_is_taken_over_only_when_told() {
    let account = Account::new().await;
    let says = account.own(API, "zone = \"example.com\"");
    account
        .put_by_hand("example.com", API, dns::RrType::Cname, "old.example.com")
        .await;
    let problems = account.try_plan(&says, &agreed(), &[]).await.unwrap_err();
    assert!(
        problems[0].what.contains("CNAME old.example.com"),
        "{problems:?}"
    );
    let adopted = account
        .try_plan(&says, &agreed(), &["api.domain/record"])
        .await
        .unwrap();
    account.carry_out(&adopted).await;
    let target = account.domain(API).await.regional_domain_name.unwrap();
    let line = format!("{API}. A {target}.");
    assert_eq!(account.records("example.com").await, [line]);
    assert_eq!(summary(&account.plan(&says).await), [""; 0]);

    account
        .put_by_hand("example.com", API, dns::RrType::A, "192.0.2.1")
        .await;
    let problems = account.try_plan(&says, &agreed(), &[]).await.unwrap_err();
    assert!(
        problems[0].help.contains("--adopt 'api.domain/record'"),
        "{problems:?}"
    );
    account.destroy(&says).await.unwrap();
    assert_eq!(
        account.records("example.com").await,
        [format!("{API}. A 192.0.2.1")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_user_pools_own_domain_has_its_record() {
    let account = Account::new().await;
    account
        .put_by_hand("example.com", "example.com", dns::RrType::A, "192.0.2.1")
        .await;
    let says = account.pool("auth.example.com", "example.com");
    account.apply(&says).await;
    let records = account.records("example.com").await;
    assert!(
        records[1].starts_with("auth.example.com. A d") && records[1].ends_with(".cloudfront.net."),
        "{records:?}"
    );
    let moved = account.pool("login.example.com", "example.com");
    account.apply(&moved).await;
    let records = account.records("example.com").await;
    assert_eq!(records.len(), 2, "{records:?}");
    assert!(
        records[1].starts_with("login.example.com. A d"),
        "{records:?}"
    );
    let done = account.apply(&account.pool("login.example.com", "")).await;
    assert_eq!(done, ["delete user_pool/own_domain/record"]);
    account.apply(&moved).await;
    account.destroy(&moved).await.unwrap();
    assert_eq!(
        account.records("example.com").await,
        ["example.com. A 192.0.2.1"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_takeover_names_every_record_it_takes() {
    let account = Account::new().await;
    let says = account.own(API, "zone = \"example.com\"");
    for (kind, value) in [
        (dns::RrType::A, "192.0.2.1"),
        (dns::RrType::Aaaa, "2001:db8::1"),
    ] {
        account.put_by_hand("example.com", API, kind, value).await;
    }
    let problems = account.try_plan(&says, &agreed(), &[]).await.unwrap_err();
    let what = &problems[0].what;
    assert!(what.contains("A 192.0.2.1; AAAA 2001:db8::1"), "{what}");
    let record = Address::new("api.domain/record");
    let plan = account
        .try_plan(&says, &agreed(), &[record.as_str()])
        .await
        .unwrap();
    let fields = &plan.changes[&record].fields;
    let others = fields.iter().find(|field| field.name == "others").unwrap();
    let both = ["A 192.0.2.1", "AAAA 2001:db8::1"].map(Value::from);
    assert_eq!(others.before, Value::set(both));
    account.carry_out(&plan).await;
    let records = account.records("example.com").await;
    assert_eq!(records.len(), 1, "{records:?}");
    assert!(
        records[0].starts_with("api.example.com. A d-"),
        "{records:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_others_keep_at_the_name_is_told_and_left() {
    const NAME: &str = "auth.example.com";
    let account = Account::new().await;
    account
        .put_by_hand("example.com", "example.com", dns::RrType::A, "192.0.2.1")
        .await;
    let says = account.pool(NAME, "example.com");
    account.apply(&says).await;
    let before = account.records("example.com").await;
    account
        .put_by_hand("example.com", NAME, dns::RrType::Aaaa, "2001:db8::1")
        .await;
    let plan = account.plan(&says).await;
    assert_eq!(summary(&plan), [""; 0]);
    assert!(
        plan.notes
            .iter()
            .any(|note| note.text.contains("AAAA 2001:db8::1")),
        "{:?}",
        plan.notes
    );
    // The domain created again has another distribution, and only our record is pointed to it.
    account.drop_pool_domain(NAME).await;
    let done = account.apply(&says).await;
    assert_eq!(
        done,
        [
            "create user_pool/own_domain",
            "update user_pool/own_domain/record"
        ]
    );
    let after = account.records("example.com").await;
    assert_eq!(after.len(), 3, "{after:?}");
    assert!(
        after.contains(&format!("{NAME}. AAAA 2001:db8::1")),
        "{after:?}"
    );
    assert!(
        !after.contains(&before[1]),
        "it leads to the new one: {after:?}"
    );
    assert_eq!(summary(&account.plan(&says).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_way_into_cloudfront_is_theirs() {
    const NAME: &str = "auth.example.com";
    let account = Account::new().await;
    account
        .put_by_hand("example.com", "example.com", dns::RrType::A, "192.0.2.1")
        .await;
    let says = account.pool(NAME, "example.com");
    account.apply(&says).await;
    account.drop_pool_domain(NAME).await;
    account
        .alias_by_hand("example.com", NAME, "d111111abcdef8.cloudfront.net")
        .await;
    account.destroy(&says).await.unwrap();
    let records = account.records("example.com").await;
    assert!(
        records[1].contains("d111111abcdef8.cloudfront.net"),
        "{records:?}"
    );
}
