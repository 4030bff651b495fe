//! `Fn::Transform` with `AWS::Include`, and documents named by a path: other files, read relative to the template.

use std::path::{Path, PathBuf};

use super::error::{Place, Report};
use super::node::{Kind, Node};
use super::resolver::{Failed, Resolved, Resolver};
use super::yaml;

/// CloudFormation takes 1 MB from S3; an OpenAPI document may be larger.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// Of files that include files.
const MOST_INCLUDES: usize = 16;
/// Far more than any stack has, and few enough to be watched.
const MOST_FILES: usize = 1000;

/// Reads and parses a file, noting it among the sources. `None` after an error, which is reported at `named_at`
/// when the file cannot be read and in the file itself when it cannot be parsed.
pub(super) fn read_file(path: &Path, named_at: Option<Place>, report: &Report) -> Option<yaml::Document> {
    let file = report.add_file(path);
    if usize::from(file) >= MOST_FILES {
        report.error(named_at.unwrap_or_default(), format!("more than {MOST_FILES} files are included"));
        return None;
    }
    let at = named_at.unwrap_or(Place { file, line: 1, column: 1 });
    let text = match std::fs::metadata(path) {
        Ok(found) if found.len() > MOST_BYTES => Err(format!("is larger than {MOST_BYTES} bytes")),
        Ok(found) if found.is_dir() => Err("is a folder, not a file".to_owned()),
        Ok(_) => match std::fs::read(path) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned()),
            Err(error) => Err(format!("cannot be read: {error}")),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err("does not exist".to_owned()),
        Err(error) => Err(format!("cannot be read: {error}")),
    };
    match text {
        Ok(text) => yaml::parse(&text, file, report),
        Err(why) => {
            report.error(at, format!("{} {why}", path.display()));
            None
        }
    }
}

/// Whether a path in a template names something that is not on this machine.
pub(super) fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("arn:")
}

impl Resolver<'_> {
    /// A path in the template, which is relative to the template's own folder.
    pub(super) fn local_path(&self, path: &str) -> PathBuf {
        // `./` adds nothing but noise to messages.
        let path = path.strip_prefix("./").unwrap_or(path);
        self.template.folder.join(path)
    }

    pub(super) fn include(&self, argument: &Node) -> Resolved {
        let name = argument.get("Name").and_then(Node::as_text);
        let Some("AWS::Include") = name else {
            let name = name.unwrap_or("without a Name");
            self.note(argument.at, format!("the macro {name} is not run: left out"));
            return Err(Failed);
        };
        let Some(location) = argument.get("Parameters").and_then(|parameters| parameters.get("Location")) else {
            return self.fail(argument.at, "AWS::Include needs `Parameters: {Location: path}`");
        };
        let text = self.text(location, "the Location of AWS::Include")?;
        if is_remote(&text) {
            return self.fail(location.at, format!("AWS::Include: {text} is not on this machine; name a local file"));
        }
        let path = self.local_path(&text);
        if self.including.borrow().contains(&path) || self.including.borrow().len() >= MOST_INCLUDES {
            return self.fail(location.at, format!("AWS::Include: {text} includes itself"));
        }
        let document = read_file(&path, Some(location.at), self.report).ok_or(Failed)?;
        if let Some(at) = document.first_short_form {
            let reason = "CloudFormation takes no short forms (`!Sub`) in a file that AWS::Include includes: \
                          write `Fn::Sub:`. It works locally, and will not when deployed";
            self.note(at, reason);
        }
        self.including.borrow_mut().push(path);
        let resolved = self.resolve(&document.root);
        self.including.borrow_mut().pop();
        match resolved {
            Some(Node { kind: Kind::Map(_) | Kind::Unresolved, .. }) => Ok(resolved),
            _ => self.fail(location.at, format!("AWS::Include: {text} must hold a mapping")),
        }
    }
}
