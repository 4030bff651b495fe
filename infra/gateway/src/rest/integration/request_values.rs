//! What templates and parameter mappings read of a method's request. Everything is made when it is first asked for: most
//! requests ask for little of it.

use std::borrow::Cow;
use std::sync::OnceLock;

use ferrogate_vtl::Params;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::super::authorize::AuthorizedRequest;
use super::super::error::GatewayError;
use super::super::event;
use super::super::pipeline::Call;
use crate::proxy::{decode_path, original_headers};
use crate::telemetry::ExecutionLog;
use crate::throttle::SentKey;

/// A request, as far as it has been asked about.
pub(super) struct RequestValues<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) authorized: &'a AuthorizedRequest<'a>,
    api_key: Option<&'a SentKey<'a>>,
    context: OnceLock<Map<String, Value>>,
    params: OnceLock<Params>,
    headers: OnceLock<Vec<(String, String)>>,
}

impl<'a> RequestValues<'a> {
    pub(super) fn new(
        call: &'a Call<'a>,
        authorized: &'a AuthorizedRequest<'a>,
        api_key: Option<&'a SentKey<'a>>,
    ) -> Self {
        RequestValues {
            call,
            authorized,
            api_key,
            context: OnceLock::new(),
            params: OnceLock::new(),
            headers: OnceLock::new(),
        }
    }

    /// `$context`, nested as its names are; what has no value is not there, and prints as nothing.
    pub(super) fn context(&self) -> &Map<String, Value> {
        self.context.get_or_init(|| {
            let domain_name = self.call.gateway.domain_name(&self.call.api.api_id);
            let Ok(Value::Object(mut context)) =
                event::context_value(self.call, self.authorized, self.api_key, &domain_name)
            else {
                // A structure of strings and numbers is always an object.
                return Map::new();
            };
            // It names this gateway's own answer to the request, of which there is one: the same id.
            context.insert("awsEndpointRequestId".to_owned(), self.call.extended_request_id.as_str().into());
            without_nulls(&mut context);
            context
        })
    }

    /// The value of `context.{name}`, as text.
    pub(super) fn context_value(&self, name: &str) -> Option<String> {
        text_of(find(self.context(), name)?)
    }

    /// `$input.params()`
    pub(super) fn params(&self) -> &Params {
        self.params.get_or_init(|| {
            let route = &self.authorized.route;
            let path = route.path_parameters.iter();
            let mut params = Params {
                path: path.map(|(name, value)| ((*name).to_owned(), decode_path(value).into_owned())).collect(),
                querystring: IndexMap::new(),
                header: IndexMap::new(),
            };
            for (name, value) in &route.parsed.query.0 {
                params.querystring.insert(name.clone().into_owned(), value.clone().into_owned());
            }
            params.header.extend(self.headers().iter().cloned());
            params
        })
    }

    /// The client's headers as an integration sees them, every field by itself.
    fn headers(&self) -> &[(String, String)] {
        self.headers.get_or_init(|| {
            let domain_name = self.call.gateway.domain_name(&self.call.api.api_id);
            original_headers(self.call.request, &domain_name, &self.call.trace).into_fields()
        })
    }

    /// All values of a header of exactly this spelling, as API Gateway looks them up.
    pub(super) fn header_values<'n>(&'n self, name: &'n str) -> impl DoubleEndedIterator<Item = &'n str> {
        self.headers().iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter of the query string.
    pub(super) fn query_values<'n>(&'n self, name: &'n str) -> impl DoubleEndedIterator<Item = &'n str> {
        self.authorized.route.parsed.query.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| &**value)
    }

    /// A path parameter as it was sent: percent-encoded.
    pub(super) fn path_value(&self, name: &str) -> Option<&str> {
        let found = self.authorized.route.path_parameters.iter().find(|(n, _)| *n == name);
        found.map(|(_, value): &(_, Cow<'_, str>)| &**value)
    }

    /// The gateway's 500 for an integration that cannot work as it is declared; both logs say why.
    pub(super) fn unusable(&self, log: &mut ExecutionLog, reason: &str) -> GatewayError {
        super::failed(&self.authorized.route, reason);
        log.error(|| format!("Execution failed due to configuration error: {reason}"));
        GatewayError::IntegrationFailure
    }

    /// A stage variable.
    pub(super) fn stage_variable(&self, name: &str) -> Option<&str> {
        self.stage_variables().get(name).map(String::as_str)
    }

    /// `$stageVariables`
    pub(super) fn stage_variables(&self) -> &'a IndexMap<String, String> {
        &self.authorized.route.parsed.stage.variables
    }
}

/// Finds `identity.sourceIp`; a claim's name may have dots of its own.
fn find<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    if let Some(value) = map.get(name) {
        return Some(value);
    }
    name.match_indices('.').find_map(|(at, _)| find(map.get(&name[..at])?.as_object()?, &name[at + 1..]))
}

/// A value as parameters hold it: text as it is, anything else as JSON; null and the empty text are no value.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        other => Some(other.to_string()),
    }
}

fn without_nulls(map: &mut Map<String, Value>) {
    map.retain(|_, value| !value.is_null());
    for value in map.values_mut() {
        if let Value::Object(map) = value {
            without_nulls(map);
        }
    }
}
