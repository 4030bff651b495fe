//! Where code is, and which functions cannot be run.

use crate::model::{Architecture, FunctionCode};

use super::*;

fn function(properties: &str) -> String {
    format!(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties: {properties}\n"
    )
}

#[test]
fn cargo_packages_name_their_binary() {
    for (manifest, expected) in [
        ("[package]\nname = \"alpha\"\n", "alpha"),
        ("[package]\nname = \"alpha\"\n[[bin]]\nname = \"beta\"\n", "beta"),
        ("[package]\nname = \"alpha\"\n[[bin]]\nname = \"alpha\"\n[[bin]]\nname = \"beta\"\n", "alpha"),
    ] {
        let stack = Stack::new().file("code/Cargo.toml", manifest);
        let folder = stack.path("code");
        let loaded = stack.load(&function("{ CodeUri: ./code, Runtime: provided.al2023 }"));
        let expected = FunctionCode::Cargo { folder, binary: expected.to_owned() };
        assert_eq!(loaded.model.functions["Fn"].code, expected);
    }
    for (manifest, expected) in [
        ("[workspace]\n", "has no [package]"),
        ("[package]\nname = \"a\"\n[[bin]]\nname = \"b\"\n[[bin]]\nname = \"c\"\n", "has several binaries (b, c)"),
        ("nonsense", "code/Cargo.toml: "),
    ] {
        let errors = Stack::new()
            .file("code/Cargo.toml", manifest)
            .errors(&function("{ CodeUri: ./code, Runtime: provided.al2023 }"));
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].starts_with("template.yaml:5:28: Fn.CodeUri: code/Cargo.toml: "), "{errors:?}");
        assert!(errors[0].contains(expected), "{errors:?}");
    }
}

#[test]
fn missing_code_is_an_error_and_code_elsewhere_is_listed() {
    assert_eq!(
        Stack::new().errors(&function("{ CodeUri: nowhere, Runtime: provided.al2023 }")),
        ["template.yaml:5:28: Fn.CodeUri: the folder nowhere does not exist"]
    );
    assert_eq!(
        Stack::new().file("empty/x", "").errors(&function("{ CodeUri: empty, Runtime: provided.al2023 }")),
        ["template.yaml:5:28: Fn.CodeUri: neither a Cargo.toml nor a `bootstrap` in empty"]
    );
    for code in [
        "CodeUri: s3://bucket/key, Runtime: provided.al2023",
        "CodeUri: { Bucket: b, Key: k }, Runtime: provided.al2023",
        "InlineCode: x, Runtime: provided.al2023",
        "ImageUri: x, PackageType: Image",
    ] {
        let loaded = Stack::new().load(&function(&format!("{{ {code} }}")));
        assert!(loaded.model.functions.is_empty(), "{code}");
        assert_eq!(unsupported(&loaded), ["Fn line 3"], "{code}");
    }
}

#[test]
fn other_runtimes_are_kept_and_listed() {
    let loaded = Stack::new().load(&function(
        "{ CodeUri: fn, Runtime: java21, Handler: app.handler, Layers: [arn:x], VpcConfig: {}, Whatever: 1 }",
    ));
    assert_eq!(loaded.model.functions["Fn"].runtime, "java21");
    assert_eq!(unsupported(&loaded), ["Fn Runtime line 5", "Fn Layers line 5", "Fn Whatever line 5"]);
}

#[test]
fn code_for_interpreters_is_a_folder_a_zip_or_in_the_template() {
    let code = |properties: &str| {
        let stack = Stack::new().file("app/index.py", "").file("app/Cargo.toml", "[workspace]").file("app.zip", "");
        let folder = stack.folder.path().to_owned();
        let mut loaded = stack.load(&function(properties));
        assert_eq!(unsupported(&loaded), Vec::<String>::new());
        (folder, loaded.model.functions.swap_remove("Fn").unwrap().code)
    };
    let (folder, found) = code("{ CodeUri: app, Runtime: python3.12, Handler: index.handler }");
    assert_eq!(found, FunctionCode::Folder(folder.join("app")));
    let (folder, found) = code("{ CodeUri: app.zip, Runtime: nodejs22.x, Handler: index.handler }");
    assert_eq!(found, FunctionCode::Zip(folder.join("app.zip")));
    for (runtime, file_name) in [("python3.12", "index.py"), ("nodejs22.x", "index.js")] {
        let expected = FunctionCode::Inline { file_name: file_name.to_owned(), source: "x = 1\n".to_owned() };
        let inline = format!("{{ InlineCode: \"x = 1\\n\", Runtime: {runtime}, Handler: index.handler }}");
        assert_eq!(code(&inline).1, expected);
        let text = format!(
            "Resources:\n  Fn:\n    Type: AWS::Lambda::Function\n    Properties:\n      {{ Code: {{ ZipFile: \"x = 1\\n\" }}, Runtime: {runtime}, Handler: index.handler, Role: r }}\n"
        );
        assert_eq!(Stack::new().load(&text).model.functions["Fn"].code, expected);
    }
    let text = function("{ CodeUri: app, Runtime: nodejs22.x, Handler: index.handler }")
        + "    Metadata: { BuildMethod: esbuild }\n";
    let loaded = Stack::new().file("app/index.ts", "").load(&text);
    assert_eq!(unsupported(&loaded), ["Fn Metadata.BuildMethod line 5"]);
    assert_eq!(
        Stack::new().errors(&function("{ CodeUri: fn.zip, Runtime: python3.12, Handler: index.handler }")),
        ["template.yaml:5:28: Fn.CodeUri: the file fn.zip does not exist"]
    );
}

#[test]
fn values_outside_awss_limits_are_refused() {
    let errors = Stack::new().errors(&function(
        "{ CodeUri: fn, Runtime: provided.al2023, Timeout: 901, MemorySize: lots, Architectures: [riscv], FunctionName: [a] }",
    ));
    assert_eq!(
        errors,
        [
            "template.yaml:5:67: Fn.Timeout must be a whole number from 1 to 900, not '901'",
            "template.yaml:5:84: Fn.MemorySize must be a whole number from 128 to 10240, not 'lots'",
            "template.yaml:5:105: Fn.Architectures must be [x86_64] or [arm64]",
            "template.yaml:5:128: Fn.FunctionName must be a string, not a list",
        ]
    );
}

#[test]
fn defaults_are_awss_own() {
    let loaded = Stack::new().load(&function("{ CodeUri: fn, Runtime: provided.al2023 }"));
    let function = &loaded.model.functions["Fn"];
    assert_eq!((function.timeout, function.memory_size, function.architecture), (3, 128, Architecture::X86_64));
    assert_eq!(function.handler, "bootstrap");
    assert_eq!(function.function_arn, "arn:aws:lambda:us-east-1:000000000000:function:Fn");
    assert!(matches!(function.code, FunctionCode::Folder(_)));
}

#[test]
fn two_functions_of_one_name_are_refused() {
    let text = function("{ CodeUri: fn, Runtime: provided.al2023, FunctionName: Other }")
        + "  Other:\n    Type: AWS::Serverless::Function\n    Properties: { CodeUri: fn, Runtime: provided.al2023 }\n";
    assert_eq!(
        Stack::new().errors(&text),
        ["template.yaml:6:3: a second function of the name 'Other' (first in line 3)"]
    );
}

#[test]
fn function_urls_are_written_in_two_ways() {
    let loaded = Stack::new().load(
        r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Sam:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: x = 1
      Runtime: python3.12
      Handler: index.handler
      FunctionUrlConfig: { AuthType: NONE, Cors: { AllowOrigins: ['https://a.example'], MaxAge: 60 } }
  Plain:
    Type: AWS::Lambda::Function
    Properties: { Code: { ZipFile: x = 1 }, Runtime: python3.12, Handler: index.handler, Role: arn:aws:iam::1:role/r }
  PlainUrl:
    Type: AWS::Lambda::Url
    Properties: { TargetFunctionArn: !GetAtt Plain.Arn, AuthType: AWS_IAM }
Outputs:
  Sam: { Value: !GetAtt SamUrl.FunctionUrl }
  Plain: { Value: !GetAtt PlainUrl.FunctionUrl }
",
    );
    let urls = &loaded.model.function_urls;
    assert_eq!((urls["Sam"].auth_type.as_str(), urls["Plain"].auth_type.as_str()), ("NONE", "AWS_IAM"));
    assert_eq!(urls["Sam"].cors.as_ref().unwrap().allow_origins, ["https://a.example"]);
    for name in ["Sam", "Plain"] {
        let expected = format!("https://{}.lambda-url.us-east-1.on.aws/", urls[name].url_id);
        assert_eq!(output(&loaded, name), expected);
    }
    assert!(unsupported(&loaded).is_empty(), "{:?}", unsupported(&loaded));
}
