// One node on the map.

import type { Place } from '../layout/frame';
import type { NodeRow } from '../wire/columns';
import type { TypeInfo } from '../wire/generated';
import { hasIcon } from './icons';
import { element, set, setText } from './svg';
import { shortPath, textWidth, truncate } from './text';

/** How much of a node is written out, by zoom: the smaller the map, the larger the letters. */
export type Detail = 'full' | 'label' | 'large';

export function detailAt(scale: number): Detail {
  return scale >= 0.78 ? 'full' : scale >= 0.52 ? 'label' : 'large';
}

const LABEL_SIZE: Record<Detail, number> = { full: 13, label: 16, large: 18.5 };
const DETAIL_SIZE = 11;
const BADGE_SIZE = 10.5;

/** The icon's name for `node`. */
export function iconOf(node: NodeRow, type: TypeInfo | undefined): string {
  if (node.kind === 'unattributed') return 'unknown';
  if (node.kind === 'client') return 'client';
  const name = type?.icon ?? node.type;
  return hasIcon(name) ? name : 'generic';
}

const UNIX_PREFIX = 'unix ';
const MAX_PATH_BADGE = 12;

/**
 * `:443`, or `:80 +2`, of what a node listens on; where that is only UNIX sockets the last component
 * of a path; empty if it does not listen.
 */
export function portBadge(node: NodeRow): string {
  const paths = node.listeners.filter((text) => text.startsWith(UNIX_PREFIX));
  const others = node.listeners.filter((text) => !text.startsWith(UNIX_PREFIX));
  const ports = [...new Set(others.map((text) => /:(\d+)$/.exec(text)?.[1] ?? ''))];
  const first = ports[0];
  if (!first) return pathBadge(paths);
  const more = Math.max(ports.length, node.listener_count) - 1;
  return more > 0 && ports.length > 1 ? `:${first} +${ports.length - 1}` : `:${first}`;
}

function pathBadge(listeners: readonly string[]): string {
  const first = listeners[0];
  if (!first) return '';
  const path = shortPath(first.slice(UNIX_PREFIX.length));
  const short = path.length > MAX_PATH_BADGE ? `${path.slice(0, MAX_PATH_BADGE - 1)}…` : path;
  return listeners.length > 1 ? `${short} +${listeners.length - 1}` : short;
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

export class NodeView {
  readonly root: SVGGElement;
  node: NodeRow;
  place: Place;
  private detailLevel: Detail = 'full';
  private type: TypeInfo | undefined;
  private readonly title = element('title');
  private readonly body = element('rect', { class: 'body' });
  private readonly ring = element('rect', { class: 'ring' });
  private readonly tile = element('rect', { class: 'tile' });
  private readonly icon = element('use', { class: 'icon' });
  private readonly image = element('image');
  private readonly label = element('text', { class: 'label' });
  private readonly detail = element('text', { class: 'detail' });
  private readonly badge = element('g', { class: 'badge' });
  private readonly badgeBody = element('rect');
  private readonly badgeText = element('text');

  constructor(node: NodeRow, place: Place, type: TypeInfo | undefined, level: Detail) {
    this.node = node;
    this.place = place;
    this.badge.append(this.badgeBody, this.badgeText);
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
      this.badge,
    );
    this.update(node, place, type, level, true);
  }

  /** Writes what differs from before. */
  update(
    node: NodeRow,
    place: Place,
    type: TypeInfo | undefined,
    level: Detail,
    force = false,
  ): void {
    const before = this.place;
    const moved = place.x !== before.x || place.y !== before.y || place.compact !== before.compact;
    const same = node === this.node && type === this.type && level === this.detailLevel;
    this.node = node;
    // The same object as long as it is the same place: edges compare by identity.
    if (moved) this.place = place;
    if (same && !moved && !force) return;
    this.type = type;
    this.detailLevel = level;
    this.write();
  }

  /** Writes the text for another zoom. */
  redraw(level: Detail): void {
    this.update(this.node, this.place, this.type, level);
  }

  private write(): void {
    const { node, place, type } = this;
    const remote = node.kind === 'client' || node.kind === 'server';
    this.root.style.transform = `translate(${place.x}px, ${place.y}px)`;
    set(this.root, { 'aria-label': describeNode(node, type) });
    const classes = this.root.classList;
    classes.add('node');
    classes.toggle('remote', remote);
    classes.toggle('unattributed', node.kind === 'unattributed');
    classes.toggle('group', node.count > 1);
    classes.toggle('compact', place.compact);
    classes.toggle('stale', node.stale);
    const color = type?.color ?? '#7b838e';
    const radius = remote ? place.height / 2 : 10;
    set(this.body, { width: place.width, height: place.height, rx: radius });
    set(this.ring, {
      x: -3,
      y: -3,
      width: place.width + 6,
      height: place.height + 6,
      rx: radius + 3,
    });
    this.writeIcon(color, remote);
    this.writeText();
  }

  private writeIcon(color: string, remote: boolean): void {
    const { node, place, type } = this;
    const size = place.compact ? 20 : 28;
    const inset = (place.height - size) / 2;
    set(this.tile, {
      x: inset,
      y: inset,
      width: size,
      height: size,
      rx: remote ? size / 2 : place.compact ? 6 : 7,
      fill: color,
    });
    const glyph = Math.round(size * 0.64);
    const offset = inset + (size - glyph) / 2;
    if (type?.image && node.kind === 'process') {
      set(this.image, { href: type.image, x: inset, y: inset, width: size, height: size });
      if (!this.image.isConnected) this.icon.replaceWith(this.image);
      set(this.tile, { opacity: 0 });
      return;
    }
    if (this.image.isConnected) this.image.replaceWith(this.icon);
    set(this.tile, { opacity: undefined });
    set(this.icon, {
      href: `#icon-${iconOf(node, type)}`,
      x: offset,
      y: offset,
      width: glyph,
      height: glyph,
    });
  }

  private writeText(): void {
    const { node, place, detailLevel } = this;
    const full = detailLevel === 'full';
    const compact = place.compact;
    const left = compact ? 31 : full ? 42 : 39;
    const right = compact ? 9 : full ? 11 : 7;
    const badge = full ? portBadge(node) : '';
    const badgeWidth = badge ? textWidth(badge, BADGE_SIZE, 550) + 12 : 0;
    const twoLines = full && !compact && node.detail !== '';

    const size = compact ? (full ? 12 : LABEL_SIZE[detailLevel] - 1) : LABEL_SIZE[detailLevel];
    // Beside a second line the badge stands on it; alone it shares the label's line.
    const labelRoom = place.width - left - right - (badge && !twoLines ? badgeWidth + 4 : 0);
    // In a small picture an address is worth more than its port, which the edge tells too.
    const text = full ? node.label : node.label.replace(/(?<=[\d\]]):\d+$/, '');
    const label = truncate(text, labelRoom, size, 550);
    set(this.label, {
      x: left,
      y: twoLines ? 17.5 : place.height / 2 + size * 0.355,
      'font-size': size,
    });
    setText(this.label, label);

    const detailRoom = place.width - left - right - (badge ? badgeWidth + 4 : 0);
    const detail = twoLines ? truncate(node.detail, detailRoom, DETAIL_SIZE, 420) : '';
    set(this.detail, { x: left, y: 32, 'font-size': DETAIL_SIZE });
    setText(this.detail, detail);

    if (badge) {
      const height = 15;
      const y = twoLines ? 20.5 : (place.height - height) / 2;
      const x = place.width - right - badgeWidth + 2;
      set(this.badge, { display: undefined });
      set(this.badgeBody, { x, y, width: badgeWidth, height, rx: 4 });
      set(this.badgeText, { x: x + 6, y: y + 11.2, 'font-size': BADGE_SIZE });
      setText(this.badgeText, badge);
    } else {
      set(this.badge, { display: 'none' });
    }
    const cut =
      label !== node.label || (full && !compact && detail !== node.detail) || !full || compact;
    setText(this.title, cut ? [node.label, node.detail].filter(Boolean).join('\n') : '');
  }
}
