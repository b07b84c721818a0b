// Who may reach a listening socket, told from the address that it is bound to.

export type Reach = 'machine' | 'network' | 'everyone';

/** The address in `text`: `tcp *:22`, `udp [::1]:53`, `unix /run/x`; undefined if it has none. */
export function boundAddress(text: string): { protocol: string; address: string; port: string } {
  const space = text.indexOf(' ');
  const protocol = space < 0 ? '' : text.slice(0, space);
  const place = text.slice(space + 1);
  const colon = place.lastIndexOf(':');
  if (protocol === 'unix' || colon < 0) return { protocol, address: place, port: '' };
  return {
    protocol,
    address: place.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: place.slice(colon + 1),
  };
}

/** Who may reach what is bound to `address`: `*`, an IP address, or a path. */
export function reachOf(protocol: string, address: string): Reach {
  if (protocol === 'unix') return 'machine';
  if (address === '*' || address === '0.0.0.0' || address === '::') return 'everyone';
  const ip = address
    .toLowerCase()
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/, '');
  const [a = Number.NaN, b = Number.NaN] = ip.includes(':') ? [] : ip.split('.').map(Number);
  if (ip === '::1' || a === 127) return 'machine';
  const privately =
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128) ||
    /^f[cd]/.test(ip) ||
    /^fe[89ab]/.test(ip);
  return privately ? 'network' : 'everyone';
}
