//! One log stream: a ring of events, ordered by their time.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::clock::EpochMillis;

/// Events that one stream holds.
pub(crate) const MAX_EVENTS: usize = 10_000;
/// Bytes that one stream holds, as CloudWatch Logs counts them.
pub(crate) const MAX_BYTES: usize = 8 * 1024 * 1024;
/// What CloudWatch Logs adds to each message's length.
pub(crate) const EVENT_OVERHEAD: usize = 26;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// When it happened, as whoever logged it says.
    pub(crate) time: EpochMillis,
    /// When it came here.
    pub(crate) ingested: EpochMillis,
    /// Its place among all events of a run: parts those of one millisecond.
    pub(crate) sequence: i64,
    /// The line.
    pub(crate) message: Arc<str>,
}

impl Event {
    /// What it counts.
    pub(crate) fn bytes(&self) -> usize {
        self.message.len() + EVENT_OVERHEAD
    }

    /// Where it is.
    pub(crate) fn position(&self) -> Position {
        Position { time: self.time, sequence: self.sequence }
    }
}

/// A place among events: they are ordered by time and then by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) time: EpochMillis,
    pub(crate) sequence: i64,
}

impl Position {
    /// Before every event of this time.
    pub(crate) fn before(time: EpochMillis) -> Position {
        Position { time, sequence: -1 }
    }

    /// 56 digits, as event ids and tokens have them.
    pub(crate) fn digits(self) -> String {
        format!("{:020}{:036}", self.time.max(0), self.sequence + 1)
    }

    /// What [`digits`](Self::digits) has written.
    pub(crate) fn parse(digits: &str) -> Option<Position> {
        if digits.len() != 56 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (time, sequence) = digits.split_at(20);
        Some(Position { time: time.parse().ok()?, sequence: sequence.parse::<i64>().ok()?.checked_sub(1)? })
    }
}

/// A stream.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Its number in the file.
    pub(crate) id: i64,
    /// When it was made.
    pub(crate) created: EpochMillis,
    /// When something last came.
    pub(crate) last_ingested: Option<EpochMillis>,
    events: VecDeque<Event>,
    bytes: usize,
    /// Whether events have gone that may still be in the file.
    trimmed: bool,
}

impl Stream {
    pub(crate) fn new(id: i64, created: EpochMillis) -> Stream {
        Stream { id, created, last_ingested: None, events: VecDeque::new(), bytes: 0, trimmed: false }
    }

    /// The events, in order.
    pub(crate) fn events(&self) -> &VecDeque<Event> {
        &self.events
    }

    /// What they count.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// When it was written to, or else made.
    pub(crate) fn last_written(&self) -> EpochMillis {
        self.last_ingested.unwrap_or(self.created)
    }

    /// Adds an event at its place; gives the bytes that had to go for it.
    pub(crate) fn push(&mut self, event: Event) -> usize {
        self.bytes += event.bytes();
        self.last_ingested = self.last_ingested.max(Some(event.ingested));
        let position = event.position();
        // Nearly always the last.
        let after = self.events.iter().rev().take_while(|held| held.position() > position).count();
        self.events.insert(self.events.len() - after, event);
        if self.events.len() <= MAX_EVENTS && self.bytes <= MAX_BYTES {
            return 0;
        }
        // A tenth at a time, so that a full stream does not touch its file with every event.
        let by_count = self.events.len().saturating_sub(MAX_EVENTS / 10 * 9);
        let mut freed = 0;
        for _ in 0..by_count {
            freed += self.pop();
        }
        freed + self.forget_bytes(self.bytes.saturating_sub(MAX_BYTES / 10 * 9))
    }

    /// Forgets the oldest until this many bytes are free, or all; gives the bytes.
    pub(crate) fn forget_bytes(&mut self, wanted: usize) -> usize {
        let mut freed = 0;
        while freed < wanted && !self.events.is_empty() {
            freed += self.pop();
        }
        freed
    }

    /// Forgets what is older than `cutoff`; gives the bytes.
    pub(crate) fn forget_before(&mut self, cutoff: EpochMillis) -> usize {
        let mut freed = 0;
        while self.events.front().is_some_and(|event| event.time < cutoff) {
            freed += self.pop();
        }
        freed
    }

    fn pop(&mut self) -> usize {
        let Some(event) = self.events.pop_front() else { return 0 };
        self.trimmed = true;
        self.bytes -= event.bytes();
        event.bytes()
    }

    /// The place before which nothing is held any longer, once after events have gone.
    pub(crate) fn take_trim(&mut self) -> Option<Position> {
        let end = Position { time: EpochMillis::MAX, sequence: i64::MAX };
        std::mem::take(&mut self.trimmed).then(|| self.events.front().map_or(end, Event::position))
    }

    /// The number of events before `position`.
    pub(crate) fn rank(&self, position: Position) -> usize {
        self.events.partition_point(|event| event.position() < position)
    }
}
