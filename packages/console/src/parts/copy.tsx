/** Buttons that copy a text. */
import type { JSX } from 'preact';

import { Icon } from './icons.js';
import { say } from './toast.js';

/** Copies by way of a text field where the page was not loaded over TLS: there the browser has no clipboard for pages. */
function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'offscreen';
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  return copied;
}

async function copy(text: string, what: string): Promise<void> {
  const focused = document.activeElement;
  let copied: boolean;
  try {
    await navigator.clipboard.writeText(text);
    copied = true;
  } catch {
    copied = copyBySelection(text);
  }
  if (focused instanceof HTMLElement) focused.focus();
  say(copied ? `Copied ${what}.` : 'The browser does not allow copying. Select the text and copy it by hand.');
}

/** @param what the text's name, such as `the command` */
export function CopyButton({ text, what, label = 'Copy' }: { text: string; what: string; label?: string }): JSX.Element {
  return (
    <button type="button" class="button small" onClick={() => void copy(text, what)} aria-label={`${label}: ${what}`}>
      <Icon name="copy" />
      {label}
    </button>
  );
}
