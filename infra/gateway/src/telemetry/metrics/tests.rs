//! Minutes, rollups, distributions and bounds.

use std::time::Duration;

use super::*;

fn key(name: &str) -> MetricKey {
    MetricKey { namespace: "N".to_owned(), name: name.to_owned(), dimensions: Vec::new() }
}

fn one(value: f64) -> Stat {
    let mut stat = Stat::default();
    stat.add(value, 1.0);
    stat
}

fn query(start: i64, end: i64, period: i64) -> MetricQuery<'static> {
    MetricQuery { start, end, period: period * 1000, unit: None }
}

#[test]
fn values_are_read_by_period() {
    let clock = Clock::default();
    let metrics = Metrics::new(clock.clone());
    let hour = clock.now() - clock.now().rem_euclid(60 * MINUTE);
    for (minute, value) in [(0, 1.0), (1, 2.0), (4, 3.0), (5, 10.0)] {
        metrics.put(key("a"), "Count", hour + minute * MINUTE + 500, &one(value));
    }
    let (values, unit) = metrics.read(&key("a"), query(hour, hour + 60 * MINUTE, 300));
    let sums: Vec<_> =
        values.iter().map(|(at, stat)| ((at - hour) / MINUTE, stat.of(Statistic::Sum).unwrap())).collect();
    assert_eq!((sums, unit.as_deref()), (vec![(0, 6.0), (5, 10.0)], Some("Count")));
    assert!(metrics.read(&key("b"), query(hour, hour + MINUTE, 60)).0.is_empty());
    assert!(
        metrics.read(&key("a"), MetricQuery { unit: Some("Bytes"), ..query(hour, hour + MINUTE, 60) }).0.is_empty()
    );
}

#[test]
fn old_values_are_kept_more_coarsely_and_then_not_at_all() {
    let clock = Clock::default();
    let metrics = Metrics::new(clock.clone());
    let hour = clock.now() - clock.now().rem_euclid(60 * MINUTE);
    metrics.put(key("a"), "Count", hour, &one(1.0));
    metrics.put(key("a"), "Count", hour + MINUTE, &one(2.0));
    let sums = |period: i64| {
        let (values, _) = metrics.read(&key("a"), query(hour, clock.now(), period));
        values.iter().map(|(_, stat)| stat.of(Statistic::Sum).unwrap()).collect::<Vec<_>>()
    };
    clock.advance(Duration::from_secs(3_600));
    assert_eq!((sums(60), sums(3_600)), (vec![1.0, 2.0], vec![3.0]));
    clock.advance(Duration::from_secs(5 * 3_600));
    assert_eq!((sums(60), sums(3_600)), (vec![3.0], vec![3.0]), "minutes have become five minutes");
    clock.advance(Duration::from_secs(48 * 3_600));
    assert_eq!(sums(3_600), [3.0], "and those an hour");
    clock.advance(Duration::from_secs(15 * 24 * 3_600));
    metrics.put(key("a"), "Count", clock.now(), &one(7.0));
    assert!(sums(3_600).iter().all(|sum| *sum != 3.0));
}

#[test]
fn a_meter_counts_the_running_minute() {
    let clock = Clock::default();
    let metrics = Metrics::new(clock.clone());
    let dimensions = vec![vec![], vec![("Stage".to_owned(), "prod".to_owned())]];
    let meter = metrics.meter(&[("Count", "Count"), ("Latency", "Milliseconds")], dimensions);
    let now = clock.now();
    for latency in 1..=100 {
        metrics.record(&meter, now, &[(0, 1.0), (1, f64::from(latency))]);
    }
    let key = |name: &str, dimensions: &[(&str, &str)]| MetricKey {
        namespace: "AWS/ApiGateway".to_owned(),
        name: name.to_owned(),
        dimensions: dimensions.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    };
    for dimensions in [&[][..], &[("Stage", "prod")][..]] {
        let (values, _) = metrics.read(&key("Latency", dimensions), query(now - MINUTE, now + MINUTE, 60));
        let stat = &values[0].1;
        assert_eq!(stat.of(Statistic::SampleCount), Some(100.0));
        assert_eq!((stat.of(Statistic::Minimum), stat.of(Statistic::Maximum)), (Some(1.0), Some(100.0)));
        assert!((stat.of(Statistic::Percentile(90.0)).unwrap() - 90.0).abs() < 2.0);
    }
    assert_eq!(metrics.keys().len(), 4);
}

#[test]
fn percentiles_are_exact_for_few_values_and_unknown_for_sets() {
    let mut stat = Stat::default();
    for value in [1.0, 2.0, 3.0, 4.0] {
        stat.add(value, 1.0);
    }
    assert_eq!(stat.of(Statistic::Percentile(50.0)), Some(2.5));
    assert_eq!(stat.of(Statistic::Percentile(100.0)), Some(4.0));
    stat.merge(&Stat::set(3.0, 30.0, 5.0, 15.0));
    assert_eq!(stat.of(Statistic::Percentile(50.0)), None);
    assert_eq!((stat.of(Statistic::Sum), stat.of(Statistic::Maximum)), (Some(40.0), Some(15.0)));
    assert_eq!(Stat::set(1.0, 2.0, 2.0, 2.0).of(Statistic::Percentile(50.0)), Some(2.0));
    assert_eq!(Statistic::parse("p99.9"), Some(Statistic::Percentile(99.9)));
    assert_eq!(Statistic::parse("tm99"), None);
}

#[test]
fn the_number_of_metrics_is_bounded() {
    let metrics = Metrics::new(Clock::default());
    let now = metrics.clock.now();
    for number in 0..MAX_SERIES + 5 {
        metrics.put(key(&number.to_string()), "None", now, &one(1.0));
    }
    assert_eq!(metrics.keys().len(), MAX_SERIES);
    let mut stat = Stat::default();
    for value in 0..100_000 {
        stat.add(f64::from(value), 1.0);
    }
    assert!((stat.of(Statistic::Percentile(50.0)).unwrap() - 50_000.0).abs() < 5_000.0);
}
