//! Processes, and what they are called.

use super::sockets::{gone, told};
use crate::expected::Expected;
use crate::stage::{Actor, Stage};

fn is_gone(stage: &Stage, actor: &Actor) -> Result<(), String> {
    match stage.process(actor) {
        Ok(process) => Err(format!("there still is {process:?}")),
        Err(_) => Ok(()),
    }
}

pub(crate) fn processes_and_what_they_leave(stage: &mut Stage) {
    let parent = stage.start("parent", &["of one"]);
    let child = stage.start_below(&parent, "child", &["of parent"]);
    let sockets: Vec<Expected> = [&parent, &child]
        .into_iter()
        .flat_map(|actor| {
            let tcp = stage.place(actor, "listen tcp 127.0.0.1:0");
            let udp = stage.place(actor, "bind udp 127.0.0.1:0");
            [Expected::listener(tcp, actor), Expected::bound(udp, actor)]
        })
        .collect();
    told(stage, "the sockets of both", &sockets);
    stage.until("who started whom", |stage| {
        let (above, below) = (stage.process(&parent)?, stage.process(&child)?);
        let me = above.parent.map(|parent| parent.pid);
        let right = below.parent == Some(above.key) && below.started >= above.started;
        if right && me.is_some() { Ok(()) } else { Err(format!("{above:?}, {below:?}")) }
    });

    stage.kill(&child);
    gone(stage, "the end of the child's sockets", &sockets[2..]);
    stage.until("the end of the child", |stage| is_gone(stage, &child));
    told(stage, "what the parent has", &sockets[..2]);

    stage.kill(&parent);
    gone(stage, "the end of the parent's sockets", &sockets);
    stage.until("the end of the parent", |stage| is_gone(stage, &parent));
}

pub(crate) fn names_in_every_script(stage: &mut Stage) {
    let long = "a name that is longer than the fifteen bytes that Linux keeps of it";
    let names = ["with spaces", "говорун", "測試 プログラム", "שלום عالم", "naïve-é-ß", "🦀", long];
    for name in names {
        let arguments = [name, "", "two words", "\"quoted\" \\ and \\\"", "a=b", "%PATH% $HOME *"];
        let actor = stage.start(name, &arguments);
        let at = stage.place(&actor, "listen door 127.0.0.1:0");
        told(stage, "its listener", &[Expected::listener(at, &actor)]);
        stage.until("its name, program and arguments", |stage| {
            let process = stage.process(&actor)?;
            let file = actor.program.file_name().unwrap().to_str().unwrap();
            let program = actor.program.to_str().unwrap();
            let told: Vec<&str> = process.arguments.iter().skip(1).map(|it| &**it).collect();
            let right = &*process.name == file
                && process.exe.as_deref() == Some(program)
                && told == arguments
                && process.user.is_some();
            if right { Ok(()) } else { Err(format!("{process:?}, {file}, {program}")) }
        });
        stage.kill(&actor);
        stage.until("its end", |stage| is_gone(stage, &actor));
    }
}

pub(crate) fn a_pid_that_is_used_again(stage: &mut Stage) {
    let first = stage.start("first", &[]);
    let at = stage.place(&first, "listen door 127.0.0.1:0");
    let before = Expected::listener(at, &first);
    told(stage, "the first one's listener", std::slice::from_ref(&before));
    stage.kill(&first);
    // Nobody looks between the end of one and the beginning of the other.
    let second = stage.start_with_pid_of(&first, "second");
    let at = stage.place(&second, "listen door 127.0.0.1:0");
    let after = Expected::listener(at, &second);
    told(stage, "the second one's listener", std::slice::from_ref(&after));
    stage.until("only the second", |stage| {
        let process = stage.process(&second)?;
        let name = second.program.file_name().unwrap().to_str().unwrap();
        let owned = after.is_told(stage)?.owners[0].process == process.key;
        let others = stage
            .graph()
            .processes()
            .any(|it| it.alive && it.process.exe.as_deref() == first.program.to_str());
        if owned && !others && &*process.name == name {
            Ok(())
        } else {
            Err(format!("{process:?}"))
        }
    });
    gone(stage, "the first one's listener", &[before]);
}
