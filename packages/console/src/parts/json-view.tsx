/** JSON, and other texts, with line breaks and colours. Nothing in them is markup. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { formatBytes } from '../base/amounts.js';
import { prettyJson } from '../base/json.js';
import { visible } from '../base/visible.js';
import { CopyButton } from './copy.js';

/** A longer text is cut: a browser needs seconds to lay out megabytes. */
const SHOWN = 20_000;
/** A longer text gets no colours: each is an element. */
const COLOURED = 20_000;

/** A string with what follows it, or a word, or a number. */
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function coloured(text: string): (string | JSX.Element)[] {
  const parts: (string | JSX.Element)[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon, word] = match;
    if (match.index > end) parts.push(text.slice(end, match.index));
    const kind = string === undefined ? (word === undefined ? 'number' : 'word') : colon === undefined ? 'string' : 'key';
    parts.push(<span class={`json-${kind}`}>{whole}</span>);
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** @param what the name of the text, for the button that copies it */
export function JsonView({ value, what }: { value: unknown; what: string }): JSX.Element {
  const [all, setAll] = useState(false);
  const text = prettyJson(value);
  const cut = !all && text.length > SHOWN;
  const shown = visible(cut ? text.slice(0, SHOWN) : text);
  const isJson = typeof value !== 'string' || text !== value || /^[[{"]/.test(text);
  return (
    <div class="code-box">
      <div class="code-tools">
        <CopyButton text={text} what={what} />
      </div>
      <pre class="code" tabIndex={0} aria-label={what}>
        {isJson && shown.length <= COLOURED ? coloured(shown) : shown}
      </pre>
      {cut && (
        <button type="button" class="button small" onClick={() => setAll(true)}>
          Show all {formatBytes(text.length)}
        </button>
      )}
    </div>
  );
}
