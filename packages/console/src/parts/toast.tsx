/** Short messages about what has just been done. */
import { signal } from '@preact/signals';
import type { JSX } from 'preact';

const SHOWN_MS = 4_000;
const message = signal('');
let timer: ReturnType<typeof setTimeout> | undefined;

/** Shows a message for a few seconds. Assistive technology reads it out. */
export function say(text: string): void {
  message.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => (message.value = ''), SHOWN_MS);
}

/** Where the messages appear. Part of the page once. */
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {message.value !== '' && <p>{message.value}</p>}
    </div>
  );
}
