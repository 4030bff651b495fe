//! API keys, usage plans and throttles, of CloudFormation and of SAM.

use super::*;
use crate::model::{QuotaSettings, ThrottleSettings};

const FUNCTION: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: fn
      Handler: bootstrap
      Runtime: provided.al2023
      Events:
        Get: { Type: Api, Properties: { RestApiId: !Ref Pets, Path: /pets, Method: get } }
        Open: { Type: Api, Properties: { RestApiId: !Ref Pets, Path: /open, Method: get, Auth: { ApiKeyRequired: false } } }
";

#[test]
fn keys_and_plans_are_declared() {
    let loaded = Stack::new().load(&format!(
        "{FUNCTION}
  Pets:
    Type: AWS::Serverless::Api
    Properties:
      StageName: prod
      Auth: {{ ApiKeyRequired: true }}
      MethodSettings:
        - {{ HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 5, ThrottlingBurstLimit: 2 }}
        - {{ HttpMethod: GET, ResourcePath: /pets, ThrottlingRateLimit: 0.5 }}
  Mobile:
    Type: AWS::ApiGateway::ApiKey
    Properties: {{ Enabled: true, Name: mobile, Value: the-value-of-the-mobile-key, Tags: [{{ Key: a, Value: b }}] }}
  Generated:
    Type: AWS::ApiGateway::ApiKey
    Properties: {{ StageKeys: [{{ RestApiId: !Ref Pets, StageName: prod }}] }}
  Free:
    Type: AWS::ApiGateway::UsagePlan
    DependsOn: PetsprodStage
    Properties:
      UsagePlanName: free
      ApiStages:
        - {{ ApiId: !Ref Pets, Stage: !Ref Pets.Stage, Throttle: {{ /pets/GET: {{ BurstLimit: 1, RateLimit: 0.5 }} }} }}
      Throttle: {{ BurstLimit: 2, RateLimit: 1 }}
      Quota: {{ Limit: 100, Period: WEEK, Offset: 6 }}
  FreeMobile:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {{ KeyId: !Ref Mobile, KeyType: API_KEY, UsagePlanId: !GetAtt Free.Id }}
Outputs:
  Key: {{ Value: !Ref Mobile }}
  KeyId: {{ Value: !GetAtt Mobile.APIKeyId }}
  Plan: {{ Value: !Ref Free }}
"
    ));
    assert_eq!(unsupported(&loaded), [""; 0]);
    let model = &loaded.model;
    assert_eq!(["Key", "KeyId", "Plan"].map(|name| output(&loaded, name)), ["mobile", "mobile", "free"]);
    let (mobile, generated) = (&model.api_keys["mobile"], &model.api_keys["generated"]);
    assert_eq!(mobile.value.as_deref(), Some("the-value-of-the-mobile-key"));
    assert!(mobile.enabled && !generated.enabled, "as CloudFormation has it");
    assert_eq!(generated.value.as_ref().map(String::len), Some(40));
    assert_eq!(
        (generated.name.as_deref(), generated.stage_keys.join(" ")),
        (Some("stack-Generated"), "pets/prod".to_owned())
    );
    let plan = &model.usage_plans["free"];
    let throttle = |rate_limit, burst_limit| ThrottleSettings { rate_limit, burst_limit };
    assert_eq!((plan.name.as_str(), plan.throttle.clone()), ("free", Some(throttle(1.0, 2))));
    assert_eq!(plan.quota, Some(QuotaSettings { limit: 100, offset: 6, period: "WEEK".to_owned() }));
    let stage = &plan.api_stages[0];
    assert_eq!((stage.api_id.as_str(), stage.stage.as_str()), ("pets", "prod"));
    assert_eq!(stage.throttle["/pets/GET"], throttle(0.5, 1));
    assert_eq!(model.usage_plan_keys["free/mobile"].value, "the-value-of-the-mobile-key");
    let settings = &model.rest_apis["pets"].stages["prod"].method_settings;
    assert_eq!(settings["*/*"].throttling_burst_limit, Some(2));
    assert_eq!(settings["~1pets/GET"].throttling_rate_limit, Some(0.5));
    let requires = |path: &str| {
        let api = &model.rest_apis["pets"];
        api.resources.iter().find(|resource| resource.path == path).unwrap().methods["GET"].api_key_required
    };
    assert!(requires("/pets") && !requires("/open"));
}

#[test]
fn sam_makes_a_plan_for_an_api_or_one_for_all() {
    let api = |name: &str, create: &str, more: &str| {
        format!(
            "
  {name}:
    Type: AWS::Serverless::Api
    Properties:
      StageName: prod
      Auth: {{ ApiKeyRequired: true, UsagePlan: {{ CreateUsagePlan: {create}{more} }} }}
"
        )
    };
    let quota = ", UsagePlanName: own, Quota: { Limit: 5, Period: DAY }, Throttle: { RateLimit: 2, BurstLimit: 1 }";
    let loaded = Stack::new().load(&format!(
        "{FUNCTION}{}{}{}{}
Outputs:
  Own: {{ Value: !Ref PetsUsagePlan }}
  OwnKey: {{ Value: !Ref Pets.ApiKey }}
  Shared: {{ Value: !Ref ServerlessUsagePlan }}
  SharedKey: {{ Value: !GetAtt ServerlessApiKey.APIKeyId }}
",
        api("Pets", "PER_API", quota),
        api("One", "SHARED", ""),
        api("Two", "SHARED", ""),
        api("Nothing", "NONE", ", Quota: { Limit: 1 }"),
    ));
    assert_eq!(unsupported(&loaded), [""; 0]);
    let outputs = ["Own", "OwnKey", "Shared", "SharedKey"].map(|name| output(&loaded, name).to_owned());
    assert_eq!(outputs, ["petsusageplan", "petsapikey", "serverlessusageplan", "serverlessapikey"]);
    let model = &loaded.model;
    let own = &model.usage_plans["petsusageplan"];
    assert_eq!((own.name.as_str(), own.quota.as_ref().unwrap().limit, own.api_stages.len()), ("own", 5, 1));
    let shared: Vec<_> =
        model.usage_plans["serverlessusageplan"].api_stages.iter().map(|s| s.api_id.as_str()).collect();
    assert_eq!(shared, ["one", "two"]);
    let members: Vec<_> = model.usage_plan_keys.keys().map(String::as_str).collect();
    assert_eq!(members, ["petsusageplan/petsapikey", "serverlessusageplan/serverlessapikey"]);
    assert!(
        model.api_keys.values().all(|key| key.enabled && key.value.as_ref().is_some_and(|value| value.len() == 40))
    );
}

#[test]
fn what_aws_would_refuse_is_refused_in_its_place() {
    let errors = Stack::new().errors(
        "
Resources:
  Short: { Type: AWS::ApiGateway::ApiKey, Properties: { Value: short } }
  First: { Type: AWS::ApiGateway::ApiKey, Properties: { Value: aaaaaaaaaaaaaaaaaaaaaaaa } }
  Second: { Type: AWS::ApiGateway::ApiKey, Properties: { Value: aaaaaaaaaaaaaaaaaaaaaaaa } }
  Api: { Type: AWS::ApiGateway::RestApi, Properties: { Name: api } }
  Http: { Type: AWS::ApiGatewayV2::Api, Properties: { Name: http, ProtocolType: HTTP } }
  Day: { Type: AWS::ApiGateway::UsagePlan, Properties: { Quota: { Limit: 1, Period: DAY, Offset: 1 } } }
  Year: { Type: AWS::ApiGateway::UsagePlan, Properties: { Quota: { Limit: -1, Period: YEAR } } }
  NoStage: { Type: AWS::ApiGateway::UsagePlan, Properties: { ApiStages: [{ ApiId: !Ref Api, Stage: prod }] } }
  OfHttp: { Type: AWS::ApiGateway::UsagePlan, Properties: { ApiStages: [{ ApiId: !Ref Http, Stage: prod }] } }
  NoKey: { Type: AWS::ApiGateway::UsagePlanKey, Properties: { KeyId: gone, KeyType: API_KEY, UsagePlanId: !Ref Day } }
  NoPlan: { Type: AWS::ApiGateway::UsagePlanKey, Properties: { KeyId: !Ref First, KeyType: API_KEY, UsagePlanId: gone } }
",
    );
    for expected in [
        "Short.Value must have 20 to 128 characters",
        "Second.Value is that of the API key 'first' too",
        "Day.Quota.Offset must be a number from 0 to 0, not '1'",
        "Year.Quota.Period must be one of DAY, WEEK, MONTH, not 'YEAR'",
        "Year.Quota.Limit must be a number",
        "NoStage.ApiStages.0.Stage is 'prod', which is no stage of the API 'api'",
        "OfHttp.ApiStages.0.ApiId is an HTTP API, and those have no usage plans",
        "NoKey.KeyId is 'gone', which is no API key of this template",
        "NoPlan.UsagePlanId is 'gone', which is no usage plan of this template",
    ] {
        assert!(errors.iter().any(|error| error.contains(expected)), "{expected}\n{}", errors.join("\n"));
    }
    assert_eq!(errors.len(), 9, "{}", errors.join("\n"));
}

#[test]
fn a_key_has_one_plan_for_a_stage() {
    let text = format!(
        "{FUNCTION}
  Pets: {{ Type: AWS::Serverless::Api, Properties: {{ StageName: prod }} }}
  Key: {{ Type: AWS::ApiGateway::ApiKey, Properties: {{ Enabled: true }} }}
  One: {{ Type: AWS::ApiGateway::UsagePlan, Properties: {{ ApiStages: [{{ ApiId: !Ref Pets, Stage: prod }}] }} }}
  Two: {{ Type: AWS::ApiGateway::UsagePlan, Properties: {{ ApiStages: [{{ ApiId: !Ref Pets, Stage: prod }}] }} }}
  InOne: {{ Type: AWS::ApiGateway::UsagePlanKey, Properties: {{ KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref One }} }}
  InTwo: {{ Type: AWS::ApiGateway::UsagePlanKey, Properties: {{ KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Two }} }}
"
    );
    let errors = Stack::new().errors(&text);
    let expected =
        "InTwo.KeyId is 'key', which has the usage plan 'one' for the stage pets:prod: a key has one at most";
    assert!(errors.len() == 1 && errors[0].contains(expected), "{errors:?}");
}
