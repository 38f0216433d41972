/** A JSON Schema as a list of names, types and rules that people can read. */
import type { JSX } from 'preact';

import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { visible, visibleLine } from '../base/visible.js';
import { list, MAX_DEPTH, resolve, rulesOf, typeText } from '../form/describe.js';
import { Tag } from './bits.js';

function Members({ schema, root, depth }: { schema: JsonObject; root: JsonObject; depth: number }): JSX.Element | null {
  const { properties } = schema;
  if (!isObject(properties) || depth > MAX_DEPTH) return null;
  const required = list(schema['required']);
  return (
    <ul class="schema">
      {Object.entries(properties).map(([name, given]) => {
        const member = isObject(given) ? resolve(given, root) : {};
        const items = isObject(member['items']) ? resolve(member['items'], root) : undefined;
        const rules = rulesOf(member);
        const description = member['description'];
        return (
          <li key={name}>
            <p class="schema-line">
              <code class="strong">{visibleLine(name)}</code>
              <span class="muted">{typeText(given, root)}</span>
              {required.includes(name) && <Tag tone="accent">required</Tag>}
              {member['deprecated'] === true && <Tag tone="warn">deprecated</Tag>}
            </p>
            {typeof description === 'string' && <p class="pre-line">{visible(description)}</p>}
            {rules.length > 0 && <p class="muted small">{rules.join(' · ')}</p>}
            <Members schema={member} root={root} depth={depth + 1} />
            {items !== undefined && <Members schema={items} root={root} depth={depth + 1} />}
          </li>
        );
      })}
    </ul>
  );
}

/** @param none what to say where the schema has no members */
export function SchemaView({ schema, none }: { schema: JsonObject; none: string }): JSX.Element {
  const whole = resolve(schema, schema);
  const hasMembers = isObject(whole['properties']) && Object.keys(whole['properties']).length > 0;
  return hasMembers ? <Members schema={whole} root={schema} depth={0} /> : <p class="muted">{none}</p>;
}
