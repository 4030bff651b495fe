//! Functions and their versions.

use super::*;

#[tokio::test]
async fn a_function_is_made_read_run_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    let (status, created) = call(&control, "POST", FUNCTIONS, create_input("f")).await;
    assert_eq!(status, 201);
    let zip = STANDARD.decode(package("1")).unwrap();
    let sha256 = STANDARD
        .encode(sha2::Digest::finalize(sha2::Digest::chain_update(<sha2::Sha256 as sha2::Digest>::new(), &zip)));
    let expected = json!({
        "FunctionName": "f", "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "Runtime": "provided.al2023", "Role": ROLE, "Handler": "bootstrap", "CodeSize": zip.len(), "Description": "",
        "Timeout": 3, "MemorySize": 128, "LastModified": created["LastModified"], "CodeSha256": sha256,
        "Version": "$LATEST", "Environment": { "Variables": { "VERSION": "one" } },
        "TracingConfig": { "Mode": "PassThrough" }, "RevisionId": created["RevisionId"], "State": "Pending",
        "StateReason": "The function is being created.", "StateReasonCode": "Creating", "PackageType": "Zip",
        "Architectures": ["x86_64"], "EphemeralStorage": { "Size": 512 },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "RuntimeVersionConfig": created["RuntimeVersionConfig"],
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": "/aws/lambda/f" },
    });
    assert_eq!(created, expected);
    assert!(created["LastModified"].as_str().unwrap().ends_with("+0000"));

    let got = ok(&control, "GET", &format!("{FUNCTIONS}/f"), Value::Null).await;
    assert_eq!(got["Configuration"]["State"], "Active");
    assert_eq!(got["Configuration"]["LastUpdateStatus"], "Successful");
    assert!(got.get("Tags").is_none() && got.get("Concurrency").is_none());
    let location = got["Code"]["Location"].as_str().unwrap();
    let name = location.strip_prefix("http://localhost:4566/_ferrogate/functions/").unwrap();
    assert_eq!(control.download(name.strip_suffix(".zip").unwrap()), Some(zip));
    assert_eq!(control.download("x"), None);
    assert_eq!(said(&control, "f", "version").await, "one");
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    ok(&control, "GET", &format!("{FUNCTIONS}/{arn}/configuration"), Value::Null).await;

    let (status, message) = refused(&control, "POST", FUNCTIONS, create_input("f")).await;
    assert_eq!((status, message.as_str()), (409, "Function already exist: f"));
    ok(&control, "DELETE", &format!("{FUNCTIONS}/f"), Value::Null).await;
    let missing = "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f";
    for (method, path) in [("GET", "f"), ("GET", "f/configuration"), ("DELETE", "f"), ("GET", "f/versions")] {
        let (status, message) = refused(&control, method, &format!("{FUNCTIONS}/{path}"), Value::Null).await;
        assert_eq!((status, message.as_str()), (404, missing), "{method} {path}");
    }
    assert!(matches!(invoke(&control, "f", "x").await, Err(InvokeError::NotFound(_))));
    assert_eq!(std::fs::read_dir(folder.path().join("code")).unwrap().count(), 0, "its package is gone");
}

#[tokio::test]
async fn what_cannot_be_run_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    let other_machine = {
        let mut header = [0_u8; 64];
        header[..6].copy_from_slice(b"\x7fELF\x02\x01");
        header[18] = 0xf3;
        zip_of(&[("bootstrap", &header)])
    };
    let python = zip_of(&[("main.py", b"def handler(event, context): pass\n")]);
    let local = folder.path().join("nothing.zip").display().to_string();
    let zip = |bytes: &[u8]| json!({ "ZipFile": STANDARD.encode(bytes) });
    for (change, expected) in [
        (
            json!({ "Code": zip(b"no zip") }),
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ),
        (json!({ "Code": zip(&zip_of(&[])) }), "Uploaded file must be a non-empty zip"),
        (json!({ "Code": zip(&zip_of(&[("x", b"")])) }), "the package has no executable named bootstrap"),
        (json!({ "Code": zip(&other_machine) }), "is a Linux program for riscv64"),
        (json!({ "Code": {} }), "Please provide a source for function code."),
        (
            json!({ "Code": { "S3Bucket": "builds", "S3Key": "f.zip" } }),
            "there is no S3 here, so the bucket 'builds' cannot be read",
        ),
        (json!({ "Code": { "S3Bucket": "local", "S3Key": "f.zip" } }), "S3Bucket=local takes the absolute path"),
        (json!({ "Code": { "S3Bucket": "local", "S3Key": local } }), "No such file or directory"),
        (json!({ "PackageType": "Image", "Code": { "ImageUri": "x" } }), "container images are not run here"),
        (
            json!({ "Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:l:1"] }),
            "Layers: layers are not mounted here",
        ),
        (json!({ "Runtime": "java21" }), "the runtime java21 is not run here"),
        (
            json!({ "Handler": null }),
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ),
        (
            json!({ "Runtime": "cobol1" }),
            "Value cobol1 at 'runtime' failed to satisfy constraint: Member must satisfy enum",
        ),
        (json!({ "Runtime": "cobol1" }), "] or be a valid ARN"),
        (json!({ "Timeout": 901 }), "Value '901' at 'timeout' failed to satisfy constraint"),
        (json!({ "Role": "r" }), "Value 'r' at 'role' failed to satisfy constraint"),
        (
            json!({ "Environment": { "Variables": { "AWS_REGION": "x" } } }),
            "Reserved keys used in this request: AWS_REGION",
        ),
        (json!({ "Environment": { "Variables": { "AA": "x".repeat(5000) } } }), "exceeded the 4KB limit"),
        (
            json!({ "Runtime": "python3.12", "Handler": "app.handler", "Code": zip(&python) }),
            "the handler app.handler is not in its code",
        ),
    ] {
        let mut input = create_input("f");
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, message) = refused(&control, "POST", FUNCTIONS, input).await;
        let no_python = change["Runtime"] == "python3.12" && message.contains("needs Python");
        assert!(status == 400 && (message.contains(expected) || no_python), "{change}: {status} {message}");
    }
    let listed = ok(&control, "GET", FUNCTIONS, Value::Null).await;
    assert_eq!(listed, json!({ "Functions": [] }));
}

#[tokio::test]
async fn code_comes_from_this_machine_too() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    let source = folder.path().join("source");
    std::fs::create_dir_all(source.join("lib")).unwrap();
    std::fs::copy(bootstrap().join("bootstrap"), source.join("bootstrap")).unwrap();
    std::fs::write(source.join("lib/data"), "x").unwrap();
    let archive = folder.path().join("f.zip");
    std::fs::write(&archive, STANDARD.decode(package("1")).unwrap()).unwrap();
    for (name, path) in [("folder", &source), ("archive", &archive)] {
        let mut input = create_input(name);
        input["Code"] = json!({ "S3Bucket": "local", "S3Key": path.display().to_string() });
        ok(&control, "POST", FUNCTIONS, input).await;
        assert_eq!(said(&control, name, "version").await, "one", "{name}");
    }
}

#[tokio::test]
async fn code_and_configuration_change_and_versions_stay() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    let created = create(&control, "f").await;
    let published = ok(&control, "POST", &format!("{FUNCTIONS}/f/versions"), json!({ "Description": "first" })).await;
    assert_eq!((published["Version"].as_str(), published["Description"].as_str()), (Some("1"), Some("first")));
    assert_eq!(published["FunctionArn"], "arn:aws:lambda:us-east-1:000000000000:function:f:1");
    let again = ok(&control, "POST", &format!("{FUNCTIONS}/f/versions"), json!({ "Description": "again" })).await;
    assert_eq!((again["Version"].as_str(), again["Description"].as_str()), (Some("1"), Some("first")));

    let stale = json!({ "Timeout": 5, "RevisionId": created["RevisionId"] });
    let (status, message) = refused(&control, "PUT", &format!("{FUNCTIONS}/f/configuration"), stale).await;
    assert_eq!(status, 412);
    assert!(message.starts_with("The Revision Id provided does not match the latest Revision Id."), "{message}");
    let change = json!({ "Timeout": 5, "Environment": { "Variables": { "VERSION": "two" } } });
    let updated = ok(&control, "PUT", &format!("{FUNCTIONS}/f/configuration"), change).await;
    assert_eq!((&updated["Timeout"], &updated["LastUpdateStatus"]), (&json!(5), &json!("InProgress")));
    assert_eq!(said(&control, "f", "version").await, "two");
    assert_eq!(said(&control, "f:1", "version").await, "one");
    assert_eq!(invoke(&control, "f:1", "x").await.unwrap().executed_version, "1");

    let dry = json!({ "ZipFile": package("2"), "DryRun": true });
    let dry = ok(&control, "PUT", &format!("{FUNCTIONS}/f/code"), dry).await;
    assert_ne!(dry["CodeSha256"], created["CodeSha256"]);
    let same = ok(&control, "GET", &format!("{FUNCTIONS}/f/configuration"), Value::Null).await;
    assert_eq!(same["CodeSha256"], created["CodeSha256"]);
    let code = json!({ "ZipFile": package("2"), "Publish": true });
    let second = ok(&control, "PUT", &format!("{FUNCTIONS}/f/code"), code).await;
    assert_eq!((&second["Version"], &second["CodeSha256"]), (&json!("2"), &dry["CodeSha256"]));
    assert_eq!(said(&control, "f:2", "version").await, "two");

    let versions = ok(&control, "GET", &format!("{FUNCTIONS}/f/versions"), Value::Null).await;
    let numbers: Vec<_> =
        versions["Versions"].as_array().unwrap().iter().map(|v| v["Version"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["$LATEST", "1", "2"]);
    assert!(versions["Versions"][0]["FunctionArn"].as_str().unwrap().ends_with(":f:$LATEST"));
    let page = ok(&control, "GET", &format!("{FUNCTIONS}/f/versions?MaxItems=2"), Value::Null).await;
    let next = format!("{FUNCTIONS}/f/versions?MaxItems=2&Marker={}", page["NextMarker"].as_str().unwrap());
    let last = ok(&control, "GET", &next, Value::Null).await;
    assert_eq!(last["Versions"].as_array().unwrap().len(), 1);
    assert!(last.get("NextMarker").is_none());
    let all = ok(&control, "GET", &format!("{FUNCTIONS}?FunctionVersion=ALL"), Value::Null).await;
    assert_eq!(all["Functions"].as_array().unwrap().len(), 3);
    assert!(all["Functions"][0].get("State").is_none());

    let (status, _) = refused(&control, "GET", &format!("{FUNCTIONS}/f?Qualifier=3"), Value::Null).await;
    assert_eq!(status, 404);
    ok(&control, "DELETE", &format!("{FUNCTIONS}/f?Qualifier=1"), Value::Null).await;
    assert!(matches!(invoke(&control, "f:1", "x").await, Err(InvokeError::NotFound(_))));
    let (status, message) = refused(&control, "DELETE", &format!("{FUNCTIONS}/f?Qualifier=$LATEST"), Value::Null).await;
    assert_eq!((status, message.as_str()), (400, "$LATEST version cannot be deleted without deleting the function."));
    let wrong = json!({ "CodeSha256": "x" });
    let (status, message) = refused(&control, "POST", &format!("{FUNCTIONS}/f/versions"), wrong).await;
    assert!(
        status == 400 && message.starts_with("CodeSHA256 (x) is different from current CodeSHA256 in $LATEST"),
        "{message}"
    );
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let before = {
        let control = open(folder.path()).await;
        create(&control, "f").await;
        ok(&control, "POST", &format!("{FUNCTIONS}/f/versions"), json!({})).await;
        let change = json!({ "Environment": { "Variables": { "VERSION": "two" } } });
        ok(&control, "PUT", &format!("{FUNCTIONS}/f/configuration"), change).await;
        ok(&control, "POST", &format!("{FUNCTIONS}/f/aliases"), json!({ "Name": "live", "FunctionVersion": "1" }))
            .await;
        ok(&control, "PUT", "/2017-10-31/functions/f/concurrency", json!({ "ReservedConcurrentExecutions": 7 })).await;
        create(&control, "gone").await;
        ok(&control, "DELETE", &format!("{FUNCTIONS}/gone"), Value::Null).await;
        ok(&control, "GET", &format!("{FUNCTIONS}/f"), Value::Null).await
    };
    let control = open(folder.path()).await;
    assert_eq!(ok(&control, "GET", &format!("{FUNCTIONS}/f"), Value::Null).await, before);
    assert_eq!(said(&control, "f", "version").await, "two");
    assert_eq!(said(&control, "f:live", "version").await, "one");
    let listed = ok(&control, "GET", FUNCTIONS, Value::Null).await;
    assert_eq!(listed["Functions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_template_declares_functions_that_the_api_shows() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    let function = crate::lambda::testing::function("t");
    let functions = indexmap::IndexMap::from([("t".to_owned(), function)]);
    control.declare_functions(&functions, &std::collections::HashMap::new()).unwrap();
    let first = ok(&control, "GET", &format!("{FUNCTIONS}/t"), Value::Null).await;
    assert_eq!(first["Configuration"]["Runtime"], "provided.al2023");
    ok(
        &control,
        "POST",
        "/2017-03-31/tags/arn:aws:lambda:us-east-1:000000000000:function:t",
        json!({ "Tags": { "a": "b" } }),
    )
    .await;
    control.declare_functions(&functions, &std::collections::HashMap::new()).unwrap();
    let second = ok(&control, "GET", &format!("{FUNCTIONS}/t"), Value::Null).await;
    assert_eq!(second["Configuration"], first["Configuration"], "nothing has changed");
    assert_eq!(second["Tags"], json!({ "a": "b" }));
    for (method, path, body) in [
        ("PUT", "t/code", json!({ "ZipFile": package("1") })),
        ("PUT", "t/configuration", json!({ "Timeout": 4 })),
        ("POST", "t/versions", json!({})),
        ("DELETE", "t", Value::Null),
    ] {
        let (status, message) = refused(&control, method, &format!("{FUNCTIONS}/{path}"), body).await;
        assert_eq!(status, 409);
        assert!(message.contains("declared by the template"), "{message}");
    }
    control.declare_functions(&indexmap::IndexMap::new(), &std::collections::HashMap::new()).unwrap();
    assert_eq!(refused(&control, "GET", &format!("{FUNCTIONS}/t"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn another_region_is_another_world() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    create(&control, "f").await;
    let request =
        super::super::super::testing::request("lambda", "eu-west-1", "GET", &format!("{FUNCTIONS}/f"), &[], "");
    let reply = super::super::super::testing::send(&control, request).await;
    assert_eq!(reply.status(), 404);
    let elsewhere = "arn:aws:lambda:eu-west-1:000000000000:function:f";
    let (status, message) = refused(&control, "GET", &format!("{FUNCTIONS}/{elsewhere}"), Value::Null).await;
    let expected = "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')";
    assert_eq!((status, message.as_str()), (404, expected));
    let world = control.world(&WorldId::new("000000000000", "eu-west-1")).unwrap();
    let called = world.gateway.lambda.invoke("f", InvokeRequest::sync("1")).await;
    assert!(matches!(called, Err(InvokeError::NotFound(_))));
}
