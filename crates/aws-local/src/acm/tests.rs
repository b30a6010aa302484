//! A certificate's state, which derives from the clock and from Route 53's records.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::operation::{Call, Pace, Run};
use super::super::registry;
use super::super::state::State;
use super::certificate::Certificate;

/// An account, called without HTTP.
struct Local {
    state: State,
    now: Timestamp,
    pace: Pace,
}

impl Local {
    fn new(pace: Pace) -> Self {
        Self {
            state: State::default(),
            now: "2026-11-21T10:00:00Z".parse().unwrap(),
            pace,
        }
    }

    fn call(&mut self, service: &str, name: &str, input: Value) -> Value {
        let operation = registry::operation(service, name).unwrap();
        let region = if service == "acm" {
            "eu-west-1"
        } else {
            "us-east-1"
        };
        let call = Call {
            operation: operation.name,
            input: input.as_object().unwrap().clone(),
            now: self.now,
            account: "123456789012".into(),
            session: None,
            region: region.into(),
            request_id: "r".into(),
            pace: self.pace,
            id: None,
            everywhere: self.state.clone(),
            beside: crate::beside::Beside::default(),
        };
        let region = self.state.regions.entry(region);
        let answer = match operation.run {
            Run::Read(run) => run(region, &call),
            Run::Change(run) => run(region, &call),
            Run::Outside(_) => unreachable!(),
        };
        Value::Object(answer.unwrap())
    }

    fn after(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn request(&mut self) -> Value {
        let input = json!({"DomainName": "a.example.com", "ValidationMethod": "DNS"});
        self.call("acm", "RequestCertificate", input)["CertificateArn"].clone()
    }

    fn describe(&mut self, arn: &Value) -> Value {
        let input = json!({"CertificateArn": arn});
        self.call("acm", "DescribeCertificate", input)["Certificate"].clone()
    }

    fn zone(&mut self) -> String {
        let input = json!({"Name": "a.example.com", "CallerReference": "once"});
        let made = self.call("route53", "CreateHostedZone", input);
        made["HostedZone"]["Id"].as_str().unwrap().to_owned()
    }

    fn record(&mut self, action: &str, zone: &str, record: &Value) {
        let set = json!({
            "Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}],
        });
        let change = json!({"Action": action, "ResourceRecordSet": set});
        let input = json!({"HostedZoneId": zone, "ChangeBatch": {"Changes": [change]}});
        self.call("route53", "ChangeResourceRecordSets", input);
    }
}

const REALISTIC: Pace = Pace::Realistic { time_scale: 1.0 };

#[test]
fn a_certificate_takes_awss_time_when_realistic() {
    let mut local = Local::new(REALISTIC);
    let arn = local.request();
    let option = |told: &Value| told["DomainValidationOptions"][0].clone();
    let told = local.describe(&arn);
    assert!(option(&told).get("ResourceRecord").is_none(), "{told}");
    local.after(5);
    let told = local.describe(&arn);
    let record = option(&told)["ResourceRecord"].clone();
    let zone = local.zone();
    local.record("CREATE", &zone, &record);
    local.after(179);
    assert_eq!(local.describe(&arn)["Status"], "PENDING_VALIDATION");
    local.after(1);
    let told = local.describe(&arn);
    assert_eq!(told["Status"], "ISSUED");
    assert_eq!(option(&told)["ValidationStatus"], "SUCCESS");
    local.after(198 * 24 * 60 * 60);
    assert_eq!(local.describe(&arn)["Status"], "EXPIRED");
}

#[test]
fn a_record_that_goes_too_soon_proves_nothing() {
    let mut local = Local::new(REALISTIC);
    let arn = local.request();
    local.after(5);
    let record = local.describe(&arn)["DomainValidationOptions"][0]["ResourceRecord"].clone();
    let zone = local.zone();
    local.record("CREATE", &zone, &record);
    local.after(60);
    local.record("DELETE", &zone, &record);
    local.after(600);
    assert_eq!(local.describe(&arn)["Status"], "PENDING_VALIDATION");
    local.record("CREATE", &zone, &record);
    local.after(180);
    assert_eq!(local.describe(&arn)["Status"], "ISSUED");
}

#[test]
fn a_request_nobody_proves_times_out_at_any_pace() {
    for pace in [Pace::Immediate, REALISTIC] {
        let mut local = Local::new(pace);
        let arn = local.request();
        local.after(72 * 60 * 60 - 1);
        let told = local.describe(&arn);
        assert_eq!(told["Status"], "PENDING_VALIDATION");
        local.after(1);
        let record = told["DomainValidationOptions"][0]["ResourceRecord"].clone();
        let told = local.describe(&arn);
        assert_eq!(told["Status"], "VALIDATION_TIMED_OUT");
        assert_eq!(
            told["DomainValidationOptions"][0]["ValidationStatus"],
            "FAILED"
        );
        // For good.
        let zone = local.zone();
        local.after(1);
        local.record("CREATE", &zone, &record);
        local.after(600);
        assert_eq!(local.describe(&arn)["Status"], "VALIDATION_TIMED_OUT");
    }
}

#[test]
fn a_wildcard_stands_for_one_label() {
    let certificate = Certificate::for_tests("arn", "*.example.com");
    assert!(certificate.covers("API.example.com") && certificate.covers("*.example.com"));
    for name in [
        "example.com",
        "a.b.example.com",
        "*.b.example.com",
        "apiexample.com",
    ] {
        assert!(!certificate.covers(name), "{name}");
    }
}
