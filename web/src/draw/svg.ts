// Small helpers over the SVG DOM. Attributes are written only when they change.

const NAMESPACE = 'http://www.w3.org/2000/svg';

export type Attributes = Record<string, string | number | undefined>;

export function element<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Element[]
): SVGElementTagNameMap[K] {
  const created = document.createElementNS(NAMESPACE, name);
  set(created, attributes);
  created.append(...children);
  return created;
}

/** Sets or (for undefined) removes attributes; what is already so is left alone. */
export function set(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) {
      if (target.hasAttribute(name)) target.removeAttribute(name);
    } else {
      const text = String(value);
      if (target.getAttribute(name) !== text) target.setAttribute(name, text);
    }
  }
}

/** Gives or takes a class. The DOM takes a class that is there already for a change. */
export function mark(target: Element, name: string, on: boolean): void {
  if (target.classList.contains(name) !== on) target.classList.toggle(name, on);
}

/** Writes into the text that is there: another text would have to be styled and measured anew. */
export function setText(target: Element, text: string): void {
  const { firstChild } = target;
  if (firstChild instanceof Text) {
    if (firstChild.data !== text) firstChild.data = text;
  } else if (text !== '') target.append(text);
}
