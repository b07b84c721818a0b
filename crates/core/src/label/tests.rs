use super::*;
use crate::key::{HostId, ProcessKey};
use proptest::prelude::*;

fn process(name: &str, arguments: &[&str]) -> Process {
    let key = ProcessKey { host: HostId::LOCAL, pid: 42, started: 1 };
    let mut process = Process::bare(key, name);
    process.arguments = arguments.iter().map(|&a| Arc::from(a)).collect();
    process
}

/// Name, command line with arguments separated by single blanks, label.
#[rustfmt::skip]
const CASES: &[(&str, &str, &str)] = &[
    // The name says enough.
    ("nginx", "nginx: worker process", "nginx"),
    ("postgres", "postgres: alice shop 127.0.0.1(42) idle", "postgres"),
    ("postgres: alice shop", "postgres: alice shop 127.0.0.1(42) idle", "postgres"),
    ("sshd: alice@pts/0", "sshd: alice@pts/0", "sshd"),
    ("redis-server", "/usr/bin/redis-server 127.0.0.1:6379", "redis-server"),
    ("curl", "curl https://example.org", "curl"),
    ("procnet.exe", "procnet.exe", "procnet.exe"),
    ("kworker/0:1-events", "", "kworker/0:1-events"),
    ("", "", "pid 42"),
    // Python.
    ("python", "python app.py", "python app.py"),
    ("python3.11", "/usr/bin/python3.11 /srv/shop/app.py --port 8000", "python app.py"),
    ("python3", "python3 -u -X dev -W ignore app.py", "python app.py"),
    ("python3", "python3 -m http.server 8000", "python http.server"),
    ("python3", "python3 -mhttp.server", "python http.server"),
    ("python3", "python3 -um http.server", "python http.server"),
    ("python3", "python3 -m uvicorn shop:app --port 80", "uvicorn shop:app"),
    ("python3", "python3 -c import\u{a0}time", "python -c"),
    ("python3", "python3 -Ic pass", "python -c"),
    ("python3", "python3", "python"),
    ("python3", "", "python"),
    ("python3", "python3 -", "python"),
    ("python3", "python3 -- -odd.py", "python -odd.py"),
    ("python3", "python3 /srv/shop/__main__.py", "python shop/__main__.py"),
    ("python3", "python3 manage.py runserver", "python manage.py"),
    ("python3", "python3 /srv/shop/manage.py runserver", "python shop/manage.py"),
    ("python.exe", r"C:\Python\python.exe C:\srv\app.py", "python app.py"),
    ("pythonw.exe", r"pythonw.exe app.py", "pythonw app.py"),
    ("python3.11", "/usr/bin/python3 /usr/bin/gunicorn -w 4 shop.wsgi:app", "gunicorn shop.wsgi:app"),
    ("gunicorn", "/usr/bin/python3 /usr/bin/gunicorn -b 0.0.0.0:80 shop:create_app()", "gunicorn shop:create_app()"),
    ("gunicorn", "gunicorn: master [shop:app]", "gunicorn shop:app"),
    ("uvicorn", "/venv/bin/python /venv/bin/uvicorn --host 0.0.0.0 --port 8000 api.main:app", "uvicorn api.main:app"),
    ("celery", "/usr/bin/python3 /usr/bin/celery -A shop worker", "celery shop"),
    ("flask", "/usr/bin/python3 /usr/bin/flask run", "flask run"),
    ("fail2ban-server", "/usr/bin/python3 /usr/bin/fail2ban-server -xf start", "fail2ban-server"),
    // Node and its kin.
    ("node", "node server.js", "node server.js"),
    ("node", "node -r dotenv/config --max-old-space-size=4096 /srv/server.js", "node server.js"),
    ("node", "node --inspect=0.0.0.0:9229 --require ts-node/register src/api.ts", "node api.ts"),
    ("node", "node /srv/shop/dist/index.js", "node shop/…/index.js"),
    ("node", "node /srv/shop/index.js", "node shop/index.js"),
    ("node", "node index.js", "node index.js"),
    ("node", "node -e 1", "node -e"),
    ("node", "node --eval=1", "node --eval"),
    ("MainThread", "node server.js", "node server.js"),
    ("node-MainThread", "/usr/bin/node server.js", "node server.js"),
    ("node.exe", r"C:\nodejs\node.exe .\server.js", "node server.js"),
    ("deno", "deno run --allow-net -L info main_api.ts", "deno run main_api.ts"),
    ("bun", "bun server.ts", "bun server.ts"),
    ("bun", "bun run dev", "bun run dev"),
    ("npm", "npm run dev", "npm run dev"),
    ("npm", "npm start", "npm start"),
    ("npm run dev", "npm run dev", "npm run dev"),
    ("npx", "npx --yes vite", "npx vite"),
    ("yarn", "yarn --cwd web dev", "yarn dev"),
    // Java.
    ("java", "java -jar x.jar", "java x.jar"),
    ("java", "/usr/bin/java -Xmx1g -Dx=y -jar /srv/shop-1.0.jar --server.port=80", "java shop-1.0.jar"),
    ("java", "java -cp a.jar:b.jar com.shop.Billing", "java Billing"),
    ("java", "java -classpath a.jar --add-opens java.base/java.lang=ALL-UNNAMED com.shop.Main", "java shop.Main"),
    ("java", "java --module-path mods -m shop/com.shop.Billing", "java Billing"),
    ("java", "java --module=shop/com.shop.Billing", "java Billing"),
    ("java", "java @args.txt com.shop.Billing", "java Billing"),
    ("java", "java Hello.java", "java Hello.java"),
    ("java", "java kafka.Kafka server.properties", "java Kafka"),
    ("java", "java Main", "java Main"),
    ("java.exe", r"java.exe -jar C:\srv\x.jar", "java x.jar"),
    // The rest.
    ("ruby", "ruby -W0 -I lib bin/worker.rb", "ruby worker.rb"),
    ("ruby3.1", "ruby3.1 -rsocket -e loop{}", "ruby -e"),
    ("perl", "perl -w /opt/agent.pl", "perl agent.pl"),
    ("perl", "perl -ne print", "perl -e"),
    ("php", "php -d memory_limit=1G artisan queue:work", "php artisan"),
    ("php", "php -S 127.0.0.1:8000 -t public", "php"),
    ("bash", "bash /opt/backup.sh --now", "bash backup.sh"),
    ("bash", "bash -euo pipefail -c sleep", "bash -c"),
    ("bash", "bash -lc sleep", "bash -c"),
    ("bash", "-bash", "bash"),
    ("sh", "/bin/sh -e /etc/rc.local", "sh rc.local"),
    ("pwsh", "pwsh -NoProfile -ExecutionPolicy Bypass -File job.ps1", "pwsh job.ps1"),
    ("powershell.exe", "powershell.exe -Command Get-Date", "powershell -Command"),
    ("dotnet", "dotnet /srv/Shop.Api.dll --urls http://*:80", "dotnet Shop.Api.dll"),
    ("dotnet", "dotnet exec --runtimeconfig x.json Shop.dll", "dotnet exec Shop.dll"),
    ("dotnet", "dotnet run --project Shop", "dotnet run Shop"),
    ("uv", "uv run --with httpx app.py", "uv run app.py"),
    ("uv", "uv run -m shop.api", "uv run shop.api"),
    ("poetry", "poetry -C /srv run serve", "poetry run serve"),
    ("cargo", "cargo run --release", "cargo run"),
    ("wine64-preloader", "wine64-preloader game.exe", "wine64-preloader game.exe"),
];

#[test]
fn labels_tell_processes_apart() {
    for &(name, line, expected) in CASES {
        let arguments: Vec<&str> = if line.is_empty() { vec![] } else { line.split(' ').collect() };
        assert_eq!(&*distinguishing_label(&process(name, &arguments)), expected, "{line}");
        // The same as one string: a title that the program wrote itself.
        if line.contains(' ') && !line.starts_with(['/', 'C']) && !arguments.contains(&"") {
            let titled = distinguishing_label(&process(name, &[line]));
            assert_eq!(&*titled, expected, "the title {line}");
        }
    }
}

#[test]
fn a_name_that_is_a_threads_gives_way_to_the_executable() {
    let mut node = process("MainThread", &["api"]);
    node.exe = Some(Arc::from("/usr/bin/node"));
    assert_eq!(&*distinguishing_label(&node), "node");
}

#[test]
fn a_relay_says_whose_connections_it_has() {
    for (name, label) in [
        ("wslrelay.exe", "wslrelay.exe (relay of WSL)"),
        ("com.docker.backend.exe", "com.docker.backend.exe (relay of Docker Desktop)"),
        ("vpnkit", "vpnkit (relay of Docker Desktop)"),
        ("wslrelays.exe", "wslrelays.exe"),
    ] {
        assert_eq!(&*distinguishing_label(&process(name, &[name, "--mode"])), label);
    }
}

#[test]
fn a_label_is_bounded() {
    let script = format!("{}.py", "ä".repeat(200));
    let label = distinguishing_label(&process("python", &["python", &script]));
    assert_eq!(label.chars().count(), MAX_LABEL);
    assert!(label.starts_with("python ää") && label.ends_with('…'), "{label}");
    let exact = "x".repeat(MAX_LABEL);
    assert_eq!(*distinguishing_label(&process(&exact, &[])), exact);
    // A launcher that names itself over and over.
    let nested = ["gunicorn"; 100].map(|_| "python");
    assert!(distinguishing_label(&process("python", &nested)).chars().count() <= MAX_LABEL);
}

#[test]
fn every_launcher_is_shown_by_a_name_that_names_it() {
    for launcher in LAUNCHERS {
        for name in launcher.names {
            assert!(std::ptr::eq(launcher_named(name).unwrap(), launcher), "{name}");
            assert_eq!(shown_name(launcher, name), *name);
        }
    }
}

proptest! {
    #[test]
    fn no_process_makes_the_label_panic_or_grow(
        name in "(python3?|java|node|bash|gunicorn|npm|uv|MainThread|.{0,8})(: .{0,3})?",
        arguments in proptest::collection::vec(
            "(--?[a-zA-Z]{0,8}=?|/?[a-z]{0,4}/?|python|java|gunicorn|run|x:app|\\[|.{0,6}){0,2}",
            0..8,
        ),
    ) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let label = distinguishing_label(&process(&name, &arguments));
        prop_assert!(!label.is_empty());
        prop_assert!(label.chars().count() <= MAX_LABEL);
    }
}
