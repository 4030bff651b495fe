//! Mapping templates by content type, parsed at deployment: a request parses none.

use bytes::Bytes;
use ferrogate_vtl::Template;
use indexmap::IndexMap;

/// A template, ready to render.
#[derive(Debug)]
pub(crate) enum MappingTemplate {
    /// Text without references and directives: it is its own rendering.
    Static(Bytes),
    /// Everything else.
    Dynamic(Box<Template>),
}

impl MappingTemplate {
    fn new(source: &str) -> Result<MappingTemplate, String> {
        // Parsed in any case: the bound on a template's size is the parser's.
        let template = Template::parse(source).map_err(|error| error.to_string())?;
        // Only these two characters begin anything in Velocity.
        Ok(match source.contains(['$', '#']) {
            true => MappingTemplate::Dynamic(Box::new(template)),
            false => MappingTemplate::Static(Bytes::copy_from_slice(source.as_bytes())),
        })
    }
}

/// The templates of one direction.
#[derive(Debug, Default)]
pub(crate) struct Templates(Vec<(String, Option<MappingTemplate>)>);

impl Templates {
    /// Parses all of them. Err names the template and the place in it.
    pub(super) fn new(what: &str, declared: Option<&IndexMap<String, Option<String>>>) -> Result<Templates, String> {
        let each = |(content_type, source): (&String, &Option<String>)| {
            let source = source.as_deref().filter(|source| !source.is_empty());
            let template = source.map(MappingTemplate::new).transpose();
            let template = template.map_err(|error| format!("{what} for {content_type}: {error}"))?;
            Ok((content_type.clone(), template))
        };
        declared.into_iter().flatten().map(each).collect::<Result<_, String>>().map(Templates)
    }

    /// Whether there is none for any content type.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The template for exactly this content type. `Some(None)` is an empty one: the body stays as it is.
    pub(crate) fn of(&self, content_type: &str) -> Option<Option<&MappingTemplate>> {
        let (_, template) = self.0.iter().find(|(of, _)| of.eq_ignore_ascii_case(content_type))?;
        Some(template.as_ref())
    }

    /// For a request of this media type: its own, or the catch-all.
    pub(crate) fn for_request(&self, media_type: &str) -> Option<Option<&MappingTemplate>> {
        self.of(media_type).or_else(|| self.of("$default"))
    }

    /// For a response to a client with this `Accept` header: its own, or JSON's, or whatever was declared first.
    pub(crate) fn for_response(&self, accept: Option<&str>) -> Option<&MappingTemplate> {
        let found = accept.and_then(|accept| self.of(accept)).or_else(|| self.of("application/json"));
        found.unwrap_or_else(|| self.0.first().and_then(|(_, template)| template.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(declared: &[(&str, Option<&str>)]) -> Templates {
        let declared = declared.iter().map(|(of, source)| ((*of).to_owned(), source.map(str::to_owned))).collect();
        Templates::new("requestTemplates", Some(&declared)).unwrap()
    }

    fn text(template: Option<&MappingTemplate>) -> &str {
        match template {
            Some(MappingTemplate::Static(text)) => std::str::from_utf8(text).unwrap(),
            Some(MappingTemplate::Dynamic(_)) => "dynamic",
            None => "none",
        }
    }

    #[test]
    fn a_request_gets_its_own_template_or_the_catch_all() {
        let some = templates(&[("application/json", Some("j")), ("text/xml", Some("$x")), ("text/html", None)]);
        for (sent, expected) in
            [("application/json", Some("j")), ("Text/XML", Some("dynamic")), ("text/html", Some("none")), ("a/b", None)]
        {
            assert_eq!(some.for_request(sent).map(text), expected, "{sent}");
        }
        let caught = templates(&[("$default", Some("d")), ("text/html", Some(""))]);
        assert_eq!(caught.for_request("a/b").map(text), Some("d"));
        assert_eq!(caught.for_request("text/html").map(text), Some("none"));
    }

    #[test]
    fn a_response_gets_what_is_accepted_or_json_or_the_first() {
        let with_json = templates(&[("text/xml", Some("x")), ("application/json", Some("j"))]);
        let without = templates(&[("text/xml", Some("x")), ("text/html", Some("h"))]);
        for (accept, json, other) in [
            (Some("text/xml"), "x", "x"),
            (Some("text/html"), "j", "h"),
            (Some("text/xml;q=1"), "j", "x"),
            (Some("*/*"), "j", "x"),
            (None, "j", "x"),
        ] {
            assert_eq!(text(with_json.for_response(accept)), json, "{accept:?}");
            assert_eq!(text(without.for_response(accept)), other, "{accept:?}");
        }
        assert_eq!(text(templates(&[]).for_response(None)), "none");
    }
}
