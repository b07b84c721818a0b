import type { NodeRow } from '../wire/columns';

/** The brand glyph of `node`, if its program is well known. */
export function brandOf(_node: NodeRow): string | undefined {
  return undefined;
}
