/** One field of a form that was made from a JSON Schema, with all that is below it. */
import type { ComponentChildren, JSX, TargetedInputEvent } from 'preact';

import { visible, visibleLine } from '../base/visible.js';
import type {
  ChoiceField,
  Field,
  GroupField,
  Input,
  ListField,
  NumberField,
  Path,
  TextField,
  VariantsField,
} from '../form/field.js';
import { keyOf } from '../form/field.js';
import { emptyInput, initialInput } from '../form/input.js';
import { Icon } from './icons.js';

/** What each field needs. */
export interface FieldProps<F extends Field = Field> {
  readonly field: F;
  readonly input: Input;
  readonly name: string;
  readonly path: Path;
  readonly required: boolean;
  /** Messages by {@link keyOf} of the path. */
  readonly problems: ReadonlyMap<string, string>;
  /** Begins the ids of elements, so that two forms can be on one page. */
  readonly prefix: string;
  readonly onChange: (input: Input) => void;
}

/** The label, description and problem of a field, around its control. */
function Labelled({ props, children }: { props: FieldProps; children: ComponentChildren }): JSX.Element {
  const { field, name, path, required, problems, prefix } = props;
  const id = prefix + keyOf(path);
  const problem = problems.get(keyOf(path));
  return (
    <div class={problem === undefined ? 'field' : 'field has-problem'}>
      <label for={id}>
        <span class="strong">{visibleLine(field.title ?? name)}</span>
        {field.title !== undefined && <code class="muted small">{visibleLine(name)}</code>}
        {!required && <span class="muted small">optional</span>}
      </label>
      {field.description !== undefined && (
        <p class="muted small pre-line" id={`${id}-about`}>
          {visible(field.description)}
        </p>
      )}
      {children}
      {problem !== undefined && (
        <p class="problem small" id={`${id}-problem`}>
          {visible(problem)}
        </p>
      )}
    </div>
  );
}

/** The attributes that tie a control to its label, description and problem. */
function tiesOf({ field, path, problems, prefix }: FieldProps) {
  const id = prefix + keyOf(path);
  const isWrong = problems.has(keyOf(path));
  const about = [...(field.description === undefined ? [] : [`${id}-about`]), ...(isWrong ? [`${id}-problem`] : [])];
  return {
    id,
    ...(about.length > 0 ? { 'aria-describedby': about.join(' ') } : {}),
    ...(isWrong ? { 'aria-invalid': true } : {}),
  };
}

function Text(props: FieldProps): JSX.Element {
  const { field, input, onChange } = props;
  const text = input.kind === 'text' ? input.text : '';
  const set = (value: string): void => onChange({ kind: 'text', text: value });
  if (field.kind === 'json' || (field.kind === 'text' && (field.multiline || text.includes('\n')))) {
    return (
      <textarea
        {...tiesOf(props)}
        class={field.kind === 'json' ? 'mono' : ''}
        rows={4}
        spellcheck={field.kind !== 'json'}
        placeholder={field.kind === 'json' ? 'JSON' : ''}
        value={text}
        onInput={(event) => set(event.currentTarget.value)}
      />
    );
  }
  const common = {
    ...tiesOf(props),
    autocomplete: 'off',
    placeholder: (field as TextField | NumberField).example ?? '',
    value: text,
    onInput: (event: TargetedInputEvent<HTMLInputElement>) => set(event.currentTarget.value),
  };
  if (field.kind === 'number')
    return <input type="text" inputMode={field.integer ? 'numeric' : 'decimal'} class="num" {...common} />;
  switch (field.kind === 'text' ? field.format : undefined) {
    case 'email':
      return <input type="email" {...common} />;
    case 'uri':
      return <input type="url" {...common} />;
    case 'date':
      return <input type="date" {...common} />;
    case 'password':
      return <input type="password" {...common} />;
    default:
      return <input type="text" {...common} />;
  }
}

function Flag(props: FieldProps): JSX.Element {
  const { input, required, onChange, field } = props;
  const on = input.kind === 'flag' ? input.on : undefined;
  if (field.kind === 'constant') {
    return (
      <label class="check">
        <input
          {...tiesOf(props)}
          type="checkbox"
          checked={on === true}
          disabled={required}
          onChange={(event) => onChange({ kind: 'flag', on: event.currentTarget.checked })}
        />
        <code>{visibleLine(JSON.stringify(field.value))}</code>
      </label>
    );
  }
  return (
    <select
      {...tiesOf(props)}
      value={on === undefined ? '' : String(on)}
      onChange={({ currentTarget: { value } }) => onChange({ kind: 'flag', on: value === '' ? undefined : value === 'true' })}
    >
      {!required && <option value="">not set</option>}
      <option value="true">yes (true)</option>
      <option value="false">no (false)</option>
    </select>
  );
}

function Choice(props: FieldProps<ChoiceField>): JSX.Element {
  const { field, input, onChange } = props;
  const at = input.kind === 'choice' ? input.at : undefined;
  return (
    <select
      {...tiesOf(props)}
      value={at === undefined ? '' : String(at)}
      onChange={({ currentTarget: { value } }) => onChange({ kind: 'choice', at: value === '' ? undefined : Number(value) })}
    >
      <option value="">{props.required ? 'choose…' : 'not set'}</option>
      {field.options.map(({ label }, index) => (
        <option key={index} value={String(index)}>
          {visibleLine(label)}
        </option>
      ))}
    </select>
  );
}

function List(props: FieldProps<ListField>): JSX.Element {
  const { field, input, name, path, onChange } = props;
  const items = input.kind === 'list' ? input.items : [];
  const set = (next: readonly Input[]): void => onChange({ kind: 'list', items: next });
  return (
    <div class="nested" role="group" aria-label={visibleLine(name)} id={props.prefix + keyOf(path)} tabIndex={-1}>
      {items.map((item, at) => (
        <div class="list-item" key={at}>
          <FieldView
            {...props}
            field={field.item}
            input={item}
            name={`item ${at + 1}`}
            path={[...path, at]}
            required
            onChange={(next) => set(items.with(at, next))}
          />
          <button
            type="button"
            class="button icon-only"
            aria-label={`Remove item ${at + 1}`}
            onClick={() => set(items.toSpliced(at, 1))}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      {items.length < field.maxItems && (
        <button type="button" class="button small" onClick={() => set([...items, initialInput(field.item, true)])}>
          <Icon name="plus" />
          Add an item
        </button>
      )}
    </div>
  );
}

function Group(props: FieldProps<GroupField>): JSX.Element {
  const { field, input, name, path, required, onChange } = props;
  if (input.kind !== 'group') return <></>;
  const setOpen = (open: boolean): void => onChange({ ...input, open });
  return (
    <div
      class={path.length === 0 ? 'fields' : 'nested'}
      role="group"
      aria-label={visibleLine(name)}
      id={props.prefix + keyOf(path)}
      tabIndex={-1}
    >
      {!required && (
        <label class="check">
          <input type="checkbox" checked={input.open} onChange={(event) => setOpen(event.currentTarget.checked)} />
          Send this object
        </label>
      )}
      {(input.open || required) &&
        field.members.map((member) => (
          <FieldView
            {...props}
            key={member.name}
            field={member.field}
            input={input.members.get(member.name) ?? emptyInput(member.field, member.required)}
            name={member.name}
            path={[...path, member.name]}
            required={member.required}
            onChange={(next) => onChange({ ...input, open: true, members: new Map(input.members).set(member.name, next) })}
          />
        ))}
    </div>
  );
}

function Variants(props: FieldProps<VariantsField>): JSX.Element {
  const { field, input, path, required, onChange } = props;
  const { at, input: inner } = input.kind === 'variants' ? input : { at: undefined, input: undefined };
  const option = at === undefined ? undefined : field.options[at];
  const choose = (text: string): void => {
    const next = text === '' ? undefined : field.options[Number(text)];
    onChange({
      kind: 'variants',
      at: next === undefined ? undefined : Number(text),
      input: next && initialInput(next.field, true),
    });
  };
  const isPlain = option === undefined || option.field.kind === 'constant';
  return (
    <>
      <select
        {...tiesOf(props)}
        value={at === undefined ? '' : String(at)}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="">{required ? 'choose…' : 'not set'}</option>
        {field.options.map(({ label }, index) => (
          <option key={index} value={String(index)}>
            {visibleLine(label)}
          </option>
        ))}
      </select>
      {!isPlain && inner !== undefined && at !== undefined && (
        <div class="nested">
          <FieldView
            {...props}
            field={option.field}
            input={inner}
            name={option.label}
            path={[...path, 'value']}
            required
            onChange={(next) => onChange({ kind: 'variants', at, input: next })}
          />
        </div>
      )}
    </>
  );
}

/** One field. */
export function FieldView(props: FieldProps): JSX.Element {
  const { field } = props;
  if (field.kind === 'group' && props.path.length === 0) return <Group {...props} field={field} />;
  return (
    <Labelled props={props}>
      {field.kind === 'group' && <Group {...props} field={field} />}
      {field.kind === 'list' && <List {...props} field={field} />}
      {field.kind === 'variants' && <Variants {...props} field={field} />}
      {field.kind === 'choice' && <Choice {...props} field={field} />}
      {(field.kind === 'flag' || field.kind === 'constant') && <Flag {...props} />}
      {(field.kind === 'text' || field.kind === 'number' || field.kind === 'json') && <Text {...props} />}
    </Labelled>
  );
}
