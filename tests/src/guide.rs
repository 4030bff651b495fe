//! The programs of the guide, taken from the document itself, with the corrections that `blocks.toml` lists beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::stack::repository;

/// Where the document, the corrections and the scripts that drive its programs are.
pub fn folder() -> PathBuf {
    repository().join("tests/guide")
}

/// A block of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The heading it stands under.
    pub heading: String,
    /// Which of the Python blocks under that heading, from 0.
    pub index: usize,
    /// Its text, as written.
    pub text: String,
}

/// The Python blocks of a Markdown document.
pub fn python_blocks(document: &str) -> Vec<Block> {
    let (mut blocks, mut seen) = (Vec::new(), BTreeMap::new());
    let (mut heading, mut fence) = (String::new(), None::<(bool, String)>);
    for line in document.lines() {
        match (&mut fence, line.strip_prefix("```")) {
            (None, Some(language)) => fence = Some((language == "python", String::new())),
            (None, None) if line.starts_with('#') => line.trim_start_matches('#').trim().clone_into(&mut heading),
            (None, None) => {}
            (Some((python, text)), Some("")) => {
                if *python {
                    let index = seen.entry(heading.clone()).or_insert(0);
                    blocks.push(Block { heading: heading.clone(), index: *index, text: std::mem::take(text) });
                    *index += 1;
                }
                fence = None;
            }
            (Some((_, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    blocks
}

/// A block with a name, as `blocks.toml` lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What the scripts call it.
    pub name: String,
    /// `program`, `function`, `both` or `data`.
    pub what: String,
    /// The block in the document.
    pub block: Block,
    /// What the block takes for granted; empty where it says all itself.
    pub presumes: String,
    /// The block's text with its corrections.
    pub corrected: String,
}

/// The document's blocks in its order, corrected.
///
/// # Errors
///
/// Names each block that is not listed or does not exist, and each correction that no longer applies.
pub fn listed() -> Result<Vec<Listed>, Vec<String>> {
    let read = |name| std::fs::read_to_string(folder().join(name)).map_err(|error| vec![format!("{name}: {error}")]);
    let list: Value = toml::from_str(&read("blocks.toml")?).map_err(|error| vec![format!("blocks.toml: {error}")])?;
    list_blocks(python_blocks(&read("api-gateway-guide.md")?), &list)
}

fn list_blocks(found: Vec<Block>, list: &Value) -> Result<Vec<Listed>, Vec<String>> {
    let entries = list["block"].as_array().map_or(&[][..], Vec::as_slice);
    let (mut listed, mut errors) = (Vec::new(), Vec::new());
    for (place, block) in found.iter().enumerate() {
        match entries.get(place) {
            Some(entry) if entry["heading"] == block.heading && entry["index"] == block.index => {
                match correct(block, entry) {
                    Ok(corrected) => listed.push(Listed {
                        name: text(entry, "name"),
                        what: text(entry, "what"),
                        block: block.clone(),
                        presumes: text(entry, "presumes"),
                        corrected,
                    }),
                    Err(more) => errors.extend(more),
                }
            }
            other => {
                errors.push(format!("«{}» {}: blocks.toml has {other:?} in its place", block.heading, block.index));
            }
        }
    }
    errors.extend(entries.iter().skip(found.len()).map(|entry| format!("the document has no {entry}")));
    if errors.is_empty() { Ok(listed) } else { Err(errors) }
}

fn correct(block: &Block, entry: &Value) -> Result<String, Vec<String>> {
    let mut errors = Vec::new();
    let mut corrected = block.text.clone();
    for correction in entry["correction"].as_array().map_or(&[][..], Vec::as_slice) {
        let (old, new) = (text(correction, "old"), text(correction, "new"));
        if corrected.matches(&old).count() != 1 || text(correction, "reason").is_empty() {
            errors.push(format!("«{}» {}: does not apply once, or has no reason: {old}", block.heading, block.index));
        }
        corrected = corrected.replace(&old, &new);
    }
    if errors.is_empty() { Ok(corrected) } else { Err(errors) }
}

fn text(entry: &Value, key: &str) -> String {
    entry[key].as_str().unwrap_or_default().to_owned()
}

/// Writes each block as `{name}.py`, and what it presumes as `{name}.presumes.py`, for a Ferrogate on this port.
pub fn write_blocks(listed: &[Listed], folder: &Path, port: u16) {
    let ours = format!("http://localhost:{port}");
    for block in listed {
        let text = block.corrected.replace("http://localhost:4566", &ours);
        for (name, text) in
            [(format!("{}.py", block.name), &text), (format!("{}.presumes.py", block.name), &block.presumes)]
        {
            std::fs::write(folder.join(&name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DOCUMENT: &str =
        "# A\n```python\n# no heading\nx = 1\n```\n```js\ny\n```\n## B\n```python\nz\n```\n```python\nx = 1\n```\n";

    fn block(heading: &str, index: usize, text: &str) -> Block {
        Block { heading: heading.to_owned(), index, text: text.to_owned() }
    }

    #[test]
    fn blocks_are_known_by_heading_and_index() {
        let blocks = python_blocks(DOCUMENT);
        assert_eq!(blocks, [block("A", 0, "# no heading\nx = 1\n"), block("B", 0, "z\n"), block("B", 1, "x = 1\n")]);
    }

    #[test]
    fn a_list_that_no_longer_fits_the_document_is_refused() {
        let entry = |heading: &str, index: usize| json!({"name": "n", "heading": heading, "index": index});
        let fitting = json!({"block": [entry("A", 0), entry("B", 0), entry("B", 1)]});
        assert_eq!(list_blocks(python_blocks(DOCUMENT), &fitting).unwrap().len(), 3);
        let short = json!({"block": [entry("A", 0), entry("B", 0)]});
        assert_eq!(list_blocks(python_blocks(DOCUMENT), &short).unwrap_err().len(), 1);
        let long = json!({"block": [entry("A", 0), entry("B", 0), entry("B", 1), entry("C", 0)]});
        assert_eq!(list_blocks(python_blocks(DOCUMENT), &long).unwrap_err().len(), 1);
    }

    #[test]
    fn a_correction_applies_exactly_once_and_has_a_reason() {
        let entry = |old: &str, reason: &str| json!({"correction": [{"old": old, "new": "2", "reason": reason}]});
        let twice = block("A", 0, "x = 1\nx + 1\n");
        assert_eq!(correct(&twice, &entry("x = 1", "why")).unwrap(), "2\nx + 1\n");
        for wrong in [entry("1", "why"), entry("y", "why"), entry("x = 1", "")] {
            assert_eq!(correct(&twice, &wrong).unwrap_err().len(), 1);
        }
    }
}
