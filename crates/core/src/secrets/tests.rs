use proptest::prelude::*;

use super::*;
use crate::text::MAX_ARGUMENTS;

fn arguments(words: &[&str]) -> Arc<[Arc<str>]> {
    words.iter().map(|word| Arc::from(*word)).collect()
}

/// As a shell would: words between blanks, and what stands between `«` and `»` as one.
fn split(line: &str) -> Arc<[Arc<str>]> {
    let mut words = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('«') {
            Some(quoted) => quoted.split_once('»').unwrap(),
            None => {
                rest.split_once(' ').map_or((rest, ""), |(word, _)| (word, &rest[word.len()..]))
            }
        };
        words.push(Arc::from(word));
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    words.into()
}

fn masked(line: &str) -> String {
    let masked = Masking::default().mask(&split(line));
    masked.arguments.join(" ")
}

#[test]
fn c28_secrets_are_hidden_wherever_they_are_given() {
    for (line, expected) in [
        // Options.
        ("app --password=hunter2 --port 80", "app --password=•••• --port 80"),
        ("app --password hunter2 --port 80", "app --password •••• --port 80"),
        ("app --db-password «correct horse battery»", "app --db-password ••••"),
        ("app «--password=correct horse» x", "app --password=•••• x"),
        ("app --token abc123def", "app --token ••••"),
        ("app --api-key=k-1 --apikey k2", "app --api-key=•••• --apikey ••••"),
        ("app -api_key k3 --client-secret s", "app -api_key •••• --client-secret ••••"),
        (
            "java -Djavax.net.ssl.keyStorePassword=changeit -jar a.jar",
            "java -Djavax.net.ssl.keyStorePassword=•••• -jar a.jar",
        ),
        ("cmdkey.exe /add:host /user:me /pass:hunter2", "cmdkey.exe /add:host /user:me /pass:••••"),
        ("app --dbPass=x --secret:y", "app --dbPass=•••• --secret:••••"),
        // Short options of programs that have them.
        ("mysql -uroot -phunter2 shop", "mysql -uroot -p•••• shop"),
        (
            "sudo /usr/bin/mysqldump -u root -phunter2 shop",
            "sudo /usr/bin/mysqldump -u root -p•••• shop",
        ),
        ("sshpass -p hunter2 ssh me@host", "sshpass -p •••• ssh me@host"),
        ("redis-cli -a hunter2 --pass x", "redis-cli -a •••• --pass ••••"),
        ("curl -u me:hunter2 https://host/", "curl -u me:•••• https://host/"),
        ("curl -sSu me:hunter2 https://host/", "curl -sSu me:•••• https://host/"),
        ("curl --user=me:hunter2 https://host/", "curl --user=me:•••• https://host/"),
        ("docker login -u me -p hunter2 host", "docker login -u me -p •••• host"),
        ("openssl pkcs12 -passin pass:hunter2 -in a", "openssl pkcs12 -passin pass:•••• -in a"),
        // Environments that are given as arguments, scripts.
        ("env PGPASSWORD=hunter2 psql", "env PGPASSWORD=•••• psql"),
        ("env «DB_PASS=correct horse» app", "env DB_PASS=•••• app"),
        (
            "docker run -e POSTGRES_PASSWORD=hunter2 postgres",
            "docker run -e POSTGRES_PASSWORD=•••• postgres",
        ),
        ("sh -c «PGPASSWORD=hunter2 psql -h db»", "sh -c PGPASSWORD=•••• psql -h db"),
        ("sh -c «mysql -u root -p'hunter2' shop»", "sh -c mysql -u root -p•••• shop"),
        ("sh -c «app --password 'correct horse' -v»", "sh -c app --password '••••' -v"),
        ("ssh host «sh -c \"mysql -phunter2 shop\"»", "ssh host sh -c \"mysql -p•••• shop\""),
        (
            "bash -c «timeout 5 sh -c \"sshpass -p 'hunter 2' ssh host\"»",
            "bash -c timeout 5 sh -c \"sshpass -p '••••' ssh host\"",
        ),
        ("x REDISCLI_AUTH=abc", "x REDISCLI_AUTH=••••"),
        (
            "kubectl create secret generic a --from-literal=password=hunter2",
            "kubectl create secret generic a --from-literal=password=••••",
        ),
        (
            "mount.cifs //h/s /m -o username=me,password=hunter2,uid=0",
            "mount.cifs //h/s /m -o username=me,password=••••,uid=0",
        ),
        // URLs.
        (
            "app postgres://me:hunter2@db:5432/shop?sslmode=off",
            "app postgres://me:••••@db:5432/shop?sslmode=off",
        ),
        ("app redis://:hunter2@cache/0", "app redis://:••••@cache/0"),
        ("app https://me:hun@ter2@host/a", "app https://me:••••@host/a"),
        ("app https://me:hun/ter2@host/a", "app https://me:••••@host/a"),
        ("app mongodb://u:p@h1:27017,h2:27017/db", "app mongodb://u:••••@h1:27017,h2:27017/db"),
        ("git clone https://0123456789abcdef0123@host/r", "git clone https://••••@host/r"),
        (
            "curl https://host/a?access_token=abcdef&x=1",
            "curl https://host/a?access_token=••••&x=1",
        ),
        ("curl https://h/b?sv=1&sig=abc%3D&se=2", "curl https://h/b?sv=1&sig=••••&se=2"),
        // Headers and JSON.
        (
            "curl -H «Authorization: Bearer abc.def» https://h/",
            "curl -H Authorization: Bearer •••• https://h/",
        ),
        (
            "curl -H «Authorization: Basic bWU6eA==» https://h/",
            "curl -H Authorization: Basic •••• https://h/",
        ),
        ("curl -H «X-Api-Key: abc» https://h/", "curl -H X-Api-Key: •••• https://h/"),
        ("curl -H «Cookie: a=b; c=d» https://h/", "curl -H Cookie: •••• https://h/"),
        (
            "curl -d {\"user\":\"me\",\"password\":\"hun,ter2\"}",
            "curl -d {\"user\":\"me\",\"password\":\"••••\"}",
        ),
        ("app «sends Bearer abcdef0123»", "app sends Bearer ••••"),
        // Connection strings.
        (
            "app «Server=db;Password=hunter 2;Database=shop»",
            "app Server=db;Password=••••;Database=shop",
        ),
        ("app «Server=db; Pwd=hunter2; Database=shop»", "app Server=db; Pwd=••••; Database=shop"),
        ("app «host=db password=hunter2 user=me»", "app host=db password=•••• user=me"),
        (
            "app AccountName=a;AccountKey=abc==;EndpointSuffix=x",
            "app AccountName=a;AccountKey=••••;EndpointSuffix=x",
        ),
        // By their shape.
        ("app ghp_0123456789abcdef0123456789abcdef0123", "app ••••"),
        ("app --id AKIAIOSFODNN7EXAMPLE", "app --id ••••"),
        ("app eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "app ••••"),
        ("app glpat-0123456789abcdefghij", "app ••••"),
    ] {
        assert_eq!(masked(line), expected, "{line}");
    }
}

#[test]
fn c28_ordinary_command_lines_are_left_alone() {
    for line in ORDINARY.lines().filter(|line| !line.is_empty()) {
        let masked = Masking::default().mask(&split(line));
        assert_eq!(masked.arguments, split(line), "{line}");
        assert_eq!((masked.count, masked.revealed), (0, None));
    }
}

#[test]
fn c28_names_and_patterns_of_ones_own() {
    let more = ["pin", r"/licen[cs]e[ =](\S+)/i", r"/corp-\d+/"];
    let masks: Vec<Mask> = more.iter().map(|text| Mask::parse(text).unwrap()).collect();
    let masking = Masking::new(masks).revealing(true);
    let line = split("app --PIN 1234 «License K-1 corp-77» card_pin=5");
    let masked = masking.mask(&line);
    assert_eq!(masked.arguments.join(" "), "app --PIN •••• License •••• •••• card_pin=••••");
    assert_eq!((masked.count, masked.revealed), (4, Some(line)));
    assert!(Mask::parse("/(/").is_err());
    // Nothing hidden, nothing to reveal.
    assert_eq!(masking.mask(&split("app x")).revealed, None);
}

#[test]
fn c28_a_secret_that_a_limit_cut_off_is_hidden_too() {
    let filler = "x".repeat(MAX_COMMAND_LINE - 32);
    let line = arguments(&["app", &filler, "postgres://me:hunter2-hunter"]);
    assert!(!Masking::default().mask(&line).arguments.join(" ").contains("hunter"));
}

#[test]
fn c28_what_is_masked_already_is_not_masked_otherwise() {
    // A mask takes the mark that closes a quotation, or leaves one that closes nothing.
    for line in ["app -Authorization \"password\"/ x", "-Authorization :? password\""] {
        let once = Masking::default().mask(&arguments(&[line]));
        assert_eq!((once.count, Masking::default().mask(&once.arguments).count), (1, 0), "{line}");
    }
}

#[test]
fn c28_what_masks_add_stays_within_the_bound() {
    let many: Vec<String> = (0..MAX_ARGUMENTS).map(|_| "--pw=y".to_owned()).collect();
    let mut words: Vec<&str> = many.iter().map(String::as_str).collect();
    let filler = "x".repeat(MAX_COMMAND_LINE - 6 * MAX_ARGUMENTS);
    words[0] = &filler;
    let masked = Masking::default().mask(&arguments(&words)).arguments;
    assert!(masked.iter().map(|argument| argument.len()).sum::<usize>() <= MAX_COMMAND_LINE);
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => any::<String>(),
        3 => "[-/]{0,2}(password|PGPASSWORD|token|api-key|user|Authorization|x)[=: ]{0,2}[\"']?[a-z@:/;,&? ]{0,8}",
        2 => "(https?|pg)://[a-z:@/\\[\\]?&=0-9]{0,12}",
        2 => proptest::sample::select(vec![
            "mysql", "curl", "docker", "login", "-p", "-phunter", "-u", "-c", "openssl", "pass:x", "•", "••••",
            "Bearer abcdef", "\"", "'", "--password", "a:b", ";pwd=x;", "ghp_0123456789abcdef0123456789abcdef0123",
        ]).prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn c28_masking_twice_is_masking_once(
        words in proptest::collection::vec(proptest::collection::vec(word(), 1..4), 0..6),
    ) {
        let words: Vec<String> = words.into_iter().map(|parts| parts.concat()).collect();
        let line: Arc<[Arc<str>]> = words.iter().map(|word| Arc::from(word.as_str())).collect();
        let once = Masking::default().mask(&line);
        let length: usize = once.arguments.iter().map(|argument| argument.len()).sum();
        prop_assert!(length <= MAX_COMMAND_LINE);
        prop_assert_eq!(once.arguments.len(), line.len());
        let twice = Masking::default().mask(&once.arguments);
        prop_assert_eq!(&twice.arguments, &once.arguments, "{:?}", line);
    }

    #[test]
    fn c28_a_password_is_nowhere_in_what_is_kept(
        secret in "[A-Za-z0-9!#%^*+.~-]{8,24}",
        before in "[a-z]{1,8}",
        after in "[a-z]{1,8}",
    ) {
        // Longer than any word around it, and with a letter that no word has.
        let secret = format!("Z{secret}Z");
        for line in [
            vec![before.clone(), "--password".to_owned(), secret.clone(), after.clone()],
            vec![before.clone(), format!("--password={secret}"), after.clone()],
            vec![before.clone(), format!("DB_PASSWORD={secret}"), after.clone()],
            vec!["mysql".to_owned(), format!("-p{secret}"), after.clone()],
            vec![before.clone(), format!("pg://{before}:{secret}@{after}/db")],
            vec!["sh".to_owned(), "-c".to_owned(), format!("{before} --token={secret} {after}")],
            vec![before.clone(), format!("Server={after};Password={secret};")],
            vec!["curl".to_owned(), "-H".to_owned(), format!("Authorization: Bearer {secret}")],
        ] {
            let line: Arc<[Arc<str>]> = line.iter().map(|word| Arc::from(word.as_str())).collect();
            let masked = Masking::default().mask(&line);
            let text = masked.arguments.join(" ");
            prop_assert!(!text.contains(&secret), "{}", text);
            prop_assert!(text.contains(MASK) && masked.count >= 1, "{}", text);
        }
    }
}

/// What ran on servers and desks, with nothing secret in it.
const ORDINARY: &str = "
/sbin/init splash
/usr/lib/systemd/systemd --switched-root --system --deserialize=43 rhgb
/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation --syslog-only
sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups
sshd: alice@pts/0
nginx: master process /usr/sbin/nginx -g daemon off;
postgres: 16/main: shop shop 10.0.0.5(51234) idle in transaction
/usr/lib/postgresql/16/bin/postgres -D /var/lib/postgresql/16/main -c config_file=/etc/postgresql/16/main/postgresql.conf
psql --no-password shop
/usr/sbin/mysqld --defaults-file=/etc/my.cnf --basedir=/usr --port=3306
mysql --login-path=local -P 3306 shop
redis-server *:6379 [cluster]
/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock
/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80
docker run --rm -p 8080:80 -v secret-volume:/run/secrets -v /a:/b nginx:latest
docker build --secret id=npm,src=.npmrc -t app .
/usr/bin/containerd-shim-runc-v2 -namespace moby -id 0123456789abcdef -address /run/containerd/containerd.sock
kube-apiserver --service-account-key-file=/etc/kubernetes/pki/sa.pub --tls-private-key-file=/etc/kubernetes/pki/a.key --enable-bootstrap-token-auth=true --requestheader-allowed-names=front-proxy-client
kubelet --bootstrap-kubeconfig=/etc/kubernetes/b.conf --rotate-certificates=true --token-ttl=24h
etcd --advertise-client-urls=https://10.0.0.1:2379 --initial-cluster=a=https://10.0.0.1:2380,b=https://10.0.0.2:2380 --initial-cluster-token=none
kubectl get secret app-token -o yaml
java -Xmx4g -Djava.security.egd=file:/dev/./urandom -cp /opt/a.jar:/opt/b.jar com.example.Token --server.port=8080
node /srv/app/server.js --port 3000 --inspect=127.0.0.1:9229
node --max-old-space-size=4096 /usr/bin/vite --host http://localhost:5173/@vite/client
python3 -m http.server 8000 --bind 127.0.0.1
gunicorn: worker [shop.wsgi:application]
/opt/google/chrome/chrome --type=renderer --crashpad-handler-pid=1234 --origin-trial-public-keys=abc,def --field-trial-handle=0,i,1,2 --enable-features=PasswordImport --lang=en-US
/usr/lib/firefox/firefox -contentproc -parentBuildID 20260101 -prefsLen 31000 {0d5a3bd6-4b3c} 1234 tab
/usr/share/code/code --ms-enable-electron-run-as-node --connection-token-file /srv/a/.token
ssh -i /srv/alice/.ssh/id_ed25519 -L 8080:localhost:80 alice@host
ssh-agent -s
git clone https://github.com/rust-lang/rust.git
git clone ssh://git@github.com:22/rust-lang/rust.git
git push git@github.com:rust-lang/rust.git
rsync -avz --password-file=/etc/rsync.pass /src/ host::module
curl -s https://host:8443/path?user=me&page=2
curl -a -T file ftp://host/
wget -q http://[::1]:8080/index.html
openssl s_client -connect host:443 -servername host
gpg-agent --supervised
gpg --batch --passphrase-file /run/p --sign a
ansible-playbook -i hosts site.yml --ask-become-pass --ask-pass
Xorg :0 -auth /run/user/1000/gdm/Xauthority -nolisten tcp vt2
ffmpeg -i rtsp://camera:554/stream -c copy out.mp4
prometheus --config.file=/etc/prometheus.yml --web.listen-address=0.0.0.0:9090
vault server -config=/etc/vault.hcl
llama-server --max-tokens 4096 --max-token=512 --model /m.gguf
mongod --config /etc/mongod.conf --auth --keyFile /etc/mongo.key
mongosh mongodb://h1:27017,h2:27017/db
7z a out.7z /data
zip -r out.zip /data
psql -h db -U shop -W
terraform apply -var region=eu -auto-approve
bash --login
make -j2 CC=gcc PREFIX=/usr
C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s Schedule
C:\\Windows\\system32\\lsass.exe
\"C:\\Program Files\\App\\app.exe\" /config:C:\\app.ini /verbose
msbuild app.sln -p:Configuration=Release
keepassxc /srv/a/Passwords.kdbx
/usr/libexec/gnome-keyring-daemon --foreground --components=pkcs11,secrets
tail -f /var/log/auth.log
chpasswd
passwd alice
";
