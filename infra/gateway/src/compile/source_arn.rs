//! The ARN by which a function's policy knows who calls it: a method, a route or an authorizer of an API.

use std::sync::{Arc, OnceLock};

/// `arn:aws:execute-api:{region}:{account}:{resource}`.
///
/// A snapshot does not know whose API it is, its plane does: the ARN is put together at the first call and kept. Patterns
/// of functions' policies are written against it by consoles and templates, which write `*` where a method is `ANY`;
/// so does this.
#[derive(Debug)]
pub(crate) struct SourceArn {
    /// `{api}/{stage}/GET/users/{userId}`
    resource: Box<str>,
    whole: OnceLock<Whole>,
}

#[derive(Debug)]
struct Whole {
    region: Box<str>,
    account_id: Box<str>,
    arn: Arc<str>,
}

impl SourceArn {
    /// The ARN of `{api}/{stage}/{METHOD or *}{path}`, `{api}/{stage}/{route key}` or `{api}/authorizers/{id}`.
    pub(crate) fn new(resource: String) -> Self {
        SourceArn { resource: resource.into(), whole: OnceLock::new() }
    }

    /// What is behind the last slash: an authorizer's id.
    pub(crate) fn last_part(&self) -> &str {
        self.resource.rsplit('/').next().unwrap_or_default()
    }

    /// The whole ARN, for an API of this region and account.
    pub(crate) fn within(&self, region: &str, account_id: &str) -> Arc<str> {
        let put_together = || Arc::from(format!("arn:aws:execute-api:{region}:{account_id}:{}", self.resource));
        let whole = self.whole.get_or_init(|| Whole {
            region: region.into(),
            account_id: account_id.into(),
            arn: put_together(),
        });
        if *whole.region == *region && *whole.account_id == *account_id {
            return Arc::clone(&whole.arn);
        }
        // One snapshot in two worlds: nobody does that, and it must not name the wrong one.
        put_together()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_put_together_once_and_names_its_own_world() {
        let source = SourceArn::new("api/prod/GET/users/{userId}".to_owned());
        let first = source.within("us-east-1", "000000000000");
        assert_eq!(&*first, "arn:aws:execute-api:us-east-1:000000000000:api/prod/GET/users/{userId}");
        assert!(Arc::ptr_eq(&first, &source.within("us-east-1", "000000000000")));
        let elsewhere = source.within("eu-west-1", "111122223333");
        assert_eq!(&*elsewhere, "arn:aws:execute-api:eu-west-1:111122223333:api/prod/GET/users/{userId}");
    }
}
