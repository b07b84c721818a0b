// English.

import { counted, LOCALE, plain } from './count';
import { map } from './en-map';

/** The server's terms, each with its words; what is not here is shown as it is. */
type Terms = Readonly<Record<string, string>>;

export const english = {
  /** The language's tag, for numbers, dates and sorting. */
  locale: LOCALE,
  product: 'Procnet Live',
  title: (host: string) => `${host} · Procnet Live`,
  map,

  common: {
    close: 'Close',
    copy: (what: string) => `Copy ${what}`,
    copied: 'Copied',
    refused: 'The browser refused',
    silent: 'The server does not answer',
    status: (status: number) => `The server answered ${status}`,
    none: '–',
    ago: (duration: string) => `${duration} ago`,
    unknown: 'not known',
  },

  units: {
    bytes: ['B', 'kB', 'MB', 'GB', 'TB', 'PB'],
    now: 'now',
    seconds: 's',
    minutes: 'min',
    hours: 'h',
    days: 'd',
    milliseconds: 'ms',
    microseconds: 'µs',
  },

  connection: {
    connecting: 'connecting',
    live: 'live',
    lost: 'connection lost',
    frozen: 'frozen',
    lostLater: 'Connection lost. This is the last picture; it goes on by itself.',
    lostAtFirst: 'procnet does not answer. Trying again by itself.',
    tryNow: 'Try now',
    frozenBanner: (held: number) =>
      `Frozen${held > 0 ? `: ${counted(held, 'update waits', 'updates wait')}` : ''}. Collecting goes on.`,
    goOn: 'Go on',
  },

  empty: {
    waiting: 'Waiting for procnet…',
    looking: 'Looking…',
    nothingFits: 'Nothing fits',
    nothingYet: 'No connections yet',
    leftOut: (links: number) =>
      `The filter and the switches leave out ${links === 1 ? 'the only link' : `all ${plain(links)} links`}.`,
    nobodyTalks: (processes: number) =>
      `${plain(processes)} processes are known; none of those that can be seen listens or is connected.`,
    showEverything: 'Show everything',
  },

  toolbar: {
    label: 'View',
    shown: 'What is shown',
    localOnly: 'Local only',
    localOnlyTitle: 'Only connections between processes of this machine (p2p-only)',
    udp: 'UDP',
    udpTitle: 'Show UDP',
    unix: 'UNIX',
    unixTitle: "Show UNIX domain sockets, such as PostgreSQL's, Docker's and D-Bus'",
    listeners: 'Listeners',
    listenersTitle: 'Show processes that listen though nobody is connected',
    group: 'Group',
    groupTitle: 'What one node stands for',
    autoGroup: (level: string) => `Auto · ${level.toLowerCase()}`,
    asTable: 'Show as table',
    asMap: 'Show as map',
    asBoth: 'Show map and table',
    panes: 'Map or table',
    more: 'Switches and tools',
    fit: 'Fit the map',
    tidy: 'Tidy: lay everything out anew',
    freeze: 'Freeze the picture',
    legend: 'Legend',
    theme: (theme: string) => `Theme: ${theme}`,
    help: 'Help',
    hint: (label: string, keys: string) => `${label} (${keys})`,
  },

  keys: {
    space: 'Space',
  },

  search: {
    label: 'Filter',
    placeholder: 'Filter: port:5432 user:www proc~/node/',
    clear: 'Clear the filter',
    suggestions: 'Suggestions for the filter',
    keys: '↑ ↓ choose · Enter take · Esc close',
    replace: (text: string) => `Replace by ${text}`,
  },

  questions: {
    label: 'Questions',
    list: {
      internet: 'Talks to the Internet',
      inbound: 'Reached from the Internet',
      databases: 'Uses a database',
      exposed: 'Listens to everyone',
    },
    since: 'New since',
    anyTime: 'any time',
    now: 'now',
    minutesAgo: (minutes: number) => counted(minutes, 'minute ago', 'minutes ago'),
    hoursAgo: (hours: number) => counted(hours, 'hour ago', 'hours ago'),
  },

  mute: {
    title: (links: number) => `Muted${links > 0 ? `: ${counted(links, 'link')}` : ''}`,
    unmute: (filter: string) => `Show again: ${filter}`,
    none: 'Show all again',
    mute: 'Mute',
    muteTitle: 'Leave this out of the picture; the bar on top shows it again',
    full: (most: number) => `At most ${most} can be muted: show one again first`,
  },

  ask: {
    title: 'Narrow down',
    open: 'Narrow down',
    close: 'Close the panel',
    inForce: 'In force',
    clearAll: 'Clear',
    remove: (term: string) => `Take away: ${term}`,
    saved: 'Saved filters',
    nothingSaved: 'Write a filter, then give it a name here.',
    nameLabel: 'Name of the filter',
    namePlaceholder: 'Name for this filter',
    save: 'Save',
    forget: (name: string) => `Forget ${name}`,
    counting: 'Counting…',
    remotes: 'Remotes by',
    remotesBy: {
      auto: 'Auto',
      endpoint: 'Address and port',
      address: 'Address',
      network: 'Domain or network',
      internet: 'The Internet as one',
    } as Terms,
    fields: {
      proc: 'Process',
      user: 'User',
      container: 'Container',
      unit: 'Unit',
      remote: 'Remote',
      port: 'Port',
      state: 'State',
      proto: 'Protocol',
      class: 'Kind of service',
      dir: 'Direction',
    } as Terms,
    exclude: (value: string) => `Leave out ${value}`,
    more: (count: number) => `${plain(count)} more`,
    fewer: 'Fewer',
    others: (count: number) =>
      `${counted(count, 'value', 'values')} more: type a filter to reach them`,
  },

  details: {
    label: 'Details',
    close: 'Close the details',
    closeHint: 'Close (Esc)',
    goneTitle: 'No longer there',
    gone: 'What was selected has ended, or the filter leaves it out.',
    asMembers: 'Shown as its members',
    membersOnMap: (count: number) => `${counted(count, 'node')} on the map`,
    backIntoOne: 'Back into one',
    backIntoGroup: 'Back into its group',
    showMembers: 'Show its members',
    allMembers: 'All members',
    kinds: {
      client: 'Remote clients',
      server: 'Remote server',
      unattributed: 'Sockets without a known program',
    } as Terms,
    listensOn: 'Listens on',
    talksTo: (count: number) => `Talks to, and is talked to by (${plain(count)})`,
    way: (outward: boolean) => (outward ? 'to' : 'from'),
    more: (count: number) => `and ${plain(count)} more`,
    sockets: 'Sockets',
    addresses: 'Addresses',
    connections: 'Connections',
    since: 'Since',
    container: 'Container',
    unit: 'Unit',
    processes: (count: number, listed: number) =>
      `${counted(count, 'process', 'processes')}${listed < count ? `, the oldest ${listed} listed` : ''}`,
    pid: (pid: string | number) => `PID ${pid}`,
    justEnded: 'just ended',
    state: 'State',
    path: 'Path',
    noPath: 'none',
    toServer: 'To server',
    toClient: 'To client',
    roundTrip: 'Round trip',
    sentAgain: 'Sent again',
    segments: (count: number) => counted(count, 'segment'),
    firstSeen: 'First seen',
    direction: 'Direction',
    owners: 'Owners',
  },

  process: {
    whyItRuns: 'Why it runs',
    chain: 'Its ancestors, the first one first',
    reveal: (masked: number) => `Show ${counted(masked, 'masked secret')}`,
    masked: (masked: number) =>
      `${counted(masked, 'secret is', 'secrets are')} masked. To be able to see what is masked, start procnet with`,
    command: 'Command',
    theCommand: 'the command line',
    program: 'Program',
    thePath: 'the path',
    unreadable: 'may not be read',
    user: 'User',
    pid: 'PID',
    thePid: 'the PID',
    started: 'Started',
    theContainer: "the container's id",
    pod: (pod: string) => `pod ${pod}`,
    theUnit: "the unit's name",
    controlGroup: 'Control group',
    ended: 'ended',
    children: (count: number) => `Started by it (${plain(count)})`,
  },

  why: {
    systemManager: 'systemd',
    userManager: "the user's systemd",
    service: (manager: string, unit: string) => `Started by ${manager} as ${unit}.`,
    application: (name: string) => `Started as the desktop application ${name}.`,
    container: (name: string, runtime: string) =>
      `Runs in the container ${name}${runtime === 'unknown' ? '' : ` (${runtime})`}.`,
    login: (name: string) => `Started by a person who is logged in through ${name}.`,
    clock: (name: string) => `Started by the clock: ${name}.`,
    parent: (name: string, pid: number) => `Its parent is ${name} (PID ${pid}).`,
    first: 'The first process: the system itself started it.',
    orphan: 'Who started it has ended, or may not be seen.',
  },

  /** Who may reach a listening socket. */
  reach: {
    machine: 'this machine only',
    network: 'this network',
    everyone: 'everyone',
  },

  filterBy: {
    title: 'Filter by',
    by: (term: string) => `Filter by ${term}`,
    on: (term: string) => `${term} is in the filter`,
    only: 'Only this',
  },

  picture: {
    title: 'How the map is drawn',
    layout: 'Layout',
    layoutNames: { flow: 'flow: as a request goes', free: 'free: drag nodes' },
    everything: 'Every process and every remote, not joined',
    minimap: 'Small map of the whole, where it is larger than the window',
    flow: 'Beads along the busiest edges',
    widths: 'Width of edges',
    widthNames: { count: 'number of sockets', traffic: 'traffic' },
    labels: 'Labels of edges',
    labelNames: { some: 'where there is room', all: 'with services', none: 'none' },
  },

  announce: {
    nodes: (count: number) => counted(count, 'node'),
    shown: (nodes: number, edges: number) =>
      `Shown: ${counted(nodes, 'node')}, ${counted(edges, 'connection')}.`,
    changed: (came: string, gone: string) =>
      [came && `New: ${came}.`, gone && `Gone: ${gone}.`].filter(Boolean).join(' '),
  },

  skip: { map: 'To the map or the table' },

  share: {
    title: 'Share and export',
    picture: 'Picture of the map',
    data: 'What is shown, for other programs',
    formats: {
      json: { name: 'JSON', use: 'programs' },
      csv: { name: 'CSV', use: 'spreadsheets' },
      graphml: { name: 'GraphML', use: 'yEd, Gephi, Cytoscape' },
      dot: { name: 'DOT', use: 'Graphviz' },
      mermaid: { name: 'Mermaid', use: 'Markdown, wikis' },
    },
  },

  copy: {
    ss: 'As ss line',
    json: 'As JSON',
    filter: 'As filter',
    link: 'Copy link',
  },

  sockets: {
    more: 'More about this socket',
    opened: 'Opened',
    packetsTitle: 'Packets',
    namespace: 'Net namespace',
    interface: 'Interface',
    place: 'Country, network',
    cookie: 'Cookie',
    rate: 'Bytes per second, sent and received',
    loading: 'Loading sockets…',
    title: (total: number, shown: number) =>
      `Sockets (${plain(total)}${shown < total ? `, ${plain(shown)} shown` : ''})`,
    none: 'None is open now.',
    inode: (inode: number) => `inode ${inode}`,
    ends: (local: string, remote: string) => `local ${local}, remote ${remote}`,
    localEnd: 'Local end',
    remoteAddress: 'Remote address',
    packets: (sent: number, received: number) =>
      `Sent ${plain(sent)} and received ${plain(received)} packets`,
    roundTrip: 'Round-trip time',
    sentAgain: (count: number) => `${plain(count)} sent again`,
    age: 'Age',
    unknownOwner: (why: string, uid: number | null) =>
      `Owner unknown: ${why}${uid !== null ? ` (uid ${uid})` : ''}`,
  },

  table: {
    tabs: 'Tables',
    lists: { edge: 'Connections', node: 'Processes and remotes', socket: 'All sockets' },
    /** In the names of files. */
    files: { edge: 'connections', node: 'nodes', socket: 'sockets' },
    nothing: 'Nothing to list.',
    loading: '…',
    columnsTitle: 'Columns of the table',
    columnsShort: 'Columns',
    save: (format: string) => `Save this table as ${format}`,
    andMore: (name: string, count: number) => `${name} and ${plain(count)} more`,
    several: 'several',
    pair: 'pair',
    kinds: {
      client: 'Remote clients',
      server: 'Remote server',
      unattributed: 'Program not known',
    } as Terms,
    columns: {
      client: 'Client',
      server: 'Server',
      protocol: 'Protocol',
      port: 'Port',
      state: 'State',
      sockets: 'Sockets',
      to_server: 'To server',
      to_client: 'To client',
      rtt: 'Round trip',
      age: 'Age',
      process: 'Process',
      pid: 'PID',
      direction: 'Direction',
      local: 'Local end',
      interface: 'Interface',
      remote: 'Remote end',
      country: 'Country',
      network: 'Network',
      container: 'Container',
      sent: 'Sent',
      received: 'Received',
      retransmits: 'Sent again',
      label: 'Name',
      type: 'Type',
      detail: 'Detail',
      user: 'User',
      count: 'Count',
      connections: 'Connections',
      listeners: 'Listens on',
    },
  },

  status: {
    processes: (count: number) => counted(count, 'process', 'processes'),
    sockets: (count: number) => counted(count, 'socket'),
    links: (count: number) => counted(count, 'link'),
    hidden: (count: number) => `${plain(count)} hidden`,
    hiddenTitle: 'Left out by the filter and the switches above',
    lost: (count: number) => `${counted(count, 'event')} lost`,
    gaps: (count: number) => `${counted(count, 'gap')} since the start`,
    more: (count: number) => `+${plain(count)}`,
    unseen: 'What cannot be seen',
    capabilities: 'What procnet may look at here',
    states: { full: 'seen', partial: 'partly seen', missing: 'not seen' } as Terms,
    theRemedy: 'the command',
  },

  help: {
    title: 'Help',
    intro:
      'A request runs from left to right: clients, the processes of this machine, remote servers. A node keeps its place while it lives; Tidy lays everything out anew.',
    keys: [
      {
        title: 'Keys',
        map: [
          ['/', 'filter; ↑ ↓ choose, Enter takes'],
          ['E', 'narrow down: counts, saved filters'],
          ['T', 'table or map'],
          ['B', 'map and table beside each other'],
          ['Space', 'freeze, go on'],
          ['?', 'this help'],
          ['Esc', 'close, deselect'],
        ],
      },
      {
        title: 'On the map',
        map: [
          ['Tab', 'to the map'],
          ['← ↑ → ↓', 'from node to node'],
          ['Enter', 'details of the node'],
          ['Shift + arrows', 'move the map'],
          ['+ −', 'zoom'],
          ['F', 'fit the map'],
          ['Z', 'zoom to what is selected'],
          ['Y', 'tidy: lay everything out anew'],
          ['L', 'legend'],
        ],
      },
      {
        title: 'In the table',
        map: [
          ['← ↑ → ↓', 'from cell to cell'],
          ['Home End', 'first and last column'],
          ['Ctrl + Home', 'first row; Ctrl + End the last'],
          ['Page Up Down', 'a page'],
          ['Enter', 'sort by the heading, or details of the row'],
        ],
      },
    ] as readonly {
      readonly title: string;
      readonly map: readonly (readonly [keys: string, does: string])[];
    }[],
    filter: 'Filter',
    filterIntro:
      'Words are searched everywhere. Join terms with a space (and), or, not and parentheses. Click an example to try it.',
  },

  directions: {
    outbound: 'out',
    inbound: 'in',
    listen: 'listens',
    unknown: 'unknown',
  } as Terms,

  /** How an owner is known. */
  attribution: {
    observed: 'seen opening it',
    held: 'found among its open files',
    inherited: 'shared: inherited from a parent process',
    inferred: 'deduced, not seen directly',
    unknown: 'owner not known',
  } as Terms,

  /** Why an owner is not known. */
  unknownOwner: {
    'no permission': "no permission to look into other users' processes",
    kernel: "the kernel's own",
    'not found': 'the process was already gone',
  } as Terms,

  /** What the direction of an edge rests on. */
  evidence: {
    observed: 'seen: who connected and who accepted',
    listener: 'the server end was seen listening',
    pairing: 'both ends are on this machine',
    service_port: 'a guess from the port number',
    none: 'none: neither end is the client, as of a socket pair',
  } as Terms,

  groupings: {
    auto: 'Auto',
    process: 'Processes',
    tree: 'Process trees',
    container: 'Containers',
    unit: 'systemd units',
    family: 'Programs',
    executable: 'Executables',
    user: 'Users',
    host: 'Hosts',
  } as Terms,
};
