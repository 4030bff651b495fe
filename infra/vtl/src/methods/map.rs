//! `java.util.Map` and its entries.

use super::{Value, void};
use crate::eval::{Eval, Run};
use crate::value::{Id, Key, ListKind, Object};

impl Run<'_> {
    pub(super) fn map_method(&mut self, id: Id, name: &str, arguments: &[Value]) -> Eval<Value> {
        let size = self.heap.entries(id).map_or(0, indexmap::IndexMap::len);
        let map = Value::Map(id);
        Ok(match (name, arguments) {
            ("get", [key]) => {
                let key = self.key(key)?;
                self.member(id, &key).unwrap_or(Value::Null)
            }
            ("getOrDefault", [key, otherwise]) => {
                let key = self.key(key)?;
                self.member(id, &key).unwrap_or_else(|| otherwise.clone())
            }
            ("put", [key, value]) => {
                let key = self.key(key)?;
                return self.put(&map, key, value.clone());
            }
            ("putIfAbsent", [key, value]) => {
                let key = self.key(key)?;
                match self.member(id, &key) {
                    Some(found) if !matches!(found, Value::Null) => found,
                    _ => {
                        self.put(&map, key, value.clone())?;
                        Value::Null
                    }
                }
            }
            ("putAll", [Value::Map(other)]) => {
                for (key, value) in self.heap.entries(*other).cloned().unwrap_or_default() {
                    self.put(&map, key, value)?;
                }
                void()
            }
            ("remove", [key]) => {
                let key = self.key(key)?;
                self.charge(size as u64 / 16)?;
                self.heap.entries_mut(id).and_then(|entries| entries.shift_remove(&key)).unwrap_or(Value::Null)
            }
            ("containsKey", [key]) => {
                let key = self.key(key)?;
                Value::Bool(self.member(id, &key).is_some())
            }
            ("containsValue", [value]) => {
                self.charge(size as u64)?;
                let values: Vec<_> = self.heap.entries(id).into_iter().flatten().map(|(_, one)| one.clone()).collect();
                let mut found = false;
                for one in &values {
                    found = found || self.equals(one, value, 0)?;
                }
                Value::Bool(found)
            }
            ("size", []) => Value::size(size),
            ("isEmpty", []) => Value::Bool(size == 0),
            ("clear", []) => {
                if let Some(entries) = self.heap.entries_mut(id) {
                    entries.clear();
                }
                void()
            }
            ("keySet", []) => {
                self.charge(size as u64)?;
                let keys = self.heap.entries(id).into_iter().flatten().map(|(key, _)| key.value()).collect();
                self.heap.list(ListKind::Set, keys)
            }
            ("values", []) => {
                self.charge(size as u64)?;
                let values = self.heap.entries(id).into_iter().flatten().map(|(_, value)| value.clone()).collect();
                self.heap.list(ListKind::Set, values)
            }
            ("entrySet", []) => {
                self.charge(2 * size as u64)?;
                let entries = self.heap.entries(id).cloned().unwrap_or_default();
                let entries = entries.into_iter().map(|(key, value)| self.heap.entry(id, key, value)).collect();
                self.heap.list(ListKind::Set, entries)
            }
            _ => Value::Null,
        })
    }

    fn member(&self, id: Id, key: &Key) -> Option<Value> {
        self.heap.entries(id)?.get(key).cloned()
    }

    pub(super) fn entry_method(&mut self, id: Id, name: &str, arguments: &[Value]) -> Eval<Value> {
        let Some(Object::Entry { map, key, value }) = self.heap.get(id) else { return Ok(Value::Null) };
        Ok(match (name, arguments) {
            ("getKey", []) => key.value(),
            ("getValue", []) => value.clone(),
            ("setValue", [new]) => {
                let (map, key, old) = (*map, key.clone(), value.clone());
                self.put(&Value::Map(map), key, new.clone())?;
                if let Some(Object::Entry { value, .. }) = self.heap.get_mut(id) {
                    *value = new.clone();
                }
                old
            }
            _ => Value::Null,
        })
    }
}
