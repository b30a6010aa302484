//! The usage of keys on usage plans: counted by day, in UTC, and checked against quotas.
//!
//! A request to a stage doesn't write the state: its count goes to the [`Meter`] beside the state first, and is saved with the
//! next change: any call that changes something, `GetUsage`, or the end of the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::{self, Region};
use super::lists::check_no_position;
use super::patch::{Op, patches};
use super::refusals::{bad_request, not_found};
use super::state::{State, members, text};
use super::usage_plans::no_plan;

pub(super) const OPERATIONS: &[Operation] = &[
    // A change, since it saves the meter.
    Operation::change("GetUsage", get),
    Operation::change("UpdateUsage", update),
];

/// The most days of usage in one call.
const MOST_DAYS: i32 = 90;

/// The usage of one key on one plan.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Requests by day.
    pub days: BTreeMap<Date, u64>,
    /// What `UpdateUsage` added to the limit of a quota's period, by the period's first day. Negative if it reduced the limit.
    pub granted: BTreeMap<Date, i64>,
}

/// A plan's quota.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlanQuota {
    /// How many requests a period has.
    pub(crate) limit: u64,
    /// `DAY`, `WEEK` or `MONTH`.
    pub(crate) period: String,
    /// The offset in days of a period from the start of the week or the month.
    offset: i64,
}

impl PlanQuota {
    fn of(plan: &Object) -> Option<Self> {
        let quota = plan.get("quota")?.as_object()?;
        Some(Self {
            limit: quota.get("limit")?.as_u64()?,
            period: text(quota, "period").to_owned(),
            offset: quota.get("offset").and_then(Value::as_i64).unwrap_or(0),
        })
    }

    /// The first day of the period that a day is in. Weeks begin on Sundays, as in AWS's console.
    fn first_day(&self, day: Date) -> Date {
        let shifted = day.saturating_sub(self.offset.days());
        let first = match self.period.as_str() {
            "WEEK" => {
                shifted.saturating_sub(i64::from(shifted.weekday().to_sunday_zero_offset()).days())
            }
            "MONTH" => shifted.first_of_month(),
            _ => shifted,
        };
        first.saturating_add(self.offset.days())
    }

    /// The remaining requests in the period of `day`, after that day's.
    fn remaining(&self, usage: &Usage, day: Date) -> u64 {
        let first = self.first_day(day);
        let used: u64 = usage.days.range(first..=day).map(|(_, count)| count).sum();
        let granted = usage.granted.get(&first).copied().unwrap_or(0);
        self.limit
            .saturating_add_signed(granted)
            .saturating_sub(used)
    }
}

/// The key of a row of usage: ids have no slash.
fn row(plan: &str, key: &str) -> String {
    format!("{plan}/{key}")
}

fn day_of(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// The counts of stages that are not in the state yet.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Counted>);

/// Requests by Region, row and day.
#[derive(Debug, Default)]
pub(crate) struct Counted(BTreeMap<String, BTreeMap<String, BTreeMap<Date, u64>>>);

impl Meter {
    /// Counts one request of a key on a plan; an error with the exceeded quota counts nothing.
    pub(crate) fn count(
        &self,
        state: &state::State,
        region: &str,
        plan: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<(), PlanQuota> {
        let (row, day) = (row(plan, key), day_of(now));
        let mut counted = self.counted();
        let there = state.regions.get(region).map(|region| &region.apigateway);
        let settings = there.and_then(|state| state.usage_plans.get(plan));
        if let Some(quota) = settings.and_then(|plan| PlanQuota::of(&plan.settings)) {
            let known = there.and_then(|state| state.usage.get(&row));
            let mut usage = known.cloned().unwrap_or_default();
            let fresh = counted.0.get(region).and_then(|rows| rows.get(&row));
            usage.add(fresh.into_iter().flatten());
            if quota.remaining(&usage, day) == 0 {
                return Err(quota);
            }
        }
        let rows = counted.0.entry(region.to_owned()).or_default();
        *rows.entry(row).or_default().entry(day).or_default() += 1;
        Ok(())
    }

    /// The counts, locked until they are saved and cleared.
    pub(crate) fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Saves the counts. Those of deleted plans and keys are dropped, as are their rows.
    pub(crate) fn add_to(&self, state: &mut state::State) {
        for (name, rows) in &self.0 {
            let Some(region) = state.regions.get_mut(name) else {
                continue;
            };
            let State {
                usage,
                usage_plans,
                api_keys,
                ..
            } = &mut region.apigateway;
            for (row, days) in rows {
                usage.entry(row).add(days);
            }
            usage.retain(|row, _| {
                let ids = row.split_once('/');
                ids.is_some_and(|(plan, key)| usage_plans.contains(plan) && api_keys.contains(key))
            });
        }
    }
}

impl Usage {
    fn add<'d>(&mut self, days: impl IntoIterator<Item = (&'d Date, &'d u64)>) {
        for (day, count) in days {
            *self.days.entry(*day).or_default() += count;
        }
    }
}

/// A key of a plan in `GetUsage`: for each day the used and the remaining requests.
fn describe(quota: Option<&PlanQuota>, usage: &Usage, days: &[Date]) -> Value {
    let told = days.iter().map(|day| {
        let used = usage.days.get(day).copied().unwrap_or(0);
        // AWS doesn't document what remains without a quota.
        json!([used, quota.map_or(0, |quota| quota.remaining(usage, *day))])
    });
    told.collect()
}

fn get(region: &mut Region, call: &Call) -> Answer {
    let state = &region.apigateway;
    let plan_id = call.text("usagePlanId");
    let plan = state.usage_plans.get(plan_id).ok_or_else(no_plan)?;
    let date = |member: &str| {
        let text = call.text(member);
        text.parse::<Date>()
            .map_err(|_| bad_request(format!("Invalid {member} specified: {text}")))
    };
    let (start, end) = (date("startDate")?, date("endDate")?);
    let length = end.since(start).map_or(0, |span| span.get_days());
    if end < start || length > MOST_DAYS {
        return Err(bad_request(
            "Invalid date range specified: the end must be at most 90 days after the start",
        ));
    }
    let asked = call.input.get("keyId").and_then(Value::as_str);
    if let Some(key) = asked {
        check_key(state, plan_id, key)?;
    }
    check_no_position(call)?;
    let days: Vec<_> = start
        .series(1.day())
        .take_while(|day| *day <= end)
        .collect();
    let quota = PlanQuota::of(&plan.settings);
    let rows = state
        .usage
        .iter()
        .filter_map(|(row, usage)| Some((row.strip_prefix(plan_id)?.strip_prefix('/')?, usage)))
        .filter(|(key, _)| asked.is_none_or(|asked| asked == *key))
        .filter(|(_, usage)| usage.days.range(start..=end).next().is_some());
    let items: Object = rows
        .map(|(key, usage)| (key.to_owned(), describe(quota.as_ref(), usage, &days)))
        .collect();
    let mut answer = members(call, &["usagePlanId", "startDate", "endDate"]);
    answer.insert("items".into(), items.into());
    Ok(answer)
}

fn check_key(state: &State, plan: &str, key: &str) -> Result<(), Refusal> {
    let row = state.api_keys.get(key);
    if row.is_some_and(|row| row.usage_plans.contains(plan)) {
        return Ok(());
    }
    Err(not_found("Invalid API Key identifier specified"))
}

/// Sets what remains of the quota in the current period.
fn update(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let (plan_id, key) = (call.text("usagePlanId"), call.text("keyId"));
    let plan = state.usage_plans.get(plan_id).ok_or_else(no_plan)?;
    check_key(state, plan_id, key)?;
    let quota = PlanQuota::of(&plan.settings)
        .ok_or_else(|| bad_request(format!("Usage Plan {plan_id} does not have a quota")))?;
    let today = day_of(call.now);
    let usage = state.usage.entry(&row(plan_id, key));
    for patch in patches(call)? {
        if patch.op != Op::Replace || patch.path != "/remaining" {
            return Err(bad_request(format!("Invalid patch path {}", patch.path)));
        }
        let value = patch.filled().unwrap_or_default();
        let wanted: u32 = value.parse().map_err(|_| {
            bad_request(format!(
                "Invalid patch value  '{value}' specified for op 'replace'. Must be an integer"
            ))
        })?;
        let granted = usage.granted.entry(quota.first_day(today)).or_default();
        *granted = 0;
        let first = quota.first_day(today);
        let used: u64 = usage
            .days
            .range(first..=today)
            .map(|(_, count)| count)
            .sum();
        let total = i64::from(wanted).saturating_add_unsigned(used);
        *granted = total.saturating_sub_unsigned(quota.limit);
    }
    let today_text = today.to_string();
    let items = Object::from_iter([(key.to_owned(), describe(Some(&quota), usage, &[today]))]);
    Ok(Object::from_iter([
        ("usagePlanId".to_owned(), json!(plan_id)),
        ("startDate".to_owned(), json!(today_text)),
        ("endDate".to_owned(), json!(today_text)),
        ("items".to_owned(), items.into()),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_where_the_offset_says() {
        let first = |period: &str, offset: i64, day: &str| {
            let quota = PlanQuota {
                limit: 1,
                period: period.into(),
                offset,
            };
            quota.first_day(day.parse().unwrap()).to_string()
        };
        // 2026-11-21 is a Saturday.
        for (period, offset, day, wanted) in [
            ("DAY", 0, "2026-11-21", "2026-11-21"),
            ("WEEK", 0, "2026-11-21", "2026-11-15"),
            ("WEEK", 0, "2026-11-22", "2026-11-22"),
            ("WEEK", 6, "2026-11-20", "2026-11-14"),
            ("WEEK", 6, "2026-11-21", "2026-11-21"),
            ("MONTH", 0, "2026-11-21", "2026-11-01"),
            ("MONTH", 27, "2026-11-27", "2026-10-28"),
            ("MONTH", 27, "2026-11-28", "2026-11-28"),
            ("MONTH", 27, "2026-03-01", "2026-02-28"),
        ] {
            assert_eq!(
                first(period, offset, day),
                wanted,
                "{period} {offset} {day}"
            );
        }
    }

    #[test]
    fn what_remains_falls_within_a_period_only() {
        let quota = PlanQuota {
            limit: 10,
            period: "MONTH".into(),
            offset: 0,
        };
        let mut usage = Usage::default();
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (date, count) in [("2026-10-31", 9), ("2026-11-02", 3), ("2026-11-04", 4)] {
            usage.days.insert(day(date), count);
        }
        let remaining = |usage: &Usage, date: &str| quota.remaining(usage, day(date));
        assert_eq!(remaining(&usage, "2026-10-31"), 1);
        assert_eq!(remaining(&usage, "2026-11-01"), 10);
        assert_eq!(remaining(&usage, "2026-11-03"), 7);
        assert_eq!(remaining(&usage, "2026-11-30"), 3);
        usage.granted.insert(day("2026-11-01"), 5);
        assert_eq!(remaining(&usage, "2026-11-30"), 8);
        usage.granted.insert(day("2026-11-01"), -5);
        assert_eq!(remaining(&usage, "2026-11-30"), 0);
    }
}
