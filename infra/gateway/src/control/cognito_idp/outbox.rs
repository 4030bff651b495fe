//! What a pool would have sent by mail or SMS: nothing leaves this machine.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::{Value, json};

use super::super::Control;
use super::super::world::lock;

/// Messages that are shown.
const MAX_ENTRIES: usize = 1_000;

/// The newest messages of one account and region.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    entries: VecDeque<Sent>,
}

/// A message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent {
    /// `2026-11-22T12:57:00.123Z`
    pub(super) time: String,
    pub(super) user_pool_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
    pub(super) username: String,
    /// What it is for: `SignUp`, `ResendCode`, `ForgotPassword`, `VerifyUserAttribute`, `UpdateUserAttribute`,
    /// `AdminCreateUser`.
    pub(super) reason: &'static str,
    /// `EMAIL` or `SMS`
    pub(super) medium: &'static str,
    /// The address or number.
    pub(super) destination: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temporary_password: Option<String>,
}

impl Outbox {
    /// Adds a message, and says so in the log; the oldest goes beyond the bound.
    pub(super) fn add(&mut self, sent: Sent) {
        match &sent.code {
            Some(code) => tracing::info!(
                pool = sent.user_pool_id,
                user = sent.username,
                reason = sent.reason,
                "Cognito, for local use: the code for {} is {code}; nothing was sent",
                sent.destination
            ),
            None => tracing::info!(
                pool = sent.user_pool_id,
                user = sent.username,
                "Cognito, for local use: an invitation for {} is at GET /_ferrogate/cognito; nothing was sent",
                sent.destination
            ),
        }
        self.entries.push_back(sent);
        if self.entries.len() > MAX_ENTRIES {
            self.entries.pop_front();
        }
    }

    /// Forgets the messages of a pool that is gone.
    pub(super) fn forget(&mut self, pool: &str) {
        self.entries.retain(|sent| sent.user_pool_id != pool);
    }
}

impl Control {
    /// The newest messages of every account and region, the newest first: `GET /_ferrogate/cognito`.
    pub(crate) fn cognito_outbox(&self) -> Value {
        let mut all: Vec<Sent> = Vec::new();
        for world in self.open_worlds() {
            all.extend(lock(&world.cognito_idp).outbox.entries.iter().rev().cloned());
        }
        // The times of one format sort as text; the sort keeps the order of those at the same time.
        all.sort_by(|a, b| b.time.cmp(&a.time));
        json!({ "messages": all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_messages_go_first() {
        let mut outbox = Outbox::default();
        for number in 0..MAX_ENTRIES + 2 {
            outbox.add(Sent {
                time: String::new(),
                user_pool_id: "p".to_owned(),
                client_id: None,
                username: number.to_string(),
                reason: "SignUp",
                medium: "EMAIL",
                destination: String::new(),
                code: None,
                temporary_password: None,
            });
        }
        assert_eq!((outbox.entries.len(), outbox.entries[0].username.as_str()), (MAX_ENTRIES, "2"));
    }
}
