//! The functions of every account and region, and the way from a name to the right ones.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::host::{HostSettings, LambdaService};
use super::invocation::{Invocation, Invoke, InvokeError, InvokeRequest};

/// Accounts and regions that have functions, at most: each has a thread that starts its processes.
const MAX_WORLDS: usize = 64;

/// The functions of every account and region.
///
/// Each account and region has a [`LambdaService`] of its own, made when it first gets a function.
pub struct Worlds {
    /// Of the run's own account and region; the others differ in these two.
    settings: HostSettings,
    /// Whoever runs the template's functions, if that is not done here.
    remote: Option<Arc<dyn Invoke>>,
    services: RwLock<HashMap<Key, Arc<LambdaService>>>,
    closed: AtomicBool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    account: String,
    region: String,
}

impl Key {
    fn new(account: &str, region: &str) -> Key {
        Key { account: account.to_owned(), region: region.to_owned() }
    }
}

impl Worlds {
    /// No functions yet. `settings` are those of the run's own account and region. With `remote`, calls of functions that
    /// are not here go there, from the run's own account and region.
    pub fn new(settings: HostSettings, remote: Option<Arc<dyn Invoke>>) -> Arc<Worlds> {
        Arc::new(Worlds { settings, remote, services: RwLock::default(), closed: AtomicBool::new(false) })
    }

    /// The settings of the run's own account and region.
    pub fn settings(&self) -> &HostSettings {
        &self.settings
    }

    /// The functions of the run's own account and region. Call within a Tokio runtime.
    ///
    /// # Errors
    /// When the thread that starts processes cannot be started.
    pub fn home(&self) -> io::Result<Arc<LambdaService>> {
        self.service(&self.settings.account_id, &self.settings.region)
    }

    /// The functions of an account and region, made when they are first asked for. Call within a Tokio runtime.
    ///
    /// # Errors
    /// When there are too many, when all are being ended, or when the thread that starts processes cannot be started.
    pub fn service(&self, account: &str, region: &str) -> io::Result<Arc<LambdaService>> {
        if let Some(service) = self.existing(account, region) {
            return Ok(service);
        }
        let mut services = self.services.write().unwrap_or_else(PoisonError::into_inner);
        let key = Key::new(account, region);
        if let Some(service) = services.get(&key) {
            return Ok(service.clone());
        }
        if self.closed.load(Ordering::SeqCst) {
            return Err(io::Error::other("the functions are being ended"));
        }
        if services.len() >= MAX_WORLDS {
            return Err(io::Error::other(format!("{MAX_WORLDS} accounts and regions have functions, and no more may")));
        }
        let settings =
            HostSettings { account_id: account.to_owned(), region: region.to_owned(), ..self.settings.clone() };
        let service = Arc::new(LambdaService::new(settings)?);
        services.insert(key, service.clone());
        Ok(service)
    }

    /// Whoever calls functions on behalf of an account and region.
    pub fn invoker(self: &Arc<Self>, account: &str, region: &str) -> Arc<dyn Invoke> {
        Arc::new(World { worlds: self.clone(), own: Key::new(account, region) })
    }

    fn existing(&self, account: &str, region: &str) -> Option<Arc<LambdaService>> {
        let services = self.services.read().unwrap_or_else(PoisonError::into_inner);
        services.get(&Key::new(account, region)).cloned()
    }

    /// Ends every function, once its running invocations have finished.
    pub fn clear(&self) {
        let services = self.services.read().unwrap_or_else(PoisonError::into_inner);
        services.values().for_each(|service| service.clear());
    }

    /// Refuses new calls, lets running ones finish for at most `patience`, then ends every process.
    pub async fn shutdown(&self, patience: Duration) {
        self.closed.store(true, Ordering::SeqCst);
        let services: Vec<_> = {
            let services = self.services.read().unwrap_or_else(PoisonError::into_inner);
            services.values().cloned().collect()
        };
        futures_util::future::join_all(services.iter().map(|service| service.shutdown(patience))).await;
    }
}

/// Calls functions on behalf of one account and region.
struct World {
    worlds: Arc<Worlds>,
    own: Key,
}

impl World {
    /// Whoever runs the function that `identifier` names.
    ///
    /// The account and region of an ARN say whose function is meant. Where those have no such function, the caller's own of
    /// that name is: programs that were written for another account, as those with 123456789012 in documentation, run as
    /// they are.
    fn target(&self, identifier: &str) -> Option<Arc<dyn Invoke>> {
        let named = place(identifier)
            .map(|(account, region)| self.worlds.existing(account, region.unwrap_or(&self.own.region)));
        let own = || self.worlds.existing(&self.own.account, &self.own.region);
        let service = named.flatten().filter(|service| service.knows(identifier));
        if let Some(service) = service.or_else(|| own().filter(|service| service.knows(identifier))) {
            return Some(service);
        }
        let settings = &self.worlds.settings;
        let at_home = self.own == Key::new(&settings.account_id, &settings.region);
        self.worlds.remote.clone().filter(|_| at_home)
    }

    /// 404 in the words of the account and region that are meant.
    fn unknown(&self, identifier: &str, qualifier: Option<&str>) -> InvokeError {
        let Some((name, inline)) = super::host::names::parse(identifier) else {
            return InvokeError::NotFound(identifier.to_owned());
        };
        let (account, region) = place(identifier).unwrap_or((&self.own.account, None));
        let region = region.unwrap_or(&self.own.region);
        let qualifier = qualifier.or(inline).unwrap_or(crate::model::LATEST);
        InvokeError::NotFound(format!("arn:aws:lambda:{region}:{account}:function:{name}:{qualifier}"))
    }
}

impl Invoke for World {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        request: InvokeRequest,
    ) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        match self.target(function) {
            Some(target) => async move { target.invoke(function, request).await }.boxed(),
            None => {
                let error = self.unknown(function, request.qualifier.as_deref());
                async move { Err(error) }.boxed()
            }
        }
    }

    fn for_world(&self, account: &str, region: &str) -> Option<Arc<dyn Invoke>> {
        Some(self.worlds.invoker(account, region))
    }
}

/// The account in an ARN or a partial ARN, with the region if it has one.
fn place(identifier: &str) -> Option<(&str, Option<&str>)> {
    let mut parts = identifier.split(':');
    let head = parts.next()?;
    if head == "arn" {
        let (region, account) = (parts.nth(2)?, parts.next()?);
        return Some((account, Some(region)));
    }
    let is_account = crate::ids::is_account_id(head);
    (is_account && parts.next() == Some("function")).then_some((head, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::Code;
    use crate::lambda::testing::{self, Lines};

    fn worlds(remote: Option<Arc<dyn Invoke>>) -> Arc<Worlds> {
        Worlds::new(testing::settings(&Lines::default()), remote)
    }

    fn put(worlds: &Worlds, account: &str, region: &str, name: &str) {
        let code = Code::in_folder(testing::bootstrap());
        worlds.service(account, region).unwrap().put(&testing::function(name), "$LATEST", &code);
    }

    async fn call(invoke: &Arc<dyn Invoke>, function: &str, event: &str) -> Result<String, InvokeError> {
        let answer = invoke.invoke(function, InvokeRequest::sync(format!("\"{event}\""))).await?;
        Ok(String::from_utf8(answer.payload.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn an_arn_reaches_the_world_that_it_names_and_a_name_the_callers_own() {
        let worlds = worlds(None);
        put(&worlds, "000000000000", "us-east-1", "f");
        put(&worlds, "111111111111", "eu-west-1", "f");
        put(&worlds, "111111111111", "eu-west-1", "g");
        let home = worlds.invoker("000000000000", "us-east-1");
        let other = home.for_world("111111111111", "eu-west-1").unwrap();
        let region = "variable AWS_REGION";
        assert_eq!(call(&home, "f", region).await.unwrap(), "us-east-1");
        assert_eq!(call(&other, "f", region).await.unwrap(), "eu-west-1");
        let named = "arn:aws:lambda:eu-west-1:111111111111:function:g";
        assert_eq!(call(&home, named, region).await.unwrap(), "eu-west-1");
        let documented = "arn:aws:lambda:us-west-2:123456789012:function:f";
        assert_eq!(call(&home, documented, region).await.unwrap(), "us-east-1");
        let unknown = call(&home, "g", region).await.unwrap_err().to_string();
        assert_eq!(unknown, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:g:$LATEST");
        worlds.shutdown(Duration::from_secs(10)).await;
        assert!(worlds.service("222222222222", "us-east-1").is_err());
    }

    /// Answers with the function's name.
    struct Elsewhere;

    impl Invoke for Elsewhere {
        fn invoke<'a>(&'a self, function: &'a str, _: InvokeRequest) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
            async move { Ok(Invocation { payload: function.to_owned().into(), ..Invocation::default() }) }.boxed()
        }
    }

    #[tokio::test]
    async fn what_is_not_here_is_asked_for_elsewhere_from_home_alone() {
        let worlds = worlds(Some(Arc::new(Elsewhere)));
        put(&worlds, "000000000000", "us-east-1", "here");
        let home = worlds.invoker("000000000000", "us-east-1");
        assert_eq!(call(&home, "there", "x").await.unwrap(), "there");
        assert_eq!(call(&home, "here", "x").await.unwrap(), "\"x\"");
        let other = worlds.invoker("111111111111", "us-east-1");
        assert!(matches!(call(&other, "there", "x").await, Err(InvokeError::NotFound(_))));
    }
}
