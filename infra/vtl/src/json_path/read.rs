//! Follows a path through a document.

use std::sync::Arc;

use super::filter::Scope;
use super::{Argument, JsonPath, Root, Segment};
use crate::number;
use crate::print::Printer;
use crate::value::{Entries, Heap, Key, ListKind, Name, Value};

/// A position in a list, counted from the end where it is negative.
pub(super) fn position(index: i64, size: usize) -> Option<usize> {
    let size = i64::try_from(size).ok()?;
    let index = if index < 0 { index + size } else { index };
    (0..size).contains(&index).then_some(index)?.try_into().ok()
}

impl JsonPath {
    /// A definite path's value, or nothing; an indefinite one's list. Nothing too when `steps` are used up, which leaves none.
    pub(crate) fn evaluate(&self, document: &Value, heap: &mut Heap, steps: &mut u64) -> Option<Value> {
        let mut found = Vec::new();
        let definite = self.is_definite();
        // What leads to one place has to be there, whatever is looked for from there on.
        let single = |segment: &&Segment| match segment {
            Segment::Names(names) => names.len() == 1,
            Segment::Indexes(indexes) => indexes.len() == 1,
            _ => false,
        };
        let (prefix, rest) = self.segments.split_at(self.segments.iter().take_while(single).count());
        let mut walk = Walk { document, heap, steps, found: &mut found };
        if walk.follow(document, prefix).is_none() {
            *steps = 0;
            return None;
        }
        let from = found.pop()?;
        if rest.is_empty() {
            return Some(from);
        }
        // Positions are those of a list, and names those of an object.
        if matches!(rest[0], Segment::Names(_)) && !matches!(from, Value::Map(_)) {
            return None;
        }
        if matches!(rest[0], Segment::Indexes(_) | Segment::Slice(..)) && !matches!(from, Value::List(_)) {
            return None;
        }
        if (Walk { document, heap, steps, found: &mut found }).follow(&from, rest).is_none() {
            *steps = 0;
            return None;
        }
        // A function of one list is a value, however the list was found.
        let one = definite || (found.len() == 1 && matches!(rest.last(), Some(Segment::Function(..))));
        if one { found.pop() } else { Some(heap.list(ListKind::Json, found)) }
    }
}

struct Walk<'a> {
    document: &'a Value,
    heap: &'a mut Heap,
    steps: &'a mut u64,
    found: &'a mut Vec<Value>,
}

impl Walk<'_> {
    /// Adds what the segments lead to from here. `None` when the steps are used up.
    fn follow(&mut self, here: &Value, segments: &[Segment]) -> Option<()> {
        *self.steps = self.steps.checked_sub(1)?;
        let Some((segment, rest)) = segments.split_first() else {
            self.found.push(here.clone());
            return Some(());
        };
        match segment {
            Segment::Names(names) if names.len() == 1 => {
                if let Some(member) = self.member(here, &names[0]) {
                    self.follow(&member, rest)?;
                }
            }
            Segment::Names(names) => {
                let members: Vec<_> =
                    names.iter().filter_map(|name| Some((name.clone(), self.member(here, name)?))).collect();
                if rest.is_empty() {
                    // Several members of one object make an object; an unfinished one is no answer to a definite path.
                    if matches!(here, Value::Map(_)) {
                        let entries: Entries =
                            members.into_iter().map(|(name, value)| (Key::Text(name), value)).collect();
                        let merged = self.heap.map(entries);
                        self.found.push(merged);
                    }
                } else {
                    for (_, member) in members {
                        self.follow(&member, rest)?;
                    }
                }
            }
            Segment::Indexes(indexes) => {
                let items = self.items(here);
                for index in indexes {
                    if let Some(item) = position(*index, items.len()).and_then(|index| items.get(index)) {
                        self.follow(item, rest)?;
                    }
                }
            }
            Segment::Slice(from, to) => {
                let items = self.items(here);
                let size = i64::try_from(items.len()).ok()?;
                let bound = |bound: i64| if bound < 0 { (bound + size).max(0) } else { bound.min(size) };
                let from = bound(from.unwrap_or(0));
                let to = bound(to.unwrap_or(size));
                for index in from..to {
                    self.follow(&items[usize::try_from(index).ok()?], rest)?;
                }
            }
            Segment::Wildcard => {
                for child in self.children(here) {
                    self.follow(&child, rest)?;
                }
            }
            Segment::Descend => self.descend(here, rest)?,
            Segment::Filter(test) => {
                let candidates = if let Value::Map(_) = here { vec![here.clone()] } else { self.items(here) };
                self.filter(candidates, test, rest)?;
            }
            Segment::Function(name, arguments) => {
                if let Some(result) = self.function(here, name, arguments)? {
                    self.follow(&result, rest)?;
                }
            }
        }
        Some(())
    }

    fn filter(&mut self, candidates: Vec<Value>, test: &super::filter::Test, rest: &[Segment]) -> Option<()> {
        for candidate in candidates {
            let (heap, steps) = (&mut *self.heap, &mut *self.steps);
            let mut scope = Scope { document: self.document, current: &candidate, heap, steps };
            if test.holds(&mut scope)? {
                self.follow(&candidate, rest)?;
            }
        }
        Some(())
    }

    fn member(&self, here: &Value, name: &Arc<str>) -> Option<Value> {
        let Value::Map(id) = here else { return None };
        self.heap.entries(*id)?.get(&Name(name)).cloned()
    }

    fn items(&self, here: &Value) -> Vec<Value> {
        match here {
            Value::List(id) => self.heap.items(*id).1.to_vec(),
            _ => Vec::new(),
        }
    }

    fn children(&self, here: &Value) -> Vec<Value> {
        match here {
            Value::Map(id) => {
                self.heap.entries(*id).map(|entries| entries.values().cloned().collect()).unwrap_or_default()
            }
            other => self.items(other),
        }
    }

    /// What the segments lead to from here and from everything below, outermost first.
    fn descend(&mut self, here: &Value, rest: &[Segment]) -> Option<()> {
        let mut waiting = vec![here.clone()];
        while let Some(next) = waiting.pop() {
            *self.steps = self.steps.checked_sub(1)?;
            if matches!(next, Value::Map(_) | Value::List(_)) {
                if let (Value::List(_), Some((Segment::Filter(test), rest))) = (&next, rest.split_first()) {
                    // A list's objects come up themselves.
                    let others = self.items(&next).into_iter().filter(|item| !matches!(item, Value::Map(_)));
                    self.filter(others.collect(), test, rest)?;
                } else {
                    self.follow(&next, rest)?;
                }
                waiting.extend(self.children(&next).into_iter().rev());
            }
        }
        Some(())
    }

    fn function(&mut self, here: &Value, name: &str, arguments: &[Argument]) -> Option<Option<Value>> {
        *self.steps = self.steps.checked_sub(self.items(here).len() as u64)?;
        let argument = |walk: &mut Self, index: usize| match arguments.get(index)? {
            Argument::Number(number) => Some(Value::Double(*number)),
            Argument::Text(text) => Some(Value::Text(text.clone())),
            Argument::Path(path, root) => {
                let from = if *root == Root::Document { walk.document } else { here };
                path.evaluate(from, walk.heap, walk.steps)
            }
        };
        if matches!(name, "length" | "size") {
            let of = if arguments.is_empty() { Some(here.clone()) } else { argument(self, 0) };
            return Some(match of {
                Some(Value::List(id)) => Some(Value::size(self.heap.items(id).1.len())),
                Some(Value::Map(id)) => self.heap.entries(id).map(|entries| Value::size(entries.len())),
                _ => Some(Value::Null),
            });
        }
        let items = self.items(here);
        Some(match name {
            "min" | "max" | "avg" | "sum" | "stddev" => {
                let numbers: Vec<f64> = items.iter().filter_map(number::as_double).collect();
                if numbers.is_empty() {
                    return Some(None);
                }
                let (sum, count) = (numbers.iter().sum::<f64>(), numbers.len() as f64);
                Some(Value::Double(match name {
                    "min" => numbers.iter().copied().fold(f64::MAX, f64::min),
                    "max" => numbers.iter().copied().fold(f64::MIN_POSITIVE, f64::max),
                    "avg" => sum / count,
                    "sum" => sum,
                    _ => {
                        let squares: f64 = numbers.iter().map(|number| number * number).sum();
                        (squares / count - sum * sum / count / count).sqrt()
                    }
                }))
            }
            "first" => items.first().cloned(),
            "last" => items.last().cloned(),
            "index" => match argument(self, 0).and_then(|index| number::as_double(&index)) {
                Some(index) => position(index as i64, items.len()).map(|index| items[index].clone()),
                None => None,
            },
            "keys" => match here {
                Value::Map(id) => {
                    let keys = self.heap.entries(*id)?.keys().map(Key::value).collect();
                    Some(self.heap.list(ListKind::Set, keys))
                }
                _ => None,
            },
            "append" => {
                let mut all = items;
                for index in 0..arguments.len() {
                    all.extend(argument(self, index));
                }
                Some(self.heap.list(ListKind::Json, all))
            }
            "concat" => {
                let mut all = items;
                for index in 0..arguments.len() {
                    all.extend(argument(self, index));
                }
                let mut text = String::new();
                for value in all.iter().filter(|value| !matches!(value, Value::List(_) | Value::Map(_) | Value::Null)) {
                    let _ = Printer { heap: self.heap, out: &mut text, limit: usize::MAX }.java(value, 0);
                }
                Some(Value::text(text))
            }
            _ => None,
        })
    }
}
