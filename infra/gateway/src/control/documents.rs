//! What was created through the API, kept across restarts: one SQLite file of JSON documents.
//!
//! A document is one resource, or a part of one that grows (`Parts`). Each write is a transaction of its own, so that a
//! crash in the middle of one loses that write at most. SQLite is here already: the embedded DynamoDB keeps its tables
//! in it.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use rusqlite::{Connection, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call::ApiError;
use super::world::WorldId;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the store of what was created through the API: {0}")]
pub struct DocumentsError(#[from] rusqlite::Error);

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Documents {
    connection: Arc<Mutex<Connection>>,
}

impl Documents {
    /// Opens or makes the file; without one the documents live in memory.
    pub(crate) fn open(path: Option<&Path>) -> Result<Documents, DocumentsError> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        // The journal makes a process's crash harmless at any moment; a power cut may cost the last writes, not the file.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS documents (
                 world TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
                 UNIQUE (world, kind, id)
             );",
        )?;
        Ok(Documents { connection: Arc::new(Mutex::new(connection)) })
    }

    /// The worlds of which anything is kept.
    pub(crate) fn worlds(&self) -> Result<Vec<WorldId>, DocumentsError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT DISTINCT world FROM documents")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        let keys = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(keys.iter().filter_map(|key| WorldId::from_key(key)).collect())
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) -> Result<(), DocumentsError> {
        self.lock().execute("DELETE FROM documents", [])?;
        Ok(())
    }

    /// The part of the store that belongs to one account and region.
    pub(crate) fn scope(&self, world: &WorldId) -> Scope {
        Scope { documents: self.clone(), world: world.key() }
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while it is held cannot leave half a transaction: SQLite rolls it back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of the store that belongs to one account and region.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    documents: Documents,
    world: String,
}

impl Scope {
    /// All resources of one kind, as they were kept. `kind` is `service/resources`: `apigateway/stages`.
    pub(crate) fn collection<T: Serialize + DeserializeOwned + Clone + 'static>(
        &self,
        kind: &'static str,
    ) -> Result<Collection<T>, DocumentsError> {
        self.open(kind, None)
    }

    /// Like [`Scope::collection`], of resources that grow and so are kept in parts.
    pub(crate) fn collection_in_parts<T: Serialize + DeserializeOwned + Clone + 'static>(
        &self,
        kind: &'static str,
        parts: &'static Parts<T>,
    ) -> Result<Collection<T>, DocumentsError> {
        let mut collection = self.open(kind, Some(parts))?;
        let kept = self.read(parts.kind)?;
        for (id, item) in collection.items.iter().filter(|(_, item)| (parts.has_parts)(item)) {
            let written =
                Changes::between(Some(parts), None, item).and_then(|all| self.write(kind, id, &all, Some(parts.kind)));
            if let Err(error) = written {
                tracing::error!(kind, id, error = error.message, "a kept resource cannot be written in parts");
            }
        }
        for (key, body) in kept {
            let item = key.split_once('/').and_then(|(id, _)| collection.items.get_mut(id));
            if let Some(Err(error)) = item.map(|item| (parts.join)(item, &body)) {
                tracing::error!(kind, id = key, %error, "a part of a kept resource cannot be read and is left out");
            }
        }
        Ok(collection)
    }

    fn open<T: Serialize + DeserializeOwned + Clone + 'static>(
        &self,
        kind: &'static str,
        parts: Option<&'static Parts<T>>,
    ) -> Result<Collection<T>, DocumentsError> {
        let mut items = IndexMap::new();
        for (id, body) in self.read(kind)? {
            match serde_json::from_slice(&body) {
                Ok(item) => {
                    items.insert(id, item);
                }
                // One document of another version must not take the others with it.
                Err(error) => tracing::error!(kind, id, %error, "a kept resource cannot be read and is left out"),
            }
        }
        Ok(Collection { scope: self.clone(), kind, parts, items, declared: HashSet::new(), changes: None })
    }

    /// Ids and bodies of one kind, in the order in which they were first written.
    fn read(&self, kind: &str) -> Result<Vec<(String, Vec<u8>)>, DocumentsError> {
        let connection = self.documents.lock();
        let mut statement = connection
            .prepare_cached("SELECT id, body FROM documents WHERE world = ?1 AND kind = ?2 ORDER BY rowid")?;
        let rows = statement.query_map(params![self.world, kind], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One transaction, so that a resource and its parts are those of one moment.
    fn write(&self, kind: &str, id: &str, changes: &Changes, parts: Option<&str>) -> Result<(), ApiError> {
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let mut put = transaction.prepare_cached(PUT)?;
            put.execute(params![self.world, kind, id, changes.body])?;
            if let Some(parts) = parts {
                let mut erase = transaction.prepare_cached(ERASE)?;
                for part in &changes.erased {
                    erase.execute(params![self.world, parts, format!("{id}/{part}")])?;
                }
                for (part, body) in &changes.written {
                    put.execute(params![self.world, parts, format!("{id}/{part}"), body])?;
                }
                drop(erase);
            }
            drop(put);
            transaction.commit()
        };
        write(&mut self.documents.lock()).map_err(ApiError::internal)
    }

    /// Resources that have no parts.
    fn write_all(&self, kind: &str, bodies: &[(&str, Vec<u8>)]) -> Result<(), ApiError> {
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let mut put = transaction.prepare_cached(PUT)?;
            for (id, body) in bodies {
                put.execute(params![self.world, kind, id, body])?;
            }
            drop(put);
            transaction.commit()
        };
        write(&mut self.documents.lock()).map_err(ApiError::internal)
    }

    /// With all of its parts.
    fn erase(&self, kind: &str, id: &str, parts: Option<&str>) -> Result<(), ApiError> {
        let erase = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.prepare_cached(ERASE)?.execute(params![self.world, kind, id])?;
            if let Some(parts) = parts {
                // `0` follows `/`: all that begins with the id and a slash.
                transaction
                    .prepare_cached("DELETE FROM documents WHERE world = ?1 AND kind = ?2 AND id > ?3 AND id < ?4")?
                    .execute(params![self.world, parts, format!("{id}/"), format!("{id}0")])?;
            }
            transaction.commit()
        };
        erase(&mut self.documents.lock()).map_err(ApiError::internal)
    }
}

const PUT: &str = "INSERT INTO documents (world, kind, id, body) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (world, kind, id) DO UPDATE SET body = excluded.body";
const ERASE: &str = "DELETE FROM documents WHERE world = ?1 AND kind = ?2 AND id = ?3";

/// How a resource that grows is kept: what it is made of as documents of their own, so that a change to one of many
/// writes that one. Resources of such a kind have ids without a slash.
#[derive(Debug)]
pub(crate) struct Parts<T> {
    /// The parts' kind, another than the resource's.
    pub(crate) kind: &'static str,
    /// What the step from one state of a resource (`None` before it is kept) to another writes.
    pub(crate) changes: fn(Option<&T>, &T) -> serde_json::Result<Changes>,
    /// Whether a resource has any: one whose own document still does was kept whole.
    pub(crate) has_parts: fn(&T) -> bool,
    /// Puts the next part back into its resource.
    pub(crate) join: fn(&mut T, &[u8]) -> serde_json::Result<()>,
}

/// What a change writes.
#[derive(Debug)]
pub(crate) struct Changes {
    /// The resource without its parts.
    pub(crate) body: Vec<u8>,
    /// Ids of parts that go, before any is written.
    pub(crate) erased: Vec<String>,
    /// Parts by id. One whose id is there already keeps its place, others come last.
    pub(crate) written: Vec<(String, Vec<u8>)>,
}

impl Changes {
    fn between<T: Serialize>(parts: Option<&Parts<T>>, before: Option<&T>, after: &T) -> Result<Changes, ApiError> {
        let changes = match parts {
            Some(parts) => (parts.changes)(before, after),
            None => serde_json::to_vec(after).map(|body| Changes { body, erased: Vec::new(), written: Vec::new() }),
        };
        changes.map_err(ApiError::internal)
    }
}

/// The resources of one kind by id, in the order they were made; each change is kept before it is seen.
#[derive(Debug)]
pub(crate) struct Collection<T: 'static> {
    scope: Scope,
    kind: &'static str,
    parts: Option<&'static Parts<T>>,
    items: IndexMap<String, T>,
    /// Those that a template declares: they come back with the template, so the store has no copy to disagree with it.
    declared: HashSet<String>,
    /// Raised with each change, for whoever has made something of the resources.
    changes: Option<Arc<AtomicU64>>,
}

impl<T: Serialize + DeserializeOwned + Clone + 'static> Collection<T> {
    /// Raises `changes` with each change from now on, after it is made.
    pub(crate) fn watched_by(mut self, changes: Arc<AtomicU64>) -> Self {
        self.changes = Some(changes);
        self.changed();
        self
    }

    fn changed(&self) {
        if let Some(changes) = &self.changes {
            changes.fetch_add(1, Ordering::Release);
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.items.get(id)
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.items.contains_key(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &T)> {
        self.items.iter().map(|(id, item)| (id.as_str(), item))
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.values()
    }

    /// Adds a resource, or replaces it.
    pub(crate) fn insert(&mut self, id: impl Into<String>, item: T) -> Result<(), ApiError> {
        let id = id.into();
        if !self.declared.contains(&id) {
            let changes = Changes::between(self.parts, self.items.get(&id), &item)?;
            self.scope.write(self.kind, &id, &changes, self.parts.map(|parts| parts.kind))?;
        }
        self.items.insert(id, item);
        self.changed();
        Ok(())
    }

    /// Adds or replaces many resources that no template declares and that are kept whole, in one transaction.
    pub(crate) fn insert_all(&mut self, items: Vec<(String, T)>) -> Result<(), ApiError> {
        let bodies = items.iter().map(|(id, item)| Ok((id.as_str(), serde_json::to_vec(item)?)));
        let bodies = bodies.collect::<serde_json::Result<Vec<_>>>().map_err(ApiError::internal)?;
        self.scope.write_all(self.kind, &bodies)?;
        self.items.extend(items);
        self.changed();
        Ok(())
    }

    /// Changes a resource: all of `change`, or nothing where it fails. `None` where there is no such resource.
    pub(crate) fn update<R>(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut T) -> Result<R, ApiError>,
    ) -> Option<Result<R, ApiError>> {
        let mut changed = self.items.get(id)?.clone();
        Some(change(&mut changed).and_then(|result| self.insert(id, changed).map(|()| result)))
    }

    /// Removes a resource and gives it back.
    pub(crate) fn remove(&mut self, id: &str) -> Result<Option<T>, ApiError> {
        if !self.declared.remove(id) && self.items.contains_key(id) {
            self.scope.erase(self.kind, id, self.parts.map(|parts| parts.kind))?;
        }
        let removed = self.items.shift_remove(id);
        self.changed();
        Ok(removed)
    }

    /// Adds what a template declares, in place of what it declared before under this id.
    pub(crate) fn declare(&mut self, id: impl Into<String>, item: T) -> Result<(), ApiError> {
        let id = id.into();
        if self.declared.insert(id.clone()) && self.items.contains_key(&id) {
            self.scope.erase(self.kind, &id, self.parts.map(|parts| parts.kind))?;
        }
        self.items.insert(id, item);
        self.changed();
        Ok(())
    }

    /// Whether a template declares it.
    pub(crate) fn is_declared(&self, id: &str) -> bool {
        self.declared.contains(id)
    }

    /// Removes what a template has declared once and declares no longer: all of that but `kept`. Gives the ids.
    pub(crate) fn retain_declared(&mut self, kept: impl Fn(&str) -> bool) -> Vec<String> {
        let gone: Vec<_> = self.declared.iter().filter(|id| !kept(id)).cloned().collect();
        for id in &gone {
            self.declared.remove(id);
            self.items.shift_remove(id);
        }
        self.changed();
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> WorldId {
        WorldId::new("000000000000", "us-east-1")
    }

    fn names(documents: &Documents) -> Vec<(String, String)> {
        let collection = documents.scope(&world()).collection::<String>("a/things").unwrap();
        collection.iter().map(|(id, item)| (id.to_owned(), item.clone())).collect()
    }

    #[test]
    fn what_was_written_is_there_after_a_restart_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sqlite");
        let documents = Documents::open(Some(&path)).unwrap();
        let mut collection = documents.scope(&world()).collection::<String>("a/things").unwrap();
        for id in ["z", "a", "m"] {
            collection.insert(id, format!("{id}1")).unwrap();
        }
        collection
            .update("z", |item| {
                item.push('!');
                Ok(())
            })
            .unwrap()
            .unwrap();
        let refused = collection.update("a", |item| {
            item.push('!');
            Err::<(), _>(ApiError::new("BadRequestException", "no"))
        });
        assert!(refused.unwrap().is_err());
        collection.remove("m").unwrap();
        collection.declare("t", "template".to_owned()).unwrap();
        drop((collection, documents));
        let documents = Documents::open(Some(&path)).unwrap();
        assert_eq!(names(&documents), [("z".to_owned(), "z1!".to_owned()), ("a".to_owned(), "a1".to_owned())]);
        assert_eq!(documents.worlds().unwrap(), [world()]);
        let other = documents.scope(&WorldId::new("000000000000", "eu-west-1"));
        assert_eq!(other.collection::<String>("a/things").unwrap().len(), 0);
        documents.clear().unwrap();
        assert!(names(&documents).is_empty());
    }
}
