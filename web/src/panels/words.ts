// What the server's terms mean, in plain words.

/** How an owner is known. */
export const ATTRIBUTION_WORDS: Readonly<Record<string, string>> = {
  observed: 'seen opening it',
  held: 'found among its open files',
  inherited: 'shared: inherited from a parent process',
  inferred: 'deduced, not seen directly',
  unknown: 'owner not known',
};

/** Why an owner is not known. */
export const UNKNOWN_OWNER_WORDS: Readonly<Record<string, string>> = {
  'no permission': "no permission to look into other users' processes",
  kernel: "the kernel's own",
  'not found': 'the process was already gone',
};

/** What the direction of an edge rests on. */
export const EVIDENCE_WORDS: Readonly<Record<string, string>> = {
  observed: 'seen: who connected and who accepted',
  listener: 'the server end was seen listening',
  pairing: 'both ends are on this machine',
  service_port: 'a guess from the port number',
  none: 'none: neither end is the client, as of a socket pair',
};

export const GROUPING_WORDS: Readonly<Record<string, string>> = {
  auto: 'Auto',
  process: 'Processes',
  tree: 'Process trees',
  container: 'Containers',
  unit: 'systemd units',
  family: 'Programs',
  user: 'Users',
  host: 'Hosts',
};

export const STATE_WORDS: readonly (readonly [state: string, words: string])[] = [
  ['ESTABLISHED', 'established'],
  ['SYN_SENT', 'connecting (SYN_SENT)'],
  ['SYN_RECEIVED', 'being accepted (SYN_RECEIVED)'],
  ['TIME_WAIT', 'closed, waiting (TIME_WAIT)'],
  ['CLOSE_WAIT', 'other end closed (CLOSE_WAIT)'],
];
