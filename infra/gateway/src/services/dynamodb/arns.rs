//! The account and region of a database, in every ARN that goes out and comes in.

use std::sync::Arc;

use dynoxide::streams::{LOCAL_ACCOUNT, LOCAL_REGION};

/// An account in a region: tables of one are unknown in the other. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// Twelve digits.
    pub(crate) account: Arc<str>,
    /// `us-east-1`
    pub(crate) region: Arc<str>,
}

impl World {
    pub(crate) fn new(account: &str, region: &str) -> World {
        World { account: account.into(), region: region.into() }
    }

    /// `arn:aws:dynamodb:{region}:{account}:`
    fn prefix(&self, service: &str) -> String {
        let partition = match &*self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:{service}:{}:{}:", self.region, self.account)
    }

    /// `arn:aws:dynamodb:{region}:{account}:table/{table}`
    pub(super) fn table_arn(&self, table: &str) -> String {
        format!("{}table/{table}", self.prefix("dynamodb"))
    }

    /// `arn:aws:dynamodb:{region}:{account}:table/{table}/stream/{label}`
    pub(super) fn stream_arn(&self, table: &str, label: &str) -> String {
        format!("{}/stream/{label}", self.table_arn(table))
    }

    /// The table and label that a stream's ARN names, if the stream would be in this world.
    pub(super) fn stream_of<'a>(&self, arn: &'a str) -> Option<(&'a str, &'a str)> {
        let resource = arn.strip_prefix(&self.prefix("dynamodb"))?;
        resource.strip_prefix("table/")?.split_once("/stream/")
    }

    /// The database writes ARNs of a region of its own. Only for answers that hold no items: theirs are not to be touched.
    pub(super) fn correct(&self, answer: Vec<u8>) -> Vec<u8> {
        let Ok(mut text) = String::from_utf8(answer) else { return Vec::new() };
        for service in ["dynamodb", "kms"] {
            let own = format!("arn:aws:{service}:{LOCAL_REGION}:{LOCAL_ACCOUNT}:");
            if text.contains(&own) {
                text = text.replace(&own, &self.prefix(service));
            }
        }
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_those_of_the_world() {
        let world = World::new("111122223333", "eu-west-1");
        let arn = world.stream_arn("t", "2026-11-22T00:00:00.000");
        assert_eq!(arn, "arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/2026-11-22T00:00:00.000");
        assert_eq!(world.stream_of(&arn), Some(("t", "2026-11-22T00:00:00.000")));
        assert_eq!(World::new("000000000000", "eu-west-1").stream_of(&arn), None);
        let answer = br#"{"TableArn":"arn:aws:dynamodb:dynoxide:000000000000:table/t"}"#.to_vec();
        assert_eq!(
            String::from_utf8(world.correct(answer)).unwrap(),
            r#"{"TableArn":"arn:aws:dynamodb:eu-west-1:111122223333:table/t"}"#
        );
    }
}
