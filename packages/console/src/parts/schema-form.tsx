/** A form that was made from a JSON Schema, and the same value as JSON text for what a form cannot express. */
import type { ComponentChildren, JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';

import type { Json, JsonObject } from '../base/json.js';
import { parseJson } from '../base/json.js';
import { visible } from '../base/visible.js';
import type { Input, Problem } from '../form/field.js';
import { keyOf } from '../form/field.js';
import { initialInput, inputOf } from '../form/input.js';
import { fieldOf } from '../form/read-schema.js';
import { readInput } from '../form/value.js';
import { Segments } from './bits.js';
import { FieldView } from './field-view.js';

interface State {
  readonly mode: 'form' | 'json';
  readonly input: Input;
  readonly text: string;
  readonly problems: readonly Problem[];
}

/**
 * @param initial what the form contains at first
 * @param onSubmit called with a value that the schema allows, or with any JSON from the text
 * @param children the buttons
 */
export function SchemaForm({
  schema,
  id,
  initial,
  onSubmit,
  children,
}: {
  schema: JsonObject;
  id: string;
  initial?: Json | undefined;
  onSubmit: (value: Json) => void;
  children: ComponentChildren;
}): JSX.Element {
  const field = useMemo(() => fieldOf(schema), [schema]);
  const [state, setState] = useState<State>(() => {
    const given = initial === undefined ? undefined : inputOf(field, initial);
    const needsText = field.kind === 'json' || (initial !== undefined && given === undefined);
    const input = given ?? initialInput(field, true);
    return { mode: needsText ? 'json' : 'form', input, text: JSON.stringify(initial ?? {}, null, 2), problems: [] };
  });
  const set = (next: Partial<State>): void => setState((before) => ({ ...before, ...next }));
  const { mode, input, text, problems } = state;

  /** What stands in the form, with what is wrong left out, or in the text. */
  function toMode(next: 'form' | 'json'): void {
    if (next === 'json') {
      const reading = readInput(field, input);
      return set({ mode: next, problems: [], ...('value' in reading ? { text: JSON.stringify(reading.value, null, 2) } : {}) });
    }
    const parsed = parseJson(text);
    const fitting = 'value' in parsed ? inputOf(field, parsed.value) : undefined;
    if (fitting !== undefined) return set({ mode: next, input: fitting, problems: [] });
    const message =
      'problem' in parsed
        ? `This is not JSON: ${parsed.problem}`
        : 'The form cannot show this value. Empty the text to start the form anew.';
    set(
      text.trim() === '' ? { mode: next, input: initialInput(field, true), problems: [] } : { problems: [{ path: [], message }] },
    );
  }

  function submit(): void {
    const reading = mode === 'form' ? readInput(field, input) : readInput({ kind: 'json' }, { kind: 'text', text });
    const found = 'problems' in reading ? (reading.problems ?? []) : [];
    set({ problems: found });
    const [first] = found;
    if (first !== undefined) document.getElementById(id + keyOf(first.path))?.focus();
    else if ('value' in reading) onSubmit(reading.value as Json);
  }

  const byKey = new Map(problems.map((problem) => [keyOf(problem.path), problem.message]));
  const own = problems.find(({ path }) => path.length === 0);
  return (
    <form
      class="schema-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        submit();
      }}
    >
      {field.kind !== 'json' && (
        <Segments
          label="How to enter the arguments"
          options={[
            ['form', 'Form'],
            ['json', 'JSON'],
          ]}
          value={mode}
          onChange={toMode}
        />
      )}
      {mode === 'form' ? (
        <FieldView
          field={field}
          input={input}
          name="arguments"
          path={[]}
          required
          problems={byKey}
          prefix={id}
          onChange={(next) => set({ input: next })}
        />
      ) : (
        <textarea
          id={id}
          class="mono"
          rows={10}
          spellcheck={false}
          aria-label="Arguments as JSON"
          {...(own === undefined ? {} : { 'aria-invalid': true, 'aria-describedby': `${id}-own` })}
          value={text}
          onInput={(event) => set({ text: event.currentTarget.value })}
        />
      )}
      {mode === 'form' && field.kind === 'group' && field.members.length === 0 && <p class="muted">It takes no arguments.</p>}
      {own !== undefined && (
        <p class="problem" id={`${id}-own`}>
          {visible(own.message)}
        </p>
      )}
      {problems.length > 0 && own === undefined && (
        <p class="problem" role="alert">
          {problems.length === 1 ? 'One field needs another value.' : `${problems.length} fields need other values.`}
        </p>
      )}
      <div class="actions">{children}</div>
    </form>
  );
}
