//! Bounds, order, retention and what is there after a restart.

use std::time::Duration;

use super::stream::MAX_EVENTS;
use super::*;

fn messages(logs: &Logs, group: &str, stream: &str) -> Vec<String> {
    let read = |group: &Group| group.streams[stream].events().iter().map(|event| event.message.to_string()).collect();
    logs.group(group, read).unwrap()
}

fn named(name: &str) -> LogGroup {
    LogGroup { log_group_name: name.to_owned(), ..LogGroup::default() }
}

#[test]
fn events_are_there_after_a_restart_and_what_was_deleted_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.sqlite");
    let files = LogFiles::open(Some(&path)).unwrap();
    let logs = files.world("0/r", Clock::default());
    logs.append("/aws/lambda/f", "s", 2, "two");
    logs.append("/aws/lambda/f", "s", 1, "one");
    logs.append("/aws/lambda/f", "gone", 1, "x");
    logs.append("/gone", "s", 1, "x");
    logs.flush();
    logs.delete_stream("/aws/lambda/f", "gone").unwrap();
    logs.delete_group("/gone").unwrap();
    assert_eq!(logs.delete_group("/gone"), Err(LogsError::NoGroup));
    // Written by the end of the files, if not before.
    logs.append("/aws/lambda/f", "s", 3, "three");
    drop((logs, files));
    let files = LogFiles::open(Some(&path)).unwrap();
    let logs = files.world("0/r", Clock::default());
    assert_eq!(messages(&logs, "/aws/lambda/f", "s"), ["one", "two", "three"]);
    assert_eq!(logs.groups(|groups| groups.keys().cloned().collect::<Vec<_>>()), ["/aws/lambda/f"]);
    assert_eq!(logs.group("/aws/lambda/f", |group| group.streams.len()), Ok(1));
    logs.append("/aws/lambda/f", "s", 3, "four");
    assert_eq!(messages(&logs, "/aws/lambda/f", "s").last().unwrap(), "four", "places go on behind the last run's");
    assert_eq!(files.world("0/elsewhere", Clock::default()).groups(BTreeMap::len), 0);
}

#[test]
fn a_stream_keeps_its_newest_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.sqlite");
    let files = LogFiles::open(Some(&path)).unwrap();
    let logs = files.world("0/r", Clock::default());
    for time in 0..=i64::try_from(MAX_EVENTS).unwrap() {
        logs.append("g", "s", time, "line");
    }
    let held = |logs: &Logs| logs.group("g", |group| group.streams["s"].events().len()).unwrap();
    assert_eq!(held(&logs), MAX_EVENTS / 10 * 9);
    drop((logs, files));
    let logs = LogFiles::open(Some(&path)).unwrap().world("0/r", Clock::default());
    assert_eq!(held(&logs), MAX_EVENTS / 10 * 9, "the file is trimmed as well");
}

#[test]
fn all_streams_together_are_bounded() {
    let logs = LogFiles::open(None).unwrap().world("0/r", Clock::default());
    let line = "x".repeat(1024 * 1024);
    for stream in 0..20 {
        for time in 0..5 {
            logs.append("g", &format!("s{stream:02}"), time, &line);
        }
    }
    let bytes = logs.group("g", |group| group.streams.values().map(Stream::bytes).sum::<usize>()).unwrap();
    assert!(bytes <= MAX_BYTES, "{bytes}");
    assert_eq!(logs.lock().bytes, bytes);
    assert_eq!(messages(&logs, "g", "s19").len(), 5);
}

#[test]
fn a_group_keeps_a_bounded_number_of_streams() {
    let logs = LogFiles::open(None).unwrap().world("0/r", Clock::default());
    logs.append("g", "old", 1, "x");
    logs.clock.advance(Duration::from_secs(1));
    for stream in 0..MAX_STREAMS {
        logs.append("g", &format!("s{stream}"), 1, "x");
    }
    logs.group("g", |group| {
        assert_eq!(group.streams.len(), MAX_STREAMS);
        assert!(!group.streams.contains_key("old"));
    })
    .unwrap();
}

#[test]
fn retention_counts_on_the_clock() {
    let clock = Clock::default();
    let logs = LogFiles::open(None).unwrap().world("0/r", clock.clone());
    logs.create_group(named("g")).unwrap();
    assert_eq!(logs.create_group(named("g")), Err(LogsError::Exists));
    logs.append("g", "s", clock.now(), "old");
    logs.change_group("g", |group| group.retention_in_days = Some(1)).unwrap();
    clock.advance(Duration::from_secs(86_000));
    logs.append("g", "s", clock.now(), "young");
    assert_eq!(messages(&logs, "g", "s"), ["old", "young"]);
    clock.advance(Duration::from_secs(500));
    assert_eq!(messages(&logs, "g", "s"), ["young"]);
}

#[test]
fn places_are_written_and_read() {
    let position = Position { time: 1_795_352_220_123, sequence: 42 };
    assert_eq!(Position::parse(&position.digits()), Some(position));
    assert_eq!(position.digits().len(), 56);
    assert_eq!(Position::parse(&Position::before(5).digits()), Some(Position::before(5)));
    assert_eq!(Position::parse("12"), None);
}
