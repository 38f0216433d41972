/** What a trial must have shown. */
import { isDeepStrictEqual } from 'node:util';

import { ANSWER, CALL, INSTRUCTIONS, toolsOf } from './lab.mjs';

const show = (value) => JSON.stringify(value);

/** Whether a name is the one expected, where `<hash>` is any hash. */
function isNamed(name, expected) {
  if (!expected.endsWith('<hash>')) return name === expected;
  const start = expected.slice(0, -'<hash>'.length);
  return name.startsWith(start) && /^[0-9a-z]{7,12}$/.test(name.slice(start.length));
}

/** The names that the model sees, by the tools they are of. Descriptions have the names of the config file. */
function seenNames(tools) {
  const found = new Map();
  for (const { name, namespace, description } of tools) {
    const tool = /^Tool (\S+)$/.exec(description ?? '')?.[1];
    if (tool !== undefined) found.set(tool, namespace === undefined ? name : `${namespace}__${name}`);
  }
  return found;
}

function namesDiffer(host, { seen, names }, twins) {
  const found = seenNames(seen.tools ?? []);
  const expected = names ?? toolsOf(twins).map(({ name }) => ({ name, shown: host.names(name) }));
  return expected.flatMap(({ name, shown }) => {
    const got = found.get(name);
    if (shown === undefined) return got === undefined ? [] : [`${name} must be left out, but is shown as ${got}`];
    if (got === undefined) return [`${name} must be ${shown}, but is left out`];
    return isNamed(got, shown) ? [] : [`${name} must be ${shown}, but is ${got}`];
  });
}

function schemasDiffer(host, { seen }, twins) {
  const shown = (seen.tools ?? []).filter(({ schema }) => schema !== undefined);
  if (shown.length === 0) return ['the model sees no schema'];
  return toolsOf(twins).flatMap(({ name, inputSchema }) => {
    const got = shown.find(({ description }) => description === `Tool ${name}`)?.schema;
    if (got === undefined && name !== CALL.name) return []; // left out, or not looked up
    const expected = host.schema(inputSchema, got);
    return isDeepStrictEqual(got, expected) ? [] : [`${name}: the model sees ${show(got)} instead of ${show(expected)}`];
  });
}

/** Which tools a model sees before it searches. */
function firstDiffers(host, { seen }) {
  if (host.first === undefined) return [];
  const ours = (seen.first ?? []).filter((description) => description?.startsWith('Tool '));
  return isDeepStrictEqual(ours, [`Tool ${host.first}`]) ? [] : [`before a search, the model sees ${show(ours)}`];
}

function instructionsDiffer({ instructions = false }, { seen }) {
  const isShown = JSON.stringify(seen.requests).includes(INSTRUCTIONS);
  if (isShown === instructions) return [];
  return [isShown ? 'the model sees the instructions of the server' : 'the model does not see the instructions of the server'];
}

function recordDiffers(host, { calls }) {
  if (calls.length !== 1) return [`there are ${calls.length} calls in the record`];
  const [{ name, mcp_type, status, arguments: given, client }] = calls;
  const call = { name, mcp_type, status, arguments: given };
  const expected = { name: CALL.name, mcp_type: 'tool', status: 'completed', arguments: CALL.arguments };
  return [
    ...(isDeepStrictEqual(call, expected) ? [] : [`recorded ${show(call)} instead of ${show(expected)}`]),
    ...(client?.startsWith(`${host.client}/`) ? [] : [`the client is ${show(client)} instead of ${host.client}`]),
  ];
}

/**
 * What differs from what the docs promise, by columns of the table: lists of sentences.
 *
 * @param host one of hosts.mjs
 * @param shown what a trial has returned
 * @param twins whether the server had tools whose names some hosts make the same
 */
export function differences(host, shown, twins) {
  const { end, output, seen } = shown;
  const isAnswered = seen.result?.includes(ANSWER) === true;
  return {
    names: [...namesDiffer(host, shown, twins), ...firstDiffers(host, shown)],
    instructions: instructionsDiffer(host, shown),
    schemas: schemasDiffer(host, shown, twins),
    answer: [
      ...(isAnswered ? [] : [`the model gets ${show(seen.result)} instead of ${show(ANSWER)}`]),
      ...(end === 'exit code 0' ? [] : [`${end}: ${output.trim().slice(-1_500)}`]),
    ],
    record: recordDiffers(host, shown),
  };
}
