//! Where something stands in a template, what is wrong there, and what is not supported: gathered, not thrown, so that
//! one run shows everything there is to mend.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

/// A place in one of the files that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// Index into [`Report`]'s files.
    pub(super) file: u16,
    /// From 1.
    pub(super) line: u32,
    /// From 1, in characters.
    pub(super) column: u32,
}

/// One reason why a template cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The template, or a document that it includes.
    pub file: PathBuf,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// What is wrong and, where it can be known, how to mend it.
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

/// Every reason why a template cannot be loaded, in the order of the files and lines. Displays one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateErrors(pub Vec<TemplateError>);

impl fmt::Display for TemplateErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for TemplateErrors {}

/// Something that the template says and Ferrogate does not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The logical id of the resource, or the section of the template (`Rules`).
    pub resource: String,
    /// The resource's type; empty for a section.
    pub resource_type: String,
    /// The path below `Properties` (`Auth.ResourcePolicy`); `None` for the whole resource.
    pub property: Option<String>,
    /// What that means for whoever runs the template.
    pub reason: String,
    /// The file with it.
    pub file: PathBuf,
    /// The line with it, from 1.
    pub line: u32,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.resource)?;
        if !self.resource_type.is_empty() {
            write!(f, " ({})", self.resource_type)?;
        }
        if let Some(property) = &self.property {
            write!(f, " {property}")?;
        }
        write!(f, ": {} [{}:{}]", self.reason, self.file.display(), self.line)
    }
}

/// A resource, as messages name it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'a> {
    pub(super) logical_id: &'a str,
    pub(super) resource_type: &'a str,
}

/// What one load has found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    files: RefCell<Vec<PathBuf>>,
    errors: RefCell<Vec<(Place, String)>>,
    unsupported: RefCell<Vec<(Place, Unsupported)>>,
}

/// A template with more errors than this is broken in one way, not in hundreds.
const MOST_ERRORS: usize = 200;

impl Report {
    /// Notes a file; its number goes into the places found in it.
    pub(super) fn add_file(&self, path: &Path) -> u16 {
        let mut files = self.files.borrow_mut();
        if let Some(at) = files.iter().position(|known| known == path) {
            return at as u16;
        }
        // `include` bounds the number of files far below 65,536.
        files.push(path.to_owned());
        (files.len() - 1) as u16
    }

    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.files.borrow().clone()
    }

    /// An error; the same one twice is one.
    pub(super) fn error(&self, at: Place, message: impl Into<String>) {
        let entry = (at, message.into());
        let mut errors = self.errors.borrow_mut();
        if errors.len() < MOST_ERRORS && !errors.contains(&entry) {
            errors.push(entry);
        }
    }

    pub(super) fn unsupported(&self, owner: Owner<'_>, property: Option<&str>, at: Place, reason: impl Into<String>) {
        let entry = Unsupported {
            resource: owner.logical_id.to_owned(),
            resource_type: owner.resource_type.to_owned(),
            property: property.map(str::to_owned),
            reason: reason.into(),
            file: self.path_of(at),
            line: at.line,
        };
        let mut list = self.unsupported.borrow_mut();
        if !list.iter().any(|(_, known)| *known == entry) {
            list.push((at, entry));
        }
    }

    fn path_of(&self, at: Place) -> PathBuf {
        self.files.borrow().get(usize::from(at.file)).cloned().unwrap_or_default()
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.errors.borrow().is_empty()
    }

    /// All errors, by place.
    pub(super) fn errors(&self) -> TemplateErrors {
        let mut errors = self.errors.borrow().clone();
        errors.sort();
        TemplateErrors(
            errors
                .into_iter()
                .map(|(at, message)| TemplateError {
                    file: self.path_of(at),
                    line: at.line,
                    column: at.column,
                    message,
                })
                .collect(),
        )
    }

    /// All that is not supported, by place.
    pub(super) fn take_unsupported(&self) -> Vec<Unsupported> {
        let mut list = self.unsupported.take();
        list.sort_by_key(|(at, _)| *at);
        list.into_iter().map(|(_, entry)| entry).collect()
    }
}

/// `; did you mean 'X'?` where one of the names is near enough to be a slip of the pen, else nothing.
pub(super) fn did_you_mean<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let most = (wrong.chars().count() / 3).clamp(1, 4);
    let nearest = names
        .into_iter()
        .map(|name| (distance(&wrong.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= most && *name != wrong)
        .min();
    match nearest {
        Some((_, name)) => format!("; did you mean '{name}'?"),
        None => String::new(),
    }
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = if x == *y { diagonal } else { diagonal + 1 };
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("UserTable", ["UsersTable", "ProductsTable"]), "; did you mean 'UsersTable'?");
        assert_eq!(did_you_mean("Bucket", ["UsersTable"]), "");
    }

    #[test]
    fn errors_are_sorted_and_told_once() {
        let report = Report::default();
        let file = report.add_file(Path::new("t.yaml"));
        let at = |line| Place { file, line, column: 3 };
        report.error(at(9), "later");
        report.error(at(2), "earlier");
        report.error(at(9), "later");
        assert_eq!(report.errors().to_string(), "t.yaml:2:3: earlier\nt.yaml:9:3: later");
    }
}
