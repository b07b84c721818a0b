// A stand-in for the server while the page is developed: serves dist/ and a seeded, changing scene
// under the same addresses. Never part of a build. `node dev/mock.mjs [small|large] [port]`

import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const [size = 'small', port = '8766'] = process.argv.slice(2);
const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

let seed = 7;
function random() {
  seed = (seed * 1664525 + 1013904223) >>> 0;
  return seed / 2 ** 32;
}
const pick = (list) => list[Math.floor(random() * list.length)];
const START = Date.now() - 3_600_000 * 5;
const EPOCH = String(process.pid);

const LEGEND = {
  types: [
    ['app', 'Application', '#4f83e0'],
    ['service', 'Service', '#8466e0'],
    ['database', 'Database', '#229a62'],
    ['message_broker', 'Message broker', '#e84a5f'],
    ['cache', 'Cache', '#b68900'],
    ['load_balancer', 'Proxy or load balancer', '#0f93a8'],
    ['external', 'Remote endpoint', '#7b838e'],
    ['qt_desktop', 'Qt application', '#62970f'],
    ['browser', 'Browser', '#d96a1c'],
    ['desktop', 'Desktop application', '#b757c4'],
    ['monitoring', 'Monitoring', '#cf4d8c'],
    ['container', 'Container runtime', '#1f86c7'],
    ['remote_access', 'Remote access', '#a2703c'],
  ].map(([name, title, color]) => ({ name, title, color, icon: name })),
  classes: [
    ['web', 'Web', '#3489eb', [80, 443, 8080]],
    ['db', 'Database', '#29a36a', [5432, 3306]],
    ['cache', 'Cache', '#b68900', [6379, 11211]],
    ['mq', 'Message queue', '#e84a5f', [5672, 9092]],
    ['infra', 'Infrastructure', '#888888', [22, 25, 53, 123]],
    ['other', 'Other', '#7f7f7f', []],
  ].map(([name, title, color, ports]) => ({ name, title, color, ports })),
  udp_color: '#00c2ff',
};

const nodes = new Map();
const edges = new Map();
let nextId = 1;
let nextPid = 700;

function classOf(servicePort) {
  return LEGEND.classes.find((info) => info.ports.includes(servicePort))?.name ?? 'other';
}

function processNode(label, type, options = {}) {
  const pid = nextPid++ + Math.floor(random() * 30);
  nextPid = pid + 1;
  const node = {
    id: nextId++,
    key: `process:${pid}-${START}`,
    kind: 'process',
    label,
    detail: options.detail ?? `PID ${pid}`,
    type,
    class: '',
    user: options.user ?? 'root',
    host: 0,
    count: options.count ?? 1,
    expandable: (options.count ?? 1) > 1,
    parent: '',
    processes: [`${pid}-${START}`],
    listeners: options.listeners ?? [],
    listener_count: (options.listeners ?? []).length,
    sockets: 0,
    since: START + Math.floor(random() * 3_000_000),
    stale: false,
  };
  nodes.set(node.id, node);
  return node;
}

function remoteNode(kind, label, servicePort, count = 1) {
  const node = {
    id: nextId++,
    key: `${kind}:${label}:${servicePort}:${nextId}`,
    kind,
    label,
    detail: LEGEND.classes.find((info) => info.name === classOf(servicePort)).title,
    type: 'external',
    class: classOf(servicePort),
    user: '',
    host: 0,
    count,
    expandable: count > 1,
    parent: '',
    processes: [],
    listeners: [],
    listener_count: 0,
    sockets: 0,
    since: Date.now() - 400_000,
    stale: false,
  };
  nodes.set(node.id, node);
  return node;
}

function link(from, to, servicePort, sockets = 1, options = {}) {
  const id = nextId++;
  const protocol = options.protocol ?? 'tcp';
  const edge = {
    id,
    key: `${from.key}>${to.key}:${servicePort}/${protocol}`,
    from: from.id,
    to: to.id,
    protocol,
    class: classOf(servicePort),
    port: servicePort,
    sockets,
    links: sockets,
    state: options.state ?? (protocol === 'udp' ? 'UDP' : 'ESTABLISHED'),
    to_server: Math.floor(random() * 1e6),
    to_client: Math.floor(random() * 1e8),
    rtt_us: Math.floor(random() * 30000),
    retransmits: 0,
    stale: false,
    since: Date.now() - Math.floor(random() * 1e6),
    evidence: 'listener',
    attribution: pick(['observed', 'held']),
  };
  edges.set(id, edge);
  for (const end of [from, to]) {
    nodes.set(end.id, { ...nodes.get(end.id), sockets: nodes.get(end.id).sockets + sockets });
  }
  return edge;
}

function small() {
  const nginx = processNode('nginx ×3', 'load_balancer', {
    count: 3,
    detail: 'www-data',
    listeners: ['tcp *:80', 'tcp *:443'],
  });
  const app = processNode('python app.py', 'app', { listeners: ['tcp 127.0.0.1:5000'] });
  const node = processNode('node server.js', 'app', { listeners: ['tcp 127.0.0.1:3000'] });
  const postgres = processNode('postgres ×9', 'database', {
    count: 9,
    detail: 'postgres',
    listeners: ['tcp 127.0.0.1:5432'],
  });
  const redis = processNode('redis-server', 'cache', { listeners: ['tcp 127.0.0.1:6379'] });
  const memcached = processNode('memcached', 'cache', { listeners: ['tcp 127.0.0.1:11211'] });
  const rabbit = processNode('rabbitmq', 'message_broker', { listeners: ['tcp *:5672'] });
  const worker = processNode('celery worker ×4', 'app', { count: 4, detail: 'www-data' });
  const cli = processNode('redis-cli', 'app', { user: 'alice', detail: 'PID 4410 · alice' });
  const sshd = processNode('sshd', 'remote_access', { listeners: ['tcp *:22'] });
  const firefox = processNode('firefox', 'browser', { user: 'alice', detail: 'PID 3310 · alice' });
  const slack = processNode('slack', 'desktop', { user: 'alice', detail: 'PID 3544 · alice' });
  const resolver = processNode('systemd-resolved', 'service', {
    listeners: ['udp 127.0.0.53:53', 'tcp 127.0.0.53:53'],
  });
  const exporter = processNode('node_exporter', 'monitoring', { listeners: ['tcp *:9100'] });
  const prometheus = processNode('prometheus', 'monitoring', { listeners: ['tcp *:9090'] });
  const clients = remoteNode('client', '×186 clients', 443, 186);
  const ssh = remoteNode('client', '198.51.100.23', 22);
  const web = remoteNode('server', '×24 remotes', 443, 24);
  const dns = remoteNode('server', '192.0.2.53:53', 53);
  const stripe = remoteNode('server', '203.0.113.77:443', 443);
  const slackWeb = remoteNode('server', '2001:db8:85a3::8a2e:370:7334:443', 443);
  link(clients, nginx, 443, 240);
  link(ssh, sshd, 22, 1);
  link(nginx, app, 5000, 12);
  link(nginx, node, 3000, 4, { state: 'CLOSE_WAIT' });
  link(app, postgres, 5432, 8);
  link(app, redis, 6379, 2);
  link(app, memcached, 11211, 1);
  link(app, rabbit, 5672, 1);
  link(worker, rabbit, 5672, 4);
  link(worker, postgres, 5432, 4);
  link(cli, redis, 6379, 1);
  link(node, redis, 6379, 3);
  link(node, app, 5000, 1, { state: 'TIME_WAIT' });
  link(app, stripe, 443, 2);
  link(firefox, web, 443, 41);
  link(slack, slackWeb, 443, 3);
  link(slack, web, 443, 2, { state: 'SYN_SENT' });
  link(firefox, resolver, 53, 1, { protocol: 'udp' });
  link(resolver, dns, 53, 2, { protocol: 'udp' });
  link(prometheus, exporter, 9100, 1);
  link(prometheus, node, 3000, 1);
  for (const [name, type, listener] of [
    ['cupsd', 'service', 'tcp 127.0.0.1:631'],
    ['avahi-daemon', 'service', 'udp *:5353'],
    ['dockerd', 'container', 'tcp 127.0.0.1:2375'],
    ['mysqld', 'database', 'tcp 127.0.0.1:3306'],
    ['vite', 'app', 'tcp 127.0.0.1:5173'],
    ['code --type=utility', 'desktop', 'tcp 127.0.0.1:41233'],
    ['chronyd', 'service', 'udp 127.0.0.1:323'],
    ['master (postfix)', 'service', 'tcp 127.0.0.1:25'],
  ]) {
    processNode(name, type, { listeners: [listener] });
  }
}

function large(count) {
  const fronts = Array.from({ length: Math.floor(count * 0.06) }, (_, i) =>
    processNode(`${pick(['nginx', 'haproxy', 'envoy', 'traefik'])}-${i}`, 'load_balancer', {
      listeners: ['tcp *:443'],
    }),
  );
  const apps = Array.from({ length: Math.floor(count * 0.3) }, (_, i) =>
    processNode(`${pick(['java', 'node', 'python', 'ruby', 'dotnet'])} service-${i}.jar`, 'app', {
      listeners: [`tcp *:${8000 + i}`],
    }),
  );
  const stores = Array.from({ length: Math.floor(count * 0.12) }, (_, i) => {
    const [name, type, servicePort] = pick([
      ['postgres', 'database', 5432],
      ['mysqld', 'database', 3306],
      ['redis-server', 'cache', 6379],
      ['kafka', 'message_broker', 9092],
    ]);
    return Object.assign(
      processNode(`${name} ${i}`, type, { listeners: [`tcp *:${servicePort}`] }),
      { servicePort },
    );
  });
  for (const store of stores) store.port = Number(/:(\d+)$/.exec(store.listeners[0])[1]);
  for (let i = 0; i < count * 0.16; i++) {
    link(
      remoteNode(
        'client',
        i % 3 ? `×${2 + Math.floor(random() * 200)} clients` : `198.51.100.${i}`,
        443,
        2,
      ),
      pick(fronts),
      443,
      1 + Math.floor(random() * 90),
    );
  }
  for (const front of fronts) {
    for (let i = 0; i < 4; i++) link(front, pick(apps), 8080, 1 + Math.floor(random() * 9));
  }
  for (const app of apps) {
    for (let i = 0; i < 2; i++) {
      const store = pick(stores);
      link(app, store, store.port, 1 + Math.floor(random() * 20));
    }
  }
  for (let i = 0; i < count * 0.2; i++) {
    link(
      pick(apps),
      remoteNode(
        'server',
        i % 2 ? `×${2 + Math.floor(random() * 60)} remotes` : `203.0.113.${i}:443`,
        443,
        2,
      ),
      443,
      1 + Math.floor(random() * 9),
      random() < 0.2 ? { protocol: 'udp' } : {},
    );
  }
  for (let i = 0; i < count * 0.16; i++) {
    processNode(`${pick(['cupsd', 'agent', 'helper', 'daemon'])}-${i}`, 'service', {
      listeners: [`tcp 127.0.0.1:${9000 + i}`],
    });
  }
}

if (size === 'large') large(300);
else small();

const visitors = [];
function step() {
  for (const edge of [...edges.values()]) {
    if (random() < 0.3 && !edge.stale) {
      edges.set(edge.id, {
        ...edge,
        to_server: edge.to_server + Math.floor(random() * 2000),
        to_client: edge.to_client + Math.floor(random() * 90000),
        sockets: Math.max(1, edge.sockets + Math.floor(random() * 3) - 1),
      });
    }
  }
  if (random() < 0.35) {
    const servers = [...nodes.values()].filter((node) => node.listeners.length > 0 && !node.stale);
    const server =
      random() < 0.04 ? pick(servers) : pick(servers.filter((node) => node.sockets > 0));
    const servicePort = Number(/:(\d+)$/.exec(server.listeners[0])[1]);
    const client =
      random() < 0.5
        ? processNode(pick(['curl', 'psql', 'wget', 'python job.py']), 'app', { user: 'alice' })
        : remoteNode('client', `198.51.100.${Math.floor(random() * 250)}`, servicePort);
    const edge = link(client, server, servicePort, 1);
    visitors.push({
      client: client.id,
      edge: edge.id,
      until: Date.now() + 6000 + random() * 20000,
    });
  }
  const now = Date.now();
  for (const visitor of [...visitors]) {
    if (now < visitor.until) continue;
    const edge = edges.get(visitor.edge);
    if (!edge.stale) {
      edges.set(edge.id, { ...edge, stale: true, sockets: 0, state: 'CLOSED' });
      nodes.set(visitor.client, { ...nodes.get(visitor.client), stale: true, sockets: 0 });
      visitor.until = now + 15_000;
    } else {
      edges.delete(visitor.edge);
      nodes.delete(visitor.client);
      visitors.splice(visitors.indexOf(visitor), 1);
    }
  }
}

function columns(rows, fields) {
  const result = {};
  for (const field of fields) result[field] = rows.map((row) => row[field]);
  return result;
}
const NODE_FIELDS =
  'id key kind label detail type class user host count expandable parent processes listeners listener_count sockets since stale'.split(
    ' ',
  );
const EDGE_FIELDS =
  'id key from to protocol class port sockets links state to_server to_client rtt_us retransmits stale since evidence attribution'.split(
    ' ',
  );

function updates(before, after, fields) {
  const result = {};
  const added = [...after.values()].filter((row) => !before.has(row.id));
  if (added.length > 0) result.add = columns(added, fields);
  const gone = [...before.keys()].filter((id) => !after.has(id));
  if (gone.length > 0) result.del = gone;
  const set = {};
  for (const row of after.values()) {
    const old = before.get(row.id);
    if (!old || old === row) continue;
    for (const field of fields) {
      if (JSON.stringify(old[field]) === JSON.stringify(row[field])) continue;
      set[field] ??= { id: [], value: [] };
      set[field].id.push(row.id);
      set[field].value.push(row[field]);
    }
  }
  if (Object.keys(set).length > 0) result.set = set;
  return result;
}

const views = new Map();
function viewOf(parameters) {
  const wanted = new URLSearchParams(parameters);
  wanted.delete('last_event_id');
  const id = wanted.toString();
  if (!views.has(id)) {
    const view = { id, wanted, revision: 0, streams: new Set(), ...visible(wanted) };
    views.set(id, view);
  }
  return views.get(id);
}
function visible(wanted) {
  const filter = (wanted.get('filter') ?? '').toLowerCase();
  const shownEdges = new Map(
    [...edges].filter(([, edge]) => {
      const from = nodes.get(edge.from);
      const to = nodes.get(edge.to);
      if (wanted.get('udp') === '0' && edge.protocol === 'udp') return false;
      if (wanted.get('p2p_only') === '1' && (from.kind !== 'process' || to.kind !== 'process'))
        return false;
      return `${from.label} ${to.label} ${edge.key}`.toLowerCase().includes(filter);
    }),
  );
  const touched = new Set([...shownEdges.values()].flatMap((edge) => [edge.from, edge.to]));
  const shownNodes = new Map(
    [...nodes].filter(
      ([id, node]) =>
        touched.has(id) ||
        (wanted.get('listeners') !== '0' &&
          node.listeners.length > 0 &&
          node.label.includes(filter)),
    ),
  );
  return { nodes: shownNodes, edges: shownEdges };
}
function summary(view) {
  return {
    processes: 214,
    sockets: 388,
    listeners: 31,
    links: edges.size,
    hidden_links: edges.size - view.edges.size,
    unattributed_sockets: 12,
    lost_events: 0,
    gaps: 0,
  };
}
function sceneOf(view) {
  const group = view.wanted.get('group') ?? 'auto';
  return {
    epoch: EPOCH,
    revision: view.revision,
    at: Date.now(),
    host: { name: 'atlas', os: 'linux', version: '0.1.0' },
    grouping: { asked: group, level: group === 'auto' ? 'family' : group },
    nodes: columns([...view.nodes.values()], NODE_FIELDS),
    edges: columns([...view.edges.values()], EDGE_FIELDS),
    summary: summary(view),
    legend: LEGEND,
    degradations: [
      {
        id: 'owners-hidden',
        message: '12 sockets belong to other users: their programs cannot be named',
        count: 12,
      },
    ],
  };
}

setInterval(() => {
  step();
  for (const view of views.values()) {
    const now = visible(view.wanted);
    const nodeUpdates = updates(view.nodes, now.nodes, NODE_FIELDS);
    const edgeUpdates = updates(view.edges, now.edges, EDGE_FIELDS);
    Object.assign(view, now);
    if (Object.keys(nodeUpdates).length + Object.keys(edgeUpdates).length === 0) continue;
    view.revision++;
    const delta = {
      from: view.revision - 1,
      to: view.revision,
      at: Date.now(),
      nodes: nodeUpdates,
      edges: edgeUpdates,
      summary: summary(view),
    };
    for (const response of view.streams) {
      response.write(
        `event: delta\nid: ${EPOCH}:${view.revision}\ndata: ${JSON.stringify(delta)}\n\n`,
      );
    }
  }
}, 1000);

function owner(key) {
  const node = [...nodes.values()].find((candidate) => candidate.processes.includes(key));
  const pid = Number(key.split('-')[0]);
  return {
    pid,
    name: node?.label ?? 'gone',
    exe: `/usr/bin/${node?.label.split(' ')[0] ?? 'gone'}`,
    user: node?.user ?? null,
    started: START,
    key,
    label: node?.label ?? 'gone',
  };
}
function socketsOf(filter) {
  return [...edges.values()].filter(filter).flatMap((edge) => {
    const from = nodes.get(edge.from);
    const to = nodes.get(edge.to);
    const outbound = from.kind === 'process';
    const self = outbound ? from : to;
    return Array.from({ length: Math.min(edge.sockets, 30) }, (_, i) => ({
      protocol: edge.protocol,
      state: edge.state === 'UDP' ? 'ESTABLISHED' : edge.state,
      local: { ip: '127.0.0.1', port: outbound ? 40000 + i : edge.port },
      remote: {
        ip: (outbound ? to : from).kind === 'process' ? '127.0.0.1' : '203.0.113.9',
        port: outbound ? edge.port : 50000 + i,
      },
      direction: outbound ? 'outbound' : 'inbound',
      evidence: edge.evidence,
      owners: i % 7 === 6 ? [] : self.processes.map(owner),
      attribution: i % 7 === 6 ? 'unknown' : edge.attribution,
      unknown_owner: i % 7 === 6 ? 'no permission' : null,
      uid: 33,
      rx_bytes: Math.floor(edge.to_client / edge.sockets),
      tx_bytes: Math.floor(edge.to_server / edge.sockets),
      rtt_us: edge.rtt_us,
      retransmits: i === 2 ? 3 : 0,
      netns: 4026531840,
      cookie: edge.id * 100 + i,
      opened: edge.since,
    }));
  });
}

createServer((request, response) => {
  const url = new URL(request.url, 'http://mock');
  const json = (body, status = 200) => {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-cache' });
    response.end(JSON.stringify(body));
  };
  const bad = (url.searchParams.get('filter') ?? '').indexOf('((');
  if (url.pathname.startsWith('/api/') && bad >= 0) {
    json({ error: 'a closing parenthesis is missing', position: [bad, bad + 2] }, 400);
  } else if (url.pathname === '/api/v1/scene') {
    json(sceneOf(viewOf(url.searchParams)));
  } else if (url.pathname === '/api/v1/stream') {
    const view = viewOf(url.searchParams);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const last = request.headers['last-event-id'] ?? url.searchParams.get('last_event_id');
    if (last !== `${EPOCH}:${view.revision}`) {
      response.write(
        `event: scene\nid: ${EPOCH}:${view.revision}\ndata: ${JSON.stringify(sceneOf(view))}\n\n`,
      );
    }
    view.streams.add(response);
    const beat = setInterval(
      () =>
        response.write(
          `event: heartbeat\ndata: ${JSON.stringify({ at: Date.now(), revision: view.revision })}\n\n`,
        ),
      5000,
    );
    request.on('close', () => {
      clearInterval(beat);
      view.streams.delete(response);
      if (view.streams.size === 0) views.delete(view.id);
    });
  } else if (url.pathname === '/api/v1/sockets') {
    const { searchParams } = url;
    const byKey = (key) => [...nodes.values()].find((node) => node.key === key)?.id;
    const list = socketsOf((edge) =>
      searchParams.has('edge')
        ? edge.key === searchParams.get('edge')
        : edge.from === byKey(searchParams.get('node')) ||
          edge.to === byKey(searchParams.get('node')),
    );
    json({ sockets: list.slice(0, Number(searchParams.get('limit') ?? 1000)), total: list.length });
  } else if (url.pathname.startsWith('/api/v1/processes/')) {
    const key = decodeURIComponent(url.pathname.slice(18));
    const self = owner(key);
    const node = [...nodes.values()].find((candidate) => candidate.processes.includes(key));
    if (!node) json({ error: 'no such process; it may have ended' }, 404);
    else {
      json({
        key,
        pid: self.pid,
        name: self.name,
        label: node.label,
        type: node.type,
        exe: self.exe,
        arguments: [
          self.exe,
          '--config',
          '/etc/example/very long path with spaces/example.conf',
          '--workers=4',
        ],
        user: node.user,
        uid: 33,
        started: START,
        cgroup: '/system.slice/example.service',
        alive: true,
        parents: [
          { key: '812-1', pid: 812, name: 'bash', label: 'bash' },
          { key: '640-1', pid: 640, name: 'sshd', label: 'sshd' },
          { key: '1-1', pid: 1, name: 'systemd', label: 'systemd' },
        ],
        children: [{ key: '900-1', pid: 900, name: 'worker', label: 'worker' }],
        sockets: [],
        socket_count: node.sockets,
      });
    }
  } else if (url.pathname === '/api/v1/capabilities') {
    json({
      capabilities: [
        {
          id: 'socket-owners',
          title: 'Programs of other users',
          state: 'partial',
          reason: 'procnet runs as an ordinary user',
          remedy: 'sudo procnet',
        },
        {
          id: 'sockets',
          title: 'TCP and UDP sockets',
          state: 'full',
          reason: 'netlink answers',
          remedy: null,
        },
      ],
      degradations: [],
    });
  } else {
    const path = normalize(join(DIST, url.pathname === '/' ? 'index.html' : url.pathname));
    if (!path.startsWith(DIST) || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'content-security-policy': CSP,
    });
    response.end(readFileSync(path));
  }
}).listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
