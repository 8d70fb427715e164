//! What is refused, in one sentence each: bad input, hostile files, other sites, too much.

mod common;

use common::*;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;

fn quiet(data: &std::path::Path) -> Running {
    start(data, |settings| settings.workers = 0)
}

#[test]
fn orders_that_cannot_be_met_name_their_field() {
    let folder = tempfile::tempdir().unwrap();
    let server = quiet(folder.path());
    let compose = |more: Value| {
        let mut request = json!({"verb": {"verb": "compose"}});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"request": request})
    };
    let cases = [
        (compose(json!({"bars": 0})), 422, "bars"),
        (compose(json!({"bars": 300})), 422, "bars"),
        (compose(json!({"bars": 1e99})), 400, "bars"),
        (compose(json!({"key": "H"})), 400, "key"),
        (compose(json!({"tempo": 1000})), 422, "tempo"),
        (compose(json!({"chords": "| Zm |"})), 400, "chords"),
        (compose(json!({"chords": "| C | F |", "bars": 1})), 422, "bars"),
        (compose(json!({"mood": "hungry"})), 400, "mood"),
        (compose(json!({"denoiser": "gpt"})), 422, "denoiser"),
        (compose(json!({"path": "/etc/passwd"})), 400, "request"),
        (compose(json!({"rules": [{"range": {"lane": "melody", "lowest": 90, "highest": 20}}]})), 422, "rules"),
        (json!({"request": {"verb": {"verb": "infill", "regions": "1"}}}), 400, "source"),
        (
            json!({"request": {"verb": {"verb": "infill", "regions": "7"}}, "source": {"score": small_piece()}}),
            422,
            "regions",
        ),
        (json!({"request": {"verb": {"verb": "vary"}}, "source": {"score": {"notes": []}}}), 422, "source"),
        (json!({"request": {"verb": {"verb": "vary"}}, "source": {"piece": "0123456789abcdef"}}), 404, "source"),
        (json!({"request": {"verb": {"verb": "vary"}}, "source": {}}), 400, "source"),
        (json!({"request": {"verb": {"verb": "compose"}}, "candidates": 9}), 422, "candidates"),
        (json!({"request": {"verb": {"verb": "compose"}}, "candidates": 0}), 422, "candidates"),
        (json!({"request": 3}), 400, "request"),
        (json!({}), 400, ""),
        (json!([]), 400, ""),
    ];
    for (order, status, field) in cases {
        for path in ["/api/jobs", "/api/check"] {
            let answer = post(server.address, path, &order);
            assert_eq!((answer.status, answer.refusal().1.as_str()), (status, field), "{order}: {}", answer.text());
        }
    }
    assert_eq!(get(server.address, "/api/jobs").json()["jobs"], json!([]), "nothing was queued");
}

#[test]
fn other_bodies_methods_and_addresses_are_refused_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let server = quiet(folder.path());
    let a = server.address;
    let order = br#"{"request": {"verb": {"verb": "compose"}}}"#;
    assert_eq!(send(a, "POST", "/api/jobs", &[("content-type", "text/plain")], order).refusal().0, "media_type");
    assert_eq!(send(a, "POST", "/api/jobs", &[], order).refusal().0, "media_type");
    assert_eq!(send(a, "POST", "/api/pieces", &[("content-type", "text/plain")], b"MThd").refusal().0, "media_type");
    assert_eq!(
        send(a, "POST", "/api/pieces", &[("content-type", "multipart/form-data")], b"MThd").refusal().0,
        "media_type"
    );
    assert_eq!(send(a, "POST", "/api/jobs", &[("content-type", "application/json")], b"{").refusal().0, "bad_request");
    assert_eq!(send(a, "PATCH", "/api/jobs", &[], b"").refusal().0, "method");
    assert_eq!(get(a, "/api/nothing").refusal().0, "not_found");
    assert_eq!(get(a, "/api/pieces?limit=many").refusal().0, "bad_request");
    for path in [
        "/api/jobs/0123456789abcdef",
        "/api/pieces/..%2f..%2fetc%2fpasswd",
        "/api/pieces/0123456789abcdef",
        "/api/pieces/0123456789abcdef/file.mid",
    ] {
        assert_eq!(get(a, path).refusal().0, "not_found", "{path}");
    }
    for path in ["/../../etc/passwd", "/assets/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%5c..%5cx.ini"] {
        let answer = get(a, path);
        assert!(!answer.text().contains("root:"), "{path}");
    }
    let large = format!(r#"{{"score": {{"title": "{}", "notes": []}}}}"#, "x".repeat(17 << 20));
    let answer = send(a, "POST", "/api/pieces", &[("content-type", "application/json")], large.as_bytes());
    assert_eq!(answer.refusal().0, "too_large");
}

#[test]
fn pieces_that_are_too_much_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = quiet(folder.path());
    let note = |start: f64| json!({"lane": "melody", "pitch": 60, "start": start, "length": 1});
    let many: Vec<Value> = (0..50_001).map(|i| note(f64::from(i))).collect();
    let piece = |score: Value| post(server.address, "/api/pieces", &json!({"score": score}));
    assert_eq!(piece(json!({"notes": many})).refusal(), ("too_large".into(), "notes".into()));
    assert_eq!(piece(json!({"notes": [note(1e9)]})).refusal(), ("bad_request".into(), "notes".into()));
    assert_eq!(piece(json!({"notes": [note(-1.0)]})).refusal(), ("bad_request".into(), "notes".into()));
    let metres: Vec<Value> = (0..501).map(|i| json!({"at": i, "metre": "1/32"})).collect();
    assert_eq!(piece(json!({"notes": [], "metres": metres})).refusal(), ("too_large".into(), "metres".into()));
    assert_eq!(piece(json!({"notes": [], "metre": "0/4"})).refusal(), ("bad_request".into(), "metre".into()));
    assert_eq!(piece(json!({"notes": [], "resolution": 13})).refusal(), ("bad_request".into(), "resolution".into()));
    // 257 bars can be kept, but nothing is composed upon them.
    let long = json!({"notes": [note(256.0 * 48.0)]});
    assert_eq!(piece(long.clone()).status, 201);
    let order = json!({"request": {"verb": {"verb": "vary"}}, "source": {"score": long}});
    assert_eq!(post(server.address, "/api/jobs", &order).refusal(), ("cannot_be_met".into(), "source".into()));
}

#[test]
fn a_full_queue_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |settings| {
        settings.workers = 0;
        settings.limits.queued_jobs = 2;
    });
    let order = json!({"request": {"verb": {"verb": "compose"}, "bars": 1, "steps": 2}});
    let ids: Vec<String> =
        (0..2).map(|_| post(server.address, "/api/jobs", &order).json()["id"].as_str().unwrap().to_owned()).collect();
    let full = post(server.address, "/api/jobs", &order);
    assert_eq!((full.status, full.refusal().0.as_str()), (429, "too_many"));
    assert_eq!(get(server.address, &format!("/api/jobs/{}", ids[1])).json()["position"], 1);
    send(server.address, "DELETE", &format!("/api/jobs/{}", ids[0]), &[], b"");
    assert_eq!(post(server.address, "/api/jobs", &order).status, 202);
}

#[test]
fn a_job_that_takes_too_long_is_stopped_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |settings| settings.limits.job_seconds = 0);
    let order = json!({"request": {"verb": {"verb": "compose"}, "bars": 8, "steps": 500}, "candidates": 1});
    let job = job(server.address, &order);
    assert_eq!((&job["state"], &job["error"]["code"]), (&json!("error"), &json!("too_large")), "{job}");
}

#[test]
fn other_sites_can_do_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = quiet(folder.path());
    let a = server.address;
    let id = post(a, "/api/pieces", &json!({"score": small_piece()})).json()["id"].as_str().unwrap().to_owned();
    let piece = format!("/api/pieces/{id}");
    let order = json!({"request": {"verb": {"verb": "compose"}}}).to_string();
    let marks = json!({"trashed": true}).to_string();
    let calls = [
        ("POST", "/api/jobs", &order),
        ("PATCH", piece.as_str(), &marks),
        ("POST", "/api/check", &order),
        ("DELETE", "/api/jobs/0123456789abcdef", &marks),
    ];
    for (method, path, body) in calls {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://localhost:3000"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("host", "evil.example"),
        ] {
            let answer = send(a, method, path, &[("content-type", "application/json"), (name, value)], body.as_bytes());
            assert_eq!(answer.refusal().0, "cross_site", "{method} {path} {name}: {value}");
        }
    }
    assert_eq!(get(a, &piece).json()["trashed"], false);
    assert_eq!(get(a, "/api/jobs").json()["jobs"], json!([]));
    let own = format!("http://{a}");
    let answer = send(
        a,
        "PATCH",
        &piece,
        &[("content-type", "application/json"), ("origin", &own), ("sec-fetch-site", "same-origin")],
        marks.as_bytes(),
    );
    assert_eq!(answer.json()["trashed"], true);
    for path in ["/", "/api/verbs", "/api/docs", "/api/nothing", "/some/page"] {
        let answer = get(a, path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("script-src 'self' 'unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}

#[test]
fn with_a_token_nothing_goes_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |settings| {
        settings.workers = 0;
        settings.token = Some("open-sesame".into());
    });
    let a = server.address;
    for path in ["/", "/api/pieces", "/api/verbs", "/api/docs", "/api/library.zip"] {
        assert_eq!(get(a, path).refusal().0, "unauthorised", "{path}");
    }
    assert_eq!(get(a, "/api/health").status, 200);
    assert_eq!(send(a, "GET", "/api/pieces", &[("authorization", "Bearer open-sesame")], b"").status, 200);
    let entered = get(a, "/?token=open-sesame");
    assert_eq!((entered.status, entered.header("location")), (303, Some("/")));
    let cookie = entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(send(a, "GET", "/api/pieces", &[("cookie", &cookie)], b"").status, 200);
}

fn mxl(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = rawzip::ZipArchiveWriter::new(Vec::new());
    for (name, bytes) in entries {
        // The name as it is, whatever path it means.
        let builder = archive.new_file(*name).compression_method(rawzip::CompressionMethod::DEFLATE);
        let (mut entry, config) = builder.start().unwrap();
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::best()));
        writer.write_all(bytes).unwrap();
        let (encoder, output) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(output).unwrap();
    }
    archive.finish().unwrap()
}

fn upload(address: SocketAddr, bytes: &[u8]) -> Answer {
    let kept = send(address, "POST", "/api/pieces", &[("content-type", "application/octet-stream")], bytes);
    let read = send(address, "POST", "/api/read", &[("content-type", "application/octet-stream")], bytes);
    assert_eq!(kept.status >= 400, read.status >= 400, "{} {}", kept.text(), read.text());
    kept
}

#[test]
fn hostile_files_are_refused_in_a_sentence_and_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = quiet(&data);
    let a = server.address;
    let score = |body: &str| {
        format!(
            "<?xml version=\"1.0\"?>{body}<score-partwise version=\"4.0\"><part-list><score-part id=\"P1\"><part-name>&x;</part-name></score-part></part-list><part id=\"P1\"><measure number=\"1\"/></part></score-partwise>"
        )
    };
    let zeros = vec![b' '; 65 << 20];
    let container = b"<container><rootfiles><rootfile full-path=\"../../../etc/passwd\"/></rootfiles></container>";
    let external = score("<!DOCTYPE score-partwise [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>");
    let laughs =
        score("<!DOCTYPE score-partwise [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY x \"&b;&b;&b;&b;\">]>");
    for (name, bytes) in [
        ("bomb", mxl(&[("score.xml", &zeros)])),
        ("path names", mxl(&[("META-INF/container.xml", container), ("../../escaped.xml", b"<score-partwise/>")])),
        ("no score", mxl(&[("readme.txt", b"hello")])),
        ("cut short", mxl(&[("score.xml", b"<score-partwise/>")])[..40].to_vec()),
        ("nothing", vec![]),
        ("a program", b"\x7fELF\x02\x01\x01".to_vec()),
        ("a damaged tune", b"MThd\x00\x00\x00\x06\x00\x01\xff\xff\x00\x60MTrk\xff\xff\xff\xff".to_vec()),
    ] {
        let answer = upload(a, &bytes);
        assert!(answer.status == 400 || answer.status == 413, "{name}: {} {}", answer.status, answer.text());
        answer.refusal();
    }
    // Entities are no reason to refuse the music, but what they stand for is never fetched.
    for text in [external, laughs] {
        let answer = upload(a, text.as_bytes());
        assert!(!answer.text().contains("root:") && !answer.text().contains("hahahaha"), "{}", answer.text());
        assert!(answer.status < 500, "{}", answer.text());
    }
    for (name, bytes) in [
        ("nothing", vec![]),
        ("no library", mxl(&[("score.xml", b"<score-partwise/>")])),
        ("paths for ids", mxl(&[("library.json", br#"{"aeolian_library": 1, "pieces": [{"id": "../../../../x", "title": "", "starred": false, "trashed": false, "created": 0, "updated": 0, "versions": 1}]}"#)])),
        ("missing versions", mxl(&[("library.json", br#"{"aeolian_library": 1, "pieces": [{"id": "0123456789abcdef", "title": "", "starred": false, "trashed": false, "created": 0, "updated": 0, "versions": 999999999}]}"#)])),
        ("from the future", mxl(&[("library.json", br#"{"aeolian_library": 9, "pieces": []}"#)])),
    ] {
        let answer = send(a, "POST", "/api/library", &[("content-type", "application/zip")], &bytes);
        assert_eq!(answer.refusal(), ("bad_request".into(), "file".into()), "{name}: {}", answer.text());
    }
    let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["data"], "nothing is written outside the data folder");
    assert!(std::fs::read_dir(&data).unwrap().all(|e| {
        let name = e.unwrap().file_name().to_string_lossy().into_owned();
        name == "lock" || name.starts_with("aeolian.db")
    }));
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = start(folder.path(), |settings| settings.database = None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let second =
        runtime.block_on(aeolian_serve::Server::bind(aeolian_serve::Settings::local(folder.path().to_owned(), 0)));
    assert!(second.err().unwrap().to_string().contains("another Aeolian is at work"));
}
