//! What must hold for every template and every path: the bodies of the fuzz targets in `fuzz/`. The tests run the committed
//! corpus through them too.

use indexmap::IndexMap;

use crate::json_path::JsonPath;
use crate::{Inputs, Limits, Overrides, Params, Template, java_string};

/// A document with every kind of value.
const DOCUMENT: &str = r#"{"a":1,"b":"x/y","c":[1,2.5,{"d":null}],"e":{"f":1.0,"g":1e10,"h":12345678901},"s":"it's","t":true,
"pets":[{"id":1,"type":"dog","price":249.99},{"id":2,"type":"cat"}],"é":"☃","deep":{"deep":{"deep":[[["x"]]]}}}"#;

/// Renders any template within small limits. It never panics, keeps the limit of its output, and comes to the same twice.
pub fn vtl(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let Ok(template) = Template::parse(&source) else { return };
    let mut params = Params::default();
    for (name, value) in [("id", "42"), ("name", "a b&c")] {
        params.path.insert(name.to_owned(), value.to_owned());
        params.header.insert(name.to_owned(), value.to_owned());
    }
    let context = serde_json::json!({"requestId": "r", "identity": {"sourceIp": "10.0.0.1", "apiKey": null}});
    let stage_variables = IndexMap::from([("table".to_owned(), "Pets".to_owned())]);
    let Some(context) = context.as_object() else { return };
    let inputs = Inputs { body: DOCUMENT, params: &params, context, stage_variables: &stage_variables };
    let limits = Limits { output_bytes: 4096, loop_count: 20, depth: 48, steps: 50_000 };
    let run = || {
        let mut overrides = Overrides::default();
        (template.render_within(&inputs, &mut overrides, &limits), overrides)
    };
    let first = run();
    assert_eq!(first, run(), "the second rendering differs");
    if let (Ok(text), _) = &first {
        assert!(text.len() <= limits.output_bytes, "{} bytes", text.len());
    }
    if let (Err(error), overrides) = &first {
        assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty());
        assert_eq!(*overrides, Overrides::default(), "an error has left overrides behind");
    }
}

/// Reads any path. It never panics, comes to the same twice, and `$` is the document itself.
pub fn json_path(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let path = match JsonPath::parse(&source) {
        Ok(path) => path,
        Err(error) => {
            assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty());
            return;
        }
    };
    let Ok(document) = serde_json::from_str::<serde_json::Value>(DOCUMENT) else { return };
    let found = path.read(&document);
    assert_eq!(found, path.read(&document), "the second reading differs");
    if source.trim_end() == "$" {
        assert_eq!(found.as_ref(), Some(&document));
    }
    if let Some(found) = found {
        // Whatever was found prints.
        let _ = java_string(&found);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn what_must_hold_does_for_the_whole_corpus() {
        for (name, target) in [("vtl", super::vtl as fn(&[u8])), ("json_path", super::json_path)] {
            let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
            let seeds: Vec<_> = corpus.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
            assert!(seeds.len() >= 10, "{}", corpus.display());
            for seed in seeds {
                target(&std::fs::read(seed).unwrap());
            }
        }
    }
}
