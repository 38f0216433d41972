/** The answer of a function, as a model gets it. */
import type { JSX } from 'preact';

import { contentsOf } from '../api/catalog.js';
import { object, text } from '../api/read.js';
import { formatBytes } from '../base/amounts.js';
import type { JsonObject } from '../base/json.js';
import { visible, visibleLine } from '../base/visible.js';
import { Tag } from './bits.js';
import { JsonView } from './json-view.js';

/** Pictures that a browser shows without running anything in them. SVG is not one of them. */
const PICTURES = /^image\/(png|jpeg|gif|webp|avif)$/;
const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;

function Block({ block }: { block: JsonObject }): JSX.Element {
  const type = text(block, 'type') ?? 'unknown';
  const [data, mime] = [text(block, 'data'), text(block, 'mimeType')];
  const resource = object(block, 'resource');
  const own = type === 'text' ? text(block, 'text') : text(resource, 'text');
  const role = text(block, 'role');
  const size = (data ?? text(resource, 'blob'))?.length;
  return (
    <div class="block">
      <p class="schema-line small">
        {role !== undefined && <Tag tone="accent">{visibleLine(role)}</Tag>}
        <Tag>{visibleLine(type)}</Tag>
        <span class="muted">{visibleLine(mime ?? text(resource, 'mimeType') ?? '')}</span>
        <span class="muted">{visibleLine(text(resource, 'uri') ?? text(block, 'uri') ?? '')}</span>
        {size !== undefined && <span class="muted num">{formatBytes(Math.round((size * 3) / 4))}</span>}
      </p>
      {own !== undefined && (
        <pre class="code" tabIndex={0} aria-label="Text">
          {visible(own)}
        </pre>
      )}
      {type === 'image' && data !== undefined && PICTURES.test(mime ?? '') && BASE64.test(data) && (
        <img class="picture" src={`data:${mime ?? ''};base64,${data}`} alt="The picture that the function returned" />
      )}
      {type === 'resource_link' && <p>{visibleLine(text(block, 'name') ?? '')}</p>}
    </div>
  );
}

/** @param method the method of MCP that the result answers */
export function ResultView({ method, result }: { method: string; result: JsonObject }): JSX.Element {
  const blocks = contentsOf(method, result);
  const structured = result['structuredContent'];
  return (
    <div class="stack">
      {result['isError'] === true && <p class="problem strong">The function reported an error. The model reads it, too:</p>}
      {blocks.length === 0 && structured === undefined && <p class="muted">The answer is empty.</p>}
      {blocks.map((block, at) => (
        <Block key={at} block={block} />
      ))}
      {structured !== undefined && (
        <>
          <h3>Structured content</h3>
          <JsonView value={structured} what="the structured content" />
        </>
      )}
      <details>
        <summary>The whole answer as JSON</summary>
        <JsonView value={result} what="the answer" />
      </details>
    </div>
  );
}

/** A recorded result: of MCP where it looks like one, any JSON otherwise. */
export function methodOf(type: string): string {
  return type === 'resource' ? 'resources/read' : type === 'prompt' ? 'prompts/get' : 'tools/call';
}
