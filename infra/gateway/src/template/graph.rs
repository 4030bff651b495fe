//! Circular dependencies between resources, which CloudFormation refuses.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;

use super::error::{Place, Report};

/// Who depends on whom, and where that is said.
pub(super) type Dependencies = BTreeMap<String, IndexMap<String, Place>>;

/// Reports each circle once, where it closes.
pub(super) fn check(dependencies: &Dependencies, report: &Report) {
    let mut done: HashSet<&str> = HashSet::new();
    for start in dependencies.keys() {
        // An explicit stack: a chain may be as long as the template.
        let mut path: Vec<(&str, usize)> = vec![(start, 0)];
        while let Some((name, next)) = path.last_mut() {
            let targets = dependencies.get(*name);
            let Some((target, at)) = targets.and_then(|targets| targets.get_index(*next)) else {
                done.insert(name);
                path.pop();
                continue;
            };
            *next += 1;
            if done.contains(target.as_str()) {
                continue;
            }
            match path.iter().position(|(name, _)| name == target) {
                Some(first) => {
                    let circle: Vec<&str> = path[first..].iter().map(|(name, _)| *name).collect();
                    let circle = format!("{} -> {target}", circle.join(" -> "));
                    report.error(*at, format!("Circular dependency between resources: {circle}"));
                }
                None => path.push((target, 0)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_circle_is_told_once_and_a_diamond_is_none() {
        let report = Report::default();
        let file = report.add_file(Path::new("t"));
        let mut dependencies = Dependencies::new();
        for (line, (from, to)) in
            [("A", "B"), ("A", "C"), ("B", "D"), ("C", "D"), ("D", "E"), ("E", "D")].iter().enumerate()
        {
            let at = Place { file, line: line as u32 + 1, column: 1 };
            dependencies.entry((*from).to_owned()).or_default().insert((*to).to_owned(), at);
        }
        check(&dependencies, &report);
        assert_eq!(report.errors().to_string(), "t:6:1: Circular dependency between resources: D -> E -> D");
    }
}
