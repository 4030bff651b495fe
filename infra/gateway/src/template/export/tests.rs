//! Templates that are written and read again.

use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::*;
use crate::model::{Api, ApiKey, FunctionCode, PlanStage, RestApi, Role, UsagePlan, UsagePlanKey};
use crate::template::{LoadOptions, Loaded, load};

fn options(format: Format, folder: &Path) -> ExportOptions {
    ExportOptions {
        format,
        region: "us-east-1".to_owned(),
        account_id: "000000000000".to_owned(),
        folder: Some(folder.to_owned()),
    }
}

/// Writes what was exported, and reads it.
fn written(exported: &Exported, folder: &Path) -> Loaded {
    for (path, content) in &exported.files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let path = folder.join("template.yaml");
    fs::write(&path, &exported.template).unwrap();
    match load(&path, &LoadOptions::default()) {
        Ok(loaded) => loaded,
        Err(errors) => panic!("{errors}\n{}", exported.template),
    }
}

/// What a model is apart from ids: names and paths stand in their places.
fn described(model: &Model) -> Value {
    let functions: Vec<Value> = model
        .functions
        .values()
        .map(|function| {
            let code = match &function.code {
                FunctionCode::Cargo { folder: at, binary } => json!([fs::canonicalize(at).unwrap(), binary]),
                FunctionCode::Inline { source, .. } => json!(source),
                FunctionCode::Folder(at) | FunctionCode::Package(at) => json!(contents(at)),
                FunctionCode::Zip(at) => json!(fs::read(at).unwrap().len()),
            };
            json!({
                "name": function.function_name, "arn": function.function_arn, "runtime": function.runtime,
                "handler": function.handler, "memory": function.memory_size, "timeout": function.timeout,
                "environment": function.environment, "architecture": format!("{:?}", function.architecture),
                "reserved": function.reserved_concurrent_executions, "code": code,
                "url": model.function_urls.get(&function.function_name).map(|url| json!([url.auth_type, url.cors])),
            })
        })
        .collect();
    let tables: Vec<Value> = model
        .tables
        .values()
        .map(|table| json!([table.table_name, table.create_table, table.time_to_live_attribute]))
        .collect();
    let mappings: Vec<Value> = model
        .event_source_mappings
        .values()
        .map(|mapping| {
            let mut mapping = serde_json::to_value(mapping).unwrap();
            mapping["UUID"] = Value::Null;
            mapping
        })
        .collect();
    let mut rest: Vec<Value> = model.rest_apis.values().map(rest_api).collect();
    rest.sort_by_key(|api| api["name"].to_string());
    let mut apis: Vec<Value> = model.apis.values().map(api).collect();
    apis.sort_by_key(|api| api["Name"].to_string());
    let subscriptions: Vec<Value> = model
        .subscriptions
        .values()
        .map(|held| json!([held.topic_arn, held.protocol, held.endpoint, held.attributes]))
        .collect();
    json!({
        "functions": functions, "tables": tables, "mappings": mappings, "rest": rest, "apis": apis,
        "topics": serde_json::to_value(&model.topics).unwrap(), "subscriptions": subscriptions,
        "alarms": serde_json::to_value(&model.alarms).unwrap(),
    })
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    files::read(&mut found, "f", folder, Path::new("")).unwrap();
    found
}

/// By path and name instead of by id; without what CloudFormation cannot say.
fn rest_api(api: &RestApi) -> Value {
    let mut api = api.clone();
    let replaced = |id: &mut Option<String>, name: Option<String>| {
        if id.is_some() {
            *id = name;
        }
    };
    let authorizers: IndexMap<String, String> =
        api.authorizers.values().map(|authorizer| (authorizer.id.clone(), authorizer.name.clone())).collect();
    let validators: IndexMap<String, Option<String>> =
        api.request_validators.values().map(|validator| (validator.id.clone(), validator.name.clone())).collect();
    for resource in &mut api.resources {
        let id = std::mem::take(&mut resource.id);
        for method in resource.methods.values_mut() {
            let name = method.authorizer_id.as_ref().and_then(|id| authorizers.get(id).cloned());
            replaced(&mut method.authorizer_id, name);
            let name = method.request_validator_id.as_ref().and_then(|id| validators.get(id).cloned().flatten());
            replaced(&mut method.request_validator_id, name);
            if let Some(integration) = &mut method.integration
                && integration.cache_namespace.as_deref() == Some(&id)
            {
                integration.cache_namespace = None;
            }
        }
        resource.methods.sort_keys();
        resource.parent_id = None;
    }
    api.resources.sort_by(|a, b| a.path.cmp(&b.path));
    let mut text = serde_json::to_string(&api).unwrap();
    text = text.replace(&format!("restapis/{}/", api.id), "restapis/self/").replace("ErrorModel", "Error");
    let mut api: RestApi = serde_json::from_str(&text).unwrap();
    let policy = api.policy.as_deref().map(|policy| serde_json::from_str::<Value>(policy).unwrap());
    let schemas: Vec<Value> = api
        .models
        .values()
        .map(|model| {
            let schema: Value = serde_json::from_str(model.schema.as_deref().unwrap()).unwrap();
            json!([model.name, model.description, model.content_type, schema])
        })
        .collect();
    let mut authorizers: Vec<Value> = Vec::new();
    for authorizer in api.authorizers.values_mut() {
        authorizer.id = String::new();
        authorizers.push(serde_json::to_value(&*authorizer).unwrap());
    }
    let validators: Vec<Value> = api
        .request_validators
        .values()
        .map(|validator| {
            json!([validator.name, validator.validate_request_body, validator.validate_request_parameters])
        })
        .collect();
    let parts: Vec<Value> = api
        .documentation_parts
        .values()
        .map(|part| json!([serde_json::to_value(&part.location).unwrap(), part.properties]))
        .collect();
    for stage in api.stages.values_mut() {
        stage.deployment_id = String::new();
        if let Some(canary) = &mut stage.canary_settings {
            canary.deployment_id = canary.deployment_id.as_ref().map(|_| String::new());
        }
    }
    json!({
        "name": api.name, "description": api.description, "media": api.binary_media_types,
        "compression": api.minimum_compression_size, "keys": api.api_key_source,
        "endpoint": serde_json::to_value(&api.endpoint_configuration).unwrap(), "policy": policy, "tags": api.tags,
        "disabled": api.disable_execute_api_endpoint, "resources": serde_json::to_value(&api.resources).unwrap(),
        "authorizers": authorizers, "validators": validators, "models": schemas, "parts": parts,
        "versions": api.documentation_versions.keys().collect::<Vec<_>>(),
        "responses": serde_json::to_value(&api.gateway_responses).unwrap(),
        "stages": serde_json::to_value(&api.stages).unwrap(),
    })
}

fn api(api: &Api) -> Value {
    let mut value = serde_json::to_value(api).unwrap();
    let authorizers = |id: &str| api.authorizers.get(id).map(|authorizer| authorizer.name.clone());
    let mut routes: Vec<Value> = Vec::new();
    for route in api.routes.values() {
        let mut body = serde_json::to_value(route).unwrap();
        let integration = route.integration_id.as_ref().and_then(|id| api.integrations.get(id));
        let mut integration = serde_json::to_value(integration).unwrap();
        if let Value::Object(members) = &mut integration {
            members.remove("IntegrationId");
            members.remove("ApiGatewayManaged");
            let responses = members.remove("IntegrationResponses").unwrap_or_default();
            let responses: Vec<Value> = responses.as_object().into_iter().flatten().map(|(_, r)| r.clone()).collect();
            members.insert("Responses".to_owned(), without(responses, &["IntegrationResponseId"]));
        }
        let responses: Vec<Value> =
            route.route_responses.values().map(|response| serde_json::to_value(response).unwrap()).collect();
        body["Integration"] = integration;
        body["IntegrationId"] = Value::Null;
        body["RouteId"] = Value::Null;
        body["ApiGatewayManaged"] = Value::Null;
        body["RouteResponses"] = without(responses, &["RouteResponseId"]);
        body["AuthorizerId"] = json!(route.authorizer_id.as_deref().and_then(authorizers));
        routes.push(body);
    }
    routes.sort_by_key(|route| route["RouteKey"].to_string());
    value["Routes"] = json!(routes);
    let list = |value: &Value| value.as_object().into_iter().flatten().map(|(_, v)| v.clone()).collect::<Vec<_>>();
    value["Authorizers"] = without(list(&value["Authorizers"]), &["AuthorizerId"]);
    value["Models"] = without(list(&value["Models"]), &["ModelId"]);
    value["Stages"] = without(list(&value["Stages"]), &["DeploymentId", "ApiGatewayManaged"]);
    for key in ["Integrations", "ApiId", "LogicalId", "ImportInfo"] {
        value[key] = Value::Null;
    }
    value
}

fn without(list: Vec<Value>, keys: &[&str]) -> Value {
    list.into_iter()
        .map(|mut value| {
            if let Value::Object(members) = &mut value {
                keys.iter().for_each(|key| drop(members.remove(*key)));
            }
            value
        })
        .collect()
}

/// What differs between two documents, by path.
fn differences(path: &str, a: &Value, b: &Value, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            for key in x.keys().chain(y.keys().filter(|key| !x.contains_key(*key))) {
                differences(
                    &format!("{path}/{key}"),
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                    found,
                );
            }
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            for (index, (x, y)) in x.iter().zip(y).enumerate() {
                differences(&format!("{path}/{index}"), x, y, found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{path}: {a} -> {b}")),
    }
}

/// Exports, loads and compares, in both formats.
fn round_trip(model: &Model) -> Exported {
    let mut last = Exported::default();
    for format in [Format::Sam, Format::CloudFormation] {
        let folder = tempfile::tempdir().unwrap();
        let exported = export(model, &options(format, folder.path())).unwrap();
        let again = written(&exported, folder.path());
        let mut found = Vec::new();
        differences("", &described(model), &described(&again.model), &mut found);
        assert!(found.is_empty(), "{format:?}:\n{}\n{}", found.join("\n"), exported.template);
        // The second time nothing is added.
        let twice = export(&again.model, &options(format, folder.path())).unwrap();
        let resources = |exported: &Exported| exported.template.matches("\n    Type: AWS::").count();
        assert_eq!(resources(&twice), resources(&exported));
        last = exported;
    }
    last
}

#[test]
fn this_repositorys_stack_is_the_same_after_an_export() {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let loaded = load(&template, &LoadOptions::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let exported = export(&loaded.model, &options(Format::Sam, folder.path())).unwrap();
    assert!(exported.files.is_empty(), "packages stay where they are built");
    for expected in [
        "  UsersTable:\n    Type: AWS::DynamoDB::Table",
        "!GetAtt MessagesTable.StreamArn",
        "BuildMethod: rust-cargolambda",
        "DependsOn:",
    ] {
        let stream = expected.contains("StreamArn") && loaded.model.event_source_mappings.is_empty();
        assert!(stream || exported.template.contains(expected), "{expected}\n{}", exported.template);
    }
    round_trip(&loaded.model);
}

#[test]
fn everything_that_a_template_can_say_survives() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("fn/lib")).unwrap();
    fs::write(folder.path().join("fn/app.py"), "def handler(event, context): return event").unwrap();
    fs::write(folder.path().join("fn/lib/x.py"), "").unwrap();
    let path = folder.path().join("all.yaml");
    fs::write(&path, include_str!("tests/all.yaml")).unwrap();
    let loaded = load(&path, &LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let rest = &loaded.model.rest_apis["shop"];
    let post = &rest.resources.iter().find(|resource| resource.path == "/pets").unwrap().methods["POST"];
    let written = serde_json::to_value(post).unwrap();
    // What is read at all is asserted once, so that the round trip is one of something.
    for member in [
        "requestParameters",
        "requestModels",
        "requestValidatorId",
        "methodResponses",
        "authorizationScopes",
        "operationName",
    ] {
        assert!(!written[member].is_null(), "{member}: {written}");
    }
    for member in [
        "requestTemplates",
        "requestParameters",
        "integrationResponses",
        "passthroughBehavior",
        "contentHandling",
        "cacheKeyParameters",
        "cacheNamespace",
        "credentials",
        "connectionId",
    ] {
        assert!(!written["methodIntegration"][member].is_null(), "{member}: {written}");
    }
    let stage = &rest.stages["live"];
    assert_eq!(stage.method_settings.keys().collect::<Vec<_>>(), ["*/*", "~1pets/POST"]);
    assert!(stage.tracing_enabled && stage.canary_settings.is_some() && stage.access_log_settings.is_some());
    let unsupported: Vec<String> = loaded
        .unsupported
        .iter()
        .map(|item| format!("{} {}", item.resource, item.property.as_deref().unwrap_or_default()))
        .collect();
    let expected = [
        "Shop Policy",
        "Shop DisableExecuteApiEndpoint",
        "PetsPost RequestValidatorId",
        "Live CacheClusterEnabled",
        "Live CanarySetting",
        "Live MethodSettings",
    ];
    for expected in expected {
        assert!(unsupported.iter().any(|item| item == expected), "{expected}: {unsupported:?}");
    }
    let throttled = loaded.model.apis["edge"].stages["$default"].default_route_settings.as_ref();
    assert_eq!(throttled.and_then(|settings| settings.throttling_rate_limit), Some(1.5));
    round_trip(&loaded.model);
}

#[test]
fn sams_counterparts_are_the_same_after_an_export() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sam.yaml");
    fs::write(&path, include_str!("tests/sam.yaml")).unwrap();
    let loaded = load(&path, &LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let api = &loaded.model.rest_apis["api"];
    let options = &api.resources.iter().find(|resource| resource.path == "/pets").unwrap().methods["OPTIONS"];
    let headers =
        options.integration.as_ref().unwrap().integration_responses["200"].response_parameters.clone().unwrap();
    assert_eq!(headers["method.response.header.Access-Control-Allow-Methods"], "'GET,OPTIONS,POST'");
    assert_eq!(headers["method.response.header.Access-Control-Allow-Origin"], "'https://example.com'");
    assert_eq!(api.gateway_responses["DEFAULT_4XX"].response_parameters["gatewayresponse.header.X-A"], "'b'");
    assert!(api.models.contains_key("Pet"));
    assert_eq!(api.tags.len() + api.stages["v1"].tags.len(), 1);
    round_trip(&loaded.model);
}

#[test]
fn keys_plans_and_roles_are_written_and_secrets_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sam.yaml");
    fs::write(&path, include_str!("tests/sam.yaml")).unwrap();
    let mut model = load(&path, &LoadOptions::default()).unwrap().model;
    let key = ApiKey {
        id: "k1".to_owned(),
        name: Some("mobile".to_owned()),
        value: Some("the-secret-value-of-it".to_owned()),
        enabled: true,
        ..ApiKey::default()
    };
    model.api_keys.insert("k1".to_owned(), key);
    let stage = PlanStage { api_id: "api".to_owned(), stage: "v1".to_owned(), ..PlanStage::default() };
    let plan =
        UsagePlan { id: "p1".to_owned(), name: "basic".to_owned(), api_stages: vec![stage], ..UsagePlan::default() };
    model.usage_plans.insert("p1".to_owned(), plan);
    model.usage_plan_keys.insert("p1/k1".to_owned(), UsagePlanKey::default());
    let role = Role {
        path: "/".to_owned(),
        role_name: "runner".to_owned(),
        assume_role_policy_document: r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
        max_session_duration: 3600,
        ..Role::default()
    };
    model.roles.insert("runner".to_owned(), role);
    let exported = export(&model, &options(Format::Sam, folder.path())).unwrap();
    let text = &exported.template;
    assert!(!text.contains("the-secret-value-of-it"), "{text}");
    for expected in [
        "Type: AWS::ApiGateway::UsagePlan\n",
        "      ApiStages:\n        - ApiId: !Ref Api\n          Stage: !Ref ApiV1Stage\n",
        "      KeyId: !Ref Mobile\n      KeyType: API_KEY\n      UsagePlanId: !Ref Basic\n",
        "  Runner:\n    Type: AWS::IAM::Role\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    written(&exported, folder.path());
}

#[test]
fn what_cannot_be_written_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = export(&Model::default(), &options(Format::Sam, folder.path())).unwrap();
    assert!(nothing.template.contains("AWS::CloudFormation::WaitConditionHandle"));
    written(&nothing, folder.path());
}
