//! Confines a thread to its part: by Landlock to files, by giving up capabilities, and by seccomp to
//! system calls.

mod calls;

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetStatus, Scope,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs,
};

use crate::confinement::{Confinement, Hold, Part};
use crate::parse::capability::DAC_READ_SEARCH;

/// What Landlock is asked for: files, TCP, signals and abstract sockets, as Linux 6.12 knows them.
const RULES: ABI = ABI::V6;

/// Confines the calling thread, and all that it starts from now on, to its part. Nothing undoes it.
pub fn confine(part: &Part) -> Confinement {
    // Without it the kernel takes neither rules nor filters of who has no privilege.
    if let Err(error) = set_no_new_privs(true) {
        return Confinement::none(&format!("This kernel knows no such promise: {error}."));
    }
    let files = match part {
        Part::Serving(folder) => Some(confine_to(folder.as_deref())),
        _ => None,
    };
    let calls = give_up(part, files.as_ref())
        .and_then(|()| calls::confine(part))
        .map_or_else(Hold::Not, |()| Hold::Whole);
    Confinement { calls, files }
}

/// Gives up the capabilities that a part does not take.
fn give_up(part: &Part, files: Option<&Hold>) -> Result<(), String> {
    let search = CapabilitySet::from_bits_retain(1 << DAC_READ_SEARCH);
    let kept = match part {
        // It has given up before what collecting does not take.
        Part::Collecting => return Ok(()),
        // The folder may lie in somebody's home; what lies elsewhere Landlock keeps from it.
        Part::Serving(Some(_)) if !matches!(files, Some(Hold::Not(_)) | None) => search,
        // The file may lie there, too.
        Part::Reading => search,
        Part::Serving(_) | Part::Naming | Part::Listing => CapabilitySet::empty(),
    };
    let told = |error| format!("The kernel does not let it give up capabilities: {error}.");
    let permitted = capabilities(None).map_err(told)?.permitted & kept;
    let inheritable = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: permitted, permitted, inheritable })
        .map_err(told)
}

/// Keeps all files from the thread but those in a folder, and all connections that it might open.
fn confine_to(folder: Option<&Path>) -> Hold {
    let restrict = || -> Result<RulesetStatus, Box<dyn std::error::Error>> {
        let mut ruleset = Ruleset::default()
            .handle_access(AccessFs::from_all(RULES))?
            .handle_access(AccessNet::from_all(RULES))?
            .scope(Scope::from_all(RULES))?
            .create()?;
        if let Some(folder) = folder {
            let read = AccessFs::ReadFile | AccessFs::ReadDir;
            ruleset = ruleset.add_rule(PathBeneath::new(PathFd::new(folder)?, read))?;
        }
        Ok(ruleset.restrict_self()?.ruleset)
    };
    match restrict() {
        Ok(RulesetStatus::FullyEnforced) => Hold::Whole,
        Ok(RulesetStatus::PartiallyEnforced) => Hold::Partly(
            "This kernel's Landlock is older than Linux 6.12's: it keeps files from what answers \
             requests, but not every connection and signal."
                .to_owned(),
        ),
        Ok(RulesetStatus::NotEnforced) => Hold::Not(
            "This kernel has no Landlock, or it was not enabled when it started: it came with Linux \
             5.13."
                .to_owned(),
        ),
        Err(error) => Hold::Not(format!("Landlock does not confine it: {error}.")),
    }
}
