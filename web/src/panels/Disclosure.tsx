import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './Icon';

interface DisclosureProps {
  icon: string;
  label: string;
  /** Is written beside the icon. */
  text?: string;
  class?: string;
  children: (close: () => void) => ComponentChildren;
}

/** A button with a small panel below it, which goes when one is done with it. */
export function Disclosure({ icon, label, text, class: name, children }: DisclosureProps) {
  const [open, setOpen] = useState(false);
  const host = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: Event) => {
      if (event.target instanceof Node && !host.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', onPointer);
    document.addEventListener('focusin', onPointer);
    return () => {
      document.removeEventListener('pointerdown', onPointer);
      document.removeEventListener('focusin', onPointer);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes from anywhere inside
    <div
      class={name ? `disclosure ${name}` : 'disclosure'}
      ref={host}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        event.preventDefault();
        close();
      }}
    >
      <button
        ref={button}
        type="button"
        class={text ? 'action' : 'tool'}
        aria-label={label}
        title={label}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name={icon} size={text ? 15 : 18} />
        {text}
      </button>
      {open && <div class="drop">{children(close)}</div>}
    </div>
  );
}
