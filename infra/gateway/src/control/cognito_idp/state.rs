//! What one account and region has of Cognito.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::call::ApiError;
use super::super::documents::{Collection, DocumentsError, Scope};
use super::attempts::Attempts;
use super::challenges::Challenges;
use super::keys::{SigningKey, StoredKey};
use super::outbox::Outbox;
use super::random::Random;
use super::sessions::Session;
use super::user::User;
use super::{no_user, not_found, settings};
use crate::model::{UserPool, UserPoolClient, UserPoolGroup, UserPoolResourceServer};

/// Of each: more is a runaway program rather than an application that is tried out.
pub(super) const MAX_POOLS: usize = 1_000;
pub(super) const MAX_CLIENTS: usize = 10_000;
pub(super) const MAX_USERS: usize = 100_000;
pub(super) const MAX_GROUPS: usize = 10_000;

/// What one account and region has of Cognito.
pub(crate) struct State {
    /// Pools by id.
    pub(super) pools: Collection<UserPool>,
    /// Their keys, by pool id: kept even where a template declares the pool.
    pub(super) keys: Collection<StoredKey>,
    /// App clients by id.
    pub(super) clients: Collection<UserPoolClient>,
    /// Users by `{pool id}/{name as it is compared}`.
    pub(super) users: Collection<User>,
    /// Groups by `{pool id}/{name}`.
    pub(super) groups: Collection<UserPoolGroup>,
    /// Resource servers by `{pool id}/{identifier}`.
    pub(super) resource_servers: Collection<UserPoolResourceServer>,
    /// Pools by domain.
    pub(super) domains: Collection<String>,
    /// Sign-ins by their id, which tokens name as `origin_jti`.
    pub(super) sessions: Collection<Session>,
    /// Keys that have been used.
    signing: HashMap<String, Arc<SigningKey>>,
    pub(super) challenges: Challenges,
    pub(super) attempts: Attempts,
    pub(super) outbox: Outbox,
    pub(super) random: Random,
}

pub(super) fn no_client(id: &str) -> ApiError {
    not_found(format!("User pool client {id} does not exist."))
}

impl State {
    pub(crate) fn open(scope: &Scope) -> Result<State, DocumentsError> {
        Ok(State {
            pools: scope.collection("cognito-idp/pools")?,
            keys: scope.collection("cognito-idp/keys")?,
            clients: scope.collection("cognito-idp/clients")?,
            users: scope.collection("cognito-idp/users")?,
            groups: scope.collection("cognito-idp/groups")?,
            resource_servers: scope.collection("cognito-idp/resource-servers")?,
            domains: scope.collection("cognito-idp/domains")?,
            sessions: scope.collection("cognito-idp/sessions")?,
            signing: HashMap::new(),
            challenges: Challenges::default(),
            attempts: Attempts::default(),
            outbox: Outbox::default(),
            random: Random::default(),
        })
    }

    pub(super) fn pool(&self, id: &str) -> Result<&UserPool, ApiError> {
        self.pools.get(id).ok_or_else(|| not_found(format!("User pool {id} does not exist.")))
    }

    /// Whether there is this client, of a pool that is there too.
    pub(super) fn has_client(&self, id: &str) -> bool {
        self.clients.get(id).is_some_and(|client| self.pools.contains(&client.user_pool_id))
    }

    /// A client and its pool.
    pub(super) fn client(&self, id: &str) -> Result<(&UserPoolClient, &UserPool), ApiError> {
        let client = self.clients.get(id).ok_or_else(|| no_client(id))?;
        let pool = self.pools.get(&client.user_pool_id).ok_or_else(|| no_client(id))?;
        Ok((client, pool))
    }

    /// A client of this pool.
    pub(super) fn client_of(&self, pool: &str, id: &str) -> Result<&UserPoolClient, ApiError> {
        self.pool(pool)?;
        self.clients.get(id).filter(|client| client.user_pool_id == pool).ok_or_else(|| no_client(id))
    }

    pub(super) fn group(&self, pool: &str, name: &str) -> Result<&UserPoolGroup, ApiError> {
        self.pool(pool)?;
        self.groups.get(&format!("{pool}/{name}")).ok_or_else(|| not_found("Group not found."))
    }

    /// The users of a pool, in the order in which they were made.
    pub(super) fn users_of(&self, pool: &str) -> impl Iterator<Item = (&str, &User)> {
        self.users.iter().filter(move |(_, user)| user.pool == pool)
    }

    /// The key of the user that `given` means: a name, or an address or number that the pool takes for one.
    pub(super) fn find_user(&self, pool: &UserPool, given: &str) -> Option<String> {
        let name = settings::folded(pool, given);
        let key = format!("{}/{name}", pool.id);
        let named = self.users.contains(&key).then_some(key);
        let is_sub = uuid::Uuid::parse_str(given).is_ok();
        if !is_sub && !settings::has_aliases(pool) {
            return named;
        }
        let means = |user: &User| {
            ["email", "phone_number", "preferred_username"].into_iter().any(|attribute| {
                let fits = user.attributes.get(attribute).is_some_and(|value| settings::folded(pool, value) == name);
                let verified = attribute == "preferred_username" || user.is_verified(attribute);
                fits && (settings::is_username(pool, attribute) || settings::is_alias(pool, attribute) && verified)
            })
        };
        // Among all of them, also where one was found: the time tells nothing of a name.
        let mut found = None;
        for (key, user) in self.users_of(&pool.id) {
            if means(user) || user.sub == given {
                found = found.or_else(|| Some(key.to_owned()));
            }
        }
        named.or(found)
    }

    /// The key of a user that an administrator names.
    pub(super) fn user_of(&self, pool: &str, given: &str) -> Result<(String, &User), ApiError> {
        let key = self.find_user(self.pool(pool)?, given).ok_or_else(no_user)?;
        let user = self.users.get(&key).ok_or_else(no_user)?;
        Ok((key, user))
    }

    /// Changes a user: all of `change`, or nothing where it fails.
    pub(super) fn change_user<R>(
        &mut self,
        key: &str,
        change: impl FnOnce(&mut User) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        self.users.update(key, change).unwrap_or_else(|| Err(no_user()))
    }

    /// Removes a user with all that belongs to it.
    pub(super) fn remove_user(&mut self, key: &str) -> Result<(), ApiError> {
        self.users.remove(key)?.ok_or_else(no_user)?;
        self.attempts.succeeded(key);
        let gone: Vec<_> = self.sessions.iter().filter(|(_, s)| s.user == key).map(|(id, _)| id.to_owned()).collect();
        gone.iter().try_for_each(|id| self.sessions.remove(id).map(drop))
    }

    /// Whether a client of the pool may sign in by SRP: the names that SRP knows pool and user by.
    pub(super) fn srp_names(&self, pool: &str, username: &str) -> Option<(String, String)> {
        let mut clients = self.clients.values().filter(|client| client.user_pool_id == pool);
        let used = clients.any(|client| settings::flows(client).srp);
        used.then(|| (pool.rsplit('_').next().unwrap_or(pool).to_owned(), username.to_owned()))
    }

    /// The key of a pool.
    pub(super) fn signing_key(&mut self, pool: &str) -> Result<Arc<SigningKey>, ApiError> {
        if let Some(key) = self.signing.get(pool) {
            return Ok(Arc::clone(key));
        }
        let stored = self.keys.get(pool).ok_or_else(|| ApiError::internal("a user pool has no key"))?;
        let key = Arc::new(SigningKey::read(stored)?);
        // As many as there are pools.
        self.signing.insert(pool.to_owned(), Arc::clone(&key));
        Ok(key)
    }

    /// Forgets a pool with all that is in it.
    pub(super) fn remove_pool(&mut self, pool: &str) -> Result<(), ApiError> {
        let of = |key: &str| key.split_once('/').is_some_and(|(of, _)| of == pool);
        let users: Vec<_> =
            self.users.iter().filter(|(_, user)| user.pool == pool).map(|(k, _)| k.to_owned()).collect();
        users.iter().try_for_each(|key| self.remove_user(key))?;
        let clients: Vec<_> =
            self.clients.iter().filter(|(_, c)| c.user_pool_id == pool).map(|(id, _)| id.to_owned()).collect();
        clients.iter().try_for_each(|id| self.clients.remove(id).map(drop))?;
        let groups: Vec<_> = self.groups.iter().filter(|(key, _)| of(key)).map(|(key, _)| key.to_owned()).collect();
        groups.iter().try_for_each(|key| self.groups.remove(key).map(drop))?;
        let servers: Vec<_> =
            self.resource_servers.iter().filter(|(key, _)| of(key)).map(|(key, _)| key.to_owned()).collect();
        servers.iter().try_for_each(|key| self.resource_servers.remove(key).map(drop))?;
        let domains: Vec<_> = self.domains.iter().filter(|(_, of)| *of == pool).map(|(d, _)| d.to_owned()).collect();
        domains.iter().try_for_each(|domain| self.domains.remove(domain).map(drop))?;
        self.outbox.forget(pool);
        self.signing.remove(pool);
        self.keys.remove(pool)?;
        self.pools.remove(pool)?;
        Ok(())
    }
}
