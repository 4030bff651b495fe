//! Log groups, their streams and events: what functions print, what stages log of their requests, and what clients of
//! CloudWatch Logs put.
//!
//! Everything is answered from memory. With a data folder a thread writes behind: an event costs the one who logs no disk
//! access, and a crash loses the last fraction of a second at most. Every measure is bounded; at a bound the oldest go.

mod disk;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use self::disk::LogsFileError;
use self::disk::{Disk, Op};
pub(crate) use self::stream::{Event, Position, Stream};
use crate::clock::{Clock, EpochMillis};
use crate::model::LogGroup;

/// Groups that one account and region may have.
pub(crate) const MAX_GROUPS: usize = 1_000;
/// Streams that one group may have; beyond it the one that was written to least recently goes.
pub(crate) const MAX_STREAMS: usize = 500;
/// What one account and region may hold in all; beyond it the least recently written streams lose their oldest events.
const MAX_BYTES: usize = 64 * 1024 * 1024;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// The logs of one account and region.
#[derive(Debug)]
pub(crate) struct Logs {
    world: String,
    clock: Clock,
    disk: Disk,
    groups: Mutex<Groups>,
}

#[derive(Debug, Default)]
struct Groups {
    by_name: BTreeMap<String, Group>,
    bytes: usize,
}

/// A group with its streams.
#[derive(Debug)]
pub(crate) struct Group {
    /// What it is.
    pub(crate) about: LogGroup,
    /// By name.
    pub(crate) streams: BTreeMap<String, Stream>,
}

/// Why something is not done; the words are for the service to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogsError {
    /// There is no such group.
    NoGroup,
    /// There is no such stream.
    NoStream,
    /// It is there already.
    Exists,
    /// There are too many groups.
    TooMany,
    /// The group is protected.
    Protected,
}

/// The files of all accounts and regions.
#[derive(Debug)]
pub(crate) struct LogFiles {
    disk: Disk,
    /// What was kept, until its world is opened.
    kept: Mutex<HashMap<String, Groups>>,
}

impl LogFiles {
    /// Opens or makes the file and reads what is in it; without one logs live in memory.
    pub(crate) fn open(path: Option<&Path>) -> Result<LogFiles, LogsFileError> {
        let (disk, kept) = Disk::open(path)?;
        Ok(LogFiles { disk, kept: Mutex::new(kept) })
    }

    /// The logs of one account and region.
    pub(crate) fn world(&self, world: &str, clock: Clock) -> Logs {
        let groups = self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(world).unwrap_or_default();
        Logs { world: world.to_owned(), clock, disk: self.disk.clone(), groups: Mutex::new(groups) }
    }
}

impl Logs {
    /// Appends one event. The group and the stream are made where they are not there. Never waits for a disk.
    pub(crate) fn append(&self, group: &str, stream: &str, time: EpochMillis, message: &str) {
        if !message.is_empty() {
            self.append_all(group, stream, std::iter::once((time, message)));
        }
    }

    /// Appends several events at once, like [`append`](Self::append).
    pub(crate) fn append_all<'a>(
        &self,
        group: &str,
        stream: &str,
        events: impl Iterator<Item = (EpochMillis, &'a str)>,
    ) {
        let now = self.clock.now();
        let mut groups = self.lock();
        let Some(bytes) = self.add(&mut groups, group, stream, now, events) else { return };
        groups.bytes = groups.bytes.saturating_add_signed(bytes);
        self.make_room(&mut groups);
    }

    /// Adds events to a stream, which is made where it is not there; gives by how much the bytes have changed.
    fn add<'a>(
        &self,
        groups: &mut Groups,
        group: &str,
        stream: &str,
        now: EpochMillis,
        events: impl Iterator<Item = (EpochMillis, &'a str)>,
    ) -> Option<isize> {
        if !groups.by_name.contains_key(group) {
            let about = LogGroup {
                log_group_name: group.to_owned(),
                creation_time: now,
                log_group_class: "STANDARD".to_owned(),
                ..LogGroup::default()
            };
            self.insert_group(groups, about).ok()?;
        }
        let group = groups.by_name.get_mut(group)?;
        let mut change = 0;
        if !group.streams.contains_key(stream) {
            change -= self.insert_stream(group, stream, now);
        }
        let cutoff = group.cutoff(now);
        let stream = group.streams.get_mut(stream)?;
        for (time, message) in events {
            let event = Event { time, ingested: now, sequence: self.disk.sequence(), message: message.into() };
            self.disk.push(Op::Event { stream: stream.id, event: event.clone() });
            change += size(event.bytes());
            change -= size(stream.push(event));
        }
        change -= size(stream.forget_before(cutoff));
        if let Some(first) = stream.take_trim() {
            self.disk.push(Op::Trim { stream: stream.id, first });
        }
        Some(change)
    }

    /// Adds a client's events to a stream that is there.
    pub(crate) fn put<'a>(
        &self,
        group: &str,
        stream: &str,
        events: impl Iterator<Item = (EpochMillis, &'a str)>,
    ) -> Result<(), LogsError> {
        let mut groups = self.lock();
        groups.stream(group, stream)?;
        if let Some(bytes) = self.add(&mut groups, group, stream, self.clock.now(), events) {
            groups.bytes = groups.bytes.saturating_add_signed(bytes);
            self.make_room(&mut groups);
        }
        Ok(())
    }

    /// Makes a group.
    pub(crate) fn create_group(&self, about: LogGroup) -> Result<(), LogsError> {
        let mut groups = self.lock();
        self.insert_group(&mut groups, about)?;
        drop(groups);
        self.disk.flush();
        Ok(())
    }

    fn insert_group(&self, groups: &mut Groups, about: LogGroup) -> Result<(), LogsError> {
        if groups.by_name.contains_key(&about.log_group_name) {
            return Err(LogsError::Exists);
        }
        if groups.by_name.len() >= MAX_GROUPS {
            return Err(LogsError::TooMany);
        }
        self.disk.push(Op::Group { world: self.world.clone(), group: about.clone() });
        let group = Group { about, streams: BTreeMap::new() };
        groups.by_name.insert(group.about.log_group_name.clone(), group);
        Ok(())
    }

    /// Makes a stream.
    pub(crate) fn create_stream(&self, group: &str, stream: &str) -> Result<(), LogsError> {
        let mut groups = self.lock();
        let held = groups.by_name.get_mut(group).ok_or(LogsError::NoGroup)?;
        if held.streams.contains_key(stream) {
            return Err(LogsError::Exists);
        }
        let freed = self.insert_stream(held, stream, self.clock.now());
        groups.bytes = groups.bytes.saturating_add_signed(-freed);
        drop(groups);
        self.disk.flush();
        Ok(())
    }

    /// Adds a stream that is not there; gives the bytes of the one that had to go for it.
    fn insert_stream(&self, group: &mut Group, name: &str, now: EpochMillis) -> isize {
        let mut freed = 0;
        if group.streams.len() >= MAX_STREAMS {
            let idle = group.streams.iter().min_by_key(|(_, stream)| stream.last_written());
            if let Some(gone) = idle.map(|(name, _)| name.clone()).and_then(|name| group.streams.remove(&name)) {
                freed = size(gone.bytes());
                self.disk.push(Op::NoStream { id: gone.id });
            }
        }
        let stream = Stream::new(self.disk.stream_id(), now);
        self.disk.push(Op::Stream {
            id: stream.id,
            world: self.world.clone(),
            group: group.about.log_group_name.clone(),
            name: name.to_owned(),
            created: now,
        });
        group.streams.insert(name.to_owned(), stream);
        freed
    }

    /// Changes what a group is.
    pub(crate) fn change_group<R>(&self, name: &str, change: impl FnOnce(&mut LogGroup) -> R) -> Result<R, LogsError> {
        let mut groups = self.lock();
        let group = groups.by_name.get_mut(name).ok_or(LogsError::NoGroup)?;
        let result = change(&mut group.about);
        self.disk.push(Op::Group { world: self.world.clone(), group: group.about.clone() });
        drop(groups);
        self.disk.flush();
        Ok(result)
    }

    /// Deletes a group with all that is in it.
    pub(crate) fn delete_group(&self, name: &str) -> Result<(), LogsError> {
        let mut groups = self.lock();
        if groups.by_name.get(name).ok_or(LogsError::NoGroup)?.about.deletion_protection_enabled {
            return Err(LogsError::Protected);
        }
        if let Some(gone) = groups.by_name.remove(name) {
            for stream in gone.streams.values() {
                groups.bytes = groups.bytes.saturating_sub(stream.bytes());
                self.disk.push(Op::NoStream { id: stream.id });
            }
        }
        self.disk.push(Op::NoGroup { world: self.world.clone(), name: name.to_owned() });
        drop(groups);
        self.disk.flush();
        Ok(())
    }

    /// Deletes every group, protected or not.
    pub(super) fn clear(&self) {
        let mut groups = self.lock();
        for (name, gone) in std::mem::take(&mut groups.by_name) {
            for stream in gone.streams.values() {
                self.disk.push(Op::NoStream { id: stream.id });
            }
            self.disk.push(Op::NoGroup { world: self.world.clone(), name });
        }
        groups.bytes = 0;
        drop(groups);
        self.disk.flush();
    }

    /// Deletes a stream with its events.
    pub(crate) fn delete_stream(&self, group: &str, stream: &str) -> Result<(), LogsError> {
        let mut groups = self.lock();
        let held = groups.by_name.get_mut(group).ok_or(LogsError::NoGroup)?;
        let gone = held.streams.remove(stream).ok_or(LogsError::NoStream)?;
        groups.bytes = groups.bytes.saturating_sub(gone.bytes());
        self.disk.push(Op::NoStream { id: gone.id });
        drop(groups);
        self.disk.flush();
        Ok(())
    }

    /// Looks at all groups, by name.
    pub(crate) fn groups<R>(&self, look: impl FnOnce(&BTreeMap<String, Group>) -> R) -> R {
        look(&self.lock().by_name)
    }

    /// Looks at one group, of which what is past its retention is gone.
    pub(crate) fn group<R>(&self, name: &str, look: impl FnOnce(&Group) -> R) -> Result<R, LogsError> {
        let mut groups = self.lock();
        let group = groups.by_name.get_mut(name).ok_or(LogsError::NoGroup)?;
        let cutoff = group.cutoff(self.clock.now());
        let mut freed = 0;
        for stream in group.streams.values_mut() {
            freed += stream.forget_before(cutoff);
            if let Some(first) = stream.take_trim() {
                self.disk.push(Op::Trim { stream: stream.id, first });
            }
        }
        let result = look(group);
        groups.bytes = groups.bytes.saturating_sub(freed);
        Ok(result)
    }

    /// Where the bytes have passed their bound, takes the oldest events of the streams that are written to least.
    fn make_room(&self, groups: &mut Groups) {
        if groups.bytes <= MAX_BYTES {
            return;
        }
        let mut streams: Vec<_> = groups.by_name.values_mut().flat_map(|group| group.streams.values_mut()).collect();
        streams.sort_by_key(|stream| stream.last_written());
        for stream in streams {
            // A tenth more than needed, so that the next event does not begin all over.
            groups.bytes -= stream.forget_bytes(groups.bytes.saturating_sub(MAX_BYTES / 10 * 9));
            if let Some(first) = stream.take_trim() {
                self.disk.push(Op::Trim { stream: stream.id, first });
            }
            if groups.bytes <= MAX_BYTES / 10 * 9 {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Groups> {
        // Nothing between two changes of it can panic.
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is not yet on the disk.
    #[cfg(test)]
    pub(crate) fn flush(&self) {
        self.disk.flush();
    }
}

impl Groups {
    fn stream(&self, group: &str, stream: &str) -> Result<&Stream, LogsError> {
        let group = self.by_name.get(group).ok_or(LogsError::NoGroup)?;
        group.streams.get(stream).ok_or(LogsError::NoStream)
    }
}

impl Group {
    /// The time before which events are no longer kept.
    pub(crate) fn cutoff(&self, now: EpochMillis) -> EpochMillis {
        self.about.retention_in_days.map_or(EpochMillis::MIN, |days| now - days * DAY_MILLIS)
    }
}

fn size(bytes: usize) -> isize {
    // A stream's bytes are bounded far below this.
    isize::try_from(bytes).unwrap_or(isize::MAX)
}
