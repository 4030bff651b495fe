//! Makes a non-proxy integration's request of the method's, and the method's response of what the endpoint answered. All
//! integrations but AWS_PROXY share it; HTTP_PROXY takes the parameters alone.

use ::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use ferrogate_vtl::{Inputs, Overrides, Template};
use indexmap::IndexMap;
use serde_json::Map;

use super::super::authorize::AuthorizedRequest;
use super::super::error::GatewayError;
use super::super::pipeline::Call;
use super::content::{self, Body};
use super::request_parameters;
use super::request_values::RequestValues;
use crate::compile::rest::{MappingTemplate, Passthrough, RequestMapping};
use crate::proxy::media_type;
use crate::telemetry::ExecutionLog;
use crate::throttle::SentKey;

/// One request on its way through its integration: what its templates may read, and what they have set so far.
pub(super) struct Mapping<'a> {
    pub(super) values: RequestValues<'a>,
    pub(super) overrides: Overrides,
}

/// What the integration is sent.
#[derive(Debug, Default)]
pub(super) struct MappedRequest {
    /// Values for the placeholders of the URI, as they are to stand there: those of the client's path are percent-encoded.
    pub(super) path: IndexMap<String, String>,
    /// Decoded, each with its values.
    pub(super) query: IndexMap<String, Vec<String>>,
    /// The mapped headers and no others; all of them can be sent.
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl<'a> Mapping<'a> {
    pub(super) fn new(
        call: &'a Call<'a>,
        authorized: &'a AuthorizedRequest<'a>,
        api_key: Option<&'a SentKey<'a>>,
    ) -> Self {
        Mapping { values: RequestValues::new(call, authorized, api_key), overrides: Overrides::default() }
    }

    /// The request of a non-proxy integration: parameters, then the body through its template, then what the template
    /// overrides.
    pub(super) fn request(
        &mut self,
        mapping: &RequestMapping,
        log: &mut ExecutionLog,
    ) -> Result<MappedRequest, GatewayError> {
        let mut mapped = request_parameters::map(&self.values, &mapping.parameters, log)?;
        mapped.body = self.body(mapping, log)?;
        request_parameters::override_with(&mut mapped, &self.overrides.request, log)?;
        Ok(mapped)
    }

    /// The request of a proxy integration: the mapped parameters and the client's body as it came. No template is asked.
    pub(super) fn parameters(
        &mut self,
        mapping: &RequestMapping,
        log: &mut ExecutionLog,
    ) -> Result<MappedRequest, GatewayError> {
        let mut mapped = request_parameters::map(&self.values, &mapping.parameters, log)?;
        mapped.body = self.values.call.request.body.clone();
        Ok(mapped)
    }

    fn body(&mut self, mapping: &RequestMapping, log: &mut ExecutionLog) -> Result<Bytes, GatewayError> {
        let request = self.values.call.request;
        let content_type = request.headers.get("content-type");
        let sent = content_type.map(media_type).filter(|sent| !sent.is_empty()).unwrap_or("application/json");
        let template = mapping.templates.for_request(sent);
        let refused = match mapping.passthrough {
            Passthrough::WhenNoMatch => false,
            Passthrough::WhenNoTemplates => template.is_none() && !mapping.templates.is_empty(),
            Passthrough::Never => template.is_none(),
        };
        if refused {
            log.error(|| format!("Execution failed due to an unsupported media type: {sent}"));
            return Err(GatewayError::UnsupportedMediaType);
        }
        let binary = self.values.authorized.route.parsed.stage.binary_media_types.matches(content_type);
        let body = content::of_request(request.body.clone(), binary, mapping.content_handling);
        let body = body.map_err(|content::NotBase64| {
            self.values
                .unusable(log, "Unable to transform request: the body is to be converted to binary and is no base64")
        })?;
        match template.flatten() {
            None => Ok(body.into_bytes()),
            Some(template) => self.transform(template, body, "request", log),
        }
    }

    /// The template's text. A body that is still binary cannot be read by one.
    pub(super) fn transform(
        &mut self,
        template: &MappingTemplate,
        body: Body,
        what: &str,
        log: &mut ExecutionLog,
    ) -> Result<Bytes, GatewayError> {
        let Body::Text(body) = body else {
            return Err(self
                .values
                .unusable(log, &format!("Unable to transform {what}: a template cannot read a binary body")));
        };
        match template {
            MappingTemplate::Static(text) => Ok(text.clone()),
            MappingTemplate::Dynamic(template) => self
                .render(template, &body)
                .map(Bytes::from)
                .map_err(|error| self.values.unusable(log, &format!("Unable to transform {what}: {error}"))),
        }
    }

    fn render(&mut self, template: &Template, body: &Bytes) -> Result<String, ferrogate_vtl::RenderError> {
        let (no_context, no_params) = (Map::new(), ferrogate_vtl::Params::default());
        let inputs = Inputs {
            // It was made text, so nothing is replaced here.
            body: &String::from_utf8_lossy(body),
            params: if template.reads_params() { self.values.params() } else { &no_params },
            context: if template.reads_context() { self.values.context() } else { &no_context },
            stage_variables: self.values.stage_variables(),
        };
        template.render(&inputs, &mut self.overrides)
    }
}

/// A value that may stand in a header. Line ends and other control characters may not, whoever has sent them: they would end
/// the header and begin another.
pub(super) fn header_value(value: &str) -> Option<HeaderValue> {
    // Not `from_str`, which refuses what is not ASCII.
    HeaderValue::from_bytes(value.as_bytes()).ok()
}
