//! AWS_IAM authorization: who has signed a request, and what that caller's own policies say about it.
//!
//! The data planes ask [`authorize`]. Who has which access key, and which policies, is told by a [`Directory`], which is
//! the control plane's (users, roles, STS, the functions' credentials); the planes hold it as [`Iam`] and know no more of it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::condition::ConditionKeys;
use super::policy::Decision;
use super::resource_policy::{ApiCaller, ResourcePolicy};
use crate::clock::{Clock, EpochMillis};
use crate::gateway::Gateway;
use crate::server::ClientRequest;
use crate::signature::{Purpose, Refusal, Signature, SigningKeys};

/// A caller as events and access logs show it (`requestContext.identity`, `requestContext.authorizer.iam`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IamCaller {
    /// `accountId`
    pub(crate) account_id: String,
    /// `accessKey`
    pub(crate) access_key: String,
    /// `caller`: the unique id of a user, `{role id}:{session}`, or the account of its root.
    pub(crate) caller: String,
    /// `user`: the same, as observed on AWS.
    pub(crate) user: String,
    /// `userArn`
    pub(crate) user_arn: String,
    /// `principalOrgId`: there are no organisations here.
    pub(crate) principal_org_id: Option<String>,
}

/// Whose policies count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// An account's root, whoever runs this gateway, and its functions: they may do everything.
    ///
    /// Functions have the rights of their role on AWS. A template's roles are not modelled here, so that what a function may
    /// not do is not known; refusing all would break every function that writes to a connection.
    Unlimited,
    /// A user of IAM.
    User { account: String, name: String },
    /// A role that somebody has taken on.
    Role { account: String, name: String },
    /// Those of somebody, within a policy that was given to the session. Without one nothing is allowed.
    Within { principal: Box<Principal>, policy: Option<String> },
}

impl Principal {
    /// The account whose APIs its policies alone suffice for; `None` for all.
    fn account(&self) -> Option<&str> {
        match self {
            Principal::Unlimited => None,
            Principal::User { account, .. } | Principal::Role { account, .. } => Some(account),
            Principal::Within { principal, .. } => principal.account(),
        }
    }
}

/// Whoever has an access key.
#[derive(Clone)]
pub(crate) struct Holder {
    pub(crate) secret: String,
    pub(crate) caller: IamCaller,
    pub(crate) principal: Principal,
}

/// What an access key comes with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lookup<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) token: Option<&'a str>,
    /// By the gateway's clock, which the credentials' end goes by.
    pub(crate) now: EpochMillis,
}

/// What may be done with an API, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// `execute-api:Invoke`
    Invoke,
    /// `execute-api:ManageConnections`
    ManageConnections,
    /// `execute-api:InvalidateCache`
    InvalidateCache,
}

impl Action {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Action::Invoke => "execute-api:invoke",
            Action::ManageConnections => "execute-api:manageconnections",
            Action::InvalidateCache => "execute-api:invalidatecache",
        }
    }
}

/// Who knows access keys and policies.
pub(crate) trait Directory: Send + Sync {
    /// Whose the access key is.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`], also for a session token that is not the key's, and [`Refusal::ExpiredToken`].
    fn holder(&self, lookup: Lookup<'_>) -> Result<Holder, Refusal>;
    /// What the principal's own policies say of a request with these keys.
    fn decide(&self, principal: &Principal, action: Action, resource: &str, keys: &ConditionKeys<'_>) -> Decision;
    /// Whether services beside the APIs' own methods check signatures too.
    fn checks_signatures(&self) -> bool;
    /// The signing keys that were needed lately.
    fn signing_keys(&self) -> &SigningKeys;
    /// Notes that a key was used.
    fn used(&self, access_key: &str, signature: &Signature, now: EpochMillis);
}

/// The directory as the planes hold it: empty until the control plane is there, and then nobody is known. Clones share one.
#[derive(Clone, Default)]
pub struct Iam(Arc<OnceLock<Arc<dyn Directory>>>);

impl fmt::Debug for Iam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iam")
    }
}

/// Whether the caller may, for those who tell refusals apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A Deny of its policies matches.
    ExplicitDeny,
    /// A Deny of the API's policy matches.
    ExplicitDenyOfResource,
    /// None of its policies allows it.
    NoIdentityPolicy,
    /// It is of another account, and the API's policy does not let it in.
    NoResourcePolicy,
}

/// A caller that is known and may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IamDenial {
    pub(crate) user_arn: String,
    pub(crate) resource: String,
    pub(crate) verdict: Verdict,
}

impl IamDenial {
    /// The end of AWS's sentence.
    pub(crate) fn why(&self) -> &'static str {
        match self.verdict {
            Verdict::ExplicitDeny => "with an explicit deny in an identity-based policy",
            Verdict::ExplicitDenyOfResource => "with an explicit deny in a resource-based policy",
            Verdict::NoIdentityPolicy => "because no identity-based policy allows the execute-api:Invoke action",
            Verdict::NoResourcePolicy => "because no resource-based policy allows the execute-api:Invoke action",
        }
    }
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IamRefusal {
    /// It is not known who has made it.
    Signature(Refusal),
    /// It is, and the caller may not.
    Denied(Box<IamDenial>),
}

impl IamRefusal {
    /// For the log.
    pub(crate) fn reason(&self) -> String {
        match self {
            IamRefusal::Signature(refusal) => refusal.reason().to_owned(),
            IamRefusal::Denied(denial) => format!("{} may not, {}", denial.user_arn, denial.why()),
        }
    }
}

impl From<Refusal> for IamRefusal {
    fn from(refusal: Refusal) -> Self {
        IamRefusal::Signature(refusal)
    }
}

impl Iam {
    /// Makes `directory` the one that is asked, from the first time on.
    pub(crate) fn ask(&self, directory: Arc<dyn Directory>) {
        // A second one would be a second control plane, which there is none of in one process.
        let _ = self.0.set(directory);
    }

    /// Whether services beside the APIs' own methods check signatures.
    pub(crate) fn checks_signatures(&self) -> bool {
        self.0.get().is_some_and(|directory| directory.checks_signatures())
    }
}

/// Whose signature counts as one of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// By the gateway's clock alone: where it has been moved, a request that was signed before is one of the past.
    Moved,
    /// By the machine's as well: functions are processes and sign with it, wherever the gateway's clock has been moved to.
    EitherClock,
}

impl Time {
    pub(crate) fn now(self, clock: &Clock) -> [EpochMillis; 2] {
        match self {
            Time::Moved => [clock.now(); 2],
            Time::EitherClock => [clock.now(), clock.machine_now()],
        }
    }
}

/// Who has signed `request`, if its caller may do `action` with `resource` (an ARN of one of `gateway`'s APIs).
///
/// # Errors
/// Why it is refused.
pub(crate) fn authorize(
    gateway: &Gateway,
    request: &ClientRequest,
    action: Action,
    resource: &str,
    resource_policy: Option<&ResourcePolicy>,
) -> Result<IamCaller, IamRefusal> {
    let signature = Signature::read(request)?;
    // Without one nobody is known.
    let directory = gateway.iam.0.get().ok_or(Refusal::UnknownKey)?;
    let time = if action == Action::ManageConnections { Time::EitherClock } else { Time::Moved };
    let purpose =
        Purpose { service: Some("execute-api"), region: Some(&gateway.region), now: time.now(&gateway.clock) };
    let Holder { caller, principal, .. } = identify(&**directory, request, &signature, purpose, gateway.clock.now())?;
    let denied = |verdict| {
        let resource = resource.to_owned();
        IamRefusal::Denied(Box::new(IamDenial { user_arn: caller.user_arn.clone(), resource, verdict }))
    };
    let source_ip = request.source_ip.to_string();
    let mut keys = ConditionKeys::of(request, &source_ip, &gateway.region, gateway.clock.now());
    keys.principal = Some(&caller);
    let other_account = principal.account().is_some_and(|account| account != &*gateway.account_id);
    let by_resource = resource_policy.map_or(Decision::ImplicitDeny, |policy| {
        policy.decide(ApiCaller::Signed { caller: &caller, other_account }, resource, &keys)
    });
    match (directory.decide(&principal, action, resource, &keys), by_resource) {
        (Decision::ExplicitDeny, _) => Err(denied(Verdict::ExplicitDeny)),
        (_, Decision::ExplicitDeny) => Err(denied(Verdict::ExplicitDenyOfResource)),
        (Decision::Allow, Decision::Allow) => Ok(caller),
        // Within one account either may let the caller in, between two both have to.
        (Decision::Allow, Decision::ImplicitDeny) if other_account => Err(denied(Verdict::NoResourcePolicy)),
        (Decision::Allow, Decision::ImplicitDeny) => Ok(caller),
        (Decision::ImplicitDeny, Decision::Allow) if !other_account => Ok(caller),
        (Decision::ImplicitDeny, _) => Err(denied(Verdict::NoIdentityPolicy)),
    }
}

/// Whoever has signed `request`, once that is proven.
///
/// # Errors
/// Why it is not.
pub(crate) fn identify(
    directory: &dyn Directory,
    request: &ClientRequest,
    signature: &Signature,
    purpose: Purpose<'_>,
    now: EpochMillis,
) -> Result<Holder, Refusal> {
    let access_key = &signature.scope.access_key;
    let holder = directory.holder(Lookup { access_key, token: signature.token.as_deref(), now })?;
    signature.verify(request, &holder.secret, purpose, directory.signing_keys())?;
    directory.used(access_key, signature, now);
    Ok(holder)
}
