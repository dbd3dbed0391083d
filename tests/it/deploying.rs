//! What is in `deploy/` is what it says: units that systemd takes and that let the relay live, a package whose files are
//! there, a fleet whose parts fit, a chart that renders.
//!
//! Those that need systemd's tools, strace, HAProxy, AppArmor's parser or Helm are ignored by `cargo test` and run by
//! `tests/run`, which installs them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Component, Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use yaml_rust2::{Yaml, YamlLoader};

use crate::support::{
    eventually, free_port,
    relay::{Relay, SEKISHO},
    sink::Sink,
    talk::{self, Talk, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";

/// The exposure that `systemd-analyze security` may give the service, times ten.
const EXPOSURE: &str = "15";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn deploy(name: &str) -> PathBuf {
    root().join("deploy").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(deploy(name)).map_err(|why| format!("deploy/{name}: {why}")).unwrap()
}

fn yaml(name: &str) -> Vec<Yaml> {
    YamlLoader::load_from_str(&read(name)).map_err(|why| format!("deploy/{name}: {why}")).unwrap()
}

/// Runs a program that `tests/run` installs.
fn run(program: &str, arguments: &[&str]) -> Output {
    let ran = Command::new(program).args(arguments).env("SYSTEMD_COLORS", "0").output();
    ran.map_err(|why| format!("{program}: {why}; run the tests with tests/run, which installs it")).unwrap()
}

/// What a program said that has to succeed.
fn said(program: &str, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = run(program, arguments);
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{program} {arguments:?}: {said}");
    said
}

#[test]
#[ignore = "needs systemd-analyze; tests/run installs it"]
fn systemd_takes_the_units_and_finds_little_exposed() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    let service = read("systemd/sekisho.service").replace("ExecStart=sekisho ", &format!("ExecStart={SEKISHO} "));
    fs::write(path("sekisho.service"), service).unwrap();
    fs::write(path("sekisho.socket"), read("systemd/sekisho.socket")).unwrap();
    let verified = said("systemd-analyze", &["verify", "--man=no", &path("sekisho.service"), &path("sekisho.socket")]);
    let ours: Vec<&str> = verified.lines().filter(|line| line.contains("sekisho")).collect();
    assert!(ours.is_empty(), "{ours:?}");
    let security = ["security", "--offline=true", &format!("--threshold={EXPOSURE}"), &path("sekisho.service")];
    let measured = said("systemd-analyze", &security);
    let exposure = measured.split("Overall exposure level for sekisho.service: ").nth(1).unwrap();
    let exposure = exposure.split(' ').next().unwrap();
    assert!(read("hardening.md").contains(&format!("exposure of **{exposure}**")), "it is {exposure}: say so there");
    for (tool, file) in
        [("systemd-sysusers", "systemd/sekisho.sysusers.conf"), ("systemd-tmpfiles", "systemd/sekisho.tmpfiles.conf")]
    {
        let into = home.path().join(tool);
        fs::create_dir(&into).unwrap();
        fs::create_dir(into.join("etc")).unwrap();
        let known = fs::read_to_string("/etc/passwd").unwrap() + "sekisho:x:990:990::/:/bin/false\n";
        if tool == "systemd-tmpfiles" {
            fs::write(into.join("etc/passwd"), known).unwrap();
            fs::write(into.join("etc/group"), "root:x:0:\nsekisho:x:990:\n").unwrap();
        }
        let create: &[&str] = if tool == "systemd-tmpfiles" { &["--create"] } else { &[] };
        let file = deploy(file).display().to_string();
        let root = format!("--root={}", into.display());
        said(tool, &[create, &[&root, &file]].concat());
    }
    let users = fs::read_to_string(home.path().join("systemd-sysusers/etc/passwd")).unwrap();
    assert!(users.contains("\nsekisho:") || users.starts_with("sekisho:"), "{users}");
    let made = home.path().join("systemd-tmpfiles/var/lib/sekisho").metadata().unwrap();
    assert_eq!(made.permissions().mode() & 0o777, 0o700);
}

/// What the relay calls where it is root, and never as a service: its workers become nobody, and SQLite gives its files to
/// the owner of their folder.
const AS_ROOT: [&str; 3] = ["fchown", "setgroups", "setuid"];

/// The system calls of a set, those of sets inside of it included; a call alone is itself.
fn system_calls(set: &str) -> BTreeSet<String> {
    if !set.starts_with('@') {
        return BTreeSet::from([set.to_owned()]);
    }
    let mut calls = BTreeSet::new();
    for line in said("systemd-analyze", &["syscall-filter", set]).lines().skip(1).map(str::trim) {
        match line.chars().next() {
            Some('@') => calls.extend(system_calls(line)),
            Some(c) if c != '#' => drop(calls.insert(line.to_owned())),
            _ => {}
        }
    }
    assert!(!calls.is_empty(), "{set}");
    calls
}

#[test]
#[ignore = "needs strace and systemd-analyze; tests/run installs them"]
fn the_service_makes_no_system_call_that_its_unit_forbids() {
    let unit = read("systemd/sekisho.service");
    let mut allowed = BTreeSet::new();
    for filter in unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        // In their order, as systemd does: what a line takes away, a later one can give back.
        match filter.strip_prefix('~') {
            Some(sets) => sets.split(' ').flat_map(system_calls).for_each(|call| {
                allowed.remove(&call);
            }),
            None => allowed.extend(filter.split(' ').flat_map(system_calls)),
        }
    }
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let trace = relay.home().join("trace");
    let mut program = Command::new("strace");
    program.args(["-D", "-f", "-qq", "-o"]).arg(&trace).arg(SEKISHO).stdin(Stdio::null());
    relay.run_as(program);
    talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("clean", "s", "no data")).unwrap();
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("held", "s", "マイナンバー 1234 5678 9018"));
    assert!(reply.unwrap().contains("held as"));
    relay.signal(crate::support::relay::Signal::HUP);
    eventually("a reload", || relay.log().contains("reloaded").then_some(()));
    assert!(relay.stop());
    let trace = fs::read_to_string(trace).unwrap();
    let name = |line: &str| {
        let call = line.split_once(' ')?.1.trim_start().split_once('(')?.0.to_owned();
        call.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_').then_some(call)
    };
    let made: BTreeSet<String> = trace.lines().filter_map(name).collect();
    assert!(made.len() > 40 && made.contains("seccomp") && made.contains("landlock_restrict_self"), "{made:?}");
    let root = rustix::process::geteuid().is_root();
    let may = |call: &str| allowed.contains(call) || (root && AS_ROOT.contains(&call));
    let wrong: Vec<&String> = made.iter().filter(|call| !may(call)).collect();
    assert!(wrong.is_empty(), "the unit forbids {wrong:?}");
}

#[test]
fn the_package_has_all_that_it_names_and_its_scripts_are_shell() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    let assets: Vec<Vec<&str>> = deb["assets"].as_array().unwrap().iter().map(texts).collect();
    for asset in &assets {
        let [from, to, mode] = asset.as_slice() else { panic!("{asset:?}") };
        let executable = from.starts_with("target/");
        assert_eq!(*mode, if executable { "755" } else { "644" }, "{from}");
        assert!(!to.starts_with('/') && !to.contains("local"), "{to}");
        assert!(executable || !sources(from).is_empty(), "{from} is not there");
    }
    for kept in texts(&deb["conf-files"]) {
        assert!(assets.iter().any(|asset| format!("/{}", asset[1]) == kept), "{kept} is no file of the package");
        assert!(read("systemd/sekisho.service").contains(&format!("EnvironmentFile=-{kept}")), "nobody reads {kept}");
    }
    let scripts = root().join(deb["maintainer-scripts"].as_str().unwrap());
    for script in ["postinst", "prerm", "postrm"] {
        let path = scripts.join(script);
        assert!(said("sh", &["-n", &path.display().to_string()]).is_empty());
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("#!/bin/sh\n") && text.contains("\nset -e\n"), "{script}");
        // Held mail and the journal outlive the package.
        assert!(!text.contains("rm ") && !text.contains("userdel"), "{script} removes something");
    }
    for file in ["sysusers", "tmpfiles"] {
        let installed = format!("systemd-{file}");
        assert!(fs::read_to_string(scripts.join("postinst")).unwrap().contains(&installed), "{file}");
    }
}

/// The files that an asset's source names, in the forms that are used: a file, `folder/*.md`, `folder/**/*`.
fn sources(asset: &str) -> Vec<PathBuf> {
    let (folder, name) = asset.rsplit_once('/').unwrap_or(("", asset));
    let (folder, whole_tree) = folder.strip_suffix("/**").map_or((folder, false), |folder| (folder, true));
    let ending = name.split_once('*').map(|(_, ending)| ending);
    let (mut found, mut waiting) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let (path, file) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                waiting.extend(whole_tree.then_some(path));
            } else if ending.map_or(file == name, |ending| file.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found
}

/// What the package has: each file's path on the machine, and where it comes from.
fn packaged() -> BTreeMap<PathBuf, PathBuf> {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array().unwrap();
    let mut files = BTreeMap::new();
    for asset in assets.iter().map(texts) {
        let (from, to) = (asset[0], Path::new("/").join(asset[1]));
        if from.starts_with("target/") {
            continue;
        }
        let tree = from.split_once("/**").map(|(tree, _)| root().join(tree));
        for file in sources(from) {
            let installed = match &tree {
                Some(tree) => to.join(file.strip_prefix(tree).unwrap()),
                None if asset[1].ends_with('/') => to.join(file.file_name().unwrap()),
                None => to.clone(),
            };
            files.insert(installed, file);
        }
    }
    files
}

/// Where the links of a page lead, outside its examples, if not to another machine or to a place on the page.
fn links(page: &str) -> Vec<&str> {
    let mut links = Vec::new();
    let mut in_example = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            in_example = !in_example;
        }
        if !in_example {
            links.extend(line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()));
        }
    }
    links.retain(|link| !link.is_empty() && !link.contains("://"));
    links
}

/// `a/b/../c` as `a/c`: what is packaged is nowhere on the disk.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, component| {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            component => plain.push(component),
        }
        plain
    })
}

#[test]
fn every_link_of_a_packaged_page_leads_to_something_in_the_package() {
    let files = packaged();
    let (mut seen, mut wrong) = (0, Vec::new());
    for (installed, file) in files.iter().filter(|(page, _)| page.extension().is_some_and(|ending| ending == "md")) {
        for link in links(&fs::read_to_string(file).unwrap()) {
            seen += 1;
            let target = plain(&installed.parent().unwrap().join(link));
            // A folder is there if something in it is.
            if !files.keys().any(|known| known.starts_with(&target)) {
                wrong.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "not in the package:\n{}", wrong.join("\n"));
    assert!(seen > 50, "only {seen} links found");
    for needed in ["deploy/postfix/content-filter/main.cf", "deploy/exim/router/150_sekisho", "LICENSE-MIT"] {
        let path = Path::new("/usr/share/doc/sekisho").join(needed);
        assert!(files.contains_key(&path), "{} is not in the package", path.display());
    }
}

/// `allow_from` of `[smtp]` names loopback, from where a node drills itself.
#[test]
fn the_daily_drill_comes_in_where_fleet_and_chart_listen() {
    let chart = yaml("helm/sekisho/values.yaml")[0]["config"].as_str().unwrap().to_owned();
    for (name, text) in [("the fleet", read("container/sekisho.toml")), ("the chart", chart)] {
        let config: toml::Table = text.parse().unwrap();
        assert!(texts(&config["smtp"]["allow_from"]).contains(&"127.0.0.0/8"), "{name}");
    }
}

/// Each condition of `GET /health` is in the table that says what it means.
#[test]
fn every_condition_is_explained() {
    let page = read("README.md");
    for condition in sekisho::telemetry::health::Condition::ALL {
        assert!(page.contains(&format!("\n| `{}` | ", condition.name())), "{} is not in the table", condition.name());
    }
}

fn texts(list: &toml::Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn the_container_runs_as_nobody_special_and_names_no_place_to_fetch_from() {
    let file = read("container/Containerfile");
    let last = |word: &str| file.lines().rfind(|line| line.starts_with(word)).unwrap_or_default().to_owned();
    assert_eq!(last("USER"), "USER 10001:10001");
    assert!(last("ENTRYPOINT").contains("/usr/bin/sekisho") && file.contains("\nHEALTHCHECK "));
    assert!(file.contains("-C target-feature=+crt-static"), "the program is static");
    for image in file.lines().filter_map(|line| line.strip_prefix("ARG ")?.split_once('=')).map(|(_, image)| image) {
        assert!(!image.contains('.') || !image.contains('/'), "{image} names a host");
    }
}

#[test]
fn every_part_of_the_fleet_is_there_and_locked_in() {
    let compose = &yaml("container/compose.yaml")[0];
    let services = compose["services"].as_hash().unwrap();
    assert_eq!(services.len(), 6);
    for (name, service) in services {
        let name = name.as_str().unwrap();
        // A node is what `x-node` says, and what it says itself.
        let part = |key: &str| if name.starts_with("sekisho-") { &compose["x-node"][key] } else { &service[key] };
        assert!(part("privileged").is_badvalue() && !part("networks").is_badvalue(), "{name}");
        assert!(matches!(part("logging"), Yaml::Hash(_)), "{name} may fill the disk with its log");
        if ["sekisho-a", "sekisho-b", "haproxy"].contains(&name) {
            assert_eq!(part("read_only").as_bool(), Some(true), "{name}");
            assert_eq!(part("cap_drop")[0].as_str(), Some("ALL"), "{name}");
        }
        for volume in service["volumes"].as_vec().unwrap_or(&Vec::new()) {
            let from = volume.as_str().unwrap().split(':').next().unwrap();
            let known = if from.starts_with('.') {
                deploy("container").join(from).is_file()
            } else {
                !compose["volumes"][from].is_badvalue()
            };
            assert!(known, "{name} mounts {from}, which is not there");
        }
    }
    for variable in read("container/compose.yaml").split("${").skip(1).filter_map(|rest| rest.split([':', '}']).next())
    {
        assert!(read("container/env.example").contains(&format!("{variable}=")), "{variable} is not in env.example");
    }
    let prometheus = &yaml("container/prometheus.yml")[0];
    let targets = &prometheus["scrape_configs"][0]["static_configs"][0]["targets"];
    assert_eq!(targets.as_vec().unwrap().len(), 2);
    assert_eq!(prometheus["scrape_configs"][0]["job_name"].as_str(), Some("sekisho"), "the alerts ask for it");
    for name in ["container/grafana/datasource.yml", "container/grafana/dashboards.yml", "prometheus/sekisho.rules.yml"]
    {
        assert_eq!(yaml(name).len(), 1, "{name}");
    }
}

/// Each condition of `GET /health` is in an alert, and every alert says what to do.
#[test]
fn every_condition_wakes_somebody_or_waits_for_the_morning() {
    let rules = &yaml("prometheus/sekisho.rules.yml")[0];
    let alerts = rules["groups"][0]["rules"].as_vec().unwrap();
    let mut asked = String::new();
    for alert in alerts {
        let severity = alert["labels"]["severity"].as_str().unwrap();
        assert!(["page", "ticket"].contains(&severity), "{alert:?}");
        assert!(alert["annotations"]["description"].as_str().unwrap().len() > 40, "{alert:?}");
        asked.push_str(alert["expr"].as_str().unwrap());
    }
    for condition in sekisho::telemetry::health::Condition::ALL {
        let named = asked.split(['|', '"']).any(|word| word == condition.name());
        assert!(named, "no alert asks for the condition {}", condition.name());
    }
}

/// `sekisho config check` of a configuration.
fn check(text: &str) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("sekisho.toml");
    fs::write(&file, text).unwrap();
    said(SEKISHO, &["config", "check", &file.display().to_string()]);
}

#[test]
fn the_configurations_of_fleet_and_chart_load() {
    let fleet = read("container/sekisho.toml");
    assert!(fleet.contains("url = \"postgres://"));
    check(&fleet);
    let config = yaml("helm/sekisho/values.yaml")[0]["config"].as_str().unwrap().to_owned();
    check(&config);
    for (key, port) in [("smtp", 10_025), ("console", 8_025), ("metrics", 9_464)] {
        assert!(config.contains(&format!("0.0.0.0:{port}")) && fleet.contains(&format!("0.0.0.0:{port}")), "{key}");
        assert!(read("helm/sekisho/templates/statefulset.yaml").contains(&format!("containerPort: {port}")), "{key}");
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs HAProxy; tests/run installs it"]
fn a_real_haproxy_brings_mail_to_two_nodes_and_says_from_whom() {
    let (sink, trusted) = (Sink::start(), "[smtp]\nproxy_protocol_from = [\"127.0.0.1\"]\n");
    let nodes = [Relay::start_with(sink.address, trusted), Relay::start_with(sink.address, trusted)];
    let (mail, people) = (free_port(), free_port());
    let mut text = read("container/haproxy.cfg").replace("bind :25\n", &format!("bind 127.0.0.1:{mail}\n"));
    text = text.replace("bind :8025\n", &format!("bind 127.0.0.1:{people}\n")).replace("parse-resolv-conf\n", "");
    text = text.replace(" resolvers names", "").replace("resolvers names\n", "resolvers unused\n");
    for (node, letter) in nodes.iter().zip(["a", "b"]) {
        text = text.replace(&format!(" sekisho-{letter}:10025"), &format!(" {}", node.smtp));
        text = text.replace(&format!(" sekisho-{letter}:8025"), &format!(" {}", node.console));
    }
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("haproxy.cfg");
    fs::write(&file, text).unwrap();
    let haproxy = if Path::new("/usr/sbin/haproxy").exists() { "/usr/sbin/haproxy" } else { "haproxy" };
    said(haproxy, &["-c", "-f", &file.display().to_string()]);
    let log = fs::File::create(home.path().join("log")).unwrap();
    let mut starting = Command::new(haproxy);
    starting.arg("-db").arg("-f").arg(&file).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    let _running = Running(starting.spawn().unwrap());
    let mail = SocketAddr::from(([127, 0, 0, 1], mail));
    eventually("HAProxy to find a node", || {
        let mut talk = Talk::start(mail).ok()?;
        talk.say("QUIT").ok()
    });
    for number in 0..4 {
        let reply = talk::send(mail, SENDER, &[CONTRACTOR], &letter(&format!("m{number}"), "s", "no data")).unwrap();
        assert!(reply.starts_with("250"), "{reply}");
    }
    let seen: Vec<usize> = nodes.iter().map(journalled).collect();
    assert!(seen.iter().sum::<usize>() == 4 && seen.iter().all(|count| *count > 0), "{seen:?}");
    let page = SocketAddr::from(([127, 0, 0, 1], people));
    let (status, _) = crate::health::health(page);
    assert_eq!(status, 200);
    let log = fs::read_to_string(home.path().join("log")).unwrap();
    assert!(!log.contains("DOWN"), "{log}");
}

/// How many mails a node has in its journal.
fn journalled(node: &Relay) -> usize {
    let config = node.config().display().to_string();
    let found = said(SEKISHO, &["journal", "search", "--json", "--config", &config]);
    found.lines().filter(|line| line.contains("\"kind\":\"mail\"")).count()
}

#[test]
#[ignore = "needs apparmor_parser; tests/run installs it"]
fn the_profile_of_apparmor_is_one() {
    let parser =
        if Path::new("/usr/sbin/apparmor_parser").exists() { "/usr/sbin/apparmor_parser" } else { "apparmor_parser" };
    said(parser, &["--skip-kernel-load", "--skip-cache", &deploy("apparmor/sekisho").display().to_string()]);
}

/// Helm, where `tests/run` puts it.
fn helm(arguments: &[&str]) -> Output {
    let program = root().join("target/helm/helm");
    assert!(program.exists(), "{} is missing; run the tests with tests/run", program.display());
    run(&program.display().to_string(), arguments)
}

#[test]
#[ignore = "needs Helm; tests/run installs it"]
fn the_chart_is_sound_renders_and_refuses_what_cannot_work() {
    let chart = deploy("helm/sekisho").display().to_string();
    let lint = helm(&["lint", "--strict", &chart]);
    assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
    let render = |set: &str| {
        let rendered = helm(&["template", "relay", &chart, "--set", set]);
        let text = String::from_utf8_lossy(&rendered.stdout).into_owned();
        (rendered.status.success(), text, String::from_utf8_lossy(&rendered.stderr).into_owned())
    };
    let whole = "replicas=3,sealKeySecret=seal,existingSecret=own,serviceMonitor=true,service.type=LoadBalancer,\
                 storage.className=fast,nodeSelector.disk=ssd,networkPolicy.metricsFrom[0].podSelector.matchLabels.a=b";
    for (set, kinds) in [
        ("replicas=1", &["NetworkPolicy", "PodDisruptionBudget", "Secret", "Service", "Service", "StatefulSet"][..]),
        (whole, &["NetworkPolicy", "PodDisruptionBudget", "Service", "Service", "StatefulSet", "ServiceMonitor"][..]),
        ("networkPolicy.enabled=false", &["PodDisruptionBudget", "Secret", "Service", "Service", "StatefulSet"][..]),
    ] {
        let (rendered, text, why) = render(set);
        assert!(rendered, "{set}: {why}");
        let documents = YamlLoader::load_from_str(&text).unwrap();
        let found: Vec<&str> = documents.iter().filter_map(|document| document["kind"].as_str()).collect();
        assert_eq!(found, kinds, "{set}");
        let set_of = documents.iter().find(|document| document["kind"].as_str() == Some("StatefulSet")).unwrap();
        let pod = &set_of["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"].as_bool(), Some(true));
        for kind in ["containers", "initContainers"] {
            for container in pod[kind].as_vec().unwrap_or(&Vec::new()) {
                let context = &container["securityContext"];
                assert_eq!(context["readOnlyRootFilesystem"].as_bool(), Some(true), "{set}: {container:?}");
                assert_eq!(context["allowPrivilegeEscalation"].as_bool(), Some(false), "{set}: {container:?}");
                assert_eq!(context["capabilities"]["drop"][0].as_str(), Some("ALL"), "{set}: {container:?}");
            }
        }
    }
    for (set, why) in [("replicas=2", "needs one seal.key"), ("replicas=2,sealKeySecret=seal", "needs store.url")] {
        let (rendered, _, told) = render(set);
        assert!(!rendered && told.contains(why), "{set}: {told}");
    }
}
