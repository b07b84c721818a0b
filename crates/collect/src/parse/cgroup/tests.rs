//! Real forms of `/proc/PID/cgroup`. Sources: the paths in the documentation and bug trackers of
//! the runtimes (containerd/cri#290, kepler#153, runc#4620, netdata#13470, Podman's
//! podman-systemd.unit(5), LXC's lxc.container.conf(5), systemd-nspawn(1),
//! systemd.io/DESKTOP_ENVIRONMENTS, Datadog's and OpenTelemetry's lists for ECS and Garden).

use proptest::prelude::*;

use super::*;

const A: &str = "9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d";
const B: &str = "db90aabe3ba00bab92a9bd3f0b4a9face4601651c91d28c02a953a8c81ce2cc4";
const POD: &str = "36f20d9d-cbc1-4ebd-b111-536eaa6a332e";
const POD_IN_SLICES: &str = "36f20d9d_cbc1_4ebd_b111_536eaa6a332e";

fn filled(text: &str) -> String {
    text.replace("{a}", A).replace("{b}", B).replace("{pod}", POD).replace("{pod_}", POD_IN_SLICES)
}

/// `docker A`, `cri-o B pod POD`, `-`
fn container_of(found: &Membership) -> String {
    found.container.as_ref().map_or_else(
        || "-".to_owned(),
        |container| {
            let pod = container.pod.as_ref().map(|pod| format!(" pod {pod}")).unwrap_or_default();
            format!("{} {}{pod}", container.runtime, container.id)
        },
    )
}

/// `nginx.service`, `user 1000 app-x.scope = x`, `init.scope in A`, `-`
fn unit_of(found: &Membership) -> String {
    found.unit.as_ref().map_or_else(
        || "-".to_owned(),
        |unit| {
            let manager = match unit.manager {
                Manager::System => String::new(),
                Manager::User(uid) => format!("user {uid} "),
            };
            let app = unit.application.as_ref().map(|id| format!(" = {id}")).unwrap_or_default();
            let within = unit.within.as_ref().map(|id| format!(" in {id}")).unwrap_or_default();
            format!("{manager}{}{app}{within}", unit.name)
        },
    )
}

/// Text, container, unit.
#[rustfmt::skip]
const FORMS: &[(&str, &str, &str)] = &[
    // Nothing.
    ("0::/\n", "-", "-"),
    ("", "-", "-"),
    ("nonsense\n", "-", "-"),
    ("0::/system.slice\n", "-", "-"),
    ("0::/init.scope\n", "-", "init.scope"),
    // Docker.
    ("0::/system.slice/docker-{a}.scope\n", "docker {a}", "docker-{a}.scope"),
    ("0::/docker/{a}\n", "docker {a}", "-"),
    ("0::/docker/{a}/init\n", "docker {a}", "-"),
    ("0::/../{a}\n", "unknown {a}", "-"),
    ("0::/batch.slice/docker-{a}.scope\n", "docker {a}", "docker-{a}.scope"),
    ("0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{a}.scope\n", "docker {a}", "user 1000 docker-{a}.scope"),
    ("0::/system.slice/docker.service\n", "-", "docker.service"),
    ("0::/system.slice:docker:{a}\n", "docker {a}", "-"),
    ("0::/actions_job/{a}\n", "docker {a}", "-"),
    ("0::/docker/buildkit/n4eu0udvbz9vfzjy71jkvgkwh\n", "buildkit n4eu0udvbz9vfzjy71jkvgkwh", "-"),
    ("10:net_prio:/{a}\n9:perf_event:/{a}\n", "unknown {a}", "-"),
    // A hybrid host: Docker keeps its containers in version 1 only.
    ("12:memory:/docker/{a}\n1:name=systemd:/docker/{a}\n0::/system.slice/containerd.service\n", "docker {a}", "-"),
    ("10:devices:/system.slice/docker-{a}.scope\n1:name=systemd:/system.slice/docker-{a}.scope\n0::/system.slice/docker-{a}.scope\n", "docker {a}", "docker-{a}.scope"),
    ("9:name=systemd:/user.slice/user-0.slice/session-2.scope\n4:memory:/user.slice\n0::/\n", "-", "session-2.scope"),
    // Podman.
    ("0::/machine.slice/libpod-{a}.scope\n", "podman {a}", "libpod-{a}.scope"),
    ("0::/machine.slice/libpod-{a}.scope/container\n", "podman {a}", "libpod-{a}.scope"),
    ("0::/machine.slice/libpod-{a}.scope/container/system.slice/nginx.service\n", "podman {a}", "nginx.service in {a}"),
    ("0::/machine.slice/libpod-conmon-{a}.scope\n", "-", "libpod-conmon-{a}.scope"),
    ("0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{a}.scope/container\n", "podman {a}", "user 1000 libpod-{a}.scope"),
    ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service/libpod-payload-{a}\n", "podman {a}", "user 1000 redis.service"),
    ("0::/system.slice/nginx.service/libpod-payload-{a}\n", "podman {a}", "nginx.service"),
    ("0::/system.slice/nginx.service/runtime\n", "-", "nginx.service"),
    ("0::/libpod_parent/libpod-{a}\n", "podman {a}", "-"),
    ("0::/libpod_parent/conmon\n", "-", "-"),
    // Kubernetes.
    ("0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{pod_}.slice/cri-containerd-{a}.scope\n", "containerd {a} pod {pod}", "cri-containerd-{a}.scope"),
    ("0::/kubepods.slice/kubepods-pod{pod_}.slice/crio-{a}.scope\n", "cri-o {a} pod {pod}", "crio-{a}.scope"),
    ("0::/kubepods.slice/kubepods-pod{pod_}.slice/crio-{a}.scope/container\n", "cri-o {a} pod {pod}", "crio-{a}.scope"),
    ("0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{pod_}.slice/crio-conmon-{a}.scope\n", "-", "crio-conmon-{a}.scope"),
    ("0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{pod_}.slice/docker-{a}.scope\n", "docker {a} pod {pod}", "docker-{a}.scope"),
    ("0::/kubepods/burstable/pod{pod}/{a}\n", "kubernetes {a} pod {pod}", "-"),
    ("0::/kubepods/pod{pod}/{a}\n", "kubernetes {a} pod {pod}", "-"),
    ("0::/kubepods/besteffort/pod{pod}/crio-{a}\n", "cri-o {a} pod {pod}", "-"),
    ("0::/kubepods/burstable/pod7f1c5d3a0f6d4c8f9d5be9e3a4f3b2c1/{a}\n", "kubernetes {a} pod 7f1c5d3a0f6d4c8f9d5be9e3a4f3b2c1", "-"),
    ("0::/system.slice/containerd.service/kubepods-burstable-pod{pod_}.slice:cri-containerd:{a}\n", "containerd {a} pod {pod}", "containerd.service"),
    ("9:cpuset:/kubepods-besteffort-pod{pod_}.slice:cri-containerd:{a}\n", "containerd {a} pod {pod}", "-"),
    ("0::/../../pod{pod}/{a}\n", "unknown {a}", "-"),
    ("0::/default/{a}\n", "containerd {a}", "-"),
    ("0::/system.slice/nerdctl-{a}.scope\n", "containerd {a}", "nerdctl-{a}.scope"),
    // One within another: kind, k3d, Docker in Kubernetes.
    ("0::/docker/{b}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod{pod_}.slice/cri-containerd-{a}.scope\n", "containerd {a} pod {pod}", "cri-containerd-{a}.scope in {b}"),
    ("0::/system.slice/docker-{b}.scope/kubelet.slice/kubelet.service\n", "docker {b}", "kubelet.service in {b}"),
    ("0::/system.slice/docker-{b}.scope/init.scope\n", "docker {b}", "init.scope in {b}"),
    ("0::/docker/{b}/kubepods/besteffort/pod{pod}/{a}\n", "kubernetes {a} pod {pod}", "-"),
    ("0::/docker/{b}/k3s\n", "docker {b}", "-"),
    ("0::/kubepods/burstable/pod{pod}/{b}/docker/{a}\n", "docker {a} pod {pod}", "-"),
    ("0::/lxc.payload.build/system.slice/docker-{a}.scope\n", "docker {a}", "docker-{a}.scope in build"),
    // LXC, LXD, Incus, Proxmox, libvirt.
    ("0::/lxc.payload.web\n", "lxc web", "-"),
    ("0::/lxc.payload.web/system.slice/nginx.service\n", "lxc web", "nginx.service in web"),
    ("0::/lxc.payload.web/user.slice/user-1000.slice/user@1000.service/app.slice/dbus.service\n", "lxc web", "user 1000 dbus.service in web"),
    ("0::/lxc.monitor.web\n", "-", "-"),
    ("4:memory:/lxc/web\n1:name=systemd:/lxc/web/init.scope\n", "lxc web", "init.scope in web"),
    ("0::/lxc/101/ns/system.slice/cron.service\n", "lxc 101", "cron.service in 101"),
    ("0::/machine.slice/machine-lxc\\x2d2814\\x2dold\\x2dweb.scope/libvirt\n", "lxc old-web", "machine-lxc-2814-old-web.scope"),
    // systemd-nspawn and virtual machines.
    ("0::/machine.slice/machine-build.scope/payload\n", "systemd-nspawn build", "machine-build.scope"),
    ("0::/machine.slice/machine-my\\x2dbox.scope/payload/system.slice/ssh.service\n", "systemd-nspawn my-box", "ssh.service in my-box"),
    ("0::/machine.slice/systemd-nspawn@build.service/payload/init.scope\n", "systemd-nspawn build", "init.scope in build"),
    ("0::/machine.slice/systemd-nspawn@build.service/supervisor\n", "-", "systemd-nspawn@build.service"),
    ("0::/machine.slice/machine-qemu\\x2d1\\x2dwin.scope/libvirt/emulator\n", "-", "machine-qemu-1-win.scope"),
    // Others.
    ("0::/ecs/0f3d1e5a7c9b4d2e8f6a1b3c5d7e9f01/{a}\n", "ecs {a}", "-"),
    ("0::/ecs/34dc0b5e626f2c5c4c5170e34b10e765/34dc0b5e626f2c5c4c5170e34b10e765-1234567890\n", "ecs 34dc0b5e626f2c5c4c5170e34b10e765-1234567890", "-"),
    ("0::/garden/6f265890-5165-7fab-6b52-18d1\n", "garden 6f265890-5165-7fab-6b52-18d1", "-"),
    ("0::/system.slice/garden.service/garden/6f265890-5165-7fab-6b52-18d1\n", "garden 6f265890-5165-7fab-6b52-18d1", "garden.service"),
    // Units.
    ("0::/system.slice/nginx.service\n", "-", "nginx.service"),
    ("0::/system.slice/nginx.service (deleted)\n", "-", "nginx.service"),
    ("0::/system.slice/system-getty.slice/getty@tty1.service\n", "-", "getty@tty1.service"),
    ("0::/system.slice/system-systemd\\x2dfsck.slice/systemd-fsck@dev-disk-by\\x2duuid-1.service\n", "-", "systemd-fsck@dev-disk-by-uuid-1.service"),
    ("0::/system.slice/snap.lxd.daemon.service\n", "-", "snap.lxd.daemon.service"),
    ("0::/system.slice/a.service/b.service\n", "-", "a.service"),
    ("0::/system.slice/_cgroup.service\n", "-", "cgroup.service"),
    ("0::/system.slice/run-u42.scope\n", "-", "run-u42.scope"),
    ("0::/user.slice/user-1000.slice/session-2.scope\n", "-", "session-2.scope"),
    ("0::/user.slice/user-1000.slice/user@1000.service\n", "-", "user@1000.service"),
    ("0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", "-", "user 1000 init.scope"),
    ("0::/user.slice/user-1000.slice/user@1000.service/session.slice/pipewire.service\n", "-", "user 1000 pipewire.service"),
    ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-1234.scope\n", "-", "user 1000 app-gnome-firefox-1234.scope = firefox"),
    ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.kde.konsole-81.scope/tab\n", "-", "user 1000 app-org.kde.konsole-81.scope = org.kde.konsole"),
    ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-my\\x2deditor-7.scope\n", "-", "user 1000 app-gnome-my-editor-7.scope = my-editor"),
    ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox@5a2ed2c7.service\n", "-", "user 1000 app-firefox@5a2ed2c7.service = firefox"),
    ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-1.scope\n", "-", "user 1000 vte-spawn-1.scope"),
    ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/snap.firefox.firefox-3c1f.scope\n", "-", "user 1000 snap.firefox.firefox-3c1f.scope = firefox"),
    // Nearly something.
    ("0::/system.slice/docker-123.scope\n", "-", "docker-123.scope"),
    ("0::/docker/containers\n", "-", "-"),
    ("0::/lxc.payload.\n", "-", "-"),
    ("0::/.service\n", "-", "-"),
    ("0::/user.slice/user@x.service/a.service\n", "-", "user@x.service"),
];

#[test]
fn the_forms_of_the_runtimes_are_understood() {
    for (text, container, unit) in FORMS {
        let text = filled(text);
        let found = membership(text.as_bytes());
        assert_eq!(container_of(&found), filled(container), "{text}");
        assert_eq!(unit_of(&found), filled(unit), "{text}");
    }
}

#[test]
fn the_most_telling_path_is_shown() {
    let path = |text: &[u8]| membership(text).path.map(|path| path.to_string());
    assert_eq!(path(b"0::/system.slice/a.service\n").as_deref(), Some("/system.slice/a.service"));
    let hybrid = b"9:name=systemd:/user.slice\n4:memory:/docker/0123456789abcdef\n0::/\n";
    assert_eq!(path(hybrid).as_deref(), Some("/user.slice"));
    let legacy = b"4:memory:/docker/abc\n2:cpu,cpuacct:/x\n9:name=systemd:/\n";
    assert_eq!(path(legacy).as_deref(), Some("/docker/abc"));
    assert_eq!(path(b"0::/\n").as_deref(), Some("/"));
    assert_eq!(path(b"0::/a:b\n").as_deref(), Some("/a:b"));
    assert_eq!(path(b"nonsense\n"), None);
}

/// Everything is short and harmless to a terminal.
fn assert_bounded(found: &Membership) {
    let container = found.container.iter().flat_map(|c| [Some(&c.id), c.pod.as_ref()]);
    let unit =
        found.unit.iter().flat_map(|u| [Some(&u.name), u.application.as_ref(), u.within.as_ref()]);
    for text in container.chain(unit).flatten() {
        assert!(!text.is_empty() && text.len() <= MAX_COMPONENT, "{text:?}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    assert!(found.path.as_ref().is_none_or(|path| path.len() <= MAX_NAME));
}

#[test]
fn hostile_text_is_bounded_and_harmless() {
    let megabyte = vec![b'a'; 1 << 20];
    let cases: Vec<Vec<u8>> = vec![
        megabyte.clone(),
        [b"0::/".as_slice(), &megabyte, b".service\n"].concat(),
        [b"0::/".as_slice(), &b"x".repeat(3000), b".service\n"].concat(),
        b"0::/x/".repeat(100_000),
        b"1:a:/docker/b\n".repeat(80_000),
        b"0::/\x1b]0;owned\x07.service\n".to_vec(),
        b"0::/a\\x1b\\x0a\\x00b.service\n".to_vec(),
        b"0::/\xff\xfe.service\n".to_vec(),
        b"0::/lxc.payload.\xe2\x80\xaeevil\n".to_vec(),
        [0xff; 5000].to_vec(),
    ];
    for text in cases {
        assert_bounded(&membership(&text));
    }
    let escaped = membership(b"0::/a\\x1bb\\x2.service\n").unit.unwrap();
    assert_eq!(&*escaped.name, "a\u{fffd}b\\x2.service");
}

#[test]
fn no_cut_makes_it_panic() {
    for (text, _, _) in FORMS {
        let text = filled(text);
        for end in 0..text.len() {
            assert_bounded(&membership(&text.as_bytes()[..end]));
            assert_bounded(&membership(&text.as_bytes()[end..]));
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        assert_bounded(&membership(&bytes));
    }

    #[test]
    fn no_mutation_makes_it_panic(
        form in 0..FORMS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = filled(FORMS[form].0).into_bytes();
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        assert_bounded(&membership(&bytes));
    }
}
