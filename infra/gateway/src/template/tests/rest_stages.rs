//! Stages of REST APIs: caches, canaries, variables.

use super::*;

#[test]
fn caches_and_canaries_of_both_kinds_of_template() {
    let loaded = Stack::new().load(
        r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Variables: { alias: live }
      CacheClusterEnabled: true
      CacheClusterSize: 1.6
      CanarySetting: { PercentTraffic: 12.5, StageVariableOverrides: { alias: next }, UseStageCache: true }
      MethodSettings:
        - { ResourcePath: '/*', HttpMethod: '*', CachingEnabled: true, CacheTtlInSeconds: 60 }
        - { ResourcePath: '/users/{id}', HttpMethod: GET, CachingEnabled: false }
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: fn
      Runtime: provided.al2023
      Events: { Get: { Type: Api, Properties: { Path: '/users/{id}', Method: GET, RestApiId: !Ref Api } } }
  Plain: { Type: AWS::ApiGateway::RestApi, Properties: { Name: plain, DisableExecuteApiEndpoint: true } }
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      { RestApiId: !Ref Plain, ResourceId: !GetAtt Plain.RootResourceId, HttpMethod: GET, AuthorizationType: NONE, Integration: { Type: MOCK } }
  Base: { Type: AWS::ApiGateway::Deployment, Properties: { RestApiId: !Ref Plain } }
  Next:
    Type: AWS::ApiGateway::Deployment
    Properties:
      RestApiId: !Ref Plain
      StageName: live
      DeploymentCanarySettings: { PercentTraffic: 5, StageVariableOverrides: { v: '2' } }
  Live: { Type: AWS::ApiGateway::Stage, Properties: { RestApiId: !Ref Plain, DeploymentId: !Ref Base, StageName: live } }
",
    );
    assert_eq!(unsupported(&loaded), [""; 0]);
    let stage = &loaded.model.rest_apis["api"].stages["v1"];
    let canary = stage.canary_settings.as_ref().unwrap();
    assert_eq!(canary.deployment_id.as_ref(), Some(&stage.deployment_id), "the stage's own, with other variables");
    assert_eq!((canary.percent_traffic, canary.use_stage_cache), (12.5, true));
    assert_eq!(canary.stage_variable_overrides["alias"], "next");
    assert_eq!((stage.cache_cluster_enabled, stage.cache_cluster_size.as_deref()), (true, Some("1.6")));
    let keys: Vec<_> = stage.method_settings.keys().collect();
    assert_eq!(keys, ["*/*", "~1users~1{id}/GET"]);
    assert_eq!(stage.method_settings["*/*"].cache_ttl_in_seconds, 60);

    let api = &loaded.model.rest_apis["plain"];
    assert!(api.disable_execute_api_endpoint);
    let canary = api.stages["live"].canary_settings.as_ref().unwrap();
    assert_eq!((api.stages["live"].deployment_id.as_str(), canary.deployment_id.as_deref()), ("base", Some("next")));
    assert_eq!(canary.percent_traffic, 5.0);
}

#[test]
fn what_a_stage_cannot_have_is_told_in_its_place() {
    let errors = Stack::new().errors(
        r"
Resources:
  Api: { Type: AWS::ApiGateway::RestApi, Properties: { Name: plain } }
  Base: { Type: AWS::ApiGateway::Deployment, Properties: { RestApiId: !Ref Api } }
  Next: { Type: AWS::ApiGateway::Deployment, Properties: { RestApiId: !Ref Api, StageName: none, DeploymentCanarySettings: { PercentTraffic: 5 } } }
  Nameless: { Type: AWS::ApiGateway::Deployment, Properties: { RestApiId: !Ref Api, DeploymentCanarySettings: {} } }
  Live:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref Base
      StageName: live
      CacheClusterSize: 2
      Variables: { 'a-b': x, alias: $LATEST }
      CanarySetting: { PercentTraffic: 101 }
",
    );
    let text = errors.join("\n");
    for expected in [
        "Stage none must already be created before making a canary release deployment",
        "DeploymentCanarySettings needs a StageName",
        "CacheClusterSize is '2', which is no size of a cache: one of 0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237 (GB)",
        "Invalid stage variable name: a-b.  Please use names with only word characters.",
        "Invalid stage variable value: $LATEST.  Please use values with alphanumeric characters",
        "PercentTraffic",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert_eq!(errors.len(), 6, "{text}");
}
