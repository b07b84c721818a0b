// Which programs have a brand glyph: the base name of an executable, without a version at its end.

/** Brand (as Simple Icons names it) and the programs that show it. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  nginx: ['nginx', 'openresty'],
  haproxy: ['haproxy'],
  traefikproxy: ['traefik'],
  envoyproxy: ['envoy'],
  caddy: ['caddy'],
  postgresql: ['postgres', 'postmaster', 'psql', 'pgbouncer', 'pg_dump'],
  mysql: ['mysqld', 'mysql'],
  mariadb: ['mariadbd', 'mariadb'],
  mongodb: ['mongod', 'mongos', 'mongosh'],
  redis: ['redis-server', 'redis-sentinel', 'redis-cli', 'redis'],
  rabbitmq: ['rabbitmq-server', 'rabbitmq', 'beam.smp'],
  natsdotio: ['nats-server', 'nats'],
  elasticsearch: ['elasticsearch'],
  opensearch: ['opensearch'],
  clickhouse: ['clickhouse', 'clickhouse-server'],
  influxdb: ['influxd', 'influxdb'],
  etcd: ['etcd'],
  consul: ['consul'],
  vault: ['vault'],
  minio: ['minio'],
  docker: ['dockerd', 'docker', 'docker-proxy', 'com.docker.backend'],
  containerd: ['containerd', 'containerd-shim-runc-v'],
  podman: ['podman', 'conmon'],
  kubernetes: ['kubelet', 'kube-apiserver', 'kube-proxy', 'kube-scheduler', 'k3s', 'kubectl'],
  python: ['python', 'pypy', 'uwsgi', 'ipython'],
  gunicorn: ['gunicorn'],
  celery: ['celery'],
  jupyter: ['jupyter', 'jupyter-lab', 'jupyter-notebook'],
  nodedotjs: ['node', 'nodejs', 'npm'],
  bun: ['bun'],
  perl: ['perl'],
  go: ['go'],
  dotnet: ['dotnet'],
  erlang: ['erl', 'epmd'],
  firefoxbrowser: ['firefox', 'firefox-bin', 'firefox-esr'],
  googlechrome: ['chrome', 'google-chrome', 'chromium', 'chromium-browser'],
  brave: ['brave', 'brave-browser'],
  opera: ['opera'],
  safari: ['safari', 'com.apple.webkit.networking'],
  thunderbird: ['thunderbird', 'thunderbird-bin'],
  discord: ['discord'],
  telegram: ['telegram', 'telegram-desktop'],
  signal: ['signal', 'signal-desktop'],
  spotify: ['spotify'],
  steam: ['steam', 'steamwebhelper'],
  zoom: ['zoom'],
  dropbox: ['dropbox'],
  nextcloud: ['nextcloud'],
  syncthing: ['syncthing'],
  transmission: ['transmission-daemon', 'transmission-gtk', 'transmission-qt'],
  qbittorrent: ['qbittorrent', 'qbittorrent-nox'],
  grafana: ['grafana', 'grafana-server'],
  prometheus: ['prometheus', 'node_exporter', 'alertmanager', 'blackbox_exporter'],
  fluentbit: ['fluent-bit'],
  kibana: ['kibana'],
  netdata: ['netdata'],
  curl: ['curl'],
  tailscale: ['tailscaled', 'tailscale'],
  openvpn: ['openvpn'],
  cloudflare: ['cloudflared'],
  pihole: ['pihole-ftl'],
  adguard: ['adguardhome'],
  dovecot: ['dovecot', 'imap-login'],
  homeassistant: ['hass'],
  jellyfin: ['jellyfin'],
  plex: ['plexmediaserver'],
  ollama: ['ollama'],
};

/** Icon (as icons.ts names it) and the programs that show it: those without a free glyph. */
const DRAWN: Readonly<Record<string, readonly string[]>> = {
  java: ['java', 'javaw'],
  apache: ['apache', 'httpd'],
  ruby: ['ruby', 'puma', 'sidekiq', 'unicorn'],
  printer: ['cupsd', 'cups-browsed'],
  names: [
    'systemd-resolved',
    'dnsmasq',
    'named',
    'unbound',
    'coredns',
    'pdns_server',
    'avahi-daemon',
  ],
};

export const BRANDS: readonly string[] = Object.keys(PROGRAMS);

function byProgram(table: Readonly<Record<string, readonly string[]>>, prefix: string) {
  return Object.entries(table).flatMap(([glyph, programs]) =>
    programs.map((program) => [program, `${prefix}-${glyph}`] as const),
  );
}

const glyphs = new Map([...byProgram(PROGRAMS, 'brand'), ...byProgram(DRAWN, 'icon')]);

/** The symbol for an executable's base name: `python3.11` and `apache2` lose their version. */
export function glyphOfProgram(program: string): string | undefined {
  const name = program.toLowerCase();
  return glyphs.get(name) ?? glyphs.get(name.replace(/[-_]?\d[\d.]*$/, ''));
}
