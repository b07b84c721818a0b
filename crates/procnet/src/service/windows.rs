//! The service itself, and what installs it.

#[path = "log.rs"]
mod log;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use windows_service::service::{
    Service, ServiceAccess, ServiceAction as Act, ServiceActionType, ServiceControl,
    ServiceControlAccept, ServiceErrorControl, ServiceExitCode, ServiceFailureActions,
    ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState, ServiceStatus,
    ServiceType,
};
use windows_service::service_control_handler::{
    ServiceControlHandlerResult, ServiceStatusHandle, register,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_service::{define_windows_service, service_dispatcher};

use crate::options::{ServeOptions, ServiceAction};
use crate::serve;
use crate::stop::Stop;
use crate::usage::UsageError;

const NAME: &str = "ProcnetLive";
const TITLE: &str = "Procnet Live";
const DESCRIPTION: &str =
    "Serves a live map of this machine's processes and their connections to its own browsers.";
/// How long it may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long after a failure it is started again.
const REST: Duration = Duration::from_secs(60);

/// `ERROR_ACCESS_DENIED`, and the answers of the service manager.
const ACCESS_DENIED: i32 = 5;
const NO_SUCH_SERVICE: i32 = 1060;
const NOT_STARTED: i32 = 1062;
const NOT_STARTED_BY_THE_MANAGER: i32 = 1063;
const MARKED_FOR_DELETION: i32 = 1072;

pub(super) fn run(action: ServiceAction, options: &ServeOptions) -> Result<()> {
    match action {
        ServiceAction::Install => install(options),
        ServiceAction::Uninstall => uninstall(),
        ServiceAction::Run => be_the_service(options),
    }
}

/// What went wrong, and what to do about what can be put right.
fn failed(operation: &str, error: windows_service::Error) -> anyhow::Error {
    let code = if let windows_service::Error::Winapi(error) = &error {
        error.raw_os_error()
    } else {
        None
    };
    let advice = match code {
        Some(ACCESS_DENIED) => "run this in an administrator's console",
        Some(NO_SUCH_SERVICE) => "it is not installed: `procnet service install` does that",
        Some(MARKED_FOR_DELETION) => {
            "it is being taken away: close whatever shows services, and try again"
        }
        _ => return anyhow::Error::new(error).context(format!("can't {operation}")),
    };
    UsageError(format!("can't {operation}: {advice}")).into()
}

fn manager(access: ServiceManagerAccess) -> Result<ServiceManager> {
    ServiceManager::local_computer(None::<&str>, access)
        .map_err(|error| failed("open the service manager", error))
}

/// Installs it, or gives the one that is installed these options; starts it.
fn install(options: &ServeOptions) -> Result<()> {
    // What is wrong with the options is better said here than in a file.
    crate::machine::Knowledge::load(&options.knowledge)?;
    let program = std::env::current_exe().context("can't find this program's own file")?;
    let manager = manager(ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE)?;
    let mut words = arguments(std::env::args_os());
    // Whoever installs it opens the page later without being an administrator then.
    if let Ok(own) = procnet_collect::own_account() {
        words.extend(["--allow-user".into(), own.account.to_string().into()]);
    }
    let info = info(program.clone(), words);
    let access = ServiceAccess::QUERY_STATUS
        | ServiceAccess::CHANGE_CONFIG
        | ServiceAccess::START
        | ServiceAccess::STOP;
    let service = match manager.open_service(NAME, access) {
        Ok(service) => {
            stop(&service)?;
            service.change_config(&info).map_err(|error| failed("change the service", error))?;
            service
        }
        Err(windows_service::Error::Winapi(error))
            if error.raw_os_error() == Some(NO_SUCH_SERVICE) =>
        {
            manager
                .create_service(&info, access)
                .map_err(|error| failed("install the service", error))?
        }
        Err(error) => return Err(failed("open the service", error)),
    };
    describe(&service);
    service.start::<&str>(&[]).map_err(|error| failed("start the service", error))?;
    if !comes_to(&service, ServiceState::Running)? {
        let message = format!("the service did not start; {} says why", log::file(TITLE).display());
        return Err(anyhow::Error::msg(message));
    }
    eprintln!(
        "procnet: the service \"{TITLE}\" runs, now and from each start of the machine on: http://{}/",
        std::net::SocketAddr::new(options.bind, options.port)
    );
    if !is_protected(&program) {
        eprintln!(
            "procnet: it runs {} as the system itself: whoever may write there can become that; \
             better keep the program below {}",
            program.display(),
            protected().display()
        );
    }
    Ok(())
}

fn info(program: PathBuf, arguments: Vec<OsString>) -> ServiceInfo {
    ServiceInfo {
        name: NAME.into(),
        display_name: TITLE.into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: program,
        launch_arguments: arguments,
        dependencies: Vec::new(),
        // The system itself: nobody else sees everybody's processes.
        account_name: None,
        account_password: None,
    }
}

/// The words of `procnet service install …`, for the service to run with.
fn arguments(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut installing = true;
    let as_run = |word: OsString| {
        if installing && word == "install" {
            installing = false;
            return "run".into();
        }
        word
    };
    words.skip(1).map(as_run).collect()
}

/// What is nice to have. A system that can't have it is none the worse.
fn describe(service: &Service) {
    let again = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_secs(3600)),
        reboot_msg: None,
        command: None,
        actions: Some(vec![Act { action_type: ServiceActionType::Restart, delay: REST }]),
    };
    let told = service
        .set_description(DESCRIPTION)
        .and_then(|()| service.update_failure_actions(again))
        .and_then(|()| service.set_failure_actions_on_non_crash_failures(true));
    if let Err(error) = told {
        let error = anyhow::Error::new(error);
        eprintln!(
            "procnet: the service works, but is not described, or not started again after a \
             failure: {error:#}"
        );
    }
}

/// Where only administrators write.
fn protected() -> PathBuf {
    std::env::var_os("ProgramFiles").map_or_else(|| r"C:\Program Files".into(), PathBuf::from)
}

fn is_protected(program: &Path) -> bool {
    program.starts_with(protected())
}

fn uninstall() -> Result<()> {
    let manager = manager(ServiceManagerAccess::CONNECT)?;
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::STOP | ServiceAccess::DELETE;
    let service =
        manager.open_service(NAME, access).map_err(|error| failed("open the service", error))?;
    stop(&service)?;
    service.delete().map_err(|error| failed("take the service away", error))?;
    eprintln!("procnet: the service \"{TITLE}\" is gone");
    Ok(())
}

/// Stops it, if it runs, and waits until it has.
fn stop(service: &Service) -> Result<()> {
    match service.stop() {
        Ok(_) => {}
        Err(windows_service::Error::Winapi(error)) if error.raw_os_error() == Some(NOT_STARTED) => {
            return Ok(());
        }
        Err(error) => return Err(failed("stop the service", error)),
    }
    if comes_to(service, ServiceState::Stopped)? {
        return Ok(());
    }
    let message = format!("the service does not stop within {PATIENCE:?}; try again");
    Err(UsageError(message).into())
}

/// Waits until it is in that state. False if it comes to rest in another, or takes too long.
fn comes_to(service: &Service, state: ServiceState) -> Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = service
            .query_status()
            .map_err(|error| failed("ask for the state of the service", error))?;
        let now = status.current_state;
        let over = now == ServiceState::Stopped || Instant::now() >= deadline;
        if now == state || over {
            return Ok(now == state);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What it runs with, for the function that the service manager calls without saying.
static OPTIONS: OnceLock<ServeOptions> = OnceLock::new();

define_windows_service!(called_by_windows, service_main);

/// Tells the service manager that this is the service, and is it until it is stopped.
fn be_the_service(options: &ServeOptions) -> Result<()> {
    OPTIONS.get_or_init(|| options.clone());
    match service_dispatcher::start(NAME, called_by_windows) {
        Ok(()) => Ok(()),
        Err(windows_service::Error::Winapi(error))
            if error.raw_os_error() == Some(NOT_STARTED_BY_THE_MANAGER) =>
        {
            let message = "service run: this is for the service manager; `procnet serve` serves \
                           the map in a console, `procnet service install` installs the service";
            Err(UsageError(message.to_owned()).into())
        }
        Err(error) => Err(failed("become a service", error)),
    }
}

fn service_main(_arguments: Vec<OsString>) {
    let Some(options) = OPTIONS.get() else { return };
    let stop = Stop::default();
    let stopping = stop.clone();
    let hear = move |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            stopping.stop();
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    // Without it there is nobody to tell of an error either.
    let Ok(manager) = register(NAME, hear) else { return };
    let tell = |state, code| tell(manager, state, code);
    let _ = tell(ServiceState::StartPending, ServiceExitCode::NO_ERROR);
    // A map without a log is better than none.
    let _ = log::start(&options.log.log, &log::file(TITLE));
    let ready = || tell(ServiceState::Running, ServiceExitCode::NO_ERROR);
    let code = match serve::run_until(options, &stop, ready) {
        Ok(()) => ServiceExitCode::NO_ERROR,
        Err(error) => {
            tracing::error!("{error:#}");
            ServiceExitCode::ServiceSpecific(if error.is::<UsageError>() { 2 } else { 1 })
        }
    };
    let _ = tell(ServiceState::Stopped, code);
}

fn tell(manager: ServiceStatusHandle, state: ServiceState, code: ServiceExitCode) -> Result<()> {
    let controls_accepted = if state == ServiceState::Running {
        ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN
    } else {
        ServiceControlAccept::empty()
    };
    let pending = state == ServiceState::StartPending;
    let status = ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted,
        exit_code: code,
        checkpoint: 0,
        wait_hint: if pending { PATIENCE } else { Duration::ZERO },
        process_id: None,
    };
    manager.set_service_status(status).context("can't tell the service manager how it goes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_with_the_words_that_it_was_installed_with() {
        let line = ["procnet.exe", "service", "install", "--rules", r"C:\a b\install", "--udp"];
        let words: Vec<OsString> =
            arguments(line.into_iter().map(OsString::from)).into_iter().collect();
        assert_eq!(words, ["service", "run", "--rules", r"C:\a b\install", "--udp"]);
    }
}
