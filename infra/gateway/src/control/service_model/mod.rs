//! What each AWS service says of itself: operations, routes, shapes, constraints and errors, read from `models/*.json`.
//!
//! The files are botocore's service models without their prose. Routing, decoding, validation, encoding and the table of
//! coverage are driven by them, so that none of it rests on memory.

mod routes;
mod shapes;

use std::collections::HashMap;
use std::sync::LazyLock;

use indexmap::IndexMap;
use serde::Deserialize;

use self::routes::Routes;
pub(crate) use self::routes::percent_decoded;
pub(crate) use self::shapes::{Location, Member, Shape, ShapeType};

/// A service as its model describes it.
#[derive(Debug)]
pub(crate) struct ServiceModel {
    pub(crate) metadata: Metadata,
    pub(crate) operations: IndexMap<String, Operation>,
    pub(crate) shapes: HashMap<String, Shape>,
    routes: Routes,
}

/// `metadata`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) service_id: String,
    pub(crate) xml_namespace: Option<String>,
}

/// One operation.
#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) http: Http,
    pub(crate) input: Option<Member>,
    pub(crate) output: Option<Member>,
}

/// `http`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Http {
    pub(crate) method: String,
    pub(crate) request_uri: String,
    #[serde(default = "ok")]
    pub(crate) response_code: u16,
}

fn ok() -> u16 {
    200
}

#[derive(Deserialize)]
struct File {
    metadata: Metadata,
    operations: IndexMap<String, Operation>,
    shapes: HashMap<String, Shape>,
}

/// A model that is read when it is first needed.
pub(crate) type Lazy = LazyLock<ServiceModel>;

/// The models, by the names that botocore gives the services.
macro_rules! models {
    ($($constant:ident = $file:literal),* $(,)?) => {
        $(pub(crate) static $constant: Lazy = LazyLock::new(|| {
            ServiceModel::read(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $file, ".json")))
        });)*
    };
}

models! {
    APIGATEWAY = "apigateway",
    APIGATEWAYV2 = "apigatewayv2",
    APIGATEWAYMANAGEMENTAPI = "apigatewaymanagementapi",
    LAMBDA = "lambda",
    IAM = "iam",
    STS = "sts",
    SNS = "sns",
    CLOUDWATCH = "cloudwatch",
    LOGS = "logs",
    COGNITO_IDP = "cognito-idp",
    DYNAMODB = "dynamodb",
    DYNAMODBSTREAMS = "dynamodbstreams",
}

impl ServiceModel {
    fn read(text: &str) -> ServiceModel {
        #[expect(clippy::expect_used, reason = "the files are compiled in, and a test reads each of them")]
        let file: File = serde_json::from_str(text).expect("a service model that `models/update` has written");
        let File { metadata, mut operations, mut shapes } = file;
        for (name, operation) in &mut operations {
            operation.name.clone_from(name);
        }
        for shape in shapes.values_mut() {
            shape.prepare();
        }
        let routes = Routes::new(&operations);
        ServiceModel { metadata, operations, shapes, routes }
    }

    /// The shape that a member refers to.
    pub(crate) fn shape(&self, member: &Member) -> &Shape {
        self.named(&member.shape)
    }

    /// The shape called `name`; an empty one if there is none, which no file has.
    pub(crate) fn named(&self, name: &str) -> &Shape {
        static NONE: LazyLock<Shape> = LazyLock::new(Shape::default);
        self.shapes.get(name).unwrap_or(&NONE)
    }

    /// The operation for a request to a REST service, with the path's labels still percent-encoded.
    pub(crate) fn route<'r>(
        &self,
        method: &str,
        path: &'r str,
        query: &str,
    ) -> Option<(&Operation, Vec<(&str, &'r str)>)> {
        let (name, labels) = self.routes.find(method, path, query)?;
        Some((self.operations.get(name)?, labels))
    }

    /// The HTTP status of the error `code`, if the model knows it.
    pub(crate) fn error_status(&self, code: &str) -> Option<u16> {
        let shape = self.shapes.get(code).or_else(|| {
            self.shapes.values().find(|shape| shape.error.as_ref().is_some_and(|e| e.code.as_deref() == Some(code)))
        })?;
        shape.error.as_ref().and_then(|error| error.http_status_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_reads_and_routes() {
        let all = [
            &APIGATEWAY,
            &APIGATEWAYV2,
            &APIGATEWAYMANAGEMENTAPI,
            &LAMBDA,
            &IAM,
            &STS,
            &SNS,
            &CLOUDWATCH,
            &LOGS,
            &COGNITO_IDP,
            &DYNAMODB,
            &DYNAMODBSTREAMS,
        ];
        for model in all {
            assert!(!model.operations.is_empty(), "{}", model.metadata.service_id);
            for shape in model.shapes.values() {
                let parts = [&shape.member, &shape.key, &shape.value].into_iter().flatten().map(AsRef::as_ref);
                for member in shape.members.values().chain(parts) {
                    assert!(model.shapes.contains_key(&member.shape), "{}", member.shape);
                }
            }
        }
        let (operation, labels) = APIGATEWAY.route("PUT", "/restapis/a/resources/b/methods/GET", "").unwrap();
        assert_eq!(operation.name, "PutMethod");
        assert_eq!(labels, [("restapi_id", "a"), ("resource_id", "b"), ("http_method", "GET")]);
        assert_eq!(APIGATEWAY.route("POST", "/restapis", "").unwrap().0.name, "CreateRestApi");
        assert_eq!(APIGATEWAY.route("POST", "/restapis", "mode=import&x=1").unwrap().0.name, "ImportRestApi");
        assert_eq!(APIGATEWAY.route("PUT", "/restapis/a", "mode=overwrite").unwrap().0.name, "PutRestApi");
        assert_eq!(APIGATEWAY.error_status("NotFoundException"), Some(404));
    }
}
