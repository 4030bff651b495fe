//! `java.util.List`, and what is iterated but has no positions.

use super::{Value, outside, void};
use crate::eval::{Eval, Run};
use crate::value::{Id, ListKind};

impl Run<'_> {
    pub(super) fn list_method(&mut self, id: Id, name: &str, arguments: &[Value]) -> Eval<Value> {
        let (kind, items) = self.heap.items(id);
        let size = items.len();
        match (name, arguments) {
            ("size", []) => return Ok(Value::size(size)),
            ("isEmpty", []) => return Ok(Value::Bool(size == 0)),
            ("iterator", []) => {
                let items = items.to_vec();
                self.charge(size as u64)?;
                return Ok(self.heap.iterator(items));
            }
            ("contains", [item]) => return Ok(Value::Bool(self.find(id, item, false)?.is_some())),
            ("containsAll", [Value::List(other)]) => {
                for item in self.heap.items(*other).1.to_vec() {
                    if self.find(id, &item, false)?.is_none() {
                        return Ok(Value::Bool(false));
                    }
                }
                return Ok(Value::Bool(true));
            }
            ("toArray", []) => {
                let items = items.to_vec();
                self.charge(size as u64)?;
                return Ok(self.heap.list(ListKind::Native, items));
            }
            _ => {}
        }
        if kind == ListKind::Set {
            return Ok(Value::Null);
        }
        self.positional(id, kind, size, name, arguments)
    }

    fn positional(&mut self, id: Id, kind: ListKind, size: usize, name: &str, arguments: &[Value]) -> Eval<Value> {
        match (name, arguments) {
            ("get", [Value::Int(index)]) => {
                let found = usize::try_from(*index).ok().and_then(|index| self.heap.items(id).1.get(index));
                return match found {
                    Some(item) => Ok(item.clone()),
                    None => outside("get", i64::from(*index), size),
                };
            }
            ("set", [Value::Int(index), item]) => {
                let items = self.heap.items_mut(id);
                let place = usize::try_from(*index).ok().and_then(|index| items?.get_mut(index));
                return match place {
                    Some(place) => Ok(std::mem::replace(place, item.clone())),
                    None => outside("set", i64::from(*index), size),
                };
            }
            ("indexOf", [item]) => return Ok(self.find(id, item, false)?.map_or(Value::Int(-1), Value::size)),
            ("lastIndexOf", [item]) => return Ok(self.find(id, item, true)?.map_or(Value::Int(-1), Value::size)),
            _ => {}
        }
        if kind == ListKind::Native {
            return Ok(Value::Null);
        }
        self.charge(1)?;
        match (name, arguments) {
            ("add", [item]) => {
                if let Some(items) = self.heap.items_mut(id) {
                    items.push(item.clone());
                }
                Ok(Value::Bool(true))
            }
            ("add", [Value::Int(index), item]) => {
                self.charge(size as u64 / 16)?;
                match usize::try_from(*index).ok().filter(|&index| index <= size) {
                    Some(index) => {
                        if let Some(items) = self.heap.items_mut(id) {
                            items.insert(index, item.clone());
                        }
                        Ok(void())
                    }
                    None => outside("add", i64::from(*index), size),
                }
            }
            ("addAll", [Value::List(other)]) => {
                let more = self.heap.items(*other).1.to_vec();
                self.charge(more.len() as u64)?;
                let changed = !more.is_empty();
                if let Some(items) = self.heap.items_mut(id) {
                    items.extend(more);
                }
                Ok(Value::Bool(changed))
            }
            ("remove", [Value::Int(index)]) => {
                self.charge(size as u64 / 16)?;
                let Some(items) = self.heap.items_mut(id) else { return Ok(Value::Null) };
                match usize::try_from(*index).ok().filter(|&index| index < size) {
                    Some(index) => Ok(items.remove(index)),
                    None => outside("remove", i64::from(*index), size),
                }
            }
            ("remove", [item]) => {
                let found = self.find(id, item, false)?;
                self.charge(size as u64 / 16)?;
                if let (Some(index), Some(items)) = (found, self.heap.items_mut(id)) {
                    items.remove(index);
                }
                Ok(Value::Bool(found.is_some()))
            }
            ("removeAll" | "retainAll", [Value::List(other)]) => {
                let keep = name == "retainAll";
                let mut kept = Vec::new();
                for item in self.heap.items(id).1.to_vec() {
                    if self.find(*other, &item, false)?.is_some() == keep {
                        kept.push(item);
                    }
                }
                let changed = kept.len() != size;
                if let Some(items) = self.heap.items_mut(id) {
                    *items = kept;
                }
                Ok(Value::Bool(changed))
            }
            ("clear", []) => {
                if let Some(items) = self.heap.items_mut(id) {
                    items.clear();
                }
                Ok(void())
            }
            ("subList", [Value::Int(from), Value::Int(to)]) => {
                let bounds = (usize::try_from(*from).ok(), usize::try_from(*to).ok());
                match bounds {
                    (Some(from), Some(to)) if from <= to && to <= size => {
                        let part = self.heap.items(id).1[from..to].to_vec();
                        self.charge(part.len() as u64)?;
                        Ok(self.heap.list(ListKind::Array, part))
                    }
                    _ => outside("subList", i64::from(*to), size),
                }
            }
            ("toJSONString", []) if kind == ListKind::Json => self.text(&Value::List(id)).map(Value::Text),
            _ => Ok(Value::Null),
        }
    }

    /// Where an item stands in a list.
    fn find(&mut self, id: Id, item: &Value, from_end: bool) -> Eval<Option<usize>> {
        let items = self.heap.items(id).1.to_vec();
        self.charge(items.len() as u64)?;
        let mut last = None;
        for (index, one) in items.iter().enumerate() {
            if self.equals(one, item, 0)? {
                last = Some(index);
                if !from_end {
                    break;
                }
            }
        }
        Ok(last)
    }
}
