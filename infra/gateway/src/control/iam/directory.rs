//! Who has which access key, and what its owner's policies say: what the data planes ask (`authorize::Directory`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use moka::sync::Cache;
use serde_json::Value;

use super::super::world::lock;
use super::State;
use super::attachments::of_aws;
use crate::authorize::{Action, ConditionKeys, Decision, Holder, IamCaller, Lookup, Policy, Principal};
use crate::clock::EpochMillis;
use crate::credentials::{Credentials, Issuer, Session, SessionOf};
use crate::ids;
use crate::model::{Role, User};
use crate::signature::{Refusal, Signature, SigningKeys, account_of, is_account};

/// Policies that are kept parsed.
const MAX_POLICIES: u64 = 500;
/// Access keys whose last use is remembered; that of further ones is not.
const MAX_USED: usize = 10_000;

/// When an access key was last used, and for what.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    pub(crate) at: EpochMillis,
    pub(crate) service: String,
    pub(crate) region: String,
}

/// The directory of one run.
pub(crate) struct Directory {
    issuer: Issuer,
    given: Credentials,
    /// Whether more than AWS_IAM methods check signatures.
    check: bool,
    /// The account of the given credentials.
    account: Arc<str>,
    /// IAM by account.
    accounts: RwLock<HashMap<String, Arc<Mutex<State>>>>,
    keys: SigningKeys,
    policies: Cache<String, Arc<Result<Policy, String>>>,
    used: Mutex<HashMap<String, Used>>,
}

impl Directory {
    pub(crate) fn new(issuer: Issuer, given: Credentials, check: bool, account: Arc<str>) -> Directory {
        Directory {
            issuer,
            given,
            check,
            account,
            accounts: RwLock::default(),
            keys: SigningKeys::default(),
            policies: Cache::new(MAX_POLICIES),
            used: Mutex::default(),
        }
    }

    /// With what `other` knows of accounts.
    pub(crate) fn with_accounts_of(self, other: &Directory) -> Directory {
        let accounts = other.accounts.read().unwrap_or_else(PoisonError::into_inner).clone();
        Directory { accounts: RwLock::new(accounts), ..self }
    }

    /// Takes up the IAM of an account.
    pub(crate) fn add_account(&self, account: &str, iam: &Arc<Mutex<State>>) {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(account.to_owned(), Arc::clone(iam));
    }

    /// Who issues credentials here.
    pub(crate) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Which credentials are accepted, for error messages.
    pub(crate) fn advice(&self) -> &'static str {
        self.given.advice()
    }

    /// When an access key was last used, since this run began.
    pub(crate) fn last_use(&self, access_key: &str) -> Option<Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).get(access_key).cloned()
    }

    /// Forgets what was noted of keys.
    pub(crate) fn reset(&self) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn iam(&self, account: &str) -> Option<Arc<Mutex<State>>> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).get(account).cloned()
    }

    /// The user who has this key.
    fn user_of(&self, account: &str, access_key: &str) -> Option<(String, User)> {
        let iam = self.iam(account)?;
        let state = lock(&iam);
        let user = state.users.values().find(|user| user.access_keys.contains_key(access_key))?;
        let secret = user.access_keys.get(access_key).filter(|key| key.status == "Active")?.secret_access_key.clone();
        Some((secret, user.clone()))
    }

    fn of_session(&self, lookup: Lookup<'_>) -> Result<Holder, Refusal> {
        let Lookup { access_key, token, now } = lookup;
        let account = account_of(access_key).ok_or(Refusal::UnknownKey)?;
        let session = token.and_then(|token| self.issuer.session(access_key, token)).ok_or(Refusal::UnknownKey)?;
        let Session { of, expires_at, policy } = session;
        if expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::ExpiredToken);
        }
        let iam = self.iam(&account);
        let user_id = |name: &str| -> Result<String, Refusal> {
            let id = iam.as_ref().and_then(|iam| lock(iam).users.get(name).map(|user| user.user_id.clone()));
            id.ok_or(Refusal::UnknownKey)
        };
        let user = |name: &str| Principal::User { account: account.to_string(), name: name.to_owned() };
        let (id, arn, principal) = match of {
            // A role of the function's name stands for the function's own, which a template does not name.
            SessionOf::Function(name) => (
                format!("AROA{}:{name}", access_key.get(4..).unwrap_or_default()),
                format!("arn:aws:sts::{account}:assumed-role/{name}/{name}"),
                Principal::Unlimited,
            ),
            SessionOf::Root => (account.to_string(), format!("arn:aws:iam::{account}:root"), Principal::Unlimited),
            SessionOf::User(name) => {
                let arn = iam.as_ref().and_then(|iam| lock(iam).users.get(&name).map(|user| user.arn.clone()));
                (user_id(&name)?, arn.ok_or(Refusal::UnknownKey)?, user(&name))
            }
            SessionOf::Role { name, id, session } => (
                format!("{id}:{session}"),
                format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
                Principal::Role { account: account.to_string(), name },
            ),
            SessionOf::Federated { name, by } => {
                let principal = by.as_deref().map_or(Principal::Unlimited, user);
                let within = Principal::Within { principal: Box::new(principal), policy: policy.clone() };
                (format!("{account}:{name}"), format!("arn:aws:sts::{account}:federated-user/{name}"), within)
            }
        };
        let bounded = policy.is_some() && !matches!(principal, Principal::Within { .. });
        let principal = if bounded { Principal::Within { principal: Box::new(principal), policy } } else { principal };
        let secret = self.issuer.secret_access_key(access_key);
        Ok(Holder { secret, caller: caller(&account, access_key, id, arn), principal })
    }

    /// What these documents say together.
    fn evaluate(&self, documents: &[String], action: Action, resource: &str, keys: &ConditionKeys<'_>) -> Decision {
        let mut decision = Decision::ImplicitDeny;
        for document in documents {
            let policy = self.policies.get_with_by_ref(document, || {
                let json: Value = serde_json::from_str(document).unwrap_or_default();
                Arc::new(Policy::parse_identity(&json))
            });
            match &*policy {
                Ok(policy) => match policy.decide_action(action.name(), resource, keys) {
                    Decision::ExplicitDeny => return Decision::ExplicitDeny,
                    Decision::Allow => decision = Decision::Allow,
                    Decision::ImplicitDeny => {}
                },
                Err(what) => {
                    // It may hold a Deny that nobody can read.
                    tracing::warn!("a caller is refused: one of its policies cannot be used: {what}");
                    return Decision::ExplicitDeny;
                }
            }
        }
        decision
    }
}

fn caller(account: &str, access_key: &str, id: String, arn: String) -> IamCaller {
    IamCaller {
        account_id: account.to_owned(),
        access_key: access_key.to_owned(),
        caller: id.clone(),
        user: id,
        user_arn: arn,
        principal_org_id: None,
    }
}

/// Its own policies and those that are attached.
fn documents<'a>(state: &State, own: impl Iterator<Item = &'a String>, attached: &[String]) -> Vec<String> {
    let managed = attached.iter().filter_map(|arn| match state.policies.get(arn) {
        Some(policy) => policy.versions.get(&policy.default_version_id).map(|version| version.document.clone()),
        None => of_aws(arn).map(str::to_owned),
    });
    own.cloned().chain(managed).collect()
}

impl crate::authorize::Directory for Directory {
    fn holder(&self, lookup: Lookup<'_>) -> Result<Holder, Refusal> {
        let Lookup { access_key, token, .. } = lookup;
        // Whatever session token comes with these: other local tools want one, and programs are configured for them.
        if let Some(secret) = self.given.secret_of(access_key) {
            let account = if is_account(access_key) { access_key } else { &*self.account };
            let caller = caller(account, access_key, account.to_owned(), format!("arn:aws:iam::{account}:root"));
            return Ok(Holder { secret: secret.to_owned(), caller, principal: Principal::Unlimited });
        }
        if ids::is_session_key(access_key) {
            return self.of_session(lookup);
        }
        let account = ids::account_of_access_key(access_key).filter(|_| token.is_none()).ok_or(Refusal::UnknownKey)?;
        let (secret, user) = self.user_of(&account, access_key).ok_or(Refusal::UnknownKey)?;
        let User { user_id, arn, user_name, .. } = user;
        let principal = Principal::User { account: account.clone(), name: user_name };
        Ok(Holder { secret, caller: caller(&account, access_key, user_id, arn), principal })
    }

    fn decide(&self, principal: &Principal, action: Action, resource: &str, keys: &ConditionKeys<'_>) -> Decision {
        let of = |account: &str, read: &dyn Fn(&State) -> Option<Vec<String>>| {
            // Whoever has been deleted meanwhile may nothing.
            let documents = self.iam(account).and_then(|iam| read(&lock(&iam))).unwrap_or_default();
            self.evaluate(&documents, action, resource, keys)
        };
        match principal {
            Principal::Unlimited => Decision::Allow,
            Principal::User { account, name } => of(account, &|state| {
                let User { policies, attached, .. } = state.users.get(name)?;
                Some(documents(state, policies.values(), attached))
            }),
            Principal::Role { account, name } => of(account, &|state| {
                let Role { policies, attached, .. } = state.roles.get(name)?;
                Some(documents(state, policies.values(), attached))
            }),
            Principal::Within { principal, policy } => {
                let within = self.evaluate(policy.as_slice(), action, resource, keys);
                match (within, self.decide(principal, action, resource, keys)) {
                    (Decision::ExplicitDeny, _) | (_, Decision::ExplicitDeny) => Decision::ExplicitDeny,
                    (Decision::Allow, Decision::Allow) => Decision::Allow,
                    _ => Decision::ImplicitDeny,
                }
            }
        }
    }

    fn checks_signatures(&self) -> bool {
        self.check
    }

    fn signing_keys(&self) -> &SigningKeys {
        &self.keys
    }

    fn used(&self, access_key: &str, signature: &Signature, now: EpochMillis) {
        // The others are asked for by nobody.
        if ids::is_session_key(access_key) || self.given.secret_of(access_key).is_some() {
            return;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() < MAX_USED || used.contains_key(access_key) {
            let (service, region) = (signature.scope.service.clone(), signature.scope.region.clone());
            used.insert(access_key.to_owned(), Used { at: now, service, region });
        }
    }
}
