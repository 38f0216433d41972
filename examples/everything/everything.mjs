/**
 * The functions of mcp.json: one of every kind in the protocol. Names and answers are those that the official
 * conformance suite expects, so that it can run against this config file; the others are for this project's own tests.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const RED_PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const SILENCE = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

// Content. The link's return_type decides what a value becomes; `{ content }` is already an MCP result.

export const simpleText = () => 'This is a simple text response for testing.';
export const image = () => Buffer.from(RED_PIXEL, 'base64');
export const audio = () => ({ data: SILENCE, mimeType: 'audio/wav' });
export const embeddedResource = () => ({ uri: 'test://embedded-resource', text: 'This is an embedded resource content.' });
export const resourceLink = () => ({ uri: 'test://static-text', name: 'static-text', mimeType: 'text/plain' });

export const multipleContentTypes = () => ({
  content: [
    { type: 'text', text: 'Multiple content types test:' },
    { type: 'image', data: RED_PIXEL, mimeType: 'image/png' },
    {
      type: 'resource',
      resource: { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data","value":123}' },
    },
  ],
});

export function failing() {
  throw new Error('This tool intentionally returns an error for testing');
}

/** Fits the tool's outputSchema; clients get it as structuredContent and as text. */
export const measure = ({ text }) => ({ characters: text.length, words: text.split(/\s+/).filter(Boolean).length });
/** Does not fit its outputSchema. */
export const mismeasure = () => ({ characters: 'many' });

export const describeArguments = (args) => `JSON Schema 2020-12 tool called with: ${JSON.stringify(args)}`;
export const greetRegion = ({ region = 'nowhere' }) => `Hello from ${region}!`;
/** Returns the request's `_meta`, and sets that of the result. */
export const meta = (_args, context) => ({
  content: [{ type: 'text', text: JSON.stringify(context.meta) }],
  _meta: { 'example.org/answered-by': 'test_meta' },
});

// Progress, logs and cancellation.

export async function logging(_args, context) {
  for (const message of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
    context.log('info', message);
    await sleep(50);
  }
  return 'Tool with logging executed successfully';
}

/** Logs one message of every level; the client gets those from its own level up. */
export function everyLevel(_args, context) {
  const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
  for (const level of levels) context.log(level, { level }, 'everything');
  return 'logged';
}

export async function progress(_args, context) {
  for (const step of [0, 50, 100]) {
    context.progress(step, 100, `Completed step ${step} of 100`);
    await sleep(50);
  }
  return 'Tool with progress executed successfully';
}

const waits = { started: 0, finished: 0, cancelled: 0 };

/** Ends early when its client cancels it. */
export async function wait({ ms }, context) {
  waits.started += 1;
  try {
    await sleep(ms, undefined, { signal: context.signal });
    waits.finished += 1;
    return `Waited ${ms} ms.`;
  } catch (error) {
    waits.cancelled += 1;
    throw error;
  }
}

export const waited = () => waits;

/** Over HTTP, the stream may be closed and resumed meanwhile; the function does not notice. */
export async function reconnection() {
  await sleep(100);
  return 'Reconnection test completed successfully.';
}

// Asking the user. The same functions serve clients of both eras: a function returns its questions, and is
// called again with the answers.

const object = (properties, required = Object.keys(properties)) => ({ type: 'object', properties, required });
const question = (text) => ({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens: 100 });
const answered = (answer) => `action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`;

export function sampling({ prompt }, context) {
  const { answer } = context.inputs;
  return answer ? `LLM response: ${answer.content.text}` : context.inputRequired({ answer: context.sample(question(prompt)) });
}

export function elicitation({ message }, context) {
  const { answer } = context.inputs;
  const schema = object({ response: { type: 'string', description: "User's response" } });
  return answer ? `User response: ${answered(answer)}` : context.inputRequired({ answer: context.elicit(message, schema) });
}

const withForm = (message, schema) => (_args, context) => {
  const { form } = context.inputs;
  return form ? `Elicitation completed: ${answered(form)}` : context.inputRequired({ form: context.elicit(message, schema) });
};

export const elicitationDefaults = withForm(
  'Please review and update the form fields with defaults',
  object(
    {
      name: { type: 'string', description: 'User name', default: 'John Doe' },
      age: { type: 'integer', description: 'User age', default: 30 },
      score: { type: 'number', description: 'User score', default: 95.5 },
      status: { type: 'string', description: 'User status', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', description: 'Verification status', default: true },
    },
    [],
  ),
);

const titled = (noun) =>
  ['First', 'Second', 'Third'].map((nth, index) => ({ const: `value${index + 1}`, title: `${nth} ${noun}` }));
const options = ['option1', 'option2', 'option3'];

export const elicitationEnums = withForm(
  'Please select options from the enum fields',
  object(
    {
      untitledSingle: { type: 'string', description: 'Select one option', enum: options },
      titledSingle: { type: 'string', description: 'Select one option with titles', oneOf: titled('Option') },
      legacyEnum: {
        type: 'string',
        description: 'Select one option (legacy)',
        enum: ['opt1', 'opt2', 'opt3'],
        enumNames: ['Option One', 'Option Two', 'Option Three'],
      },
      untitledMulti: {
        type: 'array',
        description: 'Select multiple options',
        minItems: 1,
        maxItems: 3,
        items: { type: 'string', enum: options },
      },
      titledMulti: {
        type: 'array',
        description: 'Select multiple options with titles',
        minItems: 1,
        maxItems: 3,
        items: { anyOf: titled('Choice') },
      },
    },
    [],
  ),
);

const nameForm = object({ name: { type: 'string' } });
const nameIn = (answer) => answer?.content?.name ?? 'stranger';

export function inputElicitation(_args, context) {
  const { user_name: answer } = context.inputs;
  if (answer) return `Hello, ${nameIn(answer)}!`;
  return context.inputRequired({ user_name: context.elicit('What is your name?', nameForm) });
}

export function inputSampling(_args, context) {
  const { sample_request: answer } = context.inputs;
  if (answer) return `Sampling result: ${answer.content.text}`;
  return context.inputRequired({ sample_request: context.sample(question('What is the capital of France?')) });
}

export function inputListRoots(_args, context) {
  const { roots_request: answer } = context.inputs;
  if (answer) return `Found ${answer.roots.length} root(s)`;
  return context.inputRequired({ roots_request: context.listRoots() });
}

/** The state comes back unchanged; the client cannot read or change it. */
export function inputState(_args, context) {
  if (context.inputs.confirm && context.state?.asked) return 'state-ok: requestState validated';
  const confirm = context.elicit('Please confirm', object({ ok: { type: 'boolean' } }));
  return context.inputRequired({ confirm }, { asked: true });
}

export function inputMany(_args, context) {
  const { user_name: name, greeting, client_roots: roots } = context.inputs;
  if (name && greeting && roots) return `Name: ${nameIn(name)}; Greeting: ${greeting.content.text}; Roots: ${roots.roots.length}`;
  const wishes = {
    user_name: context.elicit('What is your name?', nameForm),
    greeting: context.sample(question('Generate a greeting')),
    client_roots: context.listRoots(),
  };
  return context.inputRequired(wishes, { asked: true });
}

export function inputRounds(_args, context) {
  const { step1, step2 } = context.inputs;
  if (!step1) return context.inputRequired({ step1: context.elicit('Step 1: What is your name?', nameForm) }, { round: 1 });
  if (!step2) {
    const schema = object({ color: { type: 'string' } });
    return context.inputRequired({ step2: context.elicit('Step 2: What is your favorite color?', schema) }, { round: 2 });
  }
  return `Multi-round complete for ${nameIn(step1)} who likes ${step2.content?.color ?? 'no color'}`;
}

/** Asks only for what the client supports. */
export function inputCapabilities(_args, context) {
  const given = Object.keys(context.inputs);
  if (given.length > 0) return `capabilities-ok: received ${given.join(',')}`;
  const { elicitation, sampling } = context.clientCapabilities;
  const wishes = {
    ...(elicitation && { elicit_input: context.elicit('Elicitation input', object({ value: { type: 'string' } })) }),
    ...(sampling && { sample_input: context.sample(question('Sample request')) }),
  };
  return Object.keys(wishes).length > 0 ? context.inputRequired(wishes) : 'No supported capabilities declared';
}

/** Asks in any case: if the client does not support it, the error names the missing capability. */
export function needsSampling(_args, context) {
  if (context.clientCapabilities.sampling) return 'Success';
  return context.inputRequired({ answer: context.sample(question('Are you there?')) });
}

export function streamingElicitation(_args, context) {
  context.progress(50, 100);
  if (context.inputs.answer) return 'Streaming complete';
  return context.inputRequired({ answer: context.elicit('Go on?', object({ yes: { type: 'boolean' } })) });
}

export function loggingTool(_args, context) {
  context.log('info', 'Diagnostic trace logging activated');
  return 'Logging evaluated';
}

// Long calls. Whether a call becomes a task is said in the links of the config file: these functions are like any others.

export const greet = ({ name }) => `Hello, ${name}!`;

export async function slowCompute({ seconds, label = 'nothing' }, context) {
  const steps = Math.max(1, Math.ceil(seconds));
  for (let step = 1; step <= steps; step += 1) {
    await sleep((seconds * 1_000) / steps, undefined, { signal: context.signal });
    context.progress(step, steps, `${step} of ${steps} s`);
  }
  return `Computed ${label} in ${seconds} s`;
}

export async function failingJob(_args, context) {
  await sleep(500, undefined, { signal: context.signal });
  throw new Error('This job always fails');
}

/** What no client can answer is an error of the protocol. */
export async function protocolErrorJob(_args, context) {
  await sleep(200, undefined, { signal: context.signal });
  return context.inputRequired({ impossible: { method: 'does/not/exist' } });
}

export function confirmDelete({ filename }, context) {
  const { confirm } = context.inputs;
  if (!confirm) {
    const question = context.elicit(`Delete ${filename}?`, object({ confirm: { type: 'boolean' } }));
    return context.inputRequired({ confirm: question });
  }
  return confirm.action === 'accept' && confirm.content?.confirm ? `Deleted ${filename}` : `Kept ${filename}`;
}

export function multiInput(_args, context) {
  const { first, second } = context.inputs;
  if (first && second) return `${nameIn(first)} and ${nameIn(second)}`;
  return context.inputRequired({
    first: context.elicit('First name?', nameForm),
    second: context.elicit('Second name?', nameForm),
  });
}

/** Asks at once, so the question is in the answer to the call; what takes longer is a task. */
export async function toolWithTask(_args, context) {
  const { user_name: answer } = context.inputs;
  if (!answer) return context.inputRequired({ user_name: context.elicit('What is your name?', nameForm) });
  await sleep(400, undefined, { signal: context.signal });
  return `Hello, ${nameIn(answer)}!`;
}

// Resources.

export const staticText = () => 'This is the content of the static text resource.';
export const staticBinary = () => Buffer.from(RED_PIXEL, 'base64');

export function template(_uri, { variables: { id } }) {
  if (id === 'nothing') return undefined; // the resource does not exist
  return JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
}

let watched = 'Watched resource content';
export const watchedResource = () => watched;

/** Notifies the clients that subscribed. */
export function changeWatched({ content }, context) {
  watched = content;
  context.resourceUpdated('test://watched-resource');
  return 'changed';
}

export function completeId(typed) {
  return ['100', '101', '123', '200'].filter((id) => id.startsWith(typed));
}

// Prompts.

export const simplePrompt = () => 'This is a simple prompt for testing.';
export const promptWithArguments = ({ arg1, arg2 }) => `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`;

export const promptWithResource = ({ resourceUri }) => [
  { type: 'resource', resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' } },
  'Please process the embedded resource above.',
];

export const promptWithImage = () => [
  { type: 'image', data: RED_PIXEL, mimeType: 'image/png' },
  'Please analyze the image above.',
];

export function inputPrompt(_args, context) {
  const { user_context: answer } = context.inputs;
  if (answer) return `Prompt with context: ${answer.content?.context ?? 'none'}`;
  const schema = object({ context: { type: 'string' } });
  return context.inputRequired({ user_context: context.elicit('What context should the prompt use?', schema) });
}

// Changing the catalog: saving the config file changes it for all clients, and a function may do that, too. (These functions
// write into their own folder. If you do not want that, serve a copy of the folder.)

const file = fileURLToPath(new URL('mcp.json', import.meta.url));

/** Adds the function to the config file, or removes it if it is there. */
async function toggle(list, entry, function_name) {
  const config = JSON.parse(await readFile(file, 'utf8'));
  const others = (entries) => entries.filter(({ name }) => name !== entry.name);
  const added = others(config[list]).length === config[list].length;
  config[list] = others(config[list]);
  config.module_links = others(config.module_links);
  if (added) {
    config[list].push(entry);
    config.module_links.push({ type: list.slice(0, -1), name: entry.name, module_name: 'everything', function_name });
  }
  // Renamed into place, so that the file is never read half written.
  await writeFile(`${file}.new`, `${JSON.stringify(config, null, 2)}\n`);
  await rename(`${file}.new`, file);
  return `${entry.name} was ${added ? 'added' : 'removed'}`;
}

export const triggerToolChange = () =>
  toggle('tools', { name: 'test_dynamic_tool', description: 'Comes and goes', inputSchema: { type: 'object' } }, 'simpleText');
export const triggerPromptChange = () =>
  toggle('prompts', { name: 'test_dynamic_prompt', description: 'Comes and goes' }, 'simplePrompt');
