//! Packages as they are uploaded, good ones and bad ones.

use std::io::Cursor;
use std::os::unix::fs::PermissionsExt as _;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::unpack::unpack_within;
use super::*;

type Writer = ZipWriter<Cursor<Vec<u8>>>;

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().last_modified_time(zip::DateTime::default())
}

fn zip_with(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    write(&mut writer);
    writer.finish().unwrap().into_inner()
}

fn zip_of(files: &[(&str, &str)]) -> Vec<u8> {
    zip_with(|writer| {
        for (name, text) in files {
            writer.start_file(*name, options()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
    })
}

fn store() -> (tempfile::TempDir, PackageStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = PackageStore::new(&folder.path().join("code")).unwrap();
    (folder, store)
}

fn refusal(zip: &[u8]) -> String {
    let (folder, store) = store();
    let error = store.put(zip).unwrap_err().to_string();
    let left: Vec<_> = fs::read_dir(folder.path().join("code")).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing beside the store");
    error
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_package_is_unpacked_once_and_kept_as_it_came() {
    let (folder, store) = store();
    let zip = zip_with(|writer| {
        writer.add_directory("lib/", options()).unwrap();
        writer.start_file("bootstrap", options().unix_permissions(0o700)).unwrap();
        writer.write_all(b"#!/bin/sh\n").unwrap();
        writer.start_file("./lib/deep/ü.py", options().unix_permissions(0o666)).unwrap();
        writer.write_all("x".repeat(200_000).as_bytes()).unwrap();
    });
    let package = store.put(&zip).unwrap();
    assert_eq!(package.sha256, STANDARD.encode(Sha256::digest(&zip)));
    assert_eq!(package.size, zip.len() as u64);
    assert_eq!(fs::read(&package.zip).unwrap(), zip);
    assert_eq!(fs::read(package.folder.join("lib/deep/ü.py")).unwrap().len(), 200_000);
    assert_eq!((mode(&package.folder.join("bootstrap")), mode(&package.folder.join("lib/deep/ü.py"))), (0o755, 0o644));
    let inode = |package: &Package| std::os::unix::fs::MetadataExt::ino(&package.folder.metadata().unwrap());
    let again = store.put(&zip).unwrap();
    assert_eq!((&again, inode(&again)), (&package, inode(&package)), "equal code is shared");

    fs::create_dir(folder.path().join("code/unfinished-1")).unwrap();
    let reopened = PackageStore::new(&folder.path().join("code")).unwrap();
    assert!(!folder.path().join("code/unfinished-1").exists(), "what a crash has left is removed");
    assert_eq!(reopened.get(&package.sha256), Some(package.clone()));
    assert_eq!(reopened.get("x"), None);
    // A folder without its zip is not known to be whole.
    fs::remove_file(&package.zip).unwrap();
    assert_eq!(reopened.get(&package.sha256), None);
    assert_eq!(reopened.put(&zip).unwrap(), package);

    let other = store.put_source("index.py", "def handler(event, context): pass\n").unwrap();
    assert_eq!(store.put_source("index.py", "def handler(event, context): pass\n").unwrap(), other);
    assert!(other.folder.join("index.py").is_file());
    store.retain(&HashSet::from([other.sha256.clone()])).unwrap();
    assert_eq!((store.get(&package.sha256), store.get(&other.sha256)), (None, Some(other)));
    assert!(!package.folder.exists() && !package.zip.exists());
}

#[test]
fn equal_packages_may_come_at_the_same_time() {
    let (_folder, store) = store();
    let zip = zip_of(&[("index.py", "x"), ("a/b.py", "y")]);
    std::thread::scope(|scope| {
        let puts: Vec<_> = (0..8).map(|_| scope.spawn(|| store.put(&zip).unwrap())).collect();
        let packages: Vec<_> = puts.into_iter().map(|put| put.join().unwrap()).collect();
        assert!(packages.iter().all(|package| *package == packages[0]));
    });
}

#[test]
fn what_is_no_zip_is_refused_in_awss_words() {
    let unreadable = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    let good = zip_of(&[("index.py", "some text that is long enough to be cut")]);
    assert_eq!(refusal(b""), unreadable);
    assert_eq!(refusal(b"def handler(event, context): pass"), unreadable);
    assert_eq!(refusal(&good[..good.len() - 30]), unreadable);
    let mut damaged = good.clone();
    damaged[40..50].fill(0xff);
    assert_eq!(refusal(&damaged), unreadable);
    assert_eq!(refusal(&zip_of(&[])), "Uploaded file must be a non-empty zip");
    assert_eq!(
        refusal(&zip_with(|writer| writer.add_directory("lib/", options()).unwrap())),
        "Uploaded file must be a non-empty zip"
    );
}

#[test]
fn entries_that_do_not_belong_into_a_package_are_refused_by_name() {
    for (name, reason) in [
        ("../evil.py", "whose name leads out of the package with '..'"),
        ("lib/../../evil.py", "whose name leads out of the package with '..'"),
        ("/etc/evil", "whose name is an absolute path"),
        ("lib\\evil.py", "whose name has a backslash or a NUL; folders are separated by '/'"),
    ] {
        // The crate that writes would mend such names, so they are put in afterwards.
        let placeholder = "x".repeat(name.len());
        let zip = zip_of(&[(&placeholder, "evil")]);
        let zip = replaced(&zip, placeholder.as_bytes(), name.as_bytes());
        let expected = format!(
            "The uploaded zip has the entry '{}', {reason}. Remove it, then try to upload again.",
            name.escape_default()
        );
        assert_eq!(refusal(&zip), expected);
    }
    let link = zip_with(|writer| writer.add_symlink("lib/link", "/etc/passwd", options()).unwrap());
    assert!(refusal(&link).contains("'lib/link', which is a symbolic link"), "{}", refusal(&link));
    let twice = replaced(&zip_of(&[("a.py", "1"), ("b.py", "2")]), b"b.py", b"a.py");
    assert_eq!(refusal(&twice), "Could not unzip uploaded file. Please check your file, then try to upload again.");
    let alike = replaced(&zip_of(&[("lib/a.py", "1"), ("x/lib/a.py", "2")]), b"x/lib/a.py", b"./lib/a.py");
    assert!(refusal(&alike).contains("'./lib/a.py', whose name another entry has too"), "{}", refusal(&alike));
    let within = zip_of(&[("a", "1"), ("a/b", "2")]);
    assert!(refusal(&within).contains("'a/b', which is within another entry that is a file"), "{}", refusal(&within));
    let over = zip_of(&[("a/b", "1"), ("a", "2")]);
    assert!(refusal(&over).contains("'a', whose name another entry has too"), "{}", refusal(&over));
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<_> = (0..=bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert_eq!(places.len(), 2, "in the entry and in the directory");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn a_bomb_is_stopped_by_what_comes_out_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = zip_of(&[("a", &"0".repeat(600_000)), ("b", &"0".repeat(600_000))]);
    assert!(bomb.len() < 10_000);
    let error = unpack_within(&bomb, folder.path(), 1_000_000).unwrap_err();
    assert_eq!(error.to_string(), "Unzipped size must be smaller than 262144000 bytes");
    let written: u64 = ["a", "b"].iter().map(|name| folder.path().join(name).metadata().unwrap().len()).sum();
    assert!(written <= 1_000_000);

    // One that lies about its size: 600 000 bytes come out of what it calls 10.
    let size = 600_000_u32.to_le_bytes();
    let single = zip_of(&[("a", &"0".repeat(600_000))]);
    let places: Vec<_> = (0..single.len() - 4).filter(|at| single[*at..].starts_with(&size)).collect();
    let mut lying = single;
    for at in places {
        lying[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let error = unpack_within(&lying, folder.path(), 1000).unwrap_err();
    assert!(matches!(error, PackageError::TooLarge | PackageError::Unreadable { .. }), "{error:?}");
}

#[test]
fn what_can_be_run_is_told_from_what_cannot() {
    let (_folder, store) = store();
    let folder =
        store.put(&zip_of(&[("src/app.py", ""), ("pkg/__init__.py", ""), ("lib/index.mjs", "")])).unwrap().folder;
    let check = |runtime: &str, handler: &str| check(runtime, handler, &folder).map_err(|error| error.to_string());
    let fine = Ok(Vec::new());
    assert_eq!(check("python3.12", "src/app.handler"), fine);
    assert_eq!(check("python3.12", "src.app.handler"), fine);
    assert_eq!(check("python3.12", "pkg.handler"), fine);
    assert_eq!(check("nodejs22.x", "lib/index.handler"), fine);
    assert_eq!(check("nodejs22.x", "lib/index.nested.handler"), fine);
    let warning = |runtime, handler| check(runtime, handler).unwrap().join("");
    assert_eq!(
        warning("python3.12", "app.handler"),
        "the handler app.handler is not in its code: there is no app.py (nor app/__init__.py); an invocation fails with Runtime.ImportModuleError"
    );
    assert_eq!(
        warning("nodejs22.x", "index.handler"),
        "the handler index.handler is not in its code: there is no index.js (nor index.mjs, index.cjs, index); an invocation fails with Runtime.ImportModuleError"
    );
    assert!(warning("python3.12", "handler").contains("is not of the form module.function"));
    assert!(warning("nodejs22.x", "handler").contains("is not of the form file.export"));
    assert!(check("provided.al2023", "x").unwrap_err().starts_with("the package has no executable named bootstrap"));
    assert!(check("java21", "x").unwrap_err().starts_with("the runtime java21 is not run here"));
    let folder = store.put(&zip_of(&[("bootstrap", "#!/bin/sh\n")])).unwrap().folder;
    assert_eq!(super::check("provided.al2", "x", &folder), Err(CheckError::NotExecutable));
    let mut elsewhere = [0_u8; 64];
    elsewhere[..6].copy_from_slice(b"\x7fELF\x02\x01");
    elsewhere[18] = 0xf3;
    let zip = zip_with(|writer| {
        writer.start_file("bootstrap", options().unix_permissions(0o755)).unwrap();
        writer.write_all(&elsewhere).unwrap();
    });
    let folder = store.put(&zip).unwrap().folder;
    let error = super::check("provided.al2023", "x", &folder).unwrap_err();
    assert!(matches!(&error, CheckError::WrongMachine(text) if text.contains("riscv64")), "{error}");
}
