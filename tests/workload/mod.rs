//! Real programs that talk to each other on loopback, for end-to-end tests and the screenshot:
//! two web clients → nginx → an app server → PostgreSQL and memcached; two workers → Redis;
//! a UDP pair; a listener that nobody talks to.

pub(crate) mod program;

use std::net::{TcpListener, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use program::{Failure, Program};

/// The running programs. Dropping it ends them.
///
/// The fields stand in the order in which they are to end: clients before servers.
pub(crate) struct Workload {
    pub(crate) web_clients: Vec<Program>,
    pub(crate) workers: Vec<Program>,
    pub(crate) udp_client: Program,
    pub(crate) nginx: Program,
    pub(crate) app: Program,
    pub(crate) postgres: Program,
    pub(crate) memcached: Program,
    pub(crate) redis: Program,
    pub(crate) udp_server: Program,
    pub(crate) idle: Program,
    _folder: Folder,
}

/// How often the workload is started at most.
const TRIES: u32 = 3;

impl Workload {
    /// Starts everything and waits until each connection stands.
    ///
    /// # Errors
    /// [`Failure::Missing`] if a program is not installed.
    pub(crate) fn start(ports: Ports) -> Result<Self, Failure> {
        let mut tries = 1;
        loop {
            match Self::try_to_start(ports) {
                // Somebody else may have taken a port that was free.
                Err(Failure::Other(why)) if tries < TRIES && matches!(ports, Ports::Free) => {
                    eprintln!("the workload does not start, and is started anew: {why}");
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    fn try_to_start(ports: Ports) -> Result<Self, Failure> {
        let folder = Folder::new()?;
        let redis = redis(&folder, ports.tcp(6379)?)?;
        let memcached = memcached(ports.tcp(11211)?)?;
        let (postgres, postgres_user) = postgres(&folder, ports.tcp(5432)?)?;
        let app = ports.tcp(8080)?;
        let arguments =
            [app.to_string(), postgres.port.to_string(), postgres_user, memcached.port.to_string()];
        let app = script("app.py", app, &arguments)?;
        let nginx = nginx(&folder, ports.tcp(80)?, app.port)?;
        let udp_port = ports.udp(5353)?;
        let udp_server = script("udp_server.py", udp_port, &[udp_port.to_string()])?;
        let idle_port = ports.tcp(8000)?;
        let idle = script("idle.py", idle_port, &[idle_port.to_string()])?;
        let client =
            |name: &str, server: &Program| script(name, server.port, &[server.port.to_string()]);
        Ok(Self {
            web_clients: vec![client("web_client.py", &nginx)?, client("web_client.py", &nginx)?],
            workers: vec![client("worker.py", &redis)?, client("worker.py", &redis)?],
            udp_client: client("udp_client.py", &udp_server)?,
            nginx,
            app,
            postgres,
            memcached,
            redis,
            udp_server,
            idle,
            _folder: folder,
        })
    }
}

/// One of the scripts beside this file; it has printed `ready` when this returns.
pub(crate) fn script(name: &str, port: u16, arguments: &[String]) -> Result<Program, Failure> {
    let mut command = Command::new(program::find("python3")?);
    command.arg("-u").arg(scripts().join(name)).args(arguments);
    Program::start_and_wait_for_line(name, command, port, "ready")
}

/// Which ports the servers take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ports {
    /// Any that are free.
    Free,
    /// The well-known ones: only in a network namespace of one's own.
    WellKnown,
}

impl Ports {
    fn tcp(self, well_known: u16) -> Result<u16, Failure> {
        match self {
            Self::Free => Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port()),
            Self::WellKnown => Ok(well_known),
        }
    }

    fn udp(self, well_known: u16) -> Result<u16, Failure> {
        match self {
            Self::Free => Ok(UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port()),
            Self::WellKnown => Ok(well_known),
        }
    }
}

/// Names another folder with the scripts, for those who may not read the repository.
pub(crate) const SCRIPTS: &str = "PROCNET_WORKLOAD_SCRIPTS";

/// Where the scripts are.
pub(crate) fn scripts() -> PathBuf {
    if let Some(folder) = std::env::var_os(SCRIPTS) {
        return folder.into();
    }
    // Included by a test of crates/procnet and by xtask: the root is above both.
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors()
        .map(|folder| folder.join("tests/workload"))
        .find(|folder| folder.join("app.py").is_file())
        .unwrap_or_default()
}

fn redis(folder: &Folder, port: u16) -> Result<Program, Failure> {
    let mut command = Command::new(program::find("redis-server")?);
    command
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
        .arg(port.to_string())
        .arg("--dir")
        .arg(folder.path());
    Program::start_and_wait_for_port("redis-server", command, port)
}

fn memcached(port: u16) -> Result<Program, Failure> {
    let mut command = Command::new(program::find("memcached")?);
    command.args(["-l", "127.0.0.1", "-U", "0", "-u", "nobody", "-p"]).arg(port.to_string());
    Program::start_and_wait_for_port("memcached", command, port)
}

fn nginx(folder: &Folder, port: u16, app: u16) -> Result<Program, Failure> {
    let own = folder.path().display();
    let configuration = format!(
        "daemon off; worker_processes 1; pid {own}/nginx.pid; error_log stderr error;
         events {{ worker_connections 64; }}
         http {{
           access_log off;
           client_body_temp_path {own}/body; proxy_temp_path {own}/proxy;
           fastcgi_temp_path {own}/fastcgi; uwsgi_temp_path {own}/uwsgi;
           scgi_temp_path {own}/scgi;
           upstream app {{ server 127.0.0.1:{app}; keepalive 4; }}
           server {{
             listen 127.0.0.1:{port};
             location / {{
               proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection '';
             }}
           }}
         }}"
    );
    let file = folder.path().join("nginx.conf");
    std::fs::write(&file, configuration)?;
    let mut command = Command::new(program::find("nginx")?);
    command.arg("-e").arg("stderr").arg("-c").arg(file).arg("-p").arg(folder.path());
    Program::start_and_wait_for_port("nginx", command, port)
}

/// PostgreSQL on data of its own, and the name of the user who may connect. It refuses to run as
/// root, so root runs it as somebody else.
fn postgres(folder: &Folder, port: u16) -> Result<(Program, String), Failure> {
    let data = folder.path().join("postgres");
    std::fs::create_dir(&data)?;
    let account =
        if program::is_root() { program::account(&["postgres", "nobody"])? } else { None };
    if let Some(account) = &account {
        std::os::unix::fs::chown(&data, Some(account.uid), Some(account.gid))?;
    }
    let as_account = |program: PathBuf| {
        let mut command = Command::new(program);
        command.current_dir(&data).env("LC_ALL", "C");
        if let Some(account) = &account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    };
    let mut initdb = as_account(program::find("initdb")?);
    initdb.args(["--auth=trust", "--username=app", "--no-sync", "--pgdata"]).arg(&data);
    program::succeed(&mut initdb)?;
    let mut command = as_account(program::find("postgres")?);
    command.arg("-D").arg(&data).args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
    command.args(["-c", "unix_socket_directories=", "-p"]).arg(port.to_string());
    let program = Program::start_and_wait_for_port("postgres", command, port)?;
    Ok((program, "app".to_owned()))
}

/// A new folder that goes with its value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        use std::os::unix::fs::PermissionsExt;
        use std::sync::atomic::{AtomicU32, Ordering};

        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("procnet-workload-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        // nginx's and PostgreSQL's own users pass through it.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("workload: can't remove {}: {error}", self.0.display());
        }
    }
}
