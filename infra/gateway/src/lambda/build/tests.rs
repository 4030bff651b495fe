//! Real builds of a workspace without dependencies, served by the real host.

use std::sync::atomic::{AtomicBool, Ordering};

use super::fingerprint::Stamp;
use super::*;
use crate::lambda::testing::{self, Lines};
use crate::lambda::{Invoke as _, InvokeRequest, LambdaService, watch_functions};

struct Project {
    folder: tempfile::TempDir,
    lines: Lines,
    functions: IndexMap<String, Function>,
}

impl Project {
    /// A workspace with the functions `one` and `two`, which share the package `core`.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut functions = IndexMap::new();
        let root = folder.path();
        let project = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        project("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"core\", \"one\", \"two\"]\n");
        project("core/Cargo.toml", "[package]\nname = \"core-lib\"\nedition = \"2024\"\n");
        project("core/src/lib.rs", "pub const VERSION: &str = \"1\";\n");
        let bootstrap = std::fs::read_to_string(testing::bootstrap_source()).unwrap();
        let bootstrap = bootstrap.replace(r#"&std::env::var("VERSION").unwrap_or_default()"#, "&version()");
        for name in ["one", "two"] {
            let manifest = format!(
                "[package]\nname = \"{name}\"\nedition = \"2024\"\n[dependencies]\ncore-lib = {{ path = \"../core\" }}\n"
            );
            project(&format!("{name}/Cargo.toml"), &manifest);
            project(&format!("{name}/src/main.rs"), &format!("{bootstrap}\nmod own;\nuse own::version;\n"));
            project(&format!("{name}/src/own.rs"), &own(name, "a"));
            let mut function = testing::function(name);
            function.code = FunctionCode::Cargo { folder: root.join(name), binary: name.to_owned() };
            functions.insert(name.to_owned(), function);
        }
        Project { folder, lines: Lines::default(), functions }
    }

    fn builder(&self) -> Builder {
        Builder::new(&self.folder.path().join(".ferrogate"), false, Arc::new(self.lines.clone())).unwrap()
    }

    /// Writes a file so that its time differs from its last one's.
    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = Stamp::of(&path);
        while Stamp::of(&path) == before {
            std::fs::write(&path, text).unwrap();
        }
    }
}

fn own(name: &str, version: &str) -> String {
    format!("pub fn version() -> String {{ format!(\"{name} {version} {{}}\", core_lib::VERSION) }}\n")
}

async fn version(service: &LambdaService, function: &str) -> String {
    let invocation = service.invoke(function, InvokeRequest::sync("\"version\"")).await.unwrap();
    String::from_utf8(invocation.payload.to_vec()).unwrap()
}

fn executable(build: &Build, name: &str) -> PathBuf {
    match &build.code[name] {
        Code::Ready { task_root, .. } => task_root.join("bootstrap"),
        Code::Broken { message } => panic!("{message}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn build_serve_edit_break_and_mend() {
    let project = Project::new();
    let builder = Arc::new(project.builder());
    let build = builder.build(&project.functions).await.unwrap();
    assert!(build.failures.is_empty(), "{:?}", build.failures);
    assert!(executable(&build, "one").ends_with(".ferrogate/functions/one/1/bootstrap"));

    let begin = Instant::now();
    let again = project.builder().build(&project.functions).await.unwrap();
    assert_eq!(again.code, build.code);
    eprintln!("nothing to build: {:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_millis(100), "without Cargo: {:?}", begin.elapsed());

    let service = Arc::new(LambdaService::new(testing::settings(&project.lines)).unwrap());
    service.deploy(&project.functions, &build.code);
    assert_eq!((version(&service, "one").await, version(&service, "two").await), ("one a 1".into(), "two a 1".into()));

    let watching = watch_functions(service.clone(), builder.clone()).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn({
        let (service, stop) = (service.clone(), stop.clone());
        async move {
            while !stop.load(Ordering::Relaxed) {
                assert!(version(&service, "one").await.starts_with("one "));
            }
        }
    });
    let until = async |function: &'static str, expected: &'static str| {
        let begin = Instant::now();
        while version(&service, function).await != expected {
            assert!(begin.elapsed() < Duration::from_secs(60), "{expected}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        begin.elapsed()
    };
    project.write("one/src/own.rs", &own("one", "b"));
    eprintln!("one edit: {:?}", until("one", "one b 1").await);
    project.write("core/src/lib.rs", "pub const VERSION: &str = \"2\";\n");
    until("one", "one b 2").await;
    until("two", "two a 2").await;

    project.write("one/src/own.rs", "pub fn version() -> String { 5 }\n");
    let begin = Instant::now();
    while !project.lines.all().iter().any(|line| line.starts_with("one: ") && line.contains("mismatched types")) {
        assert!(begin.elapsed() < Duration::from_secs(60), "the error is shown");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(version(&service, "one").await, "one b 2", "the former code keeps serving");
    project.write("one/src/own.rs", &own("one", "c"));
    until("one", "one c 2").await;
    stop.store(true, Ordering::Relaxed);
    load.await.unwrap();
    drop(watching);
    service.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_function_that_does_not_compile_leaves_the_others_alone() {
    let mut project = Project::new();
    project.write("one/src/own.rs", "pub fn version() -> String { 5 }\n");
    let mut missing = testing::function("missing");
    missing.code = FunctionCode::Cargo { folder: project.folder.path().join("nowhere"), binary: "x".to_owned() };
    project.functions.insert("missing".to_owned(), missing);
    let mut misnamed = project.functions["two"].clone();
    misnamed.code = FunctionCode::Cargo { folder: project.folder.path().join("two"), binary: "three".to_owned() };
    project.functions.insert("misnamed".to_owned(), misnamed);
    let build = project.builder().build(&project.functions).await.unwrap();
    assert!(build.failures["one"].contains("mismatched types"), "{}", build.failures["one"]);
    assert!(matches!(&build.code["one"], Code::Broken { message } if message.contains("own.rs")));
    assert!(build.failures["missing"].contains("nowhere/Cargo.toml"), "{}", build.failures["missing"]);
    assert_eq!(build.failures["misnamed"], "the package two has no binary three; it has: two");
    assert!(executable(&build, "two").is_file());
}

#[tokio::test]
async fn an_error_in_what_the_functions_share_is_mended_by_an_edit_there() {
    let project = Project::new();
    project.write("core/src/lib.rs", "pub const VERSION: &str = 5;\n");
    let builder = Arc::new(project.builder());
    let build = builder.build(&project.functions).await.unwrap();
    assert!(build.failures["one"].contains("core/src/lib.rs") && build.failures["two"].contains("core/src/lib.rs"));
    let service = Arc::new(LambdaService::new(testing::settings(&project.lines)).unwrap());
    service.deploy(&project.functions, &build.code);
    assert!(version(&service, "two").await.contains("Runtime.BuildError"));
    let _watching = watch_functions(service.clone(), builder).unwrap();
    project.write("core/src/lib.rs", "pub const VERSION: &str = \"5\";\n");
    let begin = Instant::now();
    while version(&service, "two").await != "two a 5" {
        assert!(begin.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_is_not_built_is_taken_as_it_is_and_follows_its_edits() {
    use std::io::Write as _;
    let runtime = "python3.12";
    if let Err(error) = crate::lambda::runtimes::find(&crate::model::Runtime::parse(runtime).unwrap()) {
        assert!(std::env::var_os("FERROGATE_REQUIRE_PEERS").is_none(), "{error}");
        eprintln!("\n*** SKIPPED: {error} ***\n");
        return;
    }
    let answer = |what: &str| format!("def handler(event, context):\n    return '{what}'\n");
    let zip = |what: &str| {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        writer.start_file("app.py", zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(answer(what).as_bytes()).unwrap();
        writer.finish().unwrap().into_inner()
    };
    let project = Project::new();
    project.write("py/app.py", "from lib.words import handler\n");
    project.write("py/lib/words.py", &answer("one"));
    let archive = project.folder.path().join("app.zip");
    std::fs::write(&archive, zip("zipped")).unwrap();
    let inline = FunctionCode::Inline { file_name: "app.py".to_owned(), source: answer("inline") };
    let mut functions = IndexMap::new();
    for (name, code) in [
        ("folder", FunctionCode::Folder(project.folder.path().join("py"))),
        ("zipped", FunctionCode::Zip(archive.clone())),
        ("inline", inline),
        ("absent", FunctionCode::Zip(project.folder.path().join("absent.zip"))),
    ] {
        let mut function = testing::function(name);
        (function.runtime, function.handler, function.code) = (runtime.to_owned(), "app.handler".to_owned(), code);
        function.timeout = 30;
        functions.insert(name.to_owned(), function);
    }
    let builder = Arc::new(project.builder());
    let build = builder.build(&functions).await.unwrap();
    assert!(build.failures["absent"].contains("absent.zip"), "{:?}", build.failures);
    assert_eq!(build.failures.len(), 1, "{:?}", build.failures);
    let service = Arc::new(LambdaService::new(testing::settings(&project.lines)).unwrap());
    service.deploy(&functions, &build.code);
    for (function, expected) in [("folder", "\"one\""), ("zipped", "\"zipped\""), ("inline", "\"inline\"")] {
        assert_eq!(version(&service, function).await, expected);
    }
    let again = builder.build(&functions).await.unwrap();
    assert_eq!(service.update_code(&again.code).changed, Vec::<String>::new(), "running it changes nothing");

    let _watching = watch_functions(service.clone(), builder).unwrap();
    let until = async |function: &str, expected: &str| {
        let begin = Instant::now();
        while version(&service, function).await != expected {
            assert!(begin.elapsed() < Duration::from_secs(60), "{expected}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    project.write("py/lib/words.py", &answer("two"));
    until("folder", "\"two\"").await;
    std::fs::write(&archive, zip("zipped again")).unwrap();
    until("zipped", "\"zipped again\"").await;
}
