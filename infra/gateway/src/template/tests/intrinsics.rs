//! Parameters, conditions, mappings and functions, seen through a template's outputs.

use super::*;

const EVERYTHING: &str = r#"
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Metadata: { Ferrogate: { Seed: seed.json } }
Parameters:
  Stage: { Type: String, Default: dev, AllowedValues: [dev, prod] }
  Count: { Type: Number, Default: 3 }
  Zones: { Type: CommaDelimitedList, Default: 'a, b,c' }
Mappings:
  Sizes:
    dev: { memory: 128, tags: [x, y] }
    prod: { memory: 512 }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
  Three: !Equals [!Ref Count, '3']
  Both: !And [!Condition IsDev, !Condition Three]
  Either: !Or [!Condition IsProd, !Equals [!FindInMap [Sizes, !Ref Stage, memory], 128]]
Resources:
  Topic: { Type: AWS::SNS::Topic }
  Only:
    Type: AWS::SQS::Queue
    Condition: IsProd
Outputs:
  Sub: { Value: !Sub ['${Stage}-${!Literal}-${Extra}-${AWS::Region}', { Extra: !Join ['', [x, y]] }] }
  Select: { Value: !Select [1, !Ref Zones] }
  Split: { Value: !Join ['+', !Split ['.', a.b.c]] }
  Length: { Value: !Length [1, 2] }
  Json: { Value: !ToJsonString { a: !Ref Count, b: [1, true] } }
  Map: { Value: !FindInMap [Sizes, !Ref Stage, memory] }
  MapDefault: { Value: { Fn::FindInMap: [Sizes, nowhere, memory, { DefaultValue: 64 }] } }
  Tags: { Value: !Join [',', !FindInMap [Sizes, dev, tags]] }
  If: { Value: !If [Both, yes, no] }
  Either: { Value: !If [Either, it-is, it-is-not] }
  NoValue: { Value: !Join ['', [a, !If [IsProd, b, !Ref AWS::NoValue], c]] }
  Base64: { Value: { Fn::Base64: hello } }
  Zone: { Value: !Select [0, !GetAZs ''] }
  Topic: { Value: !Ref Topic }
  TopicName: { Value: { Fn::GetAtt: [Topic, TopicName] } }
  Pseudo: { Value: !Sub '${AWS::AccountId} ${AWS::Partition} ${AWS::URLSuffix} ${AWS::StackName}' }
  StackId: { Value: !Select [5, !Split [':', !Ref AWS::StackId]] }
  Hidden: { Condition: IsProd, Value: !GetAtt Only.Arn }
"#;

#[test]
fn every_function_gives_what_aws_gives() {
    let loaded = Stack::new().file("seed.json", "{}").load(EVERYTHING);
    for (name, expected) in [
        ("Sub", "dev-${Literal}-xy-us-east-1"),
        ("Select", "b"),
        ("Split", "a+b+c"),
        ("Length", "2"),
        ("Json", r#"{"a":"3","b":[1,true]}"#),
        ("Map", "128"),
        ("MapDefault", "64"),
        ("Tags", "x,y"),
        ("If", "yes"),
        ("Either", "it-is"),
        ("NoValue", "ac"),
        ("Base64", "aGVsbG8="),
        ("Zone", "us-east-1a"),
        ("Topic", "arn:aws:sns:us-east-1:000000000000:stack-Topic"),
        ("TopicName", "stack-Topic"),
        ("Pseudo", "000000000000 aws amazonaws.com stack"),
    ] {
        assert_eq!(output(&loaded, name), expected, "{name}");
    }
    assert!(output(&loaded, "StackId").starts_with("stack/stack/"));
    assert!(!loaded.outputs.iter().any(|output| output.name == "Hidden"));
    assert!(loaded.seed.unwrap().ends_with("seed.json"));
    assert_eq!(loaded.unsupported, [], "a resource whose condition is false is not even listed");
}

#[test]
fn a_given_parameter_wins_and_conditions_follow() {
    let loaded = Stack::new().file("seed.json", "{}").parameter("Stage", "prod").load(EVERYTHING);
    assert_eq!(output(&loaded, "Map"), "512");
    assert_eq!(output(&loaded, "If"), "no");
    assert_eq!(output(&loaded, "Hidden"), "arn:aws:sqs:us-east-1:000000000000:stack-Only");
}

#[test]
fn values_that_only_aws_has_are_left_out_and_listed() {
    let loaded = Stack::new().load(
        r"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Ami: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /ami/latest }
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: fn
      Runtime: provided.al2023
      VpcConfig: { SubnetIds: [!ImportValue subnet] }
      Environment:
        Variables:
          SECRET: '{{resolve:secretsmanager:x}}'
          NET: !Sub ['${n}', { n: !ImportValue net }]
          AMI: !Ref Ami
          PLAIN: 1.10
",
    );
    assert_eq!(
        unsupported(&loaded),
        [
            "Ami line 4",
            "Fn VpcConfig.SubnetIds.0 line 11",
            "Fn Environment.Variables.SECRET line 14",
            "Fn Environment.Variables.NET line 15",
        ]
    );
    let environment = &loaded.model.functions["Fn"].environment;
    assert_eq!(environment.len(), 2);
    assert_eq!((environment["AMI"].as_str(), environment["PLAIN"].as_str()), ("/ami/latest", "1.10"));
}
