/** Sets up a clone: installs dependencies and builds packages. If nothing has changed, it returns at once. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { bin, pnpm, root, run, step } from './lib.mjs';

const installStamp = join(root, 'node_modules', '.setup-installed');
/** Files of a build that a user may have removed. */
const built = [
  'packages/cli/dist/bin.js',
  'packages/cli/config.schema.json',
  'packages/express/dist/assets/docs.html',
  'packages/console/dist/assets/console.html',
];
const buildStamp = join(root, 'node_modules', '.setup-built');

const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name));
const manifests = ['package.json', ...packages.map((path) => join(path, 'package.json'))].filter((path) =>
  existsSync(join(root, path)),
);

const digest = (parts) => createHash('sha256').update(parts.join('\n')).digest('hex');
const stamped = (file, value) => existsSync(file) && readFileSync(file, 'utf8') === value;

/** What `pnpm install` depends on. */
function installState() {
  return digest(
    ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.pnpmfile.cjs', ...manifests].map((path) =>
      readFileSync(join(root, path), 'utf8'),
    ),
  );
}

/** What the build depends on, by time and size: faster than reading all files. */
function buildState() {
  const sources = packages.flatMap((path) =>
    readdirSync(join(root, path, 'src'), { recursive: true }).map((name) => join(path, 'src', name)),
  );
  const pages = ['packages/express/pages', 'packages/console/page'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(folder, name)),
  );
  const files = [
    ...sources,
    ...pages,
    ...manifests,
    ...packages.map((path) => join(path, 'tsconfig.json')),
    'tsconfig.base.json',
  ];
  const builds = ['express', 'console', 'runner', 'cli'].map((name) => `packages/${name}/build.mjs`);
  const times = [...files, ...builds].sort().map((path) => {
    const { mtimeMs, size } = statSync(join(root, path));
    return `${path} ${mtimeMs} ${size}`;
  });
  return digest([installState(), ...times]);
}

export async function setup() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) throw new Error(`Node 20.19 or newer is needed; this is ${process.version}`);

  const wanted = installState();
  if (!stamped(installStamp, wanted)) {
    // CI=true: do not ask whether an old node_modules may be replaced.
    const options = { quiet: true, env: { CI: 'true' } };
    await step('installing dependencies', () => run('npx', ['-y', pnpm, 'install', '--frozen-lockfile'], options));
    writeFileSync(installStamp, wanted);
  }

  const sources = buildState();
  if (!stamped(buildStamp, sources) || !built.every((path) => existsSync(join(root, path)))) {
    await step('building packages', async () => {
      await run(bin('tsc'), ['-b', 'packages/cli', 'packages/express', 'packages/console', 'packages/runner', '--pretty']);
      await run(process.execPath, ['packages/express/build.mjs']);
      await run(process.execPath, ['packages/console/build.mjs']);
      await run(process.execPath, ['packages/runner/build.mjs']);
      await run(process.execPath, ['packages/cli/build.mjs']);
    });
    writeFileSync(buildStamp, sources);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setup().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
}
