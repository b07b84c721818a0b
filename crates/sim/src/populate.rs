//! What a world begins with: background services, application stacks, their connections.

use std::net::{IpAddr, Ipv4Addr};

use fastrand::Rng;
use procnet_core::{Endpoint, Interfaces, NetnsId, ProcessKey, Protocol};

use crate::belonging::Belonging;
use crate::services::{
    APP_SERVERS, APPS, BACKGROUND, BROKERS, CACHES, DATABASES, PROXIES, Program, Role, WORKERS,
};
use crate::world::{NETNS, Plan, Service, World};

impl World {
    pub(crate) fn populate(&mut self) {
        let (systemd, scope) = ("/lib/systemd/systemd", Belonging::unit("init.scope"));
        let init = self.start("systemd", systemd, &["/sbin/init"], (0, "root"), None, &scope);
        for (name, exe, user, listener) in BACKGROUND {
            let unit = Belonging::unit(&format!("{name}.service"));
            let key = self.start(name, exe, &[name], user, Some(init), &unit);
            let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            let (protocol, port) = if listener >= 0x1_0000 {
                (Protocol::Udp, listener - 0x1_0000)
            } else {
                (Protocol::Tcp, listener)
            };
            if let Ok(port @ 1..) = u16::try_from(port) {
                let listener = self.listen(NETNS, protocol, Endpoint::new(any, port), &[key]);
                if (protocol, port) == (Protocol::Udp, 53) {
                    self.resolver = Some((listener, key));
                }
            }
        }
        for stack in 0..self.options.stacks {
            self.add_stack(stack, init);
        }
        self.add_connections();
        if self.options.unix {
            self.populate_unix(init);
        }
        self.pending.clear();
    }

    /// Which interface has which address: those of stacks without containers are the machine's.
    pub fn interfaces(&self) -> Interfaces {
        let own = self.services.iter().filter(|service| service.netns == NETNS);
        let mut listed: Vec<(IpAddr, String)> =
            own.map(|service| (service.address, "eth0".to_owned())).collect();
        listed.push((IpAddr::V4(Ipv4Addr::LOCALHOST), "lo".to_owned()));
        Interfaces::new(NETNS, listed)
    }

    fn add_stack(&mut self, stack: usize, init: ProcessKey) {
        let app_servers = [
            &APP_SERVERS[self.random.usize(..APP_SERVERS.len())],
            &APP_SERVERS[self.random.usize(..APP_SERVERS.len())],
        ];
        let programs = [
            &PROXIES[self.random.usize(..PROXIES.len())],
            app_servers[0],
            app_servers[1],
            &WORKERS[self.random.usize(..WORKERS.len())],
            &DATABASES[if stack == 0 { 0 } else { self.random.usize(..DATABASES.len()) }],
            &CACHES[if stack == 0 { 0 } else { self.random.usize(..CACHES.len()) }],
            &BROKERS[self.random.usize(..BROKERS.len())],
        ];
        let containers = self.random.bool();
        for (offset, program) in (0..).zip(programs) {
            self.add_service(stack, program, init, offset, containers);
        }
    }

    fn add_service(
        &mut self,
        stack: usize,
        program: &Program,
        init: ProcessKey,
        offset: u8,
        container: bool,
    ) {
        let app = APPS[stack % APPS.len()];
        let app = if stack < APPS.len() {
            app.to_owned()
        } else {
            format!("{app}{}", stack / APPS.len())
        };
        let fill = |text: &str| text.replace("{app}", &app);
        let name = fill(program.name);
        let arguments: Vec<String> = program.arguments.iter().map(|a| fill(a)).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let exe = fill(program.exe);
        let service = program.role.service(offset);
        let belonging = if container {
            // A source of its own: the rest of the world stays the same with and without ids.
            let number = (stack as u64) << 8 | u64::from(offset);
            let mut random = Rng::with_seed(self.options.seed ^ number.rotate_right(16));
            Belonging::container(&app, service, stack, &mut random)
        } else {
            Belonging::unit(&format!("{app}-{service}.service"))
        };
        let start = |world: &mut Self, parent| {
            world.start(&name, &exe, &arguments, program.user, Some(parent), &belonging)
        };
        let main = start(self, init);
        let workers: Vec<ProcessKey> = (0..program.workers).map(|_| start(self, main)).collect();
        // Every stack has addresses of its own: the well-known ports serve all of them.
        let [high, low] = u16::try_from(stack).unwrap_or(u16::MAX).to_be_bytes();
        let (netns, last) = if container {
            let number = u64::from(u16::from_be_bytes([high, low])) * 16 + u64::from(offset);
            (NetnsId(NETNS.0 + 1 + number), 10 + offset)
        } else {
            (NETNS, 10)
        };
        let address = IpAddr::V4(Ipv4Addr::new(10, high, low, last));
        let port = match program.role {
            Role::App => program.port + u16::from(offset),
            _ => program.port,
        };
        let everybody: Vec<ProcessKey> =
            std::iter::once(main).chain(workers.iter().copied()).collect();
        if port > 0 {
            self.listen(netns, Protocol::Tcp, Endpoint::new(address, port), &everybody);
        }
        let acceptors = if workers.is_empty() { vec![main] } else { workers };
        self.services.push(Service {
            role: program.role,
            stack,
            netns,
            address,
            port,
            callers: acceptors.clone(),
            acceptors,
        });
    }

    /// What calls what within a stack.
    fn add_connections(&mut self) {
        const CALLS: [(Role, Role); 6] = [
            (Role::Proxy, Role::App),
            (Role::App, Role::Database),
            (Role::App, Role::Cache),
            (Role::App, Role::Broker),
            (Role::Worker, Role::Broker),
            (Role::Worker, Role::Database),
        ];
        let mut plans = Vec::new();
        for (client, caller) in self.services.iter().enumerate() {
            for (server, called) in self.services.iter().enumerate() {
                if caller.stack == called.stack && CALLS.contains(&(caller.role, called.role)) {
                    plans.push(Plan::Local { client, server });
                }
            }
            match caller.role {
                Role::Proxy => plans.push(Plan::Inbound { server: client }),
                Role::App => {
                    plans.push(Plan::Outbound { client, port: 443, protocol: Protocol::Tcp })
                }
                Role::Worker => {
                    plans.push(Plan::Outbound { client, port: 123, protocol: Protocol::Udp });
                    plans.push(Plan::Lookup { client });
                }
                _ => {}
            }
        }
        for plan in &plans {
            self.connect(*plan);
        }
        while self.sockets.len() < self.options.sockets && !plans.is_empty() {
            let plan = plans[self.random.usize(..plans.len())];
            // Most of what a busy server has is its clients.
            let plan = match plan {
                Plan::Outbound { .. } if self.random.u8(..) < 192 => continue,
                other => other,
            };
            self.connect(plan);
        }
    }
}
