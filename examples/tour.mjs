/** The guided tour (`npm run tour`): a real MCP client starts the stdio server and uses everything in a config file. */
import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bin, run, withDataDir, withSidecar } from './support/sidecar.mjs';

const config = fileURLToPath(new URL('demo/mcp.json', import.meta.url));

const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);
const [bold, dim, green] = [paint(1), paint(2), paint(32)];

const title = (text) => console.log(`\n${bold(text)}`);
const listed = (name, description) => console.log(`  ${name.padEnd(16)}${dim(description)}`);
/** A command as it can be pasted into a shell in this folder. */
const word = (text) => (/^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
const command = (...words) => ['node', relative('', bin) || bin, ...words].map(word).join(' ');
const indented = (text) => String(text).replace(/^(?=.)/gm, '      ');

/** Prints a request and its answer, and checks the answer. */
function shown(asked, answer, expected) {
  console.log(`  ${green('→')} ${asked}\n${indented(answer)}`);
  assert.match(answer, expected);
}

async function useEverything(client) {
  const { name, version } = client.getServerVersion();
  console.log(
    `Connected to ${name} ${version} over stdin and stdout, protocol version ${client.getNegotiatedProtocolVersion()}.`,
  );

  title('Tools');
  const { tools } = await client.listTools();
  for (const tool of tools) listed(tool.name, tool.description);
  assert.equal(tools.length, 2);
  const call = async (tool, args) => (await client.callTool({ name: tool, arguments: args })).content[0].text;
  shown(`hello {"name":"Ada"}`, await call('hello', { name: 'Ada' }), /^Hello, Ada!$/);
  shown(`add_numbers {"a":2,"b":3}`, await call('add_numbers', { a: 2, b: 3 }), /^5$/);
  shown(`add_numbers {"a":2,"b":"three"}`, await call('add_numbers', { a: 2, b: 'three' }), /Invalid arguments/);

  title('Resources');
  const { resources } = await client.listResources();
  for (const resource of resources) listed(resource.uri, resource.description);
  const { contents } = await client.readResource({ uri: resources[0].uri });
  shown(resources[0].uri, contents[0].text, /the server is up since/);

  title('Prompts');
  const { prompts } = await client.listPrompts();
  for (const prompt of prompts) listed(prompt.name, prompt.description);
  const { messages } = await client.getPrompt({ name: prompts[0].name, arguments: { arg1: 'tides' } });
  shown(`${prompts[0].name} {"arg1":"tides"}`, messages[0].content.text, /about tides/);
}

await withDataDir(async (dataDir) => {
  console.log(
    `Starting the stdio server, as a host does:\n\n${indented(command('--transport', 'stdio', '--config', relative('', config)))}\n`,
  );
  await withSidecar({ config, dataDir, options: { versionNegotiation: { mode: 'auto' } } }, useEverything);

  title('The record');
  console.log('The server has ended. Each call is in its record:');
  console.log((await run('calls', 'list', '--data-dir', dataDir)).replace(/^(?=.)/gm, '  ').trimEnd());
  const calls = JSON.parse(await run('calls', 'list', '--json', '--data-dir', dataDir));
  assert.equal(calls.length, 5);
});

const demo = ['--config', relative('', config)];
const entry = { mcpServers: { demo: { command: process.execPath, args: [bin, '--transport', 'stdio', '--config', config] } } };
title('What to do next');
console.log(`Call a tool of this demo:

${indented(command(...demo, 'call', 'hello', 'name=Ada'))}

Put the demo into a host; this shows the change and asks:

${indented(command(...demo, 'install', 'claude-code'))}

Or paste this into the config file of a host such as Claude Desktop or Cursor:

${indented(JSON.stringify(entry, null, 2))}

Begin with tools of your own:

${indented(command('init', 'my-tools'))}

README.md goes on from here.`);
