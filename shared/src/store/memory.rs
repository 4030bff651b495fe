//! The store in memory: the same promises as DynamoDB's, for tests.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    CountRequest, CreateUser, DeleteConnection, DeleteToken, DeleteUser, FindToken, GetConnection, GetProduct, GetUser,
    ListProducts, ListTokens, ListUsers, PutConnection, PutMessage, PutToken, RecordTokenUse, ReplaceUser,
    RoomConnections, StoreError, StoreFuture, is_current,
    item::{self, Customer, Item},
};
use crate::domain::{
    ApiToken, ChatMessage, Connection, ConnectionId, Count, MAX_ROOM_CONNECTIONS, Page, Product, ProductId, RoomId,
    Timestamp, TokenHash, User, UserId,
};

#[derive(Debug, Default)]
struct Tables {
    users: BTreeMap<String, User>,
    emails: BTreeMap<String, UserId>,
    products: BTreeMap<String, Product>,
    tokens: BTreeMap<TokenHash, ApiToken>,
    customers: BTreeMap<String, Customer>,
    connections: BTreeMap<String, Connection>,
    messages: BTreeMap<(String, String), ChatMessage>,
}

/// All tables of the stack.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
}

impl MemoryStore {
    /// Puts an item, as DynamoDB holds it, into the table with this logical id (`UsersTable`).
    pub fn load(&self, table: &str, item: &Item) -> Result<(), StoreError> {
        let mut tables = self.lock();
        match table {
            "UsersTable" => {
                let user = item::to_user(item)?;
                tables.users.insert(user.user_id.to_string(), user);
            }
            "UserEmailsTable" => {
                let (email, user_id) = item::to_reservation(item)?;
                tables.emails.insert(email, user_id);
            }
            "ProductsTable" => {
                let product = item::to_product(item)?;
                tables.products.insert(product.product_id.to_string(), product);
            }
            "ApiTokensTable" => {
                let token = item::to_token(item)?;
                tables.tokens.insert(token.hash.clone(), token);
            }
            "CustomerTiersTable" => {
                let customer = item::to_customer(item)?;
                tables.customers.insert(item::key_hash_of(item)?.to_owned(), customer);
            }
            "ConnectionsTable" => {
                let connection = item::to_connection(item)?;
                tables.connections.insert(connection.connection_id.to_string(), connection);
            }
            "MessagesTable" => {
                let message = item::to_message(item)?;
                tables.messages.insert((message.room_id.to_string(), message.key()), message);
            }
            other => return Err(StoreError::Failed(format!("there is no table {other}"))),
        }
        Ok(())
    }

    /// The items of the table with this logical id, as DynamoDB would hold them, in key order. Products, which
    /// no function writes, are not given back.
    pub fn dump(&self, table: &str) -> Vec<Item> {
        let tables = self.lock();
        match table {
            "UsersTable" => tables.users.values().map(item::from_user).collect(),
            "UserEmailsTable" => {
                let pair = |(email, user): (&String, &UserId)| {
                    Item::from([("email".into(), item::text(email)), ("userId".into(), item::text(user.as_str()))])
                };
                tables.emails.iter().map(pair).collect()
            }
            "ApiTokensTable" => tables.tokens.values().map(item::from_token).collect(),
            "CustomerTiersTable" => {
                tables.customers.iter().map(|(hash, customer)| item::from_customer(hash, customer)).collect()
            }
            "ConnectionsTable" => tables.connections.values().map(item::from_connection).collect(),
            "MessagesTable" => tables.messages.values().map(item::from_message).collect(),
            _ => Vec::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        // No code panics while it holds the lock half-way through a change.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<'a, T: Send + 'a>(&self, work: impl FnOnce(&mut Tables) -> Result<T, StoreError>) -> StoreFuture<'a, T> {
        let result = work(&mut self.lock());
        Box::pin(std::future::ready(result))
    }
}

fn page_of<T: Clone>(items: &BTreeMap<String, T>, limit: usize, after: Option<&str>) -> Page<T> {
    let mut rest = items.iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
    let taken: Vec<_> = rest.by_ref().take(limit).collect();
    let next = rest.next().and(taken.last()).map(|(key, _)| key.to_string());
    Page { items: taken.into_iter().map(|(_, item)| item.clone()).collect(), next }
}

impl CreateUser for MemoryStore {
    fn create_user<'a>(&'a self, user: &'a User) -> StoreFuture<'a, ()> {
        self.with(|tables| {
            let key = user.details.email.unique_key();
            if tables.users.contains_key(user.user_id.as_str()) {
                return Err(StoreError::Exists);
            }
            if tables.emails.contains_key(&key) {
                return Err(StoreError::EmailTaken);
            }
            tables.emails.insert(key, user.user_id.clone());
            tables.users.insert(user.user_id.to_string(), user.clone());
            Ok(())
        })
    }
}

impl GetUser for MemoryStore {
    fn get_user<'a>(&'a self, id: &'a UserId) -> StoreFuture<'a, Option<User>> {
        self.with(|tables| Ok(tables.users.get(id.as_str()).cloned()))
    }
}

impl ReplaceUser for MemoryStore {
    fn replace_user<'a>(&'a self, current: &'a User, next: &'a User) -> StoreFuture<'a, ()> {
        self.with(|tables| {
            if !is_current(tables.users.get(current.user_id.as_str()), current.version) {
                return Err(StoreError::Changed);
            }
            let (old, new) = (current.details.email.unique_key(), next.details.email.unique_key());
            if old != new {
                if tables.emails.contains_key(&new) {
                    return Err(StoreError::EmailTaken);
                }
                tables.emails.remove(&old);
                tables.emails.insert(new, next.user_id.clone());
            }
            tables.users.insert(next.user_id.to_string(), next.clone());
            Ok(())
        })
    }
}

impl DeleteUser for MemoryStore {
    fn delete_user<'a>(&'a self, current: &'a User) -> StoreFuture<'a, ()> {
        self.with(|tables| {
            if !is_current(tables.users.get(current.user_id.as_str()), current.version) {
                return Err(StoreError::Changed);
            }
            tables.emails.remove(&current.details.email.unique_key());
            tables.users.remove(current.user_id.as_str());
            Ok(())
        })
    }
}

impl ListUsers for MemoryStore {
    fn list_users<'a>(&'a self, limit: usize, after: Option<&'a str>) -> StoreFuture<'a, Page<User>> {
        self.with(|tables| Ok(page_of(&tables.users, limit, after)))
    }
}

impl ListProducts for MemoryStore {
    fn list_products<'a>(&'a self, limit: usize, after: Option<&'a str>) -> StoreFuture<'a, Page<Product>> {
        self.with(|tables| Ok(page_of(&tables.products, limit, after)))
    }
}

impl GetProduct for MemoryStore {
    fn get_product<'a>(&'a self, id: &'a ProductId) -> StoreFuture<'a, Option<Product>> {
        self.with(|tables| Ok(tables.products.get(id.as_str()).cloned()))
    }
}

impl FindToken for MemoryStore {
    fn find_token<'a>(&'a self, hash: &'a TokenHash) -> StoreFuture<'a, Option<ApiToken>> {
        self.with(|tables| Ok(tables.tokens.get(hash).cloned()))
    }
}

impl RecordTokenUse for MemoryStore {
    fn record_token_use<'a>(&'a self, hash: &'a TokenHash, at: Timestamp) -> StoreFuture<'a, ()> {
        self.with(|tables| {
            if let Some(token) = tables.tokens.get_mut(hash) {
                token.last_used_at = Some(at);
            }
            Ok(())
        })
    }
}

impl PutToken for MemoryStore {
    fn put_token<'a>(&'a self, token: &'a ApiToken) -> StoreFuture<'a, ()> {
        self.with(|tables| {
            tables.tokens.insert(token.hash.clone(), token.clone());
            Ok(())
        })
    }
}

impl ListTokens for MemoryStore {
    fn list_tokens<'a>(&'a self, user: &'a UserId, limit: usize) -> StoreFuture<'a, Vec<ApiToken>> {
        self.with(|tables| {
            Ok(tables.tokens.values().filter(|token| token.user_id == *user).take(limit).cloned().collect())
        })
    }
}

impl DeleteToken for MemoryStore {
    fn delete_token<'a>(&'a self, hash: &'a TokenHash, of: &'a UserId) -> StoreFuture<'a, bool> {
        self.with(|tables| {
            let is_own = tables.tokens.get(hash).is_some_and(|token| token.user_id == *of);
            Ok(is_own && tables.tokens.remove(hash).is_some())
        })
    }
}

impl CountRequest for MemoryStore {
    fn count_request<'a>(&'a self, key_hash: &'a str, at: Timestamp) -> StoreFuture<'a, Count> {
        self.with(|tables| {
            let Some(customer) = tables.customers.get_mut(key_hash) else { return Ok(Count::Unknown) };
            if !customer.active {
                return Ok(Count::Disabled);
            }
            let day = at.utc_day();
            if customer.is_before(&day) {
                customer.day = Some(day);
                customer.usage.used = 0;
            }
            if customer.usage.remaining() == 0 {
                return Ok(Count::Exhausted(customer.usage.clone()));
            }
            customer.usage.used += 1;
            Ok(Count::Counted(customer.usage.clone()))
        })
    }
}

impl PutConnection for MemoryStore {
    fn put_connection<'a>(&'a self, connection: &'a Connection) -> StoreFuture<'a, ()> {
        self.with(|tables| {
            tables.connections.insert(connection.connection_id.to_string(), connection.clone());
            Ok(())
        })
    }
}

impl GetConnection for MemoryStore {
    fn get_connection<'a>(&'a self, id: &'a ConnectionId) -> StoreFuture<'a, Option<Connection>> {
        self.with(|tables| Ok(tables.connections.get(id.as_str()).cloned()))
    }
}

impl DeleteConnection for MemoryStore {
    fn delete_connection<'a>(&'a self, id: &'a ConnectionId) -> StoreFuture<'a, Option<Connection>> {
        self.with(|tables| Ok(tables.connections.remove(id.as_str())))
    }
}

impl RoomConnections for MemoryStore {
    fn room_connections<'a>(&'a self, room: &'a RoomId) -> StoreFuture<'a, Vec<Connection>> {
        self.with(|tables| {
            let inside = tables.connections.values().filter(|connection| connection.room_id == *room);
            Ok(inside.take(MAX_ROOM_CONNECTIONS).cloned().collect())
        })
    }
}

impl PutMessage for MemoryStore {
    fn put_message<'a>(&'a self, message: &'a ChatMessage) -> StoreFuture<'a, ()> {
        self.with(|tables| {
            tables.messages.insert((message.room_id.to_string(), message.key()), message.clone());
            Ok(())
        })
    }
}
