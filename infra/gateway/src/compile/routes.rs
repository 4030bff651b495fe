//! The tree of path patterns behind both REST resources and HTTP API routes.
//!
//! API Gateway matches path *and* method together and backtracks: a branch that fits the path but refuses the request
//! (no such method) is given up for a less specific one. So a search hands every candidate to the caller, most
//! specific first (literal, then `{param}`, then `{proxy+}`), until one is accepted.

use std::collections::HashMap;

/// A tree of path patterns with a value at each pattern.
#[derive(Debug)]
pub(crate) struct RouteTree<T> {
    root: Node<T>,
}

#[derive(Debug)]
struct Node<T> {
    literals: HashMap<Box<str>, Node<T>>,
    param: Option<Box<Node<T>>>,
    here: Option<T>,
    greedy: Option<T>,
}

// Not derived: a derive would ask for `T: Default`.
impl<T> Default for Node<T> {
    fn default() -> Self {
        Node { literals: HashMap::new(), param: None, here: None, greedy: None }
    }
}

impl<T> Default for RouteTree<T> {
    fn default() -> Self {
        RouteTree { root: Node::default() }
    }
}

/// The names in braces, in order: `/users/{userId}/{proxy+}` → `userId`, `proxy`.
pub(crate) fn parameter_names(pattern: &str) -> Vec<String> {
    pattern.split('/').filter_map(variable).map(|name| name.strip_suffix('+').unwrap_or(name).to_owned()).collect()
}

fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

impl<T> RouteTree<T> {
    /// The place for `pattern` (`/users/{userId}`), made if it is new. `Err` says what is wrong with the pattern.
    pub(crate) fn at(&mut self, pattern: &str) -> Result<&mut Option<T>, String> {
        let Some(rest) = pattern.strip_prefix('/') else {
            return Err(format!("the path `{pattern}` does not begin with a slash"));
        };
        let names = parameter_names(pattern);
        if let Some(twice) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
            return Err(format!("the path parameter {{{}}} stands twice in `{pattern}`", twice.1));
        }
        let mut node = &mut self.root;
        if rest.is_empty() {
            return Ok(&mut node.here);
        }
        let mut segments = rest.split('/').peekable();
        while let Some(segment) = segments.next() {
            match variable(segment) {
                Some(name) if name.trim_end_matches('+').is_empty() => {
                    return Err(format!("a path parameter of `{pattern}` has no name"));
                }
                Some(name) if name.ends_with('+') => {
                    if segments.peek().is_some() {
                        return Err(format!(
                            "Cannot create a child of a resource with a greedy path variable: {segment}"
                        ));
                    }
                    return Ok(&mut node.greedy);
                }
                Some(_) => node = node.param.get_or_insert_default(),
                None if segment.is_empty() => return Err(format!("the path `{pattern}` has an empty segment")),
                None if segment.contains(['{', '}']) => {
                    return Err(format!("`{segment}` in `{pattern}`: a path parameter must be a whole segment"));
                }
                None => node = node.literals.entry(segment.into()).or_default(),
            }
        }
        Ok(&mut node.here)
    }

    /// The first candidate that `accept` takes, most specific first, with the path's values for its parameters in the
    /// pattern's order. `path` comes without its leading slash; `None` is the root. Without `greedy` patterns that end
    /// in `{proxy+}` are left out.
    ///
    /// The search visits a node at most once, so its work is bounded by the tree whatever the path is.
    pub(crate) fn find<'p, R>(
        &self,
        path: Option<&'p str>,
        greedy: bool,
        mut accept: impl FnMut(&T) -> Option<R>,
    ) -> Option<(R, Vec<&'p str>)> {
        let mut captures = Vec::new();
        let found = self.root.walk(path, greedy, &mut captures, &mut accept)?;
        Some((found, captures))
    }
}

impl<T> Node<T> {
    fn walk<'p, R>(
        &self,
        rest: Option<&'p str>,
        greedy: bool,
        captures: &mut Vec<&'p str>,
        accept: &mut impl FnMut(&T) -> Option<R>,
    ) -> Option<R> {
        let Some(rest) = rest else { return self.here.as_ref().and_then(accept) };
        let (segment, after) = rest.split_once('/').map_or((rest, None), |(segment, after)| (segment, Some(after)));
        if let Some(child) = self.literals.get(segment)
            && let Some(found) = child.walk(after, greedy, captures, accept)
        {
            return Some(found);
        }
        if let Some(child) = &self.param
            && !segment.is_empty()
        {
            captures.push(segment);
            if let Some(found) = child.walk(after, greedy, captures, accept) {
                return Some(found);
            }
            captures.pop();
        }
        // A greedy variable takes one segment or more; whether AWS lets it be empty is not documented.
        if let Some(value) = &self.greedy
            && greedy
            && !rest.is_empty()
            && let Some(found) = accept(value)
        {
            captures.push(rest);
            return Some(found);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(patterns: &[&'static str]) -> RouteTree<&'static str> {
        let mut tree = RouteTree::default();
        for pattern in patterns {
            *tree.at(pattern).unwrap() = Some(*pattern);
        }
        tree
    }

    fn find<'p>(tree: &RouteTree<&'static str>, path: &'p str) -> Option<(&'static str, Vec<&'p str>)> {
        let path = path.strip_prefix('/').filter(|p| !p.is_empty());
        tree.find(path, true, |pattern| Some(*pattern))
    }

    #[test]
    fn literal_beats_parameter_beats_greedy() {
        let tree = tree(&["/", "/a/b", "/a/{x}", "/{proxy+}"]);
        assert_eq!(find(&tree, "/a/b"), Some(("/a/b", vec![])));
        assert_eq!(find(&tree, "/a/c"), Some(("/a/{x}", vec!["c"])));
        assert_eq!(find(&tree, "/a/c/d"), Some(("/{proxy+}", vec!["a/c/d"])));
        assert_eq!(find(&tree, "/"), Some(("/", vec![])));
    }

    #[test]
    fn a_dead_end_is_left_for_a_less_specific_branch() {
        let tree = tree(&["/part1/hardcoded-value", "/{x}/{y}/z", "/{param+}"]);
        assert_eq!(find(&tree, "/part1/random-value"), Some(("/{param+}", vec!["part1/random-value"])));
        assert_eq!(find(&tree, "/part1/hardcoded-value/z"), Some(("/{x}/{y}/z", vec!["part1", "hardcoded-value"])));
        assert_eq!(
            find(&tree, "/part1/q/r"),
            Some(("/{param+}", vec!["part1/q/r"])),
            "captures of dead ends are dropped"
        );
    }

    #[test]
    fn a_candidate_may_be_refused() {
        let tree = tree(&["/test", "/{proxy+}"]);
        let found = tree.find(Some("test"), true, |pattern| (*pattern != "/test").then_some(*pattern));
        assert_eq!(found, Some(("/{proxy+}", vec!["test"])));
    }

    #[test]
    fn greedy_needs_a_segment_and_parameters_are_not_empty() {
        let tree = tree(&["/a/{proxy+}", "/b/{x}"]);
        assert_eq!(find(&tree, "/a"), None);
        assert_eq!(find(&tree, "/a/"), None);
        assert_eq!(find(&tree, "/b/"), None);
        assert_eq!(find(&tree, "/a//b"), Some(("/a/{proxy+}", vec!["/b"])));
    }

    #[test]
    fn broken_patterns_are_refused() {
        let mut tree = RouteTree::<()>::default();
        for pattern in ["a", "/{p+}/a", "/a//b", "/x{y}", "/{}", "/{+}", "/a/", "/{a}/{a}", "/{a}/{a+}"] {
            assert!(tree.at(pattern).is_err(), "{pattern}");
        }
        assert_eq!(parameter_names("/users/{userId}/{rest+}"), ["userId", "rest"]);
    }
}
