//! The values of a rendering, and the heap that lists and maps live on.
//!
//! Lists and maps are shared, as Java's are: they stand on a heap and values name them by number. So a list that holds itself
//! leaks nothing, and one that is nested a hundred thousand deep is dropped without recursion.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};

use crate::ast::Block;

/// Where an object stands on the heap.
pub(crate) type Id = u32;

/// A value as Java has it.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    /// What `$input.path` gives for what is not there: it prints as nothing, and equals null and the empty text.
    Missing,
    Bool(bool),
    /// Java's `Integer`.
    Int(i32),
    /// Java's `Long`.
    Long(i64),
    /// Java's `BigInteger`, in digits.
    Big(Arc<str>),
    /// Java's `Double`.
    Double(f64),
    /// Java's `BigDecimal`, as it was written.
    Decimal(Arc<str>),
    /// Java's `Character`.
    Char(char),
    Text(Arc<str>),
    List(Id),
    Map(Id),
    Entry(Id),
    Iterator(Id),
    /// What `#define` has defined, or the body of a macro's call.
    Definition(Id),
    /// `$foreach`: the loop's number.
    Foreach(u32),
    /// `$input`.
    Input,
    /// `$util`.
    Util,
    /// `$context`, as long as nothing needs it as a map.
    Context,
    /// `$stageVariables`, likewise.
    StageVariables,
}

impl Value {
    pub(crate) fn text(text: impl AsRef<str>) -> Value {
        Value::Text(Arc::from(text.as_ref()))
    }

    /// A whole number of Java's smallest type that holds it.
    pub(crate) fn whole(number: i128) -> Value {
        if let Ok(int) = i32::try_from(number) {
            Value::Int(int)
        } else if let Ok(long) = i64::try_from(number) {
            Value::Long(long)
        } else {
            Value::Big(number.to_string().into())
        }
    }

    /// A length or a position.
    pub(crate) fn size(size: usize) -> Value {
        Value::Int(i32::try_from(size).unwrap_or(i32::MAX))
    }
}

/// What Java's class a list is of, as far as it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// `ArrayList`: prints `[a, b]`.
    Array,
    /// A list of a JSON document: prints as JSON.
    Json,
    /// `keySet()`, `values()`, `entrySet()`: no positions.
    Set,
    /// A Java array, such as `split` gives.
    Native,
}

/// A map's key. Numbers and texts differ, as in Java.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Null,
    Bool(bool),
    Int(i32),
    Long(i64),
    Text(Arc<str>),
    /// Anything else, by what it prints as.
    Other(Arc<str>),
}

/// The key that a name is, for looking it up.
pub(crate) struct Name<'a>(pub(crate) &'a str);

// Names are looked up far more often than anything else, so a text's hash is that of the text alone.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Key::Null => 0_u8.hash(state),
            Key::Bool(it) => it.hash(state),
            Key::Int(it) => it.hash(state),
            Key::Long(it) => it.hash(state),
            Key::Text(it) | Key::Other(it) => it.hash(state),
        }
    }
}

impl Hash for Name<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Equivalent<Key> for Name<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::Text(text) if **text == *self.0)
    }
}

impl Key {
    pub(crate) fn value(&self) -> Value {
        match self {
            Key::Null => Value::Null,
            Key::Bool(it) => Value::Bool(*it),
            Key::Int(it) => Value::Int(*it),
            Key::Long(it) => Value::Long(*it),
            Key::Text(it) | Key::Other(it) => Value::Text(it.clone()),
        }
    }
}

/// A map, in the order of insertion.
pub(crate) type Entries = IndexMap<Key, Value>;

#[derive(Debug)]
pub(crate) enum Object {
    List(ListKind, Vec<Value>),
    Map(Entries),
    Entry { map: Id, key: Key, value: Value },
    Iterator { items: Vec<Value>, next: usize },
    Definition { body: Block, depth: usize },
}

/// All lists and maps of one rendering.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    objects: Vec<Object>,
}

impl Heap {
    fn add(&mut self, object: Object) -> Id {
        let id = Id::try_from(self.objects.len()).unwrap_or(Id::MAX);
        self.objects.push(object);
        id
    }

    pub(crate) fn list(&mut self, kind: ListKind, items: Vec<Value>) -> Value {
        Value::List(self.add(Object::List(kind, items)))
    }

    pub(crate) fn map(&mut self, entries: Entries) -> Value {
        Value::Map(self.add(Object::Map(entries)))
    }

    pub(crate) fn entry(&mut self, map: Id, key: Key, value: Value) -> Value {
        Value::Entry(self.add(Object::Entry { map, key, value }))
    }

    pub(crate) fn iterator(&mut self, items: Vec<Value>) -> Value {
        Value::Iterator(self.add(Object::Iterator { items, next: 0 }))
    }

    pub(crate) fn definition(&mut self, body: Block) -> Value {
        Value::Definition(self.add(Object::Definition { body, depth: 0 }))
    }

    /// A list's kind and items; nothing for an id that is no list's.
    pub(crate) fn items(&self, id: Id) -> (ListKind, &[Value]) {
        match self.objects.get(id as usize) {
            Some(Object::List(kind, items)) => (*kind, items),
            _ => (ListKind::Array, &[]),
        }
    }

    pub(crate) fn items_mut(&mut self, id: Id) -> Option<&mut Vec<Value>> {
        match self.objects.get_mut(id as usize) {
            Some(Object::List(_, items)) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn entries(&self, id: Id) -> Option<&Entries> {
        match self.objects.get(id as usize) {
            Some(Object::Map(entries)) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn entries_mut(&mut self, id: Id) -> Option<&mut Entries> {
        match self.objects.get_mut(id as usize) {
            Some(Object::Map(entries)) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn get(&self, id: Id) -> Option<&Object> {
        self.objects.get(id as usize)
    }

    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut Object> {
        self.objects.get_mut(id as usize)
    }

    /// A member of a map by its name.
    pub(crate) fn member(&self, map: &Value, name: &str) -> Option<&Value> {
        let Value::Map(id) = map else { return None };
        self.entries(*id)?.get(&Name(name))
    }

    /// A value of serde's as the documents' values are.
    pub(crate) fn import(&mut self, value: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match value {
            Json::Null => Value::Null,
            Json::Bool(it) => Value::Bool(*it),
            Json::Number(number) => {
                if let Some(whole) = number.as_i64() {
                    Value::whole(whole.into())
                } else if let Some(whole) = number.as_u64() {
                    Value::whole(whole.into())
                } else {
                    Value::Double(number.as_f64().unwrap_or(f64::NAN))
                }
            }
            Json::String(text) => Value::text(text),
            Json::Array(items) => {
                let items = items.iter().map(|item| self.import(item)).collect();
                self.list(ListKind::Json, items)
            }
            Json::Object(members) => {
                let entries =
                    members.iter().map(|(name, value)| (Key::Text(name.as_str().into()), self.import(value))).collect();
                self.map(entries)
            }
        }
    }
}
