//! Logical ids: the template's own where there is one, otherwise made of names; each once.

use std::collections::HashSet;

/// The logical ids that are taken.
#[derive(Debug, Default)]
pub(super) struct LogicalIds {
    taken: HashSet<String>,
}

impl LogicalIds {
    /// A free logical id, made of parts of names (`GET /users/{userId}` gives `GetUsersUserId`).
    pub(super) fn make(&mut self, parts: &[&str]) -> String {
        let mut id: String = parts.iter().map(|part| pascal(part)).collect();
        // CloudFormation takes 255 characters.
        id.truncate(200);
        if id.is_empty() {
            id.push_str("Resource");
        }
        if self.taken.insert(id.clone()) {
            return id;
        }
        let mut number = 2_u64;
        loop {
            let numbered = format!("{id}{number}");
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
            number += 1;
        }
    }

    /// The declared logical id, or one made of a name and, where that leaves nothing, of what it is.
    pub(super) fn declared_or(&mut self, declared: Option<&str>, name: &str, kind: &str) -> String {
        match declared {
            Some(declared) if self.taken.insert(declared.to_owned()) => declared.to_owned(),
            _ if pascal(name).is_empty() => self.make(&[kind]),
            _ => self.make(&[name]),
        }
    }
}

/// Letters and digits of a name, each run of them with a capital in front.
fn pascal(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words
        .map(|word| {
            // GET and POST are words, userId is as it is.
            let word =
                if word.bytes().all(|b| b.is_ascii_uppercase()) { word.to_ascii_lowercase() } else { word.to_owned() };
            let mut chars = word.chars();
            chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logical_ids_are_readable_and_each_is_there_once() {
        let mut ids = LogicalIds::default();
        assert_eq!(ids.declared_or(Some("UsersTable"), "stack-UsersTable", "Table"), "UsersTable");
        assert_eq!(ids.make(&["UsersTable"]), "UsersTable2");
        assert_eq!(ids.make(&["Api", "GET", "/users/{userId}/posts"]), "ApiGetUsersUserIdPosts");
        assert_eq!(ids.declared_or(None, "名前", "Api"), "Api");
        assert_eq!(ids.declared_or(None, "名前", "Api"), "Api2");
        assert_eq!(ids.declared_or(None, "my_orders-v2", "Table"), "MyOrdersV2");
    }
}
