//! Which operation of a REST service a method and path mean.

use std::collections::HashMap;

use indexmap::IndexMap;
use percent_encoding::percent_decode_str;

use super::Operation;

/// The operations of a service by HTTP method and number of segments.
#[derive(Debug, Default)]
pub(super) struct Routes {
    by_method: HashMap<String, Vec<Route>>,
}

#[derive(Debug)]
struct Route {
    operation: String,
    segments: Vec<Segment>,
    /// Parameters that the query must have: `mode=import`.
    query: Vec<(String, Option<String>)>,
    literals: usize,
}

#[derive(Debug)]
enum Segment {
    Literal(String),
    Label(String),
    /// The rest of the path.
    Greedy(String),
}

impl Routes {
    pub(super) fn new(operations: &IndexMap<String, Operation>) -> Routes {
        let mut by_method: HashMap<String, Vec<Route>> = HashMap::new();
        for (name, operation) in operations {
            by_method
                .entry(operation.http.method.clone())
                .or_default()
                .push(Route::new(name, &operation.http.request_uri));
        }
        for routes in by_method.values_mut() {
            // The most particular first: more parameters asked for, then more literal segments.
            routes.sort_by_key(|route| std::cmp::Reverse((route.query.len(), route.literals)));
        }
        Routes { by_method }
    }

    /// The operation's name and the labels, still percent-encoded.
    pub(super) fn find<'r>(&self, method: &str, path: &'r str, query: &str) -> Option<(&str, Vec<(&str, &'r str)>)> {
        let routes = self.by_method.get(method)?;
        routes.iter().find_map(|route| Some((route.operation.as_str(), route.matches(path, query)?)))
    }
}

impl Route {
    fn new(operation: &str, uri: &str) -> Route {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let segments: Vec<_> = segments(path)
            .map(|segment| match segment.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
                None => Segment::Literal(segment.to_owned()),
                Some(label) => match label.strip_suffix('+') {
                    Some(label) => Segment::Greedy(label.to_owned()),
                    None => Segment::Label(label.to_owned()),
                },
            })
            .collect();
        let query = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (pair.to_owned(), None),
            })
            .collect();
        let literals = segments.iter().filter(|segment| matches!(segment, Segment::Literal(_))).count();
        Route { operation: operation.to_owned(), segments, query, literals }
    }

    fn matches<'m, 'r>(&'m self, path: &'r str, query: &str) -> Option<Vec<(&'m str, &'r str)>> {
        let asked = self.query.iter().all(|(name, value)| {
            query.split('&').any(|pair| {
                let (key, given) = pair.split_once('=').unwrap_or((pair, ""));
                key == name && value.as_ref().is_none_or(|value| value == given)
            })
        });
        if !asked {
            return None;
        }
        let mut labels = Vec::new();
        let mut rest = path.strip_prefix('/').unwrap_or(path);
        rest = rest.strip_suffix('/').unwrap_or(rest);
        let mut left = !rest.is_empty();
        for segment in &self.segments {
            if !left {
                return None;
            }
            if let Segment::Greedy(label) = segment {
                labels.push((label.as_str(), rest));
                return Some(labels);
            }
            let (head, tail) = rest.split_once('/').map_or((rest, None), |(head, tail)| (head, Some(tail)));
            match segment {
                Segment::Literal(literal) if literal == head => {}
                Segment::Label(label) if !head.is_empty() => labels.push((label.as_str(), head)),
                _ => return None,
            }
            left = tail.is_some();
            rest = tail.unwrap_or_default();
        }
        (!left).then_some(labels)
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// A segment or a query value as it was meant; bytes that are no UTF-8 become U+FFFD, which no name has.
pub(crate) fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
