/**
 * `npm run deploy-lint`: checks the deployment files, without Docker or Kubernetes. Two linters check the Dockerfile, the schemas
 * of the Kubernetes API check the manifests, and our own rules check both. The Compose file and the systemd unit are checked,
 * too. Then it starts the server as these files do.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { parseAllDocuments } from 'yaml';

import { otherDeployments } from './deploy-other.mjs';
import { deployed } from './deploy-start.mjs';
import { bin, check, pnpm, root, run } from './lib.mjs';

const read = (path) => readFile(join(root, path), 'utf8');
const quiet = { quiet: true, timeoutMs: 60_000 };
const MANIFEST = 'deploy/kubernetes/mcp-daemon.yaml';
const SECRET = 'deploy/kubernetes/secret.example.yaml';

/** Throws an error with all problems. @param wrong texts of problems; false for rules that are met */
function none(...wrong) {
  const found = wrong.filter(Boolean);
  if (found.length > 0) throw new Error(found.join('\n'));
}

// The Dockerfile.

const dockerfile = await read('Dockerfile');
const instructions = DockerfileParser.parse(dockerfile).getInstructions();
const textOf = (instruction) => instruction.getArgumentsContent() ?? '';
const isFromBuild = (copy) => copy.getFlags().some((flag) => flag.toString() === '--from=build');
const last = (keyword) => instructions.filter((each) => each.getKeyword() === keyword).at(-1);
const stages = instructions.filter((each) => each.getKeyword() === 'FROM');
const final = instructions.slice(instructions.indexOf(stages.at(-1)));
const environment = Object.fromEntries(
  final
    .filter((each) => each.getKeyword() === 'ENV')
    .flatMap((each) => each.getProperties().map((p) => [p.getName(), p.getValue()])),
);

await check('Dockerfile: its grammar, as the builder reads it (dockerfile-utils)', () =>
  none(...validate(dockerfile).map(({ range, message }) => `line ${range.start.line + 1}: ${message}`)),
);
await check('Dockerfile: good practice (dockerlinter)', () =>
  run(bin('dockerlinter'), ['-s', 'none', '-e', 'info', '-f', join(root, 'Dockerfile')], quiet),
);
await check('Dockerfile: our rules for the image', () => {
  const user = textOf(last('USER'));
  const health = last('HEALTHCHECK');
  none(
    stages.length < 2 && 'the image contains build files: there is only one stage',
    !/^[1-9]\d*:[1-9]\d*$/.test(user) && `USER ${user}: must be a number other than 0, and a group`,
    !dockerfile.includes(`install --global ${pnpm}`) && `it installs another pnpm than ${pnpm}`,
    final.some((each) => each.getKeyword() === 'COPY' && !isFromBuild(each)) && 'the image gets files that were not built',
    final.some((each) => ['RUN', 'ADD'].includes(each.getKeyword())) && 'the image runs or downloads something else',
    health === undefined && 'there is no HEALTHCHECK',
    /curl|wget/.test(dockerfile) && 'curl and wget are not in the image',
    textOf(last('STOPSIGNAL')) !== 'SIGTERM' && 'STOPSIGNAL is not SIGTERM',
    textOf(last('VOLUME')) !== environment.MCP_DATA_DIR && 'MCP_DATA_DIR is not a volume',
    textOf(last('EXPOSE')) !== environment.PORT && 'EXPOSE is not PORT',
    environment.NODE_ENV !== 'production' && 'NODE_ENV is not production',
    Object.keys(environment).some((name) => /SECRET|PASSWORD|TOKEN/.test(name)) && 'a secret is in the image',
  );
});
await check('.dockerignore: only what the build needs', async () => {
  const lines = (await read('.dockerignore')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const wanted = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const copied = instructions
    .filter((each) => each.getKeyword() === 'COPY' && !isFromBuild(each))
    .flatMap((each) => textOf(each).split(' ').slice(0, -1))
    .filter((path) => path !== '.');
  none(
    lines[0] !== '*' && 'it does not begin with a rule that excludes everything',
    ...wanted.map((path) => !existsSync(join(root, path)) && `${path} does not exist`),
    ...copied.map((path) => !wanted.includes(path) && `${path} is copied, but excluded`),
    ...['**/node_modules', '**/.env*'].map((path) => !lines.includes(path) && `${path} is not excluded`),
  );
});

// The manifests.

const documents = new Map();
for (const file of [MANIFEST, SECRET]) {
  await check(`${file}: YAML`, async () => {
    const parsed = parseAllDocuments(await read(file), { strict: true, uniqueKeys: true });
    none(...parsed.flatMap(({ errors, warnings }) => [...errors, ...warnings].map(({ message }) => message)));
    for (const document of parsed) {
      const value = document.toJS();
      documents.set(value.kind, value);
    }
  });
}
const kinds = [...documents.values()];
const moduleOf = ({ apiVersion }) => `kubernetes-models/${apiVersion}`;

for (const value of kinds) {
  await check(`${value.kind}: the schema of its API`, async () => {
    const models = await import(moduleOf(value));
    new models[value.kind](value).validate();
  });
}
// The schemas accept unknown fields (the API server only warns); TypeScript does not.
await check('Kubernetes: no field that the API does not have', async () => {
  const temporary = await mkdtemp(join(root, 'node_modules', '.deploy-lint-'));
  try {
    const program = kinds.flatMap((value, index) => [
      `import type { I${value.kind} as T${index} } from '${moduleOf(value)}';`,
      `export const v${index}: T${index} = ${JSON.stringify(value, null, 1)};`,
    ]);
    await writeFile(join(temporary, 'manifests.mts'), program.join('\n'));
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext', '--skipLibCheck'];
    await run(bin('tsc'), [...options, 'manifests.mts'], { ...quiet, cwd: temporary });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
});

const { ConfigMap, Deployment, PersistentVolumeClaim, PodDisruptionBudget, Secret, Service } = Object.fromEntries(documents);
const { template } = Deployment.spec;
const pod = template.spec;
const [container] = pod.containers;
const given = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));

await check('Kubernetes: the restricted Pod Security Standard, and no token of the API', () => {
  const { securityContext: own } = container;
  none(
    pod.securityContext.runAsNonRoot !== true && 'runAsNonRoot',
    pod.securityContext.seccompProfile?.type !== 'RuntimeDefault' && 'seccompProfile',
    `${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}` !== textOf(last('USER')) && 'the USER of the Dockerfile',
    pod.automountServiceAccountToken !== false && 'automountServiceAccountToken',
    [pod.hostNetwork, pod.hostPID, pod.hostIPC, own.privileged].some(Boolean) && 'it shares something with the host',
    pod.volumes.some((volume) => volume.hostPath !== undefined) && 'hostPath',
    own.allowPrivilegeEscalation !== false && 'allowPrivilegeEscalation',
    own.readOnlyRootFilesystem !== true && 'readOnlyRootFilesystem',
    JSON.stringify(own.capabilities) !== '{"drop":["ALL"]}' && 'capabilities',
  );
});
await check('Kubernetes: probes, resources, a pinned image', () => {
  const { requests = {}, limits = {} } = container.resources ?? {};
  none(
    container.livenessProbe?.httpGet?.path !== '/health' && 'livenessProbe',
    container.readinessProbe?.httpGet?.path !== '/ready' && 'readinessProbe',
    container.startupProbe?.httpGet?.path !== '/health' && 'startupProbe',
    !(requests.cpu && requests.memory && limits.memory) && 'requests of CPU and memory, and a limit of memory',
    !/:\d+\.\d+\.\d+$/.test(container.image) && `the image ${container.image} has no version`,
  );
});
await check('Kubernetes: there is enough time for the shutdown', () => {
  const pause = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
  const seconds = pause + Number(given.MCP_DRAIN_MS) / 1000;
  assert.ok(pause >= 1, 'there is no pause before the shutdown, so that the Service can stop sending requests');
  assert.ok(pod.terminationGracePeriodSeconds >= seconds + 5, `must be at least ${seconds} s and 5 s more`);
});
await check('Kubernetes: all named objects exist', () => {
  const labels = JSON.stringify(template.metadata.labels);
  const mounts = new Map(container.volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
  const [configFile, dataDir] = [environment.MCP_CONFIG_FILE, environment.MCP_DATA_DIR];
  none(
    JSON.stringify(Deployment.spec.selector.matchLabels) !== labels && 'the selector of the Deployment',
    JSON.stringify(Service.spec.selector) !== labels && 'the selector of the Service',
    JSON.stringify(PodDisruptionBudget.spec.selector.matchLabels) !== labels && 'the selector of the PodDisruptionBudget',
    PodDisruptionBudget.spec.minAvailable !== undefined && 'minAvailable: one replica could never be moved',
    Service.spec.ports[0].targetPort !== container.ports[0].name && 'the port of the Service',
    String(container.ports[0].containerPort) !== environment.PORT && 'the port of the container',
    container.envFrom[0].secretRef.name !== Secret.metadata.name && 'the Secret',
    pod.volumes.find(({ name }) => name === 'config')?.configMap?.name !== ConfigMap.metadata.name && 'the ConfigMap',
    pod.volumes.find(({ name }) => name === 'data')?.persistentVolumeClaim?.claimName !== PersistentVolumeClaim.metadata.name &&
      'the PersistentVolumeClaim',
    [...mounts.keys()].some((name) => !pod.volumes.some((volume) => volume.name === name)) && 'a volume that is mounted',
    !configFile.startsWith(`${mounts.get('config')}/`) && 'the folder of MCP_CONFIG_FILE',
    mounts.get('data') !== dataDir && 'the folder of MCP_DATA_DIR',
    !PersistentVolumeClaim.spec.accessModes.every((mode) => /^ReadWriteOnce/.test(mode)) && 'a volume for one process',
    Deployment.spec.strategy.type !== 'Recreate' && 'a volume for one process: Recreate',
    Object.values(Secret.stringData).some((value) => value !== '') && 'a secret that is public',
  );
});
await otherDeployments({ environment, none });
await check('every variable of the image and of the manifests is a setting', async () => {
  const { SETTINGS } = await import(pathToFileURL(join(root, 'packages/cli/build/settings/settings.js')).href);
  const known = new Set(['NODE_ENV', ...Object.values(SETTINGS).map(({ env }) => env)]);
  const names = [environment, given, Secret.stringData].flatMap(Object.keys);
  none(...names.map((name) => !known.has(name) && `${name} is not a setting`));
});

// The server, started as the image and the manifests do.

const temporary = await mkdtemp(join(tmpdir(), 'mcp-daemon-deploy-'));
try {
  await deployed({
    temporary,
    environment,
    given,
    secrets: Secret.stringData,
    files: ConfigMap.data,
    health: textOf(last('HEALTHCHECK')),
  });
} finally {
  await rm(temporary, { recursive: true, force: true, maxRetries: 3 });
}
