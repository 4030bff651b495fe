//! Which APIs are served: published and withdrawn one by one while requests go on.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use indexmap::IndexMap;

use super::Plane;
use crate::websocket::Connections;

/// APIs by API id, in the order in which they were first published.
pub type Planes = IndexMap<String, Plane>;

/// The APIs that are served. Reading takes no lock; each change is seen whole or not at all, and a request under way
/// finishes on what it began with.
#[derive(Debug, Default)]
pub struct Published {
    planes: ArcSwap<Planes>,
    connections: Arc<Connections>,
    /// One change at a time, so that planes and connections agree on the newest.
    changing: Mutex<()>,
}

impl Published {
    /// The API of this id, if one is published.
    pub fn get(&self, api_id: &str) -> Option<Plane> {
        self.planes.load().get(api_id).cloned()
    }

    /// All APIs.
    pub fn all(&self) -> Arc<Planes> {
        self.planes.load_full()
    }

    /// The open WebSocket connections of these APIs.
    pub fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    /// Serves this API from now on, in the place of the one that had its id. Connections of a WebSocket API stay open and
    /// take the new routes with their next message; those whose stage is gone are closed with 1001.
    pub fn publish(&self, plane: Plane) {
        self.change([plane], |_| false);
    }

    /// Serves the API of this id no longer, and closes its connections with 1001. Whether there was one.
    pub fn withdraw(&self, api_id: &str) -> bool {
        self.change([], |published| published == api_id) > 0
    }

    /// Publishes all of `planes` and withdraws the ids in `gone` that are none of theirs, in one step.
    pub fn update(&self, planes: impl IntoIterator<Item = Plane>, gone: &[String]) {
        self.change(planes, |published| gone.iter().any(|gone| gone == published));
    }

    /// Makes `planes` all that is served, in one step.
    pub fn replace_all(&self, planes: impl IntoIterator<Item = Plane>) {
        self.change(planes, |_| true);
    }

    /// Publishes `planes` and withdraws all others that `is_gone`; gives the number of the latter.
    fn change(&self, planes: impl IntoIterator<Item = Plane>, is_gone: impl Fn(&str) -> bool) -> usize {
        // Guards nothing that a panic could leave half done.
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Planes = planes.into_iter().map(|plane| (plane.api_id().to_owned(), plane)).collect();
        let mut next = Planes::clone(&self.planes.load());
        let before = next.len();
        next.retain(|api_id, _| new.contains_key(api_id) || !is_gone(api_id));
        let withdrawn = before - next.len();
        // Connections know of an API before the first client can connect, and forget it after the last one could.
        let (web_sockets, others): (Vec<_>, Vec<_>) =
            new.values().partition(|plane| matches!(plane, Plane::WebSocket(_)));
        for plane in web_sockets {
            if let Plane::WebSocket(api) = plane {
                self.connections.publish(Arc::clone(api));
            }
        }
        let others: Vec<_> = others.into_iter().map(|plane| plane.api_id().to_owned()).collect();
        next.extend(new);
        let next = Arc::new(next);
        let former = self.planes.swap(Arc::clone(&next));
        let gone = former.keys().filter(|api_id| !next.contains_key(*api_id));
        for api_id in gone.chain(&others) {
            self.connections.withdraw(api_id);
        }
        withdrawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::testing::Fake;
    use crate::server::{HttpPlane, RestPlane, WebSocketPlane};

    fn rest(api_id: &str) -> Plane {
        RestPlane::new(api_id, Fake::new([]).gateway()).into()
    }

    fn ids(published: &Published) -> Vec<String> {
        published.all().keys().cloned().collect()
    }

    #[test]
    fn apis_come_and_go_one_by_one() {
        let published = Published::default();
        for api_id in ["a", "b", "c"] {
            published.publish(rest(api_id));
        }
        let begun = published.all();
        assert!(published.withdraw("b") && !published.withdraw("b"));
        assert_eq!(ids(&published), ["a", "c"]);
        assert!(begun.contains_key("b"), "a request under way keeps what it began with");
        published.publish(HttpPlane::new("a", Fake::new([]).gateway()).into());
        assert!(matches!(published.get("a"), Some(Plane::Http(_))));
        assert!(published.get("b").is_none());
    }

    #[test]
    fn a_deployment_withdraws_what_it_is_told_and_nothing_else() {
        let published = Published::default();
        published.update([rest("own"), rest("former")], &[]);
        published.publish(rest("foreign"));
        published.update([rest("own"), rest("new")], &["former".to_owned(), "own".to_owned()]);
        assert_eq!(ids(&published), ["own", "foreign", "new"]);
        published.replace_all([rest("last")]);
        assert_eq!(ids(&published), ["last"]);
        published.replace_all([]);
        assert!(published.all().is_empty());
    }

    #[test]
    fn connections_know_the_web_socket_apis_and_no_others() {
        let published = Published::default();
        let web_socket = || -> Plane { WebSocketPlane::new("a", Fake::new([]).gateway()).into() };
        let known = || published.connections().published("a").is_some();
        published.publish(web_socket());
        assert!(known());
        published.publish(rest("a"));
        assert!(!known(), "the id means another kind of API now");
        published.publish(web_socket());
        published.replace_all([rest("b")]);
        assert!(!known());
    }
}
