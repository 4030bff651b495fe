//! What is said of broken templates, and where.

use super::*;

/// Loads a template with this in it and gives its errors.
fn errors_of(text: &str) -> Vec<String> {
    Stack::new().errors(text)
}

#[test]
fn references_to_nothing_are_found_all_at_once() {
    let errors = errors_of(
        r"
Transform: AWS::Serverless-2016-10-31
Parameters: { Stage: { Type: String, Default: dev } }
Conditions:
  Never: !Equals [a, b]
Resources:
  UsersTable:
    Type: AWS::Serverless::SimpleTable
  Gone:
    Type: AWS::SQS::Queue
    Condition: Never
  Fn:
    Type: AWS::Serverless::Function
    DependsOn: UserTable
    Properties:
      CodeUri: fn
      Runtime: provided.al2023
      Environment:
        Variables:
          A: !Ref UserTable
          B: !Sub '${Stag}-${AWS::Regio}'
          C: !GetAtt UsersTable.Arm
          D: !Ref Gone
          E: !GetAtt Stage.Arn
          F: !If [Nver, 1, 2]
          G: !FindInMap [M, a, b]
",
    );
    assert_eq!(
        errors,
        [
            "template.yaml:14:16: Fn.DependsOn: there is no resource 'UserTable'; did you mean 'UsersTable'?",
            "template.yaml:20:14: Fn.Environment.Variables.A: there is no parameter or resource 'UserTable'; did you mean 'UsersTable'?",
            "template.yaml:21:14: Fn.Environment.Variables.B: there is no parameter or resource 'Stag'; did you mean 'Stage'?",
            "template.yaml:21:14: Fn.Environment.Variables.B: unknown pseudo parameter 'AWS::Regio'; did you mean 'AWS::Region'?",
            "template.yaml:22:14: Fn.Environment.Variables.C: UsersTable (AWS::Serverless::SimpleTable) has no attribute 'Arm'; did you mean 'Arn'?",
            "template.yaml:23:14: Fn.Environment.Variables.D: 'Gone' is not created, as its condition Never is false",
            "template.yaml:24:14: Fn.Environment.Variables.E: Stage is a parameter and has no attribute 'Arn'",
            "template.yaml:25:19: Fn.Environment.Variables.F: there is no condition 'Nver'; did you mean 'Never'?",
            "template.yaml:26:26: Fn.Environment.Variables.G: Fn::FindInMap: there is no map 'M' in Mappings",
        ]
    );
}

#[test]
fn wrong_arguments_are_named() {
    for (value, expected) in [
        ("!Join [a]", "Fn::Join takes a delimiter and a list: [\",\", [a, b]]"),
        ("!Select [5, [a]]", "Fn::Select: there is no item 5 in a list of 1"),
        ("!Select [x, [a]]", "the index of Fn::Select must be 0 or more, not 'x'"),
        ("!Split [',', [a]]", "the source of Fn::Split must be a string, not a list"),
        ("!Sub [a]", "Fn::Sub takes a string, or a list of a string and a mapping of variables"),
        ("!Sub '${a'", "Fn::Sub: a `${` without its `}`"),
        ("!GetAtt Nothing", "Fn::GetAtt takes a logical id and an attribute: [Table, Arn] or Table.Arn"),
        ("!If [a, b]", "Fn::If takes a condition's name, a value if true and a value if false"),
        ("{ 'Fn::Jion': [] }", "unknown intrinsic function 'Fn::Jion'; did you mean 'Fn::Join'?"),
        ("!Equals [a, b]", "Fn::Equals belongs in the Conditions section; use Fn::If with a condition here"),
        ("!Length [a]", "Fn::Length needs `Transform: AWS::LanguageExtensions` at the top of the template"),
        ("{ 'Fn::Sub': a, other: b }", "Fn::Sub cannot stand beside other keys"),
        ("!Ref [a]", "Ref takes a name"),
    ] {
        let errors =
            errors_of(&format!("Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      Name: {value}\n"));
        assert_eq!(errors.len(), 1, "{value}: {errors:?}");
        assert!(errors[0].starts_with("template.yaml:5:"), "{value}: {errors:?}");
        assert!(
            errors[0].ends_with(&format!(": Q.Name: {expected}"))
                || errors[0].ends_with(&format!(": Q: Name: {expected}")),
            "{value}: {errors:?}"
        );
    }
}

#[test]
fn parameters_are_checked() {
    let template = r"
Parameters:
  Stage: { Type: String, AllowedValues: [dev, prod] }
  Size: { Type: Number, Default: 1, MinValue: 1, MaxValue: 9 }
  Key: { Type: String, Default: abc, AllowedPattern: '[a-z]+', NoEcho: true, ConstraintDescription: letters only }
  Odd: { Type: Strange, Default: x }
Resources: {}
";
    assert_eq!(
        Stack::new().parameter("Size", "12").parameter("Key", "S3CRET").parameter("Stag", "x").errors(template),
        [
            "template.yaml:2:1: --parameter Stag: the template has no such parameter; did you mean 'Stage'?",
            "template.yaml:3:3: the parameter Stage has no value and no default: give --parameter Stage=VALUE",
            "template.yaml:4:3: --parameter Size: '12' breaks MaxValue 9",
            "template.yaml:5:3: --parameter Key: its value does not match [a-z]+ (letters only)",
            "template.yaml:6:3: Parameters.Odd: unknown type 'Strange'",
        ]
    );
    let errors = Stack::new().parameter("Stage", "test").parameter("Size", "many").errors(template);
    assert_eq!(errors[0], "template.yaml:3:3: --parameter Stage: 'test' is not one of dev, prod");
    assert_eq!(errors[1], "template.yaml:4:3: --parameter Size: 'many' is not a number");
}

#[test]
fn circles_are_refused() {
    let errors = errors_of(
        r"
Conditions:
  A: !Not [!Condition B]
  B: !Not [!Condition A]
Resources:
  One: { Type: AWS::SQS::Queue, Properties: { Tags: [!Ref Two] } }
  Two: { Type: AWS::SQS::Queue, DependsOn: Three }
  Three: { Type: AWS::SQS::Queue, Properties: { Tags: [!GetAtt One.Arn] } }
  Self: { Type: AWS::SQS::Queue, Properties: { QueueName: !Sub '${Self}-x' } }
",
    );
    assert_eq!(errors[0], "template.yaml:4:12: Circular dependency: the condition A depends on itself");
    assert!(
        errors.iter().any(|error| error.ends_with("Circular dependency between resources: One -> Two -> Three -> One")),
        "{errors:#?}"
    );
    assert!(errors.iter().any(|error| error.ends_with("Self.QueueName: the name depends on itself")), "{errors:#?}");
}

#[test]
fn the_anatomy_is_checked() {
    for (text, expected) in [
        ("Resource: {}\n", "template.yaml:1:1: 'Resource' is not a section of a template; did you mean 'Resources'?"),
        ("a: 1\n", "template.yaml:1:1: a template needs a `Resources` section"),
        ("- a\n", "template.yaml:1:1: a template is a mapping with a `Resources` section"),
        (
            "Resources:\n  A: { Typ: x }\n",
            "template.yaml:2:8: A: 'Typ' is not an attribute of a resource; did you mean 'Type'?",
        ),
        ("Resources:\n  A: { Properties: {} }\n", "template.yaml:2:3: A: a resource needs a `Type`"),
        ("Resources:\n  A-b: { Type: x }\n", "template.yaml:2:3: 'A-b': a logical id has letters and digits only"),
        (
            "Resources:\n  A: { Type: AWS::Serverless::Function }\n",
            "template.yaml:2:3: A: AWS::Serverless::Function needs `Transform: AWS::Serverless-2016-10-31` at the top of the template",
        ),
        (
            "Transform: AWS::Serverless-2016-10-31\nGlobals: { Functions: {} }\nResources: {}\n",
            "template.yaml:2:12: Globals.Functions: there are no globals of this kind; did you mean 'Function'?",
        ),
        (
            "Metadata: { Ferrogate: { Seed: nowhere.json } }\nResources: {}\n",
            "template.yaml:1:32: Metadata.Ferrogate.Seed: nowhere.json does not exist",
        ),
        ("Resources: {}\nOutputs: { A: {} }\n", "template.yaml:2:12: Outputs.A needs a `Value`"),
        (
            "Resources:\n  A: { Type: AWS::SQS::Queue, Condition: C }\n",
            "template.yaml:2:42: A.Condition: there is no condition 'C'",
        ),
        ("Resources:\n  A:\n    Type: x\n   Properties: {}\n", "template.yaml:4:4: "),
    ] {
        let errors = errors_of(text);
        assert!(errors.iter().any(|error| error.starts_with(expected)), "{text:?}: {errors:#?}");
    }
}

#[test]
fn a_missing_template_is_an_error_too() {
    let error = load(std::path::Path::new("nowhere/template.yaml"), &LoadOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "nowhere/template.yaml:1:1: nowhere/template.yaml does not exist");
}

#[test]
fn two_apis_of_one_id_are_refused() {
    let errors = errors_of(
        "Resources:\n  ChatApi: { Type: AWS::ApiGateway::RestApi, Properties: { Name: a } }\n  \
         Chatapi: { Type: AWS::ApiGateway::RestApi, Properties: { Name: b } }\n",
    );
    assert_eq!(errors, ["template.yaml:3:3: a second API of the name 'chatapi' (first in line 2)"]);
}
