// One node on the map.

import type { Density, Detail, Place } from '../layout/frame';
import { METRICS } from '../layout/frame';
import type { NodeRow } from '../wire/columns';
import type { TypeInfo } from '../wire/generated';
import { words } from '../words';
import { glyphOf } from './brands';
import { GLYPH_UNITS, placedPath } from './glyph';
import { hasIcon, iconPath } from './icons';
import { isLoaded } from './images';
import type { Port } from './ports';
import { PILL_GAP, pillWidth, portsOf, portsThatFit } from './ports';
import { element, mark, set, setText } from './svg';
import { fits, truncate } from './text';

interface Type {
  readonly label: Readonly<Record<Detail, number>>;
  readonly detail: number;
  readonly icon: number;
  /** Baselines of the name and of the line below it. */
  readonly lines: readonly [number, number];
}

const TYPE: Readonly<Record<Density | 'chip', Type>> = {
  roomy: {
    label: METRICS.roomy.label,
    detail: 11.5,
    icon: 34,
    lines: [21.5, 37.5],
  },
  regular: {
    label: METRICS.regular.label,
    detail: 11,
    icon: 30,
    lines: [17.5, 32.5],
  },
  compact: {
    label: METRICS.compact.label,
    detail: 11,
    icon: 20,
    lines: [20, 20],
  },
  chip: { label: { full: 12.5, label: 15, large: 17 }, detail: 11, icon: 20, lines: [20, 20] },
};
const PORT_SIZE: Readonly<Record<Detail, number>> = { full: 10.5, label: 13, large: 13 };
const PORT_HEIGHT: Readonly<Record<Detail, number>> = { full: 15, label: 18, large: 18 };
const ICON_STROKE = 1.9;
const GLIDE_MS = 420;
/** As edges glide in the style sheet. */
const GLIDE_EASING = 'cubic-bezier(0.3, 0.7, 0.2, 1)';
const NO_TYPE_COLOR = '#7b838e';
const LABEL_WEIGHT = 560;
const DETAIL_WEIGHT = 430;

/** The icon's name for `node`. */
export function iconOf(node: NodeRow, type: TypeInfo | undefined): string {
  if (node.kind === 'unattributed') return 'unknown';
  if (node.kind === 'client') return 'client';
  const name = type?.icon ?? node.type;
  return hasIcon(name) ? name : 'generic';
}

/** What a screen reader says of `node`. */
export function describeNode(node: NodeRow, type: TypeInfo | undefined): string {
  const parts = [node.label];
  if (type && node.kind === 'process') parts.push(type.title);
  if (node.detail) parts.push(node.detail);
  if (node.user) parts.push(`user ${node.user}`);
  if (node.listeners.length > 0) parts.push(`listens on ${node.listeners.slice(0, 4).join(', ')}`);
  parts.push(node.sockets === 1 ? '1 connection' : `${node.sockets} connections`);
  if (node.stale) parts.push('gone');
  return parts.join(', ');
}

/** What a node is drawn from, beside its row and its place. */
export interface NodeLooks {
  readonly type: TypeInfo | undefined;
  readonly level: Detail;
  /** Ports and paths that somebody is connected to. */
  readonly used: ReadonlySet<string>;
}

export class NodeView {
  readonly root: SVGGElement;
  node: NodeRow;
  place: Place;
  /** Which sync saw it last. */
  seen = 0;
  private level: Detail = 'full';
  private type: TypeInfo | undefined;
  private used: ReadonlySet<string> = new Set();
  private readonly title = element('title');
  private readonly body = element('rect', { class: 'body' });
  private readonly ring = element('rect', { class: 'ring' });
  private readonly tile = element('rect', { class: 'tile' });
  private readonly icon = element('path', { class: 'icon' });
  private readonly image = element('image');
  private readonly label = element('text', { class: 'label' });
  private readonly detail = element('text', { class: 'detail' });
  private readonly ports = element('g', { class: 'ports' });
  private readonly newsBody = element('rect');
  private readonly newsText = element('text');
  private readonly news = element('g', { class: 'news' }, this.newsBody, this.newsText);
  private portsShown = '';
  private iconShown = '';
  /** Pills beside the name, in a node of one line, and how wide they are together. */
  private inline: readonly Port[] = [];
  private inlineWidth = 0;
  private nameAt = '';
  private said = '';
  private cut = false;

  constructor(node: NodeRow, place: Place, looks: NodeLooks) {
    this.node = node;
    this.place = place;
    this.root = element(
      'g',
      { 'data-key': node.key, role: 'button', tabindex: -1 },
      this.title,
      this.ring,
      this.body,
      this.tile,
      this.icon,
      this.label,
      this.detail,
      this.ports,
    );
    this.update(node, place, looks, true);
  }

  /** Writes what differs from before. */
  update(node: NodeRow, place: Place, looks: NodeLooks, force = false): void {
    const before = this.place;
    const moved =
      place.x !== before.x ||
      place.y !== before.y ||
      place.compact !== before.compact ||
      place.density !== before.density;
    const was = this.node;
    const samePorts =
      node.listeners === was.listeners &&
      looks.level === this.level &&
      sameSet(looks.used, this.used);
    const anew = force || moved || looks.type !== this.type || node.kind !== was.kind;
    if (node === was && samePorts && !anew) return;
    this.node = node;
    // The same object as long as it is the same place: edges compare by identity.
    if (moved) this.place = place;
    this.type = looks.type;
    this.level = looks.level;
    this.used = looks.used;
    if (anew) {
      this.write();
      return;
    }
    // Most changes are of a count alone.
    if (node.count > 1 !== was.count > 1 || node.stale !== was.stale) this.writeMarks();
    if (node.image !== was.image || node.program !== was.program) this.writeIcon();
    if (!samePorts) this.choosePorts();
    if (!samePorts || node.label !== was.label || node.detail !== was.detail) this.writeText();
    this.describe();
  }

  /** Writes the text for another zoom. */
  redraw(level: Detail): void {
    this.update(this.node, this.place, { type: this.type, level, used: this.used });
  }

  /** Marks the node as one that has just come, or no more. */
  markFresh(on: boolean): void {
    mark(this.root, 'fresh', on);
    if (!on) {
      this.news.remove();
      return;
    }
    this.root.append(this.news);
    this.placeNews();
  }

  private placeNews(): void {
    const text = words.map.fresh;
    const width = pillWidth(text, PORT_SIZE.full);
    setText(this.newsText, text);
    const { x, y } = this.place;
    set(this.newsText, { x: x + 12 + width / 2, y: y + 3.5, 'font-size': PORT_SIZE.full });
    set(this.newsBody, { x: x + 12, y: y - 7.5, width, height: 15, rx: 7.5 });
  }

  /** Comes from `before` to its place, for the eye alone: it is there already. */
  glideFrom(before: Place): void {
    const [x, y] = [before.x - this.place.x, before.y - this.place.y];
    if (x === 0 && y === 0) return;
    const keys = [{ transform: `translate(${x}px, ${y}px)` }, { transform: 'none' }];
    this.root.animate(keys, { duration: GLIDE_MS, easing: GLIDE_EASING });
  }

  /** Writes it all anew: a font or a glyph has come. */
  rewrite(): void {
    this.iconShown = '';
    this.portsShown = '';
    this.write();
  }

  /** The colour of its type. */
  get color(): string {
    return this.type?.color ?? NO_TYPE_COLOR;
  }

  private get measures(): Type {
    return TYPE[this.place.compact ? 'chip' : this.place.density];
  }

  private write(): void {
    const { place, remote } = this;
    const radius = remote ? place.height / 2 : Math.min(12, place.height * 0.27);
    const { x, y, width, height } = place;
    set(this.body, { x, y, width, height, rx: radius });
    set(this.ring, {
      x: x - 3,
      y: y - 3,
      width: place.width + 6,
      height: place.height + 6,
      rx: radius + 3,
    });
    this.nameAt = '';
    mark(this.root, 'node', true);
    this.writeMarks();
    this.writeIcon();
    this.choosePorts();
    this.writeText();
    this.describe();
    if (this.news.isConnected) this.placeNews();
  }

  private get remote(): boolean {
    return this.node.kind === 'client' || this.node.kind === 'server';
  }

  private describe(): void {
    const said = describeNode(this.node, this.type);
    if (said === this.said) return;
    this.said = said;
    set(this.root, { 'aria-label': said });
  }

  private writeMarks(): void {
    const { node } = this;
    mark(this.root, 'remote', this.remote);
    mark(this.root, 'unattributed', node.kind === 'unattributed');
    mark(this.root, 'group', node.count > 1);
    mark(this.root, 'compact', this.place.compact);
    mark(this.root, 'stale', node.stale);
  }

  private writeIcon(): void {
    const { node, place, type, color, remote } = this;
    const size = this.measures.icon;
    const inset = (place.height - size) / 2;
    const id = [
      place.x,
      place.y,
      size,
      remote,
      color,
      type?.image,
      node.image,
      node.program,
    ].join();
    if (id === this.iconShown) return;
    this.iconShown = id;
    set(this.tile, {
      x: place.x + inset,
      y: place.y + inset,
      width: size,
      height: size,
      rx: remote ? size / 2 : size * 0.26,
      fill: color,
    });
    const image = node.kind === 'process' ? type?.image : undefined;
    if (image) {
      this.writeImage(image, inset, size, 0);
      return;
    }
    if (node.image && isLoaded(node.image, () => this.rewrite())) {
      // The tile still tells the type by its colour.
      const margin = Math.round(size * 0.12);
      this.writeImage(node.image, inset + margin, size - 2 * margin, 0.28);
      return;
    }
    if (this.image.isConnected) this.image.replaceWith(this.icon);
    set(this.tile, { 'fill-opacity': undefined });
    const { path, brand } = glyphOf(node) ?? { path: iconPath(iconOf(node, type)), brand: false };
    const glyph = Math.round(size * (brand ? 0.58 : 0.64));
    const offset = inset + (size - glyph) / 2;
    const scale = glyph / GLYPH_UNITS;
    mark(this.icon, 'brand', brand);
    set(this.icon, {
      d: placedPath(path, place.x + offset, place.y + offset, scale),
      'stroke-width': ICON_STROKE * scale,
    });
  }

  /** Shows the picture at `url` in the icon's place, before the tile as opaque as that. */
  private writeImage(url: string, inset: number, size: number, tile: number): void {
    const { x, y } = this.place;
    set(this.image, { href: url, x: x + inset, y: y + inset, width: size, height: size });
    if (!this.image.isConnected) this.icon.replaceWith(this.image);
    set(this.tile, { 'fill-opacity': tile });
  }

  private get oneLine(): boolean {
    return this.place.compact || this.place.density === 'compact';
  }

  /** Which ports have room: written below the node at once, beside the name with that. */
  private choosePorts(): void {
    const { node, place, level, oneLine } = this;
    const size = PORT_SIZE[level];
    const ports = level === 'large' ? [] : portsOf(node, this.used);
    // Chips are there for their ports.
    const told = level === 'full' || (place.compact && level === 'label');
    this.inline = oneLine && told ? portsThatFit(ports, 70, size) : [];
    this.inlineWidth = this.inline.reduce(
      (sum, port) => sum + pillWidth(port.text, size) + PILL_GAP,
      0,
    );
    if (oneLine) return;
    const fitting = portsThatFit(ports, place.width - 24, size);
    this.writePorts(fitting, place.y + place.height - PORT_HEIGHT[level] * 0.42, 14);
  }

  private writeText(): void {
    const { node, place, level, measures, oneLine, inline } = this;
    const full = level === 'full';
    const inset = (place.height - measures.icon) / 2;
    const left = inset + measures.icon + (oneLine ? 7 : 10);
    const right = oneLine ? 8 : 11;
    const twoLines = full && !oneLine && node.detail !== '';
    const size = measures.label[level];

    const room = place.width - left - right;
    // In a small picture an address is worth more than its port, which the edge tells too.
    const name = full ? node.label : node.label.replace(/(?<=[\d\]]):\d+$/, '');
    // That they are clients the icon says too.
    const short = node.kind === 'client' ? name.replace(/(?<=.) clients(?= ×)/, '') : name;
    const whole = fits(name, room, size, LABEL_WEIGHT);
    const text = whole ? name : short;
    const beside =
      whole && this.inlineWidth === 0
        ? text
        : truncate(text, room - this.inlineWidth, size, LABEL_WEIGHT);
    // In a node of one line the name comes first.
    const cutForPorts = beside !== text && !place.compact && inline.length > 0;
    const label = cutForPorts ? truncate(text, room, size, LABEL_WEIGHT) : beside;
    const x = place.x + left;
    const y = place.y + (twoLines ? measures.lines[0] : place.height / 2 + size * 0.355);
    const at = `${x} ${y} ${size}`;
    if (at !== this.nameAt) {
      this.nameAt = at;
      set(this.label, { x, y, 'font-size': size });
      set(this.detail, { x, y: place.y + measures.lines[1], 'font-size': measures.detail });
    }
    setText(this.label, label);
    const detail = twoLines ? truncate(node.detail, room, measures.detail, DETAIL_WEIGHT) : '';
    setText(this.detail, detail);
    set(this.detail, { display: detail ? undefined : 'none' });

    if (oneLine) {
      const middle = place.y + (place.height - PORT_HEIGHT[level]) / 2;
      this.writePorts(cutForPorts ? [] : inline, middle, right - 2);
    }

    this.cut = label !== node.label || detail !== node.detail;
  }

  /** Has what is cut told in full beside the pointer, when that comes: nobody else sees it. */
  pointAt(): void {
    const { label, detail } = this.node;
    setText(this.title, this.cut ? [label, detail].filter(Boolean).join('\n') : '');
  }

  /** Pills of `ports` at `y`, ending `right` from the node's right edge. */
  private writePorts(ports: readonly Port[], y: number, right: number): void {
    const { place, level } = this;
    const id = [
      place.x,
      place.width,
      y,
      level,
      ...ports.map((port) => `${port.text} ${port.used}`),
    ].join();
    if (id === this.portsShown) return;
    this.portsShown = id;
    const [size, height] = [PORT_SIZE[level], PORT_HEIGHT[level]];
    const widths = ports.map((port) => pillWidth(port.text, size));
    let x =
      place.x +
      place.width -
      right -
      widths.reduce((sum, width) => sum + width, 0) -
      PILL_GAP * Math.max(0, ports.length - 1);
    this.ports.replaceChildren(
      ...ports.flatMap((port, i) => {
        const width = widths[i] ?? 0;
        const pill = element('g', { class: port.used ? 'port used' : 'port' });
        const text = element('text', {
          x: x + width / 2,
          y: y + height / 2 + size * 0.355,
          'font-size': size,
        });
        setText(text, port.text);
        pill.append(element('rect', { x, y, width, height, rx: height / 2 }), text);
        x += width + PILL_GAP;
        return pill;
      }),
    );
  }
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const value of a) if (!b.has(value)) return false;
  return true;
}
