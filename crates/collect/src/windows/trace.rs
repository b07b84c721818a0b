//! Sessions of Event Tracing for Windows (ETW): one of a fixed name, which hands over what it has
//! once a frame. Under Wine, which has the functions but no events, opening one fails.
#![allow(unsafe_code, reason = "sessions are opened, asked and ended by foreign functions")]

use std::io;
use std::os::windows::io::{FromRawHandle, OwnedHandle};
use std::ptr::null;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS, ERROR_NO_SYSTEM_RESOURCES, ERROR_SUCCESS,
    GetLastError, WIN32_ERROR,
};
use windows_sys::Win32::System::Diagnostics::Etw::{
    CONTROLTRACE_HANDLE, CloseTrace, ControlTraceW, EVENT_CONTROL_CODE_ENABLE_PROVIDER,
    EVENT_RECORD, EVENT_TRACE_CONTROL, EVENT_TRACE_CONTROL_QUERY, EVENT_TRACE_CONTROL_STOP,
    EVENT_TRACE_INDEPENDENT_SESSION_MODE, EVENT_TRACE_LOGFILEW, EVENT_TRACE_PROPERTIES,
    EVENT_TRACE_REAL_TIME_MODE, EnableTraceEx2, OpenTraceW, PROCESS_TRACE_MODE_EVENT_RECORD,
    PROCESS_TRACE_MODE_REAL_TIME, PROCESSTRACE_HANDLE, ProcessTrace, StartTraceW,
    TRACE_LEVEL_INFORMATION, WNODE_FLAG_TRACED_GUID,
};
use windows_sys::Win32::System::Threading::CreateMutexW;
use windows_sys::core::{GUID, PCWSTR, w};

use super::drives::drives;
use crate::parse::windows::etw::{Provider, TraceEvent};
use crate::trace::queue::{Queue, Traced};
use crate::trace::{FRAME, Session, Totals, TraceError, Tracer};

/// The session's name, by which the one is found that a procnet left behind which did not end in
/// peace.
const NAME: &str = "Procnet Live";
/// Exists while a procnet has the session, on the whole machine.
const HOLDER: PCWSTR = w!("Global\\Procnet Live event tracing session");
/// Longest name of a session, in UTF-16 units: what Windows may write back.
const MAX_NAME_UNITS: usize = 1024;
/// One of the session's buffers, in KiB.
const BUFFER_KIB: u32 = 64;
const LEAST_BUFFERS: u32 = 16;
/// Some 8 MB.
const MOST_BUFFERS: u32 = 128;
/// The clock of the session is the performance counter; Windows turns it into FILETIMEs.
const PERFORMANCE_COUNTER: u32 = 1;
/// `EVENT_TRACE_USE_MS_FLUSH_TIMER`, since Windows 7: a session's buffers are handed over after
/// milliseconds, not seconds.
const FLUSH_IN_MILLISECONDS: u32 = 0x10;
/// `INVALID_PROCESSTRACE_HANDLE`.
const INVALID: u64 = u64::MAX;

/// Whose events are told: those that this version can make something of.
const PROVIDERS: [Provider; 3] = Provider::ALL;

/// Opens the session.
#[derive(Debug, Default)]
pub(super) struct EventTracing;

impl Tracer for EventTracing {
    type Session = TraceSession;

    fn open(&mut self, queue: &Arc<Queue>) -> Result<TraceSession, TraceError> {
        let holder = hold()?;
        // There is one if a procnet did not end in peace.
        let _ = control(0, wide_name().as_ptr(), EVENT_TRACE_CONTROL_STOP);
        let handle = start()?;
        let mut session = TraceSession {
            handle,
            consumer: Consumer::new(queue),
            trace: None,
            lacks: Vec::new(),
            _holder: holder,
        };
        session.enable()?;
        session.consume()?;
        Ok(session)
    }
}

/// The session, which ends with this.
#[derive(Debug)]
pub(super) struct TraceSession {
    handle: u64,
    consumer: Arc<Consumer>,
    /// What hands the events over, once it is there.
    trace: Option<u64>,
    lacks: Vec<Provider>,
    /// Given back after the session was stopped.
    _holder: OwnedHandle,
}

impl TraceSession {
    /// Has the providers tell it; what one refuses costs only its part.
    fn enable(&mut self) -> Result<(), TraceError> {
        for provider in PROVIDERS {
            let guid = GUID::from_u128(provider.guid());
            // SAFETY: the session runs; `guid` outlives the call; no parameters are given.
            let status = unsafe {
                EnableTraceEx2(
                    CONTROLTRACE_HANDLE { Value: self.handle },
                    &raw const guid,
                    EVENT_CONTROL_CODE_ENABLE_PROVIDER,
                    TRACE_LEVEL_INFORMATION as u8,
                    provider.keywords(),
                    0,
                    0,
                    null(),
                )
            };
            if status != ERROR_SUCCESS {
                self.lacks.push(provider);
            }
            let needed = [Provider::KernelNetwork, Provider::KernelProcess];
            if needed.iter().all(|provider| self.lacks.contains(provider)) {
                if status == ERROR_ACCESS_DENIED {
                    return Err(TraceError::Denied);
                }
                return Err(failed("enable events of the network (EnableTraceEx2)", status));
            }
        }
        Ok(())
    }

    /// Starts the thread that hears of the events.
    fn consume(&mut self) -> Result<(), TraceError> {
        let mut name = wide_name();
        let mut log = EVENT_TRACE_LOGFILEW {
            LoggerName: name.as_mut_ptr(),
            Context: Arc::as_ptr(&self.consumer).cast_mut().cast(),
            ..EVENT_TRACE_LOGFILEW::default()
        };
        log.Anonymous1.ProcessTraceMode =
            PROCESS_TRACE_MODE_REAL_TIME | PROCESS_TRACE_MODE_EVENT_RECORD;
        log.Anonymous2.EventRecordCallback = Some(hear);
        // SAFETY: `log` and the name in it may be written to and outlive the call. The context is
        // handed back only to `hear`, and only by `ProcessTrace`, whose thread keeps it alive.
        let trace = unsafe { OpenTraceW(&raw mut log) };
        if trace.Value == INVALID {
            // SAFETY: it only reads what the last call left behind.
            let error = unsafe { GetLastError() };
            return Err(failed("listen to the session (OpenTrace)", error));
        }
        let PROCESSTRACE_HANDLE { Value: trace } = trace;
        self.trace = Some(trace);
        let consumer = Arc::clone(&self.consumer);
        let listen = move || {
            let trace = PROCESSTRACE_HANDLE { Value: trace };
            // SAFETY: the handle was opened above; if it has been closed meanwhile, that is an
            // error. What it hands to `hear` lives as long as `consumer`.
            unsafe { ProcessTrace(&raw const trace, 1, null(), null()) };
            consumer.over.store(true, Ordering::Release);
        };
        let thread = std::thread::Builder::new().name("procnet-trace".to_owned()).spawn(listen);
        thread.map(drop).map_err(|error| TraceError::Failed {
            operation: "start the thread that listens to the session",
            reason: error.to_string(),
        })
    }
}

impl Session for TraceSession {
    fn lacks(&self) -> &[Provider] {
        &self.lacks
    }

    fn lost(&mut self) -> Result<Totals, TraceError> {
        if self.consumer.over.load(Ordering::Acquire) {
            return Err(TraceError::Ended);
        }
        let properties = control(self.handle, null(), EVENT_TRACE_CONTROL_QUERY)
            .map_err(|_| TraceError::Ended)?;
        let EVENT_TRACE_PROPERTIES { EventsLost: events, RealTimeBuffersLost: buffers, .. } =
            properties;
        Ok(Totals { events, buffers })
    }
}

impl Drop for TraceSession {
    fn drop(&mut self) {
        // Fails only if somebody else has ended it.
        let _ = control(self.handle, null(), EVENT_TRACE_CONTROL_STOP);
        if let Some(trace) = self.trace {
            // SAFETY: the handle is open, and nobody closes it again. `ProcessTrace` may still use
            // it: then it is closed after that.
            unsafe { CloseTrace(PROCESSTRACE_HANDLE { Value: trace }) };
        }
    }
}

/// What the thread that listens has.
#[derive(Debug)]
struct Consumer {
    queue: Arc<Queue>,
    drives: Vec<(String, String)>,
    over: AtomicBool,
}

impl Consumer {
    fn new(queue: &Arc<Queue>) -> Arc<Self> {
        let over = AtomicBool::new(false);
        Arc::new(Self { queue: Arc::clone(queue), drives: drives(), over })
    }

    fn take(&self, event: &TraceEvent<'_>) {
        let drives: Vec<(&str, &str)>;
        // Only the start of a process names a path.
        let known = if event.provider == Provider::KernelProcess {
            drives = self.drives.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
            drives.as_slice()
        } else {
            &[]
        };
        self.queue.push(Traced::hear(event, known));
    }
}

/// Called for each event, by `ProcessTrace`.
unsafe extern "system" fn hear(record: *mut EVENT_RECORD) {
    // SAFETY: `ProcessTrace` hands over a record that nobody changes during the call.
    let Some(record) = (unsafe { record.as_ref() }) else { return };
    // SAFETY: the context is the one that was given to `OpenTrace`, a consumer that the thread which
    // calls `ProcessTrace` keeps alive, and of which there are only shared references.
    let Some(consumer) = (unsafe { record.UserContext.cast::<Consumer>().as_ref() }) else {
        return;
    };
    let header = &record.EventHeader;
    let guid = number(&header.ProviderId);
    let Some(provider) = PROVIDERS.into_iter().find(|known| known.guid() == guid) else { return };
    let payload = if record.UserData.is_null() {
        &[]
    } else {
        // SAFETY: the record says that so many bytes are there, during the call; bytes need no
        // alignment and may have any value.
        unsafe {
            let length = usize::from(record.UserDataLength);
            std::slice::from_raw_parts(record.UserData.cast::<u8>().cast_const(), length)
        }
    };
    consumer.take(&TraceEvent {
        provider,
        id: header.EventDescriptor.Id,
        version: header.EventDescriptor.Version,
        at: header.TimeStamp.cast_unsigned(),
        pid: header.ProcessId,
        payload,
    });
}

/// An id as [`Provider::guid`] has it.
fn number(guid: &GUID) -> u128 {
    u128::from(guid.data1) << 96
        | u128::from(guid.data2) << 80
        | u128::from(guid.data3) << 64
        | u128::from(u64::from_be_bytes(guid.data4))
}

/// Says to every other procnet that this one has the session, until this ends.
fn hold() -> Result<OwnedHandle, TraceError> {
    // SAFETY: no security is asked for but the default; the name ends with a NUL.
    let handle = unsafe { CreateMutexW(null(), 0, HOLDER) };
    // SAFETY: it only reads what the last call left behind.
    let error = unsafe { GetLastError() };
    if handle.is_null() {
        // Another user's.
        let taken = error == ERROR_ACCESS_DENIED;
        let failure = || failed("say that the session is held (CreateMutex)", error);
        return Err(if taken { TraceError::Taken } else { failure() });
    }
    // SAFETY: the handle is open, and nobody else's to close.
    let holder = unsafe { OwnedHandle::from_raw_handle(handle) };
    if error == ERROR_ALREADY_EXISTS { Err(TraceError::Taken) } else { Ok(holder) }
}

fn start() -> Result<u64, TraceError> {
    let mut properties = Properties::new();
    let asked = &mut properties.asked;
    asked.LogFileMode =
        EVENT_TRACE_REAL_TIME_MODE | EVENT_TRACE_INDEPENDENT_SESSION_MODE | FLUSH_IN_MILLISECONDS;
    asked.FlushTimer = FRAME.as_millis() as u32;
    asked.BufferSize = BUFFER_KIB;
    asked.MinimumBuffers = LEAST_BUFFERS;
    asked.MaximumBuffers = MOST_BUFFERS;
    let mut handle = CONTROLTRACE_HANDLE { Value: 0 };
    let name = wide_name();
    // SAFETY: the handle may be written to; the name ends with a NUL; the properties say how much
    // room they have and where names may be written.
    let status =
        unsafe { StartTraceW(&raw mut handle, name.as_ptr(), (&raw mut *properties).cast()) };
    match status {
        ERROR_SUCCESS if handle.Value != 0 => Ok(handle.Value),
        ERROR_SUCCESS => Err(TraceError::Failed {
            operation: "open an event tracing session (StartTrace)",
            reason: "this system says that it did, but there is none".to_owned(),
        }),
        ERROR_ACCESS_DENIED => Err(TraceError::Denied),
        ERROR_NO_SYSTEM_RESOURCES => Err(TraceError::Full),
        error => Err(failed("open an event tracing session (StartTrace)", error)),
    }
}

/// Has the session do something, and returns what it says of itself.
fn control(
    handle: u64,
    name: PCWSTR,
    what: EVENT_TRACE_CONTROL,
) -> Result<EVENT_TRACE_PROPERTIES, WIN32_ERROR> {
    let mut properties = Properties::new();
    let handle = CONTROLTRACE_HANDLE { Value: handle };
    // SAFETY: the name, if there is one, ends with a NUL; the properties say how much room they have
    // and where names may be written.
    let status = unsafe { ControlTraceW(handle, name, (&raw mut *properties).cast(), what) };
    if status == ERROR_SUCCESS { Ok(properties.asked) } else { Err(status) }
}

fn failed(operation: &'static str, error: WIN32_ERROR) -> TraceError {
    let reason = io::Error::from_raw_os_error(error.cast_signed()).to_string();
    TraceError::Failed { operation, reason }
}

/// What a session is asked for and what it says, with room for its name.
#[repr(C)]
struct Properties {
    asked: EVENT_TRACE_PROPERTIES,
    name: [u16; MAX_NAME_UNITS],
}

impl Properties {
    fn new() -> Box<Self> {
        let mut asked = EVENT_TRACE_PROPERTIES::default();
        asked.Wnode.BufferSize = size_of::<Self>() as u32;
        asked.Wnode.Flags = WNODE_FLAG_TRACED_GUID;
        asked.Wnode.ClientContext = PERFORMANCE_COUNTER;
        asked.LoggerNameOffset = std::mem::offset_of!(Self, name) as u32;
        // There is no file.
        asked.LogFileNameOffset = 0;
        Box::new(Self { asked, name: [0; MAX_NAME_UNITS] })
    }
}

/// The session's name, as Windows wants it.
fn wide_name() -> Vec<u16> {
    NAME.encode_utf16().chain([0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_compared_as_they_are_written() {
        for provider in Provider::ALL {
            assert_eq!(number(&GUID::from_u128(provider.guid())), provider.guid());
        }
    }

    #[test]
    fn names_lie_where_the_properties_say() {
        let properties = Properties::new();
        let asked = &properties.asked;
        assert_eq!(asked.LoggerNameOffset as usize, size_of::<EVENT_TRACE_PROPERTIES>());
        let name = asked.LoggerNameOffset as usize;
        assert_eq!(name + MAX_NAME_UNITS * 2, asked.Wnode.BufferSize as usize);
        assert_eq!(asked.LogFileNameOffset, 0, "nothing is written to a file");
    }

    /// Where there are no events, as under Wine, that is said; where there are, a session tells of
    /// them and is gone afterwards.
    #[test]
    fn a_session_is_opened_or_the_reason_is_told() {
        let queue = Arc::new(Queue::new(1 << 20));
        match EventTracing.open(&queue) {
            Ok(mut session) => {
                assert_eq!(session.lost().map(|totals| totals.buffers), Ok(0));
                assert_eq!(EventTracing.open(&queue).err(), Some(TraceError::Taken));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
