//! Pictures: named where nobody looks at them, read by tesseract where the configuration says so.
//!
//! `pictures/phone.png` shows 「お客様の電話番号は 090-1234-5678 です。」, drawn with ImageMagick.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::relay::SEKISHO;

const PICTURE: &[u8] = include_bytes!("pictures/phone.png");

/// A mail with pictures, and a configuration, in a folder of their own.
fn case(pictures: &[(&str, &[u8])], inspection: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut mail = "From: sato@toho.example.co.jp\r\nTo: yamada@kita-hoan.example.com\r\nSubject: s\r\n\
                    Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nbody\r\n"
        .to_owned();
    for (name, bytes) in pictures {
        mail.push_str(&format!(
            "--b\r\nContent-Type: image/png; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            BASE64.encode(bytes)
        ));
    }
    mail.push_str("--b--\r\n");
    std::fs::write(folder.path().join("mail.eml"), mail).unwrap();
    let config = format!(
        "hostname = \"sekisho.toho.example.co.jp\"\ndata_dir = \"data\"\n\
         [organization]\ndomains = [\"toho.example.co.jp\"]\n[next_hop]\nhosts = [\"127.0.0.1:10026\"]\n\
         [approval]\nsecurity = [\"security@toho.example.co.jp\"]\n[inspection]\nworkers = 1\n{inspection}"
    );
    std::fs::write(folder.path().join("sekisho.toml"), config).unwrap();
    folder
}

fn run(folder: &TempDir, args: &[&str]) -> Output {
    Command::new(SEKISHO).args(args).current_dir(folder.path()).stdin(Stdio::null()).output().unwrap()
}

fn inspection(folder: &TempDir) -> Value {
    let output = run(folder, &["explain", "--json", "--config", "sekisho.toml", "mail.eml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Value>(&output.stdout).unwrap()["inspection"].take()
}

fn unread(inspection: &Value) -> Vec<(&str, &str)> {
    let entries = inspection["uninspected"].as_array().unwrap();
    entries.iter().map(|entry| (entry["where"].as_str().unwrap(), entry["reason"].as_str().unwrap())).collect()
}

/// A program that lists languages as tesseract does, and does `then` with a picture.
fn stand_in(folder: &Path, then: &str) -> PathBuf {
    let (source, program) = (folder.join("stand-in.c"), folder.join("stand-in"));
    let code = format!(
        "#include <fcntl.h>\n#include <stdio.h>\n#include <string.h>\n#include <sys/socket.h>\n#include <unistd.h>\n\
         int main(int argc, char **argv) {{\n\
         if (argc > 1 && !strcmp(argv[1], \"--list-langs\")) {{\n\
         puts(\"List of available languages (2):\\njpn\\neng\"); return 0; }}\n{then}\nreturn 0; }}\n"
    );
    std::fs::write(&source, code).unwrap();
    let compiled = Command::new("cc").arg("-o").arg(&program).arg(&source).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    // Whoever it is started as must get there.
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
    program
}

fn with(program: &Path, more: &str) -> String {
    format!("[inspection.ocr]\nprogram = {:?}\n{more}", program.display().to_string())
}

#[test]
fn a_picture_that_nobody_looks_at_is_named() {
    let found = inspection(&case(&[("photo.png", PICTURE)], ""));
    assert_eq!(unread(&found), [("photo.png", "image")], "{found}");
    assert_eq!(found["findings"], Value::Array(Vec::new()));
}

#[test]
#[ignore = "needs tesseract; tests/run installs it"]
fn what_is_written_in_a_picture_is_found_where_it_stands() {
    let broken = &PICTURE[..PICTURE.len() / 3];
    let pictures: [(&str, &[u8]); 3] = [("photo.png", PICTURE), ("broken.png", broken), ("again.png", PICTURE)];
    let found = inspection(&case(&pictures, "[inspection.ocr]\nprogram = \"tesseract\"\n"));
    let phones = found["findings"].as_array().unwrap().iter().find(|f| f["detector"] == "jp.phone").unwrap();
    assert_eq!(phones["count"], 2, "{found}");
    let places: Vec<_> =
        phones["examples"].as_array().unwrap().iter().map(|example| example["where"].as_str().unwrap()).collect();
    assert!(places[0].starts_with("photo.png › picture text"), "{found}");
    assert!(places[1].starts_with("again.png › picture text"), "{found}");
    assert!(unread(&found).iter().all(|(place, _)| *place == "broken.png"), "{found}");
    assert_ne!(unread(&found), [], "{found}");
    let read: Vec<_> = found["inspected"].as_array().unwrap().iter().map(|e| e["where"].as_str().unwrap()).collect();
    assert!(read.contains(&"photo.png") && read.contains(&"again.png"), "{found}");
}

#[test]
#[ignore = "needs tesseract; tests/run installs it"]
fn pictures_beyond_the_bounds_stay_named() {
    let pictures: [(&str, &[u8]); 2] = [("1.png", PICTURE), ("2.png", PICTURE)];
    let found = inspection(&case(&pictures, "[inspection.ocr]\nprogram = \"tesseract\"\nmax_pictures = 1\n"));
    assert_eq!(unread(&found), [("2.png", "image")], "{found}");
    let small = "[inspection.ocr]\nprogram = \"tesseract\"\nmax_picture_size = \"1 KiB\"\n";
    let found = inspection(&case(&pictures, small));
    assert_eq!(unread(&found), [("1.png", "image"), ("2.png", "image")], "{found}");
}

#[test]
#[ignore = "needs tesseract; tests/run installs it"]
fn the_configuration_is_told_what_tesseract_lacks() {
    let folder = case(&[], "[inspection.ocr]\nprogram = \"tesseract\"\nlanguages = [\"jpn\", \"tlh\"]\n");
    let output = run(&folder, &["config", "check", "sekisho.toml"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78));
    assert!(said.contains("sekisho.toml:13:13: inspection.ocr.languages: tesseract has no data for `tlh`"), "{said}");
    assert!(said.contains("tesseract-ocr-tlh"), "{said}");
}

#[test]
fn a_program_that_is_missing_is_an_error_of_the_configuration() {
    let folder = case(&[], "[inspection.ocr]\nprogram = \"no-such-tesseract\"\n");
    for args in [&["config", "check", "sekisho.toml"][..], &["explain", "--config", "sekisho.toml", "mail.eml"]] {
        let output = run(&folder, args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{said}");
        let expected =
            "inspection.ocr.program: there is no program `no-such-tesseract`; install the package tesseract-ocr";
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_program_that_hangs_is_ended_and_the_picture_stays_named() {
    let home = tempfile::tempdir().unwrap();
    let program = stand_in(home.path(), "for (;;) pause();");
    let folder = case(&[("photo.png", PICTURE)], &with(&program, "timeout = \"1s\"\n"));
    let began = Instant::now();
    let found = inspection(&folder);
    assert_eq!(unread(&found), [("photo.png", "image")], "{found}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn a_program_that_works_for_ever_is_ended_too() {
    let home = tempfile::tempdir().unwrap();
    let program = stand_in(home.path(), "for (;;) ;");
    let found = inspection(&case(&[("photo.png", PICTURE)], &with(&program, "timeout = \"1s\"\n")));
    assert_eq!(unread(&found), [("photo.png", "image")], "{found}");
}

/// What takes tesseract over finds nothing to take: each try that succeeds is written to where the test would see it.
#[test]
fn a_program_that_is_taken_over_can_do_nothing() {
    let home = tempfile::tempdir().unwrap();
    let secret = home.path().join("secret");
    std::fs::write(&secret, "x").unwrap();
    let tries = format!(
        "if (open({secret:?}, O_RDONLY) >= 0) puts(\"OPEN 090-1111-1111\");\n\
         if (open(\"/etc/passwd\", O_RDONLY) >= 0) puts(\"PASSWD 090-2222-2222\");\n\
         if (open(\"/tmp/sekisho-was-here\", O_WRONLY | O_CREAT, 0600) >= 0) puts(\"WRITE 090-3333-3333\");\n\
         if (socket(AF_INET, SOCK_STREAM, 0) >= 0) puts(\"SOCKET 090-4444-4444\");\n\
         if (fork() >= 0) puts(\"FORK 090-5555-5555\");\n\
         execl(\"/bin/echo\", \"echo\", \"EXEC 090-6666-6666\", (char *)0);\n\
         if (setuid(0) == 0) puts(\"ROOT 090-7777-7777\");\n\
         puts(\"電話番号は 080-1234-5678 です。\");",
        secret = secret.display().to_string()
    );
    let program = stand_in(home.path(), &tries);
    let found = inspection(&case(&[("photo.png", PICTURE)], &with(&program, "")));
    let phones = found["findings"].as_array().unwrap().iter().find(|f| f["detector"] == "jp.phone").unwrap();
    assert_eq!((phones["count"].as_u64(), unread(&found).len()), (Some(1), 0), "{found}");
    assert_eq!(phones["examples"][0]["masked"], "080-****-5678");
}
