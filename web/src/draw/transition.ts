// How things come and go.

const LEAVE_MS = 260;

export function enter(root: SVGElement): void {
  root.classList.add('entering');
  root.addEventListener('animationend', () => root.classList.remove('entering'), { once: true });
}

export function leave(root: SVGElement): void {
  root.removeAttribute('data-key');
  root.setAttribute('aria-hidden', 'true');
  root.classList.add('leaving');
  window.setTimeout(() => root.remove(), LEAVE_MS);
}
